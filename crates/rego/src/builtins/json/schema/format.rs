//! The named forms that a schema may ask of strings. A form that is not known here asks for nothing.

use std::net::IpAddr;

use crate::builtins::time::reads_as;
use crate::builtins::uri::Parts;
use crate::builtins::{Context, Error};

const TIMES: [&str; 2] = ["15:04:05", "15:04:05Z07:00"];
const DATE: &str = "2006-01-02";
const DATE_TIME: &str = "2006-01-02T15:04:05Z07:00";

/// Whether a string has a form.
pub(super) fn holds(context: &mut Context<'_>, form: &str, text: &str) -> Result<bool, Error> {
    context.budget.build(text.len() as u64 * 4)?;
    Ok(match form {
        "date" => reads_as(DATE, text),
        "time" => TIMES.iter().any(|layout| reads_as(layout, text)),
        // Looser than its name: a date or a time alone will do.
        "date-time" => {
            let mut layouts = TIMES.iter().chain([&DATE, &DATE_TIME]);
            layouts.any(|layout| reads_as(layout, text))
        }
        "hostname" => is_hostname(text),
        "email" | "idn-email" => is_mailbox(text),
        "ipv4" => is_address(text) && text.contains('.'),
        "ipv6" => is_address(text) && text.contains(':'),
        "uri" | "iri" => uri(text).is_some_and(|parts| !parts.scheme.is_empty()),
        "uri-reference" | "iri-reference" => uri(text).is_some(),
        "uri-template" => uri(text).is_some_and(|parts| is_template(&parts.path)),
        "uuid" => is_uuid(text),
        "regex" => is_pattern(context, text)?,
        "json-pointer" => is_pointer(text),
        "relative-json-pointer" => is_relative_pointer(text),
        _ => true,
    })
}

fn is_address(text: &str) -> bool {
    text.parse::<IpAddr>().is_ok()
}

fn uri(text: &str) -> Option<Parts> {
    Parts::parse(text).filter(|_| !text.contains('\\'))
}

fn is_pattern(context: &mut Context<'_>, text: &str) -> Result<bool, Error> {
    match context.caches.regex(text, context.budget) {
        Ok(_) => Ok(true),
        Err(Error::Failed(_) | Error::Type(_)) => Ok(false),
        Err(error) => Err(error),
    }
}

fn is_hostname(text: &str) -> bool {
    let label = |label: &str| {
        let inside = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
        let bytes = label.as_bytes();
        (1..=63).contains(&bytes.len())
            && label.bytes().all(inside)
            && bytes.first() != Some(&b'-')
            && bytes.last() != Some(&b'-')
    };
    text.len() < 256 && text.split('.').all(label)
}

fn is_uuid(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let hex = |part: &&str| part.bytes().all(|b| b.is_ascii_hexdigit());
    parts.iter().map(|part| part.len()).eq([8, 4, 4, 4, 12]) && parts.iter().all(hex)
}

/// Whether each brace that opens closes before another opens.
fn is_template(path: &str) -> bool {
    let mut rest = path;
    while let Some((_, inside)) = rest.split_once('{') {
        let Some((_, after)) = inside.split_once('}') else {
            return false;
        };
        rest = after;
    }
    true
}

fn is_pointer(text: &str) -> bool {
    let escaped = |part: &str| {
        let mut after = part.split('~').skip(1);
        after.all(|rest| rest.starts_with(['0', '1']))
    };
    text.is_empty()
        || text
            .strip_prefix('/')
            .is_some_and(|text| text.split('/').all(escaped))
}

fn is_relative_pointer(text: &str) -> bool {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let Some((number, rest)) = text.split_at_checked(digits) else {
        return false;
    };
    let canonical = number == "0" || !number.is_empty() && !number.starts_with('0');
    canonical && (rest == "#" || is_pointer(rest))
}

/// Whether a text is one mailbox of a mail (RFC 5322): an address, or a name and an address in angle brackets.
fn is_mailbox(text: &str) -> bool {
    let text = text.trim_matches([' ', '\t']);
    let Some(inside) = text.strip_suffix('>') else {
        return is_mail_address(text);
    };
    let Some((name, address)) = inside.rsplit_once('<') else {
        return false;
    };
    is_display_name(name) && is_mail_address(address.trim_matches([' ', '\t']))
}

/// Words, each an atom or a quoted text.
fn is_display_name(name: &str) -> bool {
    let mut rest = name.trim_start_matches([' ', '\t']);
    while !rest.is_empty() {
        let after = match rest.strip_prefix('"') {
            Some(quoted) => after_quote(quoted),
            None => after_atoms(rest),
        };
        let Some(after) = after else { return false };
        rest = after.trim_start_matches([' ', '\t']);
    }
    true
}

fn is_mail_address(text: &str) -> bool {
    let host = match text.strip_prefix('"') {
        Some(quoted) => after_quote(quoted),
        None => after_atoms(text),
    };
    let Some(host) = host.and_then(|rest| rest.strip_prefix('@')) else {
        return false;
    };
    if let Some(literal) = host.strip_prefix('[') {
        let literal = literal.strip_suffix(']').unwrap_or_default();
        return is_address(literal.strip_prefix("IPv6:").unwrap_or(literal));
    }
    after_atoms(host) == Some("")
}

/// What follows the atoms with dots between them that a text begins with; `None` if it begins with none.
fn after_atoms(text: &str) -> Option<&str> {
    let inside =
        |c: char| c.is_ascii_alphanumeric() || !c.is_ascii() || "!#$%&'*+-/=?^_`{|}~.".contains(c);
    let end = text.find(|c| !inside(c)).unwrap_or(text.len());
    let (atoms, rest) = text.split_at_checked(end)?;
    atoms
        .split('.')
        .all(|atom| !atom.is_empty())
        .then_some(rest)
}

/// What follows the quote that closes.
fn after_quote(text: &str) -> Option<&str> {
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return text.get(at + 1..),
            '\\' => {
                chars.next()?;
            }
            c if c.is_ascii_control() && c != '\t' => return None,
            _ => {}
        }
    }
    None
}
