//! Times as certificates write them.

use jiff::civil::{Date, DateTime};

use super::tag;

/// A time with the zone that it was written in.
#[derive(Debug, Clone, Copy)]
pub(in crate::builtins) struct Time {
    /// The clock in its zone.
    local: DateTime,
    /// How far its zone is ahead of UTC, in minutes.
    ahead: i32,
}

/// The hour of a zone beyond which a time can be compared and not shown.
const FARTHEST: i32 = 24 * 60;

// === impl Time ===

impl Time {
    /// The time in an element's content.
    pub(super) fn parse(tag: u8, content: &[u8]) -> Option<Self> {
        let text = str::from_utf8(content).ok()?;
        let (year, rest) = match tag {
            tag::UTC_TIME => {
                let (year, rest) = number(text, 2)?;
                // Two digits stand for 1950 to 2049.
                (if year < 50 { 2000 + year } else { 1900 + year }, rest)
            }
            tag::GENERALIZED_TIME => number(text, 4)?,
            _ => return None,
        };
        let (month, rest) = number(rest, 2)?;
        let (day, rest) = number(rest, 2)?;
        let (hour, rest) = number(rest, 2)?;
        let (minute, rest) = number(rest, 2)?;
        let (second, rest) = match number(rest, 2) {
            Some(second) => second,
            None if tag == tag::UTC_TIME => (0, rest),
            None => return None,
        };
        let date = Date::new(year, month.try_into().ok()?, day.try_into().ok()?).ok()?;
        let (hour, minute) = (hour.try_into().ok()?, minute.try_into().ok()?);
        // What jiff takes for a leap second is none here.
        let second = i8::try_from(second).ok().filter(|second| *second < 60)?;
        let time = jiff::civil::Time::new(hour, minute, second, 0).ok()?;
        let local = date.to_datetime(time);
        let ahead = zone(rest)?;
        Some(Self { local, ahead })
    }

    /// Nanoseconds since 1970.
    pub(in crate::builtins) fn nanoseconds(self) -> i128 {
        let epoch = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);
        let seconds = self.local.duration_since(epoch).as_secs() - i64::from(self.ahead) * 60;
        i128::from(seconds) * 1_000_000_000
    }

    /// As RFC 3339 has it; `None` in a zone that it cannot say.
    pub(in crate::builtins) fn text(self) -> Option<String> {
        let (date, time) = (self.local.date(), self.local.time());
        let (sign, minutes) = match self.ahead {
            0 => return Some(format!("{date}T{time}Z")),
            ahead if ahead.abs() >= FARTHEST => return None,
            ahead if ahead < 0 => ('-', -ahead),
            ahead => ('+', ahead),
        };
        let (hours, minutes) = (minutes / 60, minutes % 60);
        Some(format!("{date}T{time}{sign}{hours:02}:{minutes:02}"))
    }
}

/// Takes a number of so many digits off the text.
fn number(text: &str, digits: usize) -> Option<(i16, &str)> {
    let (digits, rest) = text.split_at_checked(digits)?;
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    let value = digits.parse().ok().filter(|_| plain)?;
    Some((value, rest))
}

/// How far a zone is ahead of UTC, in minutes; UTC itself is `Z` only.
fn zone(text: &str) -> Option<i32> {
    let sign = match text.split_at_checked(1)? {
        ("Z", "") => return Some(0),
        ("+", _) => 1,
        ("-", _) => -1,
        _ => return None,
    };
    let (hours, rest) = number(text.get(1..)?, 2)?;
    let (minutes, rest) = number(rest, 2)?;
    let ahead = i32::from(hours) * 60 + i32::from(minutes);
    let fine = rest.is_empty() && minutes < 60 && hours <= 24 && ahead != 0;
    fine.then_some(sign * ahead)
}
