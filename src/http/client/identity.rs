//! The certificate that a client shows: read from its files again before each request, so that a
//! renewed one is used from the next connection on.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use rustls::SignatureScheme;
use rustls::client::ResolvesClientCert;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

use tokio::time::Instant;

use super::ClientError;
use crate::http::credentials::Secret;
use crate::http::credentials::client_tls::Config;

mod encrypted;

/// A certificate and key in files.
#[derive(Debug)]
pub(in crate::http) struct Identity {
    config: Config,
    current: ArcSwap<CertifiedKey>,
    /// When the files were read.
    read: Mutex<Instant>,
}

// === impl Identity ===

impl Identity {
    /// Reads the files.
    pub(in crate::http) fn load(config: Config) -> Result<Self, ClientError> {
        let read =
            |path: &Path, what| std::fs::read(path).map_err(|error| file_error(path, what, &error));
        let chain = read(&config.cert, CERTIFICATE)?;
        let key = read(&config.private_key, KEY)?;
        Ok(Self {
            current: ArcSwap::from_pointee(certified(&config, &chain, &key)?),
            config,
            read: Mutex::new(Instant::now()),
        })
    }

    /// Reads the files again, unless that was done within `cert_reread_interval_seconds`.
    pub(in crate::http) async fn refresh(&self) -> Result<(), ClientError> {
        let interval = self.config.reread;
        if !interval.is_zero() && self.last_read().elapsed() < interval {
            return Ok(());
        }
        let (cert, key) = (&self.config.cert, &self.config.private_key);
        let chain = tokio::fs::read(cert).await;
        let chain = chain.map_err(|error| file_error(cert, CERTIFICATE, &error))?;
        let bytes = tokio::fs::read(key).await;
        let bytes = bytes.map_err(|error| file_error(key, KEY, &error))?;
        let config = self.config.clone();
        // A key that is encrypted well takes a while to decrypt.
        let certified = tokio::task::spawn_blocking(move || certified(&config, &chain, &bytes));
        let certified = certified.await;
        let certified = certified.map_err(|error| file_error(key, KEY, &error))??;
        self.current.store(Arc::new(certified));
        *self.read.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        Ok(())
    }

    fn last_read(&self) -> Instant {
        *self.read.lock().unwrap_or_else(PoisonError::into_inner)
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

fn certified(config: &Config, chain: &[u8], key: &[u8]) -> Result<CertifiedKey, ClientError> {
    let (cert, key_path) = (&config.cert, &config.private_key);
    let chain = CertificateDer::pem_slice_iter(chain).collect::<Result<Vec<_>, _>>();
    let chain = chain.map_err(|error| file_error(cert, CERTIFICATE, &error))?;
    if chain.is_empty() {
        return Err(file_error(
            cert,
            CERTIFICATE,
            &"it has no CERTIFICATE section",
        ));
    }
    let key = private_key(config, key).map_err(|reason| file_error(key_path, KEY, &reason))?;
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    CertifiedKey::from_der(chain, key, &provider).map_err(|error| file_error(key_path, KEY, &error))
}

fn private_key(config: &Config, pem: &[u8]) -> Result<PrivateKeyDer<'static>, String> {
    let passphrase = config.passphrase.as_ref();
    let passphrase = passphrase.map(Secret::reveal).unwrap_or_default();
    if let Some(key) = encrypted::decrypt(pem, passphrase)? {
        return Ok(key);
    }
    PrivateKeyDer::from_pem_slice(pem).map_err(|error| error.to_string())
}

fn file_error(path: &Path, what: &'static str, reason: &dyn std::fmt::Display) -> ClientError {
    ClientError::File {
        path: path.to_owned(),
        what,
        reason: reason.to_string(),
    }
}
