//! Modules to a program, and queries against it, one timed step after the other.

use regate_rego::check::{self, Capabilities, Checked, QueryContext};
use regate_rego::plan::{self, ir};
use regate_rego::source::{Diagnostic, File};
use regate_rego::syntax;
use regate_rego::syntax::ast::{self, Body};
use regate_rego::value::{Data, Str};
use regate_rego::{Policy, Value};

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
    pub(super) plan: plan::Options,
    pub(super) version: RegoVersion,
}

/// A program, and what queries against it need to know.
#[derive(Debug)]
pub(super) struct Built {
    pub(super) checked: Checked,
    pub(super) policy: Policy,
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
    pub(super) body: Body,
}

/// Parses modules; each that fails gives its errors.
pub(super) fn parse(loaded: &Loaded, metrics: &mut Metrics) -> Result<Vec<ast::Module>, Problems> {
    metrics.time(metrics::MODULE_PARSE, || {
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
    let built = metrics.time(metrics::MODULE_COMPILE, || {
        let checked = check::check(modules, &how.check(Some(data)))?;
        let program = plan::plan(&checked.hir, &how.plan)?;
        Ok((checked, program))
    });
    let (checked, program) = built.map_err(|errors: Vec<Diagnostic>| diagnosed(&errors))?;
    Ok(Built {
        checked,
        policy: Policy::new(program).with_data(Data::new(data.clone())),
        how,
    })
}

// === impl How ===

impl How {
    fn check<'a>(&'a self, data: Option<&'a Value>) -> check::Options<'a> {
        check::Options {
            capabilities: &self.capabilities,
            strict: self.strict,
            prints: true,
            max_errors: self.max_errors,
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
        let file = File::new("", text);
        let how = syntax::Options {
            future_keywords: true,
            ..options(self.how.version)
        };
        let body = metrics.time(metrics::QUERY_PARSE, || syntax::parse_query(&file, &how));
        let body = body.map_err(|errors| diagnosed(&errors))?;
        if body.literals.is_empty() {
            return Err(vec![Problem::plain("cannot evaluate empty query")]);
        }
        let context = QueryContext {
            package: &scope.package,
            imports: &scope.imports,
        };
        let planned = metrics.time(metrics::QUERY_COMPILE, || {
            let query = check::query(&body, &file, &context, &self.checked, &self.how.check(None))?;
            plan::plan_query(&query, self.policy.program(), &self.how.plan)
        });
        let plan = planned.map_err(|errors| diagnosed(&errors))?;
        Ok(Asked { plan, body })
    }
}

// === helpers ===

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

fn options(version: RegoVersion) -> syntax::Options {
    syntax::Options {
        version: match version {
            RegoVersion::V0 => ast::RegoVersion::V0,
            RegoVersion::V1 => ast::RegoVersion::V1,
        },
        ..syntax::Options::default()
    }
}
