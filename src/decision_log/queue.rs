//! The hand-over: a lock-free queue per data thread, bounds that all of them share, and counters.
//!
//! The queues grow and shrink with what waits, so that a large bound costs no memory while idle.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use crossbeam_queue::SegQueue;

use crate::data::footprint;
use crate::decision::Record;
use crate::telemetry::metrics::Exposition;

/// What a waiting record costs beside its request's bytes, roughly.
const RECORD_OVERHEAD: usize = 512;

/// Why a record is not in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Loss {
    /// `queue_records` records were waiting.
    QueueRecords,
    /// `queue_bytes` bytes were waiting.
    QueueBytes,
    /// The sink refused it.
    Sink,
    /// It came after the end.
    Closed,
}

/// Takes records on a data thread; never blocks and never wakes another thread.
#[derive(Debug)]
pub struct Producer {
    lane: Arc<SegQueue<Record>>,
    queue: Arc<Queue>,
}

/// The log's counters, readable at any time.
#[derive(Debug, Clone)]
pub struct Stats(Arc<Queue>);

/// A counter's name, meaning and reader.
type Counter = (&'static str, &'static str, fn(&Stats) -> u64);

/// What the producers and the worker share.
#[derive(Debug)]
pub(super) struct Queue {
    lanes: Mutex<Vec<Arc<SegQueue<Record>>>>,
    max_records: usize,
    max_bytes: usize,
    records: AtomicUsize,
    bytes: AtomicUsize,
    closed: AtomicBool,
    lost: [AtomicU64; Loss::ALL.len()],
    pub(super) counts: Counts,
}

/// What the worker counts.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) written: AtomicU64,
    pub(super) written_bytes: AtomicU64,
    pub(super) filtered: AtomicU64,
    pub(super) write_errors: AtomicU64,
    pub(super) mask_errors: AtomicU64,
    pub(super) drop_errors: AtomicU64,
    pub(super) event_errors: AtomicU64,
}

// === impl Loss ===

impl Loss {
    /// Every cause there is.
    pub const ALL: [Self; 4] = [
        Self::QueueRecords,
        Self::QueueBytes,
        Self::Sink,
        Self::Closed,
    ];

    /// The cause as metrics name it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::QueueRecords => "queue_records",
            Self::QueueBytes => "queue_bytes",
            Self::Sink => "sink",
            Self::Closed => "closed",
        }
    }
}

// === impl Producer ===

impl Producer {
    /// Hands a record over, or counts it as lost when too much is waiting.
    pub fn push(&self, mut record: Record) {
        if let Err(loss) = self.queue.reserve(&record) {
            self.queue.lose(loss, 1);
            return;
        }
        // The request is a slice of its connection's read buffer, which it would keep alive.
        record.request = Bytes::copy_from_slice(&record.request);
        self.lane.push(record);
    }
}

// === impl Stats ===

impl Stats {
    pub(super) fn new(queue: Arc<Queue>) -> Self {
        Self(queue)
    }

    /// Writes the counters as metrics.
    pub fn collect(&self, out: &mut Exposition) {
        #[expect(clippy::cast_precision_loss, reason = "never near 2^52")]
        for (name, help, value) in [
            (
                "regate_decision_log_queue_records",
                "Decision log records that wait.",
                self.queue_records() as f64,
            ),
            (
                "regate_decision_log_queue_bytes",
                "Bytes that waiting decision log records hold.",
                self.queue_bytes() as f64,
            ),
        ] {
            out.gauge(name, help, &[], value);
        }
        for cause in Loss::ALL {
            out.counter(
                "regate_decision_log_dropped_total",
                "Decision log records that were lost, by cause.",
                &[("cause", cause.name())],
                self.lost(cause),
            );
        }
        let counters: [Counter; 7] = [
            (
                "regate_decision_log_events_total",
                "Events written.",
                Self::written,
            ),
            (
                "regate_decision_log_bytes_total",
                "Bytes of events written.",
                Self::written_bytes,
            ),
            (
                "regate_decision_log_filtered_total",
                "Events that the drop decision left out.",
                Self::filtered,
            ),
            (
                "regate_decision_log_write_errors_total",
                "Writes of events that failed.",
                Self::write_errors,
            ),
            (
                "regate_decision_log_mask_errors_total",
                "Events without input and result, since the mask decision failed.",
                Self::mask_errors,
            ),
            (
                "regate_decision_log_drop_errors_total",
                "Events that were kept although the drop decision failed.",
                Self::drop_errors,
            ),
            (
                "regate_decision_log_event_errors_total",
                "Events without input and result, since making them failed.",
                Self::event_errors,
            ),
        ];
        for (name, help, read) in counters {
            out.counter(name, help, &[], read(self));
        }
    }

    /// How many records wait.
    #[must_use]
    pub fn queue_records(&self) -> usize {
        self.0.waiting()
    }

