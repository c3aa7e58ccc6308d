//! An instance: the living policy of one application. One writer compiles and publishes; many
//! readers take the finished snapshot.

use std::path::PathBuf;

use tokio::sync::{mpsc, oneshot, watch as channel};

use crate::data::Object;
use crate::engine::{Engine, Entrypoint, Memory, MemoryLimits, RegoVersion};
use crate::task::{self, Shutdown};
use crate::{bundle, http};

mod candidate;
mod edit;
mod freshness;
mod gate;
mod history;
mod rollback;
mod snapshot;
mod status;
mod watch;
mod writer;

pub use crate::files::LoadError;
pub use edit::{Edit, EditError, Edits, Operation, Step};
pub use freshness::{Freshness, StaleConfig};
pub use gate::{GateConfig, Hooks, RunTests};
pub use history::{Past, PastState, ReturnError};
pub use rollback::{Outcomes, ReadOutcomes, RollbackConfig};
pub use snapshot::{Cell, Snapshot};
pub use status::{BundleError, BundleStatus, Status};

/// Where an instance's policy and data come from.
#[derive(Debug, Clone, PartialEq)]
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
    /// `activation`.
    pub activation: ActivationConfig,
}

/// `activation`: what a snapshot must prove, and what happens when it cannot.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ActivationConfig {
    /// `tests` and `samples`: what a new snapshot must pass.
    pub gate: GateConfig,
    /// `history`: how many earlier snapshots can be put in force again.
    pub history: usize,
    /// `rollback`: when a new snapshot makes way for the one before.
    pub rollback: Option<RollbackConfig>,
    /// `stale_after` and `stale_policy`: what becomes of decisions when bundles cannot be kept up to date.
    pub stale: Option<StaleConfig>,
}

/// A running instance. Clones share it.
#[derive(Debug, Clone)]
pub struct Instance {
    cell: Cell,
    status: channel::Receiver<Status>,
    control: Control,
    memory: Memory,
    freshness: Freshness,
}

/// Asks the writer of an instance for something, and waits until it is done.
#[derive(Debug, Clone)]
pub struct Control(mpsc::Sender<writer::Request>);

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
    hooks: Hooks,
    shutdown: Shutdown,
) -> Result<Instance, StartError> {
    let names = config.bundles.iter().map(|bundle| bundle.name.clone());
    let (status_sender, status) = channel::channel(Status::new(names));
    let cell = Cell::new();
    let (requests, waiting) = mpsc::channel(1);
    let control = Control(requests);
    if config.watch {
        let paths = config.paths.clone();
        let paths = crate::files::places(&paths)
            .into_iter()
            .chain(config.bundle_paths.clone());
        watch::spawn(
            &paths.collect::<Vec<_>>(),
            control.clone(),
            shutdown.clone(),
        )?;
    }
    let memory = Memory::new(config.memory);
    let freshness = Freshness::new(config.bundles.iter().map(|bundle| bundle.name.clone()));
    let parts = writer::Parts {
        entrypoints,
        memory: memory.clone(),
        cell: cell.clone(),
        status: status_sender,
        hooks,
        freshness: freshness.clone(),
    };
    let writer = writer::Writer::start(config, parts).await;
    let writer = writer.map_err(StartError::Policy)?;
    task::spawn("instance", writer.run(updates, waiting, shutdown));
    Ok(Instance {
        cell,
        status,
        control,
        memory,
        freshness,
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

    /// The way to ask for changes of policies and data.
    #[must_use]
    pub fn edits(&self) -> Edits {
        Edits(self.control.0.clone())
    }

    /// How fresh its bundles are, as they are kept up to date.
    #[must_use]
    pub fn freshness(&self) -> Freshness {
        self.freshness.clone()
    }

    /// The way to ask its writer for something.
    #[must_use]
    pub fn control(&self) -> Control {
        self.control.clone()
    }
}

// === impl Control ===

impl Control {
    /// Loads the files again; an error leaves what is in force.
    pub async fn reload(&self) -> Result<(), String> {
        let done = self.ask(writer::Request::Reload).await;
        done.unwrap_or_else(|| Err(STOPPING.to_owned()))
    }

    /// Puts an earlier snapshot in force, named by its generation or by the revision of a bundle in it, and pins it.
    pub async fn pin(&self, named: String) -> Result<(), ReturnError> {
        let done = self.ask(|done| writer::Request::Pin { named, done }).await;
        done.unwrap_or_else(|| Err(ReturnError::Failed(STOPPING.to_owned())))
    }

    /// Lets new snapshots take the place of a pinned one again.
    pub async fn unpin(&self) {
        self.ask(writer::Request::Unpin).await;
    }

    /// The answer; none when the instance stops.
    async fn ask<T>(
        &self,
        request: impl FnOnce(oneshot::Sender<T>) -> writer::Request,
    ) -> Option<T> {
        let (done, finished) = oneshot::channel();
        self.0.send(request(done)).await.ok()?;
        finished.await.ok()
    }
}

const STOPPING: &str = "the instance is stopping";
