//! `decision_logs` as values: which sinks there are, how much may wait, and what happens beyond it.

use std::path::PathBuf;
use std::time::Duration;

/// `decision_logs`.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// `console`: events go to the log.
    pub console: bool,
    /// `file.path`: events go to this file, a line each.
    pub file: Option<PathBuf>,
    /// Events go to a service.
    pub upload: Option<UploadConfig>,
    /// `on_full`: what happens where no more may wait.
    pub on_full: OnFull,
    /// `mask_decision`, as a data path; `/system/log/mask` by default.
    pub mask_decision: String,
    /// `drop_decision`, as a data path; `/system/log/drop` by default.
    pub drop_decision: String,
    /// `nd_builtin_cache`: events carry the results of non-deterministic built-ins.
    pub nd_builtin_cache: bool,
    /// How many records may wait.
    pub queue_records: usize,
    /// How many bytes of requests may wait.
    pub queue_bytes: usize,
    /// `labels` of the configuration, without `id` and `version`.
    pub labels: Vec<(String, String)>,
}

/// What happens where no more records or events may wait.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnFull {
    /// The oldest make room.
    #[default]
    DropOldest,
    /// The newest is not taken.
    DropNewest,
    /// The Check waits for room, as long as its own deadline lets it; then it is denied.
    Block,
    /// The Check is denied.
    Deny,
}

/// How events get to a service.
#[derive(Debug, Clone, PartialEq)]
pub struct UploadConfig {
    /// The service's name.
    pub service: String,
    /// The path below the service's URL, the partition included.
    pub resource: String,
    /// `reporting.buffer_type` and its limit.
    pub buffer: BufferLimit,
    /// `reporting.upload_size_limit_bytes`: how large a chunk may be, compressed.
    pub chunk_bytes: usize,
    /// Whether that limit is configured: then an event above it is cut, and not sent alone.
    pub chunk_bytes_is_strict: bool,
    /// `reporting.min_delay_seconds`.
    pub min_delay: Duration,
    /// `reporting.max_delay_seconds`.
    pub max_delay: Duration,
    /// `reporting.max_decisions_per_second`.
    pub max_per_second: Option<f64>,
    /// `reporting.trigger`.
    pub trigger: Trigger,
    /// `spool`: a copy on disk of what is not uploaded yet.
    pub spool: Option<SpoolConfig>,
}

/// How much may wait in memory for its upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BufferLimit {
    /// So many compressed bytes; zero is no limit.
    Bytes(usize),
    /// So many events.
    Events(usize),
}

/// When chunks are uploaded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Trigger {
    /// After each delay.
    #[default]
    Periodic,
    /// When somebody asks for it, and at the end.
    Manual,
    /// As soon as they are full, and after each delay.
    Immediate,
}

/// `spool`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpoolConfig {
    /// Where its files are; one process at a time may use it.
    pub directory: PathBuf,
    /// How much it may take.
    pub max_bytes: u64,
    /// When its files are made to survive the end of the machine.
    pub fsync: Fsync,
}

/// When a spool's files are synchronised with the disk.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Fsync {
    /// When the system sees fit. The end of the process costs nothing, that of the machine some seconds.
    #[default]
    Never,
    /// When a chunk is full.
    Chunk,
    /// After each batch of events, some milliseconds after their Checks.
    Batch,
}

// === impl Config ===

impl Config {
    /// Whether events go anywhere.
    #[must_use]
    pub fn has_sinks(&self) -> bool {
        self.console || self.file.is_some() || self.upload.is_some()
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            console: false,
            file: None,
            upload: None,
            on_full: OnFull::default(),
            mask_decision: "/system/log/mask".to_owned(),
            drop_decision: "/system/log/drop".to_owned(),
            nd_builtin_cache: false,
            queue_records: 16_384,
            queue_bytes: 32 << 20,
            labels: Vec::new(),
        }
    }
}
