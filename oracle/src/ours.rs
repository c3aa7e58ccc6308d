//! Asks this engine.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use regate_rego::eval::Row;
use regate_rego::plan;
use regate_rego::source::Diagnostic;
use regate_rego::value::{Data, Object, json};
use regate_rego::{CompileOptions, Compiled, EvalOptions, Evaluator, Value, compile_with};

use crate::answer::{Answer, Outcome};
use crate::program::{self, Module, Program, Text, Way, json_text};

/// More than any generated program needs.
const STEPS: u64 = 20_000_000;
const MEMORY: u64 = 1 << 30;

/// What a program gives.
#[must_use]
pub fn outcome(text: &Text, plan: plan::Options) -> Outcome {
    let run = AssertUnwindSafe(|| match compiled(text, plan) {
        Ok(compiled) => Outcome::Answers(answers(text, &compiled)),
        Err(refused) => refused,
    });
    catch_unwind(run).unwrap_or_else(|panic| Outcome::Failed(message(panic.as_ref())))
}

/// Whether modules compile, without data.
#[must_use]
pub fn compiles(modules: &[Module]) -> bool {
    let program = Program {
        modules: modules.to_vec(),
        data: Value::Null,
        input: None,
    };
    let text = program.text();
    let compiles = || compile(&text, modules.len(), plan::Options::default()).is_ok();
    // What panics is kept, so that it is seen.
    catch_unwind(AssertUnwindSafe(compiles)).unwrap_or(true)
}

fn compiled(text: &Text, plan: plan::Options) -> Result<Compiled, Outcome> {
    let count = text.modules.len();
    let whole = match compile(text, count, plan) {
        Ok(compiled) => return Ok(compiled),
        Err(errors) => errors,
    };
    // OPA's server gets one module after the other and ends at the first that is refused.
    let fewer = (1..count).filter(|_| text.way == Way::InTurn);
    let fewer = { fewer }.find_map(|count| Some((count, compile(text, count, plan).err()?)));
    let (at, errors) = fewer.unwrap_or((count, whole));
    let errors = errors.into_iter();
    let errors = errors.map(|error| (error.code.to_string(), error.message));
    Err(Outcome::refused(at, errors))
}

fn compile(text: &Text, count: usize, plan: plan::Options) -> Result<Compiled, Vec<Diagnostic>> {
    let options = CompileOptions {
        plan,
        ..CompileOptions::default()
    };
    let names = text.names();
    compile_with(
        &text.sources(&names, count),
        options,
        Data::new(text.data()),
    )
}

fn answers(text: &Text, compiled: &Compiled) -> Vec<[Answer; 2]> {
    let mut evaluator = Evaluator::new();
    let queries = text.queries.iter();
    let ask = |query: &String| {
        [false, true].map(|strict| {
            if let Way::Query { strict: wanted } = text.way
                && strict != wanted
            {
                return Answer::Failed("not asked".to_owned());
            }
            let ask = || answer(text, compiled, query, strict, &mut evaluator);
            match catch_unwind(AssertUnwindSafe(ask)) {
                Ok(answer) => answer,
                Err(panic) => {
                    evaluator = Evaluator::new();
                    Answer::Failed(message(panic.as_ref()))
                }
            }
        })
    };
    queries.map(ask).collect()
}

fn answer(
    text: &Text,
    compiled: &Compiled,
    query: &str,
    strict: bool,
    evaluator: &mut Evaluator,
) -> Answer {
    let query = match compiled.prepare(&text.question(query)) {
        Ok(query) => query,
        Err(errors) => {
            let code = errors.first().map(|error| error.code.to_string());
            return Answer::Error(code.unwrap_or_default());
        }
    };
    let mut options = options(strict);
    let (policy, input) = (compiled.policy(), text.input.as_ref());
    let value = match text.way {
        Way::Query { .. } => {
            let rows = query.rows(evaluator, policy, input, &mut options);
            rows.map(|rows| program::rows(rows.iter().map(bindings).collect()))
        }
        Way::InTurn | Way::Together => query.value(evaluator, policy, input, &mut options),
    };
    match value {
        Ok(Some(value)) => Answer::Value(as_json(&value)),
        Ok(None) => Answer::Undefined,
        Err(error) => Answer::Error(error.code().to_owned()),
    }
}

fn bindings(row: &Row) -> Value {
    let bindings = row.bindings.iter();
    let object: Object = bindings
        .map(|(name, value)| (name.clone().into(), value.clone()))
        .collect();
    object.into()
}

/// How every program is evaluated.
#[must_use]
pub fn options(strict: bool) -> EvalOptions {
    let mut options = EvalOptions {
        strict_builtin_errors: strict,
        now_ns: 1_780_000_000_000_000_000,
        ..EvalOptions::default()
    };
    options.budget.steps = STEPS;
    options.budget.memory = MEMORY;
    options
}

/// The value as JSON shows it, which is all that OPA's server tells.
fn as_json(value: &Value) -> Value {
    json::parse(json_text(value)).unwrap_or_else(|error| error.to_string().into())
}

/// What a panic said.
fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(ToString::to_string);
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    format!("panicked: {}", text.unwrap_or_default())
}
