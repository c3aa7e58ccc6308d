//! A moment read by a layout, with Go's tolerance: case of names, spaces, fractions that the layout does not name.

use super::layout::{self, Field, MONTHS, Offset, Pad, WEEKDAYS};
use super::moment::{DAY, Date, SECOND, days_in, is_leap};

/// Why a text is no time of a layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It does not look like the layout.
    Form,
    /// A number of it is out of its range.
    Range(&'static str),
}

/// What was read so far.
#[derive(Debug, Default)]
struct Parts {
    year: i64,
    month: Option<i64>,
    day: Option<i64>,
    year_day: Option<i64>,
    hour: i64,
    minute: i64,
    second: i64,
    ns: i64,
    afternoon: Option<bool>,
    utc: bool,
    offset: Option<i64>,
    zone: Option<i64>,
}

type Read<'t, T> = Result<(T, &'t [u8]), Refusal>;

/// The nanoseconds since 1970 of `text`, written by `layout`; they may be more than fit 64 bits.
pub(super) fn read(layout: &str, text: &str) -> Result<i128, Refusal> {
    let (mut layout, mut rest) = (layout.as_bytes(), text.as_bytes());
    let mut parts = Parts::default();
    loop {
        let (prefix, field, after) = layout::next(layout);
        rest = skip(rest, prefix)?;
        let Some(field) = field else { break };
        layout = after;
        rest = parts.take(field, rest, layout)?;
    }
    if rest.is_empty() {
        parts.finish()
    } else {
        Err(Refusal::Form)
    }
}

// === impl Parts ===

