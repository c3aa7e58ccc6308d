//! Keys of decision logs and status.

use super::{COUNT, Key, Kind, POSITIVE, accepted, later, served};

const UPLOAD: &str = "upload of decision logs";
const REPORTING: &str = "concerns the upload of decision logs, which is not there yet";

pub(super) const KEYS: &[Key] = &[
    served("decision_logs", Kind::Section, "a record of every decision"),
    served(
        "decision_logs.console",
        Kind::Bool,
        "events are written to the log",
    )
    .default("false"),
    served(
        "decision_logs.mask_decision",
        Kind::Text,
        "data path of the policy that removes or changes parts of events",
    )
    .default("/system/log/mask"),
    served(
        "decision_logs.drop_decision",
        Kind::Text,
        "data path of the policy that drops events",
    )
    .default("/system/log/drop"),
    accepted(
        "decision_logs.nd_builtin_cache",
        Kind::Bool,
        "`nd_builtin_cache` of the top level decides",
    ),
    accepted(
        "decision_logs.request_context",
        Kind::Section,
        "Checks have no such context; opa-envoy-plugin never fills it either",
    ),
    accepted(
        "decision_logs.request_context.http",
        Kind::Section,
        "as above",
    ),
    accepted(
        "decision_logs.request_context.http.headers",
        Kind::TextList,
        "as above",
    ),
    served(
        "decision_logs.queue_size_limit_events",
        POSITIVE,
        "records that may wait to be written; beyond it they are dropped and counted",
    )
    .default("16384")
    .ours(),
    served(
        "decision_logs.queue_size_limit_bytes",
        POSITIVE,
        "bytes of requests that may wait to be written",
    )
    .default("33554432")
    .ours(),
    later("decision_logs.service", Kind::Text, UPLOAD),
    later("decision_logs.partition_name", Kind::Text, UPLOAD),
    later("decision_logs.resource", Kind::Text, UPLOAD),
    later("decision_logs.plugin", Kind::Text, "decision-log plugins"),
    accepted("decision_logs.reporting", Kind::Section, REPORTING),
    accepted(
        "decision_logs.reporting.buffer_type",
        Kind::OneOf(&["size", "event"]),
        REPORTING,
    ),
    accepted(
        "decision_logs.reporting.buffer_size_limit_bytes",
        COUNT,
        REPORTING,
    ),
    accepted(
        "decision_logs.reporting.buffer_size_limit_events",
        COUNT,
        REPORTING,
    ),
    accepted(
        "decision_logs.reporting.upload_size_limit_bytes",
        COUNT,
        REPORTING,
    ),
    accepted(
        "decision_logs.reporting.min_delay_seconds",
        COUNT,
        REPORTING,
    ),
    accepted(
        "decision_logs.reporting.max_delay_seconds",
        COUNT,
        REPORTING,
    ),
    accepted(
        "decision_logs.reporting.max_decisions_per_second",
        Kind::Number,
        REPORTING,
    ),
    accepted(
        "decision_logs.reporting.trigger",
        Kind::OneOf(&["periodic", "manual", "immediate"]),
        REPORTING,
    ),
    served("status", Kind::Section, "what this program tells of itself"),
    served(
        "status.prometheus",
        Kind::Bool,
        "state of bundles and plugins on `/metrics`",
    )
    .default("false"),
    served(
        "status.service",
        Kind::Text,
        "the service that reports are posted to; left out, and without `console` and `prometheus`: the only one",
    ),
    served(
        "status.partition_name",
        Kind::Text,
        "reports go to `/status/<partition_name>` instead of `/status`",
    ),
    served(
        "status.console",
        Kind::Bool,
        "reports are written to the log, whatever its level",
    )
    .default("false"),
    later("status.plugin", Kind::Text, "status plugins"),
    served(
        "status.trigger",
        Kind::OneOf(&["periodic", "manual"]),
        "`periodic` reports each change; with `manual` nothing is posted, since nothing here asks for it",
    )
    .default("periodic"),
    later(
        "status.prometheus_config",
        Kind::Section,
        "buckets of the bundle loading histogram",
    ),
    later(
        "status.prometheus_config.collectors",
        Kind::Section,
        "buckets of the bundle loading histogram",
    ),
    later(
        "status.prometheus_config.collectors.bundle_loading_duration_ns",
        Kind::Section,
        "buckets of the bundle loading histogram",
    ),
    later(
        "status.prometheus_config.collectors.bundle_loading_duration_ns.buckets",
        Kind::Buckets,
        "buckets of the bundle loading histogram",
    ),
];
