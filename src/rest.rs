//! OPA's REST API on `--addr`: documents and queries, policies and data, what the process is and how it is.
//!
//! Health and metrics themselves are another room's; it is reached through here, so that one authorization stands before
//! all. No request here is a Check: evaluation has threads of its own, and writes go through the instance's one writer.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use axum::Router;
use axum::extract::{self, Request};
use axum::http::request::Parts as Head;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::Response;
use tokio::sync::watch;
use tower::ServiceExt as _;

use crate::bundle::PollError;
use crate::data::Value;
use crate::decision_log::Producer;
use crate::engine::RegoVersion;
use crate::http::server::Client;
use crate::instance::{Cell, Control, Edits, Status};
use crate::outside::Outside;
use crate::telemetry::metrics::HttpMetrics;
use crate::tool::json::Json;

mod about;
mod access;
mod answer;
mod batch;
mod body;
mod data;
mod evaluate;
mod health;
mod identity;
mod params;
mod policies;
mod pool;
mod query;
mod record;
mod route;
mod snapshots;
mod write;

pub use access::{Authentication, Authorization};

use answer::{Look, Refusal};
use body::Payload;
use evaluate::Asking;
use params::Params;
use pool::{NotDone, Pool};
use route::{Route, Routed};

/// What the API is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// `--authentication`.
    pub authentication: Authentication,
    /// `default_authorization_decision`, by its names, with `--authorization=basic`.
    pub authorization: Option<Vec<String>>,
    /// `default_decision`: the document behind `POST /`, by its names.
    pub default_decision: Vec<String>,
    /// `server.decoding`.
    pub decoding: DecodingConfig,
    /// `server.encoding`.
    pub encoding: EncodingConfig,
    /// The language of modules that are put.
    pub rego_version: RegoVersion,
    /// Whether decisions have ids: `decision_logs` is configured.
    pub decision_ids: bool,
    /// `--pprof`: whether there is `/debug`.
    pub debug: bool,
    /// The configuration as it may be shown.
    pub shown: Value,
    /// `nd_builtin_cache` of the decision log.
    pub nd_builtin_cache: bool,
}

/// How much of a body is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecodingConfig {
    /// `max_length`: of the bytes as they come.
    pub max_length: u64,
    /// `gzip.max_length`: of what they unpack to.
    pub gzip_max_length: u64,
}

/// How answers are compressed for those who ask for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EncodingConfig {
    /// `gzip.min_length`: from how many bytes on.
    pub min_length: usize,
    /// `gzip.compression_level`: 0 to 9.
    pub compression_level: u32,
}

/// What the API is made of.
pub struct Parts {
    /// The policy in force.
    pub policy: Cell,
    /// The way to change it.
    pub edits: Edits,
    /// What policies ask of the world.
    pub outside: Outside,
    /// Where decisions are recorded, if they are.
    pub log: Option<Producer>,
    /// Where requests are counted.
    pub http: Arc<HttpMetrics>,
    /// Health and metrics.
    pub admin: Router,
    /// What other rooms know.
    pub seams: Seams,
}

/// What the API asks of rooms that it does not know.
pub struct Seams {
    /// The plugins by their names, and how they are.
    pub plugins: Box<dyn Fn() -> Vec<(String, State)> + Send + Sync>,
    /// What status reports say; `None` where there are none.
    pub status: Box<dyn Fn() -> Option<Value> + Send + Sync>,
    /// Downloads a bundle now.
    pub poll: Poll,
    /// The snapshots that were in force, and the way to return to one.
    pub snapshots: Snapshots,
}

/// Starts a download of the bundle that it is given the name of.
pub type Poll = Box<dyn Fn(String) -> Polled + Send + Sync>;

/// The end of a download.
pub type Polled = Pin<Box<dyn Future<Output = Result<(), PollError>> + Send>>;

/// The snapshots of the instance.
#[derive(Debug, Clone)]
pub struct Snapshots {
    /// What is told of them.
    pub status: watch::Receiver<Status>,
    /// The way to pin one.
    pub control: Control,
}

/// How a plugin is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It works.
    Ok,
    /// It does not yet, or no longer.
    NotReady,
}

