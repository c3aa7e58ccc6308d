//! From text to a policy that can be asked: parse, check, plan. The short way through the rooms.

use std::sync::Arc;

use crate::check::types::{self, Schemas, TypeEnv};
use crate::check::{self, Capabilities, Checked, QueryContext};
use crate::eval::{EvalError, Evaluator, Options, Policy, Row};
use crate::plan::{self, ir};
use crate::source::{Diagnostic, File};
use crate::syntax::{
    self,
    ast::{Import, Module, RegoVersion},
};
use crate::value::{Data, Str, Value};

/// A file of Rego: its name in errors, its text, the version of the language it is in.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its text.
    pub text: &'a str,
    /// The version, where it does not say one itself by `import rego.v1`.
    pub version: RegoVersion,
}

/// How to compile.
#[derive(Debug, Default)]
pub struct CompileOptions {
    /// The built-ins there are.
    pub capabilities: Capabilities,
    /// Whether unused and duplicate declarations are errors.
    pub strict: bool,
    /// Whether `print` calls stay.
    pub prints: bool,
    /// The schemas that were given.
    pub schemas: Option<Schemas>,
    /// Whether the schemas of annotations count.
    pub annotations: bool,
    /// At most how many errors are reported; 0 means all.
    pub max_errors: usize,
    /// How to plan.
    pub plan: plan::Options,
    /// What may be used of the language.
    pub features: syntax::Features,
}

/// A compiled policy: immutable, shared by any number of threads; queries are prepared against it.
#[derive(Debug, Clone)]
pub struct Compiled {
    policy: Policy,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    checked: Checked,
    types: TypeEnv,
    options: CompileOptions,
}

/// A query, ready to be asked of the policy it was prepared for, with whatever data.
#[derive(Debug)]
pub struct PreparedQuery {
    query: ir::Query,
}

/// Modules that are larger together, in bytes, are read twice instead of being held as a tree, which takes about
/// seventeen times their size.
const LARGE: usize = 1 << 20;

/// Compiles modules to a policy without data.
///
/// ```
/// use regate_rego::{CompileOptions, Evaluator, EvalOptions, Source, Value, compile};
///
/// let text = "package web\n\nallow if input.user == \"ann\"\n";
/// let module = Source { name: "web.rego", text, version: Default::default() };
/// let compiled = compile(&[module], CompileOptions::default()).map_err(|e| e[0].clone())?;
/// let query = compiled.prepare("data.web.allow").map_err(|e| e[0].clone())?;
/// let input = regate_rego::value::json::parse(r#"{"user": "ann"}"#)?;
///
/// let mut evaluator = Evaluator::new();
/// let answer = query.value(&mut evaluator, compiled.policy(), Some(&input), &mut EvalOptions::default())?;
/// assert_eq!(answer, Some(Value::Bool(true)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn compile(
    sources: &[Source<'_>],
    options: CompileOptions,
) -> Result<Compiled, Vec<Diagnostic>> {
    compile_with(sources, options, Data::default())
}

