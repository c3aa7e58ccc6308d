//! Durations: `1h30m`, and the days, weeks and years that OPA adds.

/// The nanoseconds of a duration; `None` when `text` is none, or too long.
pub(super) fn parse(text: &str) -> Option<i64> {
    if text.contains(['d', 'w', 'y']) {
        return plain(&in_hours(text)?);
    }
    plain(text)
}

/// The same duration with days, weeks and years written as hours.
fn in_hours(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    if let Some(sign) = text.chars().next().filter(|c| matches!(c, '-' | '+')) {
        out.push(sign);
        rest = rest.get(1..)?;
    }
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (digits, after) = rest
            .split_at_checked(end)
            .filter(|parts| !parts.0.is_empty())?;
        let long = ["ms", "us", "\u{b5}s", "ns"];
        let unit = match long.into_iter().find(|unit| after.starts_with(unit)) {
            Some(unit) => unit,
            None => after
                .get(..1)
                .filter(|c| c.as_bytes()[0].is_ascii_lowercase())?,
        };
        let hours = match unit {
            "d" => Some(24.0),
            "w" => Some(7.0 * 24.0),
            "y" => Some(365.0 * 24.0),
            _ => None,
        };
        if let Some(hours) = hours {
            let number: f64 = digits.parse().ok().filter(|n: &f64| n.is_finite())?;
            out.push_str(&(number * hours).to_string());
            out.push('h');
        } else {
            out.extend([digits, unit]);
        }
        rest = after.get(unit.len()..)?;
    }
    Some(out)
}

/// A duration as Go reads it.
fn plain(text: &str) -> Option<i64> {
    let (negative, mut rest) = match text.as_bytes().first()? {
        b'-' => (true, text.get(1..)?),
        b'+' => (false, text.get(1..)?),
        _ => (false, text),
    };
    if rest == "0" {
        return Some(0);
    }
    if rest.is_empty() {
        return None;
    }
    let mut total = 0_u64;
    while !rest.is_empty() {
        let (ns, after) = part(rest)?;
        total = total.checked_add(ns).filter(|sum| *sum <= 1 << 63)?;
        rest = after;
    }
    if negative {
        // The least number has no positive counterpart.
        return Some(0_i64.wrapping_sub_unsigned(total));
    }
    i64::try_from(total).ok()
}

/// A number with its unit, in nanoseconds, and what follows.
fn part(text: &str) -> Option<(u64, &str)> {
    let (whole, rest) = digits(text);
    let (after_point, rest) = match rest.strip_prefix('.') {
        Some(rest) => digits(rest),
        None => ("", rest),
    };
    if whole.is_empty() && after_point.is_empty() {
        return None;
    }
    let end = rest.find(|c: char| c == '.' || c.is_ascii_digit());
    let (unit, rest) = rest.split_at_checked(end.unwrap_or(rest.len()))?;
    let unit = unit_ns(unit)?;
    let whole = if whole.is_empty() {
        0
    } else {
        whole.parse::<u64>().ok().filter(|n| *n <= 1 << 63)?
    };
    let ns = whole.checked_mul(unit).filter(|ns| *ns <= 1 << 63)?;
    let ns = ns.checked_add(fraction_ns(after_point, unit))?;
    (ns <= 1 << 63).then_some((ns, rest))
}

fn digits(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit());
    text.split_at_checked(end.unwrap_or(text.len()))
        .unwrap_or((text, ""))
}

fn unit_ns(unit: &str) -> Option<u64> {
    Some(match unit {
        "ns" => 1,
        "us" | "\u{b5}s" | "\u{3bc}s" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return None,
    })
}

/// The nanoseconds of the digits after the point: as many as fit, the others do not count.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "Go computes it in doubles too, and cuts off what is below a nanosecond"
)]
fn fraction_ns(digits: &str, unit: u64) -> u64 {
    let (mut value, mut scale) = (0_u64, 1.0_f64);
    for digit in digits.bytes().map(|b| u64::from(b - b'0')) {
        if value > i64::MAX as u64 / 10 {
            break;
        }
        let next = value * 10 + digit;
        if next > 1 << 63 {
            break;
        }
        value = next;
        scale *= 10.0;
    }
    (value as f64 * (unit as f64 / scale)) as u64
}
