//! TLS on the data listener: who gets in, and certificates that change under live connections.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use regate::app::{self, Sinks};
use regate::config::{Flags, TlsFlags};
use regate::grpc::{BoundAddress, Config, Routes};
use regate::http;
use regate::rest::{Authentication, Authorization};
use regate::task;
use regate::tls::{self, Checked, ClientAuth, Protocols, Reloader, TlsVersion};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use crate::grpc::{Ask, Client, Server, serve, tcp};
use crate::support::process::{in_time, until};

type Authority = CertifiedIssuer<'static, KeyPair>;

/// A certificate and its key, PEM.
type Pair = (String, String);

fn authority() -> Authority {
    let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

fn leaf(authority: &Authority) -> Pair {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(["regate.test".to_owned()]).unwrap();
    (
        params.signed_by(&key, authority).unwrap().pem(),
        key.serialize_pem(),
    )
}

fn write(dir: &Path, pair: &Pair) {
    std::fs::write(dir.join("cert.pem"), &pair.0).unwrap();
    std::fs::write(dir.join("key.pem"), &pair.1).unwrap();
}

fn config(dir: &Path, client_auth: ClientAuth) -> tls::Config {
    tls::Config {
        cert_file: dir.join("cert.pem"),
        private_key_file: dir.join("key.pem"),
        ca_cert_file: (client_auth != ClientAuth::None).then(|| dir.join("ca.pem")),
        client_auth,
        min_version: TlsVersion::V1_2,
        cipher_suites: Vec::new(),
        refresh_period: Duration::ZERO,
    }
}

fn serve_tls(reloader: &Reloader) -> Server {
    serve(
        Config {
            tls: Some(reloader.acceptor()),
            ..tcp()
        },
        Routes::default(),
    )
}

fn client_config(trusted: &Authority, own: Option<&Pair>) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(trusted.pem().as_bytes()).unwrap())
        .unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
    let mut config = match own {
        None => builder.with_no_client_auth(),
        Some((cert, key)) => {
            let cert = CertificateDer::from_pem_slice(cert.as_bytes()).unwrap();
            let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
            builder.with_client_auth_cert(vec![cert], key).unwrap()
        }
    };
    config.alpn_protocols = vec![b"h2".to_vec()];
    config
}

async fn connect(server: &Server, config: ClientConfig) -> std::io::Result<TlsStream<TcpStream>> {
    connect_to(&server.addresses[0], config).await
}

async fn connect_to(
    address: &BoundAddress,
    config: ClientConfig,
) -> std::io::Result<TlsStream<TcpStream>> {
    let BoundAddress::Tcp(address) = address else {
        panic!("not TCP")
    };
    let stream = TcpStream::connect(address).await.unwrap();
    let name = ServerName::try_from("regate.test").unwrap();
    tokio_rustls::TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
}

/// The certificate that the server showed.
fn shown(stream: &TlsStream<TcpStream>) -> CertificateDer<'static> {
    stream.get_ref().1.peer_certificates().unwrap()[0]
        .clone()
        .into_owned()
}

fn der(pair: &Pair) -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(pair.0.as_bytes()).unwrap()
}

