//! Checks between parsing and evaluation that the engine does not make itself: calls of functions that
//! are not there, rules that depend on themselves, data where a rule is.

use std::collections::HashMap;

use regorus::unstable::{BUILTINS, Span};

use super::builtins;
use super::facts::{Call, Root, RuleFacts};
use super::index::Index;
use super::safety::Results;
use crate::engine::CompileError;
use regorus::Value;

/// Families and names of Rego's built-in functions that the engine lacks.
const MISSING: [&str; 17] = [
    "crypto.",
    "graphql.",
    "http.send",
    "io.jwt.",
    "json.match_schema",
    "json.verify_schema",
    "net.cidr_merge",
    "net.cidr_overlap",
    "net.lookup_ip_addr",
    "opa.runtime",
    "providers.aws.",
    "regex.globs_match",
    "rego.metadata.",
    "rego.parse_module",
    "set_diff",
    "strings.render_template",
    "uri.",
];

/// Everything that is wrong with these rules over this data.
pub(super) fn all(facts: &[RuleFacts], index: &Index<'_>, data: &Value) -> Vec<CompileError> {
    let mut errors = calls(facts, index);
    errors.extend(replacements(facts));
    errors.extend(members(index));
    errors.extend(conflicts(index, data));
    errors.extend(recursion(facts, index));
    errors
}

/// Calls of functions that nobody defines, also in rules that nobody asks for.
fn calls(facts: &[RuleFacts], index: &Index<'_>) -> Vec<CompileError> {
    let references = facts.iter().flat_map(|fact| &fact.references);
    let wrong = references.filter_map(|reference| {
        let call = reference.call.as_ref()?;
        let own = index
            .get(&reference.path)
            .filter(|_| reference.root == Root::Data);
        let text = wrong_call(call, own.and_then(|rule| rule.arguments))?;
        Some(located("rego_type_error", text, &reference.span))
    });
    wrong.collect()
}

/// Where calls have one argument more than the function takes: it takes the result.
pub(super) fn results(facts: &[RuleFacts], index: &Index<'_>) -> Results {
    let mut results = Results::new();
    for reference in facts.iter().flat_map(|fact| &fact.references) {
        let Some(call) = &reference.call else {
            continue;
        };
        let own = index
            .get(&reference.path)
            .filter(|_| reference.root == Root::Data);
        let wanted = own
            .and_then(|rule| rule.arguments)
            .or_else(|| builtin_arguments(&call.name));
        if wanted.is_some_and(|wanted| call.arguments == wanted + 1) {
            let span = &reference.span;
            let file = span.source.get_path().to_owned();
            results.entry(file).or_default().insert(span.start);
        }
    }
    results
}

/// What is wrong with a call; `own` is the number of arguments when a rule defines the function.
fn wrong_call(call: &Call, own: Option<usize>) -> Option<String> {
    let Call { name, arguments } = call;
    let wanted = match own.or_else(|| builtin_arguments(name)) {
        Some(wanted) => wanted,
        None if name == "print" => return None,
        None => return Some(undefined_function(name)),
    };
    // One argument more takes the result, where the engine knows how.
    let most = wanted + usize::from(own.is_some() || BUILTINS.contains_key(name.as_str()));
    let fits = (wanted..=most).contains(arguments);
    (!fits).then(|| format!("{name}: {arguments} arguments are given, {wanted} are wanted"))
}

fn builtin_arguments(name: &str) -> Option<usize> {
    let theirs = BUILTINS.get(name).filter(|_| !is_missing(name));
    builtins::arguments(name).or_else(|| theirs.map(|(_, arguments)| usize::from(*arguments)))
}

/// Functions of ours that `with` replaces or puts in a place, which the engine cannot do: it only
/// knows its own.
fn replacements(facts: &[RuleFacts]) -> Vec<CompileError> {
    let named = facts.iter().flat_map(|fact| &fact.replacements);
    let ours = named.filter(|(name, _)| {
        builtins::arguments(name).is_some() && !BUILTINS.contains_key(name.as_str())
    });
    ours.map(|(name, span)| {
        let text = format!("`with` and the built-in function {name} do not work together yet");
        located("rego_compile_error", text, span)
    })
    .collect()
}

/// Objects whose members come from rules of their own and from a rule with a variable key: where both
/// give one key the engine takes either value, and tells nobody.
fn members(index: &Index<'_>) -> Vec<CompileError> {
    let partial = index
        .iter()
        .filter(|(_, rule)| !rule.ground && rule.arguments.is_none());
    let both = partial.filter_map(|(path, _)| {
        let (member, rule) = index.beneath(path).find(|(member, _)| member.len() > path.len())?;
        let name = path.join(".");
        let text = format!(
            "conflicting rules data.{name}[…] and data.{}: the members of an object come either from \
             rules with fixed keys or from rules with a variable key; give one of them another name",
            member.join(".")
        );
        Some(located("rego_type_error", text, rule.span))
    });
    both.collect()
}

fn is_missing(name: &str) -> bool {
    MISSING
        .iter()
        .any(|missing| match missing.strip_suffix('.') {
            Some(_) => name.starts_with(missing),
            None => name == *missing,
        })
}

fn undefined_function(name: &str) -> String {
    if is_missing(name) {
        format!("undefined function {name}: this built-in is not there yet")
    } else {
        format!("undefined function {name}")
    }
}

