//! Certificates, requests and private keys: any bytes as DER, and as the text that PEM is looked for in.

use data_encoding::BASE64;
use regate_rego::Value;
use regate_rego::builtins::Caches;

use crate::builtin::call;

/// Pieces of PEM and of DER.
pub(crate) const PIECES: &[&str] = &[
    "-----BEGIN CERTIFICATE-----\n",
    "-----END CERTIFICATE-----\n",
    "-----BEGIN PRIVATE KEY-----\n",
    "-----END PRIVATE KEY-----\n",
    "-----BEGIN RSA PRIVATE KEY-----\n",
    "a: b\n",
    "\n",
    "0\0",
    "0\u{3}\u{2}\u{1}\u{1}",
    "\u{6}\u{3}U\u{1d}\u{11}",
    "\u{17}\r",
    "\u{1}\u{1}\u{7f}",
];

/// Any bytes through each function that reads certificates or keys.
pub fn rego_certificates(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let der = BASE64.encode(data);
    for text in [&*text, &der] {
        let text = Value::from(text);
        let one: [(&str, &[&Value]); 6] = [
            ("crypto.x509.parse_certificates", &[&text]),
            ("crypto.x509.parse_certificate_request", &[&text]),
            ("crypto.parse_private_keys", &[&text]),
            ("crypto.x509.parse_rsa_private_key", &[&text]),
            ("crypto.x509.parse_keypair", &[&text, &text]),
            ("crypto.x509.parse_and_verify_certificates", &[&text]),
        ];
        for (name, args) in one {
            drop(call(&Caches::default(), name, args));
        }
    }
}
