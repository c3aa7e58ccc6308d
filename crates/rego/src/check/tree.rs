//! Rules against rules, packages and base data.

use std::collections::HashSet;
use std::sync::Arc;

use super::errors::{Errors, Stage};
use super::lower::path_text;
use crate::hir::{Expr, ExprKind, Hir, Place, Rule, RuleKind};
use crate::source::{Code, File};
use crate::syntax::ast::Module;
use crate::value::Value;

/// How many conflicting rules one error names.
const NAMED: usize = 10;

/// Finds rules that cannot stand beside each other.
pub(super) fn check(hir: &Hir, modules: &[Module], data: Option<&Value>, errors: &mut Errors) {
    let mut sorted: Vec<&Rule> = hir.rules.iter().collect();
    // By path; the sort is stable, so that rules of one name stay in the order they were written.
    sorted.sort_by(|a, b| a.path.cmp(&b.path));
    let mut rest = sorted.as_slice();
    while let Some(first) = rest.first() {
        let count = rest
            .iter()
            .take_while(|rule| rule.path == first.path)
            .count();
        let (group, below) = rest.split_at(count);
        rest = below;
        group_conflicts(hir, modules, group, below, errors);
        if data.is_some_and(|data| overlaps(data, &first.path)) {
            let path: Vec<&str> = first.path.iter().filter_map(Value::as_str).collect();
            let message = format!("conflicting rule for data path {} found", path.join("/"));
            add(hir, errors, Code::Compile, first.place, message);
        }
    }
    packages(hir, modules, errors);
}

/// Conflicts of the rules of one name among themselves and with those `below`.
fn group_conflicts(
    hir: &Hir,
    modules: &[Module],
    group: &[&Rule],
    below: &[&Rule],
    errors: &mut Errors,
) {
    let (Some(first), Some(last)) = (group.first(), group.last()) else {
        return;
    };
    let name = name(last);
    let ground = group.iter().any(|rule| rule.keys.is_empty());
    let inside: Vec<&&Rule> = below
        .iter()
        .take_while(|rule| ground && rule.path.starts_with(&first.path))
        .take(NAMED)
        .collect();
    let defaults: Vec<&&Rule> = group.iter().filter(|rule| rule.default).collect();
    let mut place = first.place;
    let message = if !inside.is_empty() {
        let names = inside
            .iter()
            .map(|rule| format!("\n  rule {} at {}", self::name(rule), at(hir, rule.place)));
        format!("rule {name} conflicts with:{}", names.collect::<String>())
    } else if group.iter().any(|rule| shape(rule) != shape(first)) {
        format!("conflicting rules {name} found")
    } else if defaults.len() > 1 {
        let places: Vec<String> = defaults.iter().map(|rule| at(hir, rule.place)).collect();
        // OPA points to the package: that is where the default would be looked for.
        let module = modules.get(place.file as usize);
        place.span = module.map_or(place.span, |module| module.package.span);
        format!(
            "multiple default rules {name} found at {}",
            places.join(", ")
        )
    } else {
        return;
    };
    add(hir, errors, Code::Type, place, message);
}

/// What rules of one name must have in common: a complete rule is none beside partial ones.
fn shape(rule: &Rule) -> (bool, bool, usize) {
    let member = matches!(rule.kind, RuleKind::Member(_));
    let arity = match &rule.kind {
        RuleKind::Function { params, .. } => params.len() + 1,
        _ => 0,
    };
    (member, rule.keys.is_empty(), arity)
}

/// A package of a rule's name would hide it.
fn packages(hir: &Hir, modules: &[Module], errors: &mut Errors) {
    let named: HashSet<Vec<Value>> = hir
        .packages
        .iter()
        .map(|package| package.iter().cloned().map(Value::from).collect())
        .collect();
    for rule in hir.rules.iter().filter(|rule| rule.keys.is_empty()) {
        if let (Some(package), Some(module)) = (
            named.get(&*rule.path),
            modules.get(rule.place.file as usize),
        ) {
            let own = path_text(rule.path.get(rule.package..).unwrap_or_default());
            let own = own.strip_prefix("data.").unwrap_or(&own);
            let package = path_text(package);
            let package = package.strip_prefix("data.").unwrap_or(&package);
            let message = format!(
                "package {package} conflicts with rule {own} defined at {}",
                at(hir, rule.place)
            );
            errors.at(
                Stage::Conflicts,
                &module.file,
                Code::Type,
                module.package.span,
                message,
            );
        }
    }
}

/// Whether base data has something at `path`, or no object above it. Rules with keys that are no strings stand beside
/// any data.
fn overlaps(data: &Value, path: &[Value]) -> bool {
    if path.iter().any(|key| key.as_str().is_none()) {
        return false;
    }
    let mut at = data;
    for key in path {
        match at {
            Value::Object(object) => match object.get(key) {
                Some(value) => at = value,
                None => return false,
            },
            _ => return true,
        }
    }
    true
}

/// A rule's name for people, with what is not ground in it.
fn name(rule: &Rule) -> String {
    let keys = rule
        .keys
        .iter()
        .map(|key| format!("[{}]", key_text(key, rule)));
    path_text(&rule.path) + &keys.collect::<String>()
}

fn key_text(key: &Expr, rule: &Rule) -> String {
    match &key.kind {
        ExprKind::Local(local) => {
            let info = rule.locals.get(local.0 as usize);
            info.map_or_else(String::new, |info| info.name.to_string())
        }
        ExprKind::Const(value) => {
            let text = path_text(std::slice::from_ref(value));
            text.trim_start_matches("data")
                .trim_matches(['.', '[', ']'])
                .to_owned()
        }
        _ => "_".to_owned(),
    }
}

fn at(hir: &Hir, place: Place) -> String {
    file(hir, place)
        .map(|file| file.location(place.span).to_string())
        .unwrap_or_default()
}

fn file(hir: &Hir, place: Place) -> Option<&Arc<File>> {
    hir.files.get(place.file as usize)
}

fn add(hir: &Hir, errors: &mut Errors, code: Code, place: Place, message: String) {
    if let Some(file) = file(hir, place) {
        errors.at(Stage::Conflicts, file, code, place.span, message);
    }
}
