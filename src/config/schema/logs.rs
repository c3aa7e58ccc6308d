//! Keys of decision logs and status.

use super::{COUNT, Key, Kind, POSITIVE, accepted, later, served};

const DELAY: &str = "seconds between uploads; each is a random one between the two bounds";

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
        "records that may wait until events are made of them; beyond it `on_full` decides",
    )
    .default("16384")
    .ours(),
    served(
        "decision_logs.queue_size_limit_bytes",
        POSITIVE,
        "bytes that such records may take",
    )
    .default("33554432")
    .ours(),
    served(
        "decision_logs.on_full",
        Kind::OneOf(&["drop_oldest", "drop_newest", "block", "deny"]),
        "what happens where no more may wait: records are lost, or Checks wait (within their deadlines) or are denied",
    )
    .default("drop_oldest")
    .ours(),
    served(
        "decision_logs.file",
        Kind::Section,
        "events are appended to a file, a JSON object a line",
    )
    .ours(),
    served(
        "decision_logs.file.path",
        Kind::Text,
        "the file; one that was moved away is opened anew",
    )
    .ours(),
    served(
        "decision_logs.spool",
        Kind::Section,
        "events that wait for their upload are kept on disk, too",
    )
    .ours(),
    served(
        "decision_logs.spool.directory",
        Kind::Text,
        "where; each process needs one of its own",
    )
    .ours(),
    served(
        "decision_logs.spool.max_bytes",
        POSITIVE,
        "how much it may take",
    )
    .default("1073741824")
    .ours(),
    served(
        "decision_logs.spool.fsync",
        Kind::OneOf(&["never", "chunk", "batch"]),
        "when events are made to survive the end of the machine; the end of the process they survive anyway",
    )
    .default("never")
    .ours(),
    served(
        "decision_logs.service",
        Kind::Text,
        "events are uploaded to it; left out, the only service there is, unless `console` is on",
    ),
    served(
        "decision_logs.partition_name",
        Kind::Text,
        "becomes `/logs/NAME` on the service",
    ),
    served(
        "decision_logs.resource",
        Kind::Text,
        "path on the service, in place of `/logs` and the partition",
    ),
    later("decision_logs.plugin", Kind::Text, "decision-log plugins"),
    served(
        "decision_logs.reporting",
        Kind::Section,
        "when and in which portions events are uploaded",
    ),
    served(
        "decision_logs.reporting.buffer_type",
        Kind::OneOf(&["size", "event"]),
        "whether what waits is limited by bytes or by events",
    )
    .default("size"),
    served(
        "decision_logs.reporting.buffer_size_limit_bytes",
        COUNT,
        "compressed bytes that may wait in memory; 0 is no limit, and left out it is 268435456",
    ),
    served(
        "decision_logs.reporting.buffer_size_limit_events",
        COUNT,
        "events that may wait in memory; left out it is 10000",
    ),
    served(
        "decision_logs.reporting.upload_size_limit_bytes",
        COUNT,
        "compressed bytes of one request, 90 to 4294967296; left out it is 32768",
    ),
    served(
        "decision_logs.reporting.min_delay_seconds",
        Kind::Number,
        DELAY,
    ),
    served(
        "decision_logs.reporting.max_delay_seconds",
        Kind::Number,
        DELAY,
    ),
    served(
        "decision_logs.reporting.max_decisions_per_second",
        Kind::Number,
        "events beyond it are not uploaded",
    ),
    served(
        "decision_logs.reporting.trigger",
        Kind::OneOf(&["periodic", "manual", "immediate"]),
        "after each delay, when asked, or whenever a request is full",
    )
    .default("periodic"),
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
