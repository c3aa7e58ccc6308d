//! What policies may learn of the world beyond their data: responses to `http.send`, addresses of names.
//!
//! Questions come from evaluations that were ended by them; nothing here is waited for on the Check path. What is
//! kept from earlier answers is told there at once.

use std::fmt;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use tokio::net::lookup_host;
use tokio::time::timeout_at;

use crate::data::Value;
use crate::engine::{Answer, Known, NoAnswer, Question};
use crate::http::client::outbound::Outbound;
use crate::telemetry::metrics::Exposition;
use crate::telemetry::trace::Parent;

mod cache;
mod counts;
mod flights;
mod freshness;
mod send;

pub use cache::CacheConfig;

use cache::Cache;
use counts::Counts;
use flights::Flights;

/// How long a response to `http.send` is waited for where neither its request nor the environment says it.
pub const TIMEOUT: Duration = Duration::from_secs(5);

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

/// What this program knows of itself, by name. It answers at once, on any thread.
pub type Facts = Box<dyn Fn(&str) -> Option<Value> + Send + Sync>;

struct Beside {
    inner: Arc<Inner>,
    facts: Facts,
}

// === impl Outside ===

impl Outside {
    /// Keeps responses as `cache` says, and waits for one for `timeout` where its request does not say how long; zero
    /// is no limit.
    #[must_use]
    pub fn new(cache: CacheConfig, timeout: Duration) -> Self {
        Self::limited_to(None, cache, timeout)
    }

    /// The same, where only the hosts in `allowed` may be asked and asked for, if any are named.
    #[must_use]
    pub fn limited_to(allowed: Option<Vec<String>>, cache: CacheConfig, timeout: Duration) -> Self {
        Self(Arc::new(Inner {
            outbound: Outbound::limited_to(allowed, timeout),
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

    /// The same, and what `facts` knows by name.
    #[must_use]
    pub fn known_beside(&self, facts: Facts) -> Arc<dyn Known> {
        let inner = Arc::clone(&self.0);
        Arc::new(Beside { inner, facts })
    }

    /// The answer, by `deadline`. What is sent for it belongs below `parent`.
    pub async fn answer(
        &self,
        question: Question,
        deadline: Instant,
        parent: Option<&Parent>,
    ) -> Answer {
        let answered = async {
            match question {
                Question::Addresses(name) => self.0.addresses(&name).await,
                Question::HttpSend(Value::Object(asked)) => self.0.send(&asked, parent).await,
                Question::HttpSend(_) => Err(NoAnswer::Type("operand 1 must be object".to_owned())),
                // What is known by name is known at once, or not at all.
                Question::Host(_) => Err(NoAnswer::Undefined),
            }
        };
        let answered = timeout_at(deadline.into(), guarded(answered)).await;
        answered.unwrap_or(Err(NoAnswer::Cancelled))
    }

    /// Writes what was counted.
    pub fn collect(&self, out: &mut Exposition) {
        self.0.counts.collect(self.0.cache.size(), out);
    }
}

impl Default for Outside {
    fn default() -> Self {
        Self::new(CacheConfig::default(), TIMEOUT)
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
            Question::HttpSend(_) | Question::Addresses(_) | Question::Host(_) => None,
        }
    }
}

impl Known for Beside {
    fn known(&self, question: &Question) -> Option<Answer> {
        match question {
            Question::Host(name) => Some((self.facts)(name).ok_or(NoAnswer::Undefined)),
            other => self.inner.known(other),
        }
    }
}

impl fmt::Debug for Beside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Beside")
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}

/// A defect on the way to an answer must not take the Check with it, which would be refused without a record. The
/// evaluation ends with an error, strict or not.
async fn guarded(answered: impl Future<Output = Answer>) -> Answer {
    let caught = AssertUnwindSafe(answered).catch_unwind().await;
    caught.unwrap_or_else(|_| {
        tracing::error!("A defect ended what a policy asked of the world; the evaluation fails.");
        let text = "a defect stopped what was asked of the world; please report it";
        Err(NoAnswer::Halt(text.to_owned()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_defect_is_an_answer_that_ends_the_evaluation() {
        let answer = guarded(async { panic!("a defect") }).await;
        assert!(matches!(answer, Err(NoAnswer::Halt(_))), "{answer:?}");
    }
}
