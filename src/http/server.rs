//! The server under the HTTP APIs: HTTP/1.1, HTTP/2 where asked for, TLS, on addresses as OPA
//! spells them. What is served is a router of the rooms above.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::service::Service as _;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::ListenConfig;
use crate::socket::{self, AcceptErrors, Acceptor, BoundAddress, Listener, Stream};
use crate::task::{self, DrainGuard, Shutdown};
use crate::tls;

mod address;

pub use address::BindError;

/// How long a client may take for its TLS handshake.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a client may take for the head of a request. It counts from the answer before, so it is
/// longer than what scrapers and probes wait between two requests.
const HEAD_TIMEOUT: Duration = Duration::from_secs(90);

/// Connections served at once per address; more wait in the socket's queue.
const MAX_CONNECTIONS: usize = 1024;

/// Sockets that are bound and that nobody serves yet.
#[derive(Debug)]
pub struct Bound {
    listeners: Vec<(Listener, Protocol)>,
    reloader: Option<tls::Reloader>,
}

/// What is spoken on a socket.
#[derive(Debug, Clone)]
enum Protocol {
    Plain { h2c: bool },
    Tls(tls::Acceptor),
}

/// Which HTTP is spoken on a connection. It is guessed from the first bytes only where it must be,
/// for a client that sends none is not timed out by the guess.
#[derive(Debug, Clone, Copy)]
enum Version {
    Http1,
    Http2,
    Either,
}

/// Who is at the other end of a connection, as an extension of each of its requests.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Client {
    /// The address; none over a UNIX domain socket.
    pub address: Option<SocketAddr>,
    /// The certificates that were shown and verified, in DER, the client's own first.
    pub certificates: Arc<[Vec<u8>]>,
}

/// Binds every address; none is served before all are bound.
pub fn bind(config: &ListenConfig) -> Result<Bound, BindError> {
    let reloader = config
        .tls
        .clone()
        .map(|tls| tls::Reloader::new(tls, tls::Protocols::Http))
        .transpose()?;
    let mut listeners = Vec::new();
    for text in &config.addrs {
        let (address, secured) = address::parse(text, reloader.is_some(), config.unix_socket_mode)?;
        let protocol = match (&reloader, secured) {
            (Some(reloader), true) => Protocol::Tls(reloader.acceptor()),
            _ => Protocol::Plain { h2c: config.h2c },
        };
        let bound = socket::bind(&address)?;
        listeners.extend(
            bound
                .into_iter()
                .map(|listener| (listener, protocol.clone())),
        );
    }
    Ok(Bound {
        listeners,
        reloader,
    })
}

// === impl Bound ===

impl Bound {
    /// Where it listens.
    pub fn addresses(&self) -> Vec<BoundAddress> {
        self.listeners
            .iter()
            .map(|(listener, _)| listener.address().clone())
            .collect()
    }

    /// Serves `router` on the current runtime until the shutdown, and finishes what is in flight.
    /// `guard` is held until the last connection has ended.
    pub fn serve(self, router: &Router, shutdown: &Shutdown, guard: &DrainGuard) -> io::Result<()> {
        for (listener, protocol) in self.listeners {
            let site = Site {
                router: router.clone(),
                protocol,
                shutdown: shutdown.clone(),
                guard: guard.clone(),
            };
            task::spawn("http acceptor", accept(listener.into_acceptor()?, site));
        }
        if let Some(reloader) = self.reloader {
            task::spawn("http certificate reload", reloader.run(shutdown.clone()));
        }
        Ok(())
    }
}

/// What the connections of one socket share.
#[derive(Clone)]
struct Site {
    router: Router,
    protocol: Protocol,
    shutdown: Shutdown,
    guard: DrainGuard,
}

async fn accept(mut acceptor: Acceptor, site: Site) {
    let errors = AcceptErrors::default();
    let room = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut shutdown = site.shutdown.clone();
    loop {
        let next = async {
            // The semaphore is never closed, so there always is a permit in the end.
            let permit = Arc::clone(&room).acquire_owned().await.ok();
            (acceptor.accept(&errors).await, permit)
        };
        tokio::select! {
            () = shutdown.wait() => return,
            (stream, permit) = next => {
                tokio::spawn(site.clone().serve(stream, permit));
            }
        }
    }
}

// === impl Client ===

impl Client {
    /// The address as logs have it; empty where there is none.
    #[must_use]
    pub fn address(&self) -> String {
        self.address
            .map_or_else(String::new, |address| address.to_string())
    }
}

// === impl Site ===

impl Site {
    async fn serve(self, stream: Stream, _permit: Option<OwnedSemaphorePermit>) {
        let client = Client {
            address: stream.peer(),
            ..Client::default()
        };
        let served = match &self.protocol {
            Protocol::Plain { h2c: false } => self.serve_http(stream, client, Version::Http1).await,
            Protocol::Plain { h2c: true } => self.serve_http(stream, client, Version::Either).await,
            Protocol::Tls(tls) => self.serve_tls(tls, stream, client).await,
        };
        if let Err(error) = served {
            tracing::debug!(error, "An HTTP connection ended with an error.");
        }
        drop(self.guard);
    }

    async fn serve_tls(
        &self,
        tls: &tls::Acceptor,
        stream: Stream,
        mut client: Client,
    ) -> ServeResult {
        let mut shutdown = self.shutdown.clone();
        let stream = tokio::select! {
            shaken = tokio::time::timeout(HANDSHAKE_TIMEOUT, tls.accept(stream)) => shaken??,
            () = shutdown.wait() => return Ok(()),
        };
        let version = if tls::is_h2(&stream) {
            Version::Http2
        } else {
            Version::Http1
        };
        client.certificates = tls::peer_certificates(&stream).into();
        self.serve_http(stream, client, version).await
    }

    async fn serve_http<S>(&self, stream: S, client: Client, version: Version) -> ServeResult
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let service = TowerToHyperService::new(self.router.clone());
        let service = hyper::service::service_fn(move |mut request: hyper::Request<_>| {
            request.extensions_mut().insert(client.clone());
            service.call(request)
        });
        let builder = builder(version);
        let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
        let mut shutdown = self.shutdown.clone();
        tokio::select! {
            ended = connection.as_mut() => ended,
            () = shutdown.wait() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        }
    }
}

type ServeResult = Result<(), Box<dyn std::error::Error + Send + Sync>>;

fn builder(version: Version) -> auto::Builder<TokioExecutor> {
    let builder = auto::Builder::new(TokioExecutor::new());
    let mut builder = match version {
        Version::Http1 => builder.http1_only(),
        Version::Http2 => builder.http2_only(),
        Version::Either => builder,
    };
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(HEAD_TIMEOUT)
        .keep_alive_timeout(HANDSHAKE_TIMEOUT);
    builder
}

#[cfg(test)]
mod tests;
