//! `decision_logs` and `labels` into [`decision_log::Config`].

use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use super::problem::Report;
use super::section::Section;
use super::service;
use crate::decision_log::{self, BufferLimit, Fsync, OnFull, SpoolConfig, Trigger, UploadConfig};

/// What a chunk has at least.
const SMALLEST_CHUNK: i64 = 90;

/// What a chunk has at most.
const LARGEST_CHUNK: i64 = 4_294_967_296;

/// What a chunk has at most where nothing is said.
const CHUNK: usize = 32_768;

/// What may wait where nothing is said; the peer has no limit then.
const BUFFER_BYTES: usize = 256 << 20;

/// What may wait where nothing is said, and the buffer counts events.
const BUFFER_EVENTS: usize = 10_000;

/// The bounds of the delay where nothing is said.
const DELAYS: (Duration, Duration) = (Duration::from_mins(5), Duration::from_mins(10));

pub(super) fn read(root: &Section<'_>, report: &mut Report) -> decision_log::Config {
    let logs = root.section("decision_logs");
    let console = logs.flag("console");
    let labels = root.section("labels");
    let labels = labels
        .members()
        .map(|(name, value)| {
            (
                name.to_owned(),
                value.own_text().unwrap_or_default().to_owned(),
            )
        })
        .collect();
    let file = logs.section("file").is_there();
    if logs.is_there() && !console && !file && !root.has_services() {
        let message =
            "no service is configured, and neither `console` nor `file`: decisions are not logged";
        report.note(logs.line(), &logs.path, message);
    }
    let defaults = decision_log::Config::default();
    let or = |name, default: String| logs.text(name).map_or(default, ToOwned::to_owned);
    decision_log::Config {
        console,
        file: path(&logs.section("file"), "path", report),
        upload: service::of(&logs, root, console, report).map(|it| upload(&logs, it, report)),
        on_full: match logs.text("on_full") {
            Some("drop_newest") => OnFull::DropNewest,
            Some("block") => OnFull::Block,
            Some("deny") => OnFull::Deny,
            _ => OnFull::DropOldest,
        },
        mask_decision: or("mask_decision", defaults.mask_decision),
        drop_decision: or("drop_decision", defaults.drop_decision),
        nd_builtin_cache: root.flag("nd_builtin_cache"),
        queue_records: logs.size("queue_size_limit_events"),
        queue_bytes: logs.size("queue_size_limit_bytes"),
        labels,
    }
}

fn upload(logs: &Section<'_>, service: String, report: &mut Report) -> UploadConfig {
    let reporting = logs.section("reporting");
    let (min_delay, max_delay) = delays(&reporting, report);
    let chunk = reporting.integer("upload_size_limit_bytes");
    let chunk_bytes = chunk.map_or(CHUNK, |bytes| {
        let fitting = bytes.clamp(SMALLEST_CHUNK, LARGEST_CHUNK);
        if fitting != bytes {
            let name = "upload_size_limit_bytes";
            let message = format!("{bytes} is out of bounds; {fitting} is taken instead");
            report.note(reporting.line_of(name), &reporting.path_of(name), &message);
        }
        usize::try_from(fitting).unwrap_or(usize::MAX)
    });
    UploadConfig {
        resource: resource(logs),
        service,
        buffer: buffer(&reporting, report),
        chunk_bytes,
        chunk_bytes_is_strict: chunk.is_some(),
        min_delay,
        max_delay,
        max_per_second: max_per_second(&reporting, report),
        trigger: match reporting.text("trigger") {
            Some("manual") => Trigger::Manual,
            Some("immediate") => Trigger::Immediate,
            _ => Trigger::Periodic,
        },
        spool: spool(&logs.section("spool"), report),
    }
}

fn resource(logs: &Section<'_>) -> String {
    if let Some(resource) = logs.text("resource") {
        return resource.to_owned();
    }
    let mut path = "/logs".to_owned();
    if let Some(partition) = logs.text("partition_name") {
        path.push('/');
        for byte in partition.bytes() {
            let plain = byte.is_ascii_alphanumeric() || b"/-._~$&+,:;=@!*'()".contains(&byte);
            if plain {
                path.push(char::from(byte));
            } else {
                // Writing into a string does not fail.
                let _ = write!(path, "%{byte:02X}");
            }
        }
    }
    path
}

