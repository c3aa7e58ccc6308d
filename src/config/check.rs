//! The tree against the schema: types, unknown keys, keys whose feature is not there yet.

use super::duration::parse_duration;
use super::problem::Report;
use super::schema::{self, Key, Kind as Expected, State};
use crate::data::yaml::{Entry, Kind, Node};

/// The plugin's names: ours, and the one that it had first.
const PLUGIN: &str = "envoy_ext_authz_grpc";
const PLUGIN_OLD_NAME: &str = "envoy.ext_authz.grpc";

/// Checks `tree` whole. What comes back has only known keys in the schema's spelling, each of the
/// schema's type, and no nulls.
pub(super) fn check(tree: Node, report: &mut Report) -> Node {
    let mut walk = Walk {
        report,
        path: Vec::new(),
        shown: String::new(),
    };
    let line = tree.line;
    let entries = match tree.kind {
        Kind::Object(entries) => walk.section(entries),
        _ => Vec::new(),
    };
    Node {
        line,
        kind: Kind::Object(entries),
    }
}

/// Turns the list form of `services` into the map form.
pub(super) fn services_by_name(tree: &mut Node, report: &mut Report) {
    let Kind::Object(entries) = &mut tree.kind else {
        return;
    };
    let services = entries
        .iter_mut()
        .filter(|entry| entry.key.eq_ignore_ascii_case("services"));
    for Entry { value: node, .. } in services {
        let Kind::Array(items) = &mut node.kind else {
            continue;
        };
        let mut named = Vec::new();
        for (i, item) in std::mem::take(items).into_iter().enumerate() {
            match item.get("name").map(|name| &name.kind) {
                Some(Kind::String(name)) if !name.is_empty() => {
                    named.push(Entry {
                        key: name.clone(),
                        line: item.line,
                        value: item,
                    });
                }
                _ => report.error(
                    item.line,
                    &format!("services[{i}]"),
                    "a service in a list needs a `name`",
                ),
            }
        }
        node.kind = Kind::Object(named);
    }
}

struct Walk<'r> {
    report: &'r mut Report,
    /// Where the walk is, in the schema's spelling.
    path: Vec<String>,
    /// The same as the user wrote it.
    shown: String,
}

// === impl Walk ===

impl Walk<'_> {
    fn section(&mut self, entries: Vec<Entry>) -> Vec<Entry> {
        let mut out: Vec<Entry> = Vec::new();
        for entry in entries {
            let line = entry.line;
            let Some((name, key)) = self.resolve(&entry.key) else {
                self.unknown(&entry.key, line);
                continue;
            };
            let shown_before = self.shown.len();
            self.enter(&name, &entry.key);
            if let Some(old) = out.iter().position(|other| other.key == name) {
                self.duplicate(line);
                out.remove(old);
            }
            if let Some(value) = self.value(key, entry.value, line) {
                out.push(Entry {
                    key: name,
                    line,
                    value,
                });
            }
            self.path.pop();
            self.shown.truncate(shown_before);
        }
        out
    }

    /// The schema's spelling of `name` here, and the schema's key.
    fn resolve(&self, name: &str) -> Option<(String, &'static Key)> {
        let mut path: Vec<&str> = self.path.iter().map(String::as_str).collect();
        let old_name = path == ["plugins"] && name == PLUGIN_OLD_NAME;
        let known = if old_name {
            Some(PLUGIN)
        } else {
            // OPA takes keys in any case, as Go's JSON decoder does.
            schema::children(&path).find(|child| child.eq_ignore_ascii_case(name))
        };
        let spelled = known.unwrap_or(name);
        path.push(spelled);
        schema::find(&path).map(|key| (spelled.to_owned(), key))
    }

    fn value(&mut self, key: &'static Key, node: Node, key_line: usize) -> Option<Node> {
        if node.kind == Kind::Null {
            // A plugin, a bundle or the decision log is there as soon as it is named; anywhere else
            // null is the same as nothing.
            let named =
                key.kind == Expected::Section && key.state != State::Later && self.path.len() <= 2;
            let kind = Kind::Object(Vec::new());
            return named.then_some(Node {
                line: key_line,
                kind,
            });
        }
        if key.state == State::Later {
            if asks_for_something(&node) {
                let message = format!("not supported yet: {}", key.note);
                self.report.error(key_line, &self.shown, message);
            }
            return None;
        }
        if key.state == State::Accepted && !self.accepted_above() && asks_for_something(&node) {
            let message = format!("accepted, but without effect: {}", key.note);
            self.report.note(key_line, &self.shown, &message);
        }
        let Node { line, kind } = node;
        let kind = match (key.kind, kind) {
            (Expected::Section | Expected::Map, Kind::Object(entries)) => {
                // What is wrong with a section as a whole is shown at its name.
                let kind = Kind::Object(self.section(entries));
                return Some(Node {
                    line: key_line,
                    kind,
                });
            }
            (expected, kind) => {
                if !fits(expected, &kind) {
                    let found = found(&kind, hides(key));
                    let message = format!("expected {expected}, found {found}");
                    self.report.error(line, &self.shown, message);
                    return None;
                }
                kind
            }
        };
        Some(Node { line, kind })
    }

    /// Whether the section around has been noted as without effect.
    fn accepted_above(&self) -> bool {
        let path: Vec<&str> = self.path.iter().map(String::as_str).collect();
        let above = path.split_last().and_then(|(_, above)| schema::find(above));
        above.is_some_and(|key| key.state == State::Accepted)
    }

    fn enter(&mut self, name: &str, written: &str) {
        self.path.push(name.to_owned());
        self.shown = self.joined(written);
    }

    fn joined(&self, name: &str) -> String {
        if self.shown.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.shown)
        }
    }

    fn unknown(&mut self, name: &str, line: usize) {
        let shown = self.joined(name);
        if self.path == ["plugins"] {
            let message = format!("plugin \"{name}\" not registered; the name is `{PLUGIN}`");
            self.report.error(line, &shown, message);
            return;
        }
        let nearest = self.nearest(name);
        self.report.unknown_key(line, &shown, nearest);
    }

    /// A known name that may have been meant: here, or the same name somewhere else.
    fn nearest(&self, name: &str) -> Option<String> {
        let path: Vec<&str> = self.path.iter().map(String::as_str).collect();
        let here = schema::children(&path)
            .map(|child| (strsim::jaro_winkler(child, name), child))
            .filter(|(likeness, _)| *likeness > 0.84)
            .max_by(|a, b| a.0.total_cmp(&b.0))
            .map(|(_, child)| self.joined(child));
        here.or_else(|| {
            schema::keys()
                .filter(|key| key.path.contains('.'))
                .find(|key| key.path.rsplit('.').next() == Some(name))
                .map(|key| key.path.to_owned())
        })
    }

    fn duplicate(&mut self, line: usize) {
        let message = "the same key stands here in another spelling; keep one of them";
        self.report.error(line, &self.shown, message);
    }
}

