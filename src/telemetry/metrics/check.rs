//! What data threads count: one recorder a thread, plain stores, summed up at the scrape.

use std::cell::Cell;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use super::{Exposition, Histogram};

/// Buckets of our own histograms, in seconds: from what a cached decision takes to a time-out.
const BUCKETS: [f64; 17] = [
    5e-6, 1e-5, 2.5e-5, 5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 1e-2, 2.5e-2, 5e-2, 0.1,
    0.25, 0.5, 1.0,
];

/// How many different error codes a thread can tell apart; there are fewer.
const CODES: usize = 48;

/// The name for codes beyond [`CODES`].
const OTHER: &str = "other";

/// The metrics of all Checks.
#[derive(Debug)]
pub struct CheckMetrics {
    shards: Mutex<Vec<Arc<Shard>>>,
    /// The bounds of the peer's histogram, when its metrics are on.
    peer: Option<Arc<[f64]>>,
}

/// Counts the Checks of one thread.
#[derive(Debug)]
pub struct Recorder {
    shard: Arc<Shard>,
    /// One thread alone may write, since it reads, adds and stores without a lock.
    single: PhantomData<Cell<()>>,
}

/// How a Check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The policy allowed.
    Allowed,
    /// The policy denied.
    Denied,
    /// There was no decision; with the error's stable code.
    Error(&'static str),
}

/// One finished Check.
#[derive(Debug, Clone, Copy)]
pub struct Check {
    /// How it ended.
    pub outcome: Outcome,
    /// From its arrival to its answer.
    pub total: Duration,
    /// Building of the input, when it came so far.
    pub input: Option<Duration>,
    /// Evaluation, when it came so far.
    pub eval: Option<Duration>,
}

/// Its own cache lines: threads must not slow each other down by counting.
#[derive(Debug)]
#[repr(align(128))]
struct Shard {
    begun: AtomicU64,
    ended: AtomicU64,
    allowed: AtomicU64,
    denied: AtomicU64,
    errors: AtomicU64,
    gave_way: AtomicU64,
    differ: AtomicU64,
    codes: [Code; CODES],
    total: Buckets,
    input: Buckets,
    eval: Buckets,
    peer: Option<Buckets>,
}

#[derive(Debug, Default)]
struct Code {
    name: OnceLock<&'static str>,
    count: AtomicU64,
}

#[derive(Debug)]
struct Buckets {
    /// Upper bounds in nanoseconds.
    bounds: Box<[u64]>,
    counts: Box<[AtomicU64]>,
    sum: AtomicU64,
}

// === impl CheckMetrics ===

impl CheckMetrics {
    /// Metrics without a recorder yet; `peer` are the bounds of `grpc_request_duration_seconds`,
    /// whose names are shown only with `enable-performance-metrics`.
    #[must_use]
    pub fn new(peer: Option<&[f64]>) -> Self {
        Self {
            shards: Mutex::default(),
            peer: peer.map(Into::into),
        }
    }

    /// A recorder for one more thread.
    #[must_use]
    pub fn recorder(&self) -> Recorder {
        let shard = Arc::new(Shard::new(self.peer.as_deref()));
        self.shards
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(Arc::clone(&shard));
        Recorder {
            shard,
            single: PhantomData,
        }
    }

    /// How many Checks allowed, denied and ended with an error.
    #[must_use]
    pub fn outcomes(&self) -> (u64, u64, u64) {
        let shards = self.shards.lock().unwrap_or_else(PoisonError::into_inner);
        let sum = |read: fn(&Shard) -> &AtomicU64| -> u64 {
            shards
                .iter()
                .map(|shard| read(shard).load(Ordering::Relaxed))
                .sum()
        };
        (
            sum(|shard| &shard.allowed),
            sum(|shard| &shard.denied),
            sum(|shard| &shard.errors),
        )
    }

    /// Writes the sums of all threads.
    pub fn collect(&self, out: &mut Exposition) {
        let shards = self
            .shards
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let sum = |read: fn(&Shard) -> &AtomicU64| -> u64 {
            shards
                .iter()
                .map(|shard| read(shard).load(Ordering::Relaxed))
                .sum()
        };
        // Ends are read first, so that a Check between the two reads counts as in flight.
        let ended = sum(|shard| &shard.ended);
        let in_flight = sum(|shard| &shard.begun).saturating_sub(ended);
        #[expect(clippy::cast_precision_loss, reason = "never near 2^52")]
        out.gauge(
            "regate_check_in_flight",
            "Checks that are being answered.",
            &[],
            in_flight as f64,
        );
        for (outcome, count) in [
            ("allowed", sum(|shard| &shard.allowed)),
            ("denied", sum(|shard| &shard.denied)),
            ("error", sum(|shard| &shard.errors)),
        ] {
            out.counter(
                "regate_check_decisions_total",
                "Checks by how they ended; an error is a refusal as well.",
                &[("outcome", outcome)],
                count,
            );
        }
        out.counter(
            "regate_check_gave_way_total",
            "Checks whose evaluation took many steps and went on elsewhere.",
            &[],
            sum(|shard| &shard.gave_way),
        );
        out.counter(
            "regate_engine_differences_total",
            "Checks on which the engines of `engine: verify` did not agree.",
            &[],
            sum(|shard| &shard.differ),
        );
        self.collect_errors(&shards, out);
        self.collect_durations(&shards, out);
    }

