//! Sockets that are not TCP, and several at once.

use std::os::unix::fs::PermissionsExt;

use super::*;

#[tokio::test]
async fn a_socket_file_has_its_mode_and_replaces_a_stale_one() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("authz.sock");
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    let address = Address::Unix {
        path: path.clone(),
        mode: Some(0o600),
    };
    let server = serve(config(vec![address]), Routes::default());
    assert_eq!(
        std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
    assert_eq!(server.connect().await.ask("hello").await, "hello");
    assert!(server.stop().await);
    assert!(!path.exists());
}

#[tokio::test]
async fn an_abstract_socket_serves() {
    let name = format!("regate-test-{}", std::process::id());
    let server = serve(config(vec![Address::Abstract(name)]), Routes::default());
    assert_eq!(server.connect().await.ask("hello").await, "hello");
}

#[tokio::test]
async fn every_address_is_bound_or_none_is_served() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("authz.sock");
    let file = dir.path().join("file");
    std::fs::write(&file, "").unwrap();
    let unix = |path: &std::path::Path| Address::Unix {
        path: path.to_owned(),
        mode: None,
    };
    let error = grpc::bind(config(vec![unix(&path), unix(&file)])).unwrap_err();
    assert!(
        error.to_string().contains("a file that is not a socket"),
        "{error}"
    );
    assert!(!path.exists(), "the first address is given up again");

    let tcp = Address::Tcp("localhost:0".to_owned());
    let mut server = serve(config(vec![unix(&path), tcp]), Routes::default());
    while !server.addresses.is_empty() {
        assert_eq!(server.connect().await.ask("hello").await, "hello");
        server.addresses.remove(0);
    }
}
