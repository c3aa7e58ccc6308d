//! The functions over certificates and keys.

use super::certificate::Certificate;
use super::private_key::PrivateKey;
use super::request::Request;
use super::verify::{self, Options};
use super::{input, jwk, malformed, options, show};
use crate::builtins::encoding::base64;
use crate::builtins::{Context, Error, operand};
use crate::value::{Value, octets};

/// How many times its text a certificate's value may take: each of its parts stands in it as bytes, too.
const TIMES_TEXT: u64 = 24;

/// How many bytes are read for the price of one step.
const BYTES_A_STEP: u64 = 4;

/// What a private key costs, in steps.
const PRIVATE_KEY: u64 = 10_000;

/// How long a private key's text is at least.
const SHORTEST_KEY: u64 = 100;

pub(super) fn parse_certificates(
    context: &mut Context<'_>,
    args: &[&Value],
) -> Result<Value, Error> {
    let text = operand::string(args, 0)?;
    charge(context, text)?;
    let der = input::certificates(&octets::to_bytes(text))?;
    let certificates = Certificate::parse_all(&der)?;
    shown(certificates.iter(), true, context)
}

pub(super) fn verify(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let text = operand::string(args, 0)?;
    verified(context, text, true, Ok)
}

pub(super) fn verify_with_options(
    context: &mut Context<'_>,
    args: &[&Value],
) -> Result<Value, Error> {
    let text = operand::string(args, 0)?;
    let given = operand::object(args, 1)?;
    verified(context, text, false, |options| {
        options::parse(given, options)
    })
}

pub(super) fn parse_certificate_request(
    context: &mut Context<'_>,
    args: &[&Value],
) -> Result<Value, Error> {
    let text = operand::string(args, 0)?;
    charge(context, text)?;
    let der = input::request(&octets::to_bytes(text))?;
    let request = Request::parse(&der)?;
    show::request(&request, context.budget)
}

pub(super) fn parse_private_keys(
    context: &mut Context<'_>,
    args: &[&Value],
) -> Result<Value, Error> {
    let text = operand::string(args, 0)?;
    if text.is_empty() {
        return Ok(Value::Null);
    }
    let keys = private_keys(context, &octets::to_bytes(text))?;
    let keys = keys
        .iter()
        .map(|key| show::private_key(key, context.budget));
    Ok(keys.collect::<Result<Vec<_>, _>>()?.into())
}

pub(super) fn parse_rsa_private_key(
    context: &mut Context<'_>,
    args: &[&Value],
) -> Result<Value, Error> {
    let text = operand::string(args, 0)?;
    if text.is_empty() {
        return Err(malformed("private key: the text is empty").into());
    }
    let bytes = octets::to_bytes(text);
    let keys = if bytes.starts_with(b"-----BEGIN") {
        private_keys(context, &bytes)?
    } else {
        charge(context, text)?;
        private_keys(context, &base64(&bytes)?)?
    };
    match keys.first() {
        Some(key) => Ok(jwk::of(key)?),
        None => Ok(Value::Null),
    }
}

pub(super) fn parse_keypair(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let (certificates, key) = (operand::string(args, 0)?, operand::string(args, 1)?);
    charge(context, certificates)?;
    charge(context, key)?;
    context.budget.step(PRIVATE_KEY)?;
    let certificates = octets::to_bytes(certificates);
    let key = octets::to_bytes(key);
    let chain = input::chain(&certificates)?;
    let key = input::key(&key)?;
    let leaf = Certificate::parse(chain.first().map_or(&[], Vec::as_slice))?;
    let key = PrivateKey::parse_signing(&key)?;
    let belongs = leaf
        .key
        .as_ref()
        .is_some_and(|public| key.belongs_to(public));
    if !belongs {
        return Err(malformed("key pair: the key is not the certificate's").into());
    }
    show::key_pair(&chain, &leaf, &key, context.budget)
}

/// `[true, path]` or `[false, []]`. Options are looked at once the certificates are read.
fn verified(
    context: &mut Context<'_>,
    text: &str,
    strings: bool,
    with: impl FnOnce(Options) -> Result<Options, Error>,
) -> Result<Value, Error> {
    charge(context, text)?;
    let none = || Value::from(vec![false.into(), Vec::new().into()]);
    let Ok(der) = input::certificates(&octets::to_bytes(text)) else {
        return Ok(none());
    };
    let Ok(certificates) = Certificate::parse_all(&der) else {
        return Ok(none());
    };
    let options = with(Options {
        now_ns: context.now_ns.into(),
        ..Options::default()
    })?;
    let Some(path) = verify::path(&certificates, &options, context.budget)? else {
        return Ok(none());
    };
    let path = shown(path.into_iter(), strings, context)?;
    Ok(vec![true.into(), path].into())
}

fn shown<'c, 'd: 'c>(
    certificates: impl Iterator<Item = &'c Certificate<'d>>,
    strings: bool,
    context: &mut Context<'_>,
) -> Result<Value, Error> {
    let shown = certificates.map(|one| show::certificate(one, strings, context.budget));
    Ok(shown.collect::<Result<Vec<_>, _>>()?.into())
}

fn private_keys(context: &mut Context<'_>, text: &[u8]) -> Result<Vec<PrivateKey>, Error> {
    let length = text.len() as u64;
    context.budget.build(length * TIMES_TEXT)?;
    // As if all of it were keys.
    let keys = length.div_ceil(SHORTEST_KEY);
    context.budget.step(keys * PRIVATE_KEY / 4)?;
    Ok(input::private_keys(text)?)
}

/// Pays for reading a text and for showing what it says.
fn charge(context: &mut Context<'_>, text: &str) -> Result<(), Error> {
    let length = text.len() as u64;
    context.budget.build(length * TIMES_TEXT)?;
    context.budget.step(length / BYTES_A_STEP)
}
