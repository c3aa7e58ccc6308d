//! The composition root: builds the floors bottom-up, binds every socket before any is served.

use crate::config::Loaded;

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

/// Serves until the process is told to stop.
///
/// # Errors
///
/// Fails when the start fails.
pub fn run(loaded: Loaded) -> Result<(), RunError> {
    drop(loaded);
    Err(RunError::Failed("serving is not wired up yet".to_owned()))
}
