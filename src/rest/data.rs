//! Documents: `/v1/data`, `/v0/data`, and `POST /`, which is a document of `/v0/data` by another name.

use std::time::{Duration, Instant};

use axum::http::{Method, StatusCode};
use axum::response::Response;

use super::answer::Refusal;
use super::body::Input;
use super::evaluate::{Asked, How, Question, Trouble};
use super::record::Decision;
use super::{Call, Rest, nanoseconds};
use crate::data::Value;
use crate::decision::{DecisionId, Subject};
use crate::engine::Evaluator;
use crate::tool::json::{Json, compact};

impl Rest {
    /// `/v1/data`.
    pub(super) async fn data(&self, call: &Call, names: Vec<String>) -> Result<Response, Refusal> {
        let began = Instant::now();
        let input = if call.method == Method::GET {
            Input::parameter(call.params.first("input"))?
        } else {
            Input::member(self.document(&call.payload).await?.as_ref())?
        };
        let parsing = began.elapsed();
        let how = How {
            input: input.value.clone(),
            strict_builtin_errors: call.params.asks("strict-builtin-errors"),
            logged: true,
        };
        let asked = self.ask_document(names.clone(), how).await?;
        let id = self.decision_id()?;
        let decision = Decision {
            id: id.as_ref(),
            batch: None,
            subject: Subject::Path(names.join("/")),
            input: input.value,
            undefined: None,
            refuse: Trouble::of_document,
        };
        let (asked, result) = self.recorded(call, decision, asked).await?;
        let metrics = Self::metrics(call, &asked, Some(parsing));
        let warning = || {
            Json::object()
                .with("code", "api_usage_warning")
                .with("message", "'input' key missing from the request")
        };
        let provenance = || provenance(&asked.snapshot.revisions.0);
        let body = Json::object()
            .with_some("decision_id", id.as_ref().map(DecisionId::as_str))
            .with_some(
                "provenance",
                call.params.asks("provenance").then(provenance),
            )
            .with_some("metrics", metrics)
            .with_some("result", result)
            .with_some("warning", input.missing.then(warning));
        self.render(call, StatusCode::OK, body).await
    }

    /// `POST /v0/data`: the body is the input, the answer is the document.
    pub(super) async fn plain_data(
        &self,
        call: &Call,
        names: Vec<String>,
    ) -> Result<Response, Refusal> {
        let input = self
            .document(&call.payload)
            .await
            .map_err(Refusal::of_plain_input)?;
        let how = How {
            input: Some(input.unwrap_or(Value::Null)),
            strict_builtin_errors: call.params.asks("strict-builtin-errors"),
            logged: true,
        };
        let input = how.input.clone();
        let asked = self.ask_document(names.clone(), how).await?;
        let undefined = || {
            let text = format!("document missing: {}", reference(&names));
            Refusal::new(StatusCode::NOT_FOUND, "undefined_document", text)
        };
        let id = self.decision_id()?;
        let decision = Decision {
            id: id.as_ref(),
            batch: None,
            subject: Subject::Path(names.join("/")),
            input,
            undefined: Some(undefined()),
            refuse: Trouble::of_document,
        };
        let (_, result) = self.recorded(call, decision, asked).await?;
        let result = result.ok_or_else(undefined)?;
        self.render(call, StatusCode::OK, Json::from(result)).await
    }

    /// Asks for the document at `names` below `data`.
    pub(super) async fn ask_document(
        &self,
        names: Vec<String>,
        how: How,
    ) -> Result<Asked<Option<Value>>, Refusal> {
        let whole = names.is_empty();
        let asked = self
            .asking
            .ask(Question::Document(names), how, Evaluator::document);
        let asked = asked.await.ok_or_else(no_policy)?;
        Ok(if whole {
            asked.map(|document| document.map(without_system))
        } else {
            asked
        })
    }

    /// An id, where decisions have one.
    pub(super) fn decision_id(&self) -> Result<Option<DecisionId>, Refusal> {
        if !self.config.decision_ids {
            return Ok(None);
        }
        let id = DecisionId::random();
        let id = id.map_err(|error| Refusal::internal(format!("there is no randomness: {error}")));
        id.map(Some)
    }

    /// What was measured, where that is wanted.
    pub(super) fn metrics<T>(
        call: &Call,
        asked: &Asked<T>,
        parsing: Option<Duration>,
    ) -> Option<Json> {
        if !call.params.asks("metrics") && !call.params.asks("instrument") {
            return None;
        }
        let times = &asked.times;
        let hit = i64::from(times.compile.is_none());
        let handler = call.began.elapsed();
        let metrics = Json::object()
            .with_some("counter_server_query_cache_hit", parsing.map(|_| hit))
            .with_some("timer_rego_input_parse_ns", parsing.map(nanoseconds))
            .with_some(
                "timer_rego_query_compile_ns",
                times.compile.map(nanoseconds),
            )
            .with("timer_rego_query_eval_ns", nanoseconds(times.eval))
            .with("timer_server_handler_ns", nanoseconds(handler));
        Some(metrics)
    }
}

// === impl Refusal ===

impl Refusal {
    /// The same for a body that is the input itself.
    fn of_plain_input(self) -> Self {
        self.prefixed("unexpected parse error for input: ")
    }

    /// The same for a body that the authorization policy was to see.
    pub(super) fn of_shown_body(self) -> Self {
        self.without_prefix("body contains malformed input document: ")
    }
}

// === helpers ===

pub(super) fn no_policy() -> Refusal {
    let text = "there is no policy yet";
    Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", text)
}

/// All documents but those that concern this program itself, which have to be asked for by name.
fn without_system(document: Value) -> Value {
    let Value::Object(members) = &document else {
        return document;
    };
    let members = members
        .iter()
        .filter(|(name, _)| name.as_str() != Some("system"));
    let members = members.map(|(name, value)| (name.clone(), value.clone()));
    Value::Object(members.collect())
}

/// `data.a["b c"]`.
fn reference(names: &[String]) -> String {
    let word = |name: &str| {
        let mut chars = name.chars();
        chars
            .next()
            .is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
            && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    names.iter().fold("data".to_owned(), |shown, name| {
        if word(name) {
            shown + "." + name
        } else {
            format!("{shown}[{}]", compact(&Value::from(name.as_str())))
        }
    })
}

/// Which program answered, from which bundles.
pub(super) fn provenance(revisions: &[(String, String)]) -> Json {
    let commit = option_env!("REGATE_BUILD_COMMIT").unwrap_or("");
    let bundles = revisions.iter().map(|(name, revision)| {
        let about = Json::object().with("revision", revision.as_str());
        (name.clone().into(), about)
    });
    let bundles: Vec<_> = bundles.collect();
    Json::object()
        .with("version", env!("CARGO_PKG_VERSION"))
        .with("build_commit", commit)
        .with("build_timestamp", "")
        .with("build_hostname", "")
        .with_some(
            "bundles",
            (!bundles.is_empty()).then_some(Json::Object(bundles)),
        )
}
