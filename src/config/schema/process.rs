//! Keys of the top level and of the small sections that concern the whole process.

use super::{COUNT, Key, Kind, accepted, later, served};

const DISK: &str = "storage on disk";
const DISCOVERY: &str = "discovery bundles";
const OTLP_METRICS: &str = "export of metrics over OTLP";
const KEYS_LATER: &str = "signatures of bundles";

pub(super) const KEYS: &[Key] = &[
    served(
        "labels",
        Kind::Map,
        "labels of every decision-log event, beside `id` and `version`",
    ),
    served("labels.*", Kind::Text, "a label's value"),
    served(
        "engine",
        Kind::OneOf(&["native", "regorus", "verify"]),
        "which engine decides: `native` is this program's own; `verify` lets it decide, asks `regorus` too, and counts and logs every difference",
    )
    .default("native")
    .ours(),
    served(
        "persistence_directory",
        Kind::Text,
        "directory of what is kept on disk; persisted bundles lie in `bundles/<name>/`",
    )
    .default(".opa"),
    served(
        "nd_builtin_cache",
        Kind::Bool,
        "decision-log events carry what non-deterministic built-ins gave, as `nd_builtin_cache`; for `opa.runtime` that is the whole environment",
    )
    .default("false"),
    served(
        "default_decision",
        Kind::Text,
        "the document behind `POST /` of the REST API",
    )
    .default("/system/main"),
    served(
        "default_authorization_decision",
        Kind::Text,
        "the document that decides on requests to the HTTP API with `--authorization=basic`",
    )
    .default("/system/authz/allow"),
    served("caching", Kind::Section, "caches of built-ins"),
    served(
        "caching.inter_query_builtin_cache",
        Kind::Section,
        "responses of `http.send` that other queries may use",
    ),
    served(
        "caching.inter_query_builtin_cache.max_size_bytes",
        COUNT,
        "how many bytes of them are kept; `0` is 64 MiB, and OPA keeps all",
    )
    .default("0"),
    served(
        "caching.inter_query_builtin_cache.forced_eviction_threshold_percentage",
        Kind::Int(0, 100),
        "from how full on the oldest make way for new ones",
    )
    .default("100"),
    served(
        "caching.inter_query_builtin_cache.stale_entry_eviction_period_seconds",
        COUNT,
        "how often those that are no longer fresh are thrown away; `0`: when in the way",
    )
    .default("0"),
    served(
        "caching.inter_query_builtin_value_cache",
        Kind::Section,
        "what built-ins compile, read and verify, kept for other queries",
    ),
    served(
        "caching.inter_query_builtin_value_cache.max_num_entries",
        COUNT,
        "how many compiled patterns of each kind (regular expressions, their templates, globs, JSON schemas) a policy keeps beside its constant ones, which are compiled before it is asked; `0` is 512, and OPA keeps all",
    )
    .default("0"),
    served(
        "caching.inter_query_builtin_value_cache.named",
        Kind::Map,
        "caches of certain built-ins",
    ),
    served(
        "caching.inter_query_builtin_value_cache.named.io_jwt",
        Kind::Section,
        "tokens that `io.jwt.verify_*` and `io.jwt.decode_verify` found to be signed by the key at hand; their claims and times are checked each time",
    ),
    served(
        "caching.inter_query_builtin_value_cache.named.io_jwt.max_num_entries",
        COUNT,
        "how many tokens are remembered, within 8 MiB; `0`: as many as fit",
    )
    .default("0"),
    served(
        "caching.inter_query_builtin_value_cache.named.io_jwt.disabled",
        Kind::Bool,
        "verifies each token anew; OPA remembers none unless it is told to",
    )
    .default("false"),
    accepted(
        "caching.inter_query_builtin_value_cache.named.*",
        Kind::Section,
        "another cache (`graphql`, …)",
    ),
    accepted(
        "caching.inter_query_builtin_value_cache.named.*.max_num_entries",
        COUNT,
        "bounds that cache",
    ),
    accepted(
        "caching.inter_query_builtin_value_cache.named.*.disabled",
        Kind::Bool,
        "switches that cache off",
    ),
    served("distributed_tracing", Kind::Section, "spans over OTLP"),
    served(
        "distributed_tracing.type",
        Kind::OneOf(&["grpc", "http"]),
        "the exporter's protocol; left out or empty: no spans",
    ),
    served(
        "distributed_tracing.address",
        Kind::Text,
        "the collector; left out: `localhost:4317` for grpc, `localhost:4318` for http",
    ),
    served(
        "distributed_tracing.service_name",
        Kind::Text,
        "`service.name` of the spans",
    )
    .default("opa"),
    served(
        "distributed_tracing.sample_percentage",
        Kind::Number,
        "of the requests that come without a sampling decision, in percent from 0 to 100",
    )
    .default("100"),
    served(
        "distributed_tracing.encryption",
        Kind::OneOf(&["off", "tls", "mtls"]),
        "towards the collector",
    )
    .default("\"off\""),
    served(
        "distributed_tracing.allow_insecure_tls",
        Kind::Bool,
        "the collector's certificate is not verified",
    )
    .default("false"),
    served(
        "distributed_tracing.tls_ca_cert_file",
        Kind::Text,
        "PEM file of authorities",
    ),
    served(
        "distributed_tracing.tls_cert_file",
        Kind::Text,
        "PEM file of the client's certificate",
    ),
    served(
        "distributed_tracing.tls_private_key_file",
        Kind::Text,
        "PEM file of the client's key",
    ),
    served(
        "distributed_tracing.resource",
        Kind::Section,
        "attributes of the spans' resource",
    ),
    served(
        "distributed_tracing.resource.service_version",
        Kind::Text,
        "`service.version`",
    ),
    served(
        "distributed_tracing.resource.service_instance_id",
        Kind::Text,
        "`service.instance.id`",
    ),
    served(
        "distributed_tracing.resource.service_namespace",
        Kind::Text,
        "`service.namespace`",
    ),
    served(
        "distributed_tracing.resource.deployment_environment",
        Kind::Text,
        "`deployment.environment`",
    ),
    served(
        "distributed_tracing.batch_span_processor_options",
        Kind::Section,
        "bounds of the exporter's batches",
    )
    .default("{}"),
    served(
        "distributed_tracing.batch_span_processor_options.max_export_batch_size",
        super::POSITIVE,
        "spans in one batch",
    )
    .default("512"),
    served(
        "distributed_tracing.batch_span_processor_options.max_queue_size",
        super::POSITIVE,
        "spans that may wait",
    )
    .default("2048"),
    served(
        "distributed_tracing.batch_span_processor_options.batch_timeout_ms",
        super::POSITIVE,
        "how long a batch is collected, in milliseconds",
    )
    .default("5000"),
    served(
        "distributed_tracing.batch_span_processor_options.export_timeout_ms",
        super::POSITIVE,
        "how long an export may take, in milliseconds",
    )
    .default("30000"),
    later(
        "distributed_tracing.batch_span_processor_options.blocking",
        Kind::Bool,
        "requests that wait for the span exporter",
    ),
    later("distributed_tracing.metrics", Kind::Bool, OTLP_METRICS),
    later(
        "distributed_tracing.metrics_export_interval_ms",
        COUNT,
        OTLP_METRICS,
    ),
    later("discovery", Kind::Section, DISCOVERY),
    later("discovery.name", Kind::Text, DISCOVERY),
    later("discovery.prefix", Kind::Text, DISCOVERY),
    later("discovery.service", Kind::Text, DISCOVERY),
    later("discovery.resource", Kind::Text, DISCOVERY),
    later("discovery.decision", Kind::Text, DISCOVERY),
    later("discovery.trigger", Kind::Text, DISCOVERY),
    later("discovery.polling", Kind::Section, DISCOVERY),
    later("discovery.polling.min_delay_seconds", COUNT, DISCOVERY),
    later("discovery.polling.max_delay_seconds", COUNT, DISCOVERY),
    later(
        "discovery.polling.long_polling_timeout_seconds",
        COUNT,
        DISCOVERY,
    ),
    later("discovery.persist", Kind::Bool, DISCOVERY),
    later("discovery.signing", Kind::Section, DISCOVERY),
    later("discovery.signing.keyid", Kind::Text, DISCOVERY),
    later("discovery.signing.scope", Kind::Text, DISCOVERY),
    later("discovery.signing.exclude_files", Kind::TextList, DISCOVERY),
    served("keys", Kind::Map, "keys by name"),
    served("keys.*", Kind::Section, "one key"),
    later("keys.*.key", Kind::Text, KEYS_LATER).secret(),
    served(
        "keys.*.private_key",
        Kind::Text,
        "PEM text of the key that signs; a secret for HMAC",
    )
    .secret(),
    served(
        "keys.*.algorithm",
        Kind::Text,
        "the algorithm that it signs by: `RS256`, `ES256`, …",
    )
    .default("RS256"),
    later("keys.*.scope", Kind::Text, KEYS_LATER),
    served("server", Kind::Section, "the HTTP API"),
    served(
        "server.decoding",
        Kind::Section,
        "how much of a request's body is read",
    ),
    served(
        "server.decoding.max_length",
        super::POSITIVE,
        "how many bytes a body may have as it comes; a larger one is answered with 400",
    )
    .default("268435456"),
    served(
        "server.decoding.gzip",
        Kind::Section,
        "bodies that come as gzip",
    ),
    served(
        "server.decoding.gzip.max_length",
        super::POSITIVE,
        "how many bytes such a body may unpack to",
    )
    .default("536870912"),
    served("server.encoding", Kind::Section, "how answers are sent"),
    served(
        "server.encoding.gzip",
        Kind::Section,
        "answers to clients that ask for gzip",
    ),
    served(
        "server.encoding.gzip.min_length",
        super::POSITIVE,
        "from how many bytes on an answer is compressed",
    )
    .default("1024"),
    served(
        "server.encoding.gzip.compression_level",
        Kind::Int(0, 9),
        "how hard: 0 stores, 9 takes the most time",
    )
    .default("9"),
    later("server.metrics", Kind::Section, "metrics of the REST API"),
    later(
        "server.metrics.prom",
        Kind::Section,
        "metrics of the REST API",
    ),
    later(
        "server.metrics.prom.http_request_duration_seconds",
        Kind::Section,
        "metrics of the REST API",
    ),
    later(
        "server.metrics.prom.http_request_duration_seconds.buckets",
        Kind::Buckets,
        "metrics of the REST API",
    ),
    served("storage", Kind::Section, "where data is kept; in memory"),
    later("storage.disk", Kind::Section, DISK),
    later("storage.disk.directory", Kind::Text, DISK),
    later("storage.disk.auto_create", Kind::Bool, DISK),
    later("storage.disk.partitions", Kind::TextList, DISK),
    later("storage.disk.badger", Kind::Text, DISK),
];
