//! What the decision log asks of the Check path's rooms: the whole input of a record, and the
//! policy's own rules about its log. All of it runs on the log's thread.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::authz::input::InputBuilder;
use crate::authz::wire;
use crate::data::{Doc, Value, dismantle, into_value, write};
use crate::decision::Record;
use crate::decision_log::{Defined, Inputs, Rules};
use crate::engine::{Budget, EvalErrorKind, Evaluator, Policy};
use crate::instance::{Cell, Snapshot};

/// The mask decision among the entrypoints that a policy is compiled with.
pub const MASK: usize = 1;

/// The drop decision among the entrypoints that a policy is compiled with.
pub const DROP: usize = 2;

/// How long a rule about the log may think. It holds up other events, not requests.
const RULE_TIME: Duration = Duration::from_secs(1);

/// Builds the input of a record again, whole.
#[derive(Debug, Clone)]
pub struct RecordInputs {
    /// As the Check path's own.
    pub builder: Arc<InputBuilder>,
}

/// The mask and drop rules of the policy that decided.
#[derive(Debug)]
pub struct PolicyRules {
    in_force: Cell,
    current: Option<Current>,
}

#[derive(Debug)]
struct Current {
    generation: u64,
    policy: Policy,
    evaluator: Evaluator,
}

// === impl RecordInputs ===

impl RecordInputs {
    /// Calls `take` with the document, while the bytes it borrows from are there. A request that
    /// does not parse has none; its record's own error says why.
    fn with<T>(&self, record: &Record, take: impl FnOnce(Doc<'_>) -> T) -> Option<T> {
        let request = wire::scan(record.version, &record.request).ok()?;
        let parsed = self.builder.parse(&request).ok()?;
        Some(take(self.builder.doc(parsed).ok()?))
    }
}

impl Inputs for RecordInputs {
    fn write(&mut self, record: &Record, out: &mut Vec<u8>) {
        if let Some(asked) = &record.asked {
            return write::value(out, asked.input.as_ref().unwrap_or(&Value::Null));
        }
        let written = self.with(record, |doc| {
            write::doc(out, &doc);
            dismantle(doc);
        });
        if written.is_none() {
            out.extend_from_slice(b"null");
        }
    }

    fn value(&mut self, record: &Record) -> Value {
        if let Some(asked) = &record.asked {
            return asked.input.clone().unwrap_or(Value::Null);
        }
        match self.with(record, into_value) {
            Some(Ok(value)) => value,
            Some(Err(_)) | None => Value::Null,
        }
    }
}

// === impl PolicyRules ===

impl PolicyRules {
    /// Rules of each record's own policy, or for a record without one of what is in force.
    #[must_use]
    pub fn new(in_force: Cell) -> Self {
        Self {
            in_force,
            current: None,
        }
    }

    fn evaluate(&mut self, entry: usize, event: &Value) -> Result<Option<Value>, String> {
        // Asked although no policy is known, the answer must not be "no masks".
        let Some(current) = &mut self.current else {
            return Err("no policy is known to ask".to_owned());
        };
        if !current.policy.defines(entry) {
            return Ok(None);
        }
        let deadline = Instant::now() + RULE_TIME;
        let evaluation = current.evaluator.eval(
            entry,
            event,
            Budget {
                deadline,
                steps: None,
            },
        );
        match evaluation.result {
            Ok(value) => Ok(Some(value)),
            Err(error) if error.kind() == EvalErrorKind::Undefined => Ok(None),
            Err(error) => Err(error.to_string()),
        }
    }
}

impl Rules for PolicyRules {
    fn defined(&mut self, record: &Record) -> Defined {
        let own = record.snapshot.clone();
        let snapshot = own
            .and_then(|own| own.downcast::<Snapshot>().ok())
            .or_else(|| self.in_force.load_full());
        let generation = self.current.as_ref().map(|current| current.generation);
        if generation != snapshot.as_ref().map(|snapshot| snapshot.generation) {
            self.current = snapshot.map(|snapshot| Current {
                generation: snapshot.generation,
                policy: snapshot.policy.clone(),
                evaluator: snapshot.policy.evaluator(),
            });
        }
        self.current
            .as_ref()
            .map_or_else(Defined::default, |current| Defined {
                mask: current.policy.defines(MASK),
                drop: current.policy.defines(DROP),
            })
    }

    fn mask(&mut self, event: &Value) -> Result<Option<Value>, String> {
        self.evaluate(MASK, event)
    }

    fn drop(&mut self, event: &Value) -> Result<bool, String> {
        Ok(self.evaluate(DROP, event)? == Some(Value::Bool(true)))
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use bytes::Bytes;

    use super::*;
    use crate::decision::{ApiVersion, DecisionId, Timers};
    use crate::engine::{Entrypoint, Module, RegoVersion, Source};

    /// A snapshot whose policy masks, or not.
    fn snapshot(generation: u64, policy: &str) -> Snapshot {
        let path = |path: &str| Entrypoint::Path(path.to_owned());
        let policy = Policy::compile(Source {
            modules: vec![Module {
                name: "policy.rego".to_owned(),
                source: policy.into(),
                version: RegoVersion::V1,
            }],
            data: Value::Object(crate::data::Object::default()),
            entrypoints: vec![path("a/allow"), path("system/log/mask"), path("none")],
            engine: crate::engine::Engine::Regorus,
            runtime: crate::data::Object::default(),
            max_errors: 1,
        });
        Snapshot {
            generation,
            policy: policy.expect("a policy"),
            revisions: Arc::default(),
            modules: Arc::default(),
            activated_at: SystemTime::now(),
        }
    }

    fn record(snapshot: Option<Snapshot>) -> Record {
        Record {
            id: DecisionId::random().expect("randomness"),
            timestamp: SystemTime::now(),
            version: ApiVersion::V3,
            request: Bytes::new(),
            revisions: Arc::default(),
            snapshot: snapshot.map(|snapshot| Arc::new(snapshot) as _),
            result: Ok(Value::Bool(true)),
            nd_builtin_cache: None,
            rule_labels: Box::default(),
            timers: Timers::default(),
            trace: None,
            asked: None,
        }
    }

    #[test]
    fn an_event_is_masked_by_the_policy_that_decided_it() {
        // Nothing is in force: whatever is answered comes from the record's own snapshot.
        let mut rules = PolicyRules::new(Cell::new());
        let masking = "package system.log\n\nmask contains \"/input/secret\"\n";
        let masks = record(Some(snapshot(1, masking)));
        assert!(rules.defined(&masks).mask);
        let event = Value::Object(crate::data::Object::default());
        assert!(matches!(rules.mask(&event), Ok(Some(Value::Set(set))) if set.len() == 1));
        let later = record(Some(snapshot(2, "package a\n\nallow := true\n")));
        assert!(!rules.defined(&later).mask);
        assert!(rules.defined(&masks).mask, "the older one comes late");
    }

    #[test]
    fn without_any_policy_there_is_no_answer() {
        let mut rules = PolicyRules::new(Cell::new());
        assert_eq!(rules.defined(&record(None)), Defined::default());
        assert!(
            rules
                .mask(&Value::Object(crate::data::Object::default()))
                .is_err()
        );
    }
}
