//! Requests to the REST API, whole: reads, queries, batches and writes, against a small policy that they change.

use std::cell::RefCell;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use regate::bundle::PollError;
use regate::config::{Config, Flags};
use regate::instance;
use regate::rest::{Parts, Rest, Seams, Snapshots};
use tokio::runtime::{Builder, Runtime};
use tower::ServiceExt as _;

/// Pieces of inputs.
pub(crate) const PIECES: &[&str] = &[
    "GET /v1/data",
    "POST /v1/data/p/x\n",
    "PUT /v1/data/d\n",
    "PATCH /v1/data/d\n",
    "DELETE /v1/data/d",
    "PUT /v1/policies/m\n",
    "POST /v1/query\n",
    "POST /v1/batch/data/p\n",
    " gzip",
    " yaml",
    "{\"input\":",
    "{\"query\":\"",
    "{\"inputs\":{\"a\":",
    "[{\"op\":\"add\",\"path\":\"",
    "\",\"value\":",
    "package p\n\nx := ",
    "?pretty&metrics&provenance",
    "%2F",
    "/-",
    "}",
    "]",
];

/// How many requests one policy is asked before there is a new one.
const REQUESTS: u32 = 256;

/// A served API; it ends with its runtime.
struct Served {
    runtime: Runtime,
    router: Router,
    requests: u32,
    _end: regate::task::ShutdownTrigger,
}

thread_local! {
    static SERVED: RefCell<Option<Served>> = const { RefCell::new(None) };
}

/// The first line is a method, a path, and what the headers say; the rest is the body. Whatever is asked is answered, and
/// nothing ends with a defect.
pub fn rest(data: &[u8]) {
    let end = data.iter().position(|byte| *byte == b'\n');
    let (line, body) = data.split_at(end.unwrap_or(data.len()));
    let Ok(line) = std::str::from_utf8(line) else {
        return;
    };
    let mut words = line.split(' ');
    let (method, path) = (
        words.next().unwrap_or_default(),
        words.next().unwrap_or_default(),
    );
    let mut request = Request::builder().method(method).uri(path);
    for word in words {
        request = match word {
            "gzip" => request.header("content-encoding", "gzip"),
            "yaml" => request.header("content-type", "application/yaml"),
            _ => request,
        };
    }
    let body = body.get(1..).unwrap_or_default().to_vec();
    let Ok(request) = request.body(Body::from(body)) else {
        return;
    };
    SERVED.with_borrow_mut(|served| {
        if served
            .as_ref()
            .is_some_and(|served| served.requests >= REQUESTS)
        {
            *served = None;
        }
        let current = served.get_or_insert_with(serve);
        current.requests += 1;
        let answer = current.runtime.block_on(async {
            let answer = current.router.clone().oneshot(request).await;
            let answer = answer.expect("an answer");
            let (head, body) = answer.into_parts();
            let body = axum::body::to_bytes(body, usize::MAX)
                .await
                .expect("a body");
            (head.status, body)
        });
        let text = String::from_utf8_lossy(&answer.1);
        assert!(!text.contains("please report it"), "{}: {text}", answer.0);
    });
}

fn serve() -> Served {
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    let loaded = Config::from_text(
        "",
        &Flags::default(),
        &std::collections::HashMap::<String, String>::new(),
    );
    let config = loaded.expect("a configuration").config;
    let (end, shutdown) = regate::task::shutdown();
    let (updates, waiting) = tokio::sync::mpsc::channel(1);
    drop(updates);
    let router = runtime.block_on(async {
        let started = instance::start(
            config.instance,
            Vec::new(),
            waiting,
            instance::Hooks::default(),
            shutdown,
        )
        .await;
        let instance = started.expect("an instance");
        let parts = Parts {
            policy: instance.cell(),
            edits: instance.edits(),
            outside: regate::outside::Outside::limited_to(
                Some(Vec::new()),
                config.cache,
                config.http_send_timeout,
            ),
            log: None,
            http: Arc::default(),
            admin: Router::new(),
            seams: Seams {
                plugins: Box::new(Vec::new),
                status: Box::new(|| None),
                poll: Box::new(|name| Box::pin(async { Err(PollError::Unknown(name)) })),
                snapshots: Snapshots {
                    status: instance.status(),
                    control: instance.control(),
                },
            },
        };
        Rest::start(config.rest, parts).expect("an API").api()
    });
    Served {
        runtime,
        router,
        requests: 0,
        _end: end,
    }
}
