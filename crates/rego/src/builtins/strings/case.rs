//! Upper and lower case, a character for a character.
//!
//! Unicode has two mappings; the one used here never makes several characters of one: `ß` stays as it is.

use crate::builtins::{Context, Error, operand};
use crate::value::{Str, Value, octets};

pub(super) fn lower(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let text = operand::string(args, 0)?;
    if text.is_ascii() {
        let changes = text.bytes().any(|b| b.is_ascii_uppercase());
        return ascii(context, text, changes, str::make_ascii_lowercase);
    }
    context.budget.build(text.len() as u64)?;
    let text = octets::to_lossy(text);
    Ok(text.chars().map(to_lower).collect::<String>().into())
}

pub(super) fn upper(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let text = operand::string(args, 0)?;
    if text.is_ascii() {
        let changes = text.bytes().any(|b| b.is_ascii_lowercase());
        return ascii(context, text, changes, str::make_ascii_uppercase);
    }
    context.budget.build(text.len() as u64)?;
    let text = octets::to_lossy(text);
    Ok(text.chars().map(to_upper).collect::<String>().into())
}

fn ascii(
    context: &mut Context<'_>,
    text: &Str,
    changes: bool,
    change: fn(&mut str),
) -> Result<Value, Error> {
    if !changes {
        return Ok(text.clone().into());
    }
    context.budget.build(text.len() as u64)?;
    let mut text = String::from(&**text);
    change(&mut text);
    Ok(text.into())
}

/// Unicode's simple mapping to lower case.
pub(in crate::builtins) fn to_lower(c: char) -> char {
    // The one letter whose full mapping has several characters.
    if c == 'İ' {
        return 'i';
    }
    only(c.to_lowercase()).unwrap_or(c)
}

/// Unicode's simple mapping to upper case.
pub(super) fn to_upper(c: char) -> char {
    only(c.to_uppercase()).unwrap_or_else(|| match c {
        // Greek letters with a subscript iota: the full mapping writes the iota beside the letter.
        '\u{1f80}'..='\u{1f87}' | '\u{1f90}'..='\u{1f97}' | '\u{1fa0}'..='\u{1fa7}' => {
            char::from_u32(u32::from(c) + 8).unwrap_or(c)
        }
        '\u{1fb3}' | '\u{1fc3}' | '\u{1ff3}' => char::from_u32(u32::from(c) + 9).unwrap_or(c),
        _ => c,
    })
}

fn only(mut mapped: impl Iterator<Item = char>) -> Option<char> {
    let first = mapped.next()?;
    mapped.next().is_none().then_some(first)
}
