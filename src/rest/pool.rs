//! Threads for what takes long: reading of bodies, evaluation, writing of answers. What waits for them is bounded;
//! what does not fit is refused at once.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use tokio::sync::{mpsc, oneshot};

/// How many requests are worked on at once.
const THREADS: usize = 2;

/// How many may wait for a thread.
const WAITING: usize = 256;

/// Evaluation and JSON recurse on documents that may nest 10,000 deep.
const STACK: usize = 16 << 20;

type Work = Box<dyn FnOnce() + Send>;

/// The threads. They end when the last clone is gone and nothing waits any more.
#[derive(Clone)]
pub(super) struct Pool(mpsc::Sender<Work>);

/// Why work was not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotDone {
    /// Too much waits already.
    Full,
    /// It panicked.
    Defect,
}

// === impl Pool ===

impl Pool {
    pub(super) fn start() -> io::Result<Self> {
        let (sender, works) = mpsc::channel::<Work>(WAITING);
        let works = Arc::new(Mutex::new(works));
        for number in 0..THREADS {
            let works = Arc::clone(&works);
            thread::Builder::new()
                .name(format!("rest-{number}"))
                .stack_size(STACK)
                .spawn(move || run(&works))?;
        }
        Ok(Self(sender))
    }

    /// Does `work` on one of the threads.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, NotDone> {
        let (done, finished) = oneshot::channel();
        let work = Box::new(move || {
            // Who asked may be gone by now.
            drop(done.send(work()));
        });
        self.0.try_send(work).map_err(|_| NotDone::Full)?;
        finished.await.map_err(|_| NotDone::Defect)
    }
}

impl std::fmt::Debug for Pool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pool").finish_non_exhaustive()
    }
}

fn run(works: &Mutex<mpsc::Receiver<Work>>) {
    loop {
        let mut queue = works.lock().unwrap_or_else(PoisonError::into_inner);
        let next = queue.blocking_recv();
        drop(queue);
        let Some(work) = next else { return };
        // A defect in one request must not take the thread from all others.
        if catch_unwind(AssertUnwindSafe(work)).is_err() {
            tracing::error!("A defect ended a request to the REST API.");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_defect_ends_its_own_work_alone() {
        let pool = Pool::start().expect("threads");
        for _ in 0..THREADS * 2 {
            let done: Result<(), _> = pool.run(|| panic!("a defect")).await;
            assert_eq!(done, Err(NotDone::Defect));
        }
        assert_eq!(pool.run(|| 1).await, Ok(1));
    }
}
