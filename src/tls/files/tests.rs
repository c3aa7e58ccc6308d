//! What is wrong with a file is said with its name.

use std::time::Duration;

use super::super::{Checked, Reloader};
use super::*;

struct Dir {
    dir: tempfile::TempDir,
    config: Config,
}

impl Dir {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let config = Config {
            cert_file: dir.path().join("cert.pem"),
            private_key_file: dir.path().join("key.pem"),
            ca_cert_file: None,
            client_auth: ClientAuth::None,
            min_version: TlsVersion::V1_2,
            cipher_suites: Vec::new(),
            refresh_period: Duration::ZERO,
        };
        let dir = Self { dir, config };
        dir.write_pair(&pair());
        dir
    }

    fn write_pair(&self, pair: &(String, String)) {
        std::fs::write(&self.config.cert_file, &pair.0).unwrap();
        std::fs::write(&self.config.private_key_file, &pair.1).unwrap();
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.dir.path().join(name), text).unwrap();
    }

    fn error(&self) -> String {
        let text = Reloader::new(self.config.clone(), Protocols::H2)
            .unwrap_err()
            .to_string();
        text.replace(self.dir.path().to_str().unwrap(), "DIR")
    }
}

fn pair() -> (String, String) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    (made.cert.pem(), made.signing_key.serialize_pem())
}

#[test]
fn a_bad_file_is_named() {
    let (cert, key) = pair();
    let no_end = cert.replace("-----END CERTIFICATE-----", "");
    let not_der = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let table = [
        (
            "cert.pem",
            "",
            "the TLS file `DIR/cert.pem` has no certificate: expected a PEM",
        ),
        (
            "cert.pem",
            key.as_str(),
            "the TLS file `DIR/cert.pem` has no certificate: expected",
        ),
        (
            "cert.pem",
            no_end.as_str(),
            "the TLS file `DIR/cert.pem` is not valid PEM: ",
        ),
        (
            "cert.pem",
            not_der,
            "the certificate in `DIR/cert.pem` cannot be used: ",
        ),
        (
            "key.pem",
            "",
            "the TLS file `DIR/key.pem` has no private key: expected an unencrypted",
        ),
        (
            "key.pem",
            cert.as_str(),
            "the TLS file `DIR/key.pem` has no private key: ",
        ),
        (
            "key.pem",
            key.as_str(),
            "the private key in `DIR/key.pem` does not belong to the certificate in `DIR/cert.pem`",
        ),
    ];
    for (file, text, expected) in table {
        let dir = Dir::new();
        dir.write(file, text);
        let error = dir.error();
        assert!(error.starts_with(expected), "{error}");
    }
    let dir = Dir::new();
    std::fs::remove_file(&dir.config.private_key_file).unwrap();
    assert!(
        dir.error()
            .starts_with("cannot read the TLS file `DIR/key.pem`: ")
    );
}

#[test]
fn authorities_and_client_certificates_go_together() {
    let mut dir = Dir::new();
    dir.config.client_auth = ClientAuth::Require;
    assert!(
        dir.error()
            .starts_with("client certificates are asked for, but no authorities")
    );
    dir.config.ca_cert_file = Some(dir.dir.path().join("ca.pem"));
    dir.write("ca.pem", "nothing");
    assert!(
        dir.error()
            .starts_with("the TLS file `DIR/ca.pem` has no certificate")
    );
    dir.config.client_auth = ClientAuth::None;
    assert!(
        dir.error()
            .starts_with("the CA certificate file `DIR/ca.pem` is set, but")
    );
}

#[test]
fn a_bad_replacement_keeps_the_old_one_and_is_told_once() {
    let dir = Dir::new();
    let mut reloader = Reloader::new(dir.config.clone(), Protocols::H2).unwrap();
    let served = |reloader: &Reloader| Arc::as_ptr(&reloader.acceptor().0.load_full());
    let first = served(&reloader);
    assert_eq!(reloader.check().unwrap(), Checked::Unchanged);

    dir.write("key.pem", &pair().1);
    assert!(matches!(reloader.check(), Err(TlsError::Mismatch { .. })));
    assert_eq!(reloader.check().unwrap(), Checked::Unchanged);
    assert_eq!(served(&reloader), first);

    std::fs::remove_file(&dir.config.cert_file).unwrap();
    assert!(matches!(reloader.check(), Err(TlsError::Read { .. })));
    assert_eq!(reloader.check().unwrap(), Checked::Unchanged);
    assert_eq!(served(&reloader), first);

    dir.write_pair(&pair());
    assert_eq!(reloader.check().unwrap(), Checked::Replaced);
    assert_ne!(served(&reloader), first);
}
