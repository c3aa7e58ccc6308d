//! Events on their way to a service: chunks are closed, wait for their time, are sent, and are tried again until
//! the service has them.
//!
//! All of it belongs to the log's thread; only the requests themselves run elsewhere (`delivery`). A chunk is let
//! go of when it is acknowledged, when `on_full` gives it up, or when the end comes and there is no spool.

use std::io;
use std::sync::Arc;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::runtime::Handle;

use super::backlog::{Backlog, Chunk};
use super::chunk::{self, Open, Scale};
use super::config::{BufferLimit, OnFull, Trigger, UploadConfig};
use super::cut;
use super::delivery::{Delivered, Delivery, Refused};
use super::queue::Queue;
use super::rate::Limiter;
use super::schedule::Schedule;
use super::spool::{Segment, Spool};
use super::stats::{Loss, add};
use crate::http::client::Client;

/// How many chunks may be on their way at once, as long as the service takes them.
const IN_FLIGHT: usize = 4;

/// A chunk is never smaller than the smallest that can be configured.
const SMALLEST: usize = 90;

/// How long an upload that is not configured any more tries to send what it has.
const LONG: Duration = Duration::from_hours(24);

/// The upload to one service.
pub(super) struct Upload {
    config: UploadConfig,
    delivery: Delivery,
    delivered: mpsc::Receiver<Delivered>,
    queue: Arc<Queue>,
    limiter: Option<Limiter>,
    open: Open,
    /// How much of the open chunk's text is in the spool's current segment.
    spooled: usize,
    spool: Option<Spool>,
    backlog: Backlog,
    in_flight: usize,
    /// The events on their way, and those of them that are not on disk.
    flying: (usize, usize),
    schedule: Schedule,
    /// The end has begun, and lasts until then.
    ending: Option<Instant>,
    /// An upload failed since the end began.
    failed_at_the_end: bool,
    /// Troubles since somebody asked for them.
    troubles: Vec<String>,
}

// === impl Upload ===

impl Upload {
    pub(super) fn new(
        config: UploadConfig,
        client: Client,
        runtime: Handle,
        queue: Arc<Queue>,
    ) -> Self {
        let (delivery, delivered) = Delivery::new(client, config.resource.clone(), runtime);
        let now = Instant::now();
        let mut upload = Self {
            delivery,
            delivered,
            queue,
            limiter: config.max_per_second.map(|most| Limiter::new(most, now)),
            open: Open::new(config.chunk_bytes),
            spooled: 0,
            spool: None,
            backlog: Backlog::new(config.buffer),
            in_flight: 0,
            flying: (0, 0),
            schedule: Schedule::new(config.min_delay, config.max_delay, now),
            ending: None,
            failed_at_the_end: false,
            troubles: Vec::new(),
            config,
        };
        upload.open_spool();
        upload
    }

    /// Goes on with another configuration and client. What waits goes to the new place.
    pub(super) fn configure(&mut self, config: UploadConfig, client: Client) {
        self.delivery.redirect(client, config.resource.clone());
        let now = Instant::now();
        if config.max_per_second != self.config.max_per_second {
            self.limiter = config.max_per_second.map(|most| Limiter::new(most, now));
        }
        self.open.limit_to(config.chunk_bytes);
        self.backlog.limit_to(config.buffer);
        self.schedule
            .configure(config.min_delay, config.max_delay, now);
        let same_spool = self.config.spool == config.spool;
        self.config = config;
        if !same_spool {
            // What is in the old one is in chunks that know where they are.
            self.close(true);
            self.spool = None;
            self.open_spool();
        }
    }

    /// Takes an event on its way.
    pub(super) fn add(&mut self, event: &[u8]) {
        let now = Instant::now();
        if self
            .limiter
            .as_mut()
            .is_some_and(|limiter| !limiter.takes(now))
        {
            self.queue.counts.lose(Loss::RateLimit, 1);
            return;
        }
        while self.is_full() {
            match self.queue.on_full() {
                OnFull::DropOldest => match self.backlog.drop_oldest() {
                    Some(chunk) => self.give_up(chunk, self.fullness()),
                    None => break,
                },
                OnFull::DropNewest => {
                    self.queue.counts.lose(self.fullness(), 1);
                    return;
                }
                // No more records are taken; these few were taken before.
                OnFull::Block | OnFull::Deny => break,
            }
        }
        match self.fitted(event) {
            Some(cut) => self.open.push(&cut),
            None => self.open.push(event),
        }
        self.close(false);
    }

