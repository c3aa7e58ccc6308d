//! Requests to the HTTP APIs, under OPA's name for them.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::{Exposition, Histogram};

/// Bounds in seconds.
const BUCKETS: [f64; 11] = [
    1e-6, 5e-6, 1e-5, 5e-5, 1e-4, 5e-4, 1e-3, 1e-2, 0.1, 1.0, 10.0,
];

/// Durations of requests by status code, handler and method.
#[derive(Debug, Default)]
pub struct HttpMetrics(Mutex<BTreeMap<(u16, &'static str, &'static str), Histogram>>);

// === impl HttpMetrics ===

impl HttpMetrics {
    /// Counts one request.
    pub fn observe(&self, handler: &'static str, method: &str, code: u16, duration: Duration) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entry((code, handler, known(method)))
            .or_insert_with(|| Histogram::new(&BUCKETS))
            .observe(duration);
    }

    /// Writes what was counted.
    pub fn collect(&self, out: &mut Exposition) {
        let requests = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for ((code, handler, method), histogram) in requests.iter() {
            out.histogram(
                "http_request_duration_seconds",
                "Time of requests to the HTTP APIs.",
                &[
                    ("code", &code.to_string()),
                    ("handler", handler),
                    ("method", method),
                ],
                histogram,
            );
        }
    }
}

/// The method as a label; callers must not be able to invent labels.
fn known(method: &str) -> &'static str {
    ["get", "head", "post", "put", "patch", "delete", "options"]
        .into_iter()
        .find(|known| known.eq_ignore_ascii_case(method))
        .unwrap_or("other")
}
