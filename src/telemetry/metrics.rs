//! Metrics: counters that data threads keep for themselves, summed up when someone scrapes.
//!
//! The text form is written here, too: it is a page of code, and values that belong to other rooms
//! are read at the scrape, so nothing is kept twice. `docs/METRICS.md` lists every name.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::sync::{Mutex, PoisonError};

mod bundles;
mod check;
mod histogram;
mod http;
mod process;
mod snapshot;

pub use bundles::BundleMetrics;
pub use check::{Check, CheckMetrics, Outcome, Recorder};
pub use histogram::Histogram;
pub use http::HttpMetrics;
pub use snapshot::{Activations, SnapshotView};

/// The media type of [`Registry::render`]'s text.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Everything that is shown on `/metrics`.
#[derive(Default)]
pub struct Registry(Mutex<Vec<Box<Collect>>>);

type Collect = dyn Fn(&mut Exposition) + Send + Sync;

/// One scrape's metrics, by name.
#[derive(Debug, Default)]
pub struct Exposition(BTreeMap<&'static str, Family>);

#[derive(Debug)]
struct Family {
    help: &'static str,
    kind: &'static str,
    samples: String,
}

/// Label names and values.
pub type Labels<'a> = &'a [(&'static str, &'a str)];

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
        let mut exposition = Exposition::default();
        for collect in self.0.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            collect(&mut exposition);
        }
        exposition.to_string()
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry").finish_non_exhaustive()
    }
}

// === impl Exposition ===

impl Exposition {
    /// A value that only grows.
    pub fn counter(
        &mut self,
        name: &'static str,
        help: &'static str,
        labels: Labels<'_>,
        value: u64,
    ) {
        self.family(name, help, "counter")
            .sample(name, "", labels, None, &value);
    }

    /// A value that goes up and down.
    pub fn gauge(
        &mut self,
        name: &'static str,
        help: &'static str,
        labels: Labels<'_>,
        value: f64,
    ) {
        self.family(name, help, "gauge")
            .sample(name, "", labels, None, &value);
    }

    /// A distribution.
    pub fn histogram(
        &mut self,
        name: &'static str,
        help: &'static str,
        labels: Labels<'_>,
        histogram: &Histogram,
    ) {
        let family = self.family(name, help, "histogram");
        for (bound, count) in histogram.cumulative() {
            let bound = if bound.is_infinite() {
                "+Inf".to_owned()
            } else {
                bound.to_string()
            };
            family.sample(name, "_bucket", labels, Some(&bound), &count);
        }
        family.sample(name, "_sum", labels, None, &histogram.sum_seconds());
        family.sample(name, "_count", labels, None, &histogram.count());
    }

    fn family(
        &mut self,
        name: &'static str,
        help: &'static str,
        kind: &'static str,
    ) -> &mut Family {
        self.0.entry(name).or_insert_with(|| Family {
            help,
            kind,
            samples: String::new(),
        })
    }
}

impl fmt::Display for Exposition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, family) in &self.0 {
            write!(
                f,
                "# HELP {name} {}\n# TYPE {name} {}\n",
                family.help, family.kind
            )?;
            f.write_str(&family.samples)?;
        }
        Ok(())
    }
}

// === impl Family ===

impl Family {
    fn sample(
        &mut self,
        name: &str,
        suffix: &str,
        labels: Labels<'_>,
        le: Option<&str>,
        value: &dyn fmt::Display,
    ) {
        let out = &mut self.samples;
        out.push_str(name);
        out.push_str(suffix);
        let labels = labels.iter().copied().chain(le.map(|le| ("le", le)));
        for (i, (label, text)) in labels.enumerate() {
            out.push(if i == 0 { '{' } else { ',' });
            out.push_str(label);
            out.push_str("=\"");
            for c in text.chars() {
                match c {
                    '\\' => out.push_str("\\\\"),
                    '"' => out.push_str("\\\""),
                    '\n' => out.push_str("\\n"),
                    c => out.push(c),
                }
            }
            out.push('"');
        }
        if out.ends_with('"') {
            out.push('}');
        }
        // Writing to a text cannot fail.
        let _ = writeln!(out, " {value}");
    }
}

#[cfg(test)]
mod tests;
