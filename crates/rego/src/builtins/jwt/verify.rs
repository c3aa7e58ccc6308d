//! `io.jwt.verify_*`: whether a signature verifies, by the algorithm that the function is named after.

use super::algorithm::Algorithm;
use super::cache::{Use, Verified};
use super::charge_json;
use super::keys::{is_no_secret, mac_verifies};
use super::token::Token;
use crate::builtins::{Context, Error, operand};
use crate::value::{Value, octets};

/// Verifies with a certificate, a public key or a JWK set.
pub(super) fn by_key(
    context: &mut Context<'_>,
    args: &[&Value],
    algorithm: Algorithm,
) -> Result<Value, Error> {
    let text = operand::string(args, 0)?;
    let token = Token::split(text)?;
    let certificate = operand::string(args, 1)?;
    let caches = context.caches.tokens();
    let keys = caches.keys(certificate, context)?;
    let id = caches.id(text, &keys, Use::Verify(algorithm));
    if caches.verified(id.as_ref()).is_some() {
        return Ok(true.into());
    }
    // What cannot be read is an error even where it would be refused.
    token.signature(context)?;
    let header = token.header(context)?;
    let verified = header.acceptable() == Some(algorithm)
        && keys.verify(&token, &header, algorithm, false, context)?;
    if verified {
        caches.remember(id, &Verified::Signature);
    }
    Ok(verified.into())
}

/// Verifies with a shared secret.
pub(super) fn by_secret(
    context: &mut Context<'_>,
    args: &[&Value],
    algorithm: Algorithm,
) -> Result<Value, Error> {
    let text = operand::string(args, 0)?;
    let secret = operand::string(args, 1)?;
    let token = Token::split(text)?;
    charge_json(context, text.len() + secret.len())?;
    let caches = context.caches.tokens();
    let bytes = octets::to_bytes(secret);
    let id = caches.id_by_secret(text, &bytes, Use::Verify(algorithm));
    if caches.verified(id.as_ref()).is_some() {
        return Ok(true.into());
    }
    let signature = token.signature(context)?;
    // OPA does not look at the header here; a token that it cannot be made out of is refused.
    let header = match token.header(context) {
        Ok(header) => header,
        Err(Error::Failed(_)) => return Ok(false.into()),
        Err(error) => return Err(error),
    };
    let verified = header.acceptable() == Some(algorithm)
        && !is_no_secret(secret)
        && mac_verifies(&bytes, algorithm, token.signed.as_bytes(), &signature);
    if verified {
        caches.remember(id, &Verified::Signature);
    }
    Ok(verified.into())
}
