//! Timers by OPA's names: how long each step of a tool took.

use std::collections::BTreeMap;
use std::time::Instant;

use super::json::Json;
use super::stats::Stats;

/// The times so far, in nanoseconds.
#[derive(Debug, Default, Clone)]
pub(super) struct Metrics(BTreeMap<&'static str, u64>);

pub(super) const LOAD_BUNDLES: &str = "timer_rego_load_bundles_ns";
pub(super) const LOAD_FILES: &str = "timer_rego_load_files_ns";
pub(super) const MODULE_PARSE: &str = "timer_rego_module_parse_ns";
pub(super) const MODULE_COMPILE: &str = "timer_rego_module_compile_ns";
pub(super) const QUERY_PARSE: &str = "timer_rego_query_parse_ns";
pub(super) const QUERY_COMPILE: &str = "timer_rego_query_compile_ns";
pub(super) const QUERY_EVAL: &str = "timer_rego_query_eval_ns";

// === impl Metrics ===

impl Metrics {
    /// Does `work` and adds the time it takes to a timer.
    pub(super) fn time<T>(&mut self, timer: &'static str, work: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let done = work();
        let took = u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX);
        *self.0.entry(timer).or_default() += took;
        done
    }

    /// The same where there is work to do; what has nothing to do has no timer.
    pub(super) fn time_if<T>(
        &mut self,
        any: bool,
        timer: &'static str,
        work: impl FnOnce() -> T,
    ) -> T {
        if any { self.time(timer, work) } else { work() }
    }

    /// The timers by name.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        self.0.iter().map(|(name, ns)| (*name, *ns))
    }

    pub(super) fn to_json(&self) -> Json {
        let members = self.iter();
        Json::Object(
            members
                .map(|(name, ns)| (name.into(), Json::from(number(ns))))
                .collect(),
        )
    }
}

/// Timers of several runs, by name.
pub(super) fn aggregated(runs: &[Metrics]) -> BTreeMap<&'static str, Stats> {
    let mut all: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    for (name, ns) in runs.iter().flat_map(Metrics::iter) {
        all.entry(name).or_default().push(ns);
    }
    let all = all.into_iter();
    all.map(|(name, measured)| (name, Stats::of(measured)))
        .collect()
}

fn number(ns: u64) -> i64 {
    i64::try_from(ns).unwrap_or(i64::MAX)
}
