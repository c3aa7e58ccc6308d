//! `regate eval` asks servers as `opa` does, within `allow_net` of its capabilities; `regate test` where it is allowed.

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
async fn tests_ask_servers_where_they_are_allowed_to() {
    let server = Server::start().await;
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_string_lossy().into_owned()
    };
    let policy = file(
        "policy.rego",
        &format!(
            r#"package a
sent := http.send({{"method": "get", "url": "{}", "raise_error": false}}).status_code
test_sent if sent == 200
test_not_sent if not sent == 200
test_named if count(net.lookup_ip_addr("localhost")) > 0
test_mocked if sent == 1 with http.send as {{"status_code": 1}}
"#,
            server.url("/")
        ),
    );
    let capabilities = run(&["capabilities", "--current"]).await;
    let mut capabilities: serde_json::Value = serde_json::from_str(&capabilities).unwrap();
    let current = file("current.json", &capabilities.to_string());
    capabilities["allow_net"] = json!(["127.0.0.1", "localhost"]);
    let named = file("named.json", &capabilities.to_string());

    // Not even a test that expects no answer passes where nobody is asked.
    for args in [vec![], vec!["--capabilities", &current]] {
        let printed = run(&[&["test", &*policy], &*args].concat()).await;
        assert!(printed.contains("PASS: 1/4"), "{printed}");
        assert!(printed.contains("ERROR: 3/4"), "{printed}");
        assert!(printed.contains("http.send asks nobody"), "{printed}");
        assert!(printed.contains("--allow-net"), "{printed}");
    }
    for args in [["--allow-net"].as_slice(), &["--capabilities", &named]] {
        let printed = run(&[&["test", &*policy], args].concat()).await;
        assert!(printed.contains("PASS: 3/4"), "{printed}");
        assert!(printed.contains("FAIL: 1/4"), "{printed}");
    }
}
