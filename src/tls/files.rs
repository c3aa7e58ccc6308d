//! From PEM files to a rustls configuration, with errors that name the file.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{RootCertStore, ServerConfig, SupportedCipherSuite, SupportedProtocolVersion};

use super::{ClientAuth, Config, Protocols, TlsVersion};

static TLS13_ALONE: &[&SupportedProtocolVersion] = &[&rustls::version::TLS13];

/// Why TLS cannot be served with these files.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("cannot read the TLS file `{}`: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file is not PEM.
    #[error("the TLS file `{}` is not valid PEM: {reason}", path.display())]
    Pem {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// There is no certificate in a file that should have one.
    #[error(
        "the TLS file `{}` has no certificate: expected a PEM section `CERTIFICATE`",
        path.display()
    )]
    NoCertificate {
        /// The file.
        path: PathBuf,
    },
    /// There is no private key in a file that should have one.
    #[error(
        "the TLS file `{}` has no private key: expected an unencrypted PEM section \
         `PRIVATE KEY`, `RSA PRIVATE KEY` or `EC PRIVATE KEY`",
        path.display()
    )]
    NoKey {
        /// The file.
        path: PathBuf,
    },
    /// A certificate does not parse, or is of a kind that cannot be used.
    #[error("the certificate in `{}` cannot be used: {reason}", path.display())]
    Certificate {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The key does not parse, or is of a kind that cannot be used.
    #[error("the private key in `{}` cannot be used: {reason}", path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The certificate and the key do not belong together.
    #[error(
        "the private key in `{}` does not belong to the certificate in `{}`",
        key.display(),
        cert.display()
    )]
    Mismatch {
        /// The certificate's file.
        cert: PathBuf,
        /// The key's file.
        key: PathBuf,
    },
    /// Client certificates are asked for, and nothing says whose are good.
    #[error(
        "client certificates are asked for, but no authorities to verify them with: \
         set the CA certificate file"
    )]
    NoAuthorities,
    /// Authorities for client certificates without asking for any would protect nothing.
    #[error(
        "the CA certificate file `{}` is set, but client certificates are not asked for: \
         ask for them, or remove the file",
        path.display()
    )]
    AuthoritiesUnused {
        /// The authorities' file.
        path: PathBuf,
    },
    /// A cipher suite is not spoken here.
    #[error("the cipher suite `{name}` is not spoken; expected some of {}", known.join(", "))]
    CipherSuite {
        /// Its name.
        name: String,
        /// The names that there are.
        known: Vec<String>,
    },
    /// The TLS library refuses the combination.
    #[error("TLS cannot be configured: {reason}")]
    Setup {
        /// What it said.
        reason: String,
    },
}

/// The bytes of the files of a [`Config`], to compare and to build from.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Files {
    cert: Vec<u8>,
    key: Vec<u8>,
    ca: Option<Vec<u8>>,
}

// === impl Files ===

impl Files {
    /// Reads all of them.
    pub(super) fn read(config: &Config) -> Result<Self, TlsError> {
        Ok(Self {
            cert: read(&config.cert_file)?,
            key: read(&config.private_key_file)?,
            ca: config.ca_cert_file.as_deref().map(read).transpose()?,
        })
    }

    /// Builds what a listener serves with.
    pub(super) fn server_config(
        &self,
        config: &Config,
        protocols: Protocols,
    ) -> Result<ServerConfig, TlsError> {
        let mut provider = rustls::crypto::aws_lc_rs::default_provider();
        provider.cipher_suites = cipher_suites(provider.cipher_suites, &config.cipher_suites)?;
        let provider = Arc::new(provider);
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(versions(config.min_version))
            .map_err(|error| setup(&error))?;
        let builder = match self.client_verifier(config, &provider)? {
            None => builder.with_no_client_auth(),
            Some(verifier) => builder.with_client_cert_verifier(verifier),
        };
        let key = self.certified_key(config, &provider)?;
        let mut server = builder.with_cert_resolver(Arc::new(SingleCertAndKey::from(key)));
        server.alpn_protocols = match protocols {
            Protocols::H2 => vec![b"h2".to_vec()],
            Protocols::Http => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
        };
        Ok(server)
    }

