//! From a configuration to bound sockets, from these to acceptors and data threads.

use std::io;
use std::sync::Arc;
use std::sync::mpsc as std_mpsc;
use std::thread;
use std::time::Duration;

use tokio::runtime::{Builder, LocalOptions};
use tokio::sync::mpsc;

use super::connection::Accepted;
use super::worker::{self, MakeHandler, Start};
use super::{BindError, BoundAddress, Config, Routes, Stats, Unary};
use crate::socket::{self, Acceptor, Listener, Stream};
use crate::task::{self, Drain, DrainGuard, Shutdown, ShutdownTrigger};

/// How long an abort waits for threads that are in the middle of a call.
const ABORT_WAIT: Duration = Duration::from_secs(1);

/// Sockets that are bound and that nobody serves yet.
#[derive(Debug)]
pub struct Bound {
    config: Config,
    listeners: Vec<Listener>,
    stats: Arc<Stats>,
}

/// A listener at work. Dropping it cuts every connection; [`Serving::finish`] lets them end.
#[derive(Debug)]
pub struct Serving {
    abort: ShutdownTrigger,
    ended: Drain,
}

/// Why serving could not begin.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// A data thread or its runtime could not be made.
    #[error("cannot start data thread {index}: {source}")]
    Thread {
        /// Which thread.
        index: usize,
        /// What the system said.
        source: io::Error,
    },
    /// A bound socket could not be given to the runtime.
    #[error("cannot accept on `{address}`: {source}")]
    Accept {
        /// Where it is bound.
        address: BoundAddress,
        /// What the system said.
        source: io::Error,
    },
}

/// As many data threads as there are CPUs for them, but no more than two: one thread carries far
/// more than one Envoy asks.
pub fn default_threads() -> usize {
    thread::available_parallelism().map_or(1, |cpus| cpus.get().min(2))
}

/// Binds every address; none is served before all are bound.
pub fn bind(mut config: Config) -> Result<Bound, BindError> {
    config.threads = config.threads.max(1);
    let mut listeners = Vec::new();
    for address in &config.addrs {
        listeners.extend(socket::bind(address)?);
    }
    let stats = Stats::new(config.threads);
    Ok(Bound {
        config,
        listeners,
        stats,
    })
}

// === impl Bound ===

impl Bound {
    /// Where it listens.
    pub fn addresses(&self) -> Vec<BoundAddress> {
        self.listeners
            .iter()
            .map(|listener| listener.address().clone())
            .collect()
    }

    /// What it counts.
    pub fn stats(&self) -> Arc<Stats> {
        Arc::clone(&self.stats)
    }

    /// Starts the data threads, and accepts on the current runtime.
    ///
    /// Each thread builds a handler with its index, and another after a panic. Paths that are not
    /// the handler's go to `routes`. `guard` is held until the last thread has ended.
    pub fn serve<H: Unary>(
        self,
        make_handler: impl Fn(usize) -> H + Send + Sync + 'static,
        routes: Routes,
        shutdown: &Shutdown,
        guard: &DrainGuard,
    ) -> Result<Serving, ServeError> {
        let config = Arc::new(self.config);
        let make_handler: MakeHandler<H> = Arc::new(make_handler);
        let routes = routes.prepare();
        let (abort, aborted) = task::shutdown();
        let (ended, ending) = task::drain();
        let mut threads = Vec::with_capacity(config.threads);
        for index in 0..config.threads {
            let (sender, connections) = mpsc::unbounded_channel();
            let start = Start {
                config: Arc::clone(&config),
                stats: Arc::clone(&self.stats),
                routes: routes.clone(),
                shutdown: shutdown.clone(),
                abort: aborted.clone(),
                index,
                make_handler: Arc::clone(&make_handler),
                connections,
            };
            start_thread(start, (guard.clone(), ending.clone()))
                .map_err(|source| ServeError::Thread { index, source })?;
            threads.push(sender);
        }
        for listener in self.listeners {
            let address = listener.address().clone();
            let acceptor = listener
                .into_acceptor()
                .map_err(|source| ServeError::Accept { address, source })?;
            let (threads, stats) = (threads.clone(), Arc::clone(&self.stats));
            task::spawn(
                "grpc acceptor",
                accept(acceptor, threads, stats, shutdown.clone()),
            );
        }
        Ok(Serving { abort, ended })
    }
}

// === impl Serving ===

impl Serving {
    /// Waits, after the shutdown was triggered, until every call in flight is answered. What takes
    /// longer than `grace` is cut off; returns whether nothing was.
    pub async fn finish(self, grace: Duration) -> bool {
        let mut ended = Box::pin(self.ended.wait());
        if tokio::time::timeout(grace, &mut ended).await.is_ok() {
            return true;
        }
        self.abort.trigger();
        // A thread in an endless call never sees the abort; it must not hold up the exit.
        let _ = tokio::time::timeout(ABORT_WAIT, ended).await;
        false
    }
}

/// Starts a data thread, and returns when its runtime stands.
fn start_thread<H: Unary>(
    start: Start<H>,
    guards: (DrainGuard, DrainGuard),
) -> Result<(), io::Error> {
    let (name, stack) = (format!("data-{}", start.index), start.config.stack_size);
    let (started, result) = std_mpsc::sync_channel(1);
    let run = move || {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build_local(LocalOptions::default());
        match runtime {
            Ok(runtime) => {
                let _ = started.send(Ok(()));
                runtime.block_on(worker::run(start));
            }
            Err(error) => {
                let _ = started.send(Err(error));
            }
        }
        drop(guards);
    };
    thread::Builder::new()
        .name(name)
        .stack_size(stack)
        .spawn(run)?;
    result
        .recv()
        .unwrap_or_else(|_| Err(io::Error::other("the thread panicked")))
}

/// Hands each connection to the thread with the fewest, until the shutdown.
async fn accept(
    mut acceptor: Acceptor,
    threads: Vec<mpsc::UnboundedSender<Accepted>>,
    stats: Arc<Stats>,
    mut shutdown: Shutdown,
) {
    loop {
        tokio::select! {
            () = shutdown.wait() => return,
            stream = acceptor.accept(&stats.accept_errors) => hand_over(stream, &threads, &stats),
        }
    }
}

fn hand_over(stream: Stream, threads: &[mpsc::UnboundedSender<Accepted>], stats: &Arc<Stats>) {
    let counted = stats.connect();
    let thread = counted.thread();
    let sent = stream.detach().map(|stream| {
        threads
            .get(thread)
            .is_some_and(|queue| queue.send(Accepted { stream, counted }).is_ok())
    });
    match sent {
        Ok(true) => {}
        Ok(false) => tracing::error!(thread, "A data thread is gone; its connection is dropped."),
        Err(error) => tracing::debug!(thread, %error, "A connection was lost on its way."),
    }
}