/// The API. One serves all listeners.
pub struct Rest {
    config: Config,
    asking: Asking,
    edits: Edits,
    log: Option<Producer>,
    http: Arc<HttpMetrics>,
    admin: Router,
    seams: Seams,
    /// Whether all plugins were ready at once, once.
    were_ready: AtomicBool,
    requests: AtomicU64,
}

/// Which of the listeners a request came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Listener {
    Api,
    Diagnostic,
}

/// A request as it is served.
#[derive(Debug)]
struct Call {
    method: Method,
    headers: HeaderMap,
    params: Params,
    payload: Payload,
    /// Whether the answer may be compressed.
    compressed: bool,
    client: Client,
    number: u64,
    began: Instant,
    arrived: SystemTime,
}

// === impl Rest ===

impl Rest {
    /// Starts the API's threads.
    pub fn start(config: Config, parts: Parts) -> io::Result<Arc<Self>> {
        let nd_builtin_cache = config.nd_builtin_cache && parts.log.is_some();
        let asking = Asking::new(
            parts.policy,
            Pool::start()?,
            parts.outside,
            nd_builtin_cache,
        );
        Ok(Arc::new(Self {
            config,
            asking,
            edits: parts.edits,
            log: parts.log,
            http: parts.http,
            admin: parts.admin,
            seams: parts.seams,
            were_ready: AtomicBool::new(false),
            requests: AtomicU64::new(0),
        }))
    }

    /// What `--addr` serves.
    pub fn api(self: &Arc<Self>) -> Router {
        let rest = Arc::clone(self);
        Router::new().fallback(serve_api).with_state(rest)
    }

    /// What `--diagnostic-addr` serves: health and metrics alone.
    pub fn diagnostic(self: &Arc<Self>) -> Router {
        let rest = Arc::clone(self);
        Router::new().fallback(serve_diagnostic).with_state(rest)
    }

    async fn serve(&self, listener: Listener, request: Request) -> Response {
        let began = Instant::now();
        let method = request.method().clone();
        let varies = route::is_compressed(&method, request.uri().path());
        let routed = match route::route(&method, request.uri()) {
            Routed::Serve(route) if listener == Listener::Api || route.is_diagnostic() => {
                Routed::Serve(route)
            }
            Routed::Serve(_) => Routed::Answer(
                None,
                answer::line(StatusCode::NOT_FOUND, "404 page not found\n"),
            ),
            answer @ Routed::Answer(..) => answer,
        };
        let (label, served) = match routed {
            Routed::Serve(route) => (route.label(), self.admit(route, request, began).await),
            Routed::Answer(label, response) => {
                // Where a path leads without its last slash, and that nothing has a head alone, is no secret.
                let told =
                    response.status() == StatusCode::MOVED_PERMANENTLY || method == Method::HEAD;
                let (head, _) = request.into_parts();
                let authorized = if told {
                    Ok(())
                } else {
                    self.authorize(&head, None).await
                };
                (label, authorized.map(|()| response))
            }
        };
        let response = served.unwrap_or_else(Refusal::into_response);
        let (status, took) = (response.status().as_u16(), began.elapsed());
        if self.config.authorization.is_some() {
            self.http.observe("authz", method.as_str(), status, took);
        }
        if let Some(label) = label {
            self.http.observe(label, method.as_str(), status, took);
        }
        if varies {
            return answer::varying(response);
        }
        response
    }

    /// Serves a request that may be served.
    async fn admit(
        &self,
        route: Route,
        request: Request,
        began: Instant,
    ) -> Result<Response, Refusal> {
        if route == Route::Admin {
            let (head, body) = request.into_parts();
            if head.method != Method::HEAD {
                self.authorize(&head, None).await?;
            }
            let request = Request::from_parts(head, body);
            let served = self.admin.clone().oneshot(request).await;
            return Ok(served.unwrap_or_else(|never| match never {}));
        }
        let (head, body) = request.into_parts();
        let shows_body = self.config.authorization.is_some() && route.shows_body();
        if !shows_body {
            // Nobody who may not ask makes this program read a body.
            self.authorize(&head, None).await?;
        }
        let payload = body::receive(&head.headers, body, &self.config.decoding).await?;
        if shows_body {
            let shown = (head.method == Method::POST).then(|| self.document(&payload));
            let shown = match shown {
                Some(shown) => shown.await.map_err(Refusal::of_shown_body)?,
                None => None,
            };
            self.authorize(&head, shown).await?;
        }
        self.answer(route, head, payload, began).await
    }

