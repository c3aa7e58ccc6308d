//! What is counted of `http.send`: by host, and of its cache.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::cache::Size;
use crate::telemetry::metrics::{Exposition, Histogram};

/// Bounds in seconds.
const BUCKETS: [f64; 9] = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0];

/// How many hosts are told apart: whoever sends requests must not be able to invent labels without end.
const HOSTS: usize = 64;

/// All further ones.
const OTHERS: &str = "other";

/// The counters.
#[derive(Debug, Default)]
pub(super) struct Counts {
    hits: AtomicU64,
    misses: AtomicU64,
    hosts: Mutex<BTreeMap<String, Host>>,
}

#[derive(Debug)]
struct Host {
    responses: Histogram,
    failures: u64,
}

// === impl Counts ===

impl Counts {
    /// Counts a request to `host` that took so long and got a response or none.
    pub(super) fn sent(&self, host: &str, length: Duration, responded: bool) {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = !hosts.contains_key(host);
        let host = if is_new && hosts.len() >= HOSTS {
            OTHERS
        } else {
            host
        };
        let host = hosts.entry(host.to_owned()).or_default();
        if responded {
            host.responses.observe(length);
        } else {
            host.failures += 1;
        }
    }

    /// Counts a look into the cache.
    pub(super) fn looked_up(&self, found: bool) {
        let count = if found { &self.hits } else { &self.misses };
        count.fetch_add(1, Ordering::Relaxed);
    }

    /// Writes them, with what the cache holds.
    pub(super) fn collect(&self, size: Size, out: &mut Exposition) {
        let hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        for (name, host) in hosts.iter() {
            out.histogram(
                "regate_http_send_duration_seconds",
                "Requests of `http.send` until their response was there.",
                &[("host", name)],
                &host.responses,
            );
            out.counter(
                "regate_http_send_failures_total",
                "Requests of `http.send` that got no response.",
                &[("host", name)],
                host.failures,
            );
        }
        for (name, help, count) in [
            (
                "regate_http_send_cache_hits_total",
                "Calls of `http.send` that may be answered from the cache, and were.",
                &self.hits,
            ),
            (
                "regate_http_send_cache_misses_total",
                "Calls of `http.send` that may be answered from the cache, and were not.",
                &self.misses,
            ),
        ] {
            out.counter(name, help, &[], count.load(Ordering::Relaxed));
        }
        let entries = u64::try_from(size.entries).unwrap_or(u64::MAX);
        for (name, help, value) in [
            (
                "regate_http_send_cache_bytes",
                "Bytes that the responses take which are kept.",
                size.bytes,
            ),
            (
                "regate_http_send_cache_entries",
                "Responses that are kept.",
                entries,
            ),
        ] {
            let value = u32::try_from(value).map_or(f64::MAX, f64::from);
            out.gauge(name, help, &[], value);
        }
    }
}

// === impl Host ===

impl Default for Host {
    fn default() -> Self {
        Self {
            responses: Histogram::new(&BUCKETS),
            failures: 0,
        }
    }
}
