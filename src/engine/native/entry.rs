//! Decision paths and queries: what is asked for them.

use regate_rego::source::Diagnostic;
use regate_rego::{Compiled, PreparedQuery};

use crate::data::Value;
use crate::engine::{Demand, Entrypoint, EvalError};

/// What is done for one entrypoint.
#[derive(Debug)]
pub(super) enum Entry {
    /// A query is asked; where it gives nothing, the other one.
    Query {
        query: Box<PreparedQuery>,
        other: Option<Box<PreparedQuery>>,
        defined: bool,
    },
    /// There can never be a decision.
    Broken(EvalError),
}

/// An entry, and what an operator should know of it.
pub(super) struct Planned {
    pub(super) entry: Entry,
    pub(super) warning: Option<String>,
}

/// Plans `entrypoint`. Only a query of the configuration's own words can be refused.
pub(super) fn plan(
    entrypoint: &Entrypoint,
    compiled: &Compiled,
) -> Result<Planned, Vec<Diagnostic>> {
    match entrypoint {
        Entrypoint::Path(path) => Ok(plan_path(path, compiled)),
        Entrypoint::Query(query) => Ok(Planned {
            entry: Entry::Query {
                query: Box::new(compiled.prepare(query)?),
                other: None,
                defined: true,
            },
            warning: None,
        }),
    }
}

/// The names of a document below `data`. An integer finds an element of an array; in data also the key that is its
/// text.
pub(super) struct Names {
    keys: Vec<Value>,
    texts: Vec<Value>,
}

// === impl Names ===

impl Names {
    pub(super) fn of<T: AsRef<str>>(segments: &[T]) -> Self {
        let segments = segments.iter().map(AsRef::as_ref);
        Self {
            keys: segments.clone().map(key).collect(),
            texts: segments.map(Value::from).collect(),
        }
    }

    /// What is asked for the document, and what where that gives nothing.
    pub(super) fn prepare(
        &self,
        compiled: &Compiled,
    ) -> Result<(PreparedQuery, Option<PreparedQuery>), Vec<Diagnostic>> {
        let query = compiled.prepare(&reference(&self.keys))?;
        let other = (self.texts != self.keys)
            .then(|| compiled.prepare(&reference(&self.texts)).ok())
            .flatten();
        Ok((query, other))
    }
}

// === impl Entry ===

impl Entry {
    /// Whether there is something that it names.
    pub(super) fn is_defined(&self) -> bool {
        match self {
            Self::Query { defined, .. } => *defined,
            Self::Broken(_) => true,
        }
    }

    /// What it reads of the input, and perhaps more.
    pub(super) fn demand(&self, compiled: &Compiled) -> Demand {
        let mut demand = Demand::nothing();
        let Self::Query { query, other, .. } = self else {
            return demand;
        };
        let program = compiled.policy().program();
        for query in [Some(query), other.as_ref()].into_iter().flatten() {
            for path in program.inputs_of(query.plan()) {
                demand.add(path.iter().map_while(Value::as_str));
            }
        }
        demand
    }
}

fn plan_path(text: &str, compiled: &Compiled) -> Planned {
    let segments: Vec<&str> = text.split('/').filter(|s| !s.is_empty()).collect();
    if segments.is_empty() {
        let error = EvalError::broken("the decision path is empty".to_owned());
        return broken(error);
    }
    let names = Names::of(&segments);
    let (query, other) = match names.prepare(compiled) {
        Ok(prepared) => prepared,
        Err(errors) => {
            let error = errors.first();
            let text = error.map_or_else(String::new, |e| format!("{}: {}", e.code, e.message));
            return broken(EvalError::broken(text));
        }
    };
    let defined = is_defined(&names.keys, compiled) || is_defined(&names.texts, compiled);
    let warning = (!defined).then(|| undefined_warning(text, compiled));
    Planned {
        entry: Entry::Query {
            query: Box::new(query),
            other: other.map(Box::new),
            defined,
        },
        warning,
    }
}

fn broken(error: EvalError) -> Planned {
    Planned {
        entry: Entry::Broken(error),
        warning: None,
    }
}

/// A segment of a path: an integer where it is one, else a string.
fn key(segment: &str) -> Value {
    segment
        .parse::<i64>()
        .map_or_else(|_| Value::from(segment), Value::from)
}

/// `data["a"][0]`.
fn reference(keys: &[Value]) -> String {
    let mut text = "data".to_owned();
    for key in keys {
        text.push('[');
        text.push_str(&key.to_string());
        text.push(']');
    }
    text
}

/// Whether a rule or base data may have something at `keys`.
fn is_defined(keys: &[Value], compiled: &Compiled) -> bool {
    let policy = compiled.policy();
    let tree = &policy.program().tree;
    let mut node = tree.nodes.first();
    for key in keys {
        let Some(at) = node else { break };
        if at.unit.is_some() {
            return true;
        }
        let child = at.children.iter().find(|(name, _)| name == key);
        node = child.and_then(|(_, id)| tree.nodes.get(id.0 as usize));
    }
    node.is_some() || policy.data().get(keys).is_some()
}

fn undefined_warning(text: &str, compiled: &Compiled) -> String {
    let mut near: Vec<(f64, String)> = compiled
        .policy()
        .program()
        .units
        .iter()
        .filter_map(|unit| {
            unit.path
                .iter()
                .map(Value::as_str)
                .collect::<Option<Vec<_>>>()
        })
        .map(|path| path.join("/"))
        .map(|path| (strsim::jaro_winkler(text.trim_matches('/'), &path), path))
        .collect();
    near.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    let near: Vec<String> = near
        .into_iter()
        .take(3)
        .map(|(_, path)| format!("`{path}`"))
        .collect();
    let near = if near.is_empty() {
        "there are no rules".to_owned()
    } else {
        format!("nearest: {}", near.join(", "))
    };
    format!("no rule and no data defines the decision path `{text}`; {near}")
}
