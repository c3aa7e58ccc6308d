//! A token's three parts and its header.

use super::algorithm::Algorithm;
use super::{charge_json, failed};
use crate::builtins::encoding::base64url;
use crate::builtins::{Context, Error};
use crate::value::{Object, Value, json};

/// A token in its three parts, none of them read yet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Token<'t> {
    header: &'t str,
    payload: &'t str,
    signature: &'t str,
    /// Header and payload with the period between them: what is signed.
    pub(super) signed: &'t str,
}

/// A header that has been read.
#[derive(Debug)]
pub(super) struct Header {
    /// All of it.
    pub(super) object: Object,
    /// `alg`, where it names an algorithm.
    pub(super) algorithm: Option<Algorithm>,
    /// `alg` as it stands there; empty where it is missing.
    pub(super) alg: String,
    /// `kid`; empty where it is missing.
    pub(super) kid: String,
    /// `cty`; empty where it is missing.
    pub(super) cty: String,
    critical: bool,
}

// === impl Token ===

impl<'t> Token<'t> {
    /// Parts a text at its two periods.
    pub(super) fn split(text: &'t str) -> Result<Self, Error> {
        let mut parts = text.split('.');
        let (header, payload, signature) = (parts.next(), parts.next(), parts.next());
        match (header, payload, signature, parts.next()) {
            (Some(header), Some(payload), Some(signature), None) => Ok(Self {
                header,
                payload,
                signature,
                signed: text
                    .get(..header.len() + 1 + payload.len())
                    .unwrap_or_default(),
            }),
            (_, None, _, _) => Err(failed("the encoded JWT has no period")),
            _ => {
                let found = text.split('.').count();
                let message = format!("encoded JWT must have 3 sections, found {found}");
                Err(failed(message))
            }
        }
    }

    /// The header's object.
    pub(super) fn header_object(&self, context: &mut Context<'_>) -> Result<Object, Error> {
        let bytes = base64url(self.header, context.budget)?;
        let header = object(&bytes, context)?;
        if header.get_str("enc").is_some() {
            return Err(failed("the JWT is encrypted (JWE): it cannot be read"));
        }
        Ok(header)
    }

    /// The header.
    pub(super) fn header(&self, context: &mut Context<'_>) -> Result<Header, Error> {
        Header::new(self.header_object(context)?)
    }

    /// The payload's bytes.
    pub(super) fn payload(&self, context: &mut Context<'_>) -> Result<Vec<u8>, Error> {
        base64url(self.payload, context.budget)
    }

    /// The signature's bytes.
    pub(super) fn signature(&self, context: &mut Context<'_>) -> Result<Vec<u8>, Error> {
        base64url(self.signature, context.budget)
    }
}

// === impl Header ===

impl Header {
    fn new(object: Object) -> Result<Self, Error> {
        let text = |name: &str| match object.get_str(name) {
            None => Ok(String::new()),
            Some(Value::String(text)) => Ok(text.to_string()),
            Some(_) => Err(failed(format!("{name}: must be a string"))),
        };
        text("typ")?;
        let alg = text("alg")?;
        Ok(Self {
            algorithm: Algorithm::named(&alg),
            alg,
            kid: text("kid")?,
            cty: text("cty")?,
            critical: critical(&object)?,
            object,
        })
    }

    /// The algorithm that the token may be verified with: there is one, and nothing is said to be critical.
    pub(super) fn acceptable(&self) -> Option<Algorithm> {
        // RFC 7515, 4.1.11: who does not understand what `crit` lists refuses the token. Nothing is understood here.
        self.algorithm.filter(|_| !self.critical)
    }
}

/// Whether there is a `crit`; it must be a list that begins with a string.
fn critical(header: &Object) -> Result<bool, Error> {
    let Some(crit) = header.get_str("crit") else {
        return Ok(false);
    };
    let Value::Array(names) = crit else {
        return Err(failed("crit: must be a list"));
    };
    match names.iter().next() {
        Some(Value::String(_)) => Ok(true),
        _ => Err(failed("crit: must be a nonempty list of strings")),
    }
}

/// An object from JSON.
pub(super) fn object(bytes: &[u8], context: &mut Context<'_>) -> Result<Object, Error> {
    charge_json(context, bytes.len())?;
    match json::parse(bytes) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(failed("decoded JSON type was not an Object")),
        Err(error) => Err(failed(error.to_string())),
    }
}
