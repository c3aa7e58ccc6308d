//! A bundle server that answers what a test tells it to and remembers what it was asked.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::response::Response;
use tokio::sync::Notify;

use crate::support::process::in_time;

/// The server; it ends with the runtime.
pub(crate) struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
}

/// What is answered to each request until another answer is set.
#[derive(Clone)]
pub(crate) struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    /// Nothing is answered at all.
    hangs: bool,
}

/// A request that came.
#[derive(Clone)]
pub(crate) struct Asked {
    pub(crate) path: String,
    headers: HeaderMap,
}

struct Shared {
    answer: Mutex<Answer>,
    asked: Mutex<Vec<Asked>>,
    came: Notify,
}

// === impl Server ===

impl Server {
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            answer: Mutex::new(Answer::status(503)),
            asked: Mutex::default(),
            came: Notify::new(),
        });
        let router = axum::Router::new()
            .fallback(handle)
            .with_state(shared.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, shared }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn answer(&self, answer: Answer) {
        *self.shared.answer.lock().unwrap() = answer;
    }

    /// The requests, when there are so many.
    pub(crate) async fn requests_when(&self, count: usize) -> Vec<Asked> {
        loop {
            let requests = self.requests();
            if requests.len() >= count {
                return requests;
            }
            in_time("a request", self.shared.came.notified()).await;
        }
    }

    pub(crate) fn requests(&self) -> Vec<Asked> {
        self.shared.asked.lock().unwrap().clone()
    }
}

// === impl Answer ===

impl Answer {
    pub(crate) fn status(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Vec::new(),
            hangs: false,
        }
    }

    pub(crate) fn never() -> Self {
        Self {
            hangs: true,
            ..Self::status(200)
        }
    }

    pub(crate) fn bundle(body: &[u8], etag: &str) -> Self {
        Self {
            body: body.to_vec(),
            ..Self::status(200)
        }
        .with("etag", etag)
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}

// === impl Asked ===

impl Asked {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

async fn handle(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let path = request
        .uri()
        .path_and_query()
        .map_or(String::new(), ToString::to_string);
    shared.asked.lock().unwrap().push(Asked {
        path,
        headers: request.headers().clone(),
    });
    let answer = shared.answer.lock().unwrap().clone();
    shared.came.notify_one();
    if answer.hangs {
        std::future::pending::<()>().await;
    }
    let mut response = Response::builder().status(answer.status);
    for (name, value) in &answer.headers {
        response = response.header(name, value);
    }
    response.body(Body::from(answer.body)).unwrap()
}
