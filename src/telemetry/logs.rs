//! This program's own log: `tracing` events become lines of the configured format, written by a
//! thread of their own, so that a slow reader of the log stops nobody.

use std::fmt;
use std::io::{self, Write};
use std::time::SystemTime;

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_appender::non_blocking::{ErrorCounter, NonBlocking, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

use super::metrics::Registry;
use super::{LayoutError, LineFormat, LogConfig, LogLevel, push_json_string};

/// How many lines may wait for the writer; what comes on top is dropped and counted.
const WAITING_LINES: usize = 8192;

/// Events of this program, as opposed to those of the crates it is made of.
const OWN: &str = env!("CARGO_PKG_NAME");

/// A subscriber and what keeps it going.
#[derive(Debug)]
pub struct Logs {
    writer: NonBlocking,
    format: LineFormat,
    level: LogLevel,
    guard: Guard,
}

/// Held until the end of the process; its drop writes what waits.
#[derive(Debug)]
pub struct Guard {
    writer: NonBlocking,
    dropped: ErrorCounter,
    #[expect(dead_code, reason = "its drop is what it is for")]
    worker: WorkerGuard,
}

/// Why the log cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum LogsError {
    /// `--log-timestamp-format` is no layout.
    #[error("`--log-timestamp-format`: {0}")]
    Layout(#[from] LayoutError),
    /// Another subscriber is in place.
    #[error("the log is set up already; it can be set up once in a process")]
    Twice,
}

struct LineLayer {
    writer: NonBlocking,
    format: LineFormat,
    level: Level,
}

/// Appends an event's fields to a JSON object.
struct Fields<'a> {
    out: &'a mut Vec<u8>,
    message: String,
}

// === impl Logs ===

impl Logs {
    /// A log that writes to standard error.
    pub fn to_stderr(config: &LogConfig) -> Result<Self, LogsError> {
        Self::to_writer(config, io::stderr())
    }

    /// A log that writes to `sink`.
    pub fn to_writer(
        config: &LogConfig,
        sink: impl Write + Send + 'static,
    ) -> Result<Self, LogsError> {
        let format = LineFormat::new(config)?;
        let (writer, worker) = NonBlockingBuilder::default()
            .lossy(true)
            .buffered_lines_limit(WAITING_LINES)
            .thread_name("log")
            .finish(sink);
        let guard = Guard {
            writer: writer.clone(),
            dropped: writer.error_counter(),
            worker,
        };
        Ok(Self {
            writer,
            format,
            level: config.level,
            guard,
        })
    }

    /// Makes this the log of the whole process.
    pub fn install(self) -> Result<Guard, LogsError> {
        let (subscriber, guard) = self.into_subscriber();
        tracing::subscriber::set_global_default(subscriber).map_err(|_| LogsError::Twice)?;
        Ok(guard)
    }

    /// The subscriber alone, for those who install it for a while or for one thread.
    pub fn into_subscriber(self) -> (impl Subscriber + Send + Sync + 'static, Guard) {
        let level = match self.level {
            LogLevel::Debug => Level::DEBUG,
            LogLevel::Info => Level::INFO,
            LogLevel::Error => Level::ERROR,
        };
        let layer = LineLayer {
            writer: self.writer,
            format: self.format,
            level,
        };
        (tracing_subscriber::registry().with(layer), self.guard)
    }
}

// === impl Guard ===

impl Guard {
    /// Writes whole lines between the log's own; it never waits, and counts lines that it has no room for.
    #[must_use]
    pub fn writer(&self) -> impl Write + Send + use<> {
        self.writer.clone()
    }

    /// Shows at every scrape how many lines were dropped because too many waited.
    pub fn register(&self, registry: &Registry) {
        let counter = self.dropped.clone();
        registry.counter_fn(
            "regate_log_dropped_lines_total",
            "Lines of the program's own log that were lost, since too many waited.",
            move || u64::try_from(counter.dropped_lines()).unwrap_or(u64::MAX),
        );
    }
}

// === impl LineLayer ===

impl LineLayer {
    fn shows(&self, metadata: &Metadata<'_>) -> bool {
        let own = metadata
            .target()
            .strip_prefix(OWN)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"));
        // What crates tell at lower levels is about their insides, and there is a lot of it.
        let most = if own {
            self.level
        } else {
            self.level.min(Level::WARN)
        };
        metadata.is_event() && *metadata.level() <= most
    }
}

impl<S: Subscriber> Layer<S> for LineLayer {
    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        self.shows(metadata)
    }

    fn max_level_hint(&self) -> Option<tracing::level_filters::LevelFilter> {
        Some(self.level.into())
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut object = Vec::with_capacity(256);
        object.extend_from_slice(b"{\"level\":\"");
        object.extend_from_slice(level_name(*event.metadata().level()).as_bytes());
        object.extend_from_slice(b"\",\"time\":\"");
        self.format.write_time(SystemTime::now(), &mut object);
        object.push(b'"');
        let mut fields = Fields {
            out: &mut object,
            message: String::new(),
        };
        event.record(&mut fields);
        let message = fields.message;
        object.extend_from_slice(b",\"msg\":");
        push_json_string(&message, &mut object);
        object.push(b'}');
        let mut line = Vec::with_capacity(object.len() + 1);
        self.format.write_line(&object, &mut line);
        // A lossy writer takes the line or counts it; there is nobody to tell of an error.
        let _ = self.writer.clone().write(&line);
    }
}

impl fmt::Debug for LineLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LineLayer")
            .field("level", &self.level)
            .finish_non_exhaustive()
    }
}

// === impl Fields ===

impl Fields<'_> {
    fn name(&mut self, field: &Field) {
        self.out.push(b',');
        // These three are the line's own.
        let taken = matches!(field.name(), "level" | "time" | "msg");
        let name = if taken {
            format!("fields.{}", field.name())
        } else {
            field.name().to_owned()
        };
        push_json_string(&name, self.out);
        self.out.push(b':');
    }

    fn raw(&mut self, field: &Field, value: &str) {
        self.name(field);
        self.out.extend_from_slice(value.as_bytes());
    }
}

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.record_str(field, &format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            value.clone_into(&mut self.message);
        } else {
            self.name(field);
            push_json_string(value, self.out);
        }
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.raw(field, if value { "true" } else { "false" });
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.raw(field, &value.to_string());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.raw(field, &value.to_string());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        if value.is_finite() {
            self.raw(field, &value.to_string());
        } else {
            self.record_str(field, &value.to_string());
        }
    }
}

/// The level's name as OPA's log writes it.
fn level_name(level: Level) -> &'static str {
    match level {
        Level::ERROR => "error",
        Level::WARN => "warning",
        Level::INFO => "info",
        _ => "debug",
    }
}

#[cfg(test)]
mod tests;
