//! Hexadecimal digits.

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};

use crate::builtins::{Context, Error, operand};
use crate::value::{Value, octets};

pub(super) fn encode(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let input = operand::string(args, 0)?;
    context.budget.build(input.len() as u64 * 2)?;
    Ok(HEXLOWER.encode(&octets::to_bytes(input)).into())
}

pub(super) fn decode(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let input = operand::string(args, 0)?;
    context.budget.build(input.len() as u64)?;
    if let Ok(bytes) = HEXLOWER_PERMISSIVE.decode(input.as_bytes()) {
        return Ok(super::text(bytes).into());
    }
    let wrong = input.bytes().find(|byte| !byte.is_ascii_hexdigit());
    Err(Error::Failed(match wrong.map(char::from) {
        Some(c) => format!("encoding/hex: invalid byte: U+{:04X} {c:?}", u32::from(c)),
        None => "encoding/hex: odd length hex string".to_owned(),
    }))
}
