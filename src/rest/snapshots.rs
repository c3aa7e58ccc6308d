//! `/v1/snapshots`: the snapshots that are and were in force, and the return to one of them.

use axum::http::StatusCode;
use axum::response::Response;
use jiff::Timestamp;

use super::answer::{Refusal, bare};
use super::{Call, Rest};
use crate::bundle::PollError;
use crate::data::{Object, Value};
use crate::instance::{Past, PastState, ReturnError};
use crate::tool::json::Json;

impl Rest {
    /// `GET /v1/snapshots`: the newest first.
    pub(super) async fn snapshots(&self, call: &Call) -> Result<Response, Refusal> {
        let (snapshots, pinned) = {
            let status = self.seams.snapshots.status.borrow();
            (status.snapshots.clone(), status.pinned)
        };
        let shown: Vec<Value> = snapshots.iter().map(describe).collect();
        let pinned = pinned.map_or(Value::Null, Value::from);
        let result = Json::object()
            .with("pinned", pinned)
            .with("snapshots", Value::from(shown));
        self.render(call, StatusCode::OK, Json::object().with("result", result))
            .await
    }

    /// `POST /v1/snapshots/REVISION/activate`: puts one in force again, and keeps it there.
    pub(super) async fn pin(&self, named: String) -> Result<Response, Refusal> {
        self.seams.snapshots.control.pin(named).await?;
        Ok(bare(StatusCode::NO_CONTENT))
    }

    /// `POST /v1/snapshots/unpin`: new ones may come into force again.
    pub(super) async fn unpin(&self) -> Response {
        self.seams.snapshots.control.unpin().await;
        bare(StatusCode::NO_CONTENT)
    }
}

impl From<ReturnError> for Refusal {
    fn from(error: ReturnError) -> Self {
        let (status, code) = match &error {
            ReturnError::Unknown(_) => (StatusCode::NOT_FOUND, "resource_not_found"),
            ReturnError::InForce(_) | ReturnError::Gone(..) => {
                (StatusCode::CONFLICT, "resource_conflict")
            }
            ReturnError::Failed(_) => (StatusCode::INTERNAL_SERVER_ERROR, "internal_error"),
        };
        Self::new(status, code, error.to_string())
    }
}

impl From<PollError> for Refusal {
    fn from(error: PollError) -> Self {
        let (status, code) = match &error {
            PollError::Unknown(_) => (StatusCode::NOT_FOUND, "resource_not_found"),
            PollError::Failed(_) => (StatusCode::BAD_GATEWAY, "bundle_error"),
            PollError::Stopped => (StatusCode::SERVICE_UNAVAILABLE, "internal_error"),
        };
        Self::new(status, code, error.to_string())
    }
}

fn describe(past: &Past) -> Value {
    let state = match past.state {
        PastState::InForce => "in_force",
        PastState::Replaced => "replaced",
        PastState::RolledBack => "rolled_back",
    };
    let revisions = past.revisions.0.iter();
    let revisions =
        revisions.map(|(name, it)| (Value::from(name.as_str()), Value::from(it.as_str())));
    let at = Timestamp::try_from(past.activated_at);
    object([
        (
            "activated_at",
            at.map_or(Value::Null, |at| Value::from(at.to_string())),
        ),
        ("generation", Value::from(past.generation)),
        ("kept", Value::from(past.kept)),
        (
            "revisions",
            Value::Object(Object::from(revisions.collect::<Vec<_>>())),
        ),
        ("state", Value::from(state)),
    ])
}

fn object<const N: usize>(members: [(&str, Value); N]) -> Value {
    let members = members.map(|(name, value)| (Value::from(name), value));
    Value::Object(Object::from(members.to_vec()))
}
