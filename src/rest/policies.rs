//! Modules: `/v1/policies`.

use std::time::Instant;

use axum::http::StatusCode;
use axum::response::Response;

use super::answer::Refusal;
use super::data::no_policy;
use super::write::problems;
use super::{Call, Rest, nanoseconds, not_done};
use crate::engine::Module;
use crate::instance::{Edit, EditError};
use crate::tool::json::Json;
use crate::tool::parse::{self, Tree};

const NOT_COMPILED: &str = "error(s) occurred while compiling module(s)";

impl Rest {
    /// `GET /v1/policies`.
    pub(super) async fn policies(&self, call: &Call) -> Result<Response, Refusal> {
        let snapshot = self.asking.policy.load_full().ok_or_else(no_policy)?;
        let show = move || snapshot.modules.iter().map(shown).collect::<Json>();
        let shown = self.asking.pool.run(show).await.map_err(not_done)?;
        let body = Json::object().with("result", shown);
        self.render(call, StatusCode::OK, body).await
    }

    /// `GET /v1/policies/ID`.
    pub(super) async fn policy(&self, call: &Call, id: String) -> Result<Response, Refusal> {
        let snapshot = self.asking.policy.load_full().ok_or_else(no_policy)?;
        let named = |module: &&Module| module.name == id;
        let found = snapshot.modules.iter().find(named).cloned();
        let found = found
            .ok_or_else(|| Refusal::of_edit(&EditError::NotFound(format!("policy id \"{id}\""))))?;
        let shown = self.asking.pool.run(move || shown(&found)).await;
        let body = Json::object().with("result", shown.map_err(not_done)?);
        self.render(call, StatusCode::OK, body).await
    }

    /// `PUT /v1/policies/ID`.
    pub(super) async fn put_policy(&self, call: &Call, id: String) -> Result<Response, Refusal> {
        let text = std::str::from_utf8(call.payload.raw());
        let text = text.map_err(|_| Refusal::invalid("the policy is not UTF-8"))?;
        let mut lines = text.lines().map(str::trim);
        if lines.all(|line| line.is_empty() || line.starts_with('#')) {
            return Err(Refusal::invalid(format!(
                "{id}:0: rego_parse_error: empty module"
            )));
        }
        let module = Module {
            name: id,
            source: text.into(),
            version: self.config.rego_version,
        };
        let began = Instant::now();
        let (parsed, module) = (self
            .asking
            .pool
            .run(move || (parse::module(&module), module)))
        .await
        .map_err(not_done)?;
        let parsing = began.elapsed();
        let Tree { package, .. } =
            parsed.map_err(|problems| Refusal::invalid(NOT_COMPILED).because(problems))?;
        let began = Instant::now();
        let made = self.edits.make(Edit::PutModule(module, package)).await;
        made.map_err(|error| match error {
            EditError::Compile(errors) => Refusal::invalid(NOT_COMPILED).because(problems(&errors)),
            error => Refusal::of_edit(&error),
        })?;
        let metrics = Json::object()
            .with("timer_rego_module_compile_ns", nanoseconds(began.elapsed()))
            .with("timer_rego_module_parse_ns", nanoseconds(parsing));
        self.changed(call, metrics).await
    }

    /// `DELETE /v1/policies/ID`.
    pub(super) async fn delete_policy(&self, call: &Call, id: String) -> Result<Response, Refusal> {
        let began = Instant::now();
        let made = self.edits.make(Edit::DeleteModule(id)).await;
        made.map_err(|error| match error {
            EditError::Compile(errors) => {
                let status = StatusCode::BAD_REQUEST;
                Refusal::new(status, "invalid_operation", NOT_COMPILED).because(problems(&errors))
            }
            error => Refusal::of_edit(&error),
        })?;
        let metrics =
            Json::object().with("timer_rego_module_compile_ns", nanoseconds(began.elapsed()));
        self.changed(call, metrics).await
    }

    async fn changed(&self, call: &Call, metrics: Json) -> Result<Response, Refusal> {
        let metrics = call.params.asks("metrics").then_some(metrics);
        let body = Json::object().with_some("metrics", metrics);
        self.render(call, StatusCode::OK, body).await
    }
}

// === helpers ===

fn shown(module: &Module) -> Json {
    let tree = parse::module(module).ok().map(|tree| tree.json);
    Json::object()
        .with("id", module.name.as_str())
        .with("raw", &*module.source)
        .with_some("ast", tree)
}
