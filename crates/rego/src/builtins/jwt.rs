//! `io.jwt.*`: JSON Web Tokens in JWS compact form. Read, verified, checked against constraints, and signed.
//!
//! What verifies follows OPA, and the RFCs where they ask for more: a token's `alg` is the algorithm that it is
//! verified with, a key belongs to one kind of algorithm, and a token with `crit` is refused, since no extension is
//! understood here. Encrypted tokens (JWE) are not read.

use super::declare::{any_object, boolean, named, string, takes};
use super::{Builtin, Context, Error};
use crate::types::{Function, Type};
use crate::value::Value;

mod algorithm;
pub(super) mod cache;
mod constraints;
mod decode;
mod jwk;
mod keys;
mod pem;
mod sign;
pub(super) mod signed;
mod token;
mod verify;

use self::algorithm::Algorithm;

const TOKENS: &[&str] = &["tokens"];
const SIGN: &[&str] = &["tokensign"];

/// The family's functions.
pub(super) static TABLE: &[Builtin] = &[
    Builtin::new(
        "io.jwt.decode",
        "Reads a token without verifying anything.",
        decode::decode,
    )
    .declared(|| {
        let parts = vec![any_object(), any_object(), Type::String];
        takes([string("jwt", "the token")]).gives(named(
            "output",
            tuple(parts),
            "header, payload and the signature in hexadecimal digits",
        ))
    })
    .categories(TOKENS),
    Builtin::new(
        "io.jwt.decode_verify",
        "Verifies a token, checks its claims, and reads it.",
        constraints::decode_verify,
    )
    .declared(|| {
        let parts = vec![Type::Boolean, any_object(), any_object()];
        takes([string("jwt", "the token"), {
            let constraints = Type::object(Type::String, Type::any());
            named(
                "constraints",
                constraints,
                "the key, and what claims must say",
            )
        }])
        .gives(named(
            "output",
            tuple(parts),
            "whether it holds; header and payload if it does, else empty objects",
        ))
    })
    .categories(TOKENS)
    .nondeterministic(),
    Builtin::new(
        "io.jwt.encode_sign",
        "Makes a signed token of objects.",
        sign::encode_sign,
    )
    .declared(|| {
        let object = |name, what| named(name, Type::object(Type::String, Type::any()), what);
        takes([
            object("headers", "the header"),
            object("payload", "the payload"),
            object("key", "a JSON Web Key"),
        ])
        .gives(string("output", "the token"))
    })
    .categories(SIGN)
    .nondeterministic(),
    Builtin::new(
        "io.jwt.encode_sign_raw",
        "Makes a signed token of texts as they are.",
        sign::encode_sign_raw,
    )
    .declared(|| {
        takes([
            string("headers", "the header"),
            string("payload", "the payload"),
            string("key", "a JSON Web Key"),
        ])
        .gives(string("output", "the token"))
    })
    .categories(SIGN)
    .nondeterministic(),
    by_key("io.jwt.verify_eddsa", |context, args| {
        verify::by_key(context, args, Algorithm::EdDsa)
    }),
    by_key("io.jwt.verify_es256", |context, args| {
        verify::by_key(context, args, Algorithm::Es256)
    }),
    by_key("io.jwt.verify_es384", |context, args| {
        verify::by_key(context, args, Algorithm::Es384)
    }),
    by_key("io.jwt.verify_es512", |context, args| {
        verify::by_key(context, args, Algorithm::Es512)
    }),
    by_secret("io.jwt.verify_hs256", |context, args| {
        verify::by_secret(context, args, Algorithm::Hs256)
    }),
    by_secret("io.jwt.verify_hs384", |context, args| {
        verify::by_secret(context, args, Algorithm::Hs384)
    }),
    by_secret("io.jwt.verify_hs512", |context, args| {
        verify::by_secret(context, args, Algorithm::Hs512)
    }),
    by_key("io.jwt.verify_ps256", |context, args| {
        verify::by_key(context, args, Algorithm::Ps256)
    }),
    by_key("io.jwt.verify_ps384", |context, args| {
        verify::by_key(context, args, Algorithm::Ps384)
    }),
    by_key("io.jwt.verify_ps512", |context, args| {
        verify::by_key(context, args, Algorithm::Ps512)
    }),
    by_key("io.jwt.verify_rs256", |context, args| {
        verify::by_key(context, args, Algorithm::Rs256)
    }),
    by_key("io.jwt.verify_rs384", |context, args| {
        verify::by_key(context, args, Algorithm::Rs384)
    }),
    by_key("io.jwt.verify_rs512", |context, args| {
        verify::by_key(context, args, Algorithm::Rs512)
    }),
];

/// A function that verifies with public keys.
const fn by_key(name: &'static str, run: super::Run) -> Builtin {
    Builtin::new(
        name,
        "Says whether a token's signature verifies under a public key.",
        run,
    )
    .declared(|| verifies("certificate", "a certificate, a public key or a JWK (set)"))
    .categories(TOKENS)
}

/// A function that verifies with a shared secret.
const fn by_secret(name: &'static str, run: super::Run) -> Builtin {
    Builtin::new(
        name,
        "Says whether a token's MAC verifies under a secret.",
        run,
    )
    .declared(|| verifies("secret", "the secret"))
    .categories(TOKENS)
}

fn verifies(key: &str, what: &str) -> Function {
    takes([string("jwt", "the token"), string(key, what)])
        .gives(boolean("result", "whether it verifies"))
}

fn tuple(prefix: Vec<Type>) -> Type {
    Type::Array { prefix, rest: None }
}

/// An `eval_builtin_error`.
fn failed(message: impl Into<String>) -> Error {
    Error::Failed(message.into())
}

/// Charges what values made of so much JSON may take: two bytes of it make a value at most.
fn charge_json(context: &mut Context<'_>, bytes: usize) -> Result<(), Error> {
    let values = bytes as u64 / 2 + 1;
    let bytes = values.saturating_mul(size_of::<Value>() as u64);
    context.budget.build(bytes)
}

#[cfg(test)]
mod tests;
