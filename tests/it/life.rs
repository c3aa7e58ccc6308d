//! The life of the program: starts that fail and say why, reloads, limits, and an orderly end.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;

use bytes::Bytes;
use http::Request;
use regate::authz::service::PATHS;
use regate::grpc::BoundAddress;
use serde_json::{Value, json};
use tonic::Code;

use crate::support::call::{Answer, Client};
use crate::support::process::{Sidecar, SidecarSpec, binary};

mod end;
mod limits;
mod reload;

/// A Check in its gRPC frame.
const CHECK: &[u8] = include_bytes!("../../bench/check_request.bin");

pub(crate) const ALLOW: &str = "package envoy.authz\nallow := true\n";
const DENY: &str = "package envoy.authz\nallow := false\n";

pub(crate) fn spec(policy: &str, config: Value, args: &[&str]) -> SidecarSpec {
    SidecarSpec {
        policy: policy.to_owned(),
        config,
        args: args.iter().map(ToString::to_string).collect(),
    }
}

fn head() -> http::request::Builder {
    Request::post(format!("http://regate{}", PATHS[0])).header("content-type", "application/grpc")
}

/// A client of what answers gRPC at this port.
pub(crate) async fn client(port: u16) -> Client {
    Client::connect(&BoundAddress::Tcp(SocketAddr::from(([127, 0, 0, 1], port)))).await
}

pub(crate) async fn check(client: &mut Client) -> Answer {
    client.post(head(), Bytes::from_static(CHECK)).await
}

/// Whether the answer allows; an error is none of both.
fn allows(answer: &Answer) -> Result<bool, Code> {
    match answer.status().code() {
        Code::Ok => {
            use envoy_types::pb::envoy::service::auth::v3::CheckResponse;
            use prost::Message as _;
            let response = CheckResponse::decode(answer.message().unwrap()).unwrap();
            Ok(response.status.is_some_and(|status| status.code == 0))
        }
        code => Err(code),
    }
}

/// The exit code and the output of a start that must fail.
async fn failure(spec: SidecarSpec) -> (Option<i32>, String) {
    let mut sidecar = Sidecar::launch(&binary(), spec);
    let status = sidecar.process().end().await;
    // What was written before the end may still be on its way here.
    let error = |line: &str| line.starts_with("error: ").then_some(());
    sidecar.output().find("the error", error).await;
    (status.code(), sidecar.output().all())
}

#[tokio::test]
async fn a_start_on_a_port_that_is_taken_fails_and_names_it() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let plugin = |key: &str| json!({"plugins": {"envoy_ext_authz_grpc": {key: address}}});
    let none = || json!({});
    for (name, config, args) in [
        ("the plugin's addr", plugin("addr"), vec![]),
        ("http_addr", plugin("http_addr"), vec![]),
        ("--addr", none(), vec![format!("--addr={address}")]),
        (
            "--diagnostic-addr",
            none(),
            vec![format!("--diagnostic-addr={address}")],
        ),
    ] {
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let (code, output) = failure(spec(ALLOW, config, &args)).await;
        assert_eq!(code, Some(1), "{name}: {output}");
        assert!(output.contains(&address), "{name}: {output}");
    }
}

#[tokio::test]
async fn a_start_that_is_refused_says_where_it_is_wrong() {
    let plugin = |plugin: Value| json!({"plugins": {"envoy_ext_authz_grpc": plugin}});
    for (policy, config, code, place) in [
        (
            ALLOW,
            plugin(json!({"dry-run": "perhaps"})),
            64,
            "config.yaml:1: ",
        ),
        (
            ALLOW,
            plugin(json!({"path": "a/b", "query": "data.a.b"})),
            64,
            "config.yaml:1: ",
        ),
        (
            ALLOW,
            plugin(json!({"proto-descriptor": "gone.pb"})),
            64,
            "`gone.pb`",
        ),
        (
            "package envoy.authz\nallow if nowhere == 1\n",
            json!({}),
            1,
            "policy.rego:2:10: ",
        ),
        (
            "package envoy.authz\nallow if {\n",
            json!({}),
            1,
            "policy.rego:",
        ),
    ] {
        let (got, output) = failure(spec(policy, config, &[])).await;
        assert_eq!(got, Some(code), "{place}: {output}");
        assert!(output.contains(place), "{place}: {output}");
    }
}

#[tokio::test]
async fn it_runs_by_the_name_of_opa() {
    let folder = tempfile::tempdir().unwrap();
    let opa = folder.path().join("opa");
    std::os::unix::fs::symlink(binary(), &opa).unwrap();
    let mut sidecar = Sidecar::launch(&opa, spec(ALLOW, json!({}), &[]));
    sidecar.ready().await;
    assert_eq!(
        allows(&check(&mut client(sidecar.grpc).await).await),
        Ok(true)
    );
    assert_eq!(version(&opa), version(&binary()));
}

fn version(program: &Path) -> String {
    let output = std::process::Command::new(program)
        .arg("version")
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}
