//! `time.*`: moments as nanoseconds since 1970, written and read by Go's layouts, in zones of a database that the
//! binary carries.

mod duration;
mod layout;
mod moment;
mod read;
mod write;

use jiff::tz::TimeZone;

pub(super) use self::moment::Moment;
use self::moment::{Date, SECOND, days_in};
use super::declare::{named, number, string, takes};
use super::operand;
use super::{Builtin, Context, Error};
use crate::types::{Arg, Type};
use crate::value::Value;

/// The family's functions.
pub(super) static TABLE: &[Builtin] = &[
    Builtin::new(
        "time.add_date",
        "Adds years, months and days to a moment; a day that the month lacks is one of the next month.",
        add_date,
    )
    .declared(|| {
        takes([
            number("ns", "nanoseconds since 1970"),
            number("years", "years to add"),
            number("months", "months to add"),
            number("days", "days to add"),
        ])
        .gives(number("output", "nanoseconds since 1970"))
    }),
    Builtin::new("time.clock", "Gives what a clock shows at a moment.", clock).declared(|| {
        takes([moment_arg("x")]).gives(named("output", numbers(3), "hour, minute and second"))
    }),
    Builtin::new("time.date", "Gives what a calendar shows at a moment.", date).declared(|| {
        takes([moment_arg("x")]).gives(named("date", numbers(3), "year, month and day"))
    }),
    Builtin::new("time.diff", "Gives how far two moments lie apart.", diff).declared(|| {
        takes([moment_arg("ns1"), moment_arg("ns2")]).gives(named(
            "output",
            numbers(6),
            "years, months, days, hours, minutes and seconds, as the first one's zone counts them",
        ))
    }),
    Builtin::new("time.format", "Writes a moment by a layout.", format).declared(|| {
        let with_layout = tuple(&[Type::Number, Type::String, Type::String]);
        let x = Type::one_of([
            Type::Number,
            tuple(&[Type::Number, Type::String]),
            with_layout,
        ]);
        let what = "nanoseconds since 1970, or an array of them, a zone's name and a layout of Go or its name";
        takes([named("x", x, what)])
            .gives(string("formatted timestamp", "the moment, written"))
    }),
    Builtin::new("time.now_ns", "Gives the time of the query.", now)
        .declared(|| takes([]).gives(number("now", "nanoseconds since 1970")))
        .nondeterministic(),
    Builtin::new(
        "time.parse_duration_ns",
        "Reads a duration: `1h30m`, `1.5d`.",
        parse_duration,
    )
    .declared(|| {
        takes([string("duration", "the duration")])
            .gives(number("ns", "the duration in nanoseconds"))
    }),
    Builtin::new("time.parse_ns", "Reads a moment by a layout.", parse).declared(|| {
        takes([
            string("layout", "a layout of Go, or its name"),
            string("value", "the moment, written"),
        ])
        .gives(number("ns", "nanoseconds since 1970"))
    }),
    Builtin::new(
        "time.parse_rfc3339_ns",
        "Reads a moment written as RFC 3339 says.",
        parse_rfc3339,
    )
    .declared(|| {
        takes([string("value", "the moment, written")])
            .gives(number("ns", "nanoseconds since 1970"))
    }),
    Builtin::new("time.weekday", "Gives the name of a moment's day of the week.", weekday)
        .declared(|| takes([moment_arg("x")]).gives(string("day", "`Monday` and the like"))),
];

fn moment_arg(name: &str) -> Arg {
    let of = Type::one_of([Type::Number, tuple(&[Type::Number, Type::String])]);
    named(
        name,
        of,
        "nanoseconds since 1970, or an array of them and a zone's name",
    )
}

fn tuple(prefix: &[Type]) -> Type {
    Type::Array {
        prefix: prefix.to_vec(),
        rest: None,
    }
}

fn numbers(count: usize) -> Type {
    tuple(&vec![Type::Number; count])
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "all functions of a table are of one type"
)]
fn now(context: &mut Context<'_>, _: &[&Value]) -> Result<Value, Error> {
    Ok(Value::from(context.now_ns))
}

fn parse(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let (layout, text) = (operand::string(args, 0)?, operand::string(args, 1)?);
    read_ns(context, layout, text)
}

fn parse_rfc3339(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    read_ns(context, "RFC3339", operand::string(args, 0)?)
}

fn read_ns(context: &mut Context<'_>, layout: &str, text: &str) -> Result<Value, Error> {
    charge(context, layout.len() + text.len())?;
    let layout = layout::by_name(layout).unwrap_or(layout);
    match read::read(layout, text) {
        Ok(ns) => in_range(ns),
        Err(read::Refusal::Form) => Err(Error::Failed(format!(
            "parsing time {text:?} as {layout:?}: cannot parse it"
        ))),
        Err(read::Refusal::Range(what)) => Err(Error::Failed(format!(
            "parsing time {text:?}: {what} out of range"
        ))),
    }
}

/// Nanoseconds of a duration as `time.parse_duration_ns` reads it.
pub(super) fn duration(text: &str) -> Option<i64> {
    duration::parse(text)
}

