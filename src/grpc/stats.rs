//! Counters of the data listener, read when metrics are asked for.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use crate::socket::AcceptErrors;

/// What the data listener counts.
#[derive(Debug)]
pub struct Stats {
    connections: Box<[AtomicUsize]>,
    in_flight: AtomicUsize,
    refused: AtomicU64,
    panics: AtomicU64,
    handshake_failures: AtomicU64,
    pub(super) accept_errors: AcceptErrors,
}

/// A live connection of one thread, for as long as it is held.
#[derive(Debug)]
pub(super) struct CountedConnection {
    stats: Arc<Stats>,
    thread: usize,
}

/// A call in flight, for as long as it is held.
#[derive(Debug)]
pub(super) struct CountedCall(Arc<Stats>);

// === impl Stats ===

impl Stats {
    pub(super) fn new(threads: usize) -> Arc<Self> {
        Arc::new(Self {
            connections: (0..threads).map(|_| AtomicUsize::new(0)).collect(),
            in_flight: AtomicUsize::new(0),
            refused: AtomicU64::new(0),
            panics: AtomicU64::new(0),
            handshake_failures: AtomicU64::new(0),
            accept_errors: AcceptErrors::default(),
        })
    }

    /// Live connections of each data thread.
    pub fn connections(&self) -> impl Iterator<Item = usize> {
        self.connections
            .iter()
            .map(|count| count.load(Ordering::Relaxed))
    }

    /// Calls whose headers were read and that are not answered yet.
    pub fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// Calls refused because too many were in flight.
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// Calls in which the handler panicked.
    pub fn panics(&self) -> u64 {
        self.panics.load(Ordering::Relaxed)
    }

    /// TLS handshakes that failed or took too long.
    pub fn handshake_failures(&self) -> u64 {
        self.handshake_failures.load(Ordering::Relaxed)
    }

    /// Errors of accepting connections, such as running out of file descriptors.
    pub fn accept_errors(&self) -> u64 {
        self.accept_errors.get()
    }

    pub(super) fn panicked(&self) {
        self.panics.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn handshake_failed(&self) {
        self.handshake_failures.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a connection on the thread that has the fewest.
    pub(super) fn connect(self: &Arc<Self>) -> CountedConnection {
        let loads = self.connections().enumerate();
        let thread = loads
            .min_by_key(|(_, count)| *count)
            .map_or(0, |(thread, _)| thread);
        if let Some(count) = self.connections.get(thread) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        CountedConnection {
            stats: Arc::clone(self),
            thread,
        }
    }

    /// Counts a call, unless `max` are in flight already.
    pub(super) fn admit(self: &Arc<Self>, max: usize) -> Option<CountedCall> {
        // Made first, so that its drop takes the count back in both cases.
        let call = CountedCall(Arc::clone(self));
        if self.in_flight.fetch_add(1, Ordering::Relaxed) < max {
            return Some(call);
        }
        self.refused.fetch_add(1, Ordering::Relaxed);
        None
    }
}

// === impl CountedConnection ===

impl CountedConnection {
    /// The thread that it was counted on.
    pub(super) fn thread(&self) -> usize {
        self.thread
    }
}

impl Drop for CountedConnection {
    fn drop(&mut self) {
        if let Some(count) = self.stats.connections.get(self.thread) {
            count.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl Drop for CountedCall {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_go_where_the_fewest_are() {
        let stats = Stats::new(3);
        let mut held: Vec<_> = (0..7).map(|_| stats.connect()).collect();
        assert_eq!(stats.connections().collect::<Vec<_>>(), [3, 2, 2]);
        held.retain(|connection| connection.thread() != 1);
        assert_eq!(stats.connect().thread(), 1);
        assert_eq!(stats.connections().collect::<Vec<_>>(), [3, 0, 2]);
    }

    #[test]
    fn a_refused_call_is_not_in_flight() {
        let stats = Stats::new(1);
        let one = stats.admit(1);
        assert!(one.is_some() && stats.admit(1).is_none() && stats.admit(1).is_none());
        assert_eq!((stats.in_flight(), stats.refused()), (1, 2));
        drop(one);
        assert_eq!(stats.in_flight(), 0);
        assert!(stats.admit(1).is_some());
    }
}
