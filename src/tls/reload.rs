//! Looks at the files again and swaps the configuration; connections that stand keep theirs.

use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use tokio::time::{self, MissedTickBehavior};

use super::files::Files;
use super::{Acceptor, Config, Protocols, TlsError};
use crate::task::Shutdown;

/// Keeps the configuration of the [`Acceptor`]s it gave out in step with the files.
pub struct Reloader {
    config: Config,
    protocols: Protocols,
    /// What was last looked at, good or bad.
    seen: Option<Files>,
    current: Arc<ArcSwap<ServerConfig>>,
}

/// What a look at the files brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Checked {
    /// Nothing changed since the last look.
    Unchanged,
    /// New handshakes use the new files.
    Replaced,
}

// === impl Reloader ===

impl Reloader {
    /// Builds the first configuration; whatever is wrong with the files is an error here.
    pub fn new(config: Config, protocols: Protocols) -> Result<Self, TlsError> {
        let files = Files::read(&config)?;
        let server = files.server_config(&config, protocols)?;
        Ok(Self {
            config,
            protocols,
            seen: Some(files),
            current: Arc::new(ArcSwap::from_pointee(server)),
        })
    }

    /// What a listener does its handshakes with.
    #[must_use]
    pub fn acceptor(&self) -> Acceptor {
        Acceptor(Arc::clone(&self.current))
    }

    /// Looks at the files once. An error leaves the old configuration in force, and is told once for
    /// the same files.
    pub fn check(&mut self) -> Result<Checked, TlsError> {
        let files = match Files::read(&self.config) {
            Ok(files) => files,
            Err(error) => {
                let told = self.seen.take().is_none();
                return if told {
                    Ok(Checked::Unchanged)
                } else {
                    Err(error)
                };
            }
        };
        if self.seen.as_ref() == Some(&files) {
            return Ok(Checked::Unchanged);
        }
        let server = files.server_config(&self.config, self.protocols);
        self.seen = Some(files);
        self.current.store(Arc::new(server?));
        Ok(Checked::Replaced)
    }

    /// Looks at the files each `refresh_period` until the shutdown; at once done when that is zero.
    pub async fn run(mut self, mut shutdown: Shutdown) {
        if self.config.refresh_period.is_zero() {
            return;
        }
        let mut ticks = time::interval(self.config.refresh_period);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = shutdown.wait() => return,
                _ = ticks.tick() => self.check_and_log(),
            }
        }
    }

    fn check_and_log(&mut self) {
        let cert_file = self.config.cert_file.display().to_string();
        match self.check() {
            Ok(Checked::Unchanged) => {}
            Ok(Checked::Replaced) => tracing::info!(cert_file, "TLS certificate reloaded."),
            Err(error) => tracing::error!(
                cert_file,
                %error,
                "TLS certificate could not be reloaded; the old one stays in use."
            ),
        }
    }
}

impl fmt::Debug for Reloader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the files: one of them is the private key.
        f.debug_struct("Reloader")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}
