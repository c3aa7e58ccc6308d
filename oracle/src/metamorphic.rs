//! Changes to a program that change no answer: properties that need no peer.

use std::collections::BTreeMap;

use regate_rego::plan;

use crate::answer::{Answer, Outcome};
use crate::ours;
use crate::program::{Program, Rule};
use crate::random::Random;
use crate::row;
use crate::tree::Tree;

/// What a change did to the answers of a program: a sentence for each that differs.
#[must_use]
pub fn violations(program: &Program, seed: u64) -> Vec<String> {
    let text = program.text();
    let usual = plan::Options::default();
    let Some(before) = answers(program, usual) else {
        return match ours::outcome(&text, usual) {
            Outcome::Failed(why) => vec![why],
            _ => Vec::new(),
        };
    };
    let mut random = Random::new(seed);
    let without_index = plan::Options {
        index: false,
        reuse: false,
        ..usual
    };
    let instruments = plan::Options {
        instruments: true,
        ..usual
    };
    let changed = [
        ("the index off", answers(program, without_index)),
        ("instruments on", answers(program, instruments)),
        ("modules in another order", answers(&turned(program), usual)),
        (
            "bodies in another order",
            answers(&permuted(program, &mut random), usual),
        ),
        ("rules behind helpers", answers(&helped(program), usual)),
        (
            "assignments put in their place",
            answers(&inlined(program), usual),
        ),
    ];
    let changed = changed
        .into_iter()
        .filter_map(|(name, after)| Some((name, after?)));
    changed
        .filter_map(|(name, after)| {
            let query = before.iter().find(|(query, answer)| {
                let other = after.get(*query);
                other.is_some_and(|other| !same(answer, other))
            });
            let (query, answer) = query?;
            let other = after.get(query).map(ToString::to_string);
            Some(format!(
                "{name}: {query}: {answer}, then {}",
                other.unwrap_or_default()
            ))
        })
        .collect()
}

/// Errors may come or go with the order of evaluation; values may not.
fn same(before: &Answer, after: &Answer) -> bool {
    match (before, after) {
        (Answer::Failed(_), _) | (_, Answer::Failed(_)) => false,
        (Answer::Error(_), _) | (_, Answer::Error(_)) => true,
        (before, after) => before == after,
    }
}

/// The lenient answers by query; `None` if the program is refused, as some changes make it.
fn answers(program: &Program, options: plan::Options) -> Option<BTreeMap<String, Answer>> {
    let text = program.text();
    match ours::outcome(&text, options) {
        Outcome::Answers(answers) => {
            let lenient = answers.into_iter().map(|[lenient, _]| lenient);
            Some(text.queries.into_iter().zip(lenient).collect())
        }
        _ => None,
    }
}

fn turned(program: &Program) -> Program {
    let mut program = program.clone();
    program.modules.reverse();
    program
}

/// Literals of rules' bodies shuffled; what becomes unsafe by it is refused, and no answer.
fn permuted(program: &Program, random: &mut Random) -> Program {
    let mut program = program.clone();
    each_rule(&mut program, |rule| shuffle(&mut rule.tree, random));
    program
}

fn shuffle(tree: &mut Tree, random: &mut Random) {
    for path in tree.paths() {
        if let Some(Tree::List {
            items, free: true, ..
        }) = tree.at_mut(&path)
        {
            for at in (1..items.len()).rev() {
                items.swap(at, random.below(at + 1));
            }
        }
    }
}

/// Each complete rule and partial set gives its name to one that only passes its value on.
fn helped(program: &Program) -> Program {
    let mut program = program.clone();
    for module in &mut program.modules {
        let mut more = Vec::new();
        for rule in &mut module.rules {
            let complete = rule.name.starts_with('r') || rule.name.starts_with('e');
            if rule.function || !complete {
                continue;
            }
            let (name, helper) = (rule.name.clone(), format!("helper_{}", rule.name));
            rename(&mut rule.tree, &name, &helper);
            more.push(Rule {
                tree: row![name.clone(), " := ", helper.clone()],
                name,
                function: false,
            });
            rule.name = helper;
        }
        module.rules.extend(more);
    }
    program
}

/// The heads of a rule are texts of their own that are exactly the name.
fn rename(tree: &mut Tree, from: &str, to: &str) {
    for path in tree.paths() {
        if let Some(Tree::Text(text)) = tree.at_mut(&path)
            && text == from
        {
            to.clone_into(text);
        }
    }
}

/// Where a body's assignment is used once, in that body itself, its value stands in the place of the variable.
fn inlined(program: &Program) -> Program {
    let mut program = program.clone();
    each_rule(&mut program, |rule| {
        for path in rule.tree.paths() {
            if let Some(Tree::List {
                items, free: true, ..
            }) = rule.tree.at_mut(&path)
            {
                inline(items);
            }
        }
    });
    program
}

fn inline(literals: &mut Vec<Tree>) {
    let mut at = 0;
    while let Some(literal) = literals.get(at).cloned() {
        at += 1;
        let Tree::Assign(name, value) = literal else {
            continue;
        };
        let rest = literals.get(at..).unwrap_or_default();
        let rest: Vec<String> = rest.iter().map(Tree::to_string).collect();
        let rest = rest.join(" ");
        let nested = ["[", "{", "not ", "every ", "with ", "$\""]
            .iter()
            .any(|sign| rest.contains(sign));
        if nested || rest.matches(name.as_str()).count() != 1 || value.to_string().contains('_') {
            continue;
        }
        let mut replaced = false;
        for literal in literals.iter_mut().skip(at) {
            for path in literal.paths() {
                match literal.at_mut(&path) {
                    Some(place @ Tree::Var(_)) if place.to_string() == name => {
                        *place = row!["(", (*value).clone(), ")"];
                        replaced = true;
                    }
                    _ => {}
                }
            }
        }
        if replaced {
            // The head may still need it: then it is unsafe, and the program no program.
            literals.remove(at - 1);
            return;
        }
    }
}

fn each_rule(program: &mut Program, mut change: impl FnMut(&mut Rule)) {
    let rules = program
        .modules
        .iter_mut()
        .flat_map(|module| &mut module.rules);
    rules.for_each(&mut change);
}
