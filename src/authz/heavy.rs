//! Threads for evaluations that take many steps, so that no other Check waits for them.
//!
//! They have less of the processor than the data threads where both want it. What waits for them is bounded; what
//! does not fit is refused at once.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use tokio::sync::mpsc;

use crate::authz::check::{Checker, Run};

/// How many evaluations may wait for a thread.
const WAITING: usize = 256;

/// How much nicer than the data threads these are, by `nice(2)`.
const NICE: i32 = 10;

/// How many steps an evaluation takes on a data thread before it gives way: about a tenth of a millisecond.
pub const STEPS: u64 = 5_000;

/// Whoever is answered when a Check that was put off has been done.
pub trait Resume: Send {
    /// Goes on with the Check.
    fn resume(self: Box<Self>, checker: &mut Checker, run: Box<Run>);

    /// Answers that there is no room for it.
    fn refuse(self: Box<Self>, checker: &Checker, run: Box<Run>);
}

/// A Check that was put off.
type Work = (Box<dyn Resume>, Box<Run>);

/// The threads. They end when the last clone is gone and nothing waits any more.
#[derive(Clone)]
pub struct Heavy(mpsc::Sender<Work>);

// === impl Heavy ===

impl std::fmt::Debug for Heavy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Heavy").finish_non_exhaustive()
    }
}

impl Heavy {
    /// Starts as many threads, each with a checker of its own.
    pub fn start(
        threads: usize,
        stack_size: usize,
        checker: impl Fn() -> Checker,
    ) -> io::Result<Self> {
        let (sender, works) = mpsc::channel::<Work>(WAITING);
        let works = Arc::new(Mutex::new(works));
        for number in 0..threads {
            let (works, mut checker) = (Arc::clone(&works), checker());
            thread::Builder::new()
                .name(format!("heavy-{number}"))
                .stack_size(stack_size)
                .spawn(move || run(&works, &mut checker))?;
        }
        Ok(Self(sender))
    }

    /// Has one of the threads go on with `run`, or gives it back when there is no room for one more.
    pub fn submit(&self, resume: Box<dyn Resume>, run: Box<Run>) -> Result<(), Work> {
        let sent = self.0.try_send((resume, run));
        sent.map_err(mpsc::error::TrySendError::into_inner)
    }

    /// Has one of the threads go on with `run` as soon as there is room for it.
    pub async fn submit_when_there_is_room(&self, resume: Box<dyn Resume>, run: Box<Run>) {
        if self.0.send((resume, run)).await.is_err() {
            tracing::error!("The threads for long evaluations are gone; a request is refused.");
        }
    }
}

fn run(works: &Mutex<mpsc::Receiver<Work>>, checker: &mut Checker) {
    if let Err(error) = rustix::process::nice(NICE) {
        tracing::debug!(%error, "A thread for long evaluations could not be made nicer.");
    }
    loop {
        let mut queue = works.lock().unwrap_or_else(PoisonError::into_inner);
        let next = queue.blocking_recv();
        drop(queue);
        match next {
            // A defect in one Check must not take the thread from all others. Who asked sees the end of its channel.
            Some((resume, run)) => {
                let resumed = catch_unwind(AssertUnwindSafe(|| resume.resume(checker, run)));
                if resumed.is_err() {
                    tracing::error!("A defect ended a long evaluation; its request is refused.");
                }
            }
            None => return,
        }
    }
}
