//! `io.jwt.decode`: reads, and verifies nothing.

use data_encoding::HEXLOWER;

use super::failed;
use super::token::{Token, object};
use crate::builtins::{Context, Error, operand};
use crate::value::Value;

/// Header, payload and signature; of a token in a token, those of the innermost.
pub(super) fn decode(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let mut text = operand::string(args, 0)?.to_string();
    // A token within is shorter than the one around it, so this ends.
    loop {
        let token = Token::split(&text)?;
        let header = token.header_object(context)?;
        let payload = token.payload(context)?;
        if is_token(header.get_str("cty"))? {
            let inner = String::from_utf8(payload);
            let inner = inner.map_err(|_| failed("the token within is no text"))?;
            inner.trim_matches(['"', '\'']).clone_into(&mut text);
            continue;
        }
        let payload = object(&payload, context)?;
        let signature = token.signature(context)?;
        let signature = HEXLOWER.encode(&signature);
        let parts: Vec<Value> = vec![header.into(), payload.into(), signature.into()];
        return Ok(parts.into());
    }
}

fn is_token(cty: Option<&Value>) -> Result<bool, Error> {
    match cty {
        None => Ok(false),
        Some(Value::String(cty)) => Ok(&**cty == "JWT"),
        Some(_) => Err(failed("cty: must be a string")),
    }
}
