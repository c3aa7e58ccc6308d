//! `POST /v1/batch/data`: one document for many inputs, all of one snapshot. OPA has no such thing; it is Enterprise
//! OPA's, whose users have nowhere else to go.

use axum::http::StatusCode;
use axum::response::Response;

use super::answer::Refusal;
use super::body::member;
use super::data::{no_policy, provenance};
use super::evaluate::{How, Question, Trouble};
use super::record::Decision;
use super::{Call, Rest, not_done};
use crate::data::{Object, Value};
use crate::decision::{DecisionId, Subject};
use crate::engine::Evaluator;
use crate::instance::Snapshot;
use crate::tool::json::Json;

/// The answer to one input.
struct One {
    name: String,
    status: StatusCode,
    body: Vec<(std::borrow::Cow<'static, str>, Json)>,
}

impl Rest {
    /// Evaluates a document for each input, one after the other.
    pub(super) async fn batch(&self, call: &Call, names: Vec<String>) -> Result<Response, Refusal> {
        let body = self.document(&call.payload).await?;
        let inputs = self.asking.pool.run(move || inputs(body.as_ref()));
        let inputs = inputs.await.map_err(not_done)??;
        let snapshot = self.asking.policy.load_full().ok_or_else(no_policy)?;
        let batch = self.decision_id()?;
        let mut answers = Vec::with_capacity(inputs.len());
        for (name, input) in inputs {
            let answer = self.one(call, (&names, &batch), &snapshot, input).await?;
            let (status, body) = answer;
            answers.push(One { name, status, body });
        }
        let failed = answers
            .iter()
            .filter(|one| one.status != StatusCode::OK)
            .count();
        let status = match failed {
            0 => StatusCode::OK,
            failed if failed == answers.len() => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::MULTI_STATUS,
        };
        let responses = answers.into_iter().map(|one| {
            let mut members = one.body;
            if status != StatusCode::OK {
                let code = Json::from(one.status.as_str());
                members.push(("http_status_code".into(), code));
            }
            (one.name.into(), Json::Object(members))
        });
        let about = || provenance(&snapshot.revisions.0);
        let body = Json::object()
            .with_some("batch_decision_id", batch.as_ref().map(DecisionId::as_str))
            .with_some("provenance", call.params.asks("provenance").then(about))
            .with("responses", Json::Object(responses.collect()));
        self.render(call, status, body).await
    }

    async fn one(
        &self,
        call: &Call,
        (names, batch): (&[String], &Option<DecisionId>),
        snapshot: &std::sync::Arc<Snapshot>,
        input: Value,
    ) -> Result<(StatusCode, Vec<(std::borrow::Cow<'static, str>, Json)>), Refusal> {
        let how = How {
            input: Some(input.clone()),
            strict_builtin_errors: call.params.asks("strict-builtin-errors"),
            logged: true,
        };
        let question = Question::Document(names.to_vec());
        let asked = self
            .asking
            .ask_of(snapshot.clone(), question, how, Evaluator::document);
        let asked = asked.await;
        let metrics = Self::metrics(call, &asked, None);
        let id = self.decision_id()?;
        let decision = Decision {
            id: id.as_ref(),
            batch: batch.as_ref(),
            subject: Subject::Path(names.join("/")),
            input: Some(input),
            undefined: None,
            refuse: Trouble::of_document,
        };
        let (status, outcome) = match self.recorded(call, decision, asked).await {
            Ok((_, result)) => (StatusCode::OK, Json::object().with_some("result", result)),
            Err(refusal) => (refusal.status(), refusal.to_json()),
        };
        let Json::Object(members) = Json::object()
            .with_some("decision_id", id.as_ref().map(DecisionId::as_str))
            .with_some("metrics", metrics)
        else {
            return Ok((status, Vec::new()));
        };
        let mut members = members;
        if let Json::Object(outcome) = outcome {
            members.extend(outcome);
        }
        Ok((status, members))
    }
}

// === helpers ===

/// The inputs of a body by their names, each over what is common to all.
fn inputs(body: Option<&Value>) -> Result<Vec<(String, Value)>, Refusal> {
    let expected =
        || Refusal::invalid("expected an object with `inputs`, an object of inputs by name");
    let body = body.ok_or_else(expected)?;
    let Some(Value::Object(inputs)) = member(body, "inputs") else {
        return Err(expected());
    };
    let common = match member(body, "common_input") {
        None | Some(Value::Null) => None,
        Some(common @ Value::Object(_)) => Some(common),
        Some(_) => return Err(Refusal::invalid("expected `common_input` to be an object")),
    };
    let inputs = inputs.iter().map(|(name, input)| {
        let name = name.as_str().unwrap_or_default().to_owned();
        let input = common.map_or_else(|| input.clone(), |common| over(common, input));
        (name, input)
    });
    Ok(inputs.collect())
}

/// `own` over `common`: objects are joined, of anything else the own counts. JSON's reader bounds how deep it goes.
fn over(common: &Value, own: &Value) -> Value {
    let (Value::Object(common), Value::Object(own)) = (common, own) else {
        return own.clone();
    };
    let shared = common.iter().map(|(key, value)| {
        let value = own
            .get(key)
            .map_or_else(|| value.clone(), |own| over(value, own));
        (key.clone(), value)
    });
    let added = own.iter().filter(|(key, _)| common.get(key).is_none());
    let added = added.map(|(key, value)| (key.clone(), value.clone()));
    Value::Object(shared.chain(added).collect::<Object>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::read;

    #[test]
    fn an_input_lies_over_the_common_one() {
        let body = r#"{
            "inputs": {"A": {"user": {"name": "ann"}}, "B": {"user": {"role": "admin"}}, "C": 1},
            "common_input": {"action": "read", "user": {"role": "viewer"}}
        }"#;
        let json = |text: &str| read::json_value(text.as_bytes()).expect("JSON");
        let read = inputs(Some(&json(body))).expect("inputs");
        let want = [
            (
                "A",
                r#"{"action": "read", "user": {"name": "ann", "role": "viewer"}}"#,
            ),
            ("B", r#"{"action": "read", "user": {"role": "admin"}}"#),
            ("C", "1"),
        ];
        let want = want.map(|(name, text)| (name.to_owned(), json(text)));
        assert_eq!(read, want);
        for bad in [
            "{}",
            "[]",
            r#"{"inputs": []}"#,
            r#"{"inputs": {}, "common_input": 1}"#,
        ] {
            assert!(inputs(Some(&json(bad))).is_err(), "{bad}");
        }
        assert!(inputs(None).is_err());
    }
}
