//! The options that opa-envoy-plugin does not have, each through the program and its socket.

use std::collections::HashMap;
use std::os::unix::fs::PermissionsExt;

use bytes::Bytes;
use envoy_types::pb::envoy::config::core::v3::header_value_option::HeaderAppendAction;
use envoy_types::pb::envoy::service::auth::v3::attribute_context::HttpRequest;
use envoy_types::pb::envoy::service::auth::v3::attribute_context::Request as AuthRequest;
use envoy_types::pb::envoy::service::auth::v3::check_response::HttpResponse;
use envoy_types::pb::envoy::service::auth::v3::{AttributeContext, CheckRequest, CheckResponse};
use http::Request;
use http_body::Frame;
use prost::Message as _;
use serde_json::{Value, json};
use tokio::net::{TcpStream, UnixStream};

use crate::grpc::{Answer, Client, framed};
use crate::support::process::{Sidecar, SidecarSpec, binary};

const POLICY: &str = include_str!("options/policy.rego");

/// A sidecar with these keys of the plugin.
async fn sidecar(keys: Value) -> Sidecar {
    Sidecar::start(SidecarSpec {
        policy: POLICY.to_owned(),
        config: json!({
            "decision_logs": {"console": true},
            "plugins": {"envoy_ext_authz_grpc": keys},
        }),
        args: Vec::new(),
    })
    .await
}

async fn client(sidecar: &Sidecar) -> Client {
    let stream = TcpStream::connect(("127.0.0.1", sidecar.grpc)).await;
    Client::new(stream.unwrap()).await
}

fn post() -> http::request::Builder {
    Request::post("http://regate/envoy.service.auth.v3.Authorization/Check")
        .header("content-type", "application/grpc")
}

/// A `CheckRequest` for a path, with a JSON body if it is not empty.
fn request(path: &str, body: &str) -> Bytes {
    let mut headers = HashMap::new();
    headers.insert("x-role".to_owned(), "reader".to_owned());
    headers.insert("content-type".to_owned(), "application/json".to_owned());
    let http = HttpRequest {
        path: path.to_owned(),
        body: body.to_owned(),
        size: i64::try_from(body.len()).unwrap(),
        headers,
        ..HttpRequest::default()
    };
    let attributes = AttributeContext {
        request: Some(AuthRequest {
            http: Some(http),
            ..AuthRequest::default()
        }),
        ..AttributeContext::default()
    };
    let check = CheckRequest {
        attributes: Some(attributes),
    };
    framed(&check.encode_to_vec())
}

async fn ask(sidecar: &Sidecar, path: &str, body: &str) -> Answer {
    client(sidecar)
        .await
        .post(post(), request(path, body))
        .await
}

/// The answer to a request that gets one: its status' code and its HTTP part.
async fn check(sidecar: &Sidecar, path: &str, body: &str) -> (i32, Option<HttpResponse>) {
    let answer = ask(sidecar, path, body).await;
    let response = CheckResponse::decode(answer.body.slice(5..)).unwrap();
    (response.status.unwrap().code, response.http_response)
}

#[tokio::test]
async fn error_response_tells_envoy_that_there_is_no_decision() {
    let plain = sidecar(json!({})).await;
    let answer = ask(&plain, "/undefined", "").await;
    assert_eq!(answer.error().0, "2");

    let telling = sidecar(json!({"error-response": true})).await;
    let (code, http) = check(&telling, "/undefined", "").await;
    assert_eq!(code, 2);
    assert!(
        matches!(http, Some(HttpResponse::ErrorResponse(_))),
        "{http:?}"
    );
}

#[tokio::test]
async fn the_decision_id_header_goes_to_the_client_of_an_allow_and_of_a_denial() {
    let sidecar = sidecar(json!({"decision-id-header": "x-decision-id"})).await;
    for path in ["/open", "/closed"] {
        let headers = match check(&sidecar, path, "").await.1 {
            Some(HttpResponse::OkResponse(ok)) => ok.response_headers_to_add,
            Some(HttpResponse::DeniedResponse(denied)) => denied.headers,
            other => panic!("{other:?}"),
        };
        let header = headers[0].header.clone().unwrap();
        assert_eq!(header.key, "x-decision-id");
        sidecar
            .decision(|event| event["decision_id"] == header.value.as_str())
            .await;
    }
}

