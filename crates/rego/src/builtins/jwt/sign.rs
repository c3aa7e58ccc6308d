//! `io.jwt.encode_sign` and `io.jwt.encode_sign_raw`: tokens made here.
//!
//! No token is made that would not verify here: an algorithm signs with its own kind of key only.

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeyPairComponents};
use aws_lc_rs::signature::{EcdsaKeyPair, Ed25519KeyPair, RsaPublicKeyComponents};
use data_encoding::BASE64URL_NOPAD;
use num_bigint::{BigInt, Sign};

use super::algorithm::Algorithm;
use super::jwk::{self, Form, Jwk, RsaPrivate};
use super::keys::{LONGEST_RSA, trim};
use super::{charge_json, failed};
use crate::builtins::text::{self, Style};
use crate::builtins::{Context, Error, operand};
use crate::value::{Value, json, octets};

/// Header, payload and key are objects; any other value that the type checker lets pass is taken as its JSON.
pub(super) fn encode_sign(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let mut texts = [const { String::new() }; 3];
    for (at, text) in texts.iter_mut().enumerate() {
        *text = text::write(operand::value(args, at)?, Style::Json, context.budget)?;
    }
    let [header, payload, key] = &texts;
    token(
        context,
        header.as_bytes(),
        payload.as_bytes(),
        key.as_bytes(),
    )
}

/// Header, payload and key are texts.
pub(super) fn encode_sign_raw(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let [header, payload, key] =
        [0, 1, 2].map(|at| operand::string(args, at).map(|t| octets::to_bytes(t)));
    token(context, &header?, &payload?, &key?)
}

fn token(
    context: &mut Context<'_>,
    header: &[u8],
    payload: &[u8],
    key: &[u8],
) -> Result<Value, Error> {
    charge_json(context, header.len() + payload.len() + key.len())?;
    let keys = jwk::parse(key)?;
    let key = keys
        .first()
        .ok_or_else(|| failed("no key in the JWK set"))?;
    let parsed = json::parse(header);
    let parsed = parsed.map_err(|error| failed(format!("the header is no JSON: {error}")))?;
    let alg = parsed.get_str("alg").and_then(Value::as_str);
    let alg = alg.ok_or_else(|| failed("the header has no alg, or one that is no string"))?;
    let algorithm = Algorithm::named(alg);
    let algorithm = algorithm.ok_or_else(|| failed(format!("unknown JWS algorithm: {alg}")))?;
    let typ = parsed.get_str("typ").and_then(Value::as_str);
    if typ.is_none_or(|typ| typ == "JWT") && json::parse(payload).is_err() {
        return Err(failed("type is JWT but payload is not JSON"));
    }
    let mut token = BASE64URL_NOPAD.encode(header);
    token.push('.');
    BASE64URL_NOPAD.encode_append(payload, &mut token);
    context.budget.step(cost(key) + token.len() as u64 / 16)?;
    let signature = sign(key, algorithm, token.as_bytes())?;
    token.push('.');
    BASE64URL_NOPAD.encode_append(&signature, &mut token);
    Ok(token.into())
}

/// What signing costs, in steps.
fn cost(key: &Jwk) -> u64 {
    match &key.form {
        Form::Rsa { n, .. } => {
            let words = n.len() as u64 / 8;
            words.saturating_pow(3)
        }
        Form::Secret(_) => 50,
        _ => 4000,
    }
}

fn sign(key: &Jwk, algorithm: Algorithm, message: &[u8]) -> Result<Vec<u8>, Error> {
    let unfit = || failed("the key is not one that the algorithm signs with");
    let unsigned = |_| failed("the key does not sign");
    match &key.form {
        Form::Secret(secret) => {
            let hash = algorithm.hmac().ok_or_else(unfit)?;
            let key = hmac::Key::new(hash, secret);
            Ok(hmac::sign(&key, message).as_ref().to_vec())
        }
        Form::Rsa {
            n,
            e,
            private: Some(private),
        } => {
            let encoding = algorithm.rsa_signing().ok_or_else(unfit)?;
            let pair = rsa(n, e, private)?;
            let mut signature = vec![0; pair.public_modulus_len()];
            let random = SystemRandom::new();
            pair.sign(encoding, &random, message, &mut signature)
                .map_err(unsigned)?;
            Ok(signature)
        }
        Form::Ec {
            curve,
            point,
            d: Some(d),
        } => {
            let curve = Some(*curve).filter(|curve| algorithm.curve() == Some(*curve));
            let signing = curve.ok_or_else(unfit)?.signing();
            let pair = EcdsaKeyPair::from_private_key_and_public_key(signing, d, point);
            let pair = pair.map_err(|_| failed("not an EC key: d does not belong to x and y"))?;
            let signature = pair.sign(&SystemRandom::new(), message).map_err(unsigned)?;
            Ok(signature.as_ref().to_vec())
        }
        Form::Ed25519 { x, d: Some(d) } if algorithm == Algorithm::EdDsa => {
            let pair = Ed25519KeyPair::from_seed_and_public_key(d, x);
            let pair = pair.map_err(|_| failed("not an Ed25519 key: d does not belong to x"))?;
            Ok(pair.try_sign(message).map_err(unsigned)?.as_ref().to_vec())
        }
        _ => Err(unfit()),
    }
}

/// The key pair; what can be computed need not be given.
fn rsa(n: &[u8], e: &[u8], private: &RsaPrivate) -> Result<KeyPair, Error> {
    let long = |number: &[u8]| number.len() > 2 * LONGEST_RSA;
    // No key that is longer can be used; computing with it takes long.
    if long(n)
        || [&private.d, &private.p, &private.q]
            .into_iter()
            .any(|number| long(number))
    {
        return Err(failed("an RSA key that is too long"));
    }
    let number = |bytes: &[u8]| BigInt::from_bytes_be(Sign::Plus, bytes);
    let (one, p, q) = (BigInt::from(1_u8), number(&private.p), number(&private.q));
    if p <= one || q <= one {
        return Err(failed("not an RSA key: p or q is wrong"));
    }
    let given = |given: &Option<Vec<u8>>, otherwise: &dyn Fn() -> Option<BigInt>| match given {
        Some(bytes) => bytes.clone(),
        None => otherwise().map_or_else(Vec::new, |number| number.to_bytes_be().1),
    };
    let exponent = |prime: &BigInt| Some(number(&private.d) % (prime - &one));
    let components = KeyPairComponents {
        public_key: RsaPublicKeyComponents {
            n: trim(n).to_vec(),
            e: trim(e).to_vec(),
        },
        d: private.d.clone(),
        p: private.p.clone(),
        q: private.q.clone(),
        dP: given(&private.dp, &|| exponent(&p)),
        dQ: given(&private.dq, &|| exponent(&q)),
        qInv: given(&private.qi, &|| q.modinv(&p)),
    };
    let pair = KeyPair::from_components(&components);
    pair.map_err(|_| failed("not an RSA key of 2048 to 8192 bits whose numbers belong together"))
}