    fn collect_errors(&self, shards: &[Arc<Shard>], out: &mut Exposition) {
        let mut codes = std::collections::BTreeMap::<&str, u64>::new();
        for code in shards.iter().flat_map(|shard| &shard.codes) {
            if let Some(name) = code.name.get() {
                *codes.entry(name).or_default() += code.count.load(Ordering::Relaxed);
            }
        }
        for (reason, count) in codes {
            let labels = [("reason", reason)];
            out.counter(
                "regate_check_errors_total",
                "Checks without a decision, by reason.",
                &labels,
                count,
            );
            if self.peer.is_some() {
                out.counter(
                    "error_counter",
                    "Checks without a decision, by reason, under opa-envoy-plugin's name.",
                    &labels,
                    count,
                );
            }
        }
    }

    fn collect_durations(&self, shards: &[Arc<Shard>], out: &mut Exposition) {
        let sum = |bounds: &[f64], read: fn(&Shard) -> Option<&Buckets>| {
            let mut sum = Histogram::new(bounds);
            shards
                .iter()
                .filter_map(|shard| read(shard))
                .for_each(|b| b.add_to(&mut sum));
            sum
        };
        out.histogram(
            "regate_check_duration_seconds",
            "Time from a Check's arrival to its answer.",
            &[],
            &sum(&BUCKETS, |shard| Some(&shard.total)),
        );
        out.histogram(
            "regate_check_input_duration_seconds",
            "Time it took to build a Check's input.",
            &[],
            &sum(&BUCKETS, |shard| Some(&shard.input)),
        );
        out.histogram(
            "regate_check_eval_duration_seconds",
            "Time it took to evaluate the policy for a Check.",
            &[],
            &sum(&BUCKETS, |shard| Some(&shard.eval)),
        );
        if let Some(bounds) = &self.peer {
            out.histogram(
                "grpc_request_duration_seconds",
                "Time of a Check that got a decision, under opa-envoy-plugin's name.",
                &[("handler", "check")],
                &sum(bounds, |shard| shard.peer.as_ref()),
            );
        }
    }
}

// === impl Recorder ===

impl Recorder {
    /// A Check has begun; [`Recorder::end`] must follow.
    pub fn begin(&self) {
        add(&self.shard.begun, 1);
    }

    /// An evaluation has given way to other Checks.
    pub fn gave_way(&self) {
        add(&self.shard.gave_way, 1);
    }

    /// Two engines have decided differently.
    pub fn differs(&self) {
        add(&self.shard.differ, 1);
    }

    /// The Check that was begun has ended like this.
    pub fn end(&self, check: &Check) {
        let shard = &*self.shard;
        match check.outcome {
            Outcome::Allowed => add(&shard.allowed, 1),
            Outcome::Denied => add(&shard.denied, 1),
            Outcome::Error(code) => {
                add(&shard.errors, 1);
                shard.count_code(code);
            }
        }
        shard.total.observe(check.total);
        if let Some(input) = check.input {
            shard.input.observe(input);
        }
        if let Some(eval) = check.eval {
            shard.eval.observe(eval);
        }
        if let (Some(peer), Outcome::Allowed | Outcome::Denied) = (&shard.peer, check.outcome) {
            peer.observe(check.total);
        }
        add(&shard.ended, 1);
    }
}

// === impl Shard ===

impl Shard {
    fn new(peer: Option<&[f64]>) -> Self {
        Self {
            begun: AtomicU64::new(0),
            ended: AtomicU64::new(0),
            allowed: AtomicU64::new(0),
            denied: AtomicU64::new(0),
            errors: AtomicU64::new(0),
            gave_way: AtomicU64::new(0),
            differ: AtomicU64::new(0),
            codes: std::array::from_fn(|_| Code::default()),
            total: Buckets::new(&BUCKETS),
            input: Buckets::new(&BUCKETS),
            eval: Buckets::new(&BUCKETS),
            peer: peer.map(Buckets::new),
        }
    }

    fn count_code(&self, code: &'static str) {
        let (last, slots) = self
            .codes
            .split_last()
            .map_or((None, &[][..]), |(l, s)| (Some(l), s));
        for slot in slots {
            if *slot.name.get_or_init(|| code) == code {
                add(&slot.count, 1);
                return;
            }
        }
        if let Some(slot) = last {
            slot.name.get_or_init(|| OTHER);
            add(&slot.count, 1);
        }
    }
}

// === impl Buckets ===

impl Buckets {
    fn new(bounds: &[f64]) -> Self {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "saturates"
        )]
        let bounds: Box<[u64]> = bounds
            .iter()
            .map(|bound| (bound * 1e9).round() as u64)
            .collect();
        let counts = (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect();
        Self {
            bounds,
            counts,
            sum: AtomicU64::new(0),
        }
    }

    fn observe(&self, duration: Duration) {
        let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        let at = self.bounds.partition_point(|bound| *bound < nanos);
        add(&self.counts[at], 1);
        add(&self.sum, nanos);
    }

    fn add_to(&self, histogram: &mut Histogram) {
        for (bucket, count) in self.counts.iter().enumerate() {
            histogram.add(bucket, count.load(Ordering::Relaxed));
        }
        histogram.add_sum(Duration::from_nanos(self.sum.load(Ordering::Relaxed)));
    }
}

/// Adds without a locked instruction: only one thread writes, see [`Recorder`].
fn add(counter: &AtomicU64, count: u64) {
    counter.store(
        counter.load(Ordering::Relaxed).wrapping_add(count),
        Ordering::Relaxed,
    );
}
