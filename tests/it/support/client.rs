//! A small HTTP client: what a caller of the mesh sees.

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::{HeaderMap, Request};
use hyper_util::client::legacy::Client as Pool;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use super::process::in_time;

/// A client with connections of its own.
#[derive(Clone)]
pub(crate) struct Client(Pool<HttpConnector, Full<Bytes>>);

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

// === impl Client ===

impl Client {
    /// A client without connections yet.
    pub(crate) fn new() -> Self {
        Self(Pool::builder(TokioExecutor::new()).build_http())
    }

    /// Sends a request; `None` when there is no answer (refused, closed).
    pub(crate) async fn send(&self, request: Request<Full<Bytes>>) -> Option<Answer> {
        let exchange = async {
            let (head, body) = self.0.request(request).await.ok()?.into_parts();
            Some((head, body.collect().await.ok()?.to_bytes()))
        };
        let (head, body) = in_time("an answer over HTTP", exchange).await?;
        let body = String::from_utf8_lossy(&body).into_owned();
        Some(Answer {
            status: head.status.as_u16(),
            headers: head.headers,
            body,
        })
    }
}

// === impl Answer ===

impl Answer {
    /// All values of one header, in the order they came in.
    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        self.headers
            .get_all(name)
            .iter()
            .map(|value| value.to_str().unwrap())
            .collect()
    }
}

/// One GET over a connection of its own.
pub(crate) async fn get(url: &str) -> Option<Answer> {
    Client::new()
        .send(Request::get(url).body(Full::default()).unwrap())
        .await
}
