//! Durations as Go writes them: `1.5s`, `300ms`, `1h30m`.

use std::time::Duration;

/// Reads a duration that is not negative; `None` when it is none.
#[must_use]
pub fn parse_duration(text: &str) -> Option<Duration> {
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    if rest == "0" {
        return Some(Duration::ZERO);
    }
    if rest.is_empty() {
        return None;
    }
    let mut total = 0.0_f64;
    while !rest.is_empty() {
        let number_ends = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, after) = rest.split_at(number_ends);
        let unit_ends = after
            .find(|c: char| c.is_ascii_digit() || c == '.')
            .unwrap_or(after.len());
        let (unit, after) = after.split_at(unit_ends);
        if number.matches('.').count() > 1 || !number.contains(|c: char| c.is_ascii_digit()) {
            return None;
        }
        total += number.parse::<f64>().ok()? * seconds(unit)?;
        rest = after;
    }
    Duration::try_from_secs_f64(total).ok()
}

fn seconds(unit: &str) -> Option<f64> {
    Some(match unit {
        "ns" => 1e-9,
        "us" | "µs" | "μs" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_those_of_go() {
        let table = [
            ("0", Some(0)),
            ("1s", Some(1_000_000)),
            ("1.5s", Some(1_500_000)),
            ("300ms", Some(300_000)),
            ("1h30m", Some(5_400_000_000)),
            ("+2s", Some(2_000_000)),
            (".5s", Some(500_000)),
            ("1.s", Some(1_000_000)),
            ("10µs", Some(10)),
            ("", None),
            ("5", None),
            ("s", None),
            ("1d", None),
            ("-1s", None),
            ("1 s", None),
            (".s", None),
            ("1..5s", None),
            ("1s2", None),
            ("+", None),
        ];
        for (text, micros) in table {
            assert_eq!(
                parse_duration(text),
                micros.map(Duration::from_micros),
                "`{text}`"
            );
        }
    }
}
