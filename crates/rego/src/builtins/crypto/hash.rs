//! Hashes and message authentication codes, as hexadecimal digits.

use aws_lc_rs::{constant_time, digest, hmac};
use data_encoding::HEXLOWER;

use crate::builtins::{Context, Error, operand};
use crate::value::{Value, octets};

/// How many bytes are hashed for the price of one step.
const BYTES_A_STEP: u64 = 16;

/// The bytes that MD5 hashes at a time.
const MD5_BLOCK: usize = 64;

/// The hash of `bytes` by an algorithm as NIST calls it (`SHA-256`), for a host that checks what it was sent; `None` of
/// one that is not computed here.
#[must_use]
pub fn digest(algorithm: &str, bytes: &[u8]) -> Option<Vec<u8>> {
    let algorithm = match algorithm {
        "MD5" => return Some(md5::compute(bytes).0.to_vec()),
        "SHA-1" => &digest::SHA1_FOR_LEGACY_USE_ONLY,
        "SHA-224" => &digest::SHA224,
        "SHA-256" => &digest::SHA256,
        "SHA-384" => &digest::SHA384,
        "SHA-512" => &digest::SHA512,
        "SHA-512-256" => &digest::SHA512_256,
        _ => return None,
    };
    Some(digest::digest(algorithm, bytes).as_ref().to_vec())
}

pub(super) fn md5(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let text = operand::string(args, 0)?;
    charge(context, text)?;
    Ok(hex(&md5::compute(octets::to_bytes(text)).0))
}

pub(super) fn sha1(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    hashed(context, args, &digest::SHA1_FOR_LEGACY_USE_ONLY)
}

pub(super) fn sha256(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    hashed(context, args, &digest::SHA256)
}

pub(super) fn hmac_md5(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let (text, key) = (operand::string(args, 0)?, operand::string(args, 1)?);
    charge(context, text)?;
    charge(context, key)?;
    let (text, key) = (octets::to_bytes(text), octets::to_bytes(key));
    let digest = (key.len() > MD5_BLOCK).then(|| md5::compute(&key).0);
    let key = digest
        .as_ref()
        .map_or(key.as_ref(), |digest| digest.as_slice());
    let padded = |with: u8| {
        let zeros = std::iter::repeat_n(&0, MD5_BLOCK - key.len());
        let bytes = key.iter().chain(zeros).map(move |byte| byte ^ with);
        bytes.collect::<Vec<u8>>()
    };
    let inner = md5::compute([padded(0x36).as_slice(), &text].concat()).0;
    Ok(hex(&md5::compute(
        [padded(0x5c).as_slice(), &inner].concat(),
    )
    .0))
}

pub(super) fn hmac_sha1(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    authenticated(context, args, hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY)
}

pub(super) fn hmac_sha256(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    authenticated(context, args, hmac::HMAC_SHA256)
}

pub(super) fn hmac_sha512(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    authenticated(context, args, hmac::HMAC_SHA512)
}

/// Compares two codes in a time that does not depend on what they are.
pub(super) fn equal(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let (left, right) = (operand::string(args, 0)?, operand::string(args, 1)?);
    charge(context, left)?;
    let (left, right) = (octets::to_bytes(left), octets::to_bytes(right));
    let equal = constant_time::verify_slices_are_equal(&left, &right).is_ok();
    Ok(equal.into())
}

fn hashed(
    context: &mut Context<'_>,
    args: &[&Value],
    algorithm: &'static digest::Algorithm,
) -> Result<Value, Error> {
    let text = operand::string(args, 0)?;
    charge(context, text)?;
    let digest = digest::digest(algorithm, &octets::to_bytes(text));
    Ok(hex(digest.as_ref()))
}

fn authenticated(
    context: &mut Context<'_>,
    args: &[&Value],
    algorithm: hmac::Algorithm,
) -> Result<Value, Error> {
    let (text, key) = (operand::string(args, 0)?, operand::string(args, 1)?);
    charge(context, text)?;
    charge(context, key)?;
    let key = hmac::Key::new(algorithm, &octets::to_bytes(key));
    let code = hmac::sign(&key, &octets::to_bytes(text));
    Ok(hex(code.as_ref()))
}

fn charge(context: &mut Context<'_>, text: &str) -> Result<(), Error> {
    context.budget.step(text.len() as u64 / BYTES_A_STEP)
}

fn hex(bytes: &[u8]) -> Value {
    HEXLOWER.encode(bytes).into()
}
