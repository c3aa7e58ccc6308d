//! One record as one event: the peer's field names, as JSON text. The console and the other sinks get the same members
//! but for `error`, which is a text on the console and an object elsewhere, and for what makes a line of a log.
//!
//! Where no policy looks at events, the text is written straight from the record. Where one does,
//! input and result become values that masks can change.

use std::io;
use std::time::SystemTime;

use super::mask::{Maskable, Masked};
use super::{Config, Defined, Inputs, Rules, Subject};
use crate::data::{Value, write};
use crate::decision::{Asked, CheckError, DecisionId, Record, Timers, TraceIds};
use crate::telemetry::{Layout, LineFormat, push_json_string};

/// Makes events of records.
pub(super) struct Events {
    /// `labels`, which are the same in each event.
    constant: Vec<u8>,
    labels: Value,
    subject: Subject,
    line: LineFormat,
    timestamp: Layout,
    inputs: Box<dyn Inputs>,
    /// The newest event's members, without its `error`.
    members: Vec<u8>,
    /// A line for the console.
    object: Vec<u8>,
    id: DecisionId,
}

/// What became of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Made {
    /// An event, as it should be.
    Whole,
    /// An event without input and result, since the masks failed.
    Unmasked,
    /// None, by the drop decision.
    Filtered,
}

/// What the policy said of an event.
enum Verdict {
    Show {
        event: Maskable,
        masked: Masked,
        error: Option<String>,
    },
    Filtered,
}

// === impl Events ===

impl Events {
    pub(super) fn new(
        config: &Config,
        subject: Subject,
        line: LineFormat,
        inputs: Box<dyn Inputs>,
    ) -> io::Result<Self> {
        let mut events = Self {
            constant: Vec::new(),
            labels: Value::Null,
            subject,
            line,
            timestamp: Layout::rfc3339_nano(),
            inputs,
            members: Vec::new(),
            object: Vec::new(),
            id: DecisionId::of_process().map_err(io::Error::other)?,
        };
        events.label(&config.labels);
        Ok(events)
    }

