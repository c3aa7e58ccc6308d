//! Reports on the console, in the form of the log's lines and whatever the log's level is.

use std::fmt;
use std::time::SystemTime;

use super::{Output, Report};
use crate::telemetry::LineFormat;

/// Writes reports as lines. What is written to must not wait for its reader.
pub struct Console {
    out: Output,
    line: LineFormat,
}

// === impl Console ===

impl Console {
    /// A console that writes lines of the given form to `out`.
    #[must_use]
    pub fn new(out: Output, line: LineFormat) -> Self {
        Self { out, line }
    }

    pub(super) fn write(&mut self, report: &Report) {
        let mut time = Vec::new();
        self.line.write_time(SystemTime::now(), &mut time);
        let mut object = report.to_json();
        if let Some(members) = object.as_object_mut() {
            for (name, text) in [
                ("level", "info"),
                ("msg", "Status Log"),
                ("time", &String::from_utf8_lossy(&time)),
                ("type", "openpolicyagent.org/status"),
            ] {
                members.insert(name.to_owned(), text.into());
            }
        }
        let mut line = Vec::new();
        self.line
            .write_line(object.to_string().as_bytes(), &mut line);
        // The log's writer counts what it has no room for; there is nobody else to tell.
        let _ = self.out.write_all(&line);
    }
}

impl fmt::Debug for Console {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Console").finish_non_exhaustive()
    }
}
