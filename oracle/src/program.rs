//! A generated program: modules, data, input, and what is asked.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use regate_rego::syntax::ast::RegoVersion;
use regate_rego::value::{Object, write_json};
use regate_rego::{Source, Value};

use crate::tree::Tree;

/// Modules with what they are evaluated on.
#[derive(Debug, Clone)]
pub struct Program {
    /// The modules; later ones may use functions of earlier ones.
    pub modules: Vec<Module>,
    /// The base documents: an object.
    pub data: Value,
    /// The input.
    pub input: Option<Value>,
}

/// One module.
#[derive(Debug, Clone)]
pub struct Module {
    /// The version of the language that it is in.
    pub version: RegoVersion,
    /// Its package, below `data`.
    pub package: String,
    /// Its imports.
    pub imports: Vec<String>,
    /// Its rules.
    pub rules: Vec<Rule>,
}

/// A rule, or several that belong together.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Its name, the first part of its head.
    pub name: String,
    /// Whether it takes arguments: then nobody asks for it.
    pub function: bool,
    /// Its text.
    pub tree: Tree,
}

/// A program as text, which is what both engines get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// The version of all modules.
    pub version: RegoVersion,
    /// The modules' texts.
    pub modules: Vec<String>,
    /// The base documents: an object.
    pub data: Value,
    /// The input.
    pub input: Option<Value>,
    /// What is asked for: paths below `data` with slashes, or queries in Rego, as `way` says.
    pub queries: Vec<String>,
    /// How it is put to the engines.
    pub way: Way,
}

/// How a program is put to the engines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Way {
    /// Module after module, until one is refused; then documents are asked for, leniently and strictly.
    #[default]
    InTurn,
    /// All modules at once, then the documents.
    Together,
    /// All modules at once, then queries in Rego, whose answers are all their rows.
    Query {
        /// Whether errors of built-ins end the evaluation.
        strict: bool,
    },
}

// === impl Program ===

impl Program {
    /// The program as text.
    #[must_use]
    pub fn text(&self) -> Text {
        let mut queries = BTreeSet::new();
        for module in &self.modules {
            let asked = module.rules.iter().filter(|rule| !rule.function);
            let package = module.package.replace('.', "/");
            queries.extend(asked.map(|rule| format!("{package}/{}", rule.name)));
        }
        let version = self.modules.first().map(|module| module.version);
        Text {
            version: version.unwrap_or_default(),
            modules: self.modules.iter().map(Module::text).collect(),
            data: self.data.clone(),
            input: self.input.clone(),
            queries: queries.into_iter().collect(),
            way: Way::InTurn,
        }
    }

    /// A number that falls as the program shrinks.
    #[must_use]
    pub fn size(&self) -> usize {
        let rules = self.modules.iter().flat_map(|module| &module.rules);
        self.modules.len() + rules.map(|rule| 1 + rule.tree.size()).sum::<usize>()
    }
}

// === impl Module ===

impl Module {
    /// Its text.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = format!("package {}\n", self.package);
        for import in &self.imports {
            let _ = write!(text, "\nimport {import}");
        }
        for rule in &self.rules {
            let _ = write!(text, "\n\n{}", rule.tree);
        }
        text.push('\n');
        text
    }
}

// === impl Text ===

impl Text {
    /// The sources of the first `count` modules.
    pub fn sources<'t>(&'t self, names: &'t [String], count: usize) -> Vec<Source<'t>> {
        let modules = self.modules.iter().zip(names).take(count);
        let source = |(text, name): (&'t String, &'t String)| Source {
            name,
            text,
            version: self.version,
        };
        modules.map(source).collect()
    }

    /// The names of the modules.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        (0..self.modules.len()).map(|at| format!("m{at}")).collect()
    }

    /// A query in Rego: what `way` makes of one of `queries`.
    #[must_use]
    pub fn question(&self, query: &str) -> String {
        if let Way::Query { .. } = self.way {
            return query.to_owned();
        }
        let parts = query.split('/');
        let parts = parts.map(|part| format!("[{}]", json_text(&part.into())));
        format!("data{}", parts.collect::<String>())
    }

    /// The base documents, or no members where they are none.
    #[must_use]
    pub fn data(&self) -> Value {
        match &self.data {
            data @ Value::Object(_) => data.clone(),
            _ => Object::default().into(),
        }
    }
}

/// Rows of a query as one value: an array of objects, in an order of its own.
#[must_use]
pub fn rows(mut rows: Vec<Value>) -> Option<Value> {
    rows.sort();
    (!rows.is_empty()).then(|| rows.into())
}

/// The value's JSON.
#[must_use]
pub fn json_text(value: &Value) -> String {
    let mut text = String::new();
    match write_json(value, &mut text) {
        Ok(()) => text,
        Err(error) => error.to_string(),
    }
}
