//! A data thread: a single-threaded runtime, the connections given to it, and its own handler.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::mpsc;

use super::connection::{self, Accepted};
use super::{Call, Called, Code, Config, Reply, Routes, Stats, Status, Unary};
use crate::task::{self, Shutdown};

/// Builds the handler of the thread with this index.
pub(super) type MakeHandler<H> = Arc<dyn Fn(usize) -> H + Send + Sync>;

/// What the caller of a call that panicked is told.
pub(super) const DEFECT: &str = "regate: the request could not be handled because of a defect";

/// What the connections of one data thread share.
pub(super) struct Worker<H> {
    pub(super) config: Arc<Config>,
    pub(super) stats: Arc<Stats>,
    pub(super) routes: Routes,
    pub(super) shutdown: Shutdown,
    index: usize,
    make_handler: MakeHandler<H>,
    /// None until the first call, and after a panic: a handler that panicked may be half changed.
    handler: RefCell<Option<H>>,
}

/// What a data thread is started with.
pub(super) struct Start<H> {
    pub(super) config: Arc<Config>,
    pub(super) stats: Arc<Stats>,
    pub(super) routes: Routes,
    pub(super) shutdown: Shutdown,
    pub(super) abort: Shutdown,
    pub(super) index: usize,
    pub(super) make_handler: MakeHandler<H>,
    pub(super) connections: mpsc::UnboundedReceiver<Accepted>,
}

/// Serves the connections that come until no more can come and the last has ended, or the abort.
pub(super) async fn run<H: Unary>(start: Start<H>) {
    let Start {
        mut abort,
        mut connections,
        ..
    } = start;
    let worker = Rc::new(Worker {
        config: start.config,
        stats: start.stats,
        routes: start.routes,
        shutdown: start.shutdown,
        index: start.index,
        make_handler: start.make_handler,
        handler: RefCell::new(None),
    });
    worker.warm();
    let (drain, guard) = task::drain();
    let served = async {
        while let Some(accepted) = connections.recv().await {
            let (worker, guard) = (Rc::clone(&worker), guard.clone());
            tokio::task::spawn_local(async move {
                connection::serve(&worker, accepted).await;
                drop(guard);
            });
        }
        drop(guard);
        drain.wait().await;
    };
    tokio::select! {
        () = served => {}
        () = abort.wait() => {}
    }
}

// === impl Worker ===

impl<H: Unary> Worker<H> {
    /// Hands a call to the handler. A panic costs this call an error, and the thread its handler.
    pub(super) fn call(&self, call: Call<'_>, message: Bytes) -> Called {
        let called = catch_unwind(AssertUnwindSafe(|| {
            let mut handler = self.handler.borrow_mut();
            handler
                .get_or_insert_with(|| (self.make_handler)(self.index))
                .call(call, message)
        }));
        called.unwrap_or_else(|panic| {
            self.panicked(&*panic);
            Called::Done(Reply::Error(Status::new(Code::Internal, DEFECT)))
        })
    }

    /// Builds the handler before the first call needs it.
    fn warm(&self) {
        let made = catch_unwind(AssertUnwindSafe(|| (self.make_handler)(self.index)));
        match made {
            Ok(handler) => *self.handler.borrow_mut() = Some(handler),
            Err(panic) => self.panicked(&*panic),
        }
    }

    fn panicked(&self, panic: &(dyn Any + Send)) {
        self.stats.panicked();
        let message = panic
            .downcast_ref::<&str>()
            .copied()
            .or_else(|| panic.downcast_ref::<String>().map(String::as_str));
        tracing::error!(
            thread = self.index,
            message,
            "A request's handler panicked."
        );
        // What panicked once may panic again when it is dropped.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(self.handler.borrow_mut().take())));
    }
}