    async fn answer(
        &self,
        route: Route,
        head: Head,
        payload: Payload,
        began: Instant,
    ) -> Result<Response, Refusal> {
        let call = Call {
            params: Params::read(head.uri.query().unwrap_or_default()),
            client: head.extensions.get::<Client>().cloned().unwrap_or_default(),
            compressed: route::is_compressed(&head.method, head.uri.path()),
            method: head.method,
            headers: head.headers,
            payload,
            number: self.requests.fetch_add(1, Ordering::Relaxed) + 1,
            began,
            arrived: SystemTime::now(),
        };
        match route {
            Route::Data(names) => self.data(&call, names).await,
            Route::PlainData(names) => self.plain_data(&call, names).await,
            Route::DefaultDecision => {
                let names = self.config.default_decision.clone();
                self.plain_data(&call, names).await
            }
            Route::Query => self.query(&call).await,
            Route::PutData(names) => self.put_data(&call, names).await,
            Route::PatchData(names) => self.patch_data(&call, names).await,
            Route::DeleteData(names) => self.delete_data(names).await,
            Route::Policies => self.policies(&call).await,
            Route::Policy(id) => self.policy(&call, id).await,
            Route::PutPolicy(id) => self.put_policy(&call, id).await,
            Route::DeletePolicy(id) => self.delete_policy(&call, id).await,
            Route::Batch(names) => self.batch(&call, names).await,
            Route::Index => Ok(Self::index()),
            Route::Config => self.shown_config(&call).await,
            Route::Status => self.status(&call).await,
            Route::Poll(name) => self.poll(name).await,
            Route::Snapshots => self.snapshots(&call).await,
            Route::Pin(named) => self.pin(named).await,
            Route::Unpin => Ok(self.unpin().await),
            Route::Health(names) => self.health(names).await,
            Route::Debug(what) => self.debug(&call, &what).await,
            Route::Compile => Err(Refusal::not_built(
                "partial evaluation is not there yet, and with it neither the Compile API nor data filters",
            )),
            Route::Admin => Ok(answer::bare(StatusCode::NOT_FOUND)),
        }
    }

    /// The document that the body is.
    async fn document(&self, payload: &Payload) -> Result<Option<Value>, Refusal> {
        let (payload, decoding) = (payload.clone(), self.config.decoding);
        let read = self.asking.pool.run(move || payload.document(&decoding));
        read.await.map_err(not_done)?
    }

    /// Writes an answer, where there is stack for it.
    async fn render(
        &self,
        call: &Call,
        status: StatusCode,
        body: Json,
    ) -> Result<Response, Refusal> {
        let look = Look {
            pretty: call.params.asks("pretty"),
            gzip: call.compressed && answer::reads_gzip(&call.headers),
        };
        let encoding = self.config.encoding;
        let write = move || look.json(status, &body, &encoding);
        self.asking.pool.run(write).await.map_err(not_done)
    }
}

impl fmt::Debug for Seams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seams").finish_non_exhaustive()
    }
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parts").finish_non_exhaustive()
    }
}

impl fmt::Debug for Rest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rest").finish_non_exhaustive()
    }
}

// === helpers ===

async fn serve_api(extract::State(rest): extract::State<Arc<Rest>>, request: Request) -> Response {
    rest.serve(Listener::Api, request).await
}

async fn serve_diagnostic(
    extract::State(rest): extract::State<Arc<Rest>>,
    request: Request,
) -> Response {
    rest.serve(Listener::Diagnostic, request).await
}

fn not_done(not_done: NotDone) -> Refusal {
    match not_done {
        NotDone::Full => Refusal::overloaded(),
        NotDone::Defect => Refusal::internal("a defect ended the request; please report it"),
    }
}

/// Nanoseconds as JSON has them.
fn nanoseconds(time: Duration) -> i64 {
    i64::try_from(time.as_nanos()).unwrap_or(i64::MAX)
}
