//! Threads for evaluations that take many steps, so that no other Check waits for them.
//!
//! They have less of the processor than the data threads where both want it. What waits for them is bounded; what
//! does not fit is refused at once.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, TrySendError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use crate::authz::check::{Checker, Run};

/// How many evaluations may wait for a thread.
const WAITING: usize = 256;

/// How much nicer than the data threads these are, by `nice(2)`.
const NICE: i32 = 10;

/// How many steps an evaluation takes on a data thread before it gives way: about a tenth of a millisecond.
pub const STEPS: u64 = 5_000;

/// A Check that gave way, and how a checker goes on with it.
struct Work {
    run: Box<Run>,
    resume: Resume,
}

type Resume = Box<dyn FnOnce(&mut Checker, Run) + Send>;

/// The threads. They end when the last clone is gone and nothing waits any more.
#[derive(Clone)]
pub struct Heavy(mpsc::SyncSender<Work>);

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
        let (sender, works) = mpsc::sync_channel::<Work>(WAITING);
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
    pub fn submit(
        &self,
        run: Box<Run>,
        resume: impl FnOnce(&mut Checker, Run) + Send + 'static,
    ) -> Result<(), Box<Run>> {
        let resume = Box::new(resume);
        self.0.try_send(Work { run, resume }).map_err(|error| {
            let (TrySendError::Full(work) | TrySendError::Disconnected(work)) = error;
            work.run
        })
    }
}

fn run(works: &Mutex<mpsc::Receiver<Work>>, checker: &mut Checker) {
    if let Err(error) = rustix::process::nice(NICE) {
        tracing::debug!(%error, "A thread for long evaluations could not be made nicer.");
    }
    loop {
        let next = works.lock().unwrap_or_else(PoisonError::into_inner).recv();
        match next {
            // A defect in one Check must not take the thread from all others. Who asked sees the end of its channel.
            Ok(Work { run, resume }) => {
                let resumed = catch_unwind(AssertUnwindSafe(|| resume(checker, *run)));
                if resumed.is_err() {
                    tracing::error!("A defect ended a long evaluation; its request is refused.");
                }
            }
            Err(mpsc::RecvError) => return,
        }
    }
}