    /// Whether no more records should be taken, since there is no room for their events.
    pub(super) fn holds_back(&self) -> bool {
        matches!(self.queue.on_full(), OnFull::Block | OnFull::Deny) && self.is_full()
    }

    /// Sees to everything that time or an answer has made due.
    pub(super) fn tick(&mut self) {
        let now = Instant::now();
        self.store();
        self.land(now);
        let manual = self.config.trigger == Trigger::Manual;
        if self.ending.is_some() || !manual && self.schedule.is_due(now) {
            self.upload_all();
        } else if self.config.trigger == Trigger::Immediate
            // Better early than never.
            || !manual && self.backlog.is_half_full()
        {
            self.backlog.all_due();
        }
        self.send(now);
        self.show();
    }

    /// Everything that waits is to be sent now.
    pub(super) fn upload_all(&mut self) {
        self.close(true);
        self.backlog.all_due();
    }

    /// No more events come; what waits is sent until `deadline`.
    pub(super) fn end(&mut self, deadline: Instant) {
        self.ending = Some(deadline);
        self.schedule.hurry();
    }

    /// It is not configured any more: what waits is sent as long as it takes.
    pub(super) fn retire(&mut self) {
        self.ending = Some(Instant::now() + LONG);
    }

    /// Whether the end is over: all is sent, or the time is up, or what is left can stay on disk.
    pub(super) fn has_ended(&mut self) -> bool {
        let Some(deadline) = self.ending else {
            return false;
        };
        if self.backlog.is_empty() && self.open.events() == 0 && self.in_flight == 0 {
            return true;
        }
        if self.failed_at_the_end && self.in_flight == 0 {
            self.store_all();
            if self.backlog.chunks().all(|chunk| chunk.is_whole_on_disk) {
                return true;
            }
        }
        Instant::now() >= deadline
    }

    /// Gives up what the end leaves, but for what is on disk; returns how many events those are.
    pub(super) fn leave(mut self) -> usize {
        self.land(Instant::now());
        self.store_all();
        let at_risk = self
            .backlog
            .chunks()
            .filter(|chunk| !chunk.is_whole_on_disk);
        let lost = self.flying.1 + at_risk.map(|chunk| chunk.events).sum::<usize>();
        self.queue.counts.lose(Loss::End, lost);
        lost
    }

    /// What went wrong since the last call.
    pub(super) fn troubles(&mut self) -> Vec<String> {
        std::mem::take(&mut self.troubles)
    }

    fn is_full(&self) -> bool {
        self.backlog.is_full() && self.spool.as_ref().is_none_or(Spool::is_full)
    }

    fn fullness(&self) -> Loss {
        match (&self.spool, self.config.buffer) {
            (Some(_), _) => Loss::Spool,
            (None, BufferLimit::Bytes(_)) => Loss::BufferBytes,
            (None, BufferLimit::Events(_)) => Loss::BufferEvents,
        }
    }

    /// The event without what makes it too large; none where it may stay as it is.
    fn fitted(&self, event: &[u8]) -> Option<Vec<u8>> {
        let limit = self.open.limit();
        let too_large = |event: &[u8]| event.len() > limit && chunk::compress(event).len() > limit;
        if !too_large(event) {
            return None;
        }
        let counts = &self.queue.counts;
        add(&counts.oversize, 1);
        let mut fitted = cut::without_calls(event);
        if fitted.is_some() {
            add(&counts.cut_calls, 1);
        }
        if self.config.chunk_bytes_is_strict
            && fitted.as_deref().is_none_or(too_large)
            && let Some(shorter) = cut::without_input(fitted.as_deref().unwrap_or(event))
        {
            add(&counts.cut_inputs, 1);
            fitted = Some(shorter);
        }
        fitted
    }

    /// Closes chunks while there is enough for one, or with `all` until nothing is open.
    fn close(&mut self, all: bool) {
        // A chunk's copy on disk is there before the chunk.
        if all || self.open.has_enough() {
            self.store();
        }
        let mut scale = Scale::default();
        while let Some(closed) = self.open.close(all, &mut scale) {
            let is_whole_on_disk = self.spool.is_some() && self.spooled >= closed.text_bytes;
            let segment = self.segment(closed.text_bytes);
            self.backlog.add(Chunk {
                events: closed.events,
                body: Some(closed.body),
                is_whole_on_disk: is_whole_on_disk && segment.is_some(),
                segment,
                counted: 0,
            });
        }
        self.queue.counts.scaled(&scale);
    }

