//! Types and references as errors show them, bounded in length.

use std::collections::HashMap;
use std::fmt::Write as _;

use super::infer::Part;
use super::shape::{Kind, Known, Param, Ty};
use crate::hir::{Base, Expr, ExprKind, Local, LocalInfo, Ref};
use crate::value::Value;

/// What the variables of a rule are shown as.
#[derive(Debug, Clone, Default)]
pub(super) struct Names<'h> {
    pub(super) locals: &'h [LocalInfo],
    /// What variables that the compiler made stand for.
    pub(super) origins: HashMap<Local, &'h Expr>,
}

/// Bytes after which a text ends in dots.
const MAX_TEXT: usize = 4096;

/// The width of a line beyond which the types in it are shortened.
const WIDE: usize = 80;

/// The width beyond which a type in such a line is shortened.
const LONG: usize = 32;

/// A type in full.
pub(super) fn full(ty: &Ty) -> String {
    let mut out = String::new();
    write(&mut out, ty, usize::MAX);
    out
}

/// The two lines `have` and `want` of an error about arguments.
pub(super) fn arguments(have: &[Ty], want: &[Param], variadic: &Ty) -> [String; 2] {
    let line = |short: bool| {
        let have: Vec<_> = have.iter().map(|ty| shown(ty, short)).collect();
        let mut want: Vec<_> = want.iter().map(|param| named(param, short)).collect();
        if variadic.is_some() {
            want.push(format!("{}...", shown(variadic, short)));
        }
        let have = format!("have: ({})", have.join(", "));
        let want = format!("want: ({})", want.join(", "));
        [have, want]
    };
    let lines = line(false);
    if lines.iter().all(|line| line.chars().count() <= WIDE) {
        return lines;
    }
    line(true)
}

/// The two lines of an error about values that can never be equal.
pub(super) fn sides(left: &Ty, right: &Ty) -> [String; 2] {
    let line = |short| {
        let left = format!("left  : {}", shown(left, short));
        [left, format!("right : {}", shown(right, short))]
    };
    let lines = line(false);
    if lines.iter().all(|line| line.chars().count() <= WIDE) {
        return lines;
    }
    line(true)
}

/// A reference up to its key number `keys`.
pub(super) fn reference(reference: &Ref, keys: usize, names: &Names<'_>) -> String {
    let base = match &reference.base {
        Base::Input => "input".to_owned(),
        Base::Data => "data".to_owned(),
        Base::Expr(expr) => term(expr, names),
    };
    let keys = reference.keys.iter().take(keys).map(Part::Expr);
    path_of(base, keys, names)
}

/// A path of constant keys.
pub(super) fn path<'v>(root: String, keys: impl Iterator<Item = Part<'v>>) -> String {
    path_of(root, keys, &Names::default())
}

fn path_of<'v>(root: String, keys: impl Iterator<Item = Part<'v>>, names: &Names<'_>) -> String {
    let mut out = root;
    for key in keys {
        if out.len() > MAX_TEXT {
            out.push_str("...");
            break;
        }
        match (key.constant(), key) {
            (Some(Value::String(name)), _) if is_name(name) => {
                out.push('.');
                out.push_str(name);
            }
            (Some(constant), _) => {
                out.push('[');
                write_value(&mut out, constant);
                out.push(']');
            }
            (None, Part::Expr(expr)) => {
                out.push('[');
                write_term(&mut out, expr, names);
                out.push(']');
            }
            (None, Part::Value(_)) => {}
        }
    }
    out
}

/// A term.
pub(super) fn term(expr: &Expr, names: &Names<'_>) -> String {
    let mut out = String::new();
    write_term(&mut out, expr, names);
    out
}

/// A value as a term.
pub(super) fn value(value: &Value) -> String {
    let mut out = String::new();
    write_value(&mut out, value);
    out
}

fn shown(ty: &Ty, short: bool) -> String {
    let text = full(ty);
    if !short || text.chars().count() <= LONG {
        return text;
    }
    let mut out = String::new();
    write(&mut out, ty, 0);
    out
}

fn named(param: &Param, short: bool) -> String {
    let of = shown(&param.of, short);
    match &param.name {
        Some(name) => format!("{name}: {of}"),
        None => of,
    }
}

