//! What the log counts: losses by cause, events by sink, and what the peer calls them.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::chunk::Scale;
use super::queue::Queue;
use crate::telemetry::metrics::Exposition;

/// Why an event is not where it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Loss {
    /// `queue_size_limit_events` records were waiting.
    QueueRecords,
    /// `queue_size_limit_bytes` bytes were waiting.
    QueueBytes,
    /// The console refused it.
    Sink,
    /// The file refused it.
    File,
    /// It came after the end.
    Closed,
    /// `max_decisions_per_second` was reached.
    RateLimit,
    /// `buffer_size_limit_bytes` were waiting for their upload.
    BufferBytes,
    /// `buffer_size_limit_events` were waiting for their upload.
    BufferEvents,
    /// `spool.max_bytes` were waiting for their upload, and the memory was full as well.
    Spool,
    /// A crash cut it off in the middle, or the disk does not give it back.
    Torn,
    /// The collector takes no request of its size.
    TooLarge,
    /// The end came before the collector took it.
    End,
}

/// What the log has counted so far, by the names that status reports have for it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stats {
    /// `decision_logs_dropped_rate_limit_exceeded`.
    pub dropped_rate_limit_exceeded: u64,
    /// `decision_logs_dropped_buffer_size_limit_exceeded`.
    pub dropped_buffer_size_limit_exceeded: u64,
    /// `decision_logs_dropped_buffer_size_limit_bytes_exceeded`.
    pub dropped_buffer_size_limit_bytes_exceeded: u64,
    /// `decision_logs_encoding_failure`: events that could not be made whole.
    pub encoding_failure: u64,
    /// `decision_logs_nd_builtin_cache_dropped`.
    pub nd_builtin_cache_dropped: u64,
    /// `enc_log_exceeded_upload_size_limit_bytes`.
    pub log_exceeded_upload_size_limit_bytes: u64,
    /// `enc_uncompressed_limit_scale_up`.
    pub uncompressed_limit_scale_up: u64,
    /// `enc_uncompressed_limit_scale_down`.
    pub uncompressed_limit_scale_down: u64,
    /// `enc_uncompressed_limit_stable`.
    pub uncompressed_limit_stable: u64,
    /// Every loss, by our own causes.
    pub lost: Vec<(Loss, u64)>,
    /// Why the newest upload failed; none after one that did not.
    pub upload_problem: Option<UploadProblem>,
}

/// Why an upload failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadProblem {
    /// What happened.
    pub message: String,
    /// The status of the answer, if one came.
    pub http_code: Option<u16>,
}

/// The log's counters, readable at any time.
#[derive(Debug, Clone)]
pub struct Counters(Arc<Queue>);

/// The counters themselves.
#[derive(Debug, Default)]
pub(super) struct Counts {
    lost: [AtomicU64; Loss::ALL.len()],
    pub(super) written: AtomicU64,
    pub(super) written_bytes: AtomicU64,
    pub(super) filed: AtomicU64,
    pub(super) filed_bytes: AtomicU64,
    pub(super) uploaded: AtomicU64,
    pub(super) uploaded_bytes: AtomicU64,
    pub(super) uploads: AtomicU64,
    pub(super) failed_uploads: AtomicU64,
    pub(super) filtered: AtomicU64,
    pub(super) write_errors: AtomicU64,
    pub(super) spool_errors: AtomicU64,
    pub(super) mask_errors: AtomicU64,
    pub(super) drop_errors: AtomicU64,
    pub(super) event_errors: AtomicU64,
    pub(super) denied: AtomicU64,
    pub(super) waited: AtomicU64,
    pub(super) oversize: AtomicU64,
    pub(super) cut_calls: AtomicU64,
    pub(super) cut_inputs: AtomicU64,
    pub(super) scale_up: AtomicU64,
    pub(super) scale_down: AtomicU64,
    pub(super) stable: AtomicU64,
    pub(super) buffer_events: AtomicUsize,
    pub(super) buffer_bytes: AtomicUsize,
    pub(super) spool_bytes: AtomicU64,
    problem: Mutex<Option<UploadProblem>>,
}

/// A counter's name, its labels, its meaning and its reader.
type Counter = (
    &'static str,
    &'static [(&'static str, &'static str)],
    &'static str,
    fn(&Counts) -> &AtomicU64,
);

