//! `io.jwt.decode_verify`: a token verified, and its claims held against constraints.

use std::sync::Arc;

use super::algorithm::Algorithm;
use super::cache::{Use, Verified};
use super::keys::{KeySet, is_no_secret, mac_verifies};
use super::token::{Header, Token, object};
use super::{charge_json, failed};
use crate::builtins::{Context, Error, operand};
use crate::value::{Number, Object, Str, Value, octets};

/// What a token is held against.
struct Constraints<'v> {
    key: KeyConstraint<'v>,
    /// Empty where there is none; so are the next two.
    alg: &'v str,
    iss: &'v str,
    aud: &'v str,
    /// Seconds since 1970. A double, as in OPA: the last digits of nanoseconds are lost.
    time: f64,
}

/// Up to here doubles hold every integer.
const EXACT: u64 = 1 << 53;

/// With what it is verified.
enum KeyConstraint<'v> {
    Keys(Arc<KeySet>),
    Secret(&'v Str),
}

/// Verifies a token, checks its claims, and reads it.
pub(super) fn decode_verify(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let constraints = Constraints::read(operand::object(args, 1)?, context)?;
    let text = operand::string(args, 0)?;
    match constraints.read_verified(text, context)? {
        Some((header, payload)) if constraints.claims_hold(&payload)? => {
            Ok(vec![true.into(), header.into(), payload.into()].into())
        }
        _ => {
            let nothing = || Value::from(Object::default());
            Ok(vec![false.into(), nothing(), nothing()].into())
        }
    }
}

// === impl Constraints ===

impl<'v> Constraints<'v> {
    fn read(object: &'v Object, context: &mut Context<'_>) -> Result<Self, Error> {
        let text = |name: &str| match object.get_str(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(failed(format!("{name} constraint: must be a string"))),
        };
        let known = ["alg", "aud", "cert", "iss", "secret", "time"];
        let unknown = |key: &&Value| !key.as_str().is_some_and(|key| known.contains(&key));
        if let Some(name) = object.keys().find(unknown) {
            let message = format!("unknown token validation constraint: {name}");
            return Err(failed(message));
        }
        let [alg, iss, aud] = ["alg", "iss", "aud"].map(text);
        let secret = text("secret")?.filter(|secret| !secret.is_empty());
        let keys = match text("cert")? {
            None => None,
            Some(text) => Some(context.caches.tokens().keys(text, context)?),
        };
        let plain = |text: Option<&'v Str>| text.map_or("", |text| text);
        let time = match object.get_str("time") {
            None => seconds(&Number::from(context.now_ns))?,
            Some(Value::Number(time)) => seconds(time)?,
            Some(_) => return Err(failed("token time constraint: must be a number")),
        };
        Ok(Self {
            alg: plain(alg?),
            iss: plain(iss?),
            aud: plain(aud?),
            time,
            key: match (keys, secret) {
                (Some(keys), None) => KeyConstraint::Keys(keys),
                (None, Some(secret)) => KeyConstraint::Secret(secret),
                (None, None) => return Err(failed("no key constraint")),
                (Some(_), Some(_)) => return Err(failed("duplicate key constraints")),
            },
        })
    }

    /// Header and payload of a token that verifies, from memory or by verifying it.
    fn read_verified(
        &self,
        text: &str,
        context: &mut Context<'_>,
    ) -> Result<Option<(Object, Object)>, Error> {
        let caches = context.caches.tokens();
        let only = Algorithm::named(self.alg);
        let what_for = Use::DecodeVerify(only);
        let id = match &self.key {
            // What is no algorithm verifies nothing, and must not be taken for "any".
            _ if only.is_none() && !self.alg.is_empty() => None,
            KeyConstraint::Keys(keys) => caches.id(text, keys, what_for),
            KeyConstraint::Secret(secret) => {
                caches.id_by_secret(text, &octets::to_bytes(secret), what_for)
            }
        };
        if let Some(Verified::Parts(header, payload)) = caches.verified(id.as_ref()) {
            return Ok(Some((header, payload)));
        }
        let Some((header, payload)) = self.verify(text, context)? else {
            return Ok(None);
        };
        let parts = Verified::Parts(header.clone(), payload.clone());
        caches.remember(id, &parts);
        Ok(Some((header, payload)))
    }

