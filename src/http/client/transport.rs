//! Requests on their way to a service, or to whoever gives its credentials out: connections, TLS, time limits.
//!
//! Each is sent once, as it is: credentials, redirects and what a status means are not its business.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{HeaderMap, HeaderName, HeaderValue, PROXY_AUTHORIZATION, USER_AGENT};
use http::{Method, Request, StatusCode, Uri};
use http_body::Body as _;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use super::connect::Connector;
use super::identity::Identity;
use super::{ClientError, trust, url};
use crate::http::ServiceConfig;

/// How long a server may leave a body it has begun without a byte.
const BODY_PAUSE: Duration = Duration::from_mins(1);

/// Connections by the rules of one service.
#[derive(Debug, Clone)]
pub(in crate::http) struct Transport {
    header_timeout: Duration,
    connector: Connector,
    http: legacy::Client<HttpsConnector<Connector>, Full<Bytes>>,
}

/// What is asked.
#[derive(Debug, Clone)]
pub(in crate::http) struct Question {
    pub(in crate::http) method: Method,
    pub(in crate::http) uri: Uri,
    pub(in crate::http) headers: HeaderMap,
    pub(in crate::http) body: Bytes,
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

// === impl Transport ===

impl Transport {
    /// Connections to `service`, on which `identity` is shown to who asks for one.
    pub(super) fn new(
        service: &ServiceConfig,
        identity: Option<Arc<Identity>>,
    ) -> Result<Self, ClientError> {
        let connector = Connector::new();
        let https = hyper_rustls::HttpsConnectorBuilder::new()
            .with_tls_config(trust::tls_config(service, identity)?)
            .https_or_http()
            .enable_all_versions()
            .wrap_connector(connector.clone());
        let mut builder = legacy::Client::builder(TokioExecutor::new());
        builder
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(Duration::from_secs(90));
        Ok(Self {
            header_timeout: header_timeout(service),
            connector,
            http: builder.build(https),
        })
    }

    /// The answer to `question`.
    pub(in crate::http) async fn send(&self, question: Question) -> Result<Response, ClientError> {
        let Question {
            method,
            uri,
            mut headers,
            body,
        } = question;
        let url = url::display(&uri);
        if let Some(value) = self.connector.plain_proxy_credentials(&uri) {
            headers.insert(PROXY_AUTHORIZATION, value);
        }
        let own = concat!("regate/", env!("CARGO_PKG_VERSION"));
        headers
            .entry(USER_AGENT)
            .or_insert(HeaderValue::from_static(own));
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        *request.headers_mut() = headers;
        let answer = tokio::time::timeout(self.header_timeout, self.http.request(request)).await;
        let answer = answer.map_err(|_| ClientError::Timeout {
            url: url.clone(),
            timeout: self.header_timeout,
        })?;
        let answer = answer.map_err(|error| ClientError::Request {
            url: url.clone(),
            reason: chain(&error),
        })?;
        let (head, body) = answer.into_parts();
        Ok(Response {
            status: head.status,
            headers: head.headers,
            url,
            body,
        })
    }
}

// === impl Question ===

impl Question {
    pub(in crate::http) fn new(method: Method, uri: Uri) -> Self {
        Self {
            method,
            uri,
            headers: HeaderMap::new(),
            body: Bytes::new(),
        }
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

/// An error with its causes: the outermost sentence alone says nothing of use.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
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