/// In the exposition the series of one name stand together.
const COUNTERS: [Counter; 19] = [
    (
        "regate_decision_log_events_total",
        &[("sink", "console")],
        EVENTS,
        |counts| &counts.written,
    ),
    (
        "regate_decision_log_events_total",
        &[("sink", "file")],
        EVENTS,
        |counts| &counts.filed,
    ),
    (
        "regate_decision_log_events_total",
        &[("sink", "service")],
        EVENTS,
        |counts| &counts.uploaded,
    ),
    (
        "regate_decision_log_bytes_total",
        &[("sink", "console")],
        BYTES,
        |counts| &counts.written_bytes,
    ),
    (
        "regate_decision_log_bytes_total",
        &[("sink", "file")],
        BYTES,
        |counts| &counts.filed_bytes,
    ),
    (
        "regate_decision_log_bytes_total",
        &[("sink", "service")],
        BYTES,
        |counts| &counts.uploaded_bytes,
    ),
    (
        "regate_decision_log_uploads_total",
        &[("result", "ok")],
        UPLOADS,
        |counts| &counts.uploads,
    ),
    (
        "regate_decision_log_uploads_total",
        &[("result", "failed")],
        UPLOADS,
        |counts| &counts.failed_uploads,
    ),
    (
        "regate_decision_log_filtered_total",
        &[],
        "Events that the drop decision left out.",
        |counts| &counts.filtered,
    ),
    (
        "regate_decision_log_write_errors_total",
        &[],
        "Writes of events to the console or to the file that failed.",
        |counts| &counts.write_errors,
    ),
    (
        "regate_decision_log_spool_errors_total",
        &[],
        "Uses of the spool's directory that failed.",
        |counts| &counts.spool_errors,
    ),
    (
        "regate_decision_log_mask_errors_total",
        &[],
        "Events without input and result, since the mask decision failed.",
        |counts| &counts.mask_errors,
    ),
    (
        "regate_decision_log_drop_errors_total",
        &[],
        "Events that were kept although the drop decision failed.",
        |counts| &counts.drop_errors,
    ),
    (
        "regate_decision_log_event_errors_total",
        &[],
        "Events without input and result, since making them failed.",
        |counts| &counts.event_errors,
    ),
    (
        "regate_decision_log_denied_checks_total",
        &[],
        "Checks that were denied since their records had no room.",
        |counts| &counts.denied,
    ),
    (
        "regate_decision_log_delayed_checks_total",
        &[],
        "Checks whose answers waited for room for their records.",
        |counts| &counts.waited,
    ),
    (
        "regate_decision_log_oversize_events_total",
        &[],
        "Events that are larger than a chunk may be.",
        |counts| &counts.oversize,
    ),
    (
        "regate_decision_log_cut_events_total",
        &[("part", "nd_builtin_cache")],
        CUT,
        |counts| &counts.cut_calls,
    ),
    (
        "regate_decision_log_cut_events_total",
        &[("part", "input")],
        CUT,
        |counts| &counts.cut_inputs,
    ),
];

const EVENTS: &str = "Events that a sink has taken.";
const BYTES: &str = "Bytes of events that a sink has taken, compressed for the service.";
const UPLOADS: &str = "Chunks that were sent to the service.";
const CUT: &str = "Events that were uploaded without a part, since they were too large.";

// === impl Loss ===

impl Loss {
    /// Every cause there is.
    pub const ALL: [Self; 12] = [
        Self::QueueRecords,
        Self::QueueBytes,
        Self::Sink,
        Self::File,
        Self::Closed,
        Self::RateLimit,
        Self::BufferBytes,
        Self::BufferEvents,
        Self::Spool,
        Self::Torn,
        Self::TooLarge,
        Self::End,
    ];

    /// The cause as metrics name it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::QueueRecords => "queue_records",
            Self::QueueBytes => "queue_bytes",
            Self::Sink => "sink",
            Self::File => "file",
            Self::Closed => "closed",
            Self::RateLimit => "rate_limit",
            Self::BufferBytes => "buffer_bytes",
            Self::BufferEvents => "buffer_events",
            Self::Spool => "spool",
            Self::Torn => "torn",
            Self::TooLarge => "too_large",
            Self::End => "end",
        }
    }
}

// === impl Stats ===

impl Stats {
    /// The counters under the names that OPA's status reports have for them.
    #[must_use]
    pub fn peer(&self) -> [(&'static str, u64); 9] {
        [
            (
                "counter_decision_logs_dropped_rate_limit_exceeded",
                self.dropped_rate_limit_exceeded,
            ),
            (
                "counter_decision_logs_dropped_buffer_size_limit_exceeded",
                self.dropped_buffer_size_limit_exceeded,
            ),
            (
                "counter_decision_logs_dropped_buffer_size_limit_bytes_exceeded",
                self.dropped_buffer_size_limit_bytes_exceeded,
            ),
            (
                "counter_decision_logs_encoding_failure",
                self.encoding_failure,
            ),
            (
                "counter_decision_logs_nd_builtin_cache_dropped",
                self.nd_builtin_cache_dropped,
            ),
            (
                "counter_enc_log_exceeded_upload_size_limit_bytes",
                self.log_exceeded_upload_size_limit_bytes,
            ),
            (
                "counter_enc_uncompressed_limit_scale_up",
                self.uncompressed_limit_scale_up,
            ),
            (
                "counter_enc_uncompressed_limit_scale_down",
                self.uncompressed_limit_scale_down,
            ),
            (
                "counter_enc_uncompressed_limit_stable",
                self.uncompressed_limit_stable,
            ),
        ]
    }
}

// === impl Counters ===

impl Counters {
    pub(super) fn new(queue: Arc<Queue>) -> Self {
        Self(queue)
    }

