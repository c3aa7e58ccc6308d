//! Decision paths and queries: what is evaluated for them.
//!
//! A path that is one rule's is that rule. Anything else becomes a module of our own with one rule, so
//! that nothing is parsed while a request waits.

use regorus::unstable::{Expr, Literal, LiteralStmt, Rule};

use super::index::Index;
use super::{error, scan};
use crate::engine::Entrypoint;
use crate::engine::{CompileError, EvalError};
use regorus::Value;

/// What is done for one entrypoint.
#[derive(Debug, Clone)]
pub(super) enum Entry {
    /// A rule is evaluated, and `rest` leads into its value.
    Rule { path: String, rest: Vec<Segment> },
    /// Only data stands there, and data does not change; `Undefined` where there is nothing.
    Constant(Value),
    /// There can never be a decision.
    Broken(EvalError),
}

/// One segment of a decision path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Segment {
    Key(String),
    Number(i64),
}

/// An entry, and the module that it needs.
pub(super) struct Planned {
    pub entry: Entry,
    /// The text of the module.
    pub module: Option<String>,
    /// What an operator should know.
    pub warning: Option<String>,
}

/// Plans `entrypoint`; `package` is the name of a package that nobody else has.
pub(super) fn plan(
    entrypoint: &Entrypoint,
    package: &str,
    index: &Index<'_>,
    data: &Value,
) -> Result<Planned, CompileError> {
    match entrypoint {
        Entrypoint::Path(path) => Ok(plan_path(path, package, index, data)),
        Entrypoint::Query(query) => {
            let module = query_module(query, package)?;
            Ok(Planned {
                entry: decision_rule(package, Vec::new()),
                module: Some(module),
                warning: None,
            })
        }
    }
}

/// Follows `segments` into `value`.
pub(super) fn descend(value: &Value, segments: &[Segment]) -> Value {
    let mut at = value;
    for segment in segments {
        match step(at, segment) {
            Some(next) => at = next,
            None => return Value::Undefined,
        }
    }
    at.clone()
}

fn step<'a>(value: &'a Value, segment: &Segment) -> Option<&'a Value> {
    let key = match segment {
        Segment::Key(key) => Value::from(key.as_str()),
        Segment::Number(number) => Value::from(*number),
    };
    match (value, segment) {
        (Value::Object(object), _) => object.get(&key),
        (Value::Set(set), _) => set.get(&key),
        (Value::Array(array), Segment::Number(n)) => array.get(usize::try_from(*n).ok()?),
        _ => None,
    }
}

/// Follows `segments` into data, where a number also finds the key that is its text.
fn descend_data(data: &Value, segments: &[Segment]) -> Value {
    let mut at = data;
    for segment in segments {
        let found = step(at, segment).or_else(|| match segment {
            Segment::Number(number) => step(at, &Segment::Key(number.to_string())),
            Segment::Key(_) => None,
        });
        match found {
            Some(next) => at = next,
            None => return Value::Undefined,
        }
    }
    at.clone()
}

fn plan_path(text: &str, package: &str, index: &Index<'_>, data: &Value) -> Planned {
    let segments: Vec<Segment> = text
        .split('/')
        .filter(|s| !s.is_empty())
        .map(Segment::of)
        .collect();
    let known: Vec<String> = segments.iter().map_while(Segment::key).collect();
    let (_, rest) = segments.split_at(known.len());
    let just = |entry| Planned {
        entry,
        module: None,
        warning: None,
    };
    if segments.is_empty() {
        return just(Entry::Broken(EvalError::broken(
            "the decision path is empty".to_owned(),
        )));
    }
    let inside = index.above(&known).next().is_some();
    let exact = index.get(&known);
    if exact.is_some_and(|rule| rule.arguments.is_some()) {
        let text = format!("rego_type_error: the decision path `{text}` names a function");
        return just(Entry::Broken(EvalError::broken(text)));
    }
    if exact.is_some() && !inside && index.beneath(&known).count() == 1 {
        let mut path = "data".to_owned();
        for key in &known {
            push_step(&mut path, key);
        }
        return just(Entry::Rule {
            path,
            rest: rest.to_vec(),
        });
    }
    if exact.is_some() || inside || index.beneath(&known).next().is_some() {
        let module = reference_module(package, &known);
        let entry = decision_rule(package, rest.to_vec());
        return Planned {
            entry,
            module: Some(module),
            warning: None,
        };
    }
    let value = descend_data(data, &segments);
    let warning = (value == Value::Undefined).then(|| undefined_warning(text, index));
    Planned {
        entry: Entry::Constant(value),
        module: None,
        warning,
    }
}

