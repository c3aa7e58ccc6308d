//! Modules to a program, and queries against it, one timed step after the other.

use std::io;
use std::time::{SystemTime, UNIX_EPOCH};

use regate_rego::check::types::{self, Schemas, TypeEnv};
use regate_rego::check::{self, Capabilities, Checked, QueryContext};
use regate_rego::plan::{self, ir};
use regate_rego::source::{Diagnostic, File};
use regate_rego::syntax;
use regate_rego::syntax::ast;
use regate_rego::value::{Data, Str};
use regate_rego::{EvalError, EvalOptions, Evaluator, Policy, Value};

use super::load::Loaded;
use super::metrics::{self, Metrics};
use super::problem::{Problem, Problems, diagnosed};
use crate::engine::RegoVersion;

/// How to build.
#[derive(Debug, Clone, Default)]
pub(super) struct How {
    pub(super) capabilities: Capabilities,
    pub(super) strict: bool,
    pub(super) max_errors: usize,
    pub(super) schemas: Schemas,
    pub(super) plan: plan::Options,
    pub(super) version: RegoVersion,
}

/// A program, and what queries against it need to know.
#[derive(Debug)]
pub(super) struct Built {
    pub(super) checked: Checked,
    pub(super) policy: Policy,
    types: TypeEnv,
    how: How,
}

/// Where a query is asked: `--package` and `--import`.
#[derive(Debug, Clone, Default)]
pub(super) struct Scope {
    package: Vec<Str>,
    imports: Vec<ast::Import>,
}

/// A query that was planned.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) plan: ir::Query,
    /// Whether it is one expression without variables, whose value may be `false`; of any other query a row with
    /// a `false` is no answer.
    pub(super) is_test: bool,
}

/// Parses modules; each that fails gives its errors.
pub(super) fn parse(loaded: &Loaded, metrics: &mut Metrics) -> Result<Vec<ast::Module>, Problems> {
    metrics.time_if(!loaded.modules.is_empty(), metrics::MODULE_PARSE, || {
        let mut modules = Vec::with_capacity(loaded.modules.len());
        let mut errors: Vec<Diagnostic> = Vec::new();
        for module in &loaded.modules {
            let file = File::new(module.name.as_str(), module.source.clone());
            match syntax::parse_module(&file, &options(module.version)) {
                Ok(module) => modules.push(module),
                Err(found) => errors.extend(found),
            }
        }
        if errors.is_empty() {
            Ok(modules)
        } else {
            Err(diagnosed(&errors))
        }
    })
}

/// Checks and plans modules.
pub(super) fn build(
    modules: &[ast::Module],
    data: &Value,
    how: How,
    metrics: &mut Metrics,
) -> Result<Built, Problems> {
    let built = metrics.time_if(!modules.is_empty(), metrics::MODULE_COMPILE, || {
        // The modules are kept for reports of what was covered.
        let (checked, types) =
            check::check_with_types(modules.to_vec(), &how.check(Some(data)), &how.types())?;
        let program = plan::plan(&checked.hir, &how.plan)?;
        Ok((checked, types, program))
    });
    let limited = |errors: Vec<Diagnostic>| limited(diagnosed(&errors), how.max_errors);
    let (checked, types, program) = built.map_err(limited)?;
    Ok(Built {
        checked,
        types,
        policy: Policy::new(program).with_data(Data::new(data.clone())),
        how,
    })
}

// === impl How ===

impl How {
    fn types(&self) -> types::Options<'_> {
        types::Options {
            schemas: Some(&self.schemas),
            annotations: true,
        }
    }

    fn check<'a>(&'a self, data: Option<&'a Value>) -> check::Options<'a> {
        check::Options {
            capabilities: &self.capabilities,
            strict: self.strict,
            prints: true,
            // One more says that there are more.
            max_errors: match self.max_errors {
                0 => 0,
                max => max.saturating_add(1),
            },
            data,
        }
    }
}

// === impl Scope ===

impl Scope {
    /// Reads `--package` and `--import`.
    pub(super) fn read(package: Option<&str>, imports: &[String]) -> Result<Self, Problems> {
        let mut text = format!("package {}\n", package.unwrap_or("query"));
        for import in imports {
            text.push_str("import ");
            text.push_str(import);
            text.push('\n');
        }
        let file = File::new("", text);
        let module = syntax::parse_module(&file, &options(RegoVersion::V1));
        let module = module.map_err(|errors| diagnosed(&errors))?;
        let path = module
            .package
            .path
            .path
            .iter()
            .filter(|_| package.is_some());
        let parts = path.filter_map(|term| match &term.kind {
            ast::TermKind::String(text) => Some(text.clone()),
            _ => None,
        });
        Ok(Self {
            package: parts.collect(),
            imports: module.imports,
        })
    }
}

// === impl Built ===

impl Built {
    /// Parses, checks and plans a query.
    pub(super) fn ask(
        &self,
        text: &str,
        scope: &Scope,
        metrics: &mut Metrics,
    ) -> Result<Asked, Problems> {
        self.ask_of(self.policy.program(), self.how.plan, text, scope, metrics)
    }

