//! One connection: the handshake, then HTTP/2 until it ends or the process does.

use std::cell::Cell;
use std::io;
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use hyper::rt::Executor;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};

use super::authority::Readable;
use super::stats::CountedConnection;
use super::worker::Worker;
use super::{Config, Unary, call};
use crate::socket::{Detached, Stream};
use crate::tls;

/// How long a connection without a single call may take to agree to its end.
const SILENCE: Duration = Duration::from_secs(1);

/// Twice what h2 reckons a frame of DATA costs that is small, not the last of its stream, and unread. A connection
/// on which such frames take up half of its window is ended, as an attack.
const SMALL_FRAME: u32 = 2 * 256;

/// A connection on its way to its thread.
pub(super) struct Accepted {
    pub(super) stream: Detached,
    pub(super) counted: CountedConnection,
}

/// Runs the streams of a connection as tasks of the same thread.
#[derive(Clone, Copy)]
struct Local;

/// Serves a connection to its end.
pub(super) async fn serve<H: Unary>(worker: &Rc<Worker<H>>, accepted: Accepted) {
    let Accepted { stream, counted } = accepted;
    let served = match (stream.attach(), &worker.config.tls) {
        (Ok(stream), None) => {
            let over_file = stream.is_unix();
            if speaks(worker, &stream).await {
                serve_http2(worker, Readable::new(stream, over_file)).await
            } else {
                Ok(())
            }
        }
        (Ok(stream), Some(tls)) => serve_tls(worker, tls, stream).await,
        (Err(error), _) => Err(error.into()),
    };
    if let Err(error) = served {
        tracing::debug!(
            error,
            thread = counted.thread(),
            "A connection ended with an error."
        );
    }
    drop(counted);
}

type ServeResult = Result<(), Box<dyn std::error::Error + Send + Sync>>;

async fn serve_tls<H: Unary>(
    worker: &Rc<Worker<H>>,
    tls: &tls::Acceptor,
    stream: Stream,
) -> ServeResult {
    let over_file = stream.is_unix();
    let mut shutdown = worker.shutdown.clone();
    let handshake = tokio::time::timeout(worker.config.read_timeout, tls.accept(stream));
    let shaken = tokio::select! {
        shaken = handshake => shaken.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())),
        () = shutdown.wait() => return Ok(()),
    };
    match shaken {
        Ok(stream) => serve_http2(worker, Readable::new(stream, over_file)).await,
        Err(error) => {
            worker.stats.handshake_failed();
            Err(error.into())
        }
    }
}

/// Whether a client that has connected says anything within the time for a message. Those that do
/// not would hold their file descriptors for ever.
async fn speaks<H>(worker: &Rc<Worker<H>>, stream: &Stream) -> bool {
    let mut shutdown = worker.shutdown.clone();
    tokio::select! {
        spoke = tokio::time::timeout(worker.config.read_timeout, stream.readable()) => {
            matches!(spoke, Ok(Ok(())))
        }
        () = shutdown.wait() => false,
    }
}

async fn serve_http2<H, S>(worker: &Rc<Worker<H>>, stream: S) -> ServeResult
where
    H: Unary,
    S: AsyncRead + AsyncWrite + Unpin + 'static,
{
    let used = Cell::new(false);
    let service = service_fn(|request| {
        used.set(true);
        call::answer(worker, request)
    });
    let connection = builder(&worker.config).serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    let mut shutdown = worker.shutdown.clone();
    tokio::select! {
        biased;
        ended = connection.as_mut() => return ended.map_err(Into::into),
        () = shutdown.wait() => connection.as_mut().graceful_shutdown(),
    }
    let silence = async {
        tokio::time::sleep(SILENCE).await;
        if used.get() {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        ended = connection => ended.map_err(Into::into),
        // One that never said anything does not answer the GOAWAY either.
        () = silence => Ok(()),
    }
}

/// The window of a connection with so many streams.
fn window(streams: u32) -> u32 {
    const LEAST: u32 = 1 << 20;
    /// RFC 9113, section 6.9.1.
    const MOST: u32 = i32::MAX.cast_unsigned();
    // Some clients put the length in a frame of its own, before the message.
    let frames = streams.saturating_mul(2);
    frames.saturating_mul(SMALL_FRAME).clamp(LEAST, MOST)
}

fn builder(config: &Config) -> http2::Builder<Local> {
    let mut builder = http2::Builder::new(Local);
    builder
        .timer(TokioTimer::new())
        .auto_date_header(false)
        .max_concurrent_streams(config.max_concurrent_streams)
        // All streams may open at once with a message that is followed by an empty frame of its own.
        .initial_connection_window_size(window(config.max_concurrent_streams))
        // A burst of timeouts in Envoy resets many streams at once. Taken for an attack, as the
        // default of 20 does, it would cost every other call of the connection its answer.
        .max_pending_accept_reset_streams(config.max_concurrent_streams as usize)
        .keep_alive_interval(config.keep_alive);
    builder
}

// === impl Local ===

impl<F> Executor<F> for Local
where
    F: Future + 'static,
    F::Output: 'static,
{
    fn execute(&self, future: F) {
        tokio::task::spawn_local(future);
    }
}
