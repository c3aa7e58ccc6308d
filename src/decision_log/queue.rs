//! The hand-over: a lock-free queue per data thread, and bounds that all of them share.
//!
//! The queues grow and shrink with what waits, so that a large bound costs no memory while idle.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crossbeam_queue::SegQueue;

use super::config::{Config, OnFull};
use super::packed::Packed;
use super::stats::{Counts, Loss, add};
use crate::data::footprint;
use crate::decision::Record;

/// What a waiting record costs beside its request's bytes: itself and its place in the queue.
const RECORD_OVERHEAD: usize = size_of::<Packed>() + 16;

/// How often to look for room. Nobody is woken for it: records are taken in batches.
const POLL: Duration = Duration::from_millis(5);

/// The records of Checks that were denied for want of room may take one part of so many of the limits more.
const OVERDRAFT: usize = 8;

/// Takes records on a data thread; never blocks and never wakes another thread.
#[derive(Debug, Clone)]
pub struct Producer {
    lane: Arc<SegQueue<Packed>>,
    queue: Arc<Queue>,
}

/// A record that there is no room for, where its Check must not be answered without.
#[derive(Debug)]
pub struct Full {
    /// The record.
    pub record: Record,
    /// Whether room is worth waiting for.
    pub may_wait: bool,
}

/// What the producers and the worker share.
#[derive(Debug)]
pub(super) struct Queue {
    lanes: Mutex<Vec<Arc<SegQueue<Packed>>>>,
    max_records: AtomicUsize,
    max_bytes: AtomicUsize,
    on_full: AtomicU8,
    /// Nobody wants records.
    idle: AtomicBool,
    records: AtomicUsize,
    bytes: AtomicUsize,
    closed: AtomicBool,
    pub(super) counts: Counts,
}

// === impl Producer ===

impl Producer {
    /// Hands a record over. Where there is no room, `on_full` says which record is lost and counted; or the
    /// record is given back, since its Check waits or is denied.
    ///
    /// # Errors
    ///
    /// There is no room, and `on_full` is `block` or `deny`.
    pub fn push(&self, record: Record) -> Result<(), Box<Full>> {
        let queue = &*self.queue;
        if queue.idle.load(Ordering::Relaxed) {
            return Ok(());
        }
        let cost = cost(&record);
        while let Err(loss) = queue.reserve(cost, 0) {
            let on_full = queue.on_full();
            match (loss, on_full) {
                // Also of a log that has ended: nothing passes unrecorded.
                (_, OnFull::Block | OnFull::Deny) => {
                    let may_wait = on_full == OnFull::Block && loss != Loss::Closed;
                    return Err(Box::new(Full { record, may_wait }));
                }
                (Loss::QueueRecords | Loss::QueueBytes, OnFull::DropOldest)
                    if cost <= queue.max_bytes.load(Ordering::Relaxed) =>
                {
                    if let Some(oldest) = self.lane.pop() {
                        queue.release(self::cost(&oldest.unpack()));
                        queue.counts.lose(loss, 1);
                        continue;
                    }
                }
                _ => {}
            }
            queue.counts.lose(loss, 1);
            return Ok(());
        }
        self.put(record);
        Ok(())
    }

    /// Hands over the record of a Check that is denied since its first record had no room. There is some room for
    /// such records alone; beyond it they are counted as lost.
    pub fn push_denied(&self, record: Record) {
        add(&self.queue.counts.denied, 1);
        match self.queue.reserve(cost(&record), OVERDRAFT) {
            Ok(()) => self.put(record),
            Err(loss) => self.queue.counts.lose(loss, 1),
        }
    }

