//! A moment seen in a time zone, and the arithmetic of the calendar.

use jiff::Timestamp;
use jiff::tz::{TimeZone, TimeZoneDatabase};

/// A moment with what a clock and a calendar in its zone show.
#[derive(Debug, Clone)]
pub(in crate::builtins) struct Moment {
    /// Nanoseconds since 1970.
    pub ns: i64,
    /// The zone.
    pub zone: TimeZone,
    /// Seconds east of UTC.
    pub offset: i64,
    /// What the zone's time is called then.
    pub abbreviation: String,
    /// Days since 1970 of the date there.
    pub days: i64,
    /// Seconds since midnight there.
    pub seconds: i64,
}

/// A day of the Gregorian calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::builtins) struct Date {
    /// The year; 0 is the year before 1.
    pub year: i64,
    /// 1 to 12.
    pub month: i64,
    /// 1 to 31.
    pub day: i64,
}

/// Seconds of a day.
pub(super) const DAY: i64 = 86_400;

/// Nanoseconds of a second.
pub(super) const SECOND: i64 = 1_000_000_000;

// === impl Moment ===

impl Moment {
    /// The moment `ns` as `zone` sees it.
    pub(super) fn new(ns: i64, zone: TimeZone) -> Self {
        let at = ns.div_euclid(SECOND);
        let info = Timestamp::from_second(at).map(|at| {
            let info = zone.to_offset_info(at);
            (
                i64::from(info.offset().seconds()),
                info.abbreviation().to_owned(),
            )
        });
        let (offset, abbreviation) = info.unwrap_or_else(|_| (0, "UTC".to_owned()));
        let local = at + offset;
        Self {
            ns,
            zone,
            offset,
            abbreviation,
            days: local.div_euclid(DAY),
            seconds: local.rem_euclid(DAY),
        }
    }

    /// The moment `ns` as UTC has it.
    pub(in crate::builtins) fn utc(ns: i64) -> Self {
        Self::new(ns, TimeZone::UTC)
    }

    /// The date.
    pub(in crate::builtins) fn date(&self) -> Date {
        Date::from_days(self.days)
    }

    /// Hour, minute and second.
    pub(in crate::builtins) fn clock(&self) -> [i64; 3] {
        let s = self.seconds;
        [s / 3600, s / 60 % 60, s % 60]
    }

    /// The number of the day of the week: 0 is Sunday.
    pub(super) fn weekday(&self) -> i64 {
        (self.days + 4).rem_euclid(7)
    }

    /// Nanoseconds of the second.
    pub(super) fn nanosecond(&self) -> i64 {
        self.ns.rem_euclid(SECOND)
    }
}

// === impl Date ===

impl Date {
    /// The date `days` days after 1970-01-01.
    pub(super) fn from_days(days: i64) -> Self {
        // Years that begin in March have their leap day last; 400 of them are always as long.
        let z = days + 719_468;
        let era = z.div_euclid(146_097);
        let of_era = z.rem_euclid(146_097);
        let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year + year / 4 - year / 100);
        let march = (5 * of_year + 2) / 153;
        let month = if march < 10 { march + 3 } else { march - 9 };
        Self {
            year: year + era * 400 + i64::from(month <= 2),
            month,
            day: of_year - (153 * march + 2) / 5 + 1,
        }
    }

    /// Days since 1970-01-01; month and day may be out of range. `None` where the year is beyond all reach.
    pub(super) fn days(self) -> Option<i64> {
        let months = self.month.checked_sub(1)?;
        let year = self.year.checked_add(months.div_euclid(12))?;
        let month = months.rem_euclid(12) + 1;
        if year.unsigned_abs() > 1 << 40 {
            return None;
        }
        let year = year - i64::from(month <= 2);
        let march = if month > 2 { month - 3 } else { month + 9 };
        let of_year = (153 * march + 2) / 5;
        let of_era = year.rem_euclid(400);
        let days = year.div_euclid(400) * 146_097 + of_era * 365 + of_era / 4 - of_era / 100;
        (days + of_year - 719_468)
            .checked_add(self.day)?
            .checked_sub(1)
    }

    /// The number of the day in its year, from 1 on.
    pub(super) fn year_day(self) -> i64 {
        let first = Self {
            month: 1,
            day: 1,
            ..self
        };
        let days = |date: Self| date.days().unwrap_or_default();
        days(self) - days(first) + 1
    }
}

/// How many days a month of a year has.
pub(super) fn days_in(month: i64, year: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Whether a year has 366 days.
pub(super) fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// The zone of that name, in exactly these letters.
pub(super) fn zone(name: &str) -> Option<TimeZone> {
    match name {
        // The host's own zone would make answers differ from machine to machine.
        "" | "UTC" | "Local" => Some(TimeZone::UTC),
        name => {
            let zone = TimeZoneDatabase::bundled().get(name).ok()?;
            (zone.iana_name() == Some(name)).then_some(zone)
        }
    }
}

/// The moment at which a calendar and a clock in `zone` show this: `days` since 1970 and `seconds` of the day. What
/// they never show is taken with the offset from before the gap or after it, as Go does.
pub(super) fn at(zone: &TimeZone, days: i64, seconds: i64) -> Option<i128> {
    let offset = |second: i64| {
        let at = Timestamp::from_second(second).ok()?;
        Some(i64::from(zone.to_offset_info(at).offset().seconds()))
    };
    let local = days.checked_mul(DAY)?.checked_add(seconds)?;
    let Some(first) = offset(local) else {
        return Some(i128::from(local));
    };
    let real = offset(local - first).unwrap_or(first);
    Some(i128::from(local - real))
}
