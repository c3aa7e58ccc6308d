//! The client for requests of policies (`http.send`): any method, any host, over TCP, TLS or a Unix socket.
//!
//! It follows redirects when told to, unpacks gzip, and bounds what a response may hold. What may be used again of
//! a response is not its business.

use std::collections::VecDeque;
use std::io::Read as _;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::{FixedServerNameResolver, HttpsConnector};
use hyper_util::client::legacy;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use regate_rego::builtins::Error;
use regate_rego::builtins::http::{Request, Response};
use rustls::RootCertStore;
use rustls::pki_types::ServerName;

use super::connect::Connector;
use super::transport::chain;
use super::trust;

mod exchange;
mod target;

use exchange::Exchange;
use target::Target;

/// The most bytes of a body, unpacked.
const LARGEST: usize = 16 << 20;
/// How many ways of connecting keep their connections.
const POOLS: usize = 32;
/// How many connections to one host are kept when idle.
const IDLE: usize = 32;
/// The pause before a request is tried again, which grows.
const PAUSE: Duration = Duration::from_millis(100);
/// The longest such pause.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// The client. It keeps connections for requests that connect the same way.
#[derive(Debug)]
pub struct Outbound {
    /// The only hosts that may be asked, if any are named.
    allowed: Option<Vec<String>>,
    /// How long a try may take where its request does not say it; zero is no limit.
    timeout: Duration,
    connector: Connector,
    system: OnceLock<RootCertStore>,
    pools: Mutex<VecDeque<Pool>>,
}

/// How connections are made: certificates as PEM text, and where they lead.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Setup {
    /// Whether the server's certificate is believed unseen.
    pub insecure_skip_verify: bool,
    /// The name that the server's certificate must have, in place of the URL's.
    pub server_name: Option<String>,
    /// Whether the authorities of the system are trusted.
    pub system_authorities: bool,
    /// More authorities.
    pub authorities: Vec<Vec<u8>>,
    /// The certificate chain that is shown, and its key.
    pub identity: Option<(Vec<u8>, Vec<u8>)>,
    /// The Unix socket in place of the URL's host.
    socket: Option<PathBuf>,
}

/// Connections that were made the same way.
#[derive(Debug, Clone)]
struct Pool {
    setup: Arc<Setup>,
    connector: Connector,
    http: legacy::Client<HttpsConnector<Connector>, Full<Bytes>>,
}

// === impl Outbound ===

impl Outbound {
    /// A client that asks only the hosts in `allowed`, if any are named, and gives a try `timeout` unless its request
    /// says otherwise; zero is no limit.
    #[must_use]
    pub fn limited_to(allowed: Option<Vec<String>>, timeout: Duration) -> Self {
        Self {
            allowed,
            timeout,
            connector: Connector::new(),
            system: OnceLock::new(),
            pools: Mutex::default(),
        }
    }

    /// Whether `host` may be asked; if not, the words for it.
    pub fn may_reach(&self, host: &str) -> Result<(), String> {
        let host = host.trim_start_matches('[').trim_end_matches(']');
        match &self.allowed {
            Some(allowed) if !allowed.iter().any(|allowed| allowed == host) => {
                Err(format!("disallowed host: {host}"))
            }
            _ => Ok(()),
        }
    }

