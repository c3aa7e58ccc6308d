//! Times as text: RFC 3339, and Go's reference-time layouts for `--log-timestamp-format`.
//!
//! Times are written in UTC, whatever the machine's zone is.

use std::time::SystemTime;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// How a time is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout(Vec<Piece>);

/// Why a layout cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LayoutError {
    /// Nothing in it stands for a part of the time.
    #[error(
        "the time layout `{0}` names no part of a time; write Go's reference time \
         `Mon Jan 2 15:04:05 MST 2006` in the form wanted, such as `2006-01-02 15:04:05.000`"
    )]
    NoTime(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Part(Part),
    /// A fraction of a second: separator, digits, and whether trailing zeros stay.
    Fraction(char, usize, bool),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Year4,
    Year2,
    Month,
    Month2,
    MonthName,
    MonthShort,
    DayName,
    DayShort,
    Day,
    Day2,
    DaySpaced,
    YearDay3,
    YearDaySpaced,
    Hour24,
    Hour12,
    Hour12Two,
    Minute,
    Minute2,
    Second,
    Second2,
    AmPm,
    AmPmLower,
    ZoneName,
    ZoneZ,
    /// A numeric zone, which for UTC is always this text.
    Zone(&'static str),
}

/// What Go's layouts are made of; of two that fit, the longer comes first.
const PARTS: &[(&str, Part)] = &[
    ("January", Part::MonthName),
    ("Jan", Part::MonthShort),
    ("Monday", Part::DayName),
    ("Mon", Part::DayShort),
    ("MST", Part::ZoneName),
    ("2006", Part::Year4),
    ("__2", Part::YearDaySpaced),
    ("_2", Part::DaySpaced),
    ("002", Part::YearDay3),
    ("01", Part::Month2),
    ("02", Part::Day2),
    ("03", Part::Hour12Two),
    ("04", Part::Minute2),
    ("05", Part::Second2),
    ("06", Part::Year2),
    ("15", Part::Hour24),
    ("1", Part::Month),
    ("2", Part::Day),
    ("3", Part::Hour12),
    ("4", Part::Minute),
    ("5", Part::Second),
    ("PM", Part::AmPm),
    ("pm", Part::AmPmLower),
    ("Z07:00:00", Part::ZoneZ),
    ("Z07:00", Part::ZoneZ),
    ("Z070000", Part::ZoneZ),
    ("Z0700", Part::ZoneZ),
    ("Z07", Part::ZoneZ),
    ("-07:00:00", Part::Zone("+00:00:00")),
    ("-07:00", Part::Zone("+00:00")),
    ("-070000", Part::Zone("+000000")),
    ("-0700", Part::Zone("+0000")),
    ("-07", Part::Zone("+00")),
];

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

const DAYS: [&str; 7] = [
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
];

// === impl Layout ===

impl Layout {
    /// RFC 3339 with whole seconds.
    #[must_use]
    pub fn rfc3339() -> Self {
        Self(split("2006-01-02T15:04:05Z07:00"))
    }

    /// RFC 3339 with as many digits of a second as it takes.
    #[must_use]
    pub fn rfc3339_nano() -> Self {
        Self(split("2006-01-02T15:04:05.999999999Z07:00"))
    }

    /// Reads a Go layout.
    pub fn parse(layout: &str) -> Result<Self, LayoutError> {
        let pieces = split(layout);
        if pieces.iter().all(|piece| matches!(piece, Piece::Text(_))) {
            return Err(LayoutError::NoTime(layout.to_owned()));
        }
        Ok(Self(pieces))
    }

    /// Appends `time` to `out`.
    pub fn write(&self, time: SystemTime, out: &mut Vec<u8>) {
        let timestamp = Timestamp::try_from(time).unwrap_or_default();
        let time = TimeZone::UTC.to_datetime(timestamp);
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => out.extend_from_slice(text.as_bytes()),
                Piece::Part(part) => write_part(*part, time, out),
                Piece::Fraction(separator, digits, keep) => {
                    write_fraction(*separator, *digits, *keep, time.subsec_nanosecond(), out);
                }
            }
        }
    }
}

fn split(layout: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut rest = layout;
    while let Some(first) = rest.chars().next() {
        if let Some((text, part)) = PARTS.iter().find(|(text, _)| rest.starts_with(text)) {
            pieces.push(Piece::Part(*part));
            rest = &rest[text.len()..];
        } else if let Some((piece, length)) = fraction(rest) {
            pieces.push(piece);
            rest = &rest[length..];
        } else {
            match pieces.last_mut() {
                Some(Piece::Text(text)) => text.push(first),
                _ => pieces.push(Piece::Text(first.to_string())),
            }
            rest = &rest[first.len_utf8()..];
        }
    }
    pieces
}

/// A fraction is a dot or comma and a run of `0` or of `9` that no digit follows.
fn fraction(rest: &str) -> Option<(Piece, usize)> {
    let mut chars = rest.chars();
    let separator = chars.next().filter(|c| matches!(c, '.' | ','))?;
    let digit = chars.next().filter(|c| matches!(c, '0' | '9'))?;
    let digits = rest[1..].chars().take_while(|c| *c == digit).count();
    if rest[1 + digits..].starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    Some((Piece::Fraction(separator, digits, digit == '0'), 1 + digits))
}