#[tokio::test]
async fn a_body_that_does_not_parse_is_the_policys_business_if_asked_for() {
    let (allowed, denied) = (0, 7);
    let strict = sidecar(json!({})).await;
    let lenient = sidecar(json!({"parsed-body-errors": "policy"})).await;
    for (sidecar, want) in [(&strict, denied), (&lenient, allowed)] {
        let (code, _) = check(sidecar, "/broken", "{").await;
        assert_eq!(code, want);
        let (code, _) = check(sidecar, "/broken", "{}").await;
        assert_eq!(code, denied, "a body that parses has no error");
    }
    let event = lenient.decision(|event| event["result"] == true).await;
    assert_eq!(event["input"]["parsed_body"], Value::Null);
    assert!(event["input"]["parsed_body_error"].is_string(), "{event}");
}

#[tokio::test]
async fn a_body_is_not_parsed_if_not_asked_for() {
    let sidecar = sidecar(json!({"skip-request-body-parse": true})).await;
    let (code, _) = check(&sidecar, "/open", "{").await;
    assert_eq!(code, 0);
    let event = sidecar.decision(|_| true).await;
    let input = event["input"].as_object().unwrap();
    assert!(!input.contains_key("parsed_body") && !input.contains_key("truncated_body"));
}

#[tokio::test]
async fn the_input_is_proto_json_if_asked_for() {
    for (encoding, want) in [("protomap", json!(2)), ("protojson", json!("2"))] {
        let sidecar = sidecar(json!({"input-encoding": encoding})).await;
        check(&sidecar, "/size", "{}").await;
        let event = sidecar.decision(|_| true).await;
        let size = &event["input"]["attributes"]["request"]["http"]["size"];
        assert_eq!(*size, want, "{encoding}");
        assert_eq!(
            event["result"],
            json!({"allowed": true, "headers": {"x-size": want.to_string()}})
        );
    }
}

#[tokio::test]
async fn a_decision_says_how_a_header_is_added() {
    let sidecar = sidecar(json!({})).await;
    let Some(HttpResponse::OkResponse(ok)) = check(&sidecar, "/append", "").await.1 else {
        panic!("an allow has an OK response");
    };
    let shown: Vec<_> = ok
        .headers
        .iter()
        .map(|option| (option.header.clone().unwrap(), option.append_action()))
        .map(|(header, action)| (header.key, header.value, action))
        .collect();
    let overwrite = HeaderAppendAction::OverwriteIfExistsOrAdd;
    assert_eq!(
        shown,
        [("x-role".to_owned(), "reader,admin".to_owned(), overwrite)]
    );
}

#[tokio::test]
async fn an_evaluation_ends_in_time() {
    let sidecar = sidecar(json!({"max-eval-time": "50ms"})).await;
    assert_eq!(ask(&sidecar, "/endless", "").await.error().0, "4");
    assert_eq!(check(&sidecar, "/open", "").await.0, 0, "the next one");

    let patient = self::sidecar(json!({"max-eval-time": "60s"})).await;
    let mut client = client(&patient).await;
    let head = post().header("grpc-timeout", "50m");
    let answer = client.post(head, request("/endless", "")).await;
    assert_eq!(answer.error().0, "4", "the caller's deadline comes first");
}

#[tokio::test]
async fn what_builtins_gave_is_in_the_record_if_asked_for() {
    let policy = "package envoy.authz\nallow if rand.intn(\"a\", 1) == 0\n\
         allow if time.now_ns() < 0\n";
    for (asked, want) in [
        (true, json!({"rand.intn": {"[\"a\",1]": 0}})),
        (false, Value::Null),
    ] {
        let sidecar = Sidecar::start(SidecarSpec {
            policy: policy.to_owned(),
            config: json!({"decision_logs": {"console": true}, "nd_builtin_cache": asked}),
            args: Vec::new(),
        })
        .await;
        assert_eq!(check(&sidecar, "/", "").await.0, 0);
        let event = sidecar.decision(|_| true).await;
        assert_eq!(event["nd_builtin_cache"], want, "{event}");
    }
}

