//! The client for configured services: one way to their bundles, logs and whatever else they serve.
//!
//! It adds the credentials, follows redirects, and bounds what a server may make it wait for or
//! keep. What a status means is for the caller to say.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{
    AUTHORIZATION, HeaderMap, HeaderName, HeaderValue, LOCATION, PROXY_AUTHORIZATION, USER_AGENT,
};
use http::{Request, StatusCode, Uri};
use http_body::Body as _;
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Incoming;
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use super::{Credentials, ServiceConfig, TokenSource};

pub mod collector;
mod connect;
mod identity;
pub mod outbound;
mod trust;
mod url;

use connect::Connector;
use identity::Identity;
use url::Base;

/// As many as Go's client follows.
const MAX_REDIRECTS: usize = 10;
/// How long a server may leave a body it has begun without a byte.
const BODY_PAUSE: Duration = Duration::from_mins(1);

/// A client of one service.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    base: Base,
    /// The configured headers.
    headers: HeaderMap,
    credentials: Credentials,
    identity: Option<Arc<Identity>>,
    header_timeout: Duration,
    connector: Connector,
    http: legacy::Client<HttpsConnector<Connector>, Empty<Bytes>>,
}

/// The head of an answer, with its body still to come.
#[derive(Debug)]
pub struct Response {
    /// The status of the last answer, redirects followed.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    url: String,
    body: Incoming,
}

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

// === impl Client ===

impl Client {
    /// A client for `service`. The files it names are read, so that what is wrong with them shows
    /// here and not in the first request.
    pub fn new(service: &ServiceConfig) -> Result<Self, ClientError> {
        let base = Base::parse(&service.url)?;
        let identity = match &service.credentials {
            Credentials::ClientTls { cert, private_key } => {
                Some(Arc::new(Identity::load(cert.clone(), private_key.clone())?))
            }
            Credentials::None | Credentials::Bearer { .. } => None,
        };
        let connector = Connector::new();
        let https = hyper_rustls::HttpsConnectorBuilder::new()
            .with_tls_config(trust::tls_config(service, identity.clone())?)
            .https_or_http()
            .enable_all_versions()
            .wrap_connector(connector.clone());
        let mut builder = legacy::Client::builder(TokioExecutor::new());
        builder
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(Duration::from_secs(90));
        Ok(Self(Arc::new(Inner {
            headers: configured_headers(service, &base)?,
            base,
            credentials: service.credentials.clone(),
            identity,
            header_timeout: header_timeout(service),
            connector,
            http: builder.build(https),
        })))
    }

    /// Gets `path` below the service's URL, with `headers` beside the configured ones.
    ///
    /// Like Go's client it follows up to ten redirects. To another host, or from TLS to none, it
    /// takes only `headers` along: neither the credentials nor the configured headers, which are
    /// meant for the service.
    pub async fn get(
        &self,
        path: &str,
        headers: &[(HeaderName, &str)],
    ) -> Result<Response, ClientError> {
        let first = self.0.base.join(path)?;
        let mut own = HeaderMap::new();
        for (name, value) in headers {
            own.insert(name.clone(), self.0.header_value(name.as_str(), value)?);
        }
        let mut trusted = Some(self.0.service_headers().await?);
        let mut uri = first.clone();
        for _ in 0..=MAX_REDIRECTS {
            let mut sent = trusted.clone().unwrap_or_default();
            sent.extend(own.clone());
            let response = self.0.send(&uri, sent).await?;
            let Some(next) = redirect(&uri, &response)? else {
                return Ok(response);
            };
            if !url::same_trust(&first, &next) {
                trusted = None;
            }
            uri = next;
        }
        Err(ClientError::Redirects {
            url: url::display(&first),
        })
    }

    /// The same client, which waits so much longer for the head of a response.
    #[must_use]
    pub fn patient(&self, longer: Duration) -> Self {
        let mut inner = (*self.0).clone();
        inner.header_timeout = inner.header_timeout.saturating_add(longer);
        Self(Arc::new(inner))
    }

    /// Whether both are one client, made at once and cloned.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// The URL of `path` as it may be shown.
    #[must_use]
    pub fn display_url(&self, path: &str) -> String {
        self.0
            .base
            .join(path)
            .map_or_else(|_| path.to_owned(), |uri| url::display(&uri))
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Client")
            .field(&self.display_url(""))
            .finish()
    }
}

// === impl Inner ===

impl Inner {
    /// The configured headers and the credentials as they are now.
    async fn service_headers(&self) -> Result<HeaderMap, ClientError> {
        if let Some(identity) = &self.identity {
            identity.refresh().await?;
        }
        let mut headers = self.headers.clone();
        if let Credentials::Bearer { token, scheme } = &self.credentials {
            let token = match token {
                TokenSource::Text(text) => text.clone(),
                TokenSource::File(path) => read_token(path).await?,
            };
            headers.insert(
                AUTHORIZATION,
                self.header_value("authorization", &format!("{scheme} {token}"))?,
            );
        }
        Ok(headers)
    }

