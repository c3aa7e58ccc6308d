//! What policies may learn of the world beyond their data: responses to `http.send`, addresses of names.
//!
//! Questions come from evaluations that were ended by them; nothing here is waited for on the Check path. What is
//! kept from earlier answers is told there at once.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use tokio::net::lookup_host;
use tokio::time::timeout_at;

use crate::data::Value;
use crate::engine::{Answer, Known, NoAnswer, Question};
use crate::http::client::outbound::Outbound;
use crate::telemetry::metrics::Exposition;

mod cache;
mod flights;
mod freshness;
mod send;

pub use cache::CacheConfig;

use cache::Cache;
use flights::Flights;

/// Answers questions. Clones share what is kept.
#[derive(Debug, Clone)]
pub struct Outside(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    outbound: Outbound,
    cache: Cache,
    flights: Flights,
    counts: Counts,
}

/// What is shown of it.
#[derive(Debug, Default)]
struct Counts {
    sent: AtomicU64,
    failed: AtomicU64,
    hits: AtomicU64,
    misses: AtomicU64,
}

// === impl Outside ===

impl Outside {
    /// Keeps responses as `cache` says.
    #[must_use]
    pub fn new(cache: CacheConfig) -> Self {
        Self::limited_to(None, cache)
    }

    /// The same, where only the hosts in `allowed` may be asked and asked for, if any are named.
    #[must_use]
    pub fn limited_to(allowed: Option<Vec<String>>, cache: CacheConfig) -> Self {
        Self(Arc::new(Inner {
            outbound: Outbound::limited_to(allowed),
            cache: Cache::new(cache),
            flights: Flights::default(),
            counts: Counts::default(),
        }))
    }

    /// What evaluations may use without waiting.
    #[must_use]
    pub fn known(&self) -> Arc<dyn Known> {
        Arc::clone(&self.0) as _
    }

    /// The answer, by `deadline`.
    pub async fn answer(&self, question: Question, deadline: Instant) -> Answer {
        let answered = async {
            match question {
                Question::Addresses(name) => self.0.addresses(&name).await,
                Question::HttpSend(Value::Object(asked)) => self.0.send(&asked).await,
                Question::HttpSend(_) => Err(NoAnswer::Type("operand 1 must be object".to_owned())),
            }
        };
        let answered = timeout_at(deadline.into(), answered).await;
        answered.unwrap_or(Err(NoAnswer::Cancelled))
    }

    /// Writes what was counted.
    pub fn collect(&self, out: &mut Exposition) {
        let (size, counts) = (self.0.cache.size(), &self.0.counts);
        for (name, help, count) in [
            (
                "regate_http_send_requests_total",
                "Requests of `http.send` that were sent and got a response.",
                &counts.sent,
            ),
            (
                "regate_http_send_failures_total",
                "Requests of `http.send` that got no response.",
                &counts.failed,
            ),
            (
                "regate_http_send_cache_hits_total",
                "Calls of `http.send` with `cache` or `force_cache` that were answered from the cache.",
                &counts.hits,
            ),
            (
                "regate_http_send_cache_misses_total",
                "Calls of `http.send` with `cache` or `force_cache` that were not.",
                &counts.misses,
            ),
        ] {
            out.counter(name, help, &[], count.load(Ordering::Relaxed));
        }
        let bytes = u32::try_from(size.bytes).map_or(f64::MAX, f64::from);
        let entries = u32::try_from(size.entries).map_or(f64::MAX, f64::from);
        out.gauge(
            "regate_http_send_cache_bytes",
            "Bytes of the responses that are kept.",
            &[],
            bytes,
        );
        out.gauge(
            "regate_http_send_cache_entries",
            "Responses that are kept.",
            &[],
            entries,
        );
    }
}

impl Default for Outside {
    fn default() -> Self {
        Self::new(CacheConfig::default())
    }
}

// === impl Inner ===

impl Inner {
    async fn addresses(&self, name: &str) -> Answer {
        self.outbound.may_reach(name).map_err(NoAnswer::Failed)?;
        let found = lookup_host((name, 0)).await;
        let found = found.map_err(|error| NoAnswer::Failed(format!("lookup {name}: {error}")))?;
        let text = |address: SocketAddr| Value::from(address.ip().to_string());
        Ok(Value::Set(found.map(text).collect()))
    }
}

impl Known for Inner {
    fn known(&self, question: &Question) -> Option<Answer> {
        match question {
            Question::HttpSend(Value::Object(asked)) => self.kept(asked).map(Ok),
            Question::HttpSend(_) | Question::Addresses(_) => None,
        }
    }
}

// === impl Counts ===

impl Counts {
    fn sent(&self, responded: bool) {
        let count = if responded { &self.sent } else { &self.failed };
        count.fetch_add(1, Ordering::Relaxed);
    }

    fn looked_up(&self, found: bool) {
        let count = if found { &self.hits } else { &self.misses };
        count.fetch_add(1, Ordering::Relaxed);
    }
}
