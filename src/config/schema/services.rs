//! Keys of services, and of bundles.

use super::{COUNT, Key, Kind, POSITIVE, later, served};

const SIGNING: &str = "signatures of bundles";
const OLD: &str = "the deprecated single `bundle`; write it as an entry of `bundles`";

pub(super) const KEYS: &[Key] = &[
    served(
        "services",
        Kind::Map,
        "servers by name; a list of services with `name` is read too",
    ),
    served("services.*", Kind::Section, "one server"),
    served("services.*.name", Kind::Text, "the name, in the list form"),
    served(
        "services.*.url",
        Kind::Text,
        "base URL; resources are appended to its path",
    ),
    served(
        "services.*.headers",
        Kind::Map,
        "headers sent with each request",
    ),
    served("services.*.headers.*", Kind::Text, "a header's value").secret(),
    served(
        "services.*.allow_insecure_tls",
        Kind::Bool,
        "the server's certificate is not verified",
    )
    .default("false"),
    served(
        "services.*.response_header_timeout_seconds",
        COUNT,
        "how long to wait for the head of a response, in seconds",
    )
    .default("10"),
    served(
        "services.*.tls",
        Kind::Section,
        "how the server's certificate is verified",
    ),
    served(
        "services.*.tls.ca_cert",
        Kind::Text,
        "PEM file of authorities",
    ),
    served(
        "services.*.tls.system_ca_required",
        Kind::Bool,
        "the system's authorities count beside `ca_cert`",
    )
    .default("false"),
    served(
        "services.*.type",
        Kind::OneOf(&["oci"]),
        "`oci`: a registry of container images, whose layers are bundles",
    ),
];

/// Keys of bundles.
pub(super) const BUNDLES: &[Key] = &[
    served("bundles", Kind::Map, "bundles by name"),
    served("bundles.*", Kind::Section, "one bundle"),
    served(
        "bundles.*.service",
        Kind::Text,
        "the service it comes from; may be left out when there is only one",
    ),
    served(
        "bundles.*.resource",
        Kind::Text,
        "path below the service's URL, or a `file://` URL; left out: `bundles/<name>`",
    ),
    served(
        "bundles.*.trigger",
        Kind::OneOf(&["periodic", "manual"]),
        "`manual` is not there yet",
    )
    .default("periodic"),
    served(
        "bundles.*.polling",
        Kind::Section,
        "when it is asked for; both delays or none",
    )
    .default("{}"),
    served(
        "bundles.*.polling.min_delay_seconds",
        POSITIVE,
        "shortest wait, in seconds; left out: 60",
    ),
    served(
        "bundles.*.polling.max_delay_seconds",
        POSITIVE,
        "longest wait, in seconds; left out: 120",
    ),
    later(
        "bundles.*.polling.long_polling_timeout_seconds",
        COUNT,
        "long polling",
    ),
    served(
        "bundles.*.persist",
        Kind::Bool,
        "a good copy is kept on disk and used while the server is away at start",
    )
    .default("false"),
    served(
        "bundles.*.size_limit_bytes",
        POSITIVE,
        "of the archive's expanded content",
    )
    .default("1073741824"),
    later("bundles.*.signing", Kind::Section, SIGNING),
    later("bundles.*.signing.keyid", Kind::Text, SIGNING),
    later("bundles.*.signing.scope", Kind::Text, SIGNING),
    later("bundles.*.signing.exclude_files", Kind::TextList, SIGNING),
    later("bundle", Kind::Section, OLD),
    later("bundle.name", Kind::Text, OLD),
    later("bundle.service", Kind::Text, OLD),
    later("bundle.prefix", Kind::Text, OLD),
    later("bundle.polling", Kind::Any, OLD),
    later("bundle.signing", Kind::Any, OLD),
    later("bundle.persist", Kind::Bool, OLD),
];
