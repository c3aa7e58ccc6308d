//! Bundles: archives of policy and data, verified whole before anything of them is used.

use std::time::Duration;

use tokio::sync::oneshot;

use crate::data::Value;
use crate::engine::Module;

pub mod archive;
mod ask;
mod content;
mod delta;
pub mod downloads;
pub mod fetch;
pub mod load;
pub mod manifest;
pub mod oci;
mod pace;
mod package;
pub mod persist;
mod signature;
mod unverified;

/// The archives of unit tests are those of the integration tests.
#[cfg(test)]
#[path = "../tests/it/support/archive.rs"]
mod build;
#[cfg(test)]
#[path = "../tests/it/support/signature.rs"]
mod sign;

pub use content::{Archived, ContentError};
pub use delta::{Delta, DeltaError};
pub use downloads::{Downloads, Polls};
pub use fetch::{PollError, Polled};
pub use load::load;
pub use manifest::check_overlap;
pub use signature::{Key, SignatureError, Signing, Verification};

/// One entry of `bundles`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The bundle's name.
    pub name: String,
    /// The service it is downloaded from; none for `file://` resources.
    pub service: Option<String>,
    /// The path below the service's URL, or a `file://` URL.
    pub resource: String,
    /// `trigger`: when it is asked for.
    pub trigger: Trigger,
    /// `polling.min_delay_seconds`.
    pub min_delay: Duration,
    /// `polling.max_delay_seconds`.
    pub max_delay: Duration,
    /// `polling.long_polling_timeout_seconds`: how long the server is asked to wait for news.
    pub long_polling_timeout: Option<Duration>,
    /// `persist`: a good copy is kept on disk and used while the server is away at start.
    pub persist: bool,
    /// `size_limit_bytes`: of the archive's expanded content.
    pub size_limit: u64,
    /// `keys` and `signing`: what is asked of its signature.
    pub verification: Verification,
}

/// When a bundle is asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Trigger {
    /// Again and again.
    #[default]
    Periodic,
    /// When somebody says so.
    Manual,
}

/// A bundle's verified content.
#[derive(Debug, Clone, PartialEq)]
pub struct Bundle {
    /// The configured name.
    pub name: String,
    /// `.manifest`'s revision; empty when it has none.
    pub revision: String,
    /// `.manifest`'s roots; one empty root when it names none, which owns everything.
    pub roots: Vec<String>,
    /// The Rego files.
    pub modules: Vec<Module>,
    /// The data document.
    pub data: Value,
    /// `.manifest`'s metadata.
    pub metadata: Value,
    /// The `ETag` it was served with.
    pub etag: Option<String>,
}

/// News of one bundle for the writer of an instance.
#[derive(Debug)]
pub enum Update {
    /// A new bundle was read whole.
    Ready {
        /// It.
        bundle: Box<Bundle>,
        /// Told whether it is in force now; an error is the reason why it is not.
        activated: oneshot::Sender<Result<(), String>>,
    },
    /// A download said that nothing changed.
    Unchanged {
        /// The bundle's name.
        name: String,
    },
    /// A download or an archive failed; what is in force stays.
    Failed {
        /// The bundle's name.
        name: String,
        /// `bundle_error`, as in status; the HTTP status stands beside it.
        code: String,
        /// The reason, for status and log.
        message: String,
        /// The HTTP status of the download, where there was one.
        http_status: Option<u16>,
    },
    /// Other bundles are configured. What is gone and what came is one change, for one snapshot.
    Changed {
        /// All that are configured now, in their order.
        names: Vec<String>,
        /// Those that were and are not any more.
        removed: Vec<String>,
        /// The first news of new ones, which are about one bundle each.
        first: Vec<Update>,
    },
}

/// Why bundles cannot be kept up to date.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A bundle names a service that there is not.
    #[error("bundle `{bundle}` names the service `{service}`, which is not among `services`")]
    Service {
        /// The bundle.
        bundle: String,
        /// The service.
        service: String,
    },
    /// A bundle cannot be kept on the disk.
    #[error(transparent)]
    Persist(#[from] persist::PersistError),
}

// === impl Update ===

impl Update {
    /// The bundle it is about, if it is about one.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Ready { bundle, .. } => Some(&bundle.name),
            Self::Unchanged { name } | Self::Failed { name, .. } => Some(name),
            Self::Changed { .. } => None,
        }
    }
}