fn decision_rule(package: &str, rest: Vec<Segment>) -> Entry {
    Entry::Rule {
        path: format!("data.{package}.decision"),
        rest,
    }
}

fn reference_module(package: &str, keys: &[String]) -> String {
    let mut reference = "data".to_owned();
    for key in keys {
        push_step(&mut reference, key);
    }
    format!("package {package}\n\ndecision := {reference}\n")
}

/// `.key`, or `["key"]` where the key is no name.
fn push_step(path: &mut String, key: &str) {
    let mut chars = key.chars();
    let name = chars
        .next()
        .is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_');
    if name && !KEYWORDS.contains(&key) {
        path.push('.');
        path.push_str(key);
    } else {
        path.push('[');
        path.push_str(&Value::from(key).to_string());
        path.push(']');
    }
}

const KEYWORDS: [&str; 16] = [
    "as", "contains", "data", "default", "else", "every", "false", "if", "import", "in", "input",
    "not", "null", "package", "some", "true",
];

fn undefined_warning(text: &str, index: &Index<'_>) -> String {
    let mut near: Vec<(f64, String)> = index
        .iter()
        .filter(|(_, rule)| rule.arguments.is_none())
        .map(|(path, _)| path.join("/"))
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

/// Turns a query into a rule. Each of its plain expressions is bound to a variable, which makes a
/// comparison that is false a value.
fn query_module(query: &str, package: &str) -> Result<String, CompileError> {
    let error = |text: &str| error::compile("query", "rego_parse_error", text);
    scan::check("query", query)?;
    // Braces around nothing are an empty object, which is a query.
    if query
        .lines()
        .all(|line| line.trim().is_empty() || line.trim_start().starts_with('#'))
    {
        return Err(error("the query is empty"));
    }
    let mut engine = regorus::Engine::new();
    let text = format!("package {package}\n\ndecision if {{\n{query}\n}}\n");
    engine
        .add_policy("query".to_owned(), text)
        .map_err(|e| error(&e.to_string()))?;
    let module = engine.get_modules().first();
    let [rule] = module.map_or(&[][..], |module| &module.policy) else {
        return Err(error("the query is more than one Rego body"));
    };
    let Rule::Spec { bodies, .. } = &**rule else {
        return Err(error("the query is not a Rego body"));
    };
    let [body] = bodies.as_slice() else {
        return Err(error("the query is more than one Rego body"));
    };
    let mut decision = "true".to_owned();
    let mut lines = String::new();
    for (i, stmt) in body.query.stmts.iter().enumerate() {
        if is_plain(stmt) {
            if i == 0 {
                "regate_value_0".clone_into(&mut decision);
            }
            lines.extend([
                "\tregate_value_",
                &i.to_string(),
                " := ",
                stmt.span.text(),
                "\n",
            ]);
        } else {
            lines.extend(["\t", stmt.span.text(), "\n"]);
        }
    }
    Ok(format!(
        "package {package}\n\ndecision := {decision} if {{\n{lines}}}\n"
    ))
}

fn is_plain(stmt: &LiteralStmt) -> bool {
    match &stmt.literal {
        Literal::Expr { expr, .. } => !matches!(&**expr, Expr::AssignExpr { .. }),
        _ => false,
    }
}

// === impl Segment ===

impl Segment {
    fn of(text: &str) -> Self {
        text.parse()
            .map_or_else(|_| Self::Key(text.to_owned()), Self::Number)
    }

    fn key(&self) -> Option<String> {
        match self {
            Self::Key(key) => Some(key.clone()),
            Self::Number(_) => None,
        }
    }
}
