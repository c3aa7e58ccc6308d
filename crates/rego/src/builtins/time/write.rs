//! A moment written by a layout.

use std::fmt::Write as _;

use super::layout::{self, Field, MONTHS, Offset, Pad, WEEKDAYS};
use super::moment::Moment;

/// Writes `moment` by `layout`.
pub(super) fn write(moment: &Moment, layout: &str) -> String {
    let mut out = Vec::with_capacity(layout.len() + 16);
    let mut rest = layout.as_bytes();
    loop {
        let (text, field, after) = layout::next(rest);
        out.extend_from_slice(text);
        let Some(field) = field else { break };
        let mut written = String::new();
        write_field(&mut written, field, moment);
        out.extend_from_slice(written.as_bytes());
        rest = after;
    }
    // Fields are ASCII, so that what was valid before stays valid around them.
    String::from_utf8_lossy(&out).into_owned()
}

fn write_field(out: &mut String, field: Field, moment: &Moment) {
    let date = moment.date();
    let [hour, minute, second] = moment.clock();
    let hour12 = if hour % 12 == 0 { 12 } else { hour % 12 };
    match field {
        Field::Year if date.year < 0 => number(out, -date.year, Pad::Zero, 4, "-"),
        Field::Year => number(out, date.year, Pad::Zero, 4, ""),
        Field::ShortYear => number(out, date.year.max(0) % 100, Pad::Zero, 2, ""),
        Field::MonthName => out.push_str(name(&MONTHS, date.month - 1)),
        Field::ShortMonthName => out.extend(name(&MONTHS, date.month - 1).get(..3)),
        Field::Month(pad) => number(out, date.month, pad, 2, ""),
        Field::WeekdayName => out.push_str(name(&WEEKDAYS, moment.weekday())),
        Field::ShortWeekdayName => out.extend(name(&WEEKDAYS, moment.weekday()).get(..3)),
        Field::Day(pad) => number(out, date.day, pad, 2, ""),
        Field::YearDay(pad) => number(out, date.year_day(), pad, 3, ""),
        Field::Hour => number(out, hour, Pad::Zero, 2, ""),
        Field::Hour12(pad) => number(out, hour12, pad, 2, ""),
        Field::Minute(pad) => number(out, minute, pad, 2, ""),
        Field::Second(pad) => number(out, second, pad, 2, ""),
        Field::HalfDay { capital } => out.push_str(match (hour >= 12, capital) {
            (true, true) => "PM",
            (false, true) => "AM",
            (true, false) => "pm",
            (false, false) => "am",
        }),
        Field::Zone => out.push_str(&moment.abbreviation),
        Field::Offset(form) => offset(out, form, moment.offset),
        Field::Fraction {
            mark,
            digits,
            trimmed,
        } => fraction(out, char::from(mark), digits, trimmed, moment.nanosecond()),
    }
}

/// The name of a weekday or month.
pub(super) fn name<'n>(names: &[&'n str], at: i64) -> &'n str {
    let name = usize::try_from(at).ok().and_then(|at| names.get(at));
    name.copied().unwrap_or_default()
}

fn number(out: &mut String, number: i64, pad: Pad, width: usize, sign: &str) {
    // Writing to a string does not fail.
    let _ = match pad {
        Pad::None => write!(out, "{sign}{number}"),
        Pad::Space => write!(out, "{sign}{number:width$}"),
        Pad::Zero => write!(out, "{sign}{number:0width$}"),
    };
}

fn offset(out: &mut String, form: Offset, offset: i64) {
    if form.z && offset == 0 {
        out.push('Z');
        return;
    }
    // Less than a minute west of UTC has no sign of its own.
    out.push(if offset / 60 < 0 { '-' } else { '+' });
    let seconds = offset.abs();
    let numbers = [seconds / 3600, seconds / 60 % 60, seconds % 60];
    for (at, part) in numbers.into_iter().take(form.numbers).enumerate() {
        if at > 0 && form.colon {
            out.push(':');
        }
        number(out, part, Pad::Zero, 2, "");
    }
}

fn fraction(out: &mut String, mark: char, digits: usize, trimmed: bool, ns: i64) {
    let all = format!("{ns:09}");
    let shown = all.get(..digits.min(9)).unwrap_or_default();
    let shown = if trimmed {
        shown.trim_end_matches('0')
    } else {
        shown
    };
    if !shown.is_empty() {
        out.push(mark);
        out.push_str(shown);
    }
}
