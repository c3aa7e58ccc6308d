//! `parse`: the syntax tree of one file.

use std::path::PathBuf;

use regate_rego::Value;
use regate_rego::source::File;
use regate_rego::syntax::{self, ast::TermKind};

use super::Report;
use super::build;
use super::json::Json;
use super::problem::{Problem, Problems, diagnosed};
use crate::engine::{Module, RegoVersion};

/// What to parse, and how to print it.
#[derive(Debug, Clone)]
pub struct Request {
    /// The file.
    pub path: PathBuf,
    /// Whether the tree is printed as JSON.
    pub json: bool,
    /// Whether each node says where it stands.
    pub locations: bool,
    /// Whether comments are printed.
    pub comments: bool,
    /// The language of the file.
    pub version: RegoVersion,
}

/// A module that was parsed.
#[derive(Debug, Clone)]
pub struct Tree {
    /// The names of its package below `data`.
    pub package: Vec<String>,
    /// Its syntax tree, as `opa parse` has it.
    pub json: Value,
}

/// Parses one module.
pub fn module(module: &Module) -> Result<Tree, Problems> {
    let file = File::new(module.name.as_str(), module.source.clone());
    let parsed = syntax::parse_module(&file, &build::options(module.version));
    let parsed = parsed.map_err(|errors| diagnosed(&errors))?;
    let path = parsed.package.path.path.iter();
    let names = path.filter_map(|term| match &term.kind {
        TermKind::String(name) => Some(name.to_string()),
        _ => None,
    });
    Ok(Tree {
        package: names.collect(),
        json: syntax::json::module(&parsed),
    })
}

/// Parses.
pub fn parse(request: &Request) -> Report {
    match tree(request) {
        Ok(stdout) => Report {
            stdout,
            ..Report::default()
        },
        Err(problems) => {
            let errors = problems.iter().map(Problem::to_json).collect::<Json>();
            Report {
                stderr: Json::object().with("errors", errors).to_text(),
                exit: 1,
                ..Report::default()
            }
        }
    }
}

fn tree(request: &Request) -> Result<String, Problems> {
    let path = &request.path;
    let text = std::fs::read_to_string(path).map_err(|error| {
        let reason = match error.kind() {
            std::io::ErrorKind::NotFound => "no such file or directory".to_owned(),
            _ => error.to_string(),
        };
        vec![Problem::plain(format!("open {}: {reason}", path.display()))]
    })?;
    let file = File::new(path.to_string_lossy(), text);
    let mut module = syntax::parse_module(&file, &build::options(request.version))
        .map_err(|errors| diagnosed(&errors))?;
    if !request.comments {
        module.comments.clear();
    }
    if !request.json {
        return Ok(pretty(&syntax::json::module(&module)));
    }
    let tree = if request.locations {
        syntax::json::module_with_locations(&module)
    } else {
        syntax::json::module(&module)
    };
    Ok(Json::from(tree).to_text())
}

/// The tree as indented words.
fn pretty(module: &Value) -> String {
    let mut out = String::from("module\n");
    let mut write = |level: usize, text: &str| {
        out.push_str(&" ".repeat(level));
        out.push_str(text);
        out.push('\n');
    };
    // The depth of the tree is bounded by the parser.
    outline::module(module, &mut write);
    out
}

mod outline {
    //! Which words stand for which nodes, as `opa parse` has them.

    use regate_rego::Value;

    use crate::tool::json::compact;

    type Write<'w> = &'w mut dyn FnMut(usize, &str);

    pub(super) fn module(module: &Value, write: Write<'_>) {
        write(1, "package");
        write(2, "ref");
        for part in items(module.get_str("package").and_then(|it| it.get_str("path"))) {
            term(part, 3, write);
        }
        for import in items(module.get_str("imports")) {
            write(1, "import");
            if let Some(path) = import.get_str("path") {
                term(path, 2, write);
            }
            let alias = import.get_str("alias").and_then(Value::as_str);
            write(2, alias.unwrap_or_default());
        }
        for one in items(module.get_str("rules")) {
            rule(one, 1, write);
        }
        for _ in items(module.get_str("comments")) {
            write(1, "comment");
        }
    }