    /// The segment of the open chunk's first `bytes`, as far as they are on disk.
    fn segment(&mut self, bytes: usize) -> Option<Arc<Segment>> {
        let (segment, done) = self.spool.as_mut()?.close(bytes.min(self.spooled))?;
        self.spooled = match done {
            Ok(()) => self.spooled.saturating_sub(bytes),
            Err(error) => {
                self.spool_trouble(&error);
                0
            }
        };
        Some(Arc::new(segment))
    }

    fn open_spool(&mut self) {
        self.spooled = 0;
        let Some(config) = &self.config.spool else {
            return;
        };
        match Spool::open(config) {
            Ok((spool, recovered)) => {
                for found in recovered.found {
                    self.backlog.add(Chunk {
                        events: found.events,
                        body: None,
                        segment: Some(Arc::new(found.segment)),
                        is_whole_on_disk: true,
                        counted: 0,
                    });
                }
                // What an earlier run left has waited long enough.
                self.backlog.all_due();
                let torn = usize::try_from(recovered.torn).unwrap_or(usize::MAX);
                self.queue.counts.lose(Loss::Torn, torn);
                self.spool = Some(spool);
            }
            Err(error) => self.spool_trouble(&error),
        }
    }

    /// Writes what is new of the open chunk to the spool.
    fn store(&mut self) {
        let Some(spool) = &mut self.spool else {
            return;
        };
        let new = self.open.text().get(self.spooled..).unwrap_or_default();
        if new.is_empty() || spool.is_full() {
            return;
        }
        match spool.append(new) {
            Ok(()) => self.spooled = self.open.text().len(),
            Err(error) => self.spool_trouble(&error),
        }
    }

    /// Writes what is in memory alone to the spool, where there is one.
    fn store_all(&mut self) {
        self.close(true);
        let Some(spool) = &mut self.spool else {
            return;
        };
        let mut trouble = None;
        for chunk in self.backlog.chunks_mut() {
            let Some(body) = chunk.body.as_ref().filter(|_| !chunk.is_whole_on_disk) else {
                continue;
            };
            match store_chunk(spool, body) {
                Ok(segment) => {
                    chunk.segment = segment;
                    chunk.is_whole_on_disk = chunk.segment.is_some();
                }
                Err(error) => trouble = Some(error),
            }
        }
        if let Some(error) = trouble {
            self.spool_trouble(&error);
        }
    }

    fn spool_trouble(&mut self, error: &io::Error) {
        add(&self.queue.counts.spool_errors, 1);
        let directory = self
            .config
            .spool
            .as_ref()
            .map(|spool| spool.directory.as_path());
        let directory = directory.unwrap_or_else(|| "".as_ref()).display();
        self.troubles.push(format!(
            "the spool `{directory}`: {error}; events stay in memory as far as that reaches"
        ));
    }

    fn send(&mut self, now: Instant) {
        let window = self.schedule.window(now, IN_FLIGHT);
        while self.in_flight < window {
            let Some(chunk) = self.backlog.next() else {
                return;
            };
            let body = match &chunk.body {
                Some(body) => Some(body.clone()),
                None => self.load(&chunk),
            };
            let Some(body) = body else {
                self.give_up(chunk, Loss::Torn);
                continue;
            };
            self.in_flight += 1;
            self.flying.0 += chunk.events;
            self.flying.1 += at_risk(&chunk);
            self.delivery.send(chunk, body);
        }
    }

    /// Sees what became of chunks on their way.
    fn land(&mut self, now: Instant) {
        while let Ok(delivered) = self.delivered.try_recv() {
            self.in_flight -= 1;
            self.flying.0 -= delivered.chunk.events;
            self.flying.1 -= at_risk(&delivered.chunk);
            self.settle(delivered, now);
        }
    }

    /// The body of a chunk that is on disk alone.
    fn load(&mut self, chunk: &Chunk) -> Option<Bytes> {
        let read = chunk.segment.as_ref()?.read();
        let text = match read {
            Ok(text) => text,
            Err(error) => {
                self.spool_trouble(&error);
                return None;
            }
        };
        let mut whole = Vec::with_capacity(text.len());
        for line in chunk::split(&text).filter(|line| cut::is_event(line)) {
            whole.extend_from_slice(line);
            whole.push(b'\n');
        }
        (!whole.is_empty()).then(|| chunk::compress(&whole))
    }