    async fn send(&self, uri: &Uri, mut headers: HeaderMap) -> Result<Response, ClientError> {
        if let Some(value) = self.connector.plain_proxy_credentials(uri) {
            headers.insert(PROXY_AUTHORIZATION, value);
        }
        headers
            .entry(USER_AGENT)
            .or_insert(HeaderValue::from_static(concat!(
                "regate/",
                env!("CARGO_PKG_VERSION")
            )));
        let mut request = Request::new(Empty::new());
        *request.uri_mut() = uri.clone();
        *request.headers_mut() = headers;
        let answer = tokio::time::timeout(self.header_timeout, self.http.request(request)).await;
        let answer = answer.map_err(|_| ClientError::Timeout {
            url: url::display(uri),
            timeout: self.header_timeout,
        })?;
        let (head, body) = answer
            .map_err(|error| ClientError::Request {
                url: url::display(uri),
                reason: chain(&error),
            })?
            .into_parts();
        Ok(Response {
            status: head.status,
            headers: head.headers,
            url: url::display(uri),
            body,
        })
    }

    fn header_value(&self, name: &str, value: &str) -> Result<HeaderValue, ClientError> {
        sensitive(value).ok_or_else(|| ClientError::Header {
            service: self.base.service(),
            name: name.to_owned(),
        })
    }
}

// === impl Response ===

impl Response {
    /// The value of the header `name`, when it is text.
    #[must_use]
    pub fn header(&self, name: HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body, of which more than `limit` bytes are an error.
    pub async fn bytes(self, limit: u64) -> Result<Vec<u8>, ClientError> {
        let Self { url, mut body, .. } = self;
        let announced = body.size_hint().lower();
        if announced > limit {
            return Err(ClientError::TooLarge { url, limit });
        }
        // What is announced is a claim: the buffer grows with what comes.
        let mut bytes = Vec::with_capacity(usize::try_from(announced.min(1 << 20)).unwrap_or(0));
        loop {
            let frame = match tokio::time::timeout(BODY_PAUSE, body.frame()).await {
                Ok(Some(Ok(frame))) => frame,
                Ok(None) => return Ok(bytes),
                Ok(Some(Err(error))) => {
                    return Err(ClientError::Body {
                        url,
                        reason: chain(&error),
                    });
                }
                Err(_) => {
                    let reason = format!("no byte came for {BODY_PAUSE:?}");
                    return Err(ClientError::Body { url, reason });
                }
            };
            if let Ok(data) = frame.into_data() {
                if bytes.len() as u64 + data.len() as u64 > limit {
                    return Err(ClientError::TooLarge { url, limit });
                }
                bytes.extend_from_slice(&data);
            }
        }
    }
}

/// Like in Go's client, zero does not mean at once but whenever.
fn header_timeout(service: &ServiceConfig) -> Duration {
    let configured = service.response_header_timeout;
    if configured.is_zero() {
        Duration::MAX
    } else {
        configured
    }
}

fn configured_headers(service: &ServiceConfig, base: &Base) -> Result<HeaderMap, ClientError> {
    let mut headers = HeaderMap::new();
    if let Some(credentials) = base.basic_credentials()
        && let Some(value) = sensitive(&credentials)
    {
        headers.insert(AUTHORIZATION, value);
    }
    for (name, value) in &service.headers {
        let refused = || ClientError::Header {
            service: service.name.clone(),
            name: name.clone(),
        };
        let key = HeaderName::from_bytes(name.as_bytes()).map_err(|_| refused())?;
        headers.insert(key, sensitive(value).ok_or_else(refused)?);
    }
    Ok(headers)
}

/// A value that neither logs nor HTTP/2's tables keep.
fn sensitive(value: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(value).ok()?;
    value.set_sensitive(true);
    Some(value)
}

async fn read_token(path: &PathBuf) -> Result<String, ClientError> {
    let text = tokio::fs::read_to_string(path)
        .await
        .map_err(|error| ClientError::File {
            path: path.clone(),
            what: "the bearer token",
            reason: error.to_string(),
        })?;
    Ok(text.trim().to_owned())
}

/// Where the answer sends the client on to, if it does.
fn redirect(from: &Uri, response: &Response) -> Result<Option<Uri>, ClientError> {
    if !matches!(response.status.as_u16(), 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let location = response.headers.get(LOCATION);
    location
        .map(|location| url::resolve(from, location.as_bytes()))
        .transpose()
}

/// An error with its causes: the outermost sentence alone says nothing of use.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.ends_with(&next) {
            text.push_str(": ");
            text.push_str(&next);
        }
        cause = error.source();
    }
    text
}
