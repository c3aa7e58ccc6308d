//! A bundle server: one bundle with an ETag, replaced when the test says so.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use super::archive;

/// The server.
#[derive(Clone)]
pub(crate) struct BundleServer {
    pub(crate) addr: SocketAddr,
    current: Arc<Mutex<Current>>,
}

#[derive(Clone, Default)]
struct Current {
    etag: String,
    archive: Bytes,
}

// === impl BundleServer ===

impl BundleServer {
    /// Serves a bundle of this policy at every path.
    pub(crate) async fn start(revision: &str, policy: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let this = Self {
            addr: listener.local_addr().unwrap(),
            current: Arc::default(),
        };
        this.publish(revision, policy);
        let serving = this.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let serving = serving.clone();
                let service = service_fn(move |request| {
                    let answer = serving.answer(&request);
                    async { Ok::<_, Infallible>(answer) }
                });
                let connection = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service);
                tokio::spawn(connection);
            }
        });
        this
    }

    /// Puts a new revision in the place of the old one.
    pub(crate) fn publish(&self, revision: &str, policy: &str) {
        let manifest = serde_json::json!({"revision": revision, "roots": [""]}).to_string();
        self.publish_files(
            revision,
            &[(".manifest", &*manifest), ("policy.rego", policy)],
        );
    }

    /// The same with files of any kind.
    pub(crate) fn publish_files(&self, revision: &str, files: &[(&str, &str)]) {
        let files: Vec<(&str, &[u8])> = files
            .iter()
            .map(|(name, text)| (*name, text.as_bytes()))
            .collect();
        let archive = archive::bundle(&files).into();
        *self.current.lock().unwrap() = Current {
            etag: format!("\"{revision}\""),
            archive,
        };
    }

    fn answer(&self, request: &Request<Incoming>) -> Response<Full<Bytes>> {
        let current = self.current.lock().unwrap().clone();
        let known = request.headers().get("if-none-match");
        let known = known.is_some_and(|etag| etag.as_bytes() == current.etag.as_bytes());
        Response::builder()
            .status(if known { 304 } else { 200 })
            .header("etag", &current.etag)
            .body(Full::new(if known {
                Bytes::new()
            } else {
                current.archive
            }))
            .unwrap()
    }
}
