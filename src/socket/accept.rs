//! Accepting: an error never ends it, and one that lasts does not spin.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};

use super::{Acceptor, BoundAddress, RuntimeSocket, Stream};

const FIRST_PAUSE: Duration = Duration::from_millis(5);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// After which silence a TCP peer is asked whether it is still there, and how often.
const KEEP_ALIVE: Duration = Duration::from_secs(30);

/// Counts the errors of accepting.
#[derive(Debug, Default)]
pub struct AcceptErrors(AtomicU64);

/// How long to wait after the next error.
#[derive(Debug)]
pub(super) struct Backoff {
    pause: Duration,
}

// === impl Acceptor ===

impl Acceptor {
    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> &BoundAddress {
        &self.address
    }

    /// Waits for a connection, however many errors come before it.
    ///
    /// May be dropped while it waits; no connection is lost by that.
    pub async fn accept(&mut self, errors: &AcceptErrors) -> Stream {
        loop {
            match self.accept_one().await {
                Ok(stream) => {
                    self.backoff = Backoff::default();
                    return stream;
                }
                // The peer gave up while it stood in the queue; the next may be fine.
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                Err(error) => {
                    errors.0.fetch_add(1, Ordering::Relaxed);
                    let pause = self.backoff.next();
                    tracing::error!(
                        address = %self.address,
                        %error,
                        retry_in = ?pause,
                        "A connection could not be accepted."
                    );
                    // Out of file descriptors or memory: only time, or others, can help.
                    tokio::time::sleep(pause).await;
                }
            }
        }
    }

    async fn accept_one(&self) -> io::Result<Stream> {
        match &self.socket {
            RuntimeSocket::Tcp(socket) => {
                let (stream, _) = socket.accept().await?;
                // Failures cost latency only, and the connection is likely gone already.
                let _ = stream.set_nodelay(true);
                // The kernel finds out whether a silent peer is still there, at no cost per call.
                let probes = TcpKeepalive::new()
                    .with_time(KEEP_ALIVE)
                    .with_interval(KEEP_ALIVE);
                let _ = SockRef::from(&stream).set_tcp_keepalive(&probes);
                Ok(Stream::Tcp(stream))
            }
            RuntimeSocket::Unix(socket) => Ok(Stream::Unix(socket.accept().await?.0)),
        }
    }
}

// === impl AcceptErrors ===

impl AcceptErrors {
    /// How many there were.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

// === impl Backoff ===

impl Default for Backoff {
    fn default() -> Self {
        Self { pause: FIRST_PAUSE }
    }
}

impl Backoff {
    fn next(&mut self) -> Duration {
        let pause = self.pause;
        self.pause = (pause * 2).min(LONGEST_PAUSE);
        pause
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_second() {
        let mut backoff = Backoff::default();
        let pauses: Vec<_> = (0..10).map(|_| backoff.next().as_millis()).collect();
        assert_eq!(pauses, [5, 10, 20, 40, 80, 160, 320, 640, 1000, 1000]);
    }
}