    /// The response to `request`; tried again when none came, as often as it says.
    ///
    /// What is wrong with the request itself is an [`Error::Type`], that no response came an [`Error::Failed`].
    pub async fn send(&self, request: &Request, mut setup: Setup) -> Result<Response, Error> {
        let target = Target::read(&request.url)?;
        let host = target.uri.host().unwrap_or_default();
        self.may_reach(host).map_err(Error::Type)?;
        setup.socket.clone_from(&target.socket);
        if target.uri.scheme_str() != Some("https") {
            // A name that nobody is asked for shall not tell connections apart.
            setup.server_name = None;
        }
        let pool = self.pool(setup)?;
        let exchange = Exchange::new(request, &target)?;
        let mut pause = PAUSE;
        for _ in 0..request.retries {
            match self.attempt(&pool, exchange.clone(), request).await {
                Err(Error::Failed(_)) => {}
                ended => return ended,
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        self.attempt(&pool, exchange, request).await
    }

    /// The connections of `setup`. Those that were not used for the longest time make way.
    fn pool(&self, setup: Setup) -> Result<Pool, Error> {
        let mut pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        let known = pools.iter().position(|pool| *pool.setup == setup);
        let pool = match known.and_then(|index| pools.remove(index)) {
            Some(pool) => pool,
            None => self.connect(setup).map_err(Error::Type)?,
        };
        pools.push_front(pool.clone());
        pools.truncate(POOLS);
        Ok(pool)
    }

    fn connect(&self, setup: Setup) -> Result<Pool, String> {
        let system = || self.system.get_or_init(trust::system_roots).clone();
        let tls = trust::request_config(&setup, system)?;
        let mut builder = hyper_rustls::HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http();
        if let Some(name) = &setup.server_name {
            let name = ServerName::try_from(name.clone());
            let name = name.map_err(|error| format!("the server's name: {error}"))?;
            builder = builder.with_server_name_resolver(FixedServerNameResolver::new(name));
        }
        let connector = match &setup.socket {
            Some(path) => self.connector.to_socket(path.clone()),
            None => self.connector.clone(),
        };
        let https = builder
            .enable_all_versions()
            .wrap_connector(connector.clone());
        let http = legacy::Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(Duration::from_secs(90))
            .pool_max_idle_per_host(IDLE)
            .http1_title_case_headers(true)
            .build(https);
        Ok(Pool {
            setup: Arc::new(setup),
            connector,
            http,
        })
    }

    /// The response to one try, redirects followed, within the time that `request` gives it.
    async fn attempt(
        &self,
        pool: &Pool,
        exchange: Exchange,
        request: &Request,
    ) -> Result<Response, Error> {
        let attempt = self.follow(pool, exchange, request.follow_redirects);
        let timeout = request.timeout.unwrap_or(self.timeout);
        if timeout.is_zero() {
            return attempt.await;
        }
        let answered = tokio::time::timeout(timeout, attempt).await;
        answered.unwrap_or_else(|_| {
            Err(Error::Failed(format!(
                "request timed out: no response within {timeout:?}"
            )))
        })
    }

    async fn follow(
        &self,
        pool: &Pool,
        mut exchange: Exchange,
        redirects: bool,
    ) -> Result<Response, Error> {
        loop {
            let proxy = pool.connector.plain_proxy_credentials(exchange.uri());
            let sent = pool.http.request(exchange.request(proxy)?).await;
            let (head, body) = sent.map_err(|error| failed(&error))?.into_parts();
            if redirects && exchange.redirected(head.status, &head.headers)? {
                let host = exchange.uri().host().unwrap_or_default();
                self.may_reach(host).map_err(Error::Failed)?;
                continue;
            }
            let body = Limited::new(body, LARGEST).collect().await;
            let body = body.map_err(|error| failed(&*error))?.to_bytes();
            return shown(&exchange, &head, body).await;
        }
    }
}

/// The host that `url` names, for counters and spans; none where it is no URL.
#[must_use]
pub fn host(url: &str) -> String {
    let target = Target::read(url).ok();
    let host = target.as_ref().and_then(|target| target.uri.host());
    host.unwrap_or("none").to_owned()
}

/// The response as policies get it: what was packed for the way is unpacked.
async fn shown(
    exchange: &Exchange,
    head: &http::response::Parts,
    body: Bytes,
) -> Result<Response, Error> {
    let packed = head.headers.get(http::header::CONTENT_ENCODING);
    let packed = packed.is_some_and(|coding| coding.as_bytes().eq_ignore_ascii_case(b"gzip"));
    let unpacks = packed && exchange.asks_for_gzip() && !body.is_empty();
    let body = if unpacks {
        // A little can become much: this takes a while.
        let unpacked = tokio::task::spawn_blocking(move || unpacked(&body)).await;
        unpacked.map_err(|error| failed(&error))??
    } else {
        body.to_vec()
    };
    let hidden = |name: &http::HeaderName| {
        unpacks && matches!(name.as_str(), "content-encoding" | "content-length")
    };
    let headers = head.headers.iter().filter(|(name, _)| !hidden(name));
    let headers = headers.map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes());
        (name.as_str().to_owned(), value.into_owned())
    });
    Ok(Response {
        status: status(head),
        code: head.status.as_u16(),
        headers: headers.collect(),
        body,
    })
}

fn unpacked(body: &[u8]) -> Result<Vec<u8>, Error> {
    let mut unpacked = Vec::new();
    let most = u64::try_from(LARGEST).unwrap_or(u64::MAX);
    let read = MultiGzDecoder::new(body)
        .take(most + 1)
        .read_to_end(&mut unpacked);
    read.map_err(|error| Error::Failed(format!("the body's gzip cannot be unpacked: {error}")))?;
    if unpacked.len() > LARGEST {
        let message = format!("the body has more than {LARGEST} bytes when unpacked");
        return Err(Error::Failed(message));
    }
    Ok(unpacked)
}

/// The status with the server's words for it.
fn status(head: &http::response::Parts) -> String {
    let own = head.extensions.get::<hyper::ext::ReasonPhrase>();
    let words = match own {
        Some(own) => String::from_utf8_lossy(own.as_bytes()).into_owned(),
        None => head
            .status
            .canonical_reason()
            .unwrap_or_default()
            .to_owned(),
    };
    format!("{} {words}", head.status.as_str())
}

fn failed(error: &(dyn std::error::Error + 'static)) -> Error {
    Error::Failed(chain(error))
}

/// Keys must not reach logs.
impl std::fmt::Debug for Setup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Setup").finish_non_exhaustive()
    }
}
