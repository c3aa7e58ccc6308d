//! A compiled policy and the decisions that are asked of it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use regate_rego::source::Diagnostic;
use regate_rego::syntax::ast;
use regate_rego::value::Data;
use regate_rego::{CompileOptions, Compiled, compile_with};

use super::entry::{self, Entry};
use super::evaluator::Evaluator;
use crate::data::Value;
use crate::engine::{CompileError, CompileErrors, Demand, Memory, RegoVersion, Source};

/// A compiled policy with its data. Clones share it.
#[derive(Debug, Clone)]
pub(in crate::engine) struct Policy(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    compiled: Compiled,
    entries: Vec<Entry>,
    runtime: Value,
    demands: Vec<Demand>,
    warnings: Vec<String>,
}

// === impl Policy ===

impl Policy {
    pub(in crate::engine) fn compile(source: Source) -> Result<Self, CompileErrors> {
        let max = source.max_errors;
        let compiled = catch_unwind(AssertUnwindSafe(|| compile(source)));
        let inner = compiled.unwrap_or_else(|_| {
            let text = "the compiler failed unexpectedly; this is a defect, please report it";
            Err(vec![CompileError::new("rego_compile_error", text)])
        });
        match inner {
            Ok(inner) => Ok(Self(Arc::new(inner))),
            Err(errors) => Err(CompileErrors::limited(errors, max)),
        }
    }

    /// See [`crate::engine::Policy::settle`].
    pub(in crate::engine) fn settle(&self, memory: &Memory) {
        memory.lend(self.compiled().policy());
    }

    /// See [`crate::engine::Policy::demand`].
    pub(in crate::engine) fn demand(&self, entry: usize) -> &Demand {
        self.0.demands.get(entry).unwrap_or(&Demand::All)
    }

    /// See [`crate::engine::Policy::warnings`].
    pub(in crate::engine) fn warnings(&self) -> &[String] {
        &self.0.warnings
    }

    /// See [`crate::engine::Policy::defines`].
    pub(in crate::engine) fn defines(&self, entry: usize) -> bool {
        self.entry(entry).is_some_and(Entry::is_defined)
    }

    /// See [`crate::engine::Policy::evaluator`].
    pub(in crate::engine) fn evaluator(&self) -> Evaluator {
        Evaluator::new(self.clone())
    }

    /// See [`crate::engine::Policy::is_shared`].
    pub(in crate::engine) fn is_shared(&self) -> bool {
        Arc::strong_count(&self.0) > 1
    }

    pub(super) fn compiled(&self) -> &Compiled {
        &self.0.compiled
    }

    pub(super) fn runtime(&self) -> &Value {
        &self.0.runtime
    }

    pub(super) fn entry(&self, entry: usize) -> Option<&Entry> {
        self.0.entries.get(entry)
    }
}

fn compile(source: Source) -> Result<Inner, Vec<CompileError>> {
    let data = match source.data {
        data @ Value::Object(_) => Data::new(data),
        _ => Data::default(),
    };
    let modules: Vec<regate_rego::Source<'_>> = source
        .modules
        .iter()
        .map(|module| regate_rego::Source {
            name: &module.name,
            text: &module.source,
            version: match module.version {
                RegoVersion::V0 => ast::RegoVersion::V0,
                RegoVersion::V1 => ast::RegoVersion::V1,
            },
        })
        .collect();
    let options = CompileOptions {
        prints: true,
        ..CompileOptions::default()
    };
    let compiled = compile_with(&modules, options, data).map_err(|errors| ours(&errors))?;
    let mut entries = Vec::with_capacity(source.entrypoints.len());
    let mut warnings = Vec::new();
    for (number, entrypoint) in source.entrypoints.iter().enumerate() {
        let planned = entry::plan(entrypoint, &compiled).map_err(|errors| ours(&errors))?;
        entries.push(planned.entry);
        // The first one is the decision. What the decision log asks may well be undefined.
        warnings.extend(planned.warning.filter(|_| number == 0));
    }
    let demands = entries.iter().map(|e| e.demand(&compiled)).collect();
    Ok(Inner {
        compiled,
        entries,
        runtime: Value::Object(source.runtime),
        demands,
        warnings,
    })
}

/// The engine's errors as this room's: the line, the caret and the hint stay in the message.
fn ours(errors: &[Diagnostic]) -> Vec<CompileError> {
    let errors = errors.iter().map(|error| {
        let (at, text) = (&error.location, error.to_string());
        let (_, picture) = text.split_at(text.find('\n').unwrap_or(text.len()));
        let message = format!("{}{picture}", error.message);
        CompileError {
            diagnostic: Some(Box::new(error.clone())),
            ..CompileError::new(error.code.as_str(), message).at(&at.file, at.row, at.col)
        }
    });
    errors.collect()
}
