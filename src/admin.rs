//! What operators ask: `/health` and `/metrics`, on the API and the diagnostic addresses.
//!
//! Nothing is kept here: what is shown is read from the rooms that know it, when it is asked for.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{RawQuery, Request, State};
use axum::http::{HeaderName, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::telemetry::metrics::{self, HttpMetrics, Registry};

mod health;

pub use health::{Health, Plugin};

/// What the routes show.
#[derive(Debug)]
pub struct Admin {
    /// What `/health` asks.
    pub health: Health,
    /// What `/metrics` shows.
    pub registry: Arc<Registry>,
    /// Where requests to these routes are counted.
    pub http: Arc<HttpMetrics>,
}

/// The routes of the API and of the diagnostic addresses, which are the same until the API has more.
pub fn router(admin: Arc<Admin>) -> Router {
    Router::new()
        .route("/health", get(show_health).head(not_allowed))
        .route("/metrics", get(show_metrics).head(not_allowed))
        .fallback(not_found)
        .method_not_allowed_fallback(not_allowed)
        .layer(middleware::from_fn_with_state(Arc::clone(&admin), count))
        .with_state(admin)
}

async fn show_health(State(admin): State<Arc<Admin>>, RawQuery(query): RawQuery) -> Response {
    match admin.health.check(query.as_deref().unwrap_or_default()) {
        Ok(()) => json(StatusCode::OK, "{}".to_owned()),
        Err(error) => {
            let body = serde_json::json!({ "error": error.to_string() });
            json(StatusCode::INTERNAL_SERVER_ERROR, body.to_string())
        }
    }
}

async fn show_metrics(State(admin): State<Arc<Admin>>) -> Response {
    (
        [(header::CONTENT_TYPE, metrics::CONTENT_TYPE)],
        admin.registry.render(),
    )
        .into_response()
}

async fn not_allowed() -> Response {
    ([(header::ALLOW, "GET")], StatusCode::METHOD_NOT_ALLOWED).into_response()
}

async fn not_found(request: Request) -> Response {
    let body = serde_json::json!({
        "code": "resource_not_found",
        "message": format!("nothing is served at `{}`", request.uri().path()),
    });
    json(StatusCode::NOT_FOUND, body.to_string())
}

/// Counts each request by the route that took it.
async fn count(State(admin): State<Arc<Admin>>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let handler = match request.uri().path() {
        "/" => "index",
        "/health" => "health",
        "/metrics" => "metrics",
        _ => "catchall",
    };
    let method: Method = request.method().clone();
    let response = next.run(request).await;
    admin.http.observe(
        handler,
        method.as_str(),
        response.status().as_u16(),
        started.elapsed(),
    );
    response
}

fn json(status: StatusCode, body: String) -> Response {
    const TYPE: (HeaderName, &str) = (header::CONTENT_TYPE, "application/json");
    (status, [TYPE], body).into_response()
}

#[cfg(test)]
mod tests;
