//! Keys of the credentials of services, one list a kind.

use super::{COUNT, Key, Kind, later, served};

/// Tokens and certificates that are there, and kinds that are not.
pub(super) const SIMPLE: &[Key] = &[
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
    served(
        "services.*.credentials.bearer.encode",
        Kind::Bool,
        "the token is written in base64; left out: for registries only",
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
    served(
        "services.*.credentials.client_tls.private_key_passphrase",
        Kind::Text,
        "what the key is encrypted with",
    )
    .secret(),
    served(
        "services.*.credentials.client_tls.cert_reread_interval_seconds",
        COUNT,
        "how long the files are taken to be the same; 0: they are read for each request",
    )
    .default("0"),
    served(
        "services.*.credentials.client_tls.ca_cert",
        Kind::Text,
        "PEM file of authorities, as `tls.ca_cert`",
    ),
    served(
        "services.*.credentials.client_tls.system_ca_required",
        Kind::Bool,
        "the system's authorities count beside `ca_cert`",
    )
    .default("false"),
    later(
        "services.*.credentials.plugin",
        Kind::Text,
        "credentials of other plugins",
    ),
];

/// Tokens of an authorization server.
pub(super) const OAUTH2: &[Key] = &[
    served(
        "services.*.credentials.oauth2",
        Kind::Section,
        "a token of an authorization server",
    ),
    served(
        "services.*.credentials.oauth2.grant_type",
        Kind::OneOf(&["client_credentials", "jwt_bearer"]),
        "how the token is asked for",
    )
    .default("client_credentials"),
    served(
        "services.*.credentials.oauth2.token_url",
        Kind::Text,
        "where the token is asked for; `https` only",
    ),
    served(
        "services.*.credentials.oauth2.client_id",
        Kind::Text,
        "the client's name",
    ),
    served(
        "services.*.credentials.oauth2.client_secret",
        Kind::Text,
        "the client's password",
    )
    .secret(),
    served(
        "services.*.credentials.oauth2.signing_key",
        Kind::Text,
        "the key in `keys` whose `private_key` signs the client's assertion",
    ),
    served(
        "services.*.credentials.oauth2.thumbprint",
        Kind::Text,
        "the certificate's thumbprint in hexadecimal digits, for the assertion's header `x5t`",
    ),
    served(
        "services.*.credentials.oauth2.additional_claims",
        Kind::Map,
        "claims of the assertion; they come over `iat`, `exp` and `scope`",
    )
    .secret(),
    served(
        "services.*.credentials.oauth2.additional_claims.*",
        Kind::Any,
        "a claim's value",
    )
    .secret(),
    served(
        "services.*.credentials.oauth2.include_jti_claim",
        Kind::Bool,
        "the assertion has an id of its own",
    )
    .default("false"),
    served(
        "services.*.credentials.oauth2.scopes",
        Kind::TextList,
        "what the token is for",
    ),
    served(
        "services.*.credentials.oauth2.additional_headers",
        Kind::Map,
        "headers of the request for a token",
    ),
    served(
        "services.*.credentials.oauth2.additional_headers.*",
        Kind::Text,
        "a header's value",
    )
    .secret(),
    served(
        "services.*.credentials.oauth2.additional_parameters",
        Kind::Map,
        "fields of the request for a token",
    ),
    served(
        "services.*.credentials.oauth2.additional_parameters.*",
        Kind::Text,
        "a field's value",
    )
    .secret(),
    served(
        "services.*.credentials.oauth2.client_assertion",
        Kind::Text,
        "an assertion that somebody else signed",
    )
    .secret(),
    served(
        "services.*.credentials.oauth2.client_assertion_path",
        Kind::Text,
        "a file with it, read anew for each token",
    ),
    served(
        "services.*.credentials.oauth2.client_assertion_type",
        Kind::Text,
        "what it is",
    )
    .default("urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
    served(
        "services.*.credentials.oauth2.aws_kms",
        Kind::Section,
        "a key of Amazon's Key Management Service that signs the assertion",
    ),
    served(
        "services.*.credentials.oauth2.aws_kms.name",
        Kind::Text,
        "the key's id, ARN or alias",
    ),
    served(
        "services.*.credentials.oauth2.aws_kms.algorithm",
        Kind::OneOf(&["ECDSA_SHA_256", "ECDSA_SHA_384", "ECDSA_SHA_512"]),
        "how it signs",
    ),
    served(
        "services.*.credentials.oauth2.azure_keyvault",
        Kind::Section,
        "a key of a vault of Azure that signs the assertion",
    ),
    served(
        "services.*.credentials.oauth2.azure_keyvault.key",
        Kind::Text,
        "the key's name",
    ),
    served(
        "services.*.credentials.oauth2.azure_keyvault.key_version",
        Kind::Text,
        "its version; left out: the latest",
    ),
    served(
        "services.*.credentials.oauth2.azure_keyvault.key_algorithm",
        Kind::Text,
        "how it signs: `ES256`, `RS256`, …",
    ),
    served(
        "services.*.credentials.oauth2.azure_keyvault.vault",
        Kind::Text,
        "the vault's name, or its URL in another cloud",
    ),
    served(
        "services.*.credentials.oauth2.azure_keyvault.api_version",
        Kind::Text,
        "the version of the API",
    )
    .default("7.4"),
    served(
        "services.*.credentials.oauth2.azure_signing",
        Kind::Section,
        "who asks the vault",
    ),
    served(
        "services.*.credentials.oauth2.azure_signing.service",
        Kind::OneOf(&["keyvault"]),
        "`keyvault`",
    ),
];

/// The keys of a managed identity of Azure.
macro_rules! azure {
    ($at:literal) => {
        &[
    served(
        $at,
        Kind::Section,
        "a token of a managed identity of Azure",
    ),
    served(
        concat!($at, ".endpoint"),
        Kind::Text,
        "where it is asked for; left out: IDENTITY_ENDPOINT of the environment, or the machine's metadata service",
    ),
    served(
        concat!($at, ".api_version"),
        Kind::Text,
        "left out: `2018-02-01`, or `2019-08-01` for the App Service",
    ),
    served(
        concat!($at, ".resource"),
        Kind::Text,
        "what the token is for; left out: `https://storage.azure.com/`, or the vault",
    ),
    served(
        concat!($at, ".object_id"),
        Kind::Text,
        "which identity, by its object",
    ),
    served(
        concat!($at, ".client_id"),
        Kind::Text,
        "which identity, by its client",
    ),
    served(
        concat!($at, ".mi_res_id"),
        Kind::Text,
        "which identity, by its resource",
    ),
    served(
        concat!($at, ".use_app_service_msi"),
        Kind::Bool,
        "the endpoint is that of the App Service",
    )
    .default("false"),
        ]
    };
}

/// The keys of one set of sources of Amazon's keys that need nobody else's.
macro_rules! sources {
    ($at:literal) => {
        &[
    served(
        concat!($at, ".environment_credentials"),
        Kind::Section,
        "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN and AWS_REGION of the environment",
    ),
    served(
        concat!($at, ".profile_credentials"),
        Kind::Section,
        "a profile of the file that Amazon's tools share, read anew for each request",
    ),
    served(
        concat!($at, ".profile_credentials.path"),
        Kind::Text,
        "left out: AWS_SHARED_CREDENTIALS_FILE of the environment, or `~/.aws/credentials`",
    ),
    served(
        concat!($at, ".profile_credentials.profile"),
        Kind::Text,
        "left out: AWS_PROFILE of the environment, or `default`",
    ),
    served(
        concat!($at, ".profile_credentials.aws_region"),
        Kind::Text,
        "left out: AWS_REGION of the environment",
    ),
    served(
        concat!($at, ".metadata_credentials"),
        Kind::Section,
        "keys of the machine or the container",
    ),
    served(
        concat!($at, ".metadata_credentials.aws_region"),
        Kind::Text,
        "left out: AWS_REGION of the environment",
    ),
    served(
        concat!($at, ".metadata_credentials.iam_role"),
        Kind::Text,
        "the machine's role; left out: the container's, by AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or AWS_CONTAINER_CREDENTIALS_FULL_URI of the environment",
    ),
        ]
    };
}

/// The keys of one signer that may use any source.
macro_rules! signer {
    ($at:literal, $service:literal, $note:literal) => {
        &[
    served(
        $at,
        Kind::Section,
        $note,
    ),
    served(
        concat!($at, ".service"),
        Kind::Text,
        "the service that is signed for",
    )
    .default($service),
    served(
        concat!($at, ".signature_version"),
        Kind::OneOf(&["4", "4a"]),
        "`4a` signs for all regions at once",
    )
    .default("\"4\""),
    served(
        concat!($at, ".assume_role_credentials"),
        Kind::Section,
        "keys of a role, from the Security Token Service",
    ),
    served(
        concat!($at, ".assume_role_credentials.aws_region"),
        Kind::Text,
        "left out: AWS_REGION of the environment signs, and the global endpoint is asked",
    ),
    served(
        concat!($at, ".assume_role_credentials.iam_role_arn"),
        Kind::Text,
        "the role; left out: AWS_ROLE_ARN of the environment",
    ),
    served(
        concat!($at, ".assume_role_credentials.session_name"),
        Kind::Text,
        "the name of the session",
    )
    .default("open-policy-agent"),
    served(
        concat!($at, ".assume_role_credentials.aws_domain"),
        Kind::Text,
        "left out: AWS_DOMAIN of the environment, or `amazonaws.com`",
    ),
    served(
        concat!($at, ".assume_role_credentials.aws_signing"),
        Kind::Section,
        "whose keys ask for the role: `environment_credentials`, `profile_credentials` or `metadata_credentials`",
    ),
    served(
        concat!($at, ".assume_role_credentials.aws_signing.service"),
        Kind::Text,
        "`sts`, whatever stands here",
    ),
    served(
        concat!($at, ".web_identity_credentials"),
        Kind::Section,
        "keys of a role for a token: AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE of the environment",
    ),
    served(
        concat!($at, ".web_identity_credentials.aws_region"),
        Kind::Text,
        "left out: AWS_REGION of the environment signs, and the global endpoint is asked",
    ),
    served(
        concat!($at, ".web_identity_credentials.session_name"),
        Kind::Text,
        "the name of the session",
    )
    .default("open-policy-agent"),
    served(
        concat!($at, ".web_identity_credentials.aws_domain"),
        Kind::Text,
        "left out: AWS_DOMAIN of the environment, or `amazonaws.com`",
    ),
    served(
        concat!($at, ".sso_credentials"),
        Kind::Section,
        "keys for whoever ran `aws sso login`",
    ),
    served(
        concat!($at, ".sso_credentials.path"),
        Kind::Text,
        "left out: AWS_CONFIG_FILE of the environment, or `~/.aws/config`",
    ),
    served(
        concat!($at, ".sso_credentials.profile"),
        Kind::Text,
        "left out: AWS_PROFILE of the environment, or `default`",
    ),
    served(
        concat!($at, ".sso_credentials.aws_region"),
        Kind::Text,
        "left out: AWS_REGION of the environment",
    ),
    served(
        concat!($at, ".sso_credentials.cache"),
        Kind::Text,
        "the folder with the tokens; left out: `~/.aws/sso/cache`",
    ).ours(),
        ]
    };
}

/// Who asks a vault of Azure.
pub(super) const VAULT_IDENTITY: &[Key] =
    azure!("services.*.credentials.oauth2.azure_signing.azure_managed_identity");

/// Who asks Amazon's Key Management Service.
pub(super) const KMS_SIGNING: &[Key] = signer!(
    "services.*.credentials.oauth2.aws_signing",
    "kms",
    "who asks the Key Management Service; sections as in `s3_signing`"
);

/// With which keys.
pub(super) const KMS_SOURCES: &[Key] = sources!("services.*.credentials.oauth2.aws_signing");

/// With which keys for a role.
pub(super) const KMS_ROLE_SOURCES: &[Key] =
    sources!("services.*.credentials.oauth2.aws_signing.assume_role_credentials.aws_signing");

/// Requests signed for Amazon's services.
pub(super) const S3_SIGNING: &[Key] = signer!(
    "services.*.credentials.s3_signing",
    "s3",
    "requests are signed as Amazon's services want it; several sources are tried in order"
);

/// With which keys.
pub(super) const S3_SOURCES: &[Key] = sources!("services.*.credentials.s3_signing");

/// With which keys for a role.
pub(super) const S3_ROLE_SOURCES: &[Key] =
    sources!("services.*.credentials.s3_signing.assume_role_credentials.aws_signing");

/// Tokens of Google's metadata server.
pub(super) const GCP: &[Key] = &[
    served(
        "services.*.credentials.gcp_metadata",
        Kind::Section,
        "a token of the metadata server of Google's machines: `audience` or `scopes`",
    ),
    served(
        "services.*.credentials.gcp_metadata.audience",
        Kind::Text,
        "whom an identity token is for",
    ),
    served(
        "services.*.credentials.gcp_metadata.endpoint",
        Kind::Text,
        "where the server is",
    )
    .default("http://metadata.google.internal"),
    served(
        "services.*.credentials.gcp_metadata.scopes",
        Kind::TextList,
        "what an access token is for",
    ),
    served(
        "services.*.credentials.gcp_metadata.access_token_path",
        Kind::Text,
        "the path for access tokens",
    )
    .default("/computeMetadata/v1/instance/service-accounts/default/token"),
    served(
        "services.*.credentials.gcp_metadata.id_token_path",
        Kind::Text,
        "the path for identity tokens",
    )
    .default("/computeMetadata/v1/instance/service-accounts/default/identity"),
];

/// Tokens of a managed identity.
pub(super) const AZURE: &[Key] = azure!("services.*.credentials.azure_managed_identity");
