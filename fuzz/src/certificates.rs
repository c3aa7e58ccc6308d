//! Certificates, requests and private keys: any bytes as DER, and as the text that PEM is looked for in.

use std::collections::HashMap;

use data_encoding::BASE64;
use regate_rego::Value;
use regate_rego::builtins::{self, Budget, Caches, Context, Error};

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

/// A reading may cost so much; one that costs more ends with an error, which is an answer too.
const STEPS: u64 = 10_000_000;
const MEMORY: u64 = 64 << 20;

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
            match call(name, args) {
                Ok(_) | Err(Error::Cancelled) => {}
                Err(error) => assert!(!error.to_string().is_empty(), "an error says something"),
            }
        }
    }
}

fn call(name: &str, args: &[&Value]) -> Result<Value, Error> {
    let mut budget = Budget::default();
    budget.steps = STEPS;
    budget.memory = MEMORY;
    let mut context = Context {
        budget: &mut budget,
        now_ns: 1_800_000_000_000_000_000,
        seed: 0,
        runtime: &Value::Null,
        caches: &Caches::default(),
        outside: None,
        memo: &mut HashMap::new(),
    };
    let builtin = builtins::get(name).expect("a built-in of that name");
    builtin.call(&mut context, args)
}