    fn settle(&mut self, delivered: Delivered, now: Instant) {
        let Delivered { mut chunk, refused } = delivered;
        let counts = &self.queue.counts;
        let Some(Refused {
            problem,
            retry_after,
        }) = refused
        else {
            let bytes = chunk.body.as_ref().map_or(0, Bytes::len);
            add(&counts.uploads, 1);
            add(
                &counts.uploaded,
                u64::try_from(chunk.events).unwrap_or(u64::MAX),
            );
            add(
                &counts.uploaded_bytes,
                u64::try_from(bytes).unwrap_or(u64::MAX),
            );
            counts.set_problem(None);
            self.schedule.succeeded();
            self.backlog.settle(&mut chunk);
            self.forget(chunk);
            return;
        };
        add(&counts.failed_uploads, 1);
        self.troubles
            .push(format!("upload failed: {}", problem.message));
        let http_code = problem.http_code;
        counts.set_problem(Some(problem));
        if http_code == Some(413) {
            self.divide(chunk);
            return;
        }
        self.failed_at_the_end |= self.ending.is_some();
        self.schedule.failed(retry_after, now);
        // One that the service finds wrong must not keep the others from it.
        let is_wrong = matches!(http_code, Some(400 | 422));
        self.backlog.put_back(chunk, !is_wrong);
    }

    /// Makes something smaller of a chunk that the service finds too large.
    fn divide(&mut self, mut chunk: Chunk) {
        self.backlog.settle(&mut chunk);
        let body = chunk.body.clone().or_else(|| self.load(&chunk));
        let lines = body.as_ref().and_then(|body| chunk::expand(body).ok());
        let (Some(body), Some(lines)) = (body, lines) else {
            self.give_up(chunk, Loss::Torn);
            return;
        };
        let events: Vec<&[u8]> = chunk::split(&lines).collect();
        if let [event] = events[..] {
            let shorter = cut::without_calls(event).or_else(|| cut::without_input(event));
            match shorter {
                Some(mut shorter) => {
                    shorter.push(b'\n');
                    self.put_part(&shorter, 1, chunk.segment);
                }
                None => self.give_up(chunk, Loss::TooLarge),
            }
            return;
        }
        self.open.limit_to((body.len() / 2).max(SMALLEST));
        let (first, second) = events.split_at(events.len() / 2);
        // The second goes back first, so that the first goes out first.
        for half in [second, first] {
            let mut text = half.join(&b'\n');
            text.push(b'\n');
            self.put_part(&text, half.len(), chunk.segment.clone());
        }
    }

    /// Puts a part of a chunk back; the segment is all of it, and goes when the last part goes.
    fn put_part(&mut self, lines: &[u8], events: usize, segment: Option<Arc<Segment>>) {
        let part = Chunk {
            events,
            body: Some(chunk::compress(lines)),
            segment,
            is_whole_on_disk: false,
            counted: 0,
        };
        self.backlog.put_back(part, true);
    }

    fn give_up(&mut self, mut chunk: Chunk, cause: Loss) {
        self.backlog.settle(&mut chunk);
        self.queue.counts.lose(cause, chunk.events);
        self.forget(chunk);
    }

    fn forget(&mut self, chunk: Chunk) {
        let Some(segment) = chunk.segment.and_then(Arc::into_inner) else {
            return;
        };
        if let Err(error) = segment.forget() {
            self.spool_trouble(&error);
        }
    }

    /// Shows how much waits.
    fn show(&self) {
        use std::sync::atomic::Ordering::Relaxed;
        let counts = &self.queue.counts;
        let bytes = self.backlog.bytes();
        let waiting = self.backlog.queued() + self.flying.0 + self.open.events();
        counts.buffer_events.store(waiting, Relaxed);
        counts
            .buffer_bytes
            .store(bytes + self.open.text().len(), Relaxed);
        let spooled = self.spool.as_ref().map_or(0, Spool::used);
        counts.spool_bytes.store(spooled, Relaxed);
    }
}

/// How many events the end of the process would lose with it.
fn at_risk(chunk: &Chunk) -> usize {
    if chunk.is_whole_on_disk {
        0
    } else {
        chunk.events
    }
}

/// A segment with the events of `body`, after the spool's current one is closed.
fn store_chunk(spool: &mut Spool, body: &[u8]) -> io::Result<Option<Arc<Segment>>> {
    let lines = chunk::expand(body)?;
    spool.append(&lines)?;
    let Some((segment, done)) = spool.close(lines.len()) else {
        return Ok(None);
    };
    done?;
    Ok(Some(Arc::new(segment)))
}