fn parse_duration(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let text = operand::string(args, 0)?;
    charge(context, text.len())?;
    let ns = duration::parse(text);
    ns.map(Value::from)
        .ok_or_else(|| Error::Failed(format!("time: invalid duration {:?}", &**text)))
}

fn format(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let (moment, layout) = moment(args, 0)?;
    let layout = match layout {
        "" => layout::RFC3339_NANO,
        layout => layout::by_name(layout).unwrap_or(layout),
    };
    charge(context, layout.len())?;
    Ok(Value::from(write::write(&moment, layout)))
}

fn date(_: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let Date { year, month, day } = moment(args, 0)?.0.date();
    Ok(integers(&[year, month, day]))
}

/// Whether a text is a moment written by a layout.
pub(super) fn reads_as(layout: &str, text: &str) -> bool {
    read::read(layout, text).is_ok()
}

fn clock(_: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    Ok(integers(&moment(args, 0)?.0.clock()))
}

fn weekday(_: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let day = moment(args, 0)?.0.weekday();
    Ok(Value::from(write::name(&layout::WEEKDAYS, day)))
}

fn add_date(_: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let moment = moment(args, 0)?.0;
    let [years, months, days] = [
        operand::int(args, 1)?,
        operand::int(args, 2)?,
        operand::int(args, 3)?,
    ];
    let from = moment.date();
    let sum = || {
        let to = Date {
            year: from.year.checked_add(years)?,
            month: from.month.checked_add(months)?,
            day: from.day.checked_add(days)?,
        };
        let at = moment::at(&moment.zone, to.days()?, moment.seconds)?;
        Some(at * i128::from(SECOND) + i128::from(moment.nanosecond()))
    };
    in_range(sum().unwrap_or(i128::MAX))
}

fn diff(_: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let (one, other) = (moment(args, 0)?.0, moment(args, 1)?.0);
    let other = Moment::new(other.ns, one.zone.clone());
    let (from, to) = if one.ns > other.ns {
        (other, one)
    } else {
        (one, other)
    };
    let (start, end) = (from.date(), to.date());
    let (years, months) = (end.year - start.year, end.month - start.month);
    let mut parts = [years, months, end.day - start.day, 0, 0, 0];
    for (part, (a, b)) in parts
        .iter_mut()
        .skip(3)
        .zip(to.clock().iter().zip(from.clock()))
    {
        *part = a - b;
    }
    // What is less than nothing borrows from the next larger.
    let spans = [0, 12, days_in(start.month, start.year), 24, 60, 60];
    for at in (1..parts.len()).rev() {
        if let (Some([larger, part]), Some(span)) = (parts.get_mut(at - 1..=at), spans.get(at))
            && *part < 0
        {
            *part += span;
            *larger -= 1;
        }
    }
    Ok(integers(&parts))
}

/// The moment of the argument at `at`, and the layout that comes with it, or nothing.
fn moment<'v>(args: &[&'v Value], at: usize) -> Result<(Moment, &'v str), Error> {
    let value = operand::value(args, at)?;
    let (ns, zone, layout) = match value {
        Value::Number(_) => (value, None, None),
        Value::Array(parts) => match parts.first() {
            Some(ns) => (ns, parts.get(1), parts.get(2)),
            None => return Err(not_a_moment(value)),
        },
        other => return Err(not_a_moment(other)),
    };
    let Value::Number(ns) = ns else {
        return Err(operand::mismatch(0, ns, &["number"]));
    };
    let zone = match zone {
        Some(zone) => zone_of(text(zone)?)?,
        None => TimeZone::UTC,
    };
    let layout = layout.map_or(Ok(""), text)?;
    let ns = ns.as_i64();
    let ns = ns.ok_or_else(|| Error::Failed("timestamp too big".to_owned()))?;
    Ok((Moment::new(ns, zone), layout))
}

fn text(value: &Value) -> Result<&str, Error> {
    match value {
        Value::String(text) => Ok(text),
        other => Err(operand::mismatch(0, other, &["string"])),
    }
}

fn zone_of(name: &str) -> Result<TimeZone, Error> {
    moment::zone(name).ok_or_else(|| Error::Failed(format!("unknown time zone {name}")))
}

#[cold]
fn not_a_moment(got: &Value) -> Error {
    operand::mismatch(
        0,
        got,
        &["either number (ns) or [number (ns), string (tz)]"],
    )
}

fn in_range(ns: i128) -> Result<Value, Error> {
    let ns = i64::try_from(ns);
    ns.map(Value::from)
        .map_err(|_| Error::Failed("time outside of valid range".to_owned()))
}

fn integers(parts: &[i64]) -> Value {
    parts
        .iter()
        .copied()
        .map(Value::from)
        .collect::<Vec<_>>()
        .into()
}

fn charge(context: &mut Context<'_>, bytes: usize) -> Result<(), Error> {
    context.budget.build(bytes as u64 * 2)
}

#[cfg(test)]
mod tests;
