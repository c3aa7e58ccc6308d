//! Go's layouts: a time is written and read the way the reference time, Mon Jan 2 15:04:05 MST 2006, is written.

/// What stands at one place of a layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    /// `2006`.
    Year,
    /// `06`.
    ShortYear,
    /// `January`.
    MonthName,
    /// `Jan`.
    ShortMonthName,
    /// `1` and `01`.
    Month(Pad),
    /// `Monday`.
    WeekdayName,
    /// `Mon`.
    ShortWeekdayName,
    /// `2`, `_2` and `02`.
    Day(Pad),
    /// `__2` and `002`.
    YearDay(Pad),
    /// `15`.
    Hour,
    /// `3` and `03`.
    Hour12(Pad),
    /// `4` and `04`.
    Minute(Pad),
    /// `5` and `05`.
    Second(Pad),
    /// `PM` and `pm`.
    HalfDay {
        /// Whether it is written in capitals.
        capital: bool,
    },
    /// `MST`.
    Zone,
    /// `-07`, `Z07:00` and the like.
    Offset(Offset),
    /// `.000` and `.999`, with a point or a comma.
    Fraction {
        /// What is before the digits.
        mark: u8,
        /// How many digits.
        digits: usize,
        /// Whether trailing zeros are left out.
        trimmed: bool,
    },
}

/// How a number is filled up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pad {
    /// Not at all.
    None,
    /// With spaces.
    Space,
    /// With zeros.
    Zero,
}

/// How an offset from UTC is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Offset {
    /// Whether no offset is written `Z`.
    pub z: bool,
    /// Whether colons stand between the numbers.
    pub colon: bool,
    /// How many numbers: hours, minutes, seconds.
    pub numbers: usize,
}

/// Names of layouts that stand for themselves.
pub(super) fn by_name(name: &str) -> Option<&'static str> {
    Some(match name {
        "ANSIC" => "Mon Jan _2 15:04:05 2006",
        "UnixDate" => "Mon Jan _2 15:04:05 MST 2006",
        "RubyDate" => "Mon Jan 02 15:04:05 -0700 2006",
        "RFC822" => "02 Jan 06 15:04 MST",
        "RFC822Z" => "02 Jan 06 15:04 -0700",
        "RFC850" => "Monday, 02-Jan-06 15:04:05 MST",
        "RFC1123" => "Mon, 02 Jan 2006 15:04:05 MST",
        "RFC1123Z" => "Mon, 02 Jan 2006 15:04:05 -0700",
        "RFC3339" => "2006-01-02T15:04:05Z07:00",
        "RFC3339Nano" => RFC3339_NANO,
        _ => return None,
    })
}

/// The layout of `RFC3339Nano`.
pub(super) const RFC3339_NANO: &str = "2006-01-02T15:04:05.999999999Z07:00";

/// The names of the months.
pub(super) const MONTHS: [&str; 12] = [
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

/// The names of the days of the week, from Sunday on.
pub(super) const WEEKDAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];

/// The first field of a layout: the text before it, the field, and the rest. Without a field all is text.
pub(super) fn next(layout: &[u8]) -> (&[u8], Option<Field>, &[u8]) {
    for at in 0..layout.len() {
        let Some((before, here)) = layout.split_at_checked(at) else {
            break;
        };
        if let Some((field, length)) = field(here) {
            // In `_2006` the line is text.
            let text = usize::from(field == Field::Year && here.starts_with(b"_"));
            let before = layout.get(..at + text).unwrap_or(before);
            return (
                before,
                Some(field),
                here.get(length + text..).unwrap_or_default(),
            );
        }
    }
    (layout, None, &[])
}

/// The field at the head of `text`, and how long it is.
fn field(text: &[u8]) -> Option<(Field, usize)> {
    match *text.first()? {
        b'J' | b'M' => name(text),
        b'0' => zero(text),
        b'1' if text.starts_with(b"15") => Some((Field::Hour, 2)),
        b'1' => Some((Field::Month(Pad::None), 1)),
        b'2' if text.starts_with(b"2006") => Some((Field::Year, 4)),
        b'2' => Some((Field::Day(Pad::None), 1)),
        b'_' if text.starts_with(b"_2006") => Some((Field::Year, 4)),
        b'_' if text.starts_with(b"_2") => Some((Field::Day(Pad::Space), 2)),
        b'_' if text.starts_with(b"__2") => Some((Field::YearDay(Pad::Space), 3)),
        b'3' => Some((Field::Hour12(Pad::None), 1)),
        b'4' => Some((Field::Minute(Pad::None), 1)),
        b'5' => Some((Field::Second(Pad::None), 1)),
        b'P' if text.starts_with(b"PM") => Some((Field::HalfDay { capital: true }, 2)),
        b'p' if text.starts_with(b"pm") => Some((Field::HalfDay { capital: false }, 2)),
        b'-' | b'Z' => offset(text),
        b'.' | b',' => fraction(text),
        _ => None,
    }
}

fn name(text: &[u8]) -> Option<(Field, usize)> {
    // A short name at the head of another word is none.
    let ends = !text.get(3).is_some_and(u8::is_ascii_lowercase);
    if text.starts_with(b"January") {
        Some((Field::MonthName, 7))
    } else if text.starts_with(b"Jan") && ends {
        Some((Field::ShortMonthName, 3))
    } else if text.starts_with(b"Monday") {
        Some((Field::WeekdayName, 6))
    } else if text.starts_with(b"Mon") && ends {
        Some((Field::ShortWeekdayName, 3))
    } else if text.starts_with(b"MST") {
        Some((Field::Zone, 3))
    } else {
        None
    }
}

fn zero(text: &[u8]) -> Option<(Field, usize)> {
    let field = match *text.get(1)? {
        b'1' => Field::Month(Pad::Zero),
        b'2' => Field::Day(Pad::Zero),
        b'3' => Field::Hour12(Pad::Zero),
        b'4' => Field::Minute(Pad::Zero),
        b'5' => Field::Second(Pad::Zero),
        b'6' => Field::ShortYear,
        b'0' if text.get(2) == Some(&b'2') => return Some((Field::YearDay(Pad::Zero), 3)),
        _ => return None,
    };
    Some((field, 2))
}

fn offset(text: &[u8]) -> Option<(Field, usize)> {
    let z = text.first() == Some(&b'Z');
    let forms: [(&[u8], bool, usize); 5] = [
        (b"070000", false, 3),
        (b"07:00:00", true, 3),
        (b"0700", false, 2),
        (b"07:00", true, 2),
        (b"07", false, 1),
    ];
    let digits = text.get(1..)?;
    let (form, colon, numbers) = forms.into_iter().find(|form| digits.starts_with(form.0))?;
    let offset = Offset { z, colon, numbers };
    Some((Field::Offset(offset), form.len() + 1))
}

fn fraction(text: &[u8]) -> Option<(Field, usize)> {
    let (&mark, rest) = text.split_first()?;
    let digit = *rest.first().filter(|c| matches!(c, b'0' | b'9'))?;
    let digits = rest.iter().take_while(|c| **c == digit).count();
    if rest.get(digits).is_some_and(u8::is_ascii_digit) {
        return None;
    }
    let field = Field::Fraction {
        mark,
        digits,
        trimmed: digit == b'9',
    };
    Some((field, digits + 1))
}