#[tokio::test]
async fn checks_beyond_the_bound_are_refused() {
    let sidecar = sidecar(json!({"max-concurrent-checks": 1})).await;
    // On one connection the calls arrive in their order.
    let mut client = client(&sidecar).await;
    let message = request("/open", "");
    let (frames, held) = client.begin(post());
    frames.send(Frame::data(message.slice(..1))).await.unwrap();
    let refused = client.post(post(), request("/open", "")).await;
    assert_eq!(refused.error().0, "8");

    frames.send(Frame::data(message.slice(1..))).await.unwrap();
    drop(frames);
    assert!(
        held.await.unwrap().trailers.is_some(),
        "the held one is answered"
    );
}

#[tokio::test]
async fn every_address_serves_and_reflection_answers_where_it_is_enabled() {
    for enabled in [false, true] {
        let sidecar = sidecar(json!({
            "addr": ["unix://FOLDER/authz.sock", "127.0.0.1:0"],
            "socket-mode": "0600",
            "enable-reflection": enabled,
        }))
        .await;
        assert_eq!(check(&sidecar, "/open", "").await.0, 0);
        let socket = sidecar.folder.path().join("authz.sock");
        let mode = std::fs::metadata(&socket).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let stream = UnixStream::connect(&socket).await.unwrap();
        let mut client = Client::new(stream).await;
        client.post(post(), request("/open", "")).await;
        sidecar.decision(|event| event["result"] == true).await;

        for version in ["v1", "v1alpha"] {
            let path = format!("grpc.reflection.{version}.ServerReflection/ServerReflectionInfo");
            let head = Request::post(format!("http://regate/{path}"))
                .header("content-type", "application/grpc")
                .header("te", "trailers");
            // `list_services`, of anything.
            let answer = client.post(head, framed(b"\x3a\x01*")).await;
            let names = String::from_utf8_lossy(&answer.body);
            let listed = names.contains("envoy.service.auth.v3.Authorization");
            assert_eq!(listed, enabled, "{version}: {names}");
        }
    }
}

#[tokio::test]
async fn a_second_process_does_not_take_the_socket() {
    let addr = json!({"addr": ["unix://FOLDER/authz.sock", "127.0.0.1:0"]});
    let first = sidecar(addr).await;
    let socket = first.folder.path().join("authz.sock");
    let config = json!({"plugins": {"envoy_ext_authz_grpc": {
        "addr": format!("unix://{}", socket.display()),
    }}});
    let spec = SidecarSpec {
        policy: POLICY.to_owned(),
        config,
        args: Vec::new(),
    };

    let mut second = Sidecar::launch(&binary(), spec);

    assert_eq!(second.process().end().await.code(), Some(1));
    let told = second.output().all();
    assert!(told.contains("another process listens there"), "{told}");
    UnixStream::connect(&socket).await.unwrap();
}

/// A bundle whose server is away keeps the start waiting, and a signal ends it all the same.
#[tokio::test]
async fn a_start_that_waits_for_bundles_can_be_ended() {
    let spec = SidecarSpec {
        policy: String::new(),
        config: json!({
            "services": {"away": {"url": "http://127.0.0.1:9"}},
            "bundles": {"main": {"service": "away"}},
        }),
        args: vec!["--ready-timeout=100000".to_owned()],
    };
    let mut sidecar = Sidecar::launch(&binary(), spec);
    let failed = |line: &str| line.contains("Bundle load failed.").then_some(());
    sidecar.output().find("a failed download", failed).await;

    sidecar.process().terminate();

    assert!(sidecar.process().end().await.success());
}

/// What cannot be asked for masks hides everything, as a mask that fails does.
#[tokio::test]
async fn a_mask_decision_that_names_a_function_shows_nothing() {
    let policy = "package envoy.authz\nallow := true\nmask(x) := x\n".to_owned();
    let config = json!({"decision_logs": {"console": true, "mask_decision": "/envoy/authz/mask"}});
    let spec = SidecarSpec {
        policy,
        config,
        args: vec!["--set=plugins.envoy_ext_authz_grpc.path=envoy/authz/allow".to_owned()],
    };
    let sidecar = Sidecar::start(spec).await;

    assert_eq!(check(&sidecar, "/open", "").await.0, 0);

    let event = sidecar.decision(|_| true).await;
    assert_eq!(event["input"], Value::Null, "{event}");
    assert_eq!(event["erased"][0], "/input", "{event}");
}
