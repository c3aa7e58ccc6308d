//! What an engine can do, as `capabilities` shows it: built-ins, keywords, features. Written for this crate, read
//! from a file for policies that are meant for another one. It decides nothing: what may be used is up to
//! [`check`](crate::check).

mod language;
#[cfg(test)]
mod tests;

use crate::builtins::{self, Builtin};
use crate::hir::Declared;
use crate::syntax::Features;
use crate::types::Function;
use crate::types::json::TypeError;
use crate::value::{Object, Str, Value};

/// What an engine can do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// Its built-ins, by name.
    pub builtins: Vec<Declaration>,
    /// The keywords that an import of `future.keywords` may name.
    pub future_keywords: Vec<Str>,
    /// What it understands of the language beyond the first version.
    pub features: Vec<Str>,
    /// The hosts that it may reach; `None` for all.
    pub allow_net: Option<Vec<Str>>,
}

/// A built-in as declared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declaration {
    /// Its name.
    pub name: Str,
    /// What it does; empty where nothing is said.
    pub description: Str,
    /// The groups it is listed in.
    pub categories: Vec<Str>,
    /// Its arguments and result.
    pub declaration: Function,
    /// The operator it is written as.
    pub infix: Option<Str>,
    /// Whether it gives many answers.
    pub relation: bool,
    /// Whether it may answer the same arguments differently.
    pub nondeterministic: bool,
    /// Whether it is deprecated.
    pub deprecated: bool,
}

/// Why a file says no capabilities.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CapabilitiesError {
    /// A part has the wrong form.
    #[error("capabilities: \"{0}\" has the wrong form: expected {1}")]
    Form(&'static str, &'static str),
    /// A built-in has no name.
    #[error("capabilities: the built-in at position {0} has no name: expected a string")]
    NoName(usize),
    /// A built-in's declaration cannot be read.
    #[error("capabilities: the declaration of {0}: {1}")]
    Declaration(Str, TypeError),
}

/// The keywords behind an import.
const FUTURE_KEYWORDS: [&str; 3] = ["and", "not", "or"];

/// What this crate understands.
const FEATURES: [&str; 5] = [
    "keywords_in_refs",
    "rego_v1",
    "rego_v2",
    "rego_v2_import",
    "template_strings",
];

// === impl Capabilities ===

impl Capabilities {
    /// Those of this crate.
    #[must_use]
    pub fn current() -> Self {
        let all = builtins::all()
            .iter()
            .copied()
            .filter(|builtin| !builtin.hosts);
        let all = all.map(Declaration::from);
        let mut builtins: Vec<_> = all.chain(language::declarations()).collect();
        builtins.sort_by(|a, b| a.name.cmp(&b.name));
        Self {
            builtins,
            future_keywords: FUTURE_KEYWORDS.map(Str::from).to_vec(),
            features: FEATURES.map(Str::from).to_vec(),
            allow_net: None,
        }
    }

    /// Reads the JSON of a capabilities file. What it does not know it passes over.
    pub fn from_json(json: &Value) -> Result<Self, CapabilitiesError> {
        if !matches!(json, Value::Object(_)) {
            return Err(CapabilitiesError::Form("capabilities", "an object"));
        }
        let builtins = match json.get_str("builtins") {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(items)) => {
                let items = items.iter().enumerate();
                items
                    .map(|(at, item)| Declaration::from_json(at, item))
                    .collect::<Result<_, _>>()?
            }
            Some(_) => return Err(CapabilitiesError::Form("builtins", "an array")),
        };
        Ok(Self {
            builtins,
            future_keywords: texts(json, "future_keywords")?.unwrap_or_default(),
            features: texts(json, "features")?.unwrap_or_default(),
            allow_net: texts(json, "allow_net")?,
        })
    }

    /// The JSON of a capabilities file.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let builtins: Vec<_> = self.builtins.iter().map(Declaration::to_json).collect();
        let mut members = vec![member("builtins", builtins)];
        members.push(member("future_keywords", list(&self.future_keywords)));
        members.push(member("features", list(&self.features)));
        members.extend(
            self.allow_net
                .iter()
                .map(|hosts| member("allow_net", list(hosts))),
        );
        object(members)
    }

    /// The built-ins as the check takes them.
    pub fn declared(&self) -> impl Iterator<Item = Declared> {
        self.builtins.iter().map(|builtin| Declared {
            name: builtin.name.clone(),
            declaration: builtin.declaration.clone(),
            nondeterministic: builtin.nondeterministic,
        })
    }

    /// What the parser takes.
    #[must_use]
    pub fn syntax(&self) -> Features {
        let keyword = |name: &str| self.future_keywords.iter().any(|known| &**known == name);
        Features {
            rego_v1: self.has_feature("rego_v1"),
            template_strings: self.has_feature("template_strings"),
            keywords_in_refs: self.has_feature("keywords_in_refs"),
            not: keyword("not"),
            and: keyword("and"),
            or: keyword("or"),
        }
    }

    /// Whether `feature` is one of them.
    #[must_use]
    pub fn has_feature(&self, feature: &str) -> bool {
        self.features.iter().any(|known| &**known == feature)
    }
}

