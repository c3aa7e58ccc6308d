//! Whom a client believes: the authorities of the system, those of a file, or, when told so,
//! anybody.

use std::path::Path;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ResolvesClientCert, Resumption};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

use super::identity::Identity;
use super::outbound::Setup;
use super::{ClientError, ServiceConfig};

/// TLS as `service` wants it.
pub(super) fn tls_config(
    service: &ServiceConfig,
    identity: Option<Arc<Identity>>,
) -> Result<ClientConfig, ClientError> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|error| ClientError::Tls {
            service: service.name.clone(),
            reason: error.to_string(),
        })?;
    let builder = if service.allow_insecure_tls {
        builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(AnyCertificate(provider)))
    } else {
        builder.with_root_certificates(roots(service)?)
    };
    let mut config = match identity {
        Some(identity) => {
            builder.with_client_cert_resolver(identity as Arc<dyn ResolvesClientCert>)
        }
        None => builder.with_no_client_auth(),
    };
    // A resumed session keeps the identity it began with, also when the certificate was renewed.
    config.resumption = Resumption::disabled();
    Ok(config)
}

/// TLS as a policy's request wants it; `system` are the authorities of the system.
pub(super) fn request_config(
    setup: &Setup,
    system: impl FnOnce() -> RootCertStore,
) -> Result<ClientConfig, String> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    // Authorities that cannot be read are an error also where nobody is asked.
    let mut roots = RootCertStore::empty();
    for pem in &setup.authorities {
        let before = roots.len();
        roots.add_parsable_certificates(CertificateDer::pem_slice_iter(pem).flatten());
        if roots.len() == before {
            return Err("the certificate authorities have no certificate".to_owned());
        }
    }
    let builder = if setup.insecure_skip_verify {
        builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(AnyCertificate(provider)))
    } else {
        if setup.system_authorities {
            roots.extend(system().roots);
        }
        builder.with_root_certificates(roots)
    };
    let mut config = match &setup.identity {
        None => builder.with_no_client_auth(),
        Some((chain, key)) => {
            let chain = CertificateDer::pem_slice_iter(chain).collect::<Result<Vec<_>, _>>();
            let chain = chain.map_err(|error| format!("the client's certificate: {error}"))?;
            let key = PrivateKeyDer::from_pem_slice(key);
            let key = key.map_err(|error| format!("the client's key: {error}"))?;
            let config = builder.with_client_auth_cert(chain, key);
            config.map_err(|error| format!("the client's certificate: {error}"))?
        }
    };
    config.resumption = Resumption::disabled();
    Ok(config)
}

/// The authorities of the system.
pub(super) fn system_roots() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots
}

fn roots(service: &ServiceConfig) -> Result<RootCertStore, ClientError> {
    let mut roots = RootCertStore::empty();
    if service.ca_cert.is_none() || service.system_ca_required {
        let system = rustls_native_certs::load_native_certs();
        if system.certs.is_empty() && service.url.starts_with("https:") {
            tracing::warn!(service = %service.name, "The system has no certificate authorities.");
        }
        // Single ones that cannot be parsed are common and do no harm.
        roots.add_parsable_certificates(system.certs);
    }
    if let Some(path) = &service.ca_cert {
        for certificate in authorities(path)? {
            roots
                .add(certificate)
                .map_err(|error| file_error(path, &error))?;
        }
    }
    Ok(roots)
}

fn authorities(path: &Path) -> Result<Vec<CertificateDer<'static>>, ClientError> {
    let found =
        CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let found = found.map_err(|error| file_error(path, &error))?;
    if found.is_empty() {
        return Err(file_error(path, &"it has no CERTIFICATE section"));
    }
    Ok(found)
}

fn file_error(path: &Path, reason: &dyn std::fmt::Display) -> ClientError {
    ClientError::File {
        path: path.to_owned(),
        what: "certificate authorities",
        reason: reason.to_string(),
    }
}

/// `allow_insecure_tls`: believes every certificate, whoever issued it and for whatever name. It
/// still checks that the server holds the key, so that the handshake is a real one; but whoever
/// stands in the way can be the server.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

// === impl AnyCertificate ===

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(
            message,
            certificate,
            signature,
            &self.0.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(
            message,
            certificate,
            signature,
            &self.0.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
