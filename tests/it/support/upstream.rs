//! A server that answers 200 to everything, or what it is told to, and remembers what it was asked: the application behind Envoy, or a service
//! that takes reports.

use std::convert::Infallible;
use std::io::Read;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use flate2::read::MultiGzDecoder;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{HeaderMap, Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

/// The application.
#[derive(Clone)]
pub(crate) struct Upstream {
    pub(crate) addr: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    /// What is answered in place of 200, and a header of it.
    answer: Arc<Mutex<Told>>,
}

/// A status, and a header beside it.
type Told = (u16, Option<(&'static str, &'static str)>);

/// A request as it reached the application.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// What was answered.
    pub(crate) status: u16,
}

// === impl Upstream ===

impl Upstream {
    /// Listens on a free port until the test's runtime ends.
    pub(crate) async fn start() -> Self {
        Self::start_at(SocketAddr::from(([127, 0, 0, 1], 0))).await
    }

    /// The same at a given address.
    pub(crate) async fn start_at(addr: SocketAddr) -> Self {
        let listener = TcpListener::bind(addr).await.unwrap();
        let this = Self {
            addr: listener.local_addr().unwrap(),
            seen: Arc::default(),
            answer: Arc::new(Mutex::new((200, None))),
        };
        let serving = this.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let serving = serving.clone();
                let service = service_fn(move |request| serving.clone().answer(request));
                let connection = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service);
                tokio::spawn(connection);
            }
        });
        this
    }

    /// The requests that came through since the last call.
    pub(crate) fn take(&self) -> Vec<Seen> {
        std::mem::take(&mut *self.seen.lock().unwrap())
    }

    /// Answers this from now on.
    pub(crate) fn set_answer(&self, status: u16, header: Option<(&'static str, &'static str)>) {
        *self.answer.lock().unwrap() = (status, header);
    }

    async fn answer(self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
        let (head, body) = request.into_parts();
        let body = body
            .collect()
            .await
            .map(http_body_util::Collected::to_bytes)
            .unwrap_or_default();
        // The load tests read here which policy a request was let through by.
        let revision = head.headers.get("x-revision").cloned();
        let path = head.uri.to_string();
        let (status, header) = *self.answer.lock().unwrap();
        self.seen.lock().unwrap().push(Seen {
            path,
            headers: head.headers,
            body,
            status,
        });
        let mut response = Response::new(Full::from("upstream\n"));
        *response.status_mut() = hyper::StatusCode::from_u16(status).unwrap();
        if let Some((name, value)) = header {
            let value = hyper::header::HeaderValue::from_static(value);
            response.headers_mut().insert(name, value);
        }
        if let Some(revision) = revision {
            response.headers_mut().insert("x-revision", revision);
        }
        Ok(response)
    }
}

// === impl Seen ===

impl Seen {
    /// A compressed body's text.
    pub(crate) fn unzipped(&self) -> String {
        let mut text = String::new();
        let unzipped = MultiGzDecoder::new(&self.body[..]).read_to_string(&mut text);
        unzipped.expect("gzip");
        text
    }

    /// All values of one header, in the order they came in.
    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        self.headers
            .get_all(name)
            .iter()
            .map(|value| value.to_str().unwrap())
            .collect()
    }
}
