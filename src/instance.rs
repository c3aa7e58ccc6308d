//! An instance: the living policy of one application. One writer compiles and publishes; many
//! readers take the finished snapshot.

use std::path::PathBuf;

use tokio::sync::{mpsc, oneshot, watch as channel};

use crate::data::Object;
use crate::engine::{Engine, Entrypoint, Memory, MemoryLimits, RegoVersion};
use crate::task::{self, Shutdown};
use crate::{bundle, http};

mod candidate;
mod snapshot;
mod status;
mod watch;
mod writer;

pub use crate::files::LoadError;
pub use snapshot::{Cell, Snapshot};
pub use status::{BundleError, BundleStatus, Status};

/// Where an instance's policy and data come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Files and directories of the command line.
    pub paths: Vec<PathBuf>,
    /// `-b`: directories and archives loaded as bundles.
    pub bundle_paths: Vec<PathBuf>,
    /// `--verification-key` and its kin: what is asked of the signatures of `bundle_paths`.
    pub bundle_verification: bundle::Verification,
    /// `--ignore`: names and globs that are left out of directories.
    pub ignore: Vec<String>,
    /// `--watch`: files are loaded again when they change.
    pub watch: bool,
    /// The language of modules that do not say theirs.
    pub rego_version: RegoVersion,
    /// `engine`: what decides.
    pub engine: Engine,
    /// What `opa.runtime()` gives.
    pub runtime: Object,
    /// `caching.inter_query_builtin_value_cache`: what is remembered from one policy to the next.
    pub memory: MemoryLimits,
    /// `--max-errors`: how many compile errors are shown.
    pub max_errors: usize,
    /// Bundles downloaded from services.
    pub bundles: Vec<bundle::Config>,
    /// The services that bundles name.
    pub services: Vec<http::ServiceConfig>,
    /// Where persisted bundles lie.
    pub persistence_directory: PathBuf,
}

/// A running instance. Clones share it.
#[derive(Debug, Clone)]
pub struct Instance {
    cell: Cell,
    status: channel::Receiver<Status>,
    reload: Reload,
    memory: Memory,
}

/// Asks the writer to load the files again.
#[derive(Debug, Clone)]
pub struct Reload(mpsc::Sender<writer::Request>);

/// Why an instance cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// What is on the disk makes no policy.
    #[error("{0}")]
    Policy(String),
    /// The files cannot be watched.
    #[error("the files cannot be watched for changes: {0}")]
    Watch(#[from] notify::Error),
}

/// Loads what is on the disk, puts it in force, and keeps up with `updates` and changes from then on.
///
/// As in OPA, requests are decided by what is there while configured bundles are still on their way;
/// [`Status::ready`] tells when all have arrived. Whoever sends `updates` may start before or after.
pub async fn start(
    config: Config,
    entrypoints: Vec<Entrypoint>,
    updates: mpsc::Receiver<bundle::Update>,
    shutdown: Shutdown,
) -> Result<Instance, StartError> {
    let names = config.bundles.iter().map(|bundle| bundle.name.clone());
    let (status_sender, status) = channel::channel(Status::new(names));
    let cell = Cell::new();
    let (requests, waiting) = mpsc::channel(1);
    let reload = Reload(requests);
    if config.watch {
        let paths = config.paths.clone();
        let paths = crate::files::places(&paths)
            .into_iter()
            .chain(config.bundle_paths.clone());
        watch::spawn(&paths.collect::<Vec<_>>(), reload.clone(), shutdown.clone())?;
    }
    let memory = Memory::new(config.memory);
    let (own, cell_of_writer) = (memory.clone(), cell.clone());
    let writer = writer::Writer::start(config, entrypoints, own, cell_of_writer, status_sender);
    let writer = writer.await.map_err(StartError::Policy)?;
    task::spawn("instance", writer.run(updates, waiting, shutdown));
    Ok(Instance {
        cell,
        status,
        reload,
        memory,
    })
}

// === impl Instance ===

impl Instance {
    /// Where requests find the snapshot in force.
    #[must_use]
    pub fn cell(&self) -> Cell {
        self.cell.clone()
    }

    /// What there is to know about it, as it changes.
    #[must_use]
    pub fn status(&self) -> channel::Receiver<Status> {
        self.status.clone()
    }

    /// What its policies remember, one after the other.
    #[must_use]
    pub fn memory(&self) -> Memory {
        self.memory.clone()
    }

    /// The way to ask for a reload of the files.
    #[must_use]
    pub fn reload(&self) -> Reload {
        self.reload.clone()
    }
}

// === impl Reload ===

impl Reload {
    /// Loads the files again and waits for it; an error leaves what is in force.
    pub async fn now(&self) -> Result<(), String> {
        let stopped = || "the instance is stopping".to_owned();
        let (done, finished) = oneshot::channel();
        self.0.send(done).await.map_err(|_| stopped())?;
        finished.await.map_err(|_| stopped())?
    }
}
