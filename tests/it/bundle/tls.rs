//! The client of services over TLS: whom it believes, and what it shows of itself.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use regate::http::client::{Client, ClientError, Response};
use regate::http::credentials::{Credentials, client_tls};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio_rustls::TlsAcceptor;

use super::service;

/// An authority, and a folder with what it issued.
pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: tempfile::TempDir,
}

/// A server that answers `hello` and remembers the certificates that clients showed.
pub(crate) struct TlsServer {
    address: SocketAddr,
    pub(crate) shown: Arc<Mutex<Vec<Option<CertificateDer<'static>>>>>,
}

// === impl Authority ===

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let authority = Self {
            issuer,
            folder: tempfile::tempdir().unwrap(),
        };
        fs::write(authority.file("ca.pem"), authority.issuer.pem()).unwrap();
        authority
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes `<name>.pem` and `<name>.key`, a certificate for the host `name`.
    pub(crate) fn issue(&self, name: &str) -> CertificateDer<'static> {
        self.issue_for(name, &[name])
    }

    /// The same for several hosts.
    fn issue_for(&self, name: &str, hosts: &[&str]) -> CertificateDer<'static> {
        let key = KeyPair::generate().unwrap();
        let hosts: Vec<String> = hosts.iter().map(ToString::to_string).collect();
        let params = CertificateParams::new(hosts).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        fs::write(self.file(&format!("{name}.pem")), certificate.pem()).unwrap();
        fs::write(self.file(&format!("{name}.key")), key.serialize_pem()).unwrap();
        certificate.der().clone()
    }

    /// What makes TLS of connections to any of `hosts`.
    pub(crate) fn acceptor(&self, hosts: &[&str]) -> TlsAcceptor {
        let certificate = self.issue_for("server", hosts);
        let key = PrivateKeyDer::from_pem_file(self.file("server.key")).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .unwrap();
        TlsAcceptor::from(Arc::new(config))
    }

    /// A server with the certificate of the host `name`.
    pub(crate) async fn serve(&self, name: &str, client_certificate: bool) -> TlsServer {
        let certificate = self.issue(name);
        let key = PrivateKeyDer::from_pem_file(self.file(&format!("{name}.key"))).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions();
        let builder = if client_certificate {
            let mut roots = RootCertStore::empty();
            roots.add(self.issuer.der().clone()).unwrap();
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
                .build()
                .unwrap();
            builder.unwrap().with_client_cert_verifier(verifier)
        } else {
            builder.unwrap().with_no_client_auth()
        };
        let config = builder.with_single_cert(vec![certificate], key).unwrap();
        TlsServer::start(TlsAcceptor::from(Arc::new(config))).await
    }
}

// === impl TlsServer ===

impl TlsServer {
    async fn start(acceptor: TlsAcceptor) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shown = Arc::new(Mutex::new(Vec::new()));
        let seen = shown.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // A handshake that fails is the client's to report.
                let Ok(stream) = acceptor.accept(stream).await else {
                    continue;
                };
                let certificates = stream.get_ref().1.peer_certificates();
                let first = certificates.and_then(<[_]>::first).cloned();
                seen.lock()
                    .unwrap()
                    .push(first.map(CertificateDer::into_owned));
                tokio::spawn(async move {
                    let service = service_fn(|_| async { Ok::<_, hyper::Error>(hello()) });
                    let builder =
                        hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
                    builder
                        .serve_connection(TokioIo::new(stream), service)
                        .await
                });
            }
        });
        Self { address, shown }
    }

    pub(crate) fn url(&self) -> String {
        format!("https://localhost:{}", self.address.port())
    }
}

/// An answer after which the next request needs a new connection.
fn hello() -> http::Response<http_body_util::Full<bytes::Bytes>> {
    http::Response::builder()
        .header("connection", "close")
        .body("hello".into())
        .unwrap()
}

async fn get(client: &Client) -> Result<Vec<u8>, ClientError> {
    let response: Response = client.get("x", &[]).await?;
    response.bytes(100).await
}