/// Writes a type, `deep` levels of what is in it.
fn write(out: &mut String, ty: &Ty, deep: usize) {
    let Some(ty) = ty else {
        out.push_str("???");
        return;
    };
    if out.len() > MAX_TEXT {
        out.push_str("...");
        return;
    }
    match ty.kind() {
        Kind::Null => out.push_str("null"),
        Kind::Boolean => out.push_str("boolean"),
        Kind::Number => out.push_str("number"),
        Kind::String => out.push_str("string"),
        Kind::Array { prefix, rest } => {
            out.push_str("array");
            list(out, prefix.iter(), deep, |out, ty, deep| {
                write(out, ty, deep);
            });
            if rest.is_some() {
                bracket(out, deep, |out, deep| write(out, rest, deep));
            }
        }
        Kind::Object { members, rest } => {
            out.push_str("object");
            list(out, members.iter(), deep, |out, (key, ty), deep| {
                out.push_str(&plain(key));
                out.push_str(": ");
                write(out, ty, deep);
            });
            if let Some((key, ty)) = rest {
                bracket(out, deep, |out, deep| {
                    write(out, key, deep);
                    out.push_str(": ");
                    write(out, ty, deep);
                });
            }
        }
        Kind::Set(of) => {
            out.push_str("set");
            if of.is_some() {
                bracket(out, deep, |out, deep| write(out, of, deep));
            }
        }
        Kind::Any(of) => {
            out.push_str("any");
            list(out, of.iter(), deep, |out, ty: &Known, deep| {
                write(out, &Some(ty.clone()), deep);
            });
        }
        Kind::Function(signature) => {
            let params: Vec<_> = signature.params.iter().map(|p| full(&p.of)).collect();
            let result = signature.result.as_ref().map(|result| full(&result.of));
            let result = result.unwrap_or_else(|| "???".to_owned());
            let _ = write!(out, "({}) => {result}", params.join(", "));
        }
    }
}

fn list<T>(
    out: &mut String,
    items: impl ExactSizeIterator<Item = T>,
    deep: usize,
    mut item: impl FnMut(&mut String, T, usize),
) {
    if items.len() == 0 {
        return;
    }
    out.push('<');
    if deep == 0 {
        out.push_str("...>");
        return;
    }
    for (at, one) in items.enumerate() {
        if at > 0 {
            out.push_str(", ");
        }
        if out.len() > MAX_TEXT {
            out.push_str("...");
            break;
        }
        item(out, one, deep - 1);
    }
    out.push('>');
}

fn bracket(out: &mut String, deep: usize, item: impl FnOnce(&mut String, usize)) {
    out.push('[');
    match deep.checked_sub(1) {
        Some(deep) => item(out, deep),
        None => out.push_str("..."),
    }
    out.push(']');
}

/// A key of an object type: strings without quotes.
fn plain(key: &Value) -> String {
    match key {
        Value::String(text) => text.to_string(),
        _ => value(key),
    }
}

fn write_term(out: &mut String, expr: &Expr, names: &Names<'_>) {
    if out.len() > MAX_TEXT {
        out.push_str("...");
        return;
    }
    match &expr.kind {
        ExprKind::Const(constant) => write_value(out, constant),
        ExprKind::Local(local) if names.origins.contains_key(local) => {
            if let Some(origin) = names.origins.get(local) {
                write_term(out, origin, names);
            }
        }
        ExprKind::Local(local) => {
            let info = names.locals.get(local.0 as usize);
            out.push_str(info.map_or("_", |info| &info.name));
        }
        ExprKind::Ref(inner) => out.push_str(&reference(inner, usize::MAX, names)),
        ExprKind::Array(items) => terms(out, items, ["[", "]"], names),
        ExprKind::Set(items) => terms(out, items, ["{", "}"], names),
        ExprKind::Object(members) => {
            out.push('{');
            for (at, (key, value)) in members.iter().enumerate() {
                out.push_str(if at > 0 { ", " } else { "" });
                write_term(out, key, names);
                out.push_str(": ");
                write_term(out, value, names);
            }
            out.push('}');
        }
        ExprKind::Comprehension(_) => out.push_str("[...]"),
        ExprKind::Call(call) => {
            out.push_str(&super::body::callee_name(&call.callee));
            terms(out, &call.args, ["(", ")"], names);
        }
    }
}

fn terms(out: &mut String, items: &[Expr], around: [&str; 2], names: &Names<'_>) {
    let [open, close] = around;
    out.push_str(open);
    for (at, item) in items.iter().enumerate() {
        out.push_str(if at > 0 { ", " } else { "" });
        write_term(out, item, names);
    }
    out.push_str(close);
}

fn write_value(out: &mut String, value: &Value) {
    if out.len() > MAX_TEXT {
        out.push_str("...");
        return;
    }
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(v) => out.push_str(if *v { "true" } else { "false" }),
        Value::Number(n) => {
            let _ = write!(out, "{n}");
        }
        Value::String(text) => quote(out, text),
        Value::Array(items) => values(out, items.iter(), ["[", "]"]),
        Value::Set(items) if items.is_empty() => out.push_str("set()"),
        Value::Set(items) => values(out, items.iter(), ["{", "}"]),
        Value::Object(members) => {
            out.push('{');
            for (at, (key, value)) in members.iter().enumerate() {
                out.push_str(if at > 0 { ", " } else { "" });
                write_value(out, key);
                out.push_str(": ");
                write_value(out, value);
            }
            out.push('}');
        }
    }
}

fn values<'a>(out: &mut String, items: impl Iterator<Item = &'a Value>, around: [&str; 2]) {
    let [open, close] = around;
    out.push_str(open);
    for (at, item) in items.enumerate() {
        out.push_str(if at > 0 { ", " } else { "" });
        write_value(out, item);
    }
    out.push_str(close);
}

fn quote(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if (c as u32) < 0x20 => {
                let _ = write!(out, "\\u{:04x}", c as u32);
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

fn is_name(text: &str) -> bool {
    let mut chars = text.chars();
    let first = chars.next();
    first.is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
}