    fn rule(rule: &Value, level: usize, write: Write<'_>) {
        write(level, "rule");
        if let Some(head) = rule.get_str("head") {
            write(level + 1, "head");
            if let Some(reference) = head.get_str("ref") {
                write(level + 2, "ref");
                items(Some(reference)).for_each(|part| term(part, level + 3, write));
            }
            if let Some(args) = head.get_str("args") {
                write(level + 2, "args");
                items(Some(args)).for_each(|arg| term(arg, level + 3, write));
            }
            // The member of a set is not told, as with OPA.
            if let Some(value) = head.get_str("value") {
                term(value, level + 2, write);
            }
        }
        if let Some(literals) = rule.get_str("body") {
            body(literals, level + 1, write);
        }
        if let Some(other) = rule.get_str("else") {
            self::rule(other, level + 1, write);
        }
    }

    fn body(literals: &Value, level: usize, write: Write<'_>) {
        write(level, "body");
        for literal in items(Some(literals)) {
            expression(literal, level + 1, write);
        }
    }

    fn expression(literal: &Value, level: usize, write: Write<'_>) {
        let negated = matches!(literal.get_str("negated"), Some(Value::Bool(true)));
        let negated = if negated { " negated" } else { "" };
        let index = literal.get_str("index").map(compact).unwrap_or_default();
        write(level, &format!("expr{negated} index={index}"));
        match literal.get_str("terms") {
            Some(Value::Array(terms)) => terms.iter().for_each(|one| term(one, level + 1, write)),
            Some(object) if object.get_str("symbols").is_some() => {
                write(level + 1, "somedecl");
                items(object.get_str("symbols")).for_each(|one| term(one, level + 2, write));
            }
            Some(object) if object.get_str("domain").is_some() => every(object, level + 1, write),
            Some(one) => term(one, level + 1, write),
            None => {}
        }
        for with in items(literal.get_str("with")) {
            write(level + 1, "with");
            for key in ["target", "value"] {
                if let Some(one) = with.get_str(key) {
                    term(one, level + 2, write);
                }
            }
        }
    }

    fn every(every: &Value, level: usize, write: Write<'_>) {
        write(level, "every");
        for key in ["key", "value", "domain"] {
            if let Some(one) = every.get_str(key).filter(|one| **one != Value::Null) {
                term(one, level + 1, write);
            }
        }
        if let Some(literals) = every.get_str("body") {
            body(literals, level + 1, write);
        }
    }

    fn term(term: &Value, level: usize, write: Write<'_>) {
        let kind = term
            .get_str("type")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let Some(value) = term.get_str("value") else {
            return;
        };
        match kind {
            "var" => match value.as_str().unwrap_or_default() {
                wildcard if wildcard.starts_with('$') => write(level, "_"),
                name => write(level, name),
            },
            "ref" | "array" | "set" | "call" => {
                write(level, kind);
                items(Some(value)).for_each(|part| self::term(part, level + 1, write));
            }
            "object" => {
                write(level, kind);
                let pairs = items(Some(value)).flat_map(|pair| items(Some(pair)));
                pairs.for_each(|part| self::term(part, level + 1, write));
            }
            "arraycomprehension" | "setcomprehension" | "objectcomprehension" => {
                write(level, kind);
                for key in ["key", "value", "term"] {
                    if let Some(part) = value.get_str(key) {
                        self::term(part, level + 1, write);
                    }
                }
                if let Some(literals) = value.get_str("body") {
                    body(literals, level + 1, write);
                }
            }
            _ => write(level, &compact(value)),
        }
    }

    fn items(value: Option<&Value>) -> impl Iterator<Item = &Value> {
        let items = match value {
            Some(Value::Array(items)) => Some(items.iter()),
            _ => None,
        };
        items.into_iter().flatten()
    }
}