#[tokio::test]
async fn only_configured_authorities_are_believed() {
    let (ours, theirs) = (Authority::new(), Authority::new());
    let server = ours.serve("localhost", false).await;
    let named_otherwise = ours.serve("other.test", false).await;
    for (url, ca_cert, insecure, good) in [
        (server.url(), Some(ours.file("ca.pem")), false, true),
        (server.url(), Some(theirs.file("ca.pem")), false, false),
        (server.url(), None, false, false),
        (
            named_otherwise.url(),
            Some(ours.file("ca.pem")),
            false,
            false,
        ),
        (named_otherwise.url(), None, true, true),
    ] {
        let mut service = service(&url);
        service.ca_cert = ca_cert;
        service.allow_insecure_tls = insecure;
        let answer = get(&Client::new(&service).unwrap()).await;
        match answer {
            Ok(body) => assert!(good && body == b"hello", "{service:?}"),
            Err(error) => {
                assert!(!good, "{service:?}: {error}");
                assert!(error.to_string().contains("certificate"), "{error}");
            }
        }
    }
}

#[tokio::test]
async fn a_renewed_certificate_is_shown() {
    let authority = Authority::new();
    let server = authority.serve("localhost", true).await;
    let mut service = service(&server.url());
    service.ca_cert = Some(authority.file("ca.pem"));
    assert!(
        get(&Client::new(&service).unwrap()).await.is_err(),
        "the server asks for a certificate"
    );

    let first = authority.issue("client");
    let (cert, private_key) = (authority.file("client.pem"), authority.file("client.key"));
    service.credentials = Credentials::ClientTls(client_tls::Config {
        cert: cert.clone(),
        private_key,
        passphrase: None,
        reread: Duration::ZERO,
    });
    let client = Client::new(&service).unwrap();
    assert_eq!(get(&client).await.unwrap(), b"hello");
    let second = authority.issue("client");
    assert_eq!(get(&client).await.unwrap(), b"hello");
    assert_eq!(*server.shown.lock().unwrap(), [Some(first), Some(second)]);

    authority.issue("another");
    fs::copy(authority.file("another.pem"), &cert).unwrap();
    let error = get(&client).await.unwrap_err().to_string();
    assert!(
        error.contains("client.key"),
        "a key of another certificate: {error}"
    );
    fs::remove_file(&cert).unwrap();
    let error = get(&client).await.unwrap_err().to_string();
    assert!(error.contains("client.pem"), "{error}");
}

#[tokio::test]
async fn an_encrypted_key_is_read_and_files_are_believed_for_a_while() {
    let authority = Authority::new();
    let server = authority.serve("localhost", true).await;
    let mut service = service(&server.url());
    service.ca_cert = Some(authority.file("ca.pem"));
    authority.issue("client");
    let private_key = authority.file("client.enc");
    let encrypted = std::process::Command::new("openssl")
        .args(["pkcs8", "-topk8", "-passout", "pass:word", "-in"])
        .arg(authority.file("client.key"))
        .arg("-out")
        .arg(&private_key)
        .status();
    if !encrypted.is_ok_and(|status| status.success()) {
        crate::support::skip("openssl is not installed (Debian: package openssl)");
        return;
    }
    let mut config = client_tls::Config {
        cert: authority.file("client.pem"),
        private_key,
        passphrase: Some("word".into()),
        reread: Duration::from_hours(1),
    };
    service.credentials = Credentials::ClientTls(config.clone());
    let client = Client::new(&service).unwrap();
    assert_eq!(get(&client).await.unwrap(), b"hello");
    fs::remove_file(&config.cert).unwrap();
    assert_eq!(get(&client).await.unwrap(), b"hello", "not read again");

    authority.issue("client");
    config.passphrase = Some("another".into());
    service.credentials = Credentials::ClientTls(config);
    let error = Client::new(&service).unwrap_err().to_string();
    assert!(
        error.contains("client.enc") && error.contains("`private_key_passphrase`"),
        "{error}"
    );
}

#[tokio::test]
async fn files_that_cannot_be_used_stop_the_client() {
    let authority = Authority::new();
    let empty = authority.file("empty.pem");
    fs::write(&empty, "no certificate").unwrap();
    let mut service = service("https://localhost");
    for path in [empty, authority.file("nowhere.pem")] {
        service.ca_cert = Some(path.clone());
        let error = Client::new(&service).unwrap_err().to_string();
        assert!(error.contains(&*path.to_string_lossy()), "{error}");
    }
}

#[tokio::test]
async fn a_server_that_says_nothing_is_given_up() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut service = service(&format!("http://{}", listener.local_addr().unwrap()));
    service.response_header_timeout = Duration::from_millis(50);
    let error = get(&Client::new(&service).unwrap()).await.unwrap_err();
    assert!(matches!(error, ClientError::Timeout { .. }), "{error}");
}
