//! A compiled policy: immutable, shared by all threads, replaced as a whole.

use std::num::{NonZeroU32, NonZeroUsize};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use regorus::{PolicyLengthConfig, Value};

use super::entry::{self, Entry};
use super::facts::{self, RuleFacts};
use super::index::Index;
use super::{Evaluator, builtins, check, demand, error, negation, safety, scan, values};
use crate::engine::{CompileError, CompileErrors};
use crate::engine::{Demand, Entrypoint, Module, RegoVersion, Source};

/// The longest file, line and column that are read; beyond any policy that people write.
const LIMITS: PolicyLengthConfig = PolicyLengthConfig {
    max_col: NonZeroU32::MAX,
    max_file_bytes: NonZeroUsize::MAX,
    max_lines: NonZeroUsize::MAX,
};

/// A compiled policy with its data. Clones share it.
#[derive(Clone)]
pub(in crate::engine) struct Policy(Arc<Inner>);

struct Inner {
    engine: regorus::Engine,
    entries: Vec<Entry>,
    demand: Demand,
    warnings: Vec<String>,
    prints: bool,
}

// === impl Policy ===

impl Policy {
    /// Compiles `source`. Takes stack by the nesting of its expressions: call it on a thread that has some.
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

    /// What the decision number `entry` reads of its input, and perhaps more.
    #[must_use]
    pub(in crate::engine) fn demand(&self, entry: usize) -> &Demand {
        const ALL: &Demand = &Demand::All;
        if self.0.entries.get(entry).is_some() {
            &self.0.demand
        } else {
            ALL
        }
    }

    /// What an operator should know about this policy.
    #[must_use]
    pub(in crate::engine) fn warnings(&self) -> &[String] {
        &self.0.warnings
    }

    /// Whether there is something that the decision number `entry` names, be it a thing that cannot
    /// decide: then evaluation says why.
    #[must_use]
    pub(in crate::engine) fn defines(&self, entry: usize) -> bool {
        match self.0.entries.get(entry) {
            Some(Entry::Constant(value)) => *value != Value::Undefined,
            Some(Entry::Rule { .. } | Entry::Broken(_)) => true,
            None => false,
        }
    }

    /// An evaluator for one thread; cheap.
    #[must_use]
    pub(in crate::engine) fn evaluator(&self) -> Evaluator {
        Evaluator::new(self.clone())
    }

    /// Whether others hold it too, an evaluator for one.
    #[must_use]
    pub(in crate::engine) fn is_shared(&self) -> bool {
        Arc::strong_count(&self.0) > 1
    }

    pub(super) fn engine(&self) -> regorus::Engine {
        self.0.engine.clone()
    }

    pub(super) fn entry(&self, entry: usize) -> Option<&Entry> {
        self.0.entries.get(entry)
    }

    /// Whether some rule calls `print`.
    pub(super) fn prints(&self) -> bool {
        self.0.prints
    }
}

impl std::fmt::Debug for Policy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Policy")
            .field("entries", &self.0.entries.len())
            .finish_non_exhaustive()
    }
}

fn compile(source: Source) -> Result<Inner, Vec<CompileError>> {
    let data = values::to_engine(&source.data)
        .map_err(|text| vec![CompileError::new("rego_compile_error", text)])?;
    let mut engine = new_engine(&source.modules)?;
    let rules = facts::of(engine.get_modules());
    let index = Index::new(&rules);
    let errors = check::all(&rules, &index, &data);
    if !errors.is_empty() {
        return Err(errors);
    }
    let Planned {
        entries,
        modules,
        warnings,
    } = plan(&source.entrypoints, &data, &index)?;
    drop(index);
    parse(&mut engine, &modules)?;
    // Again, now with the queries: they call functions and negate too.
    let modules = [source.modules, modules].concat();
    check_all(&mut engine, &data)?;
    if let Some(modules) = take_negations_apart(&mut engine, &modules)? {
        engine = new_engine(&modules)?;
    }
    let rules = facts::of(engine.get_modules());
    let demand = demand::of(&rules);
    let prints = calls_print(&rules);
    drop(rules);
    prepare(&mut engine, data)?;
    Ok(Inner {
        engine,
        entries,
        demand,
        warnings,
        prints,
    })
}

fn check_all(engine: &mut regorus::Engine, data: &Value) -> Result<(), Vec<CompileError>> {
    let modules = engine.get_modules();
    let rules = facts::of(modules);
    let index = Index::new(&rules);
    let mut errors = check::all(&rules, &index, data);
    let results = check::results(&rules, &index);
    for (module, names) in modules.iter().zip(&facts::visible(modules)) {
        errors.extend(safety::check(module, names, &results));
    }
    if errors.is_empty() {
        Ok(())
    } else {
        Err(errors)
    }
}

