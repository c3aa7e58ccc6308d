//! Addresses of `--addr` and `--diagnostic-addr`, as OPA spells them.

use std::path::PathBuf;

use crate::socket::{self, Address};
use crate::tls::TlsError;

/// Why an HTTP API cannot be served where it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// The scheme is not one that a listener has.
    #[error(
        "cannot listen on `{address}`: the scheme `{scheme}` is not known; \
         expected `http`, `https`, `unix`, or none"
    )]
    Scheme {
        /// As it was given.
        address: String,
        /// Its scheme.
        scheme: String,
    },
    /// `https` without a certificate.
    #[error(
        "cannot listen on `{address}`: `https` needs `--tls-cert-file` and `--tls-private-key-file`"
    )]
    NoCertificate {
        /// As it was given.
        address: String,
    },
    /// The certificate cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The socket cannot be bound.
    #[error(transparent)]
    Socket(#[from] socket::BindError),
}

/// The address, and whether TLS is spoken there. Without a scheme the certificate decides.
pub(super) fn parse(
    text: &str,
    has_certificate: bool,
    mode: Option<u32>,
) -> Result<(Address, bool), BindError> {
    let (scheme, rest) = match text.split_once("://") {
        Some((scheme, rest)) => (scheme, rest),
        None => (if has_certificate { "https" } else { "http" }, text),
    };
    match scheme {
        "http" => Ok((Address::Tcp(with_port(rest, 80)), false)),
        "https" if has_certificate => Ok((Address::Tcp(with_port(rest, 443)), true)),
        "https" => Err(BindError::NoCertificate {
            address: text.to_owned(),
        }),
        "unix" => Ok((unix(rest, mode), false)),
        _ => Err(BindError::Scheme {
            address: text.to_owned(),
            scheme: scheme.to_owned(),
        }),
    }
}

fn unix(rest: &str, mode: Option<u32>) -> Address {
    match rest.strip_prefix('@') {
        Some(name) => Address::Abstract(name.to_owned()),
        None => Address::Unix {
            path: PathBuf::from(rest),
            mode,
        },
    }
}

/// `host:port` out of an authority that may lack the port, or have a path of `/`.
fn with_port(authority: &str, default: u16) -> String {
    let authority = authority.strip_suffix('/').unwrap_or(authority);
    let host_end = authority.rfind(']').unwrap_or(0);
    let has_port = authority
        .get(host_end..)
        .is_some_and(|rest| rest.contains(':'));
    if has_port {
        authority.to_owned()
    } else {
        format!("{authority}:{default}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opa_addresses() {
        let tcp = |text: &str| Address::Tcp(text.to_owned());
        for (text, certificate, expected) in [
            ("localhost:8181", false, (tcp("localhost:8181"), false)),
            ("localhost:8181", true, (tcp("localhost:8181"), true)),
            (":8181", false, (tcp(":8181"), false)),
            ("0.0.0.0:8282", false, (tcp("0.0.0.0:8282"), false)),
            ("[::1]:8181", false, (tcp("[::1]:8181"), false)),
            (
                "http://localhost:8181",
                true,
                (tcp("localhost:8181"), false),
            ),
            ("http://localhost", false, (tcp("localhost:80"), false)),
            ("http://[::1]/", false, (tcp("[::1]:80"), false)),
            ("https://localhost", true, (tcp("localhost:443"), true)),
            ("https://:8443", true, (tcp(":8443"), true)),
            (
                "unix:///run/api.sock",
                true,
                (
                    Address::Unix {
                        path: "/run/api.sock".into(),
                        mode: Some(0o755),
                    },
                    false,
                ),
            ),
            (
                "unix://@api",
                false,
                (Address::Abstract("api".into()), false),
            ),
        ] {
            assert_eq!(
                parse(text, certificate, Some(0o755)).unwrap(),
                expected,
                "{text}"
            );
        }
    }

    #[test]
    fn what_cannot_be_served_is_said() {
        for (text, expected) in [
            (
                "https://localhost:8443",
                "cannot listen on `https://localhost:8443`: `https` needs `--tls-cert-file` and \
                 `--tls-private-key-file`",
            ),
            (
                "ftp://localhost",
                "cannot listen on `ftp://localhost`: the scheme `ftp` is not known; expected \
                 `http`, `https`, `unix`, or none",
            ),
        ] {
            assert_eq!(parse(text, false, None).unwrap_err().to_string(), expected);
        }
    }
}
