//! `/health/PATH`: what a policy of the operator's own says of this program's health.

use std::sync::atomic::Ordering;

use axum::http::StatusCode;
use axum::response::Response;

use super::answer::{Refusal, json_text};
use super::data::no_policy;
use super::evaluate::{How, Question, Trouble};
use super::{Rest, State};
use crate::data::{Object, Value};
use crate::engine::Evaluator;
use crate::tool::json::Json;

impl Rest {
    /// Asks `data.system.health.PATH`; only `true` is healthy.
    pub(super) async fn health(&self, names: Vec<String>) -> Result<Response, Refusal> {
        let place = format!("data.system.health.{}", names.join("."));
        let mut document = vec!["system".to_owned(), "health".to_owned()];
        document.extend(names);
        let how = How {
            input: Some(self.state()),
            ..How::default()
        };
        let asked = self
            .asking
            .ask(Question::Document(document), how, Evaluator::document);
        let asked = asked.await.ok_or_else(no_policy)?;
        let unhealthy = match asked.result.map_err(Trouble::of_document) {
            Ok(Some(Value::Bool(true))) => return Ok(json_text(StatusCode::OK, "{}\n".to_owned())),
            Ok(None) => format!("health check ({place}) was undefined"),
            Ok(Some(_)) => format!("health check ({place}) returned unexpected value"),
            Err(refusal) => refusal.told(),
        };
        let body = Json::object().with("error", unhealthy.as_str()).to_line();
        Ok(json_text(StatusCode::INTERNAL_SERVER_ERROR, body))
    }

    /// What the policy is asked about: the plugins, and whether all of them were ready once.
    fn state(&self) -> Value {
        let plugins = (self.seams.plugins)();
        let ready = plugins.iter().all(|(_, state)| *state == State::Ok);
        if ready {
            self.were_ready.store(true, Ordering::Relaxed);
        }
        let states = plugins.into_iter().map(|(name, state)| {
            let state = match state {
                State::Ok => "OK",
                State::NotReady => "NOT_READY",
            };
            (Value::from(name), Value::from(state))
        });
        let members = [
            ("plugin_state", Value::Object(states.collect::<Object>())),
            (
                "plugins_ready",
                Value::Bool(self.were_ready.load(Ordering::Relaxed)),
            ),
        ];
        let members = members.into_iter();
        Value::Object(
            members
                .map(|(name, value)| (Value::from(name), value))
                .collect(),
        )
    }
}
