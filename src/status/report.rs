//! One report: OPA's names and shapes.

use std::time::SystemTime;

use serde_json::{Map, Value, json};

use crate::instance::BundleStatus;
use crate::telemetry::Layout;

/// What Go writes for a time that there has not been.
const NEVER: &str = "0001-01-01T00:00:00Z";

/// The state of the program at one moment.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// The configured labels with `id` and `version`.
    pub labels: Vec<(String, String)>,
    /// The configured bundles.
    pub bundles: Vec<BundleStatus>,
    /// The plugins that are configured, by OPA's names, and whether each works.
    pub plugins: Vec<(String, bool)>,
    /// The decision log's state, where it is configured: an empty object as long as all is well.
    pub decision_logs: Option<Value>,
    /// The metrics in Prometheus' JSON, with `status.prometheus`.
    pub prometheus: Option<Value>,
}

// === impl Report ===

impl Report {
    /// The report as it is posted.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut report = Map::new();
        let labels = self.labels.iter();
        let labels = labels
            .map(|(name, text)| (name.clone(), json!(text)))
            .collect();
        report.insert("labels".to_owned(), Value::Object(labels));
        if !self.bundles.is_empty() {
            let bundles = self.bundles.iter();
            let bundles = bundles
                .map(|status| (status.name.clone(), bundle(status)))
                .collect();
            report.insert("bundles".to_owned(), Value::Object(bundles));
        }
        if let Some(logs) = &self.decision_logs {
            report.insert("decision_logs".to_owned(), logs.clone());
        }
        let plugins = self.plugins.iter().map(|(name, ok)| {
            let state = if *ok { "OK" } else { "NOT_READY" };
            (name.clone(), json!({"state": state}))
        });
        report.insert("plugins".to_owned(), Value::Object(plugins.collect()));
        if let Some(prometheus) = &self.prometheus {
            report.insert("metrics".to_owned(), json!({"prometheus": prometheus}));
        }
        Value::Object(report)
    }
}

fn bundle(status: &BundleStatus) -> Value {
    let mut shown = json!({
        "name": status.name,
        "last_request": time(status.last_request),
        "last_successful_request": time(status.last_successful_request),
        "last_successful_download": time(status.last_successful_download),
        "last_successful_activation": time(status.last_successful_activation),
    });
    let mut put = |name: &str, value: Value| {
        if let Some(members) = shown.as_object_mut() {
            members.insert(name.to_owned(), value);
        }
    };
    if let Some(revision) = status
        .active_revision
        .as_deref()
        .filter(|text| !text.is_empty())
    {
        put("active_revision", revision.into());
    }
    if let Some(error) = &status.error {
        put("code", error.code.as_str().into());
        put("message", error.message.as_str().into());
        if let Some(status) = error.http_status {
            put("http_code", status.into());
        }
    }
    shown
}

fn time(at: Option<SystemTime>) -> String {
    let Some(at) = at else {
        return NEVER.to_owned();
    };
    let mut text = Vec::new();
    Layout::rfc3339_nano().write(at, &mut text);
    String::from_utf8_lossy(&text).into_owned()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;
    use crate::instance::BundleError;

    #[test]
    fn a_report_has_opas_shape() {
        let at = |seconds: u64| Some(UNIX_EPOCH + Duration::from_millis(seconds * 1000 + 500));
        let report = Report {
            labels: vec![("app".to_owned(), "x".to_owned())],
            bundles: vec![
                BundleStatus {
                    name: "good".to_owned(),
                    active_revision: Some("r1".to_owned()),
                    last_request: at(3),
                    last_successful_request: at(2),
                    last_successful_download: at(1),
                    last_successful_activation: at(0),
                    error: None,
                },
                BundleStatus {
                    name: "bad".to_owned(),
                    error: Some(BundleError {
                        code: "bundle_error".to_owned(),
                        message: "gone".to_owned(),
                        http_status: Some(404),
                    }),
                    ..BundleStatus::default()
                },
            ],
            plugins: vec![("bundle".to_owned(), false)],
            decision_logs: Some(json!({})),
            prometheus: Some(json!({"up": 1})),
        };
        let expected = json!({
            "labels": {"app": "x"},
            "bundles": {
                "good": {
                    "name": "good",
                    "active_revision": "r1",
                    "last_request": "1970-01-01T00:00:03.5Z",
                    "last_successful_request": "1970-01-01T00:00:02.5Z",
                    "last_successful_download": "1970-01-01T00:00:01.5Z",
                    "last_successful_activation": "1970-01-01T00:00:00.5Z",
                },
                "bad": {
                    "name": "bad",
                    "last_request": "0001-01-01T00:00:00Z",
                    "last_successful_request": "0001-01-01T00:00:00Z",
                    "last_successful_download": "0001-01-01T00:00:00Z",
                    "last_successful_activation": "0001-01-01T00:00:00Z",
                    "code": "bundle_error",
                    "message": "gone",
                    "http_code": 404,
                },
            },
            "decision_logs": {},
            "plugins": {"bundle": {"state": "NOT_READY"}},
            "metrics": {"prometheus": {"up": 1}},
        });
        assert_eq!(report.to_json(), expected);
        let empty = Report::default().to_json();
        assert_eq!(empty, json!({"labels": {}, "plugins": {}}));
    }
}
