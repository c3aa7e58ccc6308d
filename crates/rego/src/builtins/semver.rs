//! `semver.*`: versions by the rules of semantic versioning; a leading `v` does not count.

use std::cmp::Ordering;

use super::declare::{any, boolean, number, string, takes};
use super::operand;
use super::{Builtin, Context, Error};
use crate::value::Value;

/// The family's functions.
pub(super) static TABLE: &[Builtin] = &[
    Builtin::new("semver.compare", "Compares two versions.", compare).declared(|| {
        takes([string("a", "one version"), string("b", "the other version")]).gives(number(
            "result",
            "-1 where the first is the older one, 1 where it is the newer one, 0 where they are equal",
        ))
    }),
    Builtin::new("semver.is_valid", "Says whether a value is a version.", is_valid).declared(|| {
        takes([any("vsn", "the value")]).gives(boolean("result", "whether it is a version"))
    }),
];

struct Version<'t> {
    numbers: [i64; 3],
    /// What follows the hyphen; empty for a release.
    pre_release: &'t str,
}

fn compare(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let mut versions = [None, None];
    let texts = [operand::string(args, 0)?, operand::string(args, 1)?];
    for (at, (version, text)) in versions.iter_mut().zip(texts).enumerate() {
        context.budget.step(text.len() as u64 / 8)?;
        let invalid = || {
            let operand = at + 1;
            Error::Failed(format!(
                "operand {operand}: string \"{text}\" is not a valid SemVer"
            ))
        };
        *version = Some(Version::parse(text).ok_or_else(invalid)?);
    }
    let ordering = match &versions {
        [Some(a), Some(b)] => a.order(b),
        _ => Ordering::Equal,
    };
    Ok(Value::from(ordering as i64))
}

fn is_valid(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let text = operand::value(args, 0)?.as_str();
    context.budget.step(text.map_or(0, str::len) as u64 / 8)?;
    Ok(Value::from(text.and_then(Version::parse).is_some()))
}

// === impl Version ===

impl<'t> Version<'t> {
    fn parse(text: &'t str) -> Option<Self> {
        let text = text.strip_prefix('v').unwrap_or(text);
        let (text, metadata) = cut(text, '+');
        let (text, pre_release) = cut(text, '-');
        let well_formed = |id: &str| {
            let word = |c: u8| c.is_ascii_alphanumeric() || c == b'-';
            !id.is_empty() && id.bytes().all(word)
        };
        let no_padding = |id: &str| !(id.len() > 1 && id.starts_with('0') && is_number(id));
        if !metadata.is_none_or(|ids| ids.split('.').all(well_formed)) {
            return None;
        }
        if !pre_release.is_none_or(|ids| ids.split('.').all(|id| well_formed(id) && no_padding(id)))
        {
            return None;
        }
        let mut numbers = [0; 3];
        let mut parts = text.split('.');
        for number in &mut numbers {
            let part = parts
                .next()
                .filter(|part| is_number(part) && no_padding(part))?;
            *number = part.parse().ok()?;
        }
        parts.next().is_none().then_some(Self {
            numbers,
            pre_release: pre_release.unwrap_or_default(),
        })
    }

    fn order(&self, other: &Self) -> Ordering {
        let releases = (self.pre_release.is_empty(), other.pre_release.is_empty());
        self.numbers
            .cmp(&other.numbers)
            .then_with(|| match releases {
                (true, true) => Ordering::Equal,
                (true, false) => Ordering::Greater,
                (false, true) => Ordering::Less,
                (false, false) => {
                    let ids = self.pre_release.split('.').map(Identifier::new);
                    ids.cmp(other.pre_release.split('.').map(Identifier::new))
                }
            })
    }
}

/// A part of a pre-release; numbers come before words.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Identifier<'t> {
    Number(i64),
    Word(&'t str),
}

// === impl Identifier ===

impl<'t> Identifier<'t> {
    fn new(text: &'t str) -> Self {
        if is_number(text) {
            // Numbers beyond 64 bits are all the same.
            Self::Number(text.parse().unwrap_or(i64::MAX))
        } else {
            Self::Word(text)
        }
    }
}

fn cut(text: &str, at: char) -> (&str, Option<&str>) {
    match text.split_once(at) {
        Some((before, after)) => (before, Some(after)),
        None => (text, None),
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use crate::builtins::calls::answers;

    #[test]
    fn versions_are_ordered_as_opa_orders_them() {
        answers(&[
            ("semver.compare", r#"["1.0.0", "v1.0.0"]"#, "0"),
            ("semver.compare", r#"["1.0.0-alpha", "1.0.0"]"#, "-1"),
            ("semver.compare", r#"["1.0.0-1", "1.0.0-a"]"#, "-1"),
            ("semver.compare", r#"["1.0.0-a.b", "1.0.0-a"]"#, "1"),
            ("semver.compare", r#"["1.0.0+a", "1.0.0+b"]"#, "0"),
            ("semver.compare", r#"["10.0.0", "9.0.0"]"#, "1"),
            (
                "semver.compare",
                r#"["1.0", "1.0.0"]"#,
                "semver.compare: operand 1: string \"1.0\" is not a valid SemVer",
            ),
            // OPA never ends here.
            (
                "semver.compare",
                r#"["1.0.0-99999999999999999999", "1.0.0-99999999999999999998"]"#,
                "0",
            ),
            ("semver.is_valid", r#"["1.0.0-01"]"#, "false"),
            ("semver.is_valid", r#"["1.0.0-0a+01"]"#, "true"),
            ("semver.is_valid", r#"["01.0.0"]"#, "false"),
            ("semver.is_valid", r#"["9223372036854775808.0.0"]"#, "false"),
            ("semver.is_valid", "[1]", "false"),
        ]);
    }
}
