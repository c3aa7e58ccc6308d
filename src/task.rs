//! The life of tasks: shutdown, drain and readiness are values that are held and dropped.

use std::future::Future;

use tokio::sync::{mpsc, watch};

/// Tells everyone who holds a [`Shutdown`] to begin to stop; dropping it tells them as well.
#[derive(Debug)]
pub struct ShutdownTrigger(watch::Sender<bool>);

/// Held by whoever wants to know that the process begins to stop.
#[derive(Debug, Clone)]
pub struct Shutdown(watch::Receiver<bool>);

/// Waits until every [`DrainGuard`] is dropped.
#[derive(Debug)]
pub struct Drain(mpsc::Receiver<()>);

/// Held by work that must finish before the process ends.
#[derive(Debug, Clone)]
pub struct DrainGuard(#[expect(dead_code, reason = "its drop is what it is for")] mpsc::Sender<()>);

/// A trigger and the value that it triggers.
#[must_use]
pub fn shutdown() -> (ShutdownTrigger, Shutdown) {
    let (tx, rx) = watch::channel(false);
    (ShutdownTrigger(tx), Shutdown(rx))
}

/// A drain and the first of its guards.
#[must_use]
pub fn drain() -> (Drain, DrainGuard) {
    let (tx, rx) = mpsc::channel(1);
    (Drain(rx), DrainGuard(tx))
}

/// Starts `future` on the current runtime under a name that shows in the log when it ends badly.
pub fn spawn<F>(name: &'static str, future: F) -> tokio::task::JoinHandle<()>
where
    F: Future<Output = ()> + Send + 'static,
{
    tokio::spawn(async move {
        let ended = tokio::spawn(future).await;
        if let Err(error) = ended
            && error.is_panic()
        {
            tracing::error!(task = name, "A background task panicked.");
        }
    })
}

// === impl ShutdownTrigger ===

impl ShutdownTrigger {
    /// Begins the shutdown; a second call changes nothing.
    pub fn trigger(&self) {
        self.0.send_replace(true);
    }
}

// === impl Shutdown ===

impl Shutdown {
    /// Waits until the shutdown begins.
    pub async fn wait(&mut self) {
        // An error means that the trigger is gone, which is a shutdown too.
        let _ = self.0.wait_for(|stopping| *stopping).await;
    }
}

// === impl Drain ===

impl Drain {
    /// Waits until the last guard is dropped.
    pub async fn wait(mut self) {
        while self.0.recv().await.is_some() {}
    }
}