    /// What was counted so far.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let counts = &self.0.counts;
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let (bytes, events) = (self.lost(Loss::BufferBytes), self.lost(Loss::BufferEvents));
        Stats {
            dropped_rate_limit_exceeded: self.lost(Loss::RateLimit),
            dropped_buffer_size_limit_exceeded: bytes + events + self.lost(Loss::Spool),
            dropped_buffer_size_limit_bytes_exceeded: bytes,
            encoding_failure: read(&counts.event_errors),
            nd_builtin_cache_dropped: read(&counts.cut_calls),
            log_exceeded_upload_size_limit_bytes: read(&counts.oversize),
            uncompressed_limit_scale_up: read(&counts.scale_up),
            uncompressed_limit_scale_down: read(&counts.scale_down),
            uncompressed_limit_stable: read(&counts.stable),
            lost: Loss::ALL.map(|cause| (cause, self.lost(cause))).to_vec(),
            upload_problem: counts.problem(),
        }
    }

    /// Writes the counters as metrics.
    pub fn collect(&self, out: &mut Exposition) {
        let counts = &self.0.counts;
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
            (
                "regate_decision_log_buffer_events",
                "Events that wait for their upload, in memory or on disk.",
                counts.buffer_events.load(Ordering::Relaxed) as f64,
            ),
            (
                "regate_decision_log_buffer_bytes",
                "Bytes of memory that events take which wait for their upload.",
                counts.buffer_bytes.load(Ordering::Relaxed) as f64,
            ),
            (
                "regate_decision_log_spool_bytes",
                "Bytes on disk that events take which wait for their upload.",
                counts.spool_bytes.load(Ordering::Relaxed) as f64,
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
        for (name, labels, help, counter) in COUNTERS {
            out.counter(name, help, labels, counter(counts).load(Ordering::Relaxed));
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
        self.0.waiting_bytes()
    }

    /// How many records were lost to `cause`.
    #[must_use]
    pub fn lost(&self, cause: Loss) -> u64 {
        self.0.counts.lost(cause)
    }

    /// How many events the console has.
    #[must_use]
    pub fn written(&self) -> u64 {
        self.0.counts.written.load(Ordering::Relaxed)
    }

    /// How many events the service has acknowledged.
    #[must_use]
    pub fn uploaded(&self) -> u64 {
        self.0.counts.uploaded.load(Ordering::Relaxed)
    }

    /// How many events wait for their upload.
    #[must_use]
    pub fn buffered(&self) -> usize {
        self.0.counts.buffer_events.load(Ordering::Relaxed)
    }

    /// How many uploads failed.
    #[must_use]
    pub fn failed_uploads(&self) -> u64 {
        self.0.counts.failed_uploads.load(Ordering::Relaxed)
    }

    /// How many events the drop decision left out.
    #[must_use]
    pub fn filtered(&self) -> u64 {
        self.0.counts.filtered.load(Ordering::Relaxed)
    }

    /// How many writes to the console or to the file failed.
    #[must_use]
    pub fn write_errors(&self) -> u64 {
        self.0.counts.write_errors.load(Ordering::Relaxed)
    }

    /// How many uses of the spool's directory failed.
    #[must_use]
    pub fn spool_errors(&self) -> u64 {
        self.0.counts.spool_errors.load(Ordering::Relaxed)
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

// === impl Counts ===

impl Counts {
    pub(super) fn lose(&self, cause: Loss, events: usize) {
        let events = u64::try_from(events).unwrap_or(u64::MAX);
        self.lost[cause as usize].fetch_add(events, Ordering::Relaxed);
    }

    pub(super) fn lost(&self, cause: Loss) -> u64 {
        self.lost[cause as usize].load(Ordering::Relaxed)
    }

    /// All losses together. What the rate limit leaves out is meant to be left out.
    pub(super) fn all_lost(&self) -> u64 {
        let causes = Loss::ALL.into_iter();
        causes
            .filter(|cause| *cause != Loss::RateLimit)
            .map(|cause| self.lost(cause))
            .sum()
    }

    pub(super) fn scaled(&self, scale: &Scale) {
        add(&self.scale_up, scale.up);
        add(&self.scale_down, scale.down);
        add(&self.stable, scale.stable);
    }

    pub(super) fn set_problem(&self, problem: Option<UploadProblem>) {
        *self.problem.lock().unwrap_or_else(PoisonError::into_inner) = problem;
    }

    pub(super) fn problem(&self) -> Option<UploadProblem> {
        self.problem
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

pub(super) fn add(counter: &AtomicU64, count: u64) {
    counter.fetch_add(count, Ordering::Relaxed);
}
