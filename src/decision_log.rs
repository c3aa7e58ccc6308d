//! Decision logs: records are taken from the Check path through bounded rings and become events off
//! the path.

/// `decision_logs`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// `console`: events go to the log.
    pub console: bool,
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