impl Parts {
    /// Reads one field at the head of `text`; `layout` is what follows it there.
    fn take<'t>(
        &mut self,
        field: Field,
        text: &'t [u8],
        layout: &[u8],
    ) -> Result<&'t [u8], Refusal> {
        match field {
            Field::Year | Field::ShortYear => return self.take_year(field, text),
            Field::MonthName => return self.take_month_name(text, 0),
            Field::ShortMonthName => return self.take_month_name(text, 3),
            Field::WeekdayName => return Ok(lookup(&WEEKDAYS, text, 0)?.1),
            Field::ShortWeekdayName => return Ok(lookup(&WEEKDAYS, text, 3)?.1),
            Field::Second(pad) => return self.take_second(text, pad, layout),
            Field::HalfDay { capital } => return self.take_half_day(text, capital),
            Field::Zone => return self.take_zone(text),
            Field::Offset(form) => return self.take_offset(text, form),
            Field::Fraction {
                digits, trimmed, ..
            } => return self.take_fraction(text, digits, trimmed),
            _ => {}
        }
        let (number, rest) = match field {
            Field::Day(pad) => two(spaces(text, pad, 1), pad)?,
            Field::YearDay(pad) => three(spaces(text, pad, 2), pad)?,
            Field::Month(pad) | Field::Hour12(pad) | Field::Minute(pad) => two(text, pad)?,
            _ => two(text, Pad::None)?,
        };
        match field {
            Field::Month(_) if !(1..=12).contains(&number) => return Err(Refusal::Range("month")),
            Field::Month(_) => self.month = Some(number),
            Field::Day(_) => self.day = Some(number),
            Field::YearDay(_) => self.year_day = Some(number),
            Field::Hour if number >= 24 => return Err(Refusal::Range("hour")),
            Field::Hour12(_) if number > 12 => return Err(Refusal::Range("hour")),
            Field::Minute(_) if number >= 60 => return Err(Refusal::Range("minute")),
            Field::Minute(_) => self.minute = number,
            _ => self.hour = number,
        }
        Ok(rest)
    }

    fn take_year<'t>(&mut self, field: Field, text: &'t [u8]) -> Result<&'t [u8], Refusal> {
        if field == Field::Year {
            let (year, rest) = text.split_at_checked(4).ok_or(Refusal::Form)?;
            if !year.first().is_some_and(u8::is_ascii_digit) {
                return Err(Refusal::Form);
            }
            self.year = integer(year)?;
            return Ok(rest);
        }
        let (year, rest) = text.split_at_checked(2).ok_or(Refusal::Form)?;
        let year = integer(year)?;
        self.year = year + if year >= 69 { 1900 } else { 2000 };
        Ok(rest)
    }

    fn take_month_name<'t>(&mut self, text: &'t [u8], length: usize) -> Result<&'t [u8], Refusal> {
        let (at, rest) = lookup(&MONTHS, text, length)?;
        self.month = Some(at + 1);
        Ok(rest)
    }

    fn take_second<'t>(
        &mut self,
        text: &'t [u8],
        pad: Pad,
        layout: &[u8],
    ) -> Result<&'t [u8], Refusal> {
        let (second, rest) = two(text, pad)?;
        if second >= 60 {
            return Err(Refusal::Range("second"));
        }
        self.second = second;
        let named = matches!(layout::next(layout).1, Some(Field::Fraction { .. }));
        if named || !is_fraction(rest) {
            return Ok(rest);
        }
        self.take_fraction(rest, 0, true)
    }

    fn take_fraction<'t>(
        &mut self,
        text: &'t [u8],
        digits: usize,
        trimmed: bool,
    ) -> Result<&'t [u8], Refusal> {
        if trimmed {
            if !is_fraction(text) {
                return Ok(text);
            }
            let digits = text
                .iter()
                .skip(1)
                .take_while(|c| c.is_ascii_digit())
                .count();
            let (fraction, rest) = text.split_at_checked(digits + 1).ok_or(Refusal::Form)?;
            self.ns = nanoseconds(fraction)?;
            return Ok(rest);
        }
        let (fraction, rest) = text.split_at_checked(digits + 1).ok_or(Refusal::Form)?;
        self.ns = nanoseconds(fraction)?;
        Ok(rest)
    }

    fn take_half_day<'t>(&mut self, text: &'t [u8], capital: bool) -> Result<&'t [u8], Refusal> {
        let (half, rest) = text.split_at_checked(2).ok_or(Refusal::Form)?;
        self.afternoon = Some(match (half, capital) {
            (b"PM", true) | (b"pm", false) => true,
            (b"AM", true) | (b"am", false) => false,
            _ => return Err(Refusal::Form),
        });
        Ok(rest)
    }

    fn take_offset<'t>(&mut self, text: &'t [u8], form: Offset) -> Result<&'t [u8], Refusal> {
        if form.z
            && let Some(rest) = text.strip_prefix(b"Z")
        {
            self.utc = true;
            return Ok(rest);
        }
        let (sign, mut rest) = text.split_first().ok_or(Refusal::Form)?;
        let mut numbers = [0_i64; 3];
        for (at, number) in numbers.iter_mut().take(form.numbers).enumerate() {
            if at > 0 && form.colon {
                rest = rest.strip_prefix(b":").ok_or(Refusal::Form)?;
            }
            let (digits, after) = rest.split_at_checked(2).ok_or(Refusal::Form)?;
            *number = two(digits, Pad::Zero)?.0;
            rest = after;
        }
        let [hours, minutes, seconds] = numbers;
        // Whole days, hours and minutes are let through: people write them.
        if hours > 24 || minutes > 60 || seconds > 60 {
            return Err(Refusal::Range("time zone offset"));
        }
        let offset = (hours * 60 + minutes) * 60 + seconds;
        self.offset = Some(match sign {
            b'+' => offset,
            b'-' => -offset,
            _ => return Err(Refusal::Form),
        });
        Ok(rest)
    }

    /// The abbreviation of a zone. It says nothing of the offset, but for `GMT+3`.
    fn take_zone<'t>(&mut self, text: &'t [u8]) -> Result<&'t [u8], Refusal> {
        if let Some(rest) = text.strip_prefix(b"UTC") {
            self.utc = true;
            return Ok(rest);
        }
        let length = zone_length(text).ok_or(Refusal::Form)?;
        let (name, rest) = text.split_at_checked(length).ok_or(Refusal::Form)?;
        let hours = name.strip_prefix(b"GMT").filter(|hours| !hours.is_empty());
        self.zone = Some(hours.map_or(0, |hours| integer(hours).unwrap_or(0) * 3600));
        Ok(rest)
    }

    fn finish(mut self) -> Result<i128, Refusal> {
        match self.afternoon {
            Some(true) if self.hour < 12 => self.hour += 12,
            Some(false) if self.hour == 12 => self.hour = 0,
            _ => {}
        }
        if let Some(year_day) = self.year_day {
            self.date_from(year_day)?;
        }
        let date = Date {
            year: self.year,
            month: self.month.unwrap_or(1),
            day: self.day.unwrap_or(1),
        };
        if date.day < 1 || date.day > days_in(date.month, date.year) {
            return Err(Refusal::Range("day"));
        }
        let days = date.days().ok_or(Refusal::Range("year"))?;
        let seconds = (self.hour * 60 + self.minute) * 60 + self.second;
        // Go takes one second west of UTC for no offset at all.
        let offset = match self.offset.filter(|offset| *offset != -1) {
            _ if self.utc => 0,
            Some(offset) => offset,
            None => self.zone.unwrap_or(0),
        };
        let at = days * DAY + seconds - offset;
        Ok(i128::from(at) * i128::from(SECOND) + i128::from(self.ns))
    }

    fn date_from(&mut self, year_day: i64) -> Result<(), Refusal> {
        let most = if is_leap(self.year) { 366 } else { 365 };
        if !(1..=most).contains(&year_day) {
            return Err(Refusal::Range("day of the year"));
        }
        let (mut month, mut day) = (1, year_day);
        while day > days_in(month, self.year) {
            day -= days_in(month, self.year);
            month += 1;
        }
        if self.month.is_some_and(|own| own != month) || self.day.is_some_and(|own| own != day) {
            return Err(Refusal::Range("day of the year: another date is given too"));
        }
        (self.month, self.day) = (Some(month), Some(day));
        Ok(())
    }
}

