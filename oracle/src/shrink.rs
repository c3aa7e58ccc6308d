//! Makes a program smaller while it still differs in the same way.

use std::cell::Cell;

use regate_rego::Value;
use regate_rego::value::{Array, Object};

use crate::program::Program;

/// More attempts than a program is worth.
const ATTEMPTS: usize = 3000;

/// The smallest program that is found for which `differs` still holds.
pub fn shrink(program: &Program, mut differs: impl FnMut(&Program) -> bool) -> Program {
    let mut best = program.clone();
    let attempts = Cell::new(0);
    let mut still = |candidate: &Program| {
        attempts.set(attempts.get() + 1);
        attempts.get() < ATTEMPTS && differs(candidate)
    };
    loop {
        let before = (best.size(), best.text());
        modules(&mut best, &mut still);
        rules(&mut best, &mut still);
        trees(&mut best, &mut still);
        documents(&mut best, &mut still);
        if (best.size(), best.text()) == before || attempts.get() >= ATTEMPTS {
            return best;
        }
    }
}

// === helpers ===

type Still<'s> = &'s mut dyn FnMut(&Program) -> bool;

/// Takes over the candidate if it will do.
fn attempt(best: &mut Program, still: Still<'_>, change: impl FnOnce(&mut Program)) -> bool {
    let mut candidate = best.clone();
    change(&mut candidate);
    let good = still(&candidate);
    if good {
        *best = candidate;
    }
    good
}

fn modules(best: &mut Program, still: Still<'_>) {
    for at in (0..best.modules.len()).rev() {
        if best.modules.len() > 1 {
            attempt(best, still, |p| drop(p.modules.remove(at)));
        }
    }
    for at in 0..best.modules.len() {
        for import in (0..best.modules.get(at).map_or(0, |m| m.imports.len())).rev() {
            attempt(best, still, |p| {
                if let Some(module) = p.modules.get_mut(at) {
                    module.imports.remove(import);
                }
            });
        }
    }
}

fn rules(best: &mut Program, still: Still<'_>) {
    for at in (0..best.modules.len()).rev() {
        let count = best.modules.get(at).map_or(0, |module| module.rules.len());
        for rule in (0..count).rev() {
            attempt(best, still, |p| {
                if let Some(module) = p.modules.get_mut(at) {
                    module.rules.remove(rule);
                }
            });
        }
    }
}

fn trees(best: &mut Program, still: Still<'_>) {
    for at in 0..best.modules.len() {
        for rule in 0..best.modules.get(at).map_or(0, |module| module.rules.len()) {
            tree(best, still, at, rule);
        }
    }
}

fn tree(best: &mut Program, still: Still<'_>, module: usize, rule: usize) {
    let get = |p: &Program| Some(p.modules.get(module)?.rules.get(rule)?.tree.clone());
    let mut next = 0;
    while let Some(tree) = get(best) {
        let Some(path) = tree.paths().into_iter().nth(next) else {
            return;
        };
        let smaller = tree.at(&path).map(super::tree::Tree::smaller);
        let found = smaller.unwrap_or_default().into_iter().any(|piece| {
            attempt(best, still, |p| {
                let rule = p
                    .modules
                    .get_mut(module)
                    .and_then(|m| m.rules.get_mut(rule));
                if let Some(place) = rule.and_then(|rule| rule.tree.at_mut(&path)) {
                    *place = piece;
                }
            })
        });
        next += usize::from(!found);
    }
}

fn documents(best: &mut Program, still: Still<'_>) {
    attempt(best, still, |p| p.input = None);
    attempt(best, still, |p| p.data = Object::default().into());
    loop {
        let input = best.input.iter().flat_map(smaller).collect::<Vec<_>>();
        if !input
            .into_iter()
            .any(|value| attempt(best, still, |p| p.input = Some(value)))
        {
            break;
        }
    }
    loop {
        let data = smaller(&best.data);
        let mut data = data
            .into_iter()
            .filter(|data| matches!(data, Value::Object(_)));
        if !data.any(|value| attempt(best, still, |p| p.data = value)) {
            break;
        }
    }
}

/// Values that are smaller by one step.
fn smaller(value: &Value) -> Vec<Value> {
    let mut found = Vec::new();
    match value {
        Value::Array(items) => {
            for at in 0..items.len() {
                let rest = items.iter().enumerate().filter(|(i, _)| *i != at);
                found.push(Value::from(
                    rest.map(|(_, v)| v.clone()).collect::<Vec<_>>(),
                ));
            }
            for (at, item) in items.iter().enumerate() {
                let array: &Array = items;
                found.extend(
                    smaller(item)
                        .into_iter()
                        .filter_map(|v| array.with(at, v))
                        .map(Value::from),
                );
            }
        }
        Value::Object(object) => {
            found.extend(object.keys().map(|key| Value::from(object.remove(key))));
            for (key, item) in object.iter() {
                let smaller = smaller(item).into_iter();
                found.extend(smaller.map(|v| Value::from(object.insert(key.clone(), v))));
            }
        }
        Value::String(text) if !text.is_empty() => found.push("".into()),
        _ => {}
    }
    found
}
