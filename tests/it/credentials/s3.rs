//! Signatures before a server of S3 that verifies them.

use std::path::{Path, PathBuf};

use super::*;
use crate::support::process::{free_address, listens};

/// The server, with one bucket.
struct Server {
    _process: Process,
    folder: tempfile::TempDir,
    url: String,
}

// === impl Server ===

impl Server {
    /// None where it is not installed.
    async fn start() -> Option<Self> {
        let Some(program) = program() else {
            crate::support::skip("versitygw is not installed; `make s3` builds it");
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("bucket/dir")).unwrap();
        let address = free_address();
        let mut command = Command::new(program);
        command
            .args([
                "--port",
                &address.to_string(),
                "--region",
                "us-east-1",
                "posix",
            ])
            .arg(folder.path())
            .env("ROOT_ACCESS_KEY", "AKIAROOT")
            .env("ROOT_SECRET_KEY", "root/secret+key");
        let process = Process::start(command);
        listens(address).await;
        Some(Self {
            _process: process,
            folder,
            url: format!("http://{address}/bucket"),
        })
    }

    fn put(&self, name: &str, text: &str) {
        std::fs::write(self.folder.path().join("bucket").join(name), text).unwrap();
    }

    /// Status and body of `resource` for who has `secret`.
    async fn get(&self, secret: &str, resource: &str) -> (u16, String) {
        let mut setup = Setup::new(json!({"s3_signing": {"environment_credentials": {}}})).env(&[
            ("AWS_ACCESS_KEY_ID", "AKIAROOT"),
            ("AWS_SECRET_ACCESS_KEY", secret),
            ("AWS_REGION", "us-east-1"),
        ]);
        setup.url.clone_from(&self.url);
        let client = setup.client(&World::start().await);
        let response = in_time("an answer", client.get(resource, &[])).await;
        let response = response.unwrap();
        let status = response.status.as_u16();
        let body = response.bytes(1 << 20).await.unwrap();
        (status, String::from_utf8(body).unwrap())
    }
}

/// `REGATE_S3_SERVER`, or what `make s3` has built.
fn program() -> Option<PathBuf> {
    let told = std::env::var_os("REGATE_S3_SERVER").map(PathBuf::from);
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join(".build/versitygw-1.8.0/versitygw");
    let mut found = told.into_iter().chain([built]);
    found.find(|path| path.is_file())
}

#[tokio::test]
async fn signatures_hold_before_a_server_that_verifies_them() {
    let Some(server) = Server::start().await else {
        return;
    };
    server.put("plain.txt", "hello");
    server.put("dir/a b+c=d~ü.txt", "strange");
    for (resource, body) in [
        ("plain.txt", "hello"),
        ("dir/a b+c=d~ü.txt", "strange"),
        ("dir/a%20b%2Bc%3Dd~%C3%BC.txt", "strange"),
        (
            "plain.txt?x-id=GetObject&response-content-type=a%2Fb",
            "hello",
        ),
    ] {
        let got = server.get("root/secret+key", resource).await;
        assert_eq!(got, (200, body.to_owned()), "{resource}");
    }
    let listed = "?prefix=dir/&list-type=2&max-keys=5";
    let (status, body) = server.get("root/secret+key", listed).await;
    assert!(status == 200 && body.contains("a b+c=d~ü.txt"), "{body}");
    let (status, body) = server.get("another", "plain.txt").await;
    assert!(
        status == 403 && body.contains("SignatureDoesNotMatch"),
        "{status} {body}"
    );
}