/// Compiles modules to a policy with data, which no rule may stand on.
pub fn compile_with(
    sources: &[Source<'_>],
    options: CompileOptions,
    data: Data,
) -> Result<Compiled, Vec<Diagnostic>> {
    let reading: Vec<syntax::Options> = sources
        .iter()
        .map(|source| syntax::Options {
            version: source.version,
            features: options.features,
            ..syntax::Options::default()
        })
        .collect();
    let size: usize = sources.iter().map(|source| source.text.len()).sum();
    let large = size > LARGE;
    let modules = parse(sources, &reading, large)?;
    let typing = types::Options {
        schemas: options.schemas.as_ref(),
        annotations: options.annotations,
    };
    let how = options.check(Some(data.root()));
    let (mut checked, types) = if large {
        check::check_outlines(modules, &reading, &how, &typing)?
    } else {
        check::check_with_types(modules, &how, &typing)?
    };
    let program = plan::plan_owned(&mut checked.hir, &options.plan)?;
    Ok(Compiled {
        policy: Policy::new(program).with_data(data),
        shared: Arc::new(Shared {
            checked,
            types,
            options,
        }),
    })
}

/// Reads all modules, or their outlines.
fn parse(
    sources: &[Source<'_>],
    reading: &[syntax::Options],
    outline: bool,
) -> Result<Vec<Module>, Vec<Diagnostic>> {
    let mut modules = Vec::with_capacity(sources.len());
    let mut errors = Vec::new();
    for (source, how) in sources.iter().zip(reading) {
        let file = File::new(source.name, source.text);
        let read = if outline {
            syntax::parse_outline(&file, how)
        } else {
            syntax::parse_module(&file, how)
        };
        match read {
            Ok(module) => modules.push(module),
            Err(found) => errors.extend(found),
        }
    }
    if errors.is_empty() {
        Ok(modules)
    } else {
        Err(errors)
    }
}

// === impl CompileOptions ===

impl CompileOptions {
    fn check<'a>(&'a self, data: Option<&'a Value>) -> check::Options<'a> {
        check::Options {
            capabilities: &self.capabilities,
            strict: self.strict,
            prints: self.prints,
            max_errors: self.max_errors,
            data,
        }
    }
}

// === impl Compiled ===

impl Compiled {
    /// The policy with its data.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The same with other data.
    #[must_use]
    pub fn with_data(&self, data: Data) -> Self {
        Self {
            policy: self.policy.with_data(data),
            shared: Arc::clone(&self.shared),
        }
    }

    /// What was checked, for tools; without the rules, which nothing needs once they are planned.
    #[must_use]
    pub fn checked(&self) -> &Checked {
        &self.shared.checked
    }

    /// A query that sees the whole of `data` and nothing by shorter names.
    pub fn prepare(&self, text: &str) -> Result<PreparedQuery, Vec<Diagnostic>> {
        self.prepare_in(text, &[], &[])
    }

    /// A query inside a package, with imports.
    pub fn prepare_in(
        &self,
        text: &str,
        package: &[Str],
        imports: &[Import],
    ) -> Result<PreparedQuery, Vec<Diagnostic>> {
        let file = File::new("", text);
        let how = syntax::Options {
            future_keywords: true,
            ..syntax::Options::default()
        };
        let body = syntax::parse_query(&file, &how)?;
        let context = QueryContext { package, imports };
        let Shared {
            checked,
            types,
            options,
        } = &*self.shared;
        let query = check::query(&body, &file, &context, checked, &options.check(None))?;
        let errors = types::check_query(&query, types);
        if !errors.is_empty() {
            return Err(errors);
        }
        let query = plan::plan_query(&query, self.policy.program(), &options.plan)?;
        Ok(PreparedQuery { query })
    }
}

// === impl PreparedQuery ===

impl PreparedQuery {
    /// All answers.
    pub fn rows(
        &self,
        evaluator: &mut Evaluator,
        policy: &Policy,
        input: Option<&Value>,
        options: &mut Options,
    ) -> Result<Vec<Row>, EvalError> {
        evaluator.query(policy, &self.query, input, options)
    }

    /// The value of the first literal in the first answer: for queries that are one reference.
    pub fn value(
        &self,
        evaluator: &mut Evaluator,
        policy: &Policy,
        input: Option<&Value>,
        options: &mut Options,
    ) -> Result<Option<Value>, EvalError> {
        evaluator.value(policy, &self.query, input, options)
    }

    /// The plan, for tools.
    #[must_use]
    pub fn plan(&self) -> &ir::Query {
        &self.query
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The plan of a policy, or its errors: as it stands, and with so many comments behind it that it is read twice.
    fn both(text: &str) -> [String; 2] {
        let padding = "# nothing\n".repeat(LARGE / 10 + 1);
        [text.to_owned(), format!("{text}\n{padding}")].map(|text| {
            let source = Source {
                name: "t.rego",
                text: &text,
                version: RegoVersion::V1,
            };
            match compile(&[source], CompileOptions::default()) {
                Ok(compiled) => compiled.policy().program().to_string(),
                Err(errors) => errors.iter().map(ToString::to_string).collect(),
            }
        })
    }

    #[test]
    fn a_large_policy_is_compiled_as_a_small_one_is() {
        for (text, says) in [
            (
                "package p\n\nx := y if y := input.z\n\nf(a) := b if b := a\n",
                "data.p.x",
            ),
            (
                "package p\n\nx if y > 1\n",
                "rego_unsafe_var_error: var y is unsafe",
            ),
            ("package p\n\nx if count(1) > 0\n", "rego_type_error"),
            ("package p\n\nx if (\n\ny if ]\n", "rego_parse_error"),
            ("package p\n\nx := \"a\n\ny if ]\n", "non-terminated string"),
        ] {
            let [small, large] = both(text);
            assert!(small.contains(says), "{text}: {small}");
            assert_eq!(small, large, "{text}");
        }
    }
}
