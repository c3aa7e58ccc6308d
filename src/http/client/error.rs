//! Why there is no client, or no answer.

use std::path::PathBuf;
use std::time::Duration;

/// Why there is no client, or no answer. URLs in it have neither user information nor query.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// A URL is not usable.
    #[error("the URL `{url}` {reason}")]
    Url {
        /// Which.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A header of the configuration or a token cannot be sent.
    #[error(
        "the service `{service}` has a header `{name}` whose name or value HTTP does not allow"
    )]
    Header {
        /// The service.
        service: String,
        /// The header.
        name: String,
    },
    /// A file that the service names cannot be read or used.
    #[error("cannot use `{path}` as {what}: {reason}")]
    File {
        /// Which.
        path: PathBuf,
        /// What it is for.
        what: &'static str,
        /// Why.
        reason: String,
    },
    /// TLS cannot be set up.
    #[error("cannot set up TLS for the service `{service}`: {reason}")]
    Tls {
        /// The service.
        service: String,
        /// Why.
        reason: String,
    },
    /// What the credentials need could not be had; nothing in it is secret.
    #[error("cannot use the credentials `{kind}` of the service `{service}`: {reason}")]
    Credentials {
        /// The service.
        service: String,
        /// Which kind of credentials.
        kind: &'static str,
        /// Why.
        reason: String,
    },
    /// No answer came.
    #[error("request to `{url}` failed: {reason}")]
    Request {
        /// The URL.
        url: String,
        /// Why.
        reason: String,
    },
    /// No head of an answer came in time.
    #[error(
        "no response from `{url}` within {timeout:?}; `response_header_timeout_seconds` sets that time"
    )]
    Timeout {
        /// The URL.
        url: String,
        /// The time.
        timeout: Duration,
    },
    /// The server sends from one place to the next.
    #[error("more than 10 redirects from `{url}`")]
    Redirects {
        /// Where it began.
        url: String,
    },
    /// The body is longer than the caller wants.
    #[error("the response from `{url}` has more than {limit} bytes, which is the configured limit")]
    TooLarge {
        /// The URL.
        url: String,
        /// The limit.
        limit: u64,
    },
    /// The body broke off.
    #[error("the response from `{url}` broke off: {reason}")]
    Body {
        /// The URL.
        url: String,
        /// Why.
        reason: String,
    },
}