fn buffer(reporting: &Section<'_>, report: &mut Report) -> BufferLimit {
    let (bytes, events) = ("buffer_size_limit_bytes", "buffer_size_limit_events");
    let counts_events = reporting.text("buffer_type") == Some("event");
    let mut refuse = |name: &str, message: &str| {
        report.error(reporting.line_of(name), &reporting.path_of(name), message);
    };
    if counts_events && reporting.count(bytes).is_some() {
        refuse(
            bytes,
            "the buffer type `event` has `buffer_size_limit_events` instead",
        );
    }
    if !counts_events && reporting.count(events).is_some() {
        refuse(
            events,
            "the buffer type `size` has `buffer_size_limit_bytes` instead",
        );
    }
    if reporting.count(bytes).is_some() && reporting.number("max_decisions_per_second").is_some() {
        refuse(
            bytes,
            "not together with `max_decisions_per_second`; leave one of them out",
        );
    }
    if !counts_events {
        let most = reporting.count(bytes).map(|_| reporting.size(bytes));
        return BufferLimit::Bytes(most.unwrap_or(BUFFER_BYTES));
    }
    match reporting.count(events).map(|_| reporting.size(events)) {
        Some(0) => {
            refuse(events, "expected 1 or more");
            BufferLimit::Events(BUFFER_EVENTS)
        }
        most => BufferLimit::Events(most.unwrap_or(BUFFER_EVENTS)),
    }
}

fn max_per_second(reporting: &Section<'_>, report: &mut Report) -> Option<f64> {
    let name = "max_decisions_per_second";
    let most = reporting.number(name)?;
    if most.is_finite() && most > 0.0 {
        return Some(most);
    }
    let message = "expected more than 0; to upload nothing, leave the service out";
    report.error(reporting.line_of(name), &reporting.path_of(name), message);
    None
}

fn delays(reporting: &Section<'_>, report: &mut Report) -> (Duration, Duration) {
    let (min, max) = ("min_delay_seconds", "max_delay_seconds");
    let mut refuse = |name: &str, message: String| {
        report.error(reporting.line_of(name), &reporting.path_of(name), message);
        DELAYS
    };
    let (least, most) = match (reporting.number(min), reporting.number(max)) {
        (None, None) => return DELAYS,
        (Some(least), Some(most)) => (least, most),
        (None, Some(_)) => return refuse(max, format!("needs `{min}` beside it")),
        (Some(_), None) => return refuse(min, format!("needs `{max}` beside it")),
    };
    let duration = |seconds: f64| {
        let bounded = (0.0..=1e9).contains(&seconds);
        Duration::try_from_secs_f64(seconds)
            .ok()
            .filter(|_| bounded)
    };
    match (duration(least), duration(most)) {
        (Some(least), Some(most)) if least <= most => (least, most),
        (Some(_), Some(_)) => refuse(max, format!("expected no less than `{min}`")),
        (None, _) => refuse(min, "expected seconds, 0 or more".to_owned()),
        (_, None) => refuse(max, "expected seconds, 0 or more".to_owned()),
    }
}

fn spool(section: &Section<'_>, report: &mut Report) -> Option<SpoolConfig> {
    Some(SpoolConfig {
        directory: path(section, "directory", report)?,
        max_bytes: section.count("max_bytes").unwrap_or(u64::MAX),
        fsync: match section.text("fsync") {
            Some("chunk") => Fsync::Chunk,
            Some("batch") => Fsync::Batch,
            _ => Fsync::Never,
        },
    })
}

/// The path `name` of a section that is of no use without it.
fn path(section: &Section<'_>, name: &str, report: &mut Report) -> Option<PathBuf> {
    let path = section.path_buf(name);
    if section.is_there() && path.is_none() {
        let message = format!("expected a path in `{name}`");
        report.error(section.line(), &section.path_of(name), message);
    }
    path
}
