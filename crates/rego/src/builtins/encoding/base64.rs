//! Base64 as Go reads it: line breaks are skipped, padding is needed, and bits left over at the end are not looked at.

use data_encoding::{BASE64, BASE64URL, BASE64URL_NOPAD, Encoding};

use crate::builtins::{Context, Error, operand};
use crate::value::{Value, octets};

/// The alphabet of standard base64 with the two characters of each variant at its end.
#[derive(Clone, Copy)]
enum Alphabet {
    Standard,
    Url,
}

pub(super) fn encode(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    encode_in(context, args, &BASE64)
}

pub(super) fn encode_url(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    encode_in(context, args, &BASE64URL)
}

pub(super) fn encode_url_no_pad(
    context: &mut Context<'_>,
    args: &[&Value],
) -> Result<Value, Error> {
    encode_in(context, args, &BASE64URL_NOPAD)
}

pub(super) fn decode(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let input = operand::string(args, 0)?;
    context.budget.build(input.len() as u64)?;
    let bytes = read(input.as_bytes(), Alphabet::Standard).map_err(illegal)?;
    Ok(super::text(bytes).into())
}

pub(super) fn decode_url(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let input = operand::string(args, 0)?;
    context.budget.build(input.len() as u64)?;
    let mut padded = String::from(&**input);
    if !padded.ends_with('=') {
        padded.push_str(match padded.len() % 4 {
            0 => "",
            2 => "==",
            3 => "=",
            _ => {
                let message = format!("illegal base64url string: {padded}");
                return Err(Error::Failed(message));
            }
        });
    }
    let bytes = read(padded.as_bytes(), Alphabet::Url).map_err(illegal)?;
    Ok(super::text(bytes).into())
}

pub(super) fn is_valid(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let Value::String(input) = operand::value(args, 0)? else {
        return Ok(false.into());
    };
    context.budget.build(input.len() as u64)?;
    Ok(read(input.as_bytes(), Alphabet::Standard).is_ok().into())
}

fn encode_in(
    context: &mut Context<'_>,
    args: &[&Value],
    encoding: &Encoding,
) -> Result<Value, Error> {
    let input = operand::string(args, 0)?;
    context.budget.build(input.len() as u64 * 4 / 3 + 4)?;
    Ok(encoding.encode(&octets::to_bytes(input)).into())
}

/// The bytes, or the position of what is illegal.
fn read(input: &[u8], alphabet: Alphabet) -> Result<Vec<u8>, usize> {
    let mut output = Vec::with_capacity(input.len() / 4 * 3);
    let mut digits = input
        .iter()
        .enumerate()
        .filter(|(_, byte)| !matches!(byte, b'\n' | b'\r'));
    let (mut bits, mut count, mut last) = (0_u32, 0_usize, 0);
    while let Some((at, byte)) = digits.next() {
        if *byte == b'=' {
            return end(output, bits, count, at, &mut digits, input.len());
        }
        let digit = digit(*byte, alphabet).ok_or(at)?;
        if count == 0 {
            last = at;
        }
        bits = bits << 6 | u32::from(digit);
        count += 1;
        if count == 4 {
            output.extend(bits.to_be_bytes().get(1..).unwrap_or_default());
            (bits, count) = (0, 0);
        }
    }
    if count == 0 { Ok(output) } else { Err(last) }
}

/// What the padding that begins at `at` makes of the last digits.
fn end<'i>(
    mut output: Vec<u8>,
    bits: u32,
    count: usize,
    at: usize,
    rest: &mut impl Iterator<Item = (usize, &'i u8)>,
    len: usize,
) -> Result<Vec<u8>, usize> {
    let bytes = match count {
        2 => {
            match rest.next() {
                Some((_, b'=')) => {}
                Some((at, _)) => return Err(at),
                None => return Err(len),
            }
            1
        }
        3 => 2,
        _ => return Err(at),
    };
    if let Some((at, _)) = rest.next() {
        return Err(at);
    }
    let bits = bits << (6 * (4 - count));
    output.extend(bits.to_be_bytes().get(1..=bytes).unwrap_or_default());
    Ok(output)
}

fn digit(byte: u8, alphabet: Alphabet) -> Option<u8> {
    match (byte, alphabet) {
        (b'A'..=b'Z', _) => Some(byte - b'A'),
        (b'a'..=b'z', _) => Some(byte - b'a' + 26),
        (b'0'..=b'9', _) => Some(byte - b'0' + 52),
        (b'+', Alphabet::Standard) | (b'-', Alphabet::Url) => Some(62),
        (b'/', Alphabet::Standard) | (b'_', Alphabet::Url) => Some(63),
        _ => None,
    }
}

fn illegal(at: usize) -> Error {
    Error::Failed(format!("illegal base64 data at input byte {at}"))
}