fn new_engine(modules: &[Module]) -> Result<regorus::Engine, Vec<CompileError>> {
    let mut engine = regorus::Engine::new();
    engine.set_strict_builtin_errors(false);
    engine.set_policy_length_config(LIMITS);
    engine.set_gather_prints(true);
    let broken = |text| vec![CompileError::new("rego_compile_error", text)];
    builtins::install(&mut engine).map_err(broken)?;
    parse(&mut engine, modules)?;
    Ok(engine)
}

/// `modules` with their negations in the form that the engine gets right, when some are not;
/// `engine` holds them as they are.
fn take_negations_apart(
    engine: &mut regorus::Engine,
    modules: &[Module],
) -> Result<Option<Vec<Module>>, Vec<CompileError>> {
    let names = facts::visible(engine.get_modules());
    let mut count = 0;
    let mut changed = false;
    let mut out = modules.to_vec();
    for ((module, names), parsed) in out.iter_mut().zip(&names).zip(engine.get_modules()) {
        let mut text = negation::rewrite(parsed, names, &mut count);
        while let Some(new) = text {
            changed = true;
            module.source = new.into();
            let mut alone = regorus::Engine::new();
            alone.set_policy_length_config(LIMITS);
            parse(&mut alone, std::slice::from_ref(module))?;
            text = alone
                .get_modules()
                .first()
                .and_then(|parsed| negation::rewrite(parsed, names, &mut count));
        }
    }
    Ok(changed.then_some(out))
}

/// Reads all modules, and reports the errors of all.
fn parse(engine: &mut regorus::Engine, modules: &[Module]) -> Result<(), Vec<CompileError>> {
    let mut errors = Vec::new();
    for module in modules {
        if let Err(error) = scan::check(&module.name, &module.source) {
            errors.push(error);
            continue;
        }
        engine.set_rego_v0(module.version == RegoVersion::V0);
        if let Err(error) = engine.add_policy(module.name.clone(), module.source.to_string()) {
            let text = error.to_string();
            errors.push(error::compile(&module.name, "rego_parse_error", &text));
        }
    }
    if errors.is_empty() {
        Ok(())
    } else {
        Err(errors)
    }
}

/// Lets the engine make its own plans now, and find what it can find: not on a request.
fn prepare(engine: &mut regorus::Engine, data: Value) -> Result<(), Vec<CompileError>> {
    let error = |text: String| vec![error::compile("data", "rego_compile_error", &text)];
    engine.add_data(data).map_err(|e| error(e.to_string()))?;
    let ready = "package regate_ready\n\nready := true\n".to_owned();
    engine.set_rego_v0(false);
    engine
        .add_policy("ready".to_owned(), ready)
        .map_err(|e| error(e.to_string()))?;
    engine
        .eval_rule("data.regate_ready.ready".to_owned())
        .map_err(|e| error(e.to_string()))?;
    Ok(())
}

struct Planned {
    entries: Vec<Entry>,
    modules: Vec<Module>,
    warnings: Vec<String>,
}

fn plan(
    entrypoints: &[Entrypoint],
    data: &Value,
    index: &Index<'_>,
) -> Result<Planned, Vec<CompileError>> {
    let mut planned = Planned {
        entries: Vec::new(),
        modules: Vec::new(),
        warnings: Vec::new(),
    };
    for (i, entrypoint) in entrypoints.iter().enumerate() {
        let package = free_package(i, index);
        let plan = entry::plan(entrypoint, &package, index, data).map_err(|e| vec![e])?;
        planned.entries.push(plan.entry);
        // The first one is the decision. What the decision log asks may well be undefined.
        planned.warnings.extend(plan.warning.filter(|_| i == 0));
        planned.modules.extend(plan.module.map(|text| Module {
            name: match entrypoint {
                Entrypoint::Path(_) => "path".to_owned(),
                Entrypoint::Query(_) => "query".to_owned(),
            },
            source: text.into(),
            version: RegoVersion::V1,
        }));
    }
    Ok(planned)
}

/// A name for a package of ours that no policy uses.
fn free_package(number: usize, index: &Index<'_>) -> String {
    let mut name = format!("regate_entry_{number}");
    while index.beneath(std::slice::from_ref(&name)).next().is_some() {
        name.push('_');
    }
    name
}

fn calls_print(rules: &[RuleFacts]) -> bool {
    let mut references = rules.iter().flat_map(|rule| &rule.references);
    references.any(|r| r.call.as_ref().is_some_and(|call| call.name == "print"))
}
