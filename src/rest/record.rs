//! Decisions of the REST API as the decision log gets them.

use std::time::Duration;

use axum::http::StatusCode;

use super::answer::Refusal;
use super::evaluate::{Asked, Trouble};
use super::{Call, Rest};
use crate::data::Value;
use crate::decision::{self, ApiVersion, CheckError, DecisionId, Record, Stage, Subject, Timers};

/// How long an answer waits for room in the decision log, where it may wait at all.
const PATIENCE: Duration = Duration::from_secs(1);

/// What is recorded of a decision beside its outcome.
pub(super) struct Decision<'a> {
    /// Its id; without one nothing is recorded.
    pub(super) id: Option<&'a DecisionId>,
    /// The id of the batch that it belongs to.
    pub(super) batch: Option<&'a DecisionId>,
    pub(super) subject: Subject,
    pub(super) input: Option<Value>,
    /// What an undefined answer is, where that is an error.
    pub(super) undefined: Option<Refusal>,
    /// What errors are answered with.
    pub(super) refuse: fn(Trouble) -> Refusal,
}

impl Rest {
    /// Hands a decision to the log, and gives its outcome.
    pub(super) async fn recorded(
        &self,
        call: &Call,
        decision: Decision<'_>,
        asked: Asked<Option<Value>>,
    ) -> Result<(Asked<()>, Option<Value>), Refusal> {
        let (outcome, asked) = asked.split();
        let outcome = match (outcome, decision.undefined) {
            (Ok(None), Some(undefined)) => Err(undefined),
            (outcome, _) => outcome.map_err(decision.refuse),
        };
        // What never came to an evaluation is no decision.
        let decided = !matches!(&outcome, Err(refusal) if is_ours(refusal));
        if let (Some(log), Some(id), true) = (&self.log, decision.id, decided) {
            let record = Record {
                id: *id,
                timestamp: call.arrived,
                version: ApiVersion::V3,
                request: axum::body::Bytes::new(),
                revisions: asked.snapshot.revisions.clone(),
                snapshot: Some(asked.snapshot.clone()),
                result: match &outcome {
                    Ok(value) => Ok(value.clone().unwrap_or(Value::Null)),
                    Err(refusal) => Err(error(refusal)),
                },
                nd_builtin_cache: asked.nd_builtin_cache.clone(),
                rule_labels: asked.rule_labels.clone(),
                timers: Timers {
                    handler: call.began.elapsed(),
                    input: None,
                    eval: Some(asked.times.eval),
                },
                trace: None,
                asked: Some(Box::new(decision::Asked {
                    subject: decision.subject,
                    input: decision.input,
                    undefined: matches!(&outcome, Ok(None)),
                    requested_by: call.client.address(),
                    number: call.number,
                    batch: decision.batch.copied(),
                })),
            };
            let until = call.began + PATIENCE;
            if let Err(record) = log.push_in_time(record, until).await {
                log.push_denied(record);
                return Err(unlogged());
            }
        }
        Ok((asked, outcome?))
    }
}

fn unlogged() -> Refusal {
    let message = "the decision log has no room for this decision; see `decision_logs.on_full`";
    Refusal::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "decision_log_full_error",
        message,
    )
}

fn is_ours(refusal: &Refusal) -> bool {
    let status = refusal.status();
    status == StatusCode::SERVICE_UNAVAILABLE || status == StatusCode::NOT_IMPLEMENTED
}

fn error(refusal: &Refusal) -> CheckError {
    CheckError {
        stage: Stage::Evaluation,
        code: refusal.code(),
        message: refusal.told(),
        location: None,
    }
}
