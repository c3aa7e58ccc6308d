//! What the process says of itself: its page, its configuration, its status, its memory; and polls of bundles.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;

use super::answer::{Refusal, bare, line};
use super::{Call, Rest};
use crate::data::{Object, Value};
use crate::decision::DecisionId;
use crate::tool::json::Json;

impl Rest {
    /// `GET /`: a page for whoever looks.
    pub(super) fn index() -> Response {
        let page = concat!(
            "<!doctype html>\n<title>regate</title>\n<p>regate ",
            env!("CARGO_PKG_VERSION"),
            ": policy decisions for Envoy, and OPA's REST API.</p>\n",
        );
        let mut response = line(StatusCode::OK, page);
        let html = HeaderValue::from_static("text/html; charset=utf-8");
        response.headers_mut().insert(header::CONTENT_TYPE, html);
        response
    }

    /// `GET /v1/config`: the configuration as it was read, without its secrets.
    pub(super) async fn shown_config(&self, call: &Call) -> Result<Response, Refusal> {
        let id = DecisionId::of_process();
        let id =
            id.map_err(|error| Refusal::internal(format!("there is no randomness: {error}")))?;
        let own = [("id", id.as_str()), ("version", env!("CARGO_PKG_VERSION"))];
        let own = own.map(|(name, value)| (Value::from(name), Value::from(value)));
        let shown = match &self.config.shown {
            Value::Object(shown) => shown.clone(),
            _ => Object::default(),
        };
        let labels = shown.get_str("labels").cloned();
        let labels = match labels {
            Some(Value::Object(labels)) => labels,
            _ => Object::default(),
        };
        let labels = own
            .into_iter()
            .fold(labels, |all, (name, value)| all.insert(name, value));
        let mut shown = shown.insert(Value::from("labels"), Value::Object(labels));
        for (name, default) in [
            ("default_decision", "/system/main"),
            ("default_authorization_decision", "/system/authz/allow"),
        ] {
            if shown.get_str(name).is_none() {
                shown = shown.insert(Value::from(name), Value::from(default));
            }
        }
        let body = Json::object().with("result", Value::Object(shown));
        self.render(call, StatusCode::OK, body).await
    }

    /// `GET /v1/status`.
    pub(super) async fn status(&self, call: &Call) -> Result<Response, Refusal> {
        let status = (self.seams.status)();
        let status = status.ok_or_else(|| Refusal::internal("status plugin not enabled"))?;
        let body = Json::object().with("result", status);
        self.render(call, StatusCode::OK, body).await
    }

    /// `POST /v1/bundles/NAME/poll`: asks the bundle's server now.
    pub(super) async fn poll(&self, name: String) -> Result<Response, Refusal> {
        match (self.seams.poll)(name).await {
            Ok(()) => Ok(bare(StatusCode::NO_CONTENT)),
            Err(error) => Err(Refusal::from(error)),
        }
    }

    /// `GET /debug/…`, with `--pprof`.
    pub(super) async fn debug(&self, call: &Call, what: &str) -> Result<Response, Refusal> {
        if !self.config.debug {
            return Ok(line(StatusCode::NOT_FOUND, "404 page not found\n"));
        }
        match what {
            "memory" => {
                let memory = self
                    .asking
                    .pool
                    .run(memory)
                    .await
                    .map_err(super::not_done)?;
                self.render(call, StatusCode::OK, Json::object().with("result", memory))
                    .await
            }
            _ => Err(Refusal::not_built(
                "this program is not written in Go and has none of its profiles; \
                 `/debug/memory` shows the memory of the process, and `perf` profiles it from outside",
            )),
        }
    }
}

/// What the kernel counts of the process, in bytes.
fn memory() -> Value {
    const FIELDS: [(&str, &str); 5] = [
        ("VmRSS:", "resident_bytes"),
        ("VmHWM:", "resident_peak_bytes"),
        ("RssAnon:", "resident_anonymous_bytes"),
        ("RssFile:", "resident_file_bytes"),
        ("VmSize:", "virtual_bytes"),
    ];
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let members = text.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        let field = words.next()?;
        let (_, name) = FIELDS.iter().find(|(known, _)| *known == field)?;
        let kibibytes: i64 = words.next()?.parse().ok()?;
        Some((
            Value::from(*name),
            Value::from(kibibytes.saturating_mul(1024)),
        ))
    });
    Value::Object(members.collect())
}
