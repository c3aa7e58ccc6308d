//! Keys of services, with all kinds of credentials, and of bundles.

use super::{COUNT, Key, Kind, POSITIVE, accepted, later, served};

const OAUTH2: &str = "OAuth2 credentials";
const S3: &str = "AWS credentials";
const GCP: &str = "GCP credentials";
const AZURE: &str = "Azure credentials";
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
    later("services.*.type", Kind::Text, "OCI registries"),
    served(
        "services.*.credentials",
        Kind::Section,
        "at most one kind of credentials",
    ),
    served(
        "services.*.credentials.bearer",
        Kind::Section,
        "a token in the Authorization header",
    ),
    served(
        "services.*.credentials.bearer.token",
        Kind::Text,
        "the token",
    )
    .secret(),
    served(
        "services.*.credentials.bearer.token_path",
        Kind::Text,
        "a file with the token, read anew for each request",
    ),
    served(
        "services.*.credentials.bearer.scheme",
        Kind::Text,
        "the word before the token",
    )
    .default("Bearer"),
    later(
        "services.*.credentials.bearer.encode",
        Kind::Bool,
        "OCI registries",
    ),
    served(
        "services.*.credentials.client_tls",
        Kind::Section,
        "a client certificate",
    ),
    served(
        "services.*.credentials.client_tls.cert",
        Kind::Text,
        "PEM file of the chain",
    ),
    served(
        "services.*.credentials.client_tls.private_key",
        Kind::Text,
        "PEM file of the key",
    ),
    later(
        "services.*.credentials.client_tls.private_key_passphrase",
        Kind::Text,
        "encrypted private keys",
    )
    .secret(),
    accepted(
        "services.*.credentials.client_tls.cert_reread_interval_seconds",
        COUNT,
        "the files are read again when they are needed",
    ),
    later(
        "services.*.credentials.client_tls.ca_cert",
        Kind::Text,
        "authorities in `client_tls`; name them in `tls.ca_cert`",
    ),
    later(
        "services.*.credentials.client_tls.system_ca_required",
        Kind::Bool,
        "authorities in `client_tls`; name them in `tls.ca_cert`",
    ),
    later("services.*.credentials.oauth2", Kind::Section, OAUTH2),
    later(
        "services.*.credentials.oauth2.grant_type",
        Kind::Text,
        OAUTH2,
    ),
    later(
        "services.*.credentials.oauth2.token_url",
        Kind::Text,
        OAUTH2,
    ),
    later(
        "services.*.credentials.oauth2.client_id",
        Kind::Text,
        OAUTH2,
    ),
    later(
        "services.*.credentials.oauth2.client_secret",
        Kind::Text,
        OAUTH2,
    )
    .secret(),
    later(
        "services.*.credentials.oauth2.signing_key",
        Kind::Text,
        OAUTH2,
    ),
    later(
        "services.*.credentials.oauth2.thumbprint",
        Kind::Text,
        OAUTH2,
    ),
    later(
        "services.*.credentials.oauth2.additional_claims",
        Kind::Any,
        OAUTH2,
    )
    .secret(),
    later(
        "services.*.credentials.oauth2.include_jti_claim",
        Kind::Bool,
        OAUTH2,
    ),
    later(
        "services.*.credentials.oauth2.scopes",
        Kind::TextList,
        OAUTH2,
    ),
    later(
        "services.*.credentials.oauth2.additional_headers",
        Kind::Any,
        OAUTH2,
    )
    .secret(),
    later(
        "services.*.credentials.oauth2.additional_parameters",
        Kind::Any,
        OAUTH2,
    )
    .secret(),
    later("services.*.credentials.oauth2.aws_kms", Kind::Any, OAUTH2),
    later(
        "services.*.credentials.oauth2.aws_signing",
        Kind::Any,
        OAUTH2,
    ),
    later(
        "services.*.credentials.oauth2.azure_keyvault",
        Kind::Any,
        OAUTH2,
    ),
    later(
        "services.*.credentials.oauth2.azure_signing",
        Kind::Any,
        OAUTH2,
    ),
    later(
        "services.*.credentials.oauth2.client_assertion",
        Kind::Text,
        OAUTH2,
    )
    .secret(),
    later(
        "services.*.credentials.oauth2.client_assertion_path",
        Kind::Text,
        OAUTH2,
    ),
    later(
        "services.*.credentials.oauth2.client_assertion_type",
        Kind::Text,
        OAUTH2,
    ),
    later("services.*.credentials.s3_signing", Kind::Section, S3),
    later(
        "services.*.credentials.s3_signing.environment_credentials",
        Kind::Any,
        S3,
    ),
    later(
        "services.*.credentials.s3_signing.metadata_credentials",
        Kind::Any,
        S3,
    ),
    later(
        "services.*.credentials.s3_signing.assume_role_credentials",
        Kind::Any,
        S3,
    ),
    later(
        "services.*.credentials.s3_signing.web_identity_credentials",
        Kind::Any,
        S3,
    ),
    later(
        "services.*.credentials.s3_signing.profile_credentials",
        Kind::Any,
        S3,
    ),
    later(
        "services.*.credentials.s3_signing.sso_credentials",
        Kind::Any,
        S3,
    ),
    later("services.*.credentials.s3_signing.service", Kind::Text, S3),
    later(
        "services.*.credentials.s3_signing.signature_version",
        Kind::Text,
        S3,
    ),
    later("services.*.credentials.gcp_metadata", Kind::Section, GCP),
    later(
        "services.*.credentials.gcp_metadata.audience",
        Kind::Text,
        GCP,
    ),
    later(
        "services.*.credentials.gcp_metadata.endpoint",
        Kind::Text,
        GCP,
    ),
    later(
        "services.*.credentials.gcp_metadata.scopes",
        Kind::TextList,
        GCP,
    ),
    later(
        "services.*.credentials.gcp_metadata.access_token_path",
        Kind::Text,
        GCP,
    ),
    later(
        "services.*.credentials.gcp_metadata.id_token_path",
        Kind::Text,
        GCP,
    ),
    later(
        "services.*.credentials.azure_managed_identity",
        Kind::Section,
        AZURE,
    ),
    later(
        "services.*.credentials.azure_managed_identity.endpoint",
        Kind::Text,
        AZURE,
    ),
    later(
        "services.*.credentials.azure_managed_identity.api_version",
        Kind::Text,
        AZURE,
    ),
    later(
        "services.*.credentials.azure_managed_identity.resource",
        Kind::Text,
        AZURE,
    ),
    later(
        "services.*.credentials.azure_managed_identity.object_id",
        Kind::Text,
        AZURE,
    ),
    later(
        "services.*.credentials.azure_managed_identity.client_id",
        Kind::Text,
        AZURE,
    ),
    later(
        "services.*.credentials.azure_managed_identity.mi_res_id",
        Kind::Text,
        AZURE,
    ),
    later(
        "services.*.credentials.azure_managed_identity.use_app_service_msi",
        Kind::Bool,
        AZURE,
    ),
    later(
        "services.*.credentials.plugin",
        Kind::Text,
        "credentials of other plugins",
    ),
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
        "`manual`: it is asked for by `POST /v1/bundles/NAME/poll` alone",
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
    served(
        "bundles.*.polling.long_polling_timeout_seconds",
        POSITIVE,
        "how long a server that can is asked to wait for news; left out: it is not asked to",
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
    served(
        "bundles.*.signing",
        Kind::Section,
        "the bundle must be signed; without it, it may be where `keys` are configured",
    ),
    served(
        "bundles.*.signing.keyid",
        Kind::Text,
        "the entry of `keys` that it is verified with; left out: the one that the signature names",
    ),
    served(
        "bundles.*.signing.scope",
        Kind::Text,
        "the scope that the signature must have; left out: that of the key, or none",
    ),
    served(
        "bundles.*.signing.exclude_files",
        Kind::TextList,
        "names and globs of files that the signature need not cover",
    ),
    later("bundle", Kind::Section, OLD),
    later("bundle.name", Kind::Text, OLD),
    later("bundle.service", Kind::Text, OLD),
    later("bundle.prefix", Kind::Text, OLD),
    later("bundle.polling", Kind::Any, OLD),
    later("bundle.signing", Kind::Any, OLD),
    later("bundle.persist", Kind::Bool, OLD),
];