// === impl Declaration ===

impl From<&'static Builtin> for Declaration {
    fn from(builtin: &'static Builtin) -> Self {
        Self {
            name: Str::from(builtin.name),
            description: Str::from(builtin.description),
            categories: builtin.categories.iter().copied().map(Str::from).collect(),
            declaration: (builtin.declaration)(),
            infix: builtin.infix.map(Str::from),
            relation: builtin.relation,
            nondeterministic: builtin.nondeterministic,
            deprecated: builtin.deprecated,
        }
    }
}

impl Declaration {
    fn from_json(at: usize, json: &Value) -> Result<Self, CapabilitiesError> {
        let text = |key| json.get_str(key).and_then(Value::as_str).map(Str::from);
        let flag = |key| matches!(json.get_str(key), Some(Value::Bool(true)));
        let name = text("name").ok_or(CapabilitiesError::NoName(at))?;
        let declaration = json.get_str("decl").unwrap_or(&Value::Null);
        let declaration = Function::from_json(declaration)
            .map_err(|error| CapabilitiesError::Declaration(name.clone(), error))?;
        Ok(Self {
            name,
            description: text("description").unwrap_or_default(),
            categories: texts(json, "categories")?.unwrap_or_default(),
            declaration,
            infix: text("infix"),
            relation: flag("relation"),
            nondeterministic: flag("nondeterministic"),
            deprecated: flag("deprecated"),
        })
    }

    fn to_json(&self) -> Value {
        let mut members = vec![
            member("name", self.name.clone()),
            member("decl", self.declaration.to_json()),
        ];
        if !self.description.is_empty() {
            members.push(member("description", self.description.clone()));
        }
        if !self.categories.is_empty() {
            members.push(member("categories", list(&self.categories)));
        }
        members.extend(
            self.infix
                .iter()
                .map(|infix| member("infix", infix.clone())),
        );
        let flags = [
            ("relation", self.relation),
            ("nondeterministic", self.nondeterministic),
            ("deprecated", self.deprecated),
        ];
        let set = flags.into_iter().filter(|(_, set)| *set);
        members.extend(set.map(|(name, set)| member(name, set)));
        object(members)
    }
}

// === helpers ===

fn member(name: &str, value: impl Into<Value>) -> (Value, Value) {
    (Value::from(name), value.into())
}

fn object(members: Vec<(Value, Value)>) -> Value {
    Value::from(members.into_iter().collect::<Object>())
}

fn list(texts: &[Str]) -> Value {
    let texts = texts.iter().cloned().map(Value::from);
    Value::from(texts.collect::<Vec<_>>())
}

fn texts(json: &Value, key: &'static str) -> Result<Option<Vec<Str>>, CapabilitiesError> {
    let form = || CapabilitiesError::Form(key, "an array of strings");
    match json.get_str(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Array(items)) => {
            let text = |item: &Value| item.as_str().map(Str::from).ok_or_else(form);
            items.iter().map(text).collect::<Result<_, _>>().map(Some)
        }
        Some(_) => Err(form()),
    }
}
