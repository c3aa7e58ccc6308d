//! How the sidecar is reached: a UNIX socket, TLS, and what happens when it is not reached at all.

use std::path::PathBuf;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use serde_json::json;

use super::mesh;
use crate::support::mesh::MeshBuilder;

#[tokio::test]
async fn over_a_unix_socket() {
    let over_socket = mesh().plugin(&json!({"addr": "unix://FOLDER/auth.sock"}));
    let Some(mesh) = over_socket.start().await else {
        return;
    };

    assert_eq!(mesh.get("/open", &[]).await.status, 200);
    assert_eq!(mesh.get("/nowhere", &[]).await.status, 403);
}

#[tokio::test]
async fn over_a_socket_in_the_abstract_namespace() {
    // The namespace is the machine's: the name must be this test's alone.
    let addr = format!("unix://@regate-test-{}", std::process::id());
    let over_socket = mesh().plugin(&json!({"addr": addr}));
    let Some(mesh) = over_socket.start().await else {
        return;
    };

    assert_eq!(mesh.get("/open", &[]).await.status, 200);
    assert_eq!(mesh.get("/nowhere", &[]).await.status, 403);
}

#[tokio::test]
async fn over_tls_with_a_certificate_that_envoy_verifies() {
    let pki = Pki::new("regate.test");
    let Some(mesh) = pki.mesh().start().await else {
        return;
    };

    assert_eq!(mesh.get("/open", &[]).await.status, 200);
    assert_eq!(mesh.get("/nowhere", &[]).await.status, 403);
}

#[tokio::test]
async fn a_certificate_for_another_name_is_not_trusted() {
    let pki = Pki::new("elsewhere.test");
    let Some(mesh) = pki.mesh().start().await else {
        return;
    };

    assert_eq!(mesh.get("/open", &[]).await.status, 503);
    assert!(mesh.upstream.take().is_empty());
}

#[tokio::test]
async fn without_a_sidecar_requests_are_refused() {
    let Some(mut mesh) = mesh().start().await else {
        return;
    };
    assert_eq!(mesh.get("/open", &[]).await.status, 200);

    mesh.sidecars.clear();

    assert_eq!(mesh.get("/open", &[]).await.status, 503);
    assert_eq!(mesh.upstream.take().len(), 1);
}

#[tokio::test]
async fn without_a_sidecar_requests_pass_where_envoy_is_told_so() {
    let Some(mut mesh) = mesh().envoy(|e| e.failure_mode_allow = true).start().await else {
        return;
    };
    assert_eq!(mesh.get("/nowhere", &[]).await.status, 403);

    mesh.sidecars.clear();

    assert_eq!(mesh.get("/nowhere", &[]).await.status, 200);
}

#[tokio::test]
async fn over_mutual_tls_a_caller_without_a_certificate_gets_nothing() {
    let pki = Pki::new("regate.test");
    let demanding = |mesh: MeshBuilder| {
        let authority = pki.file("ca.pem");
        mesh.plugin(&json!({"tls_ca_cert_file": authority, "tls_client_auth": "require"}))
    };
    let known = demanding(pki.mesh()).envoy(|e| e.tls_client = Some(pki.pair()));
    let Some(known) = known.start().await else {
        return;
    };
    let Some(stranger) = demanding(pki.mesh()).start().await else {
        return;
    };

    assert_eq!(known.get("/open", &[]).await.status, 200);
    assert_eq!(stranger.get("/open", &[]).await.status, 503);
}

/// An authority and a server certificate that it signed, in files.
struct Pki {
    folder: tempfile::TempDir,
}

impl Pki {
    fn new(server: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut authority = CertificateParams::new([]).unwrap();
        authority
            .distinguished_name
            .push(DnType::CommonName, "test authority");
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new([server.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &issuer).unwrap();
        let write =
            |name: &str, pem: String| std::fs::write(folder.path().join(name), pem).unwrap();
        write("ca.pem", issuer.pem());
        write("cert.pem", certificate.pem());
        write("key.pem", key.serialize_pem());
        Self { folder }
    }

    /// A mesh whose sidecar shows the certificate, and whose Envoy asks for `regate.test`.
    fn mesh(&self) -> MeshBuilder {
        let (certificate, key) = self.pair();
        mesh()
            .plugin(&json!({"tls_cert_file": certificate, "tls_private_key_file": key}))
            .envoy(|e| e.tls_authority = Some(self.file("ca.pem")))
    }

    /// The certificate and its key.
    fn pair(&self) -> (PathBuf, PathBuf) {
        (self.file("cert.pem"), self.file("key.pem"))
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}
