//! Bundles: archives of policy and data, verified whole before anything of them is used.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use crate::data::Value;
use crate::engine::{Module, RegoVersion};
use crate::http::client::Client;
use crate::task::Shutdown;

pub mod archive;
mod content;
pub mod fetch;
pub mod load;
pub mod manifest;
pub mod oci;
mod pace;
mod package;
pub mod persist;

/// The archives of unit tests are those of the integration tests.
#[cfg(test)]
#[path = "../tests/it/support/archive.rs"]
mod build;

pub use content::ContentError;
pub use load::load;
pub use manifest::check_overlap;

/// One entry of `bundles`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The bundle's name.
    pub name: String,
    /// The service it is downloaded from; none for `file://` resources.
    pub service: Option<String>,
    /// The path below the service's URL, or a `file://` URL.
    pub resource: String,
    /// `polling.min_delay_seconds`.
    pub min_delay: Duration,
    /// `polling.max_delay_seconds`.
    pub max_delay: Duration,
    /// `persist`: a good copy is kept on disk and used while the server is away at start.
    pub persist: bool,
    /// `size_limit_bytes`: of the archive's expanded content.
    pub size_limit: u64,
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

/// Starts to keep `bundles` up to date until `shutdown`, and gives each one's [`fetch::Poll`] by
/// its name. `clients` are those of the configured services. Nothing starts when one cannot.
pub fn start(
    bundles: Vec<Config>,
    clients: &BTreeMap<String, Client>,
    persistence_directory: &Path,
    rego_version: RegoVersion,
    updates: &mpsc::Sender<Update>,
    shutdown: &Shutdown,
) -> Result<BTreeMap<String, fetch::Poll>, StartError> {
    let mut sources = Vec::with_capacity(bundles.len());
    for config in bundles {
        let client = config.service.as_ref().map(|service| {
            let client = clients.get(service).cloned();
            client.ok_or_else(|| StartError::Service {
                bundle: config.name.clone(),
                service: service.clone(),
            })
        });
        let store = config
            .persist
            .then(|| persist::Store::new(persistence_directory, &config.name));
        sources.push(fetch::Source {
            client: client.transpose()?,
            store: store.transpose()?,
            rego_version,
            config,
        });
    }
    let started = sources.into_iter().map(|source| {
        let name = source.config.name.clone();
        (
            name,
            fetch::spawn(source, updates.clone(), shutdown.clone()),
        )
    });
    Ok(started.collect())
}
