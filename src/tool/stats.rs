//! What many measurements have in common, by the names that OPA's reports give it.

use regate_rego::Value;
use regate_rego::value::Number;

use super::json::Json;

/// Measurements of one thing, the smallest first.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Stats(Vec<u64>);

/// The shares that are asked for, and their names.
const SHARES: [(&str, f64); 6] = [
    ("75%", 0.75),
    ("90%", 0.9),
    ("95%", 0.95),
    ("99%", 0.99),
    ("99.9%", 0.999),
    ("99.99%", 0.9999),
];

// === impl Stats ===

impl Stats {
    /// Of these measurements.
    pub(super) fn of(measured: impl IntoIterator<Item = u64>) -> Self {
        let mut measured: Vec<u64> = measured.into_iter().collect();
        measured.sort_unstable();
        Self(measured)
    }

    pub(super) fn min(&self) -> f64 {
        self.at(0)
    }

    pub(super) fn max(&self) -> f64 {
        self.at(self.0.len().saturating_sub(1))
    }

    pub(super) fn mean(&self) -> f64 {
        let sum: f64 = self.0.iter().map(|value| float(*value)).sum();
        sum / self.count()
    }

    /// The value that a share of the measurements does not exceed, between two where none divides them so.
    pub(super) fn share(&self, share: f64) -> f64 {
        let place = share * (self.count() + 1.0);
        if place < 1.0 {
            return self.min();
        }
        if place >= self.count() {
            return self.max();
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it is between one and the number of measurements"
        )]
        let below = place as usize;
        let (low, high) = (self.at(below - 1), self.at(below));
        low + place.fract() * (high - low)
    }

    /// Each figure by its name, in the order of the names.
    pub(super) fn figures(&self) -> Vec<(&'static str, f64)> {
        let shares = SHARES.map(|(name, share)| (name, self.share(share)));
        let rest = [
            ("count", self.count()),
            ("max", self.max()),
            ("mean", self.mean()),
            ("median", self.share(0.5)),
            ("min", self.min()),
            ("stddev", self.deviation()),
        ];
        shares.into_iter().chain(rest).collect()
    }

    pub(super) fn to_json(&self) -> Json {
        let figures = self.figures().into_iter();
        let member = |(name, figure): (&'static str, f64)| (name.into(), number(figure).into());
        Json::Object(figures.map(member).collect())
    }

    fn deviation(&self) -> f64 {
        let mean = self.mean();
        let squares = self.0.iter().map(|value| (float(*value) - mean).powi(2));
        (squares.sum::<f64>() / self.count()).sqrt()
    }

    fn count(&self) -> f64 {
        float(self.0.len() as u64)
    }

    fn at(&self, index: usize) -> f64 {
        self.0.get(index).copied().map_or(0.0, float)
    }
}

// === helpers ===

/// A figure as OPA's tables write it: what is measured in whole numbers in full, the rest from a million on by its
/// exponent.
pub(super) fn cell(name: &str, figure: f64) -> String {
    let text = figure.to_string();
    if matches!(name, "min" | "max" | "count") || figure < 1e6 {
        return text;
    }
    let text = format!("{figure:e}");
    match text.split_once('e') {
        Some((digits, exponent)) => format!("{digits}e+{exponent:0>2}"),
        None => text,
    }
}

/// A number of JSON.
pub(super) fn number(figure: f64) -> Value {
    Number::parse(&figure.to_string()).map_or(Value::Null, Value::Number)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "no clock is so exact that it matters"
)]
fn float(value: u64) -> f64 {
    value as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_those_of_opa() {
        // As `opa eval --metrics --count 3` put it for these three times.
        let stats = Stats::of([192_917, 110_295, 127_240]);
        let figures: Vec<String> = stats
            .figures()
            .into_iter()
            .map(|(name, figure)| format!("{name} {figure}"))
            .collect();
        let want = [
            "75% 192917",
            "90% 192917",
            "95% 192917",
            "99% 192917",
            "99.9% 192917",
            "99.99% 192917",
            "count 3",
            "max 192917",
            "mean 143484",
            "median 127240",
            "min 110295",
            "stddev 35632.37641059977",
        ];
        assert_eq!(figures, want);
    }

    #[test]
    fn large_figures_have_an_exponent() {
        let cells = [
            cell("mean", 999_999.5),
            cell("mean", 1_418_173.5),
            cell("90%", 2_566_224.0),
            cell("max", 2_566_224.0),
        ];
        assert_eq!(
            cells,
            ["999999.5", "1.4181735e+06", "2.566224e+06", "2566224"]
        );
    }

    #[test]
    fn a_share_may_fall_between_two_measurements() {
        let stats = Stats::of([10, 20, 30, 40]);
        assert!((stats.share(0.5) - 25.0).abs() < 1e-9);
        assert!((stats.share(0.75) - 37.5).abs() < 1e-9);
        assert!((stats.share(0.01) - 10.0).abs() < 1e-9);
        assert!((stats.share(0.99) - 40.0).abs() < 1e-9);
    }
}