    /// Header and payload of the innermost token, if each around it verifies too.
    fn verify(
        &self,
        text: &str,
        context: &mut Context<'_>,
    ) -> Result<Option<(Object, Object)>, Error> {
        let mut inner;
        let mut text = text;
        // A token within is shorter than the one around it, so this ends.
        loop {
            let token = Token::split(text)?;
            let header = token.header(context)?;
            let Some(algorithm) = header.acceptable() else {
                return Ok(None);
            };
            if !self.alg.is_empty() && self.alg != header.alg {
                return Ok(None);
            }
            if !self.signature_holds(&token, &header, algorithm, context)? {
                return Ok(None);
            }
            let payload = token.payload(context)?;
            if header.cty.eq_ignore_ascii_case("JWT") {
                inner = String::from_utf8(payload);
                text = inner
                    .as_deref()
                    .map_err(|_| failed("the token within is no text"))?;
                continue;
            }
            return Ok(Some((header.object, object(&payload, context)?)));
        }
    }

    fn signature_holds(
        &self,
        token: &Token<'_>,
        header: &Header,
        algorithm: Algorithm,
        context: &mut Context<'_>,
    ) -> Result<bool, Error> {
        match &self.key {
            KeyConstraint::Keys(keys) => keys.verify(token, header, algorithm, true, context),
            KeyConstraint::Secret(secret) => {
                let signature = token.signature(context)?;
                let message = token.signed.as_bytes();
                charge_json(context, message.len() + secret.len())?;
                let bytes = octets::to_bytes(secret);
                Ok(!is_no_secret(secret) && mac_verifies(&bytes, algorithm, message, &signature))
            }
        }
    }

    /// Whether issuer, audience and times are right; asked each time, whatever is remembered.
    fn claims_hold(&self, payload: &Object) -> Result<bool, Error> {
        let issuer = payload.get_str("iss").and_then(Value::as_str);
        if !self.iss.is_empty() && issuer != Some(self.iss) {
            return Ok(false);
        }
        let meant = match payload.get_str("aud") {
            None => self.aud.is_empty(),
            Some(Value::Array(names)) => names.iter().any(|name| name.as_str() == Some(self.aud)),
            Some(name) => name.as_str() == Some(self.aud),
        };
        if !meant {
            return Ok(false);
        }
        if let Some(exp) = instant(payload, "exp")?
            && has_come(exp, self.time)?
        {
            return Ok(false);
        }
        let nbf = instant(payload, "nbf")?;
        nbf.map_or(Ok(true), |nbf| has_come(nbf, self.time))
    }
}

/// A claim that says when.
fn instant<'p>(payload: &'p Object, name: &str) -> Result<Option<&'p Number>, Error> {
    match payload.get_str(name) {
        None => Ok(None),
        Some(Value::Number(number)) => Ok(Some(number)),
        Some(_) => Err(failed(format!("{name} value must be a number"))),
    }
}

/// Whether what a claim says is now or in the past.
#[expect(
    clippy::cast_precision_loss,
    reason = "nothing is lost of what is filtered"
)]
fn has_come(claim: &Number, now: f64) -> Result<bool, Error> {
    // Almost all claims are such integers.
    if let Some(claim) = claim.as_i64().filter(|claim| claim.unsigned_abs() <= EXACT) {
        return Ok(now >= claim as f64);
    }
    let now = Number::try_from(now).map_err(|_| too_large())?;
    Ok(now >= *claim)
}

/// Nanoseconds as seconds.
fn seconds(nanoseconds: &Number) -> Result<f64, Error> {
    let nanoseconds = nanoseconds.to_f64();
    if nanoseconds < 0.0 {
        return Err(failed("token time constraint: must not be negative"));
    }
    let seconds = nanoseconds / 1e9;
    if seconds.is_finite() {
        Ok(seconds)
    } else {
        Err(too_large())
    }
}

#[cold]
fn too_large() -> Error {
    failed("token time constraint: too large")
}
