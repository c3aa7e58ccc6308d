//! `crypto.*`: hashes, message authentication codes, certificates and private keys.
//!
//! What is read and what is refused is what Go's crypto/x509 reads and refuses. The reading of PEM, of keys and of
//! certificates is open to the other families.

use super::declare::{boolean, named, string, takes};
use super::{Builtin, Error};
use crate::types::{Function, Named, Type};

mod call;
pub(super) mod certificate;
pub(super) mod curve;
pub(super) mod der;
pub(super) mod hash;
mod input;
mod jwk;
mod name;
mod options;
pub(super) mod pem;
pub(super) mod private_key;
pub(super) mod public_key;
mod request;
mod show;
pub(super) mod signature;
mod usage;
mod verify;

/// What cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Malformed(&'static str);

/// The family's functions.
pub(super) static TABLE: &[Builtin] = &[
    Builtin::new(
        "crypto.hmac.equal",
        "Compares two codes in a time that does not depend on what they are.",
        hash::equal,
    )
    .declared(|| {
        takes([
            string("mac1", "one code"),
            string("mac2", "the other code"),
        ])
        .gives(boolean("result", "whether they are the same"))
    }),
    Builtin::new("crypto.hmac.md5", "Authenticates a string by MD5.", hash::hmac_md5)
        .declared(authenticates),
    Builtin::new("crypto.hmac.sha1", "Authenticates a string by SHA-1.", hash::hmac_sha1)
        .declared(authenticates),
    Builtin::new("crypto.hmac.sha256", "Authenticates a string by SHA-256.", hash::hmac_sha256)
        .declared(authenticates),
    Builtin::new("crypto.hmac.sha512", "Authenticates a string by SHA-512.", hash::hmac_sha512)
        .declared(authenticates),
    Builtin::new("crypto.md5", "Hashes a string by MD5.", hash::md5).declared(hashes),
    Builtin::new(
        "crypto.parse_private_keys",
        "Reads the private keys of a list of PEM blocks, which base64 may hold.",
        call::parse_private_keys,
    )
    .declared(|| {
        takes([string("keys", "the PEM blocks")])
            .gives(named("output", Type::array(members()), "the keys, `null` of an empty text"))
    }),
    Builtin::new("crypto.sha1", "Hashes a string by SHA-1.", hash::sha1).declared(hashes),
    Builtin::new("crypto.sha256", "Hashes a string by SHA-256.", hash::sha256).declared(hashes),
    Builtin::new(
        "crypto.x509.parse_and_verify_certificates",
        "Reads certificates and looks for a path from the last to the first, which is trusted, over the others.",
        call::verify,
    )
    .declared(|| takes([chain()]).gives(verified())),
    Builtin::new(
        "crypto.x509.parse_and_verify_certificates_with_options",
        "The same, and what else is asked of the last certificate.",
        call::verify_with_options,
    )
    .declared(|| {
        let options = named(
            "options",
            Type::object(Type::String, Type::any()),
            "`DNSName`; `CurrentTime` in nanoseconds since 1970; `MaxConstraintComparisons`; `KeyUsages`, such as \
             `KeyUsageAny`, `KeyUsageServerAuth` and `KeyUsageClientAuth`",
        );
        takes([chain(), options]).gives(verified())
    }),
    Builtin::new(
        "crypto.x509.parse_certificate_request",
        "Reads a request for a certificate (PKCS #10).",
        call::parse_certificate_request,
    )
    .declared(|| {
        takes([string("csr", "PEM, or base64 of PEM or DER")])
            .gives(named("output", members(), "the request"))
    }),
    Builtin::new(
        "crypto.x509.parse_certificates",
        "Reads certificates.",
        call::parse_certificates,
    )
    .declared(|| {
        takes([string("certs", "PEM, or base64 of PEM or DER")])
            .gives(named("output", Type::array(members()), "the certificates"))
    }),
    Builtin::new(
        "crypto.x509.parse_keypair",
        "Reads certificates and the private key of the first.",
        call::parse_keypair,
    )
    .declared(|| {
        takes([
            string("cert", "the certificates: PEM, or base64 of PEM or DER"),
            string("pem", "the key: PEM, or base64 of PEM or DER"),
        ])
        .gives(named("output", members(), "certificates and key"))
    }),
    Builtin::new(
        "crypto.x509.parse_rsa_private_key",
        "Reads a private key in PEM, as a JWK.",
        call::parse_rsa_private_key,
    )
    .declared(|| {
        takes([string("pem", "PEM, or base64 of it")])
            .gives(named("output", members(), "the JWK"))
    }),
];

// === impl Malformed ===

impl From<Malformed> for Error {
    fn from(Malformed(what): Malformed) -> Self {
        Self::Failed(format!("x509: malformed {what}"))
    }
}

fn malformed(what: &'static str) -> Malformed {
    Malformed(what)
}

fn hashes() -> Function {
    takes([string("x", "the string")]).gives(string("y", "its hash in hexadecimal digits"))
}

fn authenticates() -> Function {
    takes([string("x", "the string"), string("key", "the key")])
        .gives(string("y", "the code in hexadecimal digits"))
}

fn members() -> Type {
    Type::object(Type::String, Type::any())
}

fn chain() -> Named {
    string(
        "certs",
        "PEM, or base64 of PEM or DER: what is trusted first, what is verified last",
    )
}

fn verified() -> Named {
    let tuple = Type::Array {
        prefix: vec![Type::Boolean, Type::array(members())],
        rest: None,
    };
    named(
        "output",
        tuple,
        "whether there is a path; it, its last certificate first, or `[]`",
    )
}

#[cfg(test)]
mod tests;
