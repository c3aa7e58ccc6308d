//! Calls of every built-in with generated arguments, through both engines.
//!
//! What a function takes well stands in `calls.txt`; from it, and from the declared types, come argument lists that
//! are good, odd and wrong. Calls go in modules of many, each with its arguments as its input, so that the type
//! checkers know nothing about them.

pub mod arguments;
pub mod seeds;

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::io;
use std::path::{Path, PathBuf};

use regate_rego::Value;
use regate_rego::builtins::{self, Builtin};
use regate_rego::syntax::ast::RegoVersion;
use regate_rego::value::Object;

use crate::answer::{Difference, Outcome};
use crate::calls::arguments::{Arguments, term};
use crate::calls::seeds::Seeds;
use crate::explained::{self, Rule};
use crate::ours;
use crate::peer::Peer;
use crate::program::{Text, Way};

/// What was found.
#[derive(Debug, Default)]
pub struct Report {
    functions: BTreeMap<&'static str, Found>,
}

/// What was found of one function.
#[derive(Debug, Default)]
struct Found {
    calls: usize,
    /// What OPA itself fell over at.
    failed: usize,
    explained: BTreeMap<String, usize>,
    unexplained: BTreeMap<String, Vec<Sample>>,
}

/// A call and what it gave.
#[derive(Debug)]
struct Sample {
    call: String,
    opa: String,
    ours: String,
}

/// Both engines and what is needed to judge.
#[derive(Debug)]
struct Judge {
    opa: PathBuf,
    peer: Peer,
    rules: Vec<Rule>,
}

/// Calls in a module.
const TOGETHER: usize = 50;

/// Differences of one kind that are shown; of the others there is a count.
const SHOWN: usize = 4;

/// Calls each built-in `count` times; where `only` names some, those alone.
pub fn run(opa: &Path, count: usize, seed: u64, only: &[String]) -> io::Result<Report> {
    let seeds = Seeds::read()?;
    let mut judge = Judge {
        opa: opa.to_owned(),
        peer: Peer::start(opa, RegoVersion::V0)?,
        rules: explained::rules(),
    };
    let mut report = Report::default();
    for builtin in builtins::all() {
        let asked = only.is_empty() || only.iter().any(|name| builtin.name.starts_with(name));
        let gives = (builtin.declaration)().result.is_some();
        if !asked || !gives || seeds.is_skipped(builtin.name) {
            continue;
        }
        let mut arguments = Arguments::new(builtin, &seeds, seed);
        let lists: Vec<Vec<Value>> = (0..count).map(|_| arguments.list()).collect();
        let found = report.functions.entry(builtin.name).or_default();
        for lists in lists.chunks(TOGETHER) {
            judge.calls(builtin, lists, found)?;
        }
    }
    Ok(report)
}

// === impl Judge ===

impl Judge {
    fn calls(
        &mut self,
        builtin: &Builtin,
        lists: &[Vec<Value>],
        found: &mut Found,
    ) -> io::Result<()> {
        let text = module(builtin, lists);
        let opa = match self.peer.outcome(&text) {
            Ok(opa) => opa,
            Err(error) => {
                // It fell over or takes too long: at which call, the halves tell.
                self.peer = Peer::start(&self.opa, RegoVersion::V0)?;
                Outcome::Failed(error.to_string())
            }
        };
        if let (Outcome::Failed(_) | Outcome::Refused { .. }, true) = (&opa, lists.len() > 1) {
            let (left, right) = lists.split_at(lists.len() / 2);
            self.calls(builtin, left, found)?;
            return self.calls(builtin, right, found);
        }
        found.calls += lists.len();
        found.failed += usize::from(matches!(opa, Outcome::Failed(_)));
        let ours = ours::outcome(&text, regate_rego::plan::Options::default());
        for difference in Outcome::differences(&opa, &ours, &text.queries) {
            self.judge(builtin, lists, difference, found);
        }
        Ok(())
    }

    fn judge(
        &self,
        builtin: &Builtin,
        lists: &[Vec<Value>],
        difference: Difference,
        found: &mut Found,
    ) {
        let query = difference.query.clone().unwrap_or_default();
        // A difference in lenient mode shows in strict mode too.
        if difference.query.is_some() && !query.starts_with("strict ") {
            return;
        }
        let at = query.rsplit_once("/c").and_then(|(_, at)| at.parse().ok());
        let args = lists.get(at.unwrap_or(0_usize)).map(Vec::as_slice);
        let one = module(builtin, &[args.unwrap_or_default().to_vec()]);
        let rule = self
            .rules
            .iter()
            .find(|rule| rule.explains(&difference, &one));
        if let Some(rule) = rule {
            *found.explained.entry(rule.name.clone()).or_default() += 1;
            return;
        }
        let alike = found.unexplained.entry(difference.kind).or_default();
        alike.push(Sample {
            call: term(&Value::from(args.unwrap_or_default().to_vec())),
            opa: difference.opa,
            ours: difference.ours,
        });
    }
}

/// A rule a call.
fn module(builtin: &Builtin, lists: &[Vec<Value>]) -> Text {
    let mut module = "package calls\n".to_owned();
    for (at, args) in lists.iter().enumerate() {
        let places: Vec<String> = (0..args.len()).map(|at| format!("input[{at}]")).collect();
        let call = format!("{}({})", builtin.name, places.join(", "));
        let input = term(&Value::from(args.clone()));
        // Of several answers all are compared.
        let asked = if builtin.relation {
            format!("[x | {}]", call.replacen(')', ", x)", 1))
        } else {
            call
        };
        let _ = write!(
            module,
            "\nc{at} = v {{ v := {asked} with input as {input} }}\n"
        );
    }
    Text {
        version: RegoVersion::V0,
        modules: vec![module],
        data: Object::default().into(),
        input: None,
        queries: (0..lists.len()).map(|at| format!("calls/c{at}")).collect(),
        way: Way::InTurn,
    }
}

// === impl Report ===

impl Report {
    /// How many differences have no reason.
    #[must_use]
    pub fn unexplained(&self) -> usize {
        let found = self.functions.values();
        found
            .flat_map(|found| found.unexplained.values())
            .map(Vec::len)
            .sum()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let calls: usize = self.functions.values().map(|found| found.calls).sum();
        writeln!(f, "{calls} calls of {} functions", self.functions.len())?;
        for (name, found) in &self.functions {
            if found.failed > 0 {
                writeln!(f, "{:6} {name}: opa itself fails", found.failed)?;
            }
            for (reason, count) in &found.explained {
                writeln!(f, "{count:6} {name}: explained: {reason}")?;
            }
            for (kind, samples) in &found.unexplained {
                writeln!(f, "{:6} {name}: UNEXPLAINED: {kind}", samples.len())?;
                for Sample { call, opa, ours } in samples.iter().take(SHOWN) {
                    writeln!(
                        f,
                        "       {call}\n         opa  {opa}\n         ours {ours}"
                    )?;
                }
            }
        }
        write!(f, "{} unexplained differences", self.unexplained())
    }
}
