//! Chunks that wait for their upload, and how much memory they may take.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;

use super::config::BufferLimit;
use super::spool::Segment;

/// Events that are uploaded together.
#[derive(Debug)]
pub(super) struct Chunk {
    pub(super) events: usize,
    /// What is sent; none where it is on disk alone.
    pub(super) body: Option<Bytes>,
    /// Its copy on disk; chunks that were made of one share it.
    pub(super) segment: Option<Arc<Segment>>,
    /// Whether that copy has all of its events.
    pub(super) is_whole_on_disk: bool,
    /// How many bytes it counts as in memory, while it waits and while it is sent.
    pub(super) counted: usize,
}

/// The chunks in the order of their events.
#[derive(Debug)]
pub(super) struct Backlog {
    /// To be sent as soon as there is a way.
    due: VecDeque<Chunk>,
    /// To be sent when it is time to.
    waiting: VecDeque<Chunk>,
    limit: BufferLimit,
    /// In memory, what is being sent included.
    bytes: usize,
    events: usize,
    /// In the two queues, in memory or on disk.
    queued: usize,
}

// === impl Backlog ===

impl Backlog {
    pub(super) fn new(limit: BufferLimit) -> Self {
        Self {
            due: VecDeque::new(),
            waiting: VecDeque::new(),
            limit,
            bytes: 0,
            events: 0,
            queued: 0,
        }
    }

    pub(super) fn limit_to(&mut self, limit: BufferLimit) {
        self.limit = limit;
    }

    /// How many bytes are in memory.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// How many events wait, on disk or in memory.
    pub(super) fn queued(&self) -> usize {
        self.queued
    }

    pub(super) fn is_empty(&self) -> bool {
        self.due.is_empty() && self.waiting.is_empty()
    }

    pub(super) fn is_full(&self) -> bool {
        self.reaches(1)
    }

    /// Whether it is better to send now than when it is time to.
    pub(super) fn is_half_full(&self) -> bool {
        self.reaches(2)
    }

    /// Takes a new chunk. Where memory is full, one that is on disk stays there alone.
    pub(super) fn add(&mut self, mut chunk: Chunk) {
        if chunk.is_whole_on_disk && self.is_full() {
            chunk.body = None;
        }
        self.count(&mut chunk);
        self.queued += chunk.events;
        self.waiting.push_back(chunk);
    }

    /// Everything that waits is to be sent.
    pub(super) fn all_due(&mut self) {
        self.due.append(&mut self.waiting);
    }

    /// The next chunk to send; it counts until it is put back or [settled](Self::settle).
    pub(super) fn next(&mut self) -> Option<Chunk> {
        let chunk = self.due.pop_front()?;
        self.queued = self.queued.saturating_sub(chunk.events);
        Some(chunk)
    }

    /// Takes back what was not sent: to be sent before all others, or behind them.
    pub(super) fn put_back(&mut self, mut chunk: Chunk, first: bool) {
        if chunk.counted == 0 {
            if chunk.is_whole_on_disk {
                chunk.body = None;
            }
            self.count(&mut chunk);
        }
        self.queued += chunk.events;
        if first {
            self.due.push_front(chunk);
        } else {
            self.due.push_back(chunk);
        }
    }

    /// Lets go of a chunk's memory.
    pub(super) fn settle(&mut self, chunk: &mut Chunk) {
        if chunk.counted > 0 {
            self.bytes = self.bytes.saturating_sub(chunk.counted);
            self.events = self.events.saturating_sub(chunk.events);
            chunk.counted = 0;
        }
    }

    /// Takes out the oldest chunk.
    pub(super) fn drop_oldest(&mut self) -> Option<Chunk> {
        let mut chunk = self.due.pop_front().or_else(|| self.waiting.pop_front())?;
        self.queued = self.queued.saturating_sub(chunk.events);
        self.settle(&mut chunk);
        Some(chunk)
    }

    /// The chunks that wait.
    pub(super) fn chunks(&self) -> impl Iterator<Item = &Chunk> {
        self.due.iter().chain(&self.waiting)
    }

    pub(super) fn chunks_mut(&mut self) -> impl Iterator<Item = &mut Chunk> {
        self.due.iter_mut().chain(&mut self.waiting)
    }

    fn count(&mut self, chunk: &mut Chunk) {
        if let Some(body) = &chunk.body {
            chunk.counted = body.len().max(1);
            self.bytes += chunk.counted;
            self.events += chunk.events;
        }
    }

    /// Whether one part of so many of the limit is reached.
    fn reaches(&self, part: usize) -> bool {
        match self.limit {
            BufferLimit::Bytes(0) => false,
            BufferLimit::Bytes(most) => self.bytes >= most.div_ceil(part),
            BufferLimit::Events(most) => self.events >= most.div_ceil(part),
        }
    }
}