    /// Takes other labels; those that are this program's own stay.
    pub(super) fn label(&mut self, labels: &[(String, String)]) {
        let own = [
            ("id", self.id.as_str()),
            ("version", env!("CARGO_PKG_VERSION")),
        ];
        let labels: Vec<(&str, &str)> = labels
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str()))
            .filter(|(key, _)| own.iter().all(|(name, _)| name != key))
            .chain(own)
            .collect();
        let mut constant = b"\"labels\":{".to_vec();
        push_members(labels.iter().copied(), &mut constant);
        constant.push(b'}');
        self.constant = constant;
        self.labels = object(
            labels
                .iter()
                .map(|(key, value)| (*key, Value::from(*value))),
        );
    }

    /// Makes the event of `record`, which [`write_line`](Self::write_line) and [`write`](Self::write) then show.
    pub(super) fn make(
        &mut self,
        record: &Record,
        rules: Option<(&mut dyn Rules, Defined)>,
    ) -> (Made, Option<DropFailed>) {
        let Some((rules, defined)) = rules.filter(|(_, d)| d.mask || d.drop) else {
            self.begin(record);
            if let Some(result) = result(record) {
                push_value("result", result, &mut self.members);
            }
            if let Some(calls) = &record.nd_builtin_cache {
                push_value("nd_builtin_cache", calls, &mut self.members);
            }
            if has_input(record) {
                self.members.extend_from_slice(b",\"input\":");
                self.inputs.write(record, &mut self.members);
            }
            return (Made::Whole, None);
        };
        let (verdict, failed) = self.judge(record, rules, defined);
        let Verdict::Show {
            event,
            masked,
            error,
        } = verdict
        else {
            return (Made::Filtered, failed);
        };
        self.begin(record);
        for (name, part) in event.parts() {
            if let Some(value) = part {
                push_value(name, value, &mut self.members);
            }
        }
        push_list("erased", &masked.erased, &mut self.members);
        push_list("masked", &masked.masked, &mut self.members);
        let made = if let Some(error) = error {
            push_text("log_error", &error, &mut self.members);
            Made::Unmasked
        } else {
            Made::Whole
        };
        (made, failed)
    }

    /// Makes the event of a record whose event could not be made.
    pub(super) fn make_bare(&mut self, record: &Record, error: &str) {
        self.begin(record);
        push_list("erased", &hidden(record), &mut self.members);
        push_text("log_error", error, &mut self.members);
    }

    /// Appends the console's line of the event that was made last, which is `record`'s.
    pub(super) fn write_line(&mut self, record: &Record, out: &mut Vec<u8>) {
        let object = &mut self.object;
        object.clear();
        object.extend_from_slice(b"{\"level\":\"info\",\"msg\":\"Decision Log\",\"time\":\"");
        self.line.write_time(SystemTime::now(), object);
        object.extend_from_slice(b"\",\"type\":\"openpolicyagent.org/decision_logs\",");
        object.extend_from_slice(&self.members);
        if let Err(error) = &record.result {
            push_text("error", &error.message, object);
        }
        object.push(b'}');
        self.line.write_line(object, out);
    }

    /// Appends the event that was made last, which is `record`'s, as an object in one line.
    pub(super) fn write(&self, record: &Record, out: &mut Vec<u8>) {
        out.push(b'{');
        out.extend_from_slice(&self.members);
        if let Err(error) = &record.result {
            push_error(error, out);
        }
        out.push(b'}');
    }

    fn begin(&mut self, record: &Record) {
        let out = &mut self.members;
        out.clear();
        out.extend_from_slice(&self.constant);
        let (name, text) = subject(record, &self.subject).member();
        push_text(name, text, out);
        if let Some(asked) = &record.asked {
            push_asked(asked, out);
        }
        push_text("decision_id", record.id.as_str(), out);
        push_bundles(record, out);
        out.extend_from_slice(b",\"timestamp\":\"");
        self.timestamp.write(record.timestamp, out);
        out.push(b'"');
        if let Some(trace) = &record.trace {
            push_trace(trace, out);
        }
        push_timers(&record.timers, out);
        push_rule_labels(&record.rule_labels, out);
    }

    fn judge(
        &mut self,
        record: &Record,
        rules: &mut dyn Rules,
        defined: Defined,
    ) -> (Verdict, Option<DropFailed>) {
        let mut event = Maskable {
            input: has_input(record).then(|| self.inputs.value(record)),
            result: result(record).cloned(),
            nd_builtin_cache: record.nd_builtin_cache.clone(),
        };
        let seen = self.seen(record, &event);
        let mut failed = None;
        if defined.drop {
            match rules.drop(&seen) {
                Ok(true) => return (Verdict::Filtered, None),
                Ok(false) => {}
                Err(error) => failed = Some(DropFailed(error)),
            }
        }
        let answer = if defined.mask {
            rules.mask(&seen)
        } else {
            Ok(None)
        };
        let masked = answer.and_then(|answer| match answer {
            Some(answer) => event.apply(&answer).map_err(|error| error.to_string()),
            None => Ok(Masked::default()),
        });
        let verdict = match masked {
            Ok(masked) => Verdict::Show {
                event,
                masked,
                error: None,
            },
            // What was to be hidden is not known, so all that can hide something is.
            Err(error) => Verdict::Show {
                event: Maskable::default(),
                masked: Masked {
                    erased: hidden(record),
                    masked: Vec::new(),
                },
                error: Some(error),
            },
        };
        (verdict, failed)
    }

    /// The event as mask and drop policies get it.
    fn seen(&self, record: &Record, event: &Maskable) -> Value {
        let (subject, text) = subject(record, &self.subject).member();
        let mut timestamp = Vec::new();
        self.timestamp.write(record.timestamp, &mut timestamp);
        let mut members = vec![
            ("labels", self.labels.clone()),
            ("decision_id", Value::from(record.id.as_str())),
            (subject, Value::from(text)),
            (
                "timestamp",
                Value::from(String::from_utf8_lossy(&timestamp).as_ref()),
            ),
        ];
        if !record.revisions.0.is_empty() {
            let bundles = record.revisions.0.iter().map(|(name, revision)| {
                (
                    name.as_str(),
                    object([("revision", Value::from(revision.as_str()))]),
                )
            });
            members.push(("bundles", object(bundles)));
        }
        if let Some(trace) = &record.trace {
            members.push(("trace_id", Value::from(hex(&trace.trace_id))));
            members.push(("span_id", Value::from(hex(&trace.span_id))));
        }
        if !record.rule_labels.is_empty() {
            members.push(("rule_labels", Value::from(record.rule_labels.to_vec())));
        }
        for (name, part) in event.parts() {
            if let Some(value) = part {
                members.push((name, value.clone()));
            }
        }
        object(members)
    }
}

/// The drop decision's error; the event was kept.
pub(super) struct DropFailed(pub(super) String);

// === impl Subject ===

impl Subject {
    fn member(&self) -> (&'static str, &str) {
        match self {
            Self::Path(path) => ("path", path),
            Self::Query(query) => ("query", query),
        }
    }
}

/// What `record` is a decision on: what was asked for, else what is configured.
fn subject<'a>(record: &'a Record, configured: &'a Subject) -> &'a Subject {
    let asked = record.asked.as_ref();
    asked.map_or(configured, |asked| &asked.subject)
}

/// The decision, if there is one.
fn result(record: &Record) -> Option<&Value> {
    let undefined = record.asked.as_ref().is_some_and(|asked| asked.undefined);
    record.result.as_ref().ok().filter(|_| !undefined)
}

