//! Keys of the Envoy plugin.

use super::{COUNT, Key, Kind, POSITIVE, served};

pub(super) const KEYS: &[Key] = &[
    served("plugins", Kind::Section, "plugins by their names").default("{}"),
    served(
        "plugins.envoy_ext_authz_grpc",
        Kind::Section,
        "the Check service; `envoy.ext_authz.grpc` is its old name",
    )
    .default("{}"),
    served(
        "plugins.envoy_ext_authz_grpc.addr",
        Kind::TextOrList,
        "where gRPC is served: `host:port`, `grpc://host:port`, `unix:///path`, `unix://@name`; \
         a list for several",
    )
    .default("\":9191\""),
    served(
        "plugins.envoy_ext_authz_grpc.path",
        Kind::Text,
        "the decision's path below `data`; left out: `envoy/authz/allow`",
    ),
    served(
        "plugins.envoy_ext_authz_grpc.query",
        Kind::Text,
        "a Rego query instead of `path`; its first expression is the decision",
    ),
    served(
        "plugins.envoy_ext_authz_grpc.dry-run",
        Kind::Bool,
        "denials are logged and pass",
    )
    .default("false"),
    served(
        "plugins.envoy_ext_authz_grpc.enable-reflection",
        Kind::Bool,
        "gRPC reflection",
    )
    .default("false"),
    served(
        "plugins.envoy_ext_authz_grpc.proto-descriptor",
        Kind::Text,
        "file with a serialized `FileDescriptorSet` for gRPC bodies",
    ),
    served(
        "plugins.envoy_ext_authz_grpc.grpc-max-recv-msg-size",
        POSITIVE,
        "largest request, in bytes",
    )
    .default("4194304"),
    served(
        "plugins.envoy_ext_authz_grpc.grpc-max-send-msg-size",
        POSITIVE,
        "largest answer, in bytes",
    )
    .default("2147483647"),
    served(
        "plugins.envoy_ext_authz_grpc.skip-request-body-parse",
        Kind::Bool,
        "`parsed_body` and `truncated_body` are left out of the input",
    )
    .default("false"),
    served(
        "plugins.envoy_ext_authz_grpc.enable-performance-metrics",
        Kind::Bool,
        "`grpc_request_duration_seconds` and `error_counter` on `/metrics`",
    )
    .default("false"),
    served(
        "plugins.envoy_ext_authz_grpc.grpc-request-duration-seconds-buckets",
        Kind::Buckets,
        "the histogram's buckets, in seconds",
    )
    .default("[1e-6, 5e-6, 1e-5, 5e-5, 1e-4, 5e-4, 1e-3, 3e-3, 5e-3, 0.1, 1]"),
    served(
        "plugins.envoy_ext_authz_grpc.http_addr",
        Kind::Text,
        "where HTTP ext_authz is served, as `host:port`; left out: nowhere",
    )
    .ours(),
    served(
        "plugins.envoy_ext_authz_grpc.socket-mode",
        Kind::Mode,
        "mode of unix sockets; left out: as the umask leaves it",
    )
    .ours(),
    served(
        "plugins.envoy_ext_authz_grpc.tls_cert_file",
        Kind::Text,
        "PEM file of the listener's certificate chain; turns TLS on",
    )
    .ours(),
    served(
        "plugins.envoy_ext_authz_grpc.tls_private_key_file",
        Kind::Text,
        "PEM file of its private key",
    )
    .ours(),
    served(
        "plugins.envoy_ext_authz_grpc.tls_ca_cert_file",
        Kind::Text,
        "PEM file of the authorities that clients' certificates are verified against",
    )
    .ours(),
    served(
        "plugins.envoy_ext_authz_grpc.tls_client_auth",
        Kind::OneOf(&["none", "optional", "require"]),
        "whether a client must show a certificate; \
         left out: `require` with `tls_ca_cert_file`, else `none`",
    )
    .ours(),
    served(
        "plugins.envoy_ext_authz_grpc.tls_cert_refresh_period",
        Kind::Duration,
        "how often the TLS files are looked at for changes; 0 never looks again",
    )
    .default("10s")
    .ours(),
    served(
        "plugins.envoy_ext_authz_grpc.error-response",
        Kind::Bool,
        "errors of the engine are answered through `error_response` (Envoy 1.37 and newer)",
    )
    .default("false")
    .ours(),
    served(
        "plugins.envoy_ext_authz_grpc.decision-id-header",
        Kind::Text,
        "header that carries the decision id to the client; left out: none",
    )
    .ours(),
    served(
        "plugins.envoy_ext_authz_grpc.http-forwarded-headers",
        Kind::Bool,
        "HTTP ext_authz takes method, path, host and scheme from X-Forwarded-* or X-Original-* \
         headers and refuses requests without; only behind a proxy that sets them itself",
    )
    .default("false")
    .ours(),
    served(
        "plugins.envoy_ext_authz_grpc.parsed-body-errors",
        Kind::OneOf(&["deny", "policy"]),
        "a body that does not parse: \
         denied with 400, or handed to the policy as `input.parsed_body_error`",
    )
    .default("deny")
    .ours(),
    served(
        "plugins.envoy_ext_authz_grpc.input-encoding",
        Kind::OneOf(&["protomap", "protojson"]),
        "how attributes are shown to the policy: as opa-envoy-plugin does, or as proto3 JSON",
    )
    .default("protomap")
    .ours(),
    served(
        "plugins.envoy_ext_authz_grpc.max-eval-time",
        Kind::Duration,
        "how long one evaluation may take",
    )
    .default("1s")
    .ours(),
    served(
        "plugins.envoy_ext_authz_grpc.max-concurrent-checks",
        POSITIVE,
        "requests beyond it are refused at once",
    )
    .default("4096")
    .ours(),
    served(
        "plugins.envoy_ext_authz_grpc.threads",
        COUNT,
        "threads that answer Checks; 0 chooses by the CPU quota",
    )
    .default("0")
    .ours(),
];
