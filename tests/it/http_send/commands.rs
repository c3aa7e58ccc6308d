//! `regate eval` and `regate test` ask servers as `opa` does, within `allow_net` of their capabilities.

use std::process::Command;

use serde_json::json;

use super::server::Server;
use crate::support::process::binary;

/// What a command prints.
async fn run(args: &[&str]) -> String {
    let mut command = Command::new(binary());
    command.args(args);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap());
    let output = output.await.unwrap();
    String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
}

#[tokio::test]
async fn hosts_are_asked_where_capabilities_allow_them() {
    let server = Server::start().await;
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let capabilities = serde_json::from_str(&run(&["capabilities", "--current"]).await);
    let capabilities: serde_json::Value = capabilities.unwrap();
    let target = server.url("/x");
    let to_name = target.replace("127.0.0.1", "localhost");
    let redirected = server.url(&format!("/?status=302&location={to_name}"));
    // What OPA 1.22 answers with the same capabilities.
    for (allow_net, url, want) in [
        (None, &target, "200"),
        (Some(json!(["127.0.0.1"])), &target, "200"),
        (Some(json!([])), &target, "eval_http_send_internal_error"),
        (
            Some(json!(["localhost"])),
            &target,
            "eval_http_send_internal_error",
        ),
        (
            Some(json!(["127.0.0.1"])),
            &redirected,
            "disallowed host: localhost",
        ),
    ] {
        let query = format!(
            r#"http.send({{"method": "get", "url": "{url}", "raise_error": false, "enable_redirect": true}})"#
        );
        let mut args = vec!["eval", "--format=json", &*query];
        let path = file("capabilities.json");
        if let Some(hosts) = &allow_net {
            let mut capabilities = capabilities.clone();
            capabilities["allow_net"] = hosts.clone();
            std::fs::write(&path, capabilities.to_string()).unwrap();
            args.extend(["--capabilities", &*path]);
        }
        let printed = run(&args).await;
        assert!(printed.contains(want), "{allow_net:?} {url}: {printed}");
    }
}

#[tokio::test]
async fn tests_ask_servers() {
    let server = Server::start().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("policy.rego");
    let policy = format!(
        r#"package a
test_sent if http.send({{"method": "get", "url": "{}"}}).status_code == 200
test_named if count(net.lookup_ip_addr("localhost")) > 0
"#,
        server.url("/")
    );
    std::fs::write(&path, policy).unwrap();
    let printed = run(&["test", &path.to_string_lossy()]).await;
    assert!(printed.contains("PASS: 2/2"), "{printed}");
}