/// Whether a value asks for the feature behind its key; `false` and nothing do not.
fn asks_for_something(node: &Node) -> bool {
    match &node.kind {
        Kind::Null | Kind::Bool(false) => false,
        Kind::String(text) => !text.is_empty(),
        _ => true,
    }
}

fn fits(expected: Expected, kind: &Kind) -> bool {
    let strings = |items: &[Node]| items.iter().all(|i| matches!(i.kind, Kind::String(_)));
    match (expected, kind) {
        (Expected::Any, _)
        | (Expected::Bool, Kind::Bool(_))
        | (Expected::Text | Expected::TextOrList, Kind::String(_))
        | (Expected::Number, Kind::Number(_)) => true,
        (Expected::Int(low, high), Kind::Number(text)) => text
            .parse()
            .is_ok_and(|value: i64| (low..=high).contains(&value)),
        (Expected::OneOf(values), Kind::String(text)) => {
            text.is_empty() || values.contains(&text.as_str())
        }
        (Expected::TextList | Expected::TextOrList, Kind::Array(items)) => strings(items),
        (Expected::Buckets, Kind::Array(items)) => {
            let numbers: Option<Vec<f64>> = items.iter().map(number).collect();
            numbers.is_some_and(|numbers| numbers.is_sorted_by(|a, b| a < b))
        }
        (Expected::Duration, Kind::String(text)) => parse_duration(text).is_some(),
        (Expected::Duration, Kind::Number(text)) => text
            .parse()
            .is_ok_and(|seconds: f64| (0.0..=1e9).contains(&seconds)),
        (Expected::Mode, Kind::String(text)) => {
            u32::from_str_radix(text, 8).is_ok_and(|mode| mode <= 0o777)
        }
        _ => false,
    }
}

fn number(node: &Node) -> Option<f64> {
    match &node.kind {
        Kind::Number(text) => text.parse().ok(),
        _ => None,
    }
}

/// Whether a wrong value may be a secret: one that should be, or one that stands a level too high.
fn hides(key: &Key) -> bool {
    key.secret || matches!(key.kind, Expected::Section | Expected::Map)
}

/// What was found, for an error; never a secret's text.
fn found(kind: &Kind, secret: bool) -> String {
    match kind {
        Kind::Null => "nothing".to_owned(),
        Kind::Bool(_) if secret => "a boolean".to_owned(),
        Kind::Number(_) if secret => "a number".to_owned(),
        Kind::String(_) if secret => "a string".to_owned(),
        Kind::Bool(value) => value.to_string(),
        Kind::Number(text) => text.clone(),
        Kind::String(text) if text.chars().count() > 40 => "a long string".to_owned(),
        Kind::String(text) => format!("{text:?}"),
        Kind::Array(_) => "a list".to_owned(),
        Kind::Object(_) => "a section".to_owned(),
    }
}