/// Base data at the place of a rule: one would hide the other.
fn conflicts(index: &Index<'_>, data: &Value) -> Vec<CompileError> {
    let conflicting = index.iter().filter(|(path, rule)| {
        let mut at = data;
        for key in *path {
            match at
                .as_object()
                .ok()
                .and_then(|object| object.get(&Value::from(key.as_str())))
            {
                Some(value) => at = value,
                // A value that is no object takes the place of the package.
                None => return at.as_object().is_err(),
            }
        }
        // Data below an object of rules joins it.
        rule.ground || at.as_object().is_err()
    });
    conflicting
        .map(|(path, rule)| {
            let text = format!("conflicting rule for data path {} found", path.join("/"));
            located("rego_type_error", text, rule.span)
        })
        .collect()
}

/// Rules that depend on themselves: the engine would run out of stack, which ends the process.
///
/// A reference whose way is not known counts for everything that it could reach.
fn recursion(facts: &[RuleFacts], index: &Index<'_>) -> Vec<CompileError> {
    let graph = Graph::new(facts, index);
    let mut errors = Vec::new();
    for cycle in graph.cycles() {
        let mut names: Vec<String> = cycle
            .iter()
            .filter_map(|node| graph.rules.get(*node))
            .map(|path| name_of(path))
            .collect();
        let Some((path, first)) = cycle.iter().find_map(|node| {
            let path = graph.rules.get(*node)?;
            Some((*path, index.get(path)?))
        }) else {
            continue;
        };
        names.push(name_of(path));
        let text = format!(
            "rule {} is recursive: {}",
            name_of(path),
            names.join(" -> ")
        );
        errors.push(located("rego_recursion_error", text, first.span));
    }
    errors
}

fn name_of(path: &[String]) -> String {
    format!("data.{}", path.join("."))
}

fn located(code: &'static str, message: String, span: &Span) -> CompileError {
    CompileError::new(code, message).at(span.source.get_path(), span.line, span.col)
}

/// Who needs whom. Rules come first; a node for each distinct way stands between a rule and what the
/// way reaches, so that many references to one package stay cheap.
struct Graph<'a> {
    rules: Vec<&'a [String]>,
    edges: Vec<Vec<usize>>,
}

impl<'a> Graph<'a> {
    fn new(facts: &'a [RuleFacts], index: &Index<'a>) -> Self {
        let rules: Vec<&[String]> = index.iter().map(|(path, _)| path).collect();
        let numbers: HashMap<&[String], usize> = rules
            .iter()
            .enumerate()
            .map(|(i, path)| (*path, i))
            .collect();
        let mut edges = vec![Vec::new(); rules.len()];
        let mut ways: HashMap<&[String], usize> = HashMap::new();
        for fact in facts {
            let Some(&from) = numbers.get(fact.path.as_slice()) else {
                continue;
            };
            for reference in fact.references.iter().filter(|r| r.root == Root::Data) {
                let way = *ways.entry(&reference.path).or_insert_with(|| {
                    let reached = index
                        .beneath(&reference.path)
                        .chain(index.above(&reference.path));
                    edges.push(
                        reached
                            .filter_map(|(path, _)| numbers.get(path).copied())
                            .collect(),
                    );
                    edges.len() - 1
                });
                if let Some(out) = edges.get_mut(from) {
                    out.push(way);
                }
            }
        }
        Self { rules, edges }
    }

    /// The strongly connected components that hold a cycle (Tarjan), without recursion of our own.
    fn cycles(&self) -> Vec<Vec<usize>> {
        let mut search = Search::new(self.edges.len());
        for start in 0..self.edges.len() {
            search.from(start, &self.edges);
        }
        // A way never leads to itself, so a single node is never a cycle.
        search.components.retain(|component| component.len() > 1);
        for component in &mut search.components {
            component.sort_unstable();
        }
        search.components
    }
}

/// The state of Tarjan's search.
struct Search {
    order: Vec<Option<usize>>,
    low: Vec<usize>,
    on_stack: Vec<bool>,
    stack: Vec<usize>,
    count: usize,
    components: Vec<Vec<usize>>,
}

#[expect(
    clippy::indexing_slicing,
    reason = "every node is below the length that all tables have"
)]
impl Search {
    fn new(nodes: usize) -> Self {
        Self {
            order: vec![None; nodes],
            low: vec![0; nodes],
            on_stack: vec![false; nodes],
            stack: Vec::new(),
            count: 0,
            components: Vec::new(),
        }
    }

    fn from(&mut self, start: usize, edges: &[Vec<usize>]) {
        if self.order[start].is_some() {
            return;
        }
        self.enter(start);
        let mut path = vec![(start, 0)];
        while let Some((node, next)) = path.last_mut() {
            let node = *node;
            if let Some(&to) = edges[node].get(*next) {
                *next += 1;
                match self.order[to] {
                    None => {
                        self.enter(to);
                        path.push((to, 0));
                    }
                    Some(order) if self.on_stack[to] => self.low[node] = self.low[node].min(order),
                    Some(_) => {}
                }
            } else {
                path.pop();
                self.leave(node);
                if let Some((parent, _)) = path.last() {
                    self.low[*parent] = self.low[*parent].min(self.low[node]);
                }
            }
        }
    }

    fn enter(&mut self, node: usize) {
        self.order[node] = Some(self.count);
        self.low[node] = self.count;
        self.count += 1;
        self.stack.push(node);
        self.on_stack[node] = true;
    }

    fn leave(&mut self, node: usize) {
        if self.order[node] != Some(self.low[node]) {
            return;
        }
        let mut component = Vec::new();
        while let Some(member) = self.stack.pop() {
            self.on_stack[member] = false;
            component.push(member);
            if member == node {
                break;
            }
        }
        self.components.push(component);
    }
}