    /// Hands `record` over as soon as there is room, where `on_full` says that room is waited for. It comes back when
    /// there is none by `until`, or when that is not waited for.
    pub async fn push_in_time(&self, mut record: Record, until: Instant) -> Result<(), Record> {
        loop {
            match self.push(record) {
                Ok(()) => return Ok(()),
                Err(full) if !full.may_wait || Instant::now() >= until => return Err(full.record),
                Err(full) => record = full.record,
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// Counts a Check whose answer waits for room.
    pub fn count_waiting(&self) {
        add(&self.queue.counts.waited, 1);
    }

    fn put(&self, record: Record) {
        self.lane.push(Packed::new(record));
    }
}

// === impl Queue ===

impl Queue {
    pub(super) fn new(config: &Config) -> Self {
        let queue = Self {
            lanes: Mutex::default(),
            max_records: AtomicUsize::new(0),
            max_bytes: AtomicUsize::new(0),
            on_full: AtomicU8::new(0),
            idle: AtomicBool::new(false),
            records: AtomicUsize::new(0),
            bytes: AtomicUsize::new(0),
            closed: AtomicBool::new(false),
            counts: Counts::default(),
        };
        queue.configure(config);
        queue
    }

    /// Sets limits and what happens at them.
    pub(super) fn configure(&self, config: &Config) {
        self.max_records
            .store(config.queue_records, Ordering::Relaxed);
        self.max_bytes.store(config.queue_bytes, Ordering::Relaxed);
        self.on_full.store(config.on_full as u8, Ordering::Relaxed);
        self.idle.store(!config.has_sinks(), Ordering::Relaxed);
    }

    pub(super) fn producer(queue: &Arc<Self>) -> Producer {
        let lane = Arc::new(SegQueue::new());
        queue
            .lanes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(Arc::clone(&lane));
        Producer {
            lane,
            queue: Arc::clone(queue),
        }
    }

    /// Takes up to `most` records, in turn from each thread's lane.
    pub(super) fn take(&self, most: usize, into: &mut Vec<Record>) {
        let lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        let mut found = true;
        while found && into.len() < most {
            found = false;
            for lane in lanes.iter() {
                if into.len() < most
                    && let Some(packed) = lane.pop()
                {
                    let record = packed.unpack();
                    self.release(cost(&record));
                    into.push(record);
                    found = true;
                }
            }
        }
    }

    pub(super) fn waiting(&self) -> usize {
        self.records.load(Ordering::SeqCst)
    }

    pub(super) fn waiting_bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }

    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }

    pub(super) fn on_full(&self) -> OnFull {
        let all = [
            OnFull::DropOldest,
            OnFull::DropNewest,
            OnFull::Block,
            OnFull::Deny,
        ];
        let stored = self.on_full.load(Ordering::Relaxed);
        all.into_iter()
            .find(|on_full| *on_full as u8 == stored)
            .unwrap_or_default()
    }

    /// Makes room for a record of that cost; with `overdraft` within one part of so many beyond the limits.
    fn reserve(&self, cost: usize, overdraft: usize) -> Result<(), Loss> {
        let most = |limit: &AtomicUsize| {
            let limit = limit.load(Ordering::Relaxed);
            let more = if overdraft == 0 {
                0
            } else {
                limit.div_ceil(overdraft)
            };
            limit.saturating_add(more)
        };
        // Counted before the look at `closed`, as the worker looks at the count after it has seen
        // `closed`: one of the two sees the other, and no record slips in behind the end.
        let waiting = self.records.fetch_add(1, Ordering::SeqCst);
        if self.is_closed() {
            self.records.fetch_sub(1, Ordering::SeqCst);
            return Err(Loss::Closed);
        }
        if waiting >= most(&self.max_records) {
            self.records.fetch_sub(1, Ordering::SeqCst);
            return Err(Loss::QueueRecords);
        }
        let before = self.bytes.fetch_add(cost, Ordering::Relaxed);
        if before.saturating_add(cost) > most(&self.max_bytes) {
            self.release(cost);
            return Err(Loss::QueueBytes);
        }
        Ok(())
    }

    fn release(&self, cost: usize) {
        self.bytes.fetch_sub(cost, Ordering::Relaxed);
        self.records.fetch_sub(1, Ordering::SeqCst);
    }
}

fn cost(record: &Record) -> usize {
    let calls = record.nd_builtin_cache.as_ref().map_or(0, footprint);
    let calls = usize::try_from(calls).unwrap_or(usize::MAX);
    let asked = record.asked.as_ref().and_then(|asked| asked.input.as_ref());
    let asked = usize::try_from(asked.map_or(0, footprint)).unwrap_or(usize::MAX);
    let labels = size_of_val(&*record.rule_labels);
    let own = record.request.len().saturating_add(RECORD_OVERHEAD);
    let own = own.saturating_add(asked);
    own.saturating_add(labels).saturating_add(calls)
}
