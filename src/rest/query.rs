//! `/v1/query`: queries of the caller's own words.

use axum::http::{Method, StatusCode};
use axum::response::Response;

use super::answer::Refusal;
use super::body::member;
use super::data::no_policy;
use super::evaluate::{How, Question, Trouble};
use super::record::Decision;
use super::{Call, Rest};
use crate::data::{Value, read};
use crate::decision::Subject;
use crate::engine::Evaluator;
use crate::tool::json::Json;

impl Rest {
    /// `/v1/query`.
    pub(super) async fn query(&self, call: &Call) -> Result<Response, Refusal> {
        let (text, input) = if call.method == Method::GET {
            let text = call.params.first("q");
            let text = text.ok_or_else(|| Refusal::invalid("missing parameter 'q'"))?;
            (text.to_owned(), None)
        } else {
            self.asked_query(call).await?
        };
        let how = How {
            input: input.clone(),
            strict_builtin_errors: false,
            logged: true,
        };
        let question = Question::Body(text.clone());
        let asked = self.asking.ask(question, how, Evaluator::rows).await;
        let asked = asked.ok_or_else(no_policy)?.map(|rows| {
            let rows: Vec<Value> = rows.into_iter().map(Value::Object).collect();
            (!rows.is_empty()).then(|| Value::from(rows))
        });
        let id = self.decision_id()?;
        let decision = Decision {
            id: id.as_ref(),
            batch: None,
            subject: Subject::Query(text),
            input,
            undefined: None,
            refuse: Trouble::of_query,
        };
        let (asked, result) = self.recorded(call, decision, asked).await?;
        let body = Json::object()
            .with_some("metrics", Self::metrics(call, &asked, None))
            .with_some("result", result);
        self.render(call, StatusCode::OK, body).await
    }

    /// The query and the input of a body.
    async fn asked_query(&self, call: &Call) -> Result<(String, Option<Value>), Refusal> {
        let (payload, decoding) = (call.payload.clone(), self.config.decoding);
        let read = move || -> Result<Value, Refusal> {
            let bytes = payload.unpacked(&decoding)?;
            read::first_json_value(&bytes).map_err(|error| {
                Refusal::invalid(format!("error(s) occurred while decoding request: {error}"))
            })
        };
        let body = self.asking.pool.run(read).await;
        let body = body.map_err(super::not_done)??;
        let expected = |what: &str| {
            Refusal::invalid(format!(
                "error(s) occurred while decoding request: expected {what}"
            ))
        };
        match &body {
            Value::Null => return Ok((String::new(), None)),
            Value::Object(_) => {}
            _ => return Err(expected("an object with the members `query` and `input`")),
        }
        let text = match member(&body, "query") {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => text.to_string(),
            Some(_) => return Err(expected("a string in `query`")),
        };
        let input = member(&body, "input").filter(|value| **value != Value::Null);
        Ok((text, input.cloned()))
    }
}