/// Waits until a handshake failed and its connection is gone.
async fn until_refused(server: &Server) {
    let live = || server.stats.connections().sum::<usize>();
    until("it is refused", async || {
        (server.stats.handshake_failures() > 0 && live() == 0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn calls_are_answered_over_tls_alone() {
    let dir = tempfile::tempdir().unwrap();
    let ours = authority();
    write(dir.path(), &leaf(&ours));
    let reloader = Reloader::new(config(dir.path(), ClientAuth::None), Protocols::H2).unwrap();
    let server = serve_tls(&reloader);
    let stream = connect(&server, client_config(&ours, None)).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(b"h2".as_slice()));
    assert_eq!(Client::new(stream).await.ask("hello").await, "hello");

    let ended = in_time("its end", server.connect().await.ended).await;
    assert!(ended.unwrap().is_err(), "plain text is not TLS");
    until_refused(&server).await;
}

#[tokio::test]
async fn clients_are_let_in_by_their_certificates() {
    let dir = tempfile::tempdir().unwrap();
    let (ours, theirs) = (authority(), authority());
    write(dir.path(), &leaf(&ours));
    std::fs::write(dir.path().join("ca.pem"), ours.pem()).unwrap();
    let (good, bad) = (leaf(&ours), leaf(&theirs));
    for (auth, own, enters) in [
        (ClientAuth::Require, Some(&good), true),
        (ClientAuth::Require, Some(&bad), false),
        (ClientAuth::Require, None, false),
        (ClientAuth::Optional, Some(&good), true),
        (ClientAuth::Optional, Some(&bad), false),
        (ClientAuth::Optional, None, true),
    ] {
        let reloader = Reloader::new(config(dir.path(), auth), Protocols::H2).unwrap();
        let server = serve_tls(&reloader);
        let stream = connect(&server, client_config(&ours, own)).await.unwrap();
        if enters {
            assert_eq!(
                Client::new(stream).await.ask("hello").await,
                "hello",
                "{auth:?}"
            );
        } else {
            until_refused(&server).await;
        }
    }
}

#[tokio::test]
async fn a_new_certificate_leaves_live_connections_alone() {
    let dir = tempfile::tempdir().unwrap();
    let ours = authority();
    let (old, new) = (leaf(&ours), leaf(&ours));
    write(dir.path(), &old);
    let mut reloader = Reloader::new(config(dir.path(), ClientAuth::None), Protocols::H2).unwrap();
    let server = serve_tls(&reloader);
    let stream = connect(&server, client_config(&ours, None)).await.unwrap();
    assert_eq!(shown(&stream), der(&old));
    let mut live = Client::new(stream).await;

    write(dir.path(), &new);
    assert_eq!(reloader.check().unwrap(), Checked::Replaced);
    let stream = connect(&server, client_config(&ours, None)).await.unwrap();
    assert_eq!(shown(&stream), der(&new));
    assert_eq!(Client::new(stream).await.ask("new").await, "new");
    assert_eq!(live.ask("still here").await, "still here");

    std::fs::write(dir.path().join("cert.pem"), "not a certificate").unwrap();
    assert!(reloader.check().is_err());
    let stream = connect(&server, client_config(&ours, None)).await.unwrap();
    assert_eq!(shown(&stream), der(&new), "a bad file changes nothing");
    assert!(server.stop().await);
    in_time("its end", live.ended).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_client_that_does_not_shake_hands_is_not_waited_for() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), &leaf(&authority()));
    let reloader = Reloader::new(config(dir.path(), ClientAuth::None), Protocols::H2).unwrap();
    let tls = Some(reloader.acceptor());
    let read_timeout = Duration::from_millis(1);
    let server = serve(
        Config {
            tls,
            read_timeout,
            ..tcp()
        },
        Routes::default(),
    );
    let BoundAddress::Tcp(address) = server.addresses[0] else {
        panic!("not TCP")
    };
    let _silent = TcpStream::connect(address).await.unwrap();
    until_refused(&server).await;
}

#[tokio::test]
async fn the_http_api_speaks_both_versions_over_tls() {
    let dir = tempfile::tempdir().unwrap();
    let ours = authority();
    write(dir.path(), &leaf(&ours));
    let bound = http::server::bind(&http::ListenConfig {
        addrs: vec!["https://127.0.0.1:0".to_owned()],
        tls: Some(config(dir.path(), ClientAuth::None)),
        h2c: false,
        unix_socket_mode: None,
    });
    let bound = bound.unwrap();
    let address = bound.addresses().remove(0);
    let (trigger, shutdown) = task::shutdown();
    let (drain, guard) = task::drain();
    let router = axum::Router::new().route("/", axum::routing::get(|| async { "hello" }));
    bound.serve(&router, &shutdown, &guard).unwrap();
    drop(guard);

    let both = [b"h2".to_vec(), b"http/1.1".to_vec()];
    for (offered, chosen) in [(&both[..], &both[0]), (&both[1..], &both[1])] {
        let mut config = client_config(&ours, None);
        config.alpn_protocols = offered.to_vec();
        let mut stream = connect_to(&address, config).await.unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(chosen.as_slice()));
        if chosen == b"h2" {
            let mut client = Client::new(stream).await;
            let head = ::http::Request::get("https://regate.test/");
            assert_eq!(client.post(head, Bytes::new()).await.body, "hello");
        } else {
            let request = b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
            stream.write_all(request).await.unwrap();
            let mut answer = String::new();
            let read = stream.read_to_string(&mut answer);
            in_time("an answer", read).await.unwrap();
            assert!(answer.ends_with("hello"), "{answer}");
        }
    }
    trigger.trigger();
    in_time("the end", drain.wait()).await;
}

/// Tells who asks.
const WHO: &str = r#"package system.authz

allow := {"allowed": false, "reason": sprintf("%s, %d, %s", [identity, count(certificates), name])}

identity := input.identity

certificates := input.client_certificates

name := certificates[0].Subject.CommonName
"#;

#[tokio::test]
async fn the_rest_api_knows_a_client_by_its_certificate() {
    let dir = tempfile::tempdir().unwrap();
    let ours = authority();
    write(dir.path(), &leaf(&ours));
    std::fs::write(dir.path().join("ca.pem"), ours.pem()).unwrap();
    std::fs::write(dir.path().join("authz.rego"), WHO).unwrap();
    let path = |name: &str| dir.path().join(name);
    let flags = Flags {
        addrs: vec!["https://127.0.0.1:0".to_owned()],
        paths: vec![path("authz.rego").display().to_string()],
        authentication: Authentication::Tls,
        authorization: Authorization::Basic,
        tls: TlsFlags {
            cert_file: Some(path("cert.pem")),
            private_key_file: Some(path("key.pem")),
            ca_cert_file: Some(path("ca.pem")),
            cipher_suites: vec!["TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384".to_owned()],
            ..TlsFlags::default()
        },
        ..Flags::default()
    };
    let text = r#"plugins: {envoy_ext_authz_grpc: {addr: "127.0.0.1:0"}}"#;
    let loaded = regate::config::Config::from_text(text, &flags, &HashMap::<String, String>::new());
    let sinks = Sinks {
        decisions: Box::new(std::io::sink()),
        status: Box::new(std::io::sink()),
        logs: None,
    };
    let running = app::start(loaded.unwrap(), sinks).await.unwrap();
    let address = &running.addresses().api[0];

    let ask = async |own: Option<&Pair>| {
        let mut config = client_config(&ours, own);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let mut stream = connect_to(address, config).await.ok()?;
        let request = b"GET /v1/data HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
        stream.write_all(request).await.ok()?;
        let mut answer = String::new();
        let read = stream.read_to_string(&mut answer);
        in_time("an answer", read).await.ok()?;
        Some(answer)
    };
    let answer = ask(Some(&leaf(&ours))).await.expect("an answer");
    let who = "CN=rcgen self signed cert, 1, rcgen self signed cert";
    assert!(answer.contains(who), "{answer}");
    assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
    assert_eq!(ask(None).await, None, "without a certificate");
    assert_eq!(ask(Some(&leaf(&authority()))).await, None, "of a stranger");
    in_time("the end", running.stop()).await;
}
