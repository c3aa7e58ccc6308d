//! The server that policies ask: it tells what it was asked, says what the query tells it to say, and holds back what
//! is to be held.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Query, State};
use axum::http::{HeaderMap, Method, Uri};
use axum::response::Response;
use serde_json::json;
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::watch;

/// The server; it ends with the runtime.
pub(super) struct Server {
    pub(super) address: SocketAddr,
    shared: Shared,
}

#[derive(Clone)]
struct Shared {
    asked: Arc<Mutex<Vec<String>>>,
    open: watch::Sender<bool>,
}

// === impl Server ===

impl Server {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Shared::new();
        let router = shared.router();
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, shared }
    }

    /// The same on a Unix socket.
    pub(super) fn start_at(path: &Path) {
        let listener = UnixListener::bind(path).unwrap();
        let router = Shared::new().router();
        tokio::spawn(async move { axum::serve(listener, router).await });
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// How many requests came whose target contains `text`.
    pub(super) fn count(&self, text: &str) -> usize {
        let asked = self.shared.asked.lock().unwrap();
        asked.iter().filter(|target| target.contains(text)).count()
    }

    /// Answers what was held back.
    pub(super) fn open(&self) {
        self.shared.open.send_replace(true);
    }
}

// === impl Shared ===

impl Shared {
    fn new() -> Self {
        Self {
            asked: Arc::default(),
            open: watch::Sender::new(false),
        }
    }

    fn router(&self) -> Router {
        Router::new().fallback(answer).with_state(self.clone())
    }
}

/// The query's pairs are headers of the answer; `status` is its status, and `gzip` packs it.
async fn answer(
    State(shared): State<Shared>,
    method: Method,
    uri: Uri,
    Query(said): Query<Vec<(String, String)>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    shared.asked.lock().unwrap().push(uri.to_string());
    if uri.path().starts_with("/held") {
        let mut open = shared.open.subscribe();
        open.wait_for(|open| *open).await.unwrap();
    }
    let texts = headers.iter();
    let texts = texts.map(|(name, value)| (name.as_str(), value.to_str().unwrap()));
    let told = json!({
        "method": method.as_str(),
        "target": uri.to_string(),
        "headers": texts.collect::<std::collections::BTreeMap<_, _>>(),
        "body": String::from_utf8_lossy(&body),
    });
    let mut told = told.to_string().into_bytes();
    let mut response = Response::builder().header("content-type", "application/json");
    for (name, value) in &said {
        match name.as_str() {
            "status" => response = response.status(value.parse::<u16>().unwrap()),
            "large" => told = vec![b' '; value.parse().unwrap()],
            name => response = response.header(name, value),
        }
        if name == "etag" && headers.get("if-none-match").is_some_and(|it| it == value) {
            response = response.status(304);
            told.clear();
        }
        if value == "gzip" {
            told = packed(&told);
        }
    }
    response.body(Body::from(told)).unwrap()
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}
