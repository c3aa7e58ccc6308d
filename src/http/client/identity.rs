//! The certificate that a client shows: read from its files again before each request, so that a
//! renewed one is used from the next connection on.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::SignatureScheme;
use rustls::client::ResolvesClientCert;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

use super::ClientError;

/// A certificate and key in files.
#[derive(Debug)]
pub(super) struct Identity {
    cert: PathBuf,
    private_key: PathBuf,
    current: ArcSwap<CertifiedKey>,
}

// === impl Identity ===

impl Identity {
    /// Reads the files.
    pub(super) fn load(cert: PathBuf, private_key: PathBuf) -> Result<Self, ClientError> {
        let read = |path: &PathBuf, what| {
            std::fs::read(path).map_err(|error| file_error(path, what, &error))
        };
        let chain = read(&cert, CERTIFICATE)?;
        let key = read(&private_key, KEY)?;
        let current = ArcSwap::from_pointee(certified(&cert, &chain, &private_key, &key)?);
        Ok(Self {
            cert,
            private_key,
            current,
        })
    }

    /// Reads the files again.
    pub(super) async fn refresh(&self) -> Result<(), ClientError> {
        let chain = tokio::fs::read(&self.cert)
            .await
            .map_err(|error| file_error(&self.cert, CERTIFICATE, &error))?;
        let key = tokio::fs::read(&self.private_key).await;
        let key = key.map_err(|error| file_error(&self.private_key, KEY, &error))?;
        self.current.store(Arc::new(certified(
            &self.cert,
            &chain,
            &self.private_key,
            &key,
        )?));
        Ok(())
    }
}

impl ResolvesClientCert for Identity {
    fn resolve(
        &self,
        _authorities: &[&[u8]],
        _schemes: &[SignatureScheme],
    ) -> Option<Arc<CertifiedKey>> {
        Some(self.current.load_full())
    }

    fn has_certs(&self) -> bool {
        true
    }
}

const CERTIFICATE: &str = "a client certificate";
const KEY: &str = "a client's private key";

fn certified(
    cert: &Path,
    chain: &[u8],
    key_path: &Path,
    key: &[u8],
) -> Result<CertifiedKey, ClientError> {
    let chain = CertificateDer::pem_slice_iter(chain).collect::<Result<Vec<_>, _>>();
    let chain = chain.map_err(|error| file_error(cert, CERTIFICATE, &error))?;
    if chain.is_empty() {
        return Err(file_error(
            cert,
            CERTIFICATE,
            &"it has no CERTIFICATE section",
        ));
    }
    let key =
        PrivateKeyDer::from_pem_slice(key).map_err(|error| file_error(key_path, KEY, &error))?;
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    CertifiedKey::from_der(chain, key, &provider).map_err(|error| file_error(key_path, KEY, &error))
}

fn file_error(path: &Path, what: &'static str, reason: &dyn std::fmt::Display) -> ClientError {
    ClientError::File {
        path: path.to_owned(),
        what,
        reason: reason.to_string(),
    }
}
