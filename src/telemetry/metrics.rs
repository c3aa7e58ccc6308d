//! Metrics: counters that data threads keep for themselves, summed up when someone scrapes.
//!
//! The text form is written here, too: it is a page of code, and values that belong to other rooms
//! are read at the scrape, so nothing is kept twice. `docs/METRICS.md` lists every name.

use std::fmt;
use std::sync::{Mutex, PoisonError};

mod bundles;
mod check;
mod exposition;
mod histogram;
mod http;
mod process;
mod snapshot;

pub use bundles::BundleMetrics;
pub use check::{Check, CheckMetrics, Outcome, Recorder};
pub use exposition::{Exposition, Labels};
pub use histogram::Histogram;
pub use http::HttpMetrics;
pub use snapshot::{Activations, SnapshotView};

/// The media type of [`Registry::render`]'s text.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Everything that is shown on `/metrics`.
#[derive(Default)]
pub struct Registry(Mutex<Vec<Box<Collect>>>);

type Collect = dyn Fn(&mut Exposition) + Send + Sync;

// === impl Registry ===

impl Registry {
    /// A registry that shows the build and the process.
    #[must_use]
    pub fn new() -> Self {
        let registry = Self::default();
        registry.collect(|out| {
            out.gauge(
                "regate_build_info",
                "Always 1; the label is the version.",
                &[("version", env!("CARGO_PKG_VERSION"))],
                1.0,
            );
            process::collect(out);
        });
        registry
    }

    /// Adds what `collect` writes to every scrape.
    pub fn collect(&self, collect: impl Fn(&mut Exposition) + Send + Sync + 'static) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(Box::new(collect));
    }

    /// Adds a gauge that is read at the scrape.
    pub fn gauge_fn(
        &self,
        name: &'static str,
        help: &'static str,
        read: impl Fn() -> f64 + Send + Sync + 'static,
    ) {
        self.collect(move |out| out.gauge(name, help, &[], read()));
    }

    /// Adds a counter that is read at the scrape.
    pub fn counter_fn(
        &self,
        name: &'static str,
        help: &'static str,
        read: impl Fn() -> u64 + Send + Sync + 'static,
    ) {
        self.collect(move |out| out.counter(name, help, &[], read()));
    }

    /// All metrics in Prometheus' text format.
    #[must_use]
    pub fn render(&self) -> String {
        self.scrape().to_string()
    }

    /// All metrics as they are now.
    #[must_use]
    pub fn scrape(&self) -> Exposition {
        let mut exposition = Exposition::default();
        for collect in self.0.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            collect(&mut exposition);
        }
        exposition
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
