//! The composition root: builds the floors bottom-up, binds every socket before any is served, and
//! ends in the reverse order.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime;

use crate::config::Loaded;
use crate::telemetry::logs::Logs;

mod bind;
mod check;
mod observe;
mod pages;
mod rest;
mod serve;
mod signal;
mod watch;

pub use serve::{Addresses, Running, Sinks, start};

/// Why a run ended badly.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The configuration cannot be served.
    #[error("{0}")]
    Config(String),
    /// Something failed while running.
    #[error("{0}")]
    Failed(String),
}

/// How long the runtime may take to let go of what is left when everything has ended.
const RUNTIME_END: Duration = Duration::from_secs(1);

/// Serves until the process is told to stop.
pub fn run(loaded: Loaded) -> Result<(), RunError> {
    let logs = Logs::to_stderr(&loaded.config.log).map_err(RunError::config)?;
    let guard = Arc::new(logs.install().map_err(RunError::failed)?);
    report_panics();
    // Control work shares one thread. It never stands before a Check: those have their own.
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(RunError::failed)?;
    let ended = runtime.block_on(async {
        let mut signals = signal::Signals::listen().map_err(RunError::failed)?;
        let running = start(loaded, Sinks::to_stderr(Arc::clone(&guard))).await?;
        // A start that waits for its bundles can be told to end too.
        tokio::select! {
            () = async { running.announce().await; std::future::pending().await } => {}
            () = signals.stop() => {}
        }
        tokio::select! {
            () = running.stop() => {}
            () = signals.stop() => tracing::warn!("Told to stop again; ending at once."),
        }
        Ok(())
    });
    runtime.shutdown_timeout(RUNTIME_END);
    ended
}

/// Panics become lines of the log: the text that is their default would block a data thread where
/// nobody reads standard error, and break the log's lines.
fn report_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let location = panic.location().map(ToString::to_string);
        let message = panic.payload_as_str();
        tracing::error!(location, message, "A thread panicked.");
    }));
}

// === impl RunError ===

impl RunError {
    fn config(error: impl std::fmt::Display) -> Self {
        Self::Config(error.to_string())
    }

    fn failed(error: impl std::fmt::Display) -> Self {
        Self::Failed(error.to_string())
    }
}
