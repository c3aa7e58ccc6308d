//! Which tests there are. Rules of one name become tests of their own, and each case says that it was tried.

use std::collections::HashMap;
use std::sync::Arc;

use regate_rego::source::{File, Location, Span};
use regate_rego::syntax::ast::{Call, Literal, LiteralKind, Module, Ref, Rule, Term, TermKind};
use regate_rego::value::Str;
use regex::Regex;

use super::super::{Problem, build};

/// A test.
#[derive(Debug, Clone)]
pub(super) struct Test {
    /// The package: `data.a.b`.
    pub(super) package: String,
    /// The name below it.
    pub(super) name: String,
    /// The query whose value is `true` when it passes.
    pub(super) query: String,
    /// Where it stands.
    pub(super) location: Location,
    /// Whether it is skipped.
    pub(super) skip: bool,
    /// Whether it has cases.
    pub(super) cases: bool,
}

/// What a case that was tried prints before its keys: no policy prints that.
pub(super) const CASE: &str = "\u{1}case\u{1}";

/// The tests of modules that match `only`, in the order in which they stand. The modules are changed so that their
/// tests can be told apart.
pub(super) fn tests(modules: &mut [Module], only: Option<&str>) -> Result<Vec<Test>, Problem> {
    let only = only.map(Regex::new).transpose().map_err(|error| {
        Problem::plain(format!("the expression of --run cannot be read: {error}"))
    })?;
    let mut tests = Vec::new();
    let mut names: HashMap<(String, String), usize> = HashMap::new();
    let mut order: Vec<usize> = (0..modules.len()).collect();
    order.sort_by(|a, b| {
        let name = |at: &usize| modules.get(*at).map(|module| module.file.name.clone());
        name(a).cmp(&name(b))
    });
    for at in order {
        let Some(module) = modules.get_mut(at) else {
            continue;
        };
        let file = Arc::clone(&module.file);
        let package = dotted(&module.package.path);
        for rule in &mut module.rules {
            let Some(test) = test(rule, &package, &file, &mut names) else {
                continue;
            };
            let path = format!("{}.{}", test.package, test.name);
            if only.as_ref().is_none_or(|only| only.is_match(&path)) {
                tests.push(test);
            }
        }
    }
    Ok(tests)
}

fn test(
    rule: &mut Rule,
    package: &str,
    file: &Arc<File>,
    names: &mut HashMap<(String, String), usize>,
) -> Option<Test> {
    let depth = named(&rule.head.reference)?;
    let parts: Vec<String> = text_parts(&rule.head.reference).take(depth + 1).collect();
    let name = parts.join(".");
    let seen = names.entry((package.to_owned(), name.clone())).or_default();
    let number = *seen;
    *seen += 1;
    let keys: Vec<Term> = rule
        .head
        .reference
        .path
        .iter()
        .skip(depth)
        .cloned()
        .collect();
    let cases = keys.iter().any(|key| matches!(key.kind, TermKind::Var(_)));
    let name = if number == 0 {
        name
    } else {
        let name = format!("{name}#{number:02}");
        rename(&mut rule.head.reference, depth, &format!("#{number:02}"));
        name
    };
    if cases {
        let declared = rule
            .body
            .literals
            .iter()
            .rposition(|literal| declares(literal, &keys));
        let at = declared.map_or(0, |at| at + 1);
        // It stands nowhere, so that it counts as no line.
        rule.body.literals.insert(at, tried(keys, Span::default()));
    }
    let query = name.split('.').fold(package.to_owned(), |query, part| {
        if build::is_name(part) {
            format!("{query}.{part}")
        } else {
            format!("{query}[{part:?}]")
        }
    });
    let last = name.rsplit('.').next().unwrap_or_default();
    Some(Test {
        package: package.to_owned(),
        query,
        location: file.location(rule.span),
        skip: last.starts_with("todo_test_"),
        cases,
        name,
    })
}

/// Which part of a rule's name makes it a test.
fn named(reference: &Ref) -> Option<usize> {
    text_parts(reference)
        .position(|part| part.starts_with("test_") || part.starts_with("todo_test_"))
}

/// The parts of a reference up to the first that is no name.
fn text_parts(reference: &Ref) -> impl Iterator<Item = String> + '_ {
    let head = match &reference.head.kind {
        TermKind::Var(name) => Some(name.to_string()),
        _ => None,
    };
    let rest = reference.path.iter().map(|part| match &part.kind {
        TermKind::String(name) => Some(name.to_string()),
        _ => None,
    });
    std::iter::once(head).chain(rest).map_while(|part| part)
}

fn dotted(reference: &Ref) -> String {
    text_parts(reference).collect::<Vec<_>>().join(".")
}

fn rename(reference: &mut Ref, depth: usize, suffix: &str) {
    let part = match depth.checked_sub(1) {
        None => Some(&mut *reference.head),
        Some(at) => reference.path.get_mut(at),
    };
    if let Some(part) = part
        && let TermKind::Var(name) | TermKind::String(name) = &mut part.kind
    {
        *name = Str::from(format!("{name}{suffix}").as_str());
    }
}

/// Whether a literal makes one of the keys a variable of the body: before it the name means something else.
fn declares(literal: &Literal, keys: &[Term]) -> bool {
    let is_key = |name: &str| {
        keys.iter()
            .any(|key| matches!(&key.kind, TermKind::Var(var) if **var == *name))
    };
    match &literal.kind {
        LiteralKind::Some(vars) => vars.iter().any(|var| is_key(&var.name)),
        LiteralKind::SomeIn { key, value, .. } => key
            .iter()
            .chain([value])
            .any(|pattern| mentions(pattern, &is_key)),
        LiteralKind::Assign(left, _) => mentions(left, &is_key),
        _ => false,
    }
}

/// Whether a pattern has such a variable.
fn mentions(pattern: &Term, is_key: &dyn Fn(&str) -> bool) -> bool {
    match &pattern.kind {
        TermKind::Var(name) => is_key(name),
        TermKind::Array(items) => items.iter().any(|item| mentions(item, is_key)),
        TermKind::Object(members) => members.iter().any(|(_, value)| mentions(value, is_key)),
        _ => false,
    }
}

/// `print(CASE, [keys])`: it runs as soon as the keys are known, and so before what the case tests.
fn tried(keys: Vec<Term>, span: Span) -> Literal {
    let term = |kind| Term { span, kind };
    let operator = Ref {
        span,
        head: Box::new(term(TermKind::Var(Str::from("print")))),
        path: Vec::new(),
    };
    let args = vec![
        term(TermKind::String(Str::from(CASE))),
        term(TermKind::Array(keys)),
    ];
    Literal {
        span,
        negated: false,
        kind: LiteralKind::Term(term(TermKind::Call(Box::new(Call {
            operator,
            args,
            infix: false,
        })))),
        with: Vec::new(),
    }
}
