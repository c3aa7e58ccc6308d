//! The client for configured services: one way to their bundles, logs and whatever else they serve.
//!
//! It adds the credentials, follows redirects, and bounds what a server may make it wait for or
//! keep. What a status means is for the caller to say.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue, LOCATION};
use http::{Method, StatusCode, Uri};

use super::ServiceConfig;
use super::credentials::Proof;
use super::credentials::registry::{self, Challenge};

pub mod collector;
mod connect;
mod error;
mod identity;
pub mod outbound;
mod transport;
mod trust;
pub(super) mod url;

pub use error::ClientError;
pub(super) use identity::Identity;
pub use transport::Response;
pub(super) use transport::{Question, Transport};
use url::Base;

/// As many as Go's client follows.
const MAX_REDIRECTS: usize = 10;

/// A client of one service.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    base: Base,
    /// The configured headers.
    headers: HeaderMap,
    /// The name, for errors.
    service: String,
    proof: Arc<Proof>,
    /// Tokens of its repositories, where it is a registry.
    registry: Option<Arc<registry::Tokens>>,
    transport: Transport,
}

// === impl Client ===

impl Client {
    /// A client for `service`. The files it names are read, so that what is wrong with them shows
    /// here and not in the first request.
    pub fn new(service: &ServiceConfig) -> Result<Self, ClientError> {
        let mut base = Base::parse(&service.url)?;
        if service.registry {
            // The paths of registries begin at the root, and OPA reads the host alone.
            base = base.root();
        }
        let proof = Proof::new(service)?;
        Ok(Self(Arc::new(Inner {
            headers: configured_headers(service, &base)?,
            base,
            transport: Transport::new(service, proof.identity())?,
            registry: service.registry.then(Arc::default),
            service: service.name.clone(),
            proof: Arc::new(proof),
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
        let question = Question::new(Method::GET, self.0.base.join(path)?);
        self.0.follow(question, headers).await
    }

    /// Posts `body` to `path` below the service's URL, with `headers` beside the configured ones.
    ///
    /// Only redirects that keep method and body (307 and 308) are followed, as [`get`](Self::get) follows its own.
    pub async fn post(
        &self,
        path: &str,
        headers: &[(HeaderName, &str)],
        body: Bytes,
    ) -> Result<Response, ClientError> {
        let mut question = Question::new(Method::POST, self.0.base.join(path)?);
        question.body = body;
        self.0.follow(question, headers).await
    }

    /// Asks for the head of what [`get`](Self::get) gets.
    pub async fn head(
        &self,
        path: &str,
        headers: &[(HeaderName, &str)],
    ) -> Result<Response, ClientError> {
        let question = Question::new(Method::HEAD, self.0.base.join(path)?);
        self.0.follow(question, headers).await
    }

    /// Whether the service is a registry of container images.
    #[must_use]
    pub fn is_registry(&self) -> bool {
        self.0.registry.is_some()
    }

    /// The same client, which waits so much longer for the head of a response.
    #[must_use]
    pub fn patient(&self, longer: Duration) -> Self {
        let mut inner = (*self.0).clone();
        inner.transport = inner.transport.patient(longer);
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
    async fn follow(
        &self,
        mut question: Question,
        headers: &[(HeaderName, &str)],
    ) -> Result<Response, ClientError> {
        for (name, value) in headers {
            let value = self.header_value(name.as_str(), value)?;
            question.headers.insert(name.clone(), value);
        }
        let first = question.uri.clone();
        let mut trusted = true;
        for _ in 0..=MAX_REDIRECTS {
            let response = if trusted {
                self.ask_service(&question).await?
            } else {
                self.transport.send(question.clone()).await?
            };
            let kept = matches!(response.status.as_u16(), 307 | 308);
            let reads = matches!(question.method, Method::GET | Method::HEAD);
            if !reads && !kept {
                return Ok(response);
            }
            let Some(next) = redirect(&question.uri, &response)? else {
                return Ok(response);
            };
            trusted = trusted && url::same_trust(&first, &next);
            question.uri = next;
        }
        Err(ClientError::Redirects {
            url: url::display(&first),
        })
    }

    /// The answer to `question` with the configured headers and the credentials. Where what proves
    /// them was kept from before and is not believed any more, it is got anew, once.
    async fn ask_service(&self, question: &Question) -> Result<Response, ClientError> {
        let mut whole = question.clone();
        whole.headers = self.headers.clone();
        whole.headers.extend(question.headers.clone());
        if let Some(registry) = &self.registry {
            return self.ask_registry(registry, whole).await;
        }
        let mut first = whole.clone();
        let old = self.proof.add(&mut first, &self.transport).await?;
        let response = self.transport.send(first).await?;
        if response.status != StatusCode::UNAUTHORIZED || !old {
            return Ok(response);
        }
        self.proof.forget();
        self.proof.add(&mut whole, &self.transport).await?;
        self.transport.send(whole).await
    }

    /// The same for a registry, which may send to elsewhere for a token.
    async fn ask_registry(
        &self,
        registry: &registry::Tokens,
        mut whole: Question,
    ) -> Result<Response, ClientError> {
        let mut first = whole.clone();
        if registry.add_kept(&mut first).await {
            let response = self.transport.send(first).await?;
            if response.status != StatusCode::UNAUTHORIZED {
                return Ok(response);
            }
        }
        let mut first = whole.clone();
        self.proof.add(&mut first, &self.transport).await?;
        let proof = first.headers.get(AUTHORIZATION).cloned();
        let response = self.transport.send(first).await?;
        let challenge = match response.status {
            StatusCode::UNAUTHORIZED => Challenge::find(&response.headers),
            _ => None,
        };
        let Some(challenge) = challenge else {
            return Ok(response);
        };
        let added = registry.add_fresh(&mut whole, &challenge, proof.as_ref(), &self.transport);
        added.await.map_err(|reason| ClientError::Credentials {
            service: self.service.clone(),
            kind: "registry token",
            reason,
        })?;
        self.transport.send(whole).await
    }

    fn header_value(&self, name: &str, value: &str) -> Result<HeaderValue, ClientError> {
        sensitive(value).ok_or_else(|| ClientError::Header {
            service: self.base.service(),
            name: name.to_owned(),
        })
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
pub(super) fn sensitive(value: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(value).ok()?;
    value.set_sensitive(true);
    Some(value)
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
