//! One request on its way, through its redirects as Go's client follows them.

use bytes::Bytes;
use http::header::{
    ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, COOKIE, HOST,
    HeaderMap, HeaderName, HeaderValue, LOCATION, PROXY_AUTHORIZATION, REFERER, TRANSFER_ENCODING,
    USER_AGENT,
};
use http::{Method, StatusCode, Uri};
use http_body_util::Full;
use regate_rego::builtins::Error;
use regate_rego::builtins::http::Request;

use super::target::Target;
use crate::http::client::{MAX_REDIRECTS, url};

/// What is sent next.
#[derive(Debug, Clone)]
pub(super) struct Exchange {
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
    /// Where it began.
    first: Uri,
    redirects: usize,
    gzip: bool,
}

// === impl Exchange ===

impl Exchange {
    pub(super) fn new(request: &Request, target: &Target) -> Result<Self, Error> {
        let method = match request.method.as_str() {
            "" => Method::GET,
            name => Method::from_bytes(name.as_bytes())
                .map_err(|_| Error::Type(format!("invalid method `{name}`")))?,
        };
        let mut headers = HeaderMap::new();
        for (name, value) in &request.headers {
            let (name, value) = header(name, value)?;
            headers.insert(name, value);
        }
        // The connection's business, not the policy's.
        headers.remove(CONTENT_LENGTH);
        headers.remove(TRANSFER_ENCODING);
        let own = concat!("regate/", env!("CARGO_PKG_VERSION"));
        headers
            .entry(USER_AGENT)
            .or_insert(HeaderValue::from_static(own));
        if let Some(credentials) = &target.credentials
            && !headers.contains_key(AUTHORIZATION)
        {
            let (name, value) = header("authorization", credentials)?;
            headers.insert(name, value);
        }
        let gzip = method != Method::HEAD && !headers.contains_key(ACCEPT_ENCODING);
        if gzip {
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
        }
        Ok(Self {
            method,
            uri: target.uri.clone(),
            headers,
            body: request.body.clone().unwrap_or_default().into(),
            first: target.uri.clone(),
            redirects: 0,
            gzip,
        })
    }

    pub(super) fn uri(&self) -> &Uri {
        &self.uri
    }

    /// Whether a body that comes as gzip was asked for by this client, not by the policy.
    pub(super) fn asks_for_gzip(&self) -> bool {
        self.gzip
    }

    /// The request, with what a proxy wants to see.
    pub(super) fn request(
        &self,
        proxy: Option<HeaderValue>,
    ) -> Result<http::Request<Full<Bytes>>, Error> {
        let mut request = http::Request::builder()
            .method(self.method.clone())
            .uri(self.uri.clone())
            .body(Full::new(self.body.clone()))
            .map_err(|error| Error::Failed(error.to_string()))?;
        request.headers_mut().extend(self.headers.clone());
        if let Some(credentials) = proxy {
            let headers = request.headers_mut();
            headers.insert(PROXY_AUTHORIZATION, credentials);
        }
        Ok(request)
    }

    /// Whether the response leads elsewhere; then that is what is sent next.
    pub(super) fn redirected(
        &mut self,
        status: StatusCode,
        headers: &HeaderMap,
    ) -> Result<bool, Error> {
        let Some(location) = headers.get(LOCATION) else {
            return Ok(false);
        };
        match status.as_u16() {
            301..=303 => self.forget_body(),
            307 | 308 => {}
            _ => return Ok(false),
        }
        self.redirects += 1;
        if self.redirects > MAX_REDIRECTS {
            return Err(Error::Failed("stopped after 10 redirects".to_owned()));
        }
        let next = url::resolve(&self.uri, location.as_bytes());
        let next = next.map_err(|error| Error::Failed(error.to_string()))?;
        if !url::same_trust(&self.first, &next) {
            for secret in [AUTHORIZATION, COOKIE] {
                self.headers.remove(secret);
            }
        }
        if next.authority() != self.uri.authority() {
            self.headers.remove(HOST);
        }
        self.refer(&next);
        self.uri = next;
        Ok(true)
    }

    /// After most redirects what was posted is not posted again.
    fn forget_body(&mut self) {
        if matches!(self.method, Method::GET | Method::HEAD) {
            return;
        }
        self.method = Method::GET;
        self.body = Bytes::new();
        for content in [CONTENT_TYPE, CONTENT_ENCODING] {
            self.headers.remove(content);
        }
    }

    fn refer(&mut self, next: &Uri) {
        let leaves_tls =
            self.uri.scheme_str() == Some("https") && next.scheme_str() == Some("http");
        let from = HeaderValue::from_str(&self.uri.to_string());
        match from {
            Ok(from) if !leaves_tls => self.headers.insert(REFERER, from),
            _ => self.headers.remove(REFERER),
        };
    }
}

fn header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), Error> {
    let wrong = || {
        Error::Failed(format!(
            "invalid header `{name}`: HTTP does not allow its name or value"
        ))
    };
    let key = HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong())?;
    let value = HeaderValue::from_str(value).map_err(|_| wrong())?;
    Ok((key, value))
}
