//! `${VAR}` in the text of the configuration file, before it is read as YAML.

use std::collections::HashMap;
use std::ffi::OsString;
use std::hash::BuildHasher;

/// Look-ups into the environment, or into what a test puts in its place.
pub trait Strings {
    /// The value of `name`; `None` when it is not set or is not UTF-8.
    fn get(&self, name: &str) -> Option<String>;

    /// All of them, with what is not UTF-8 replaced.
    fn all(&self) -> Vec<(String, String)>;
}

/// The process's environment.
#[derive(Debug, Clone, Copy, Default)]
pub struct Environment;

/// Replaces each `${NAME}` whose variable is set; one that is not set stays as it is.
pub(super) fn substitute(text: &str, env: &dyn Strings) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let (before, from) = rest.split_at(start);
        out.push_str(before);
        let Some(end) = from
            .find(['}', '\n'])
            .filter(|end| from[*end..].starts_with('}'))
        else {
            // No closing brace on this line: the opening one means nothing.
            let (literal, after) = from.split_at(2);
            out.push_str(literal);
            rest = after;
            continue;
        };
        let name = from.get(2..end).unwrap_or_default();
        match env.get(name) {
            Some(value) => out.push_str(&value),
            None if name.is_empty() => {}
            None => out.push_str(&from[..=end]),
        }
        rest = &from[end + 1..];
    }
    out.push_str(rest);
    out
}

// === impl Environment ===

impl Strings for Environment {
    fn get(&self, name: &str) -> Option<String> {
        // The standard library panics on names that no variable can have.
        if name.is_empty() || name.contains(['=', '\0']) {
            return None;
        }
        std::env::var(name).ok()
    }

    fn all(&self) -> Vec<(String, String)> {
        let text = |text: OsString| text.to_string_lossy().into_owned();
        let variables = std::env::vars_os();
        variables
            .map(|(name, value)| (text(name), text(value)))
            .collect()
    }
}

impl<S: BuildHasher> Strings for HashMap<String, String, S> {
    fn get(&self, name: &str) -> Option<String> {
        HashMap::get(self, name).cloned()
    }

    fn all(&self) -> Vec<(String, String)> {
        let variables = self.iter();
        variables
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_replaced_in_the_raw_text() {
        let env: HashMap<String, String> = [
            ("A", "one"),
            ("EMPTY", ""),
            ("YAML", "x: [1]"),
            ("A B", "spaced"),
            ("LOOP", "${A}"),
        ]
        .map(|(k, v)| (k.to_owned(), v.to_owned()))
        .into();
        let table = [
            ("a: ${A}", "a: one"),
            ("${A}${A}", "oneone"),
            ("a: ${MISSING}", "a: ${MISSING}"),
            ("a: '${EMPTY}'", "a: ''"),
            ("${YAML}", "x: [1]"),
            ("# ${A}", "# one"),
            ("${A B}", "spaced"),
            ("${LOOP}", "${A}"),
            ("a: $A $ {A}", "a: $A $ {A}"),
            ("${A\n}", "${A\n}"),
            ("${A\n${A}", "${A\none"),
            ("${", "${"),
            ("a${}b", "ab"),
            ("${ü}${A}", "${ü}one"),
        ];
        for (text, want) in table {
            assert_eq!(substitute(text, &env), want, "`{text}`");
        }
    }
}
