//! One scrape's metrics: collected by name, shown in Prometheus' text format or as the JSON of its data model.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use serde_json::{Map, Value, json};

use super::Histogram;

/// One scrape's metrics, by name.
#[derive(Debug, Default)]
pub struct Exposition(BTreeMap<&'static str, Family>);

/// Label names and values.
pub type Labels<'a> = &'a [(&'static str, &'a str)];

#[derive(Debug)]
struct Family {
    help: &'static str,
    kind: Kind,
    metrics: Vec<Metric>,
}

#[derive(Debug)]
struct Metric {
    labels: Vec<(&'static str, String)>,
    reading: Reading,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Counter,
    Gauge,
    Histogram,
}

#[derive(Debug)]
enum Reading {
    Counter(u64),
    /// A counter of time.
    Seconds(f64),
    Gauge(f64),
    Histogram(Histogram),
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
        self.add((name, help, Kind::Counter), labels, Reading::Counter(value));
    }

    /// A time that only grows, in seconds.
    pub(super) fn seconds(&mut self, name: &'static str, help: &'static str, value: f64) {
        self.add((name, help, Kind::Counter), &[], Reading::Seconds(value));
    }

    /// A value that goes up and down.
    pub fn gauge(
        &mut self,
        name: &'static str,
        help: &'static str,
        labels: Labels<'_>,
        value: f64,
    ) {
        self.add((name, help, Kind::Gauge), labels, Reading::Gauge(value));
    }

    /// A distribution.
    pub fn histogram(
        &mut self,
        name: &'static str,
        help: &'static str,
        labels: Labels<'_>,
        histogram: &Histogram,
    ) {
        let reading = Reading::Histogram(histogram.clone());
        self.add((name, help, Kind::Histogram), labels, reading);
    }

    /// The metrics as Prometheus' data model writes them in JSON, by name.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let families = self.0.iter().map(|(name, family)| {
            let metrics: Vec<Value> = family.metrics.iter().map(Metric::to_json).collect();
            let family = json!({
                "name": name,
                "help": family.help,
                "type": family.kind.name().to_ascii_uppercase(),
                "metric": metrics,
            });
            ((*name).to_owned(), family)
        });
        Value::Object(families.collect())
    }

    fn add(
        &mut self,
        (name, help, kind): (&'static str, &'static str, Kind),
        labels: Labels<'_>,
        reading: Reading,
    ) {
        let family = self.0.entry(name).or_insert_with(|| Family {
            help,
            kind,
            metrics: Vec::new(),
        });
        let labels = labels.iter();
        family.metrics.push(Metric {
            labels: labels
                .map(|(name, text)| (*name, (*text).to_owned()))
                .collect(),
            reading,
        });
    }
}

impl fmt::Display for Exposition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, family) in &self.0 {
            let (help, kind) = (family.help, family.kind.name());
            write!(f, "# HELP {name} {help}\n# TYPE {name} {kind}\n")?;
            for metric in &family.metrics {
                metric.write(name, f)?;
            }
        }
        Ok(())
    }
}

// === impl Kind ===

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

// === impl Metric ===

impl Metric {
    fn write(&self, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.reading {
            Reading::Counter(value) => self.sample((name, ""), None, value, f),
            Reading::Seconds(value) | Reading::Gauge(value) => {
                self.sample((name, ""), None, value, f)
            }
            Reading::Histogram(histogram) => {
                for (bound, count) in histogram.cumulative() {
                    let bound = if bound.is_infinite() {
                        "+Inf".to_owned()
                    } else {
                        bound.to_string()
                    };
                    self.sample((name, "_bucket"), Some(&bound), &count, f)?;
                }
                self.sample((name, "_sum"), None, &histogram.sum_seconds(), f)?;
                self.sample((name, "_count"), None, &histogram.count(), f)
            }
        }
    }

    fn sample(
        &self,
        (name, suffix): (&str, &str),
        bound: Option<&str>,
        value: &dyn fmt::Display,
        f: &mut fmt::Formatter<'_>,
    ) -> fmt::Result {
        write!(f, "{name}{suffix}")?;
        let labels = self
            .labels
            .iter()
            .map(|(name, text)| (*name, text.as_str()));
        let mut before = '{';
        for (label, text) in labels.chain(bound.map(|bound| ("le", bound))) {
            write!(f, "{before}{label}=\"")?;
            before = ',';
            for c in text.chars() {
                match c {
                    '\\' => f.write_str("\\\\")?,
                    '"' => f.write_str("\\\"")?,
                    '\n' => f.write_str("\\n")?,
                    c => f.write_char(c)?,
                }
            }
            f.write_char('"')?;
        }
        if before == ',' {
            f.write_char('}')?;
        }
        writeln!(f, " {value}")
    }

    fn to_json(&self) -> Value {
        let mut shown = Map::new();
        if !self.labels.is_empty() {
            let labels = self.labels.iter();
            let labels = labels.map(|(name, text)| json!({"name": name, "value": text}));
            shown.insert("label".to_owned(), labels.collect());
        }
        let (kind, value) = match &self.reading {
            Reading::Counter(value) => ("counter", json!({"value": value})),
            Reading::Seconds(value) => ("counter", json!({"value": value})),
            Reading::Gauge(value) => ("gauge", json!({"value": value})),
            Reading::Histogram(histogram) => ("histogram", distribution(histogram)),
        };
        shown.insert(kind.to_owned(), value);
        Value::Object(shown)
    }
}

/// The data model has counts as text, since they may be larger than JSON's readers can hold, and leaves out the bucket
/// that has no bound.
fn distribution(histogram: &Histogram) -> Value {
    let buckets = histogram
        .cumulative()
        .filter(|(bound, _)| bound.is_finite());
    let buckets = buckets
        .map(|(bound, count)| json!({"cumulativeCount": count.to_string(), "upperBound": bound}));
    json!({
        "sampleCount": histogram.count().to_string(),
        "sampleSum": histogram.sum_seconds(),
        "bucket": buckets.collect::<Vec<_>>(),
    })
}