    fn certified_key(
        &self,
        config: &Config,
        provider: &CryptoProvider,
    ) -> Result<CertifiedKey, TlsError> {
        let chain = certificates(&config.cert_file, &self.cert)?;
        let path = || config.private_key_file.clone();
        let key = PrivateKeyDer::from_pem_slice(&self.key).map_err(|error| match error {
            pem::Error::NoItemsFound => TlsError::NoKey { path: path() },
            error => TlsError::Pem {
                path: path(),
                reason: error.to_string(),
            },
        })?;
        let key = provider
            .key_provider
            .load_private_key(key)
            .map_err(|error| TlsError::Key {
                path: path(),
                reason: error.to_string(),
            })?;
        let certified = CertifiedKey::new(chain, key);
        match certified.keys_match() {
            Ok(()) => Ok(certified),
            Err(rustls::Error::InconsistentKeys(rustls::InconsistentKeys::KeyMismatch)) => {
                Err(TlsError::Mismatch {
                    cert: config.cert_file.clone(),
                    key: path(),
                })
            }
            Err(error) => Err(TlsError::Certificate {
                path: config.cert_file.clone(),
                reason: error.to_string(),
            }),
        }
    }

    fn client_verifier(
        &self,
        config: &Config,
        provider: &Arc<CryptoProvider>,
    ) -> Result<Option<Arc<dyn ClientCertVerifier>>, TlsError> {
        let (path, ca) = match (config.client_auth, &config.ca_cert_file, &self.ca) {
            (ClientAuth::None, None, _) => return Ok(None),
            (ClientAuth::None, Some(path), _) => {
                return Err(TlsError::AuthoritiesUnused { path: path.clone() });
            }
            (_, Some(path), Some(ca)) => (path, ca),
            _ => return Err(TlsError::NoAuthorities),
        };
        let mut roots = RootCertStore::empty();
        for authority in certificates(path, ca)? {
            roots
                .add(authority)
                .map_err(|error| TlsError::Certificate {
                    path: path.clone(),
                    reason: error.to_string(),
                })?;
        }
        let builder =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider));
        let builder = match config.client_auth {
            ClientAuth::Optional => builder.allow_unauthenticated(),
            ClientAuth::None | ClientAuth::Require => builder,
        };
        builder.build().map(Some).map_err(|error| setup(&error))
    }
}

fn read(path: impl AsRef<Path>) -> Result<Vec<u8>, TlsError> {
    let path = path.as_ref();
    std::fs::read(path).map_err(|source| TlsError::Read {
        path: path.to_owned(),
        source,
    })
}

fn certificates(path: &Path, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let found = found.map_err(|error| TlsError::Pem {
        path: path.to_owned(),
        reason: error.to_string(),
    })?;
    if found.is_empty() {
        return Err(TlsError::NoCertificate {
            path: path.to_owned(),
        });
    }
    Ok(found)
}

fn versions(min: TlsVersion) -> &'static [&'static SupportedProtocolVersion] {
    match min {
        TlsVersion::V1_2 => rustls::ALL_VERSIONS,
        TlsVersion::V1_3 => TLS13_ALONE,
    }
}

/// Whether all these cipher suites are spoken.
pub fn check_cipher_suites(wanted: &[String]) -> Result<(), TlsError> {
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    cipher_suites(provider.cipher_suites, wanted).map(drop)
}

/// Those of `all` that are wanted. What TLS 1.3 speaks is not chosen, as in OPA.
fn cipher_suites(
    all: Vec<SupportedCipherSuite>,
    wanted: &[String],
) -> Result<Vec<SupportedCipherSuite>, TlsError> {
    let name = |suite: &SupportedCipherSuite| format!("{:?}", suite.suite());
    let old = |suite: &&SupportedCipherSuite| suite.tls13().is_none();
    let known: Vec<String> = all.iter().filter(old).map(name).collect();
    if let Some(unknown) = wanted.iter().find(|wanted| !known.contains(wanted)) {
        return Err(TlsError::CipherSuite {
            name: unknown.clone(),
            known,
        });
    }
    let chosen = |suite: &SupportedCipherSuite| {
        wanted.is_empty() || suite.tls13().is_some() || wanted.contains(&name(suite))
    };
    Ok(all.into_iter().filter(chosen).collect())
}

fn setup(error: &dyn std::error::Error) -> TlsError {
    TlsError::Setup {
        reason: error.to_string(),
    }
}

#[cfg(test)]
mod tests;