fn write_part(part: Part, time: DateTime, out: &mut Vec<u8>) {
    let hour12 = i32::from((time.hour() + 11) % 12 + 1);
    match part {
        Part::Year4 => number(i32::from(time.year()), 4, '0', out),
        Part::Year2 => number(i32::from(time.year() % 100), 2, '0', out),
        Part::Month => number(i32::from(time.month()), 1, '0', out),
        Part::Month2 => number(i32::from(time.month()), 2, '0', out),
        Part::MonthName => out.extend_from_slice(month_name(time).as_bytes()),
        Part::MonthShort => out.extend_from_slice(&month_name(time).as_bytes()[..3]),
        Part::DayName => out.extend_from_slice(day_name(time).as_bytes()),
        Part::DayShort => out.extend_from_slice(&day_name(time).as_bytes()[..3]),
        Part::Day => number(i32::from(time.day()), 1, '0', out),
        Part::Day2 => number(i32::from(time.day()), 2, '0', out),
        Part::DaySpaced => number(i32::from(time.day()), 2, ' ', out),
        Part::YearDay3 => number(i32::from(time.day_of_year()), 3, '0', out),
        Part::YearDaySpaced => number(i32::from(time.day_of_year()), 3, ' ', out),
        Part::Hour24 => number(i32::from(time.hour()), 2, '0', out),
        Part::Hour12 => number(hour12, 1, '0', out),
        Part::Hour12Two => number(hour12, 2, '0', out),
        Part::Minute => number(i32::from(time.minute()), 1, '0', out),
        Part::Minute2 => number(i32::from(time.minute()), 2, '0', out),
        Part::Second => number(i32::from(time.second()), 1, '0', out),
        Part::Second2 => number(i32::from(time.second()), 2, '0', out),
        Part::AmPm => out.extend_from_slice(if time.hour() < 12 { b"AM" } else { b"PM" }),
        Part::AmPmLower => out.extend_from_slice(if time.hour() < 12 { b"am" } else { b"pm" }),
        Part::ZoneName => out.extend_from_slice(b"UTC"),
        Part::ZoneZ => out.push(b'Z'),
        Part::Zone(text) => out.extend_from_slice(text.as_bytes()),
    }
}

fn month_name(time: DateTime) -> &'static str {
    MONTHS[usize::try_from(time.month() - 1).unwrap_or_default()]
}

fn day_name(time: DateTime) -> &'static str {
    DAYS[usize::try_from(time.weekday().to_monday_zero_offset()).unwrap_or_default()]
}

fn number(value: i32, width: usize, pad: char, out: &mut Vec<u8>) {
    let mut digits = [0; 10];
    let mut at = digits.len();
    let mut value = value.unsigned_abs();
    loop {
        at -= 1;
        digits[at] = b'0' + u8::try_from(value % 10).unwrap_or_default();
        value /= 10;
        if value == 0 {
            break;
        }
    }
    let digits = &digits[at..];
    out.extend(std::iter::repeat_n(
        pad as u8,
        width.saturating_sub(digits.len()),
    ));
    out.extend_from_slice(digits);
}

fn write_fraction(separator: char, digits: usize, keep: bool, nanos: i32, out: &mut Vec<u8>) {
    let text = format!("{nanos:09}");
    let mut text = &text[..digits.min(9)];
    if !keep {
        text = text.trim_end_matches('0');
    }
    if !text.is_empty() {
        out.push(separator as u8);
        out.extend_from_slice(text.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    fn show(layout: &Layout, nanos: u64) -> String {
        let mut out = Vec::new();
        layout.write(UNIX_EPOCH + Duration::from_nanos(nanos), &mut out);
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn go_layouts() {
        // 2021-03-04T05:06:07.089Z, a Thursday.
        let nanos = 1_614_834_367_089_000_000;
        for (layout, want) in [
            ("2006-01-02T15:04:05Z07:00", "2021-03-04T05:06:07Z"),
            ("2006-01-02T15:04:05.000Z07:00", "2021-03-04T05:06:07.089Z"),
            (
                "2006-01-02T15:04:05.999999999Z07:00",
                "2021-03-04T05:06:07.089Z",
            ),
            (
                "2006-01-02T15:04:05,000000-07:00",
                "2021-03-04T05:06:07,089000+00:00",
            ),
            ("Mon Jan _2 15:04:05 2006", "Thu Mar  4 05:06:07 2021"),
            (
                "Monday, 02-Jan-06 15:04:05 MST",
                "Thursday, 04-Mar-21 05:06:07 UTC",
            ),
            ("3:04PM", "5:06AM"),
            ("1/2/06 03:4:5 pm January 002", "3/4/21 05:6:7 am March 063"),
            ("at 15h", "at 05h"),
        ] {
            assert_eq!(
                show(&Layout::parse(layout).expect(layout), nanos),
                want,
                "{layout}"
            );
        }
    }

    #[test]
    fn the_own_layouts() {
        assert_eq!(
            show(&Layout::rfc3339(), 1_500_000_000),
            "1970-01-01T00:00:01Z"
        );
        assert_eq!(
            show(&Layout::rfc3339_nano(), 1_000_000_000),
            "1970-01-01T00:00:01Z"
        );
        assert_eq!(
            show(&Layout::rfc3339_nano(), 1_000_000_070),
            "1970-01-01T00:00:01.00000007Z"
        );
    }

    #[test]
    fn a_layout_without_a_time_is_refused() {
        let error = Layout::parse("%Y").expect_err("no Go layout");
        assert!(error.to_string().contains("`%Y`"), "{error}");
    }
}
