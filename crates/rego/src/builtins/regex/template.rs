//! Templates: text with patterns between two delimiters, as one pattern.

use super::compiled::Regex;
use super::re2;
use crate::builtins::{Budget, Error};

/// The pattern that matches whole texts of `template`.
pub(super) fn pattern(
    template: &str,
    start: u8,
    end: u8,
    budget: &mut Budget,
) -> Result<String, Error> {
    let mut pattern = "^".to_owned();
    let (mut level, mut from, mut after) = (0_u32, 0, 0);
    for (at, byte) in template.bytes().enumerate() {
        budget.step(1)?;
        if byte == start {
            level += 1;
            if level == 1 {
                from = at;
            }
        } else if byte == end {
            level = level.checked_sub(1).ok_or_else(|| unbalanced(template))?;
            if level == 0 {
                let inner = slice(template, from + 1, at);
                Regex::compile(&format!("^{inner}$"), budget)?;
                pattern.push_str(&re2::quote(slice(template, after, from)));
                pattern.extend(["(", inner, ")"]);
                after = at + 1;
            }
        }
    }
    if level != 0 {
        return Err(unbalanced(template));
    }
    pattern.push_str(&re2::quote(slice(template, after, template.len())));
    pattern.push('$');
    Ok(pattern)
}

/// The delimiters are ASCII, so that no slice begins or ends inside a character.
fn slice(template: &str, from: usize, to: usize) -> &str {
    template.get(from..to).unwrap_or_default()
}

#[cold]
fn unbalanced(template: &str) -> Error {
    Error::Failed(format!("unbalanced braces in {template:?}"))
}