/// Whether there was an input: with each Check, and with most of what else is asked.
fn has_input(record: &Record) -> bool {
    let asked = record.asked.as_ref();
    asked.is_none_or(|asked| asked.input.is_some())
}

fn push_asked(asked: &Asked, out: &mut Vec<u8>) {
    if !asked.requested_by.is_empty() {
        push_text("requested_by", &asked.requested_by, out);
    }
    out.extend_from_slice(b",\"req_id\":");
    out.extend_from_slice(asked.number.to_string().as_bytes());
    if let Some(batch) = &asked.batch {
        push_text("batch_decision_id", batch.as_str(), out);
    }
}

/// The parts that an event without them would show.
fn hidden(record: &Record) -> Vec<String> {
    let mut paths = vec!["/input", "/result"];
    if record.nd_builtin_cache.is_some() {
        paths.push("/nd_builtin_cache");
    }
    paths.into_iter().map(ToOwned::to_owned).collect()
}

fn object<'a>(members: impl IntoIterator<Item = (&'a str, Value)>) -> Value {
    let members = members.into_iter();
    Value::Object(
        members
            .map(|(key, value)| (Value::from(key), value))
            .collect(),
    )
}

fn push_text(name: &str, text: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(b",\"");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
    push_json_string(text, out);
}

fn push_value(name: &str, value: &Value, out: &mut Vec<u8>) {
    out.extend_from_slice(b",\"");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
    write::value(out, value);
}

fn push_members<'a>(members: impl Iterator<Item = (&'a str, &'a str)>, out: &mut Vec<u8>) {
    for (i, (key, value)) in members.enumerate() {
        if i > 0 {
            out.push(b',');
        }
        push_json_string(key, out);
        out.push(b':');
        push_json_string(value, out);
    }
}

fn push_list(name: &str, items: &[String], out: &mut Vec<u8>) {
    if items.is_empty() {
        return;
    }
    out.extend_from_slice(b",\"");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":[");
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        push_json_string(item, out);
    }
    out.push(b']');
}

fn push_bundles(record: &Record, out: &mut Vec<u8>) {
    if record.revisions.0.is_empty() {
        return;
    }
    out.extend_from_slice(b",\"bundles\":{");
    for (i, (name, revision)) in record.revisions.0.iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        push_json_string(name, out);
        out.extend_from_slice(b":{\"revision\":");
        push_json_string(revision, out);
        out.push(b'}');
    }
    out.push(b'}');
}

fn push_rule_labels(labels: &[Value], out: &mut Vec<u8>) {
    if labels.is_empty() {
        return;
    }
    out.extend_from_slice(b",\"rule_labels\":[");
    for (i, labels) in labels.iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        write::value(out, labels);
    }
    out.push(b']');
}

fn push_trace(trace: &TraceIds, out: &mut Vec<u8>) {
    push_text("trace_id", &hex(&trace.trace_id), out);
    push_text("span_id", &hex(&trace.span_id), out);
}

/// Errors of an evaluation have a code, and mostly a place; others have a message alone.
fn push_error(error: &CheckError, out: &mut Vec<u8>) {
    out.extend_from_slice(b",\"error\":{");
    let plain = if error.code.starts_with("eval_") {
        out.extend_from_slice(b"\"code\":");
        push_json_string(error.code, out);
        out.push(b',');
        // What stands before the message in the answer stands beside it here.
        let (_, plain) = error.message.split_once(error.code).unwrap_or_default();
        plain.strip_prefix(": ")
    } else {
        None
    };
    out.extend_from_slice(b"\"message\":");
    push_json_string(plain.unwrap_or(&error.message), out);
    let place = error.location.as_deref();
    if let Some((file, row)) = place.and_then(|place| place.rsplit_once(':'))
        && row.bytes().all(|byte| byte.is_ascii_digit())
    {
        out.extend_from_slice(b",\"location\":{\"file\":");
        push_json_string(file, out);
        out.extend_from_slice(b",\"row\":");
        out.extend_from_slice(row.as_bytes());
        out.push(b'}');
    }
    out.push(b'}');
}

fn push_timers(timers: &Timers, out: &mut Vec<u8>) {
    out.extend_from_slice(b",\"metrics\":{\"timer_server_handler_ns\":");
    out.extend_from_slice(timers.handler.as_nanos().to_string().as_bytes());
    for (name, timer) in [
        ("timer_rego_input_parse_ns", timers.input),
        ("timer_rego_query_eval_ns", timers.eval),
    ] {
        if let Some(timer) = timer {
            out.extend_from_slice(b",\"");
            out.extend_from_slice(name.as_bytes());
            out.extend_from_slice(b"\":");
            out.extend_from_slice(timer.as_nanos().to_string().as_bytes());
        }
    }
    out.push(b'}');
}

fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}