    /// Evaluates a query that failed again, watched, so that its errors know how evaluation came to them. What it
    /// gives is what `errors` are then: they themselves, where it comes to others.
    pub(super) fn explained(
        &self,
        errors: Vec<EvalError>,
        (text, scope): (&str, &Scope),
        input: Option<&Value>,
        mut options: EvalOptions,
    ) -> Vec<EvalError> {
        // What took too long once is not done twice.
        let told = |error: &EvalError| !error.stack.is_empty() || error.code() == CANCELLED;
        if errors.iter().all(told) {
            return errors;
        }
        let how = plan::Options {
            instruments: true,
            ..self.how.plan
        };
        let mut again = || -> Option<Vec<EvalError>> {
            let program = plan::plan(&self.checked.hir, &how).ok()?;
            let policy = Policy::new(program).with_data(self.policy.data().clone());
            let metrics = &mut Metrics::default();
            let asked = self.ask_of(policy.program(), how, text, scope, metrics);
            let asked = asked.ok()?;
            options.tracer = Some(Box::new(Vec::new()));
            let mut evaluator = Evaluator::new();
            let rows = evaluator.query(&policy, &asked.plan, input, &mut options);
            let collected = evaluator.collected().iter().cloned();
            Some(collected.chain(rows.err()).collect())
        };
        let same = |(a, b): (&EvalError, &EvalError)| {
            (&a.message, &a.location) == (&b.message, &b.location)
        };
        match again() {
            Some(again) if again.len() == errors.len() && again.iter().zip(&errors).all(same) => {
                again
            }
            _ => errors,
        }
    }

    fn ask_of(
        &self,
        program: &ir::Program,
        how: plan::Options,
        text: &str,
        scope: &Scope,
        metrics: &mut Metrics,
    ) -> Result<Asked, Problems> {
        let mut lines = text.lines().map(str::trim);
        if lines.all(|line| line.is_empty() || line.starts_with('#')) {
            return Err(vec![Problem::plain("cannot evaluate empty query")]);
        }
        let file = File::new("", text);
        let parsing = syntax::Options {
            future_keywords: true,
            ..options(self.how.version)
        };
        let body = metrics.time(metrics::QUERY_PARSE, || {
            syntax::parse_query(&file, &parsing)
        });
        let body = body.map_err(|errors| diagnosed(&errors))?;
        let context = QueryContext {
            package: &scope.package,
            imports: &scope.imports,
        };
        let planned = metrics.time(metrics::QUERY_COMPILE, || {
            let query = check::query(&body, &file, &context, &self.checked, &self.how.check(None))?;
            let errors = types::check_query(&query, &self.types);
            if !errors.is_empty() {
                return Err(errors);
            }
            plan::plan_query(&query, program, &how)
        });
        let plan = planned.map_err(|errors| diagnosed(&errors))?;
        let is_test = body.is_ground();
        Ok(Asked { plan, is_test })
    }
}

// === helpers ===

/// The code of an evaluation that was ended.
const CANCELLED: &str = "eval_cancel_error";

/// The stack of an evaluation: recursion that is deep ends with an error before all of it is used.
const STACK: usize = 256 << 20;
/// What of it calls of rules and functions may take.
pub(super) const STACK_FOR_CALLS: usize = STACK - (1 << 20);

/// Runs `work` where calls may nest deep.
pub(super) fn on_deep_stack<T: Send>(work: impl FnOnce() -> T + Send) -> io::Result<T> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK);
        let joined = thread.spawn_scoped(scope, work)?.join();
        joined.map_err(|_| {
            io::Error::other("it failed unexpectedly; this is a defect, please report it")
        })
    })
}

/// Nanoseconds since 1970.
pub(super) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
    })
}

/// At most `max` problems, where that is not 0, and then that there are more.
fn limited(mut problems: Problems, max: usize) -> Problems {
    if max > 0 && problems.len() > max {
        problems.truncate(max);
        problems.push(Problem::compile("error limit reached"));
    }
    problems
}

/// The built-ins that a capabilities document names, or all there are.
pub(super) fn capabilities(document: Option<&Value>) -> Result<Capabilities, Problem> {
    match document {
        None => Ok(Capabilities::default()),
        Some(document) => {
            let read = regate_rego::capabilities::Capabilities::from_json(document);
            let read = read.map_err(Problem::plain)?;
            Ok(Capabilities::new(read.declared()))
        }
    }
}

/// Whether a key of a reference can be written with a dot.
pub(super) fn is_name(text: &str) -> bool {
    let mut chars = text.chars();
    chars
        .next()
        .is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

pub(super) fn options(version: RegoVersion) -> syntax::Options {
    syntax::Options {
        version: match version {
            RegoVersion::V0 => ast::RegoVersion::V0,
            RegoVersion::V1 => ast::RegoVersion::V1,
        },
        ..syntax::Options::default()
    }
}
