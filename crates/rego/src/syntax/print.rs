//! Terms, references, literals and bodies as text, in the form in which OPA's errors show them.
//!
//! What is printed reads back as the same tree, except that operators inside of terms have become calls.

use std::fmt::{self, Display, Formatter, Write};

use super::ast::{Body, Call, Literal, LiteralKind, Ref, TemplatePart, Term, TermKind, With};

// === impl Display ===

impl Display for Term {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.kind {
            TermKind::Null => f.write_str("null"),
            TermKind::Bool(value) => value.fmt(f),
            TermKind::Number(number) => number.fmt(f),
            TermKind::String(text) => quoted(f, text),
            TermKind::Template(parts) => template(f, parts),
            TermKind::Var(name) => f.write_str(name),
            TermKind::Ref(reference) => reference.fmt(f),
            TermKind::Array(terms) => write!(f, "[{}]", List(terms)),
            TermKind::Object(entries) => {
                f.write_char('{')?;
                for (at, (key, value)) in entries.iter().enumerate() {
                    let comma = if at > 0 { ", " } else { "" };
                    write!(f, "{comma}{key}: {value}")?;
                }
                f.write_char('}')
            }
            TermKind::Set(terms) if terms.is_empty() => f.write_str("set()"),
            TermKind::Set(terms) => write!(f, "{{{}}}", List(terms)),
            TermKind::ArrayComprehension(term, body) => write!(f, "[{term} | {body}]"),
            TermKind::SetComprehension(term, body) => write!(f, "{{{term} | {body}}}"),
            TermKind::ObjectComprehension(key, value, body) => {
                write!(f, "{{{key}: {value} | {body}}}")
            }
            TermKind::Call(call) => call.fmt(f),
        }
    }
}

impl Display for Ref {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.head.fmt(f)?;
        for key in &self.path {
            match &key.kind {
                TermKind::String(name) if is_name(name) => write!(f, ".{name}")?,
                _ => write!(f, "[{key}]")?,
            }
        }
        Ok(())
    }
}

impl Display for Call {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}({})", self.operator, List(&self.args))
    }
}

impl Display for Body {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (at, literal) in self.literals.iter().enumerate() {
            let mark = if at > 0 { "; " } else { "" };
            write!(f, "{mark}{literal}")?;
        }
        Ok(())
    }
}

impl Display for Literal {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.negated {
            f.write_str("not ")?;
        }
        self.kind.fmt(f)?;
        self.with.iter().try_for_each(|with| with.fmt(f))
    }
}

impl Display for LiteralKind {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Term(term) => match &term.kind {
                TermKind::Call(call) => expression(f, call),
                _ => term.fmt(f),
            },
            Self::Unify(left, right) => write!(f, "{left} = {right}"),
            Self::Assign(left, right) => write!(f, "{left} := {right}"),
            Self::Some(names) => {
                f.write_str("some ")?;
                for (at, var) in names.iter().enumerate() {
                    let comma = if at > 0 { ", " } else { "" };
                    write!(f, "{comma}{}", var.name)?;
                }
                Ok(())
            }
            Self::SomeIn {
                key,
                value,
                collection,
            } => {
                f.write_str("some ")?;
                if let Some(key) = key {
                    write!(f, "{key}, ")?;
                }
                write!(f, "{value} in {collection}")
            }
            Self::Every {
                key,
                value,
                domain,
                body,
            } => {
                f.write_str("every ")?;
                if let Some(key) = key {
                    write!(f, "{}, ", key.name)?;
                }
                write!(f, "{} in {domain} {{ {body} }}", value.name)
            }
            Self::NotBody(body) => write!(f, "not {{ {body} }}"),
            Self::And(left, right) => write!(f, "{{ {left} }} and {{ {right} }}"),
            Self::Or(left, right) => write!(f, "{{ {left} }} or {{ {right} }}"),
        }
    }
}

impl Display for With {
    /// With the space before it.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, " with {} as {}", self.target, self.value)
    }
}

/// Terms with commas between.
struct List<'a>(&'a [Term]);

impl Display for List<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (at, term) in self.0.iter().enumerate() {
            let comma = if at > 0 { ", " } else { "" };
            write!(f, "{comma}{term}")?;
        }
        Ok(())
    }
}

/// A call that is a literal: an operator stands between its sides.
fn expression(f: &mut Formatter<'_>, call: &Call) -> fmt::Result {
    let sign = match &call.operator.head.kind {
        TermKind::Var(name) if call.operator.path.is_empty() && call.infix => sign(name),
        _ => None,
    };
    match (sign, call.args.as_slice()) {
        (Some(sign), [left, right]) => write!(f, "{left} {sign} {right}"),
        _ => call.fmt(f),
    }
}

/// How the operator `name` is written.
fn sign(name: &str) -> Option<&'static str> {
    Some(match name {
        "plus" => "+",
        "minus" => "-",
        "mul" => "*",
        "div" => "/",
        "rem" => "%",
        "and" => "&",
        "or" => "|",
        "equal" => "==",
        "neq" => "!=",
        "lt" => "<",
        "lte" => "<=",
        "gt" => ">",
        "gte" => ">=",
        _ => return None,
    })
}

/// Whether `.name` can be written for the key.
fn is_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    let first = bytes
        .next()
        .is_some_and(|b| b == b'_' || b.is_ascii_alphabetic());
    first && bytes.all(|b| b == b'_' || b.is_ascii_alphanumeric())
}

fn template(f: &mut Formatter<'_>, parts: &[TemplatePart]) -> fmt::Result {
    f.write_str("$\"")?;
    for part in parts {
        match part {
            TemplatePart::Text(text) => escaped(f, text, true)?,
            TemplatePart::Term(term) => write!(f, "{{{term}}}")?,
            TemplatePart::Modified(term, with) => {
                write!(f, "{{{term}")?;
                with.iter().try_for_each(|with| with.fmt(f))?;
                f.write_char('}')?;
            }
        }
    }
    f.write_char('"')
}

fn quoted(f: &mut Formatter<'_>, text: &str) -> fmt::Result {
    f.write_char('"')?;
    escaped(f, text, false)?;
    f.write_char('"')
}

fn escaped(f: &mut Formatter<'_>, text: &str, template: bool) -> fmt::Result {
    for char in text.chars() {
        match char {
            '"' => f.write_str("\\\"")?,
            '\\' => f.write_str("\\\\")?,
            '\n' => f.write_str("\\n")?,
            '\r' => f.write_str("\\r")?,
            '\t' => f.write_str("\\t")?,
            '{' if template => f.write_str("\\{")?,
            c if c < ' ' || c == '\u{7f}' => write!(f, "\\u{:04x}", u32::from(c))?,
            c => f.write_char(c)?,
        }
    }
    Ok(())
}
