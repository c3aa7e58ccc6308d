//! Where events go: the console, a file and a service, each by itself.

use std::io::{self, Write};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use super::event::Events;
use super::file::FileSink;
use super::queue::Queue;
use super::report::Report;
use super::stats::{Loss, add};
use super::upload::Upload;
use super::{Config, Way};
use crate::decision::Record;

/// A buffer is given back when an event has made it larger than this.
const KEPT_BUFFER: usize = 1 << 20;

/// How long to wait for a console that takes nothing at the moment.
const PATIENCE: Duration = Duration::from_millis(5);

/// The sinks of a log.
pub(super) struct Sinks {
    queue: Arc<Queue>,
    /// Used while `console` is on.
    console: Box<dyn Write + Send>,
    with_console: bool,
    file: Option<FileSink>,
    upload: Option<Upload>,
    /// Uploads that are not configured any more, and still have something to send.
    former: Vec<Upload>,
    /// Lines for the console, and how many events they are.
    lines: (Vec<u8>, usize),
    /// Lines for the file.
    objects: (Vec<u8>, usize),
    event: Vec<u8>,
}

// === impl Sinks ===

impl Sinks {
    pub(super) fn new(
        queue: Arc<Queue>,
        console: Box<dyn Write + Send>,
        config: Config,
        way: Option<Way>,
    ) -> Self {
        let mut sinks = Self {
            queue,
            console,
            with_console: false,
            file: None,
            upload: None,
            former: Vec::new(),
            lines: (Vec::new(), 0),
            objects: (Vec::new(), 0),
            event: Vec::new(),
        };
        sinks.configure(config, way);
        sinks
    }

    /// Goes on with another configuration; `way` is how to get to the service that it names.
    pub(super) fn configure(&mut self, config: Config, way: Option<Way>) {
        self.with_console = config.console;
        if self.file.as_ref().map(FileSink::path) != config.file.as_deref() {
            self.file = config.file.as_deref().map(FileSink::new);
        }
        match (config.upload.zip(way), self.upload.take()) {
            (Some((config, way)), Some(mut upload)) => {
                upload.configure(config, way.client);
                self.upload = Some(upload);
            }
            (Some((config, way)), None) => {
                let queue = Arc::clone(&self.queue);
                self.upload = Some(Upload::new(config, way.client, way.runtime, queue));
            }
            (None, Some(mut upload)) => {
                upload.retire();
                self.former.push(upload);
            }
            (None, None) => {}
        }
    }

    /// Whether no more records should be taken.
    pub(super) fn hold_back(&self) -> bool {
        self.upload.as_ref().is_some_and(Upload::holds_back)
    }

    /// Takes the event that was made last, which is `record`'s.
    pub(super) fn take(&mut self, events: &mut Events, record: &Record) {
        if self.with_console {
            events.write_line(record, &mut self.lines.0);
            self.lines.1 += 1;
        }
        if self.file.is_none() && self.upload.is_none() {
            return;
        }
        self.event.clear();
        events.write(record, &mut self.event);
        if self.file.is_some() {
            self.objects.0.extend_from_slice(&self.event);
            self.objects.0.push(b'\n');
            self.objects.1 += 1;
        }
        if let Some(upload) = &mut self.upload {
            upload.add(&self.event);
        }
        self.event.shrink_to(KEPT_BUFFER);
    }

    /// Writes what was taken.
    pub(super) fn end_batch(&mut self, report: &mut Report) {
        let counts = &self.queue.counts;
        let (lines, objects) = (&mut self.lines, &mut self.objects);
        let written = write_all(&mut *self.console, &lines.0);
        settle(
            written,
            lines,
            Loss::Sink,
            &self.queue,
            report,
            |events, bytes| {
                add(&counts.written, events);
                add(&counts.written_bytes, bytes);
            },
        );
        let Some(file) = self.file.as_mut().filter(|_| objects.1 > 0) else {
            return;
        };
        let written = file.write(&objects.0);
        settle(
            written,
            objects,
            Loss::File,
            &self.queue,
            report,
            |events, bytes| {
                add(&counts.filed, events);
                add(&counts.filed_bytes, bytes);
            },
        );
    }

    /// Sees to everything that time has made due.
    pub(super) fn tick(&mut self, report: &mut Report) {
        for upload in self.former.iter_mut().chain(&mut self.upload) {
            upload.tick();
            upload
                .troubles()
                .into_iter()
                .for_each(|trouble| report.trouble(trouble));
        }
        let ended = self.former.extract_if(.., Upload::has_ended);
        for upload in ended {
            upload.leave();
        }
    }

    /// What waits for its upload is to be sent now.
    pub(super) fn upload(&mut self) {
        if let Some(upload) = &mut self.upload {
            upload.upload_all();
        }
    }

    /// Opens the file again.
    pub(super) fn reopen(&mut self) {
        if let Some(file) = &mut self.file {
            file.reopen();
        }
    }

    /// No more events come after those that wait; all is to be done by `deadline`.
    pub(super) fn end(&mut self, deadline: Instant) {
        for upload in self.former.iter_mut().chain(&mut self.upload) {
            upload.end(deadline);
        }
    }

    /// Whether nothing more can be done.
    pub(super) fn have_ended(&mut self) -> bool {
        let mut uploads = self.former.iter_mut().chain(&mut self.upload);
        uploads.all(Upload::has_ended)
    }

    /// Ends; returns how many events are lost by that.
    pub(super) fn leave(&mut self, report: &mut Report) -> usize {
        if let Err(error) = self.console.flush() {
            add(&self.queue.counts.write_errors, 1);
            report.error(error.to_string());
        }
        let uploads = self.former.drain(..).chain(self.upload.take());
        uploads.map(Upload::leave).sum()
    }
}

/// Counts what was written, or what was lost, and empties the buffer.
fn settle(
    written: io::Result<()>,
    (buffer, events): &mut (Vec<u8>, usize),
    loss: Loss,
    queue: &Queue,
    report: &mut Report,
    count: impl Fn(u64, u64),
) {
    let number = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    match written {
        Ok(()) => count(number(*events), number(buffer.len())),
        Err(error) => {
            queue.counts.lose(loss, *events);
            add(&queue.counts.write_errors, 1);
            report.error(error.to_string());
        }
    }
    *events = 0;
    buffer.clear();
    buffer.shrink_to(KEPT_BUFFER);
}

/// Writes all of `bytes`, also to a pipe that someone has made non-blocking.
fn write_all(sink: &mut dyn Write, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match sink.write(bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => bytes = &bytes[written..],
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => thread::sleep(PATIENCE),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes a few bytes at a time, and sometimes none.
    #[derive(Default)]
    struct Slow(Vec<u8>, usize);

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.1 += 1;
            match self.1 % 3 {
                0 => Err(io::ErrorKind::WouldBlock.into()),
                1 => Err(io::ErrorKind::Interrupted.into()),
                _ => {
                    let taken = bytes.len().min(3);
                    self.0.extend_from_slice(&bytes[..taken]);
                    Ok(taken)
                }
            }
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_pipe_that_takes_little_gets_all() {
        let mut sink = Slow::default();
        write_all(&mut sink, b"0123456789").expect("written");
        assert_eq!(sink.0, b"0123456789");
    }
}