    /// How many bytes the waiting records hold.
    #[must_use]
    pub fn queue_bytes(&self) -> usize {
        self.0.bytes.load(Ordering::Relaxed)
    }

    /// How many records were lost to `cause`.
    #[must_use]
    pub fn lost(&self, cause: Loss) -> u64 {
        self.0.lost[cause as usize].load(Ordering::Relaxed)
    }

    /// How many events were written.
    #[must_use]
    pub fn written(&self) -> u64 {
        self.0.counts.written.load(Ordering::Relaxed)
    }

    /// How many bytes were written.
    #[must_use]
    pub fn written_bytes(&self) -> u64 {
        self.0.counts.written_bytes.load(Ordering::Relaxed)
    }

    /// How many events the drop decision left out.
    #[must_use]
    pub fn filtered(&self) -> u64 {
        self.0.counts.filtered.load(Ordering::Relaxed)
    }

    /// How many writes the sink refused.
    #[must_use]
    pub fn write_errors(&self) -> u64 {
        self.0.counts.write_errors.load(Ordering::Relaxed)
    }

    /// How many events lost input and result because their masks could not be applied.
    #[must_use]
    pub fn mask_errors(&self) -> u64 {
        self.0.counts.mask_errors.load(Ordering::Relaxed)
    }

    /// How many events were kept because the drop decision failed.
    #[must_use]
    pub fn drop_errors(&self) -> u64 {
        self.0.counts.drop_errors.load(Ordering::Relaxed)
    }

    /// How many events lost their input because making it failed.
    #[must_use]
    pub fn event_errors(&self) -> u64 {
        self.0.counts.event_errors.load(Ordering::Relaxed)
    }
}

// === impl Queue ===

impl Queue {
    pub(super) fn new(max_records: usize, max_bytes: usize) -> Self {
        Self {
            lanes: Mutex::default(),
            max_records,
            max_bytes,
            records: AtomicUsize::new(0),
            bytes: AtomicUsize::new(0),
            closed: AtomicBool::new(false),
            lost: Default::default(),
            counts: Counts::default(),
        }
    }

    pub(super) fn producer(queue: &Arc<Self>) -> Producer {
        let lane = Arc::new(SegQueue::new());
        queue
            .lanes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(Arc::clone(&lane));
        Producer {
            lane,
            queue: Arc::clone(queue),
        }
    }

    /// Takes up to `most` records, in turn from each thread's lane.
    pub(super) fn take(&self, most: usize, into: &mut Vec<Record>) {
        let lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        let share = (most / lanes.len().max(1)).max(1);
        for lane in lanes.iter() {
            into.extend(std::iter::from_fn(|| lane.pop()).take(share));
        }
        drop(lanes);
        let bytes = into.iter().map(cost).sum();
        self.records.fetch_sub(into.len(), Ordering::SeqCst);
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
    }

    pub(super) fn lose(&self, cause: Loss, records: u64) {
        self.lost[cause as usize].fetch_add(records, Ordering::Relaxed);
    }

    pub(super) fn lost(&self) -> u64 {
        self.lost
            .iter()
            .map(|lost| lost.load(Ordering::Relaxed))
            .sum()
    }

    pub(super) fn waiting(&self) -> usize {
        self.records.load(Ordering::SeqCst)
    }

    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }

    fn reserve(&self, record: &Record) -> Result<(), Loss> {
        // Counted before the look at `closed`, as the worker looks at the count after it has seen
        // `closed`: one of the two sees the other, and no record slips in behind the end.
        let waiting = self.records.fetch_add(1, Ordering::SeqCst);
        if self.is_closed() {
            self.records.fetch_sub(1, Ordering::SeqCst);
            return Err(Loss::Closed);
        }
        if waiting >= self.max_records {
            self.records.fetch_sub(1, Ordering::SeqCst);
            return Err(Loss::QueueRecords);
        }
        let cost = cost(record);
        if self
            .bytes
            .fetch_add(cost, Ordering::Relaxed)
            .saturating_add(cost)
            > self.max_bytes
        {
            self.bytes.fetch_sub(cost, Ordering::Relaxed);
            self.records.fetch_sub(1, Ordering::SeqCst);
            return Err(Loss::QueueBytes);
        }
        Ok(())
    }
}

fn cost(record: &Record) -> usize {
    let calls = record.nd_builtin_cache.as_ref().map_or(0, footprint);
    let calls = usize::try_from(calls).unwrap_or(usize::MAX);
    let asked = record.asked.as_ref().and_then(|asked| asked.input.as_ref());
    let asked = usize::try_from(asked.map_or(0, footprint)).unwrap_or(usize::MAX);
    let labels = size_of_val(&*record.rule_labels);
    let own = record.request.len().saturating_add(RECORD_OVERHEAD);
    let own = own.saturating_add(asked);
    own.saturating_add(labels).saturating_add(calls)
}