/// What follows `prefix`; any number of spaces stands for any other.
fn skip<'t>(mut text: &'t [u8], mut prefix: &[u8]) -> Result<&'t [u8], Refusal> {
    while let Some((&c, after)) = prefix.split_first() {
        if c == b' ' {
            if text.first().is_some_and(|c| *c != b' ') {
                return Err(Refusal::Form);
            }
            prefix = trim(prefix);
            text = trim(text);
        } else {
            text = text.strip_prefix(&[c]).ok_or(Refusal::Form)?;
            prefix = after;
        }
    }
    Ok(text)
}

fn trim(text: &[u8]) -> &[u8] {
    let spaces = text.iter().take_while(|c| **c == b' ').count();
    text.get(spaces..).unwrap_or_default()
}

fn spaces(text: &[u8], pad: Pad, most: usize) -> &[u8] {
    let spaces = text.iter().take(most).take_while(|c| **c == b' ').count();
    match pad {
        Pad::Space => text.get(spaces..).unwrap_or_default(),
        _ => text,
    }
}

/// One digit or two; just two where zeros pad.
fn two(text: &[u8], pad: Pad) -> Read<'_, i64> {
    some_digits(text, 2, pad)
}

fn three(text: &[u8], pad: Pad) -> Read<'_, i64> {
    some_digits(text, 3, pad)
}

fn some_digits(text: &[u8], most: usize, pad: Pad) -> Read<'_, i64> {
    let found = text.iter().take(most).take_while(|c| c.is_ascii_digit());
    let found = found.count();
    if found == 0 || (pad == Pad::Zero && found < most) {
        return Err(Refusal::Form);
    }
    let (digits, rest) = text.split_at_checked(found).ok_or(Refusal::Form)?;
    Ok((integer(digits)?, rest))
}

/// A number, which may have a sign; no digits are zero.
fn integer(text: &[u8]) -> Result<i64, Refusal> {
    let (negative, digits) = match text.first() {
        Some(b'-') => (true, text.get(1..).unwrap_or_default()),
        Some(b'+') => (false, text.get(1..).unwrap_or_default()),
        _ => (false, text),
    };
    let mut number = 0_i64;
    for digit in digits {
        let digit = char::from(*digit).to_digit(10).ok_or(Refusal::Form)?;
        number = number * 10 + i64::from(digit);
        if number > 1 << 40 {
            return Err(Refusal::Form);
        }
    }
    Ok(if negative { -number } else { number })
}

/// The number of the name at the head of `text`, of which the first `length` letters count, or all.
fn lookup<'t>(names: &[&str], text: &'t [u8], length: usize) -> Read<'t, i64> {
    for (at, name) in (0..).zip(names) {
        let name = if length == 0 {
            name
        } else {
            name.get(..length).unwrap_or(name)
        };
        if let Some((head, rest)) = text.split_at_checked(name.len())
            && head.eq_ignore_ascii_case(name.as_bytes())
        {
            return Ok((at, rest));
        }
    }
    Err(Refusal::Form)
}

fn is_fraction(text: &[u8]) -> bool {
    matches!(text, [b'.' | b',', b'0'..=b'9', ..])
}

/// The nanoseconds of `.25` and the like; digits after the ninth do not count.
fn nanoseconds(text: &[u8]) -> Result<i64, Refusal> {
    let (mark, digits) = text.split_first().ok_or(Refusal::Form)?;
    if !matches!(mark, b'.' | b',') {
        return Err(Refusal::Form);
    }
    let digits = digits.get(..9).unwrap_or(digits);
    let number = integer(digits)?;
    if number < 0 {
        return Err(Refusal::Range("fractional second"));
    }
    let missing = u32::try_from(9 - digits.len()).unwrap_or(0);
    Ok(number * 10_i64.pow(missing))
}

/// How long the abbreviation of a zone at the head of `text` is.
fn zone_length(text: &[u8]) -> Option<usize> {
    if text.starts_with(b"ChST") || text.starts_with(b"MeST") {
        return Some(4);
    }
    if let Some(after) = text.strip_prefix(b"GMT") {
        return Some(3 + signed_hours(after));
    }
    if text.len() < 3 {
        return None;
    }
    if matches!(text, [b'+' | b'-', ..]) {
        return Some(signed_hours(text)).filter(|length| *length > 0);
    }
    let capitals = text.iter().take(6).take_while(|c| c.is_ascii_uppercase());
    match capitals.count() {
        5 if text.get(4) == Some(&b'T') => Some(5),
        4 if text.get(3) == Some(&b'T') || text.starts_with(b"WITA") => Some(4),
        3 => Some(3),
        _ => None,
    }
}

/// How long a sign with hours at the head of `text` is; 0 when there is none.
fn signed_hours(text: &[u8]) -> usize {
    let Some(digits) = text.strip_prefix(b"+").or(text.strip_prefix(b"-")) else {
        return 0;
    };
    let length = digits.iter().take_while(|c| c.is_ascii_digit()).count();
    let hours = digits.get(..length).map(integer);
    match hours {
        Some(Ok(hours)) if length > 0 && hours <= 23 => length + 1,
        _ => 0,
    }
}
