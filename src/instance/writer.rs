//! The one task that makes snapshots. Whatever fails on the way leaves the last good one in force.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use tokio::sync::{mpsc, oneshot, watch};
use tokio::time;

use super::candidate::{self, Candidate, Refused};
use super::edit::{Edit, EditError};
use super::status::{BundleError, BundleStatus, Status};
use super::{Cell, Config, Snapshot};
use crate::bundle::archive::Limits;
use crate::bundle::{self, Bundle, Update};
use crate::engine::{Entrypoint, Memory, Policy};
use crate::files::{self, Loaded};
use crate::task::Shutdown;

/// How often it is looked whether an old snapshot can be freed.
const SWEEP: time::Duration = time::Duration::from_secs(1);

/// How large a bundle on the disk may be, expanded: as large as a downloaded one by default.
const BUNDLE_SIZE: u64 = 1 << 30;

/// How many updates are compiled together at most.
const BATCH: usize = 64;

/// A wish; told when that was done, well or not.
#[derive(Debug)]
pub(super) enum Request {
    /// The files are to be loaded again.
    Reload(oneshot::Sender<Result<(), String>>),
    /// Something is to change.
    Edit(Box<Edit>, oneshot::Sender<Result<(), EditError>>),
}

/// Makes and publishes snapshots.
pub(super) struct Writer {
    config: Config,
    entrypoints: Vec<Entrypoint>,
    memory: Memory,
    cell: Cell,
    status: watch::Sender<Status>,
    /// What the snapshot in force was made from.
    current: Candidate,
    /// What the files were when they were last read.
    files: Loaded,
    /// Snapshots that requests may still hold; freeing one takes time that no request should pay.
    old: Vec<Arc<Snapshot>>,
}

/// A bundle that waits for its activation.
struct Arrival {
    bundle: Box<Bundle>,
    activated: oneshot::Sender<Result<(), String>>,
}

// === impl Writer ===

impl Writer {
    /// Loads what is on the disk and puts it in force.
    pub(super) async fn start(
        config: Config,
        entrypoints: Vec<Entrypoint>,
        memory: Memory,
        cell: Cell,
        status: watch::Sender<Status>,
    ) -> Result<Self, String> {
        let (files, disk) = read_disk(&config).await?;
        let current = Candidate {
            files,
            disk,
            downloaded: std::collections::BTreeMap::new(),
        };
        let mut writer = Self {
            config,
            entrypoints,
            memory,
            cell,
            status,
            files: current.files.clone(),
            current: current.clone(),
            old: Vec::new(),
        };
        writer.activate(current).await?;
        Ok(writer)
    }

    /// Serves updates and requests until `shutdown`.
    pub(super) async fn run(
        mut self,
        mut updates: mpsc::Receiver<Update>,
        mut requests: mpsc::Receiver<Request>,
        mut shutdown: Shutdown,
    ) {
        let mut sweep = time::interval(SWEEP);
        let (mut updating, mut requesting) = (true, true);
        loop {
            let mut batch = Vec::new();
            tokio::select! {
                () = shutdown.wait() => return,
                count = updates.recv_many(&mut batch, BATCH), if updating => {
                    updating = count > 0;
                    self.updates(batch).await;
                }
                request = requests.recv(), if requesting => match request {
                    Some(Request::Reload(done)) => self.reload(done).await,
                    Some(Request::Edit(edit, done)) => self.edit(*edit, done).await,
                    None => requesting = false,
                },
                _ = sweep.tick(), if !self.old.is_empty() => self.sweep().await,
            }
        }
    }

    async fn updates(&mut self, batch: Vec<Update>) {
        let mut arrivals: Vec<Arrival> = Vec::new();
        for update in batch {
            match update {
                Update::Ready { bundle, activated } => {
                    self.note(&bundle.name, BundleStatus::arrived);
                    arrivals.push(Arrival { bundle, activated });
                }
                Update::Unchanged { name } => self.note(&name, BundleStatus::unchanged),
                Update::Failed {
                    name,
                    code,
                    message,
                    http_status,
                } => {
                    tracing::error!(
                        name,
                        code,
                        reason = message,
                        http_status,
                        "Bundle load failed."
                    );
                    let error = BundleError {
                        code,
                        message,
                        http_status,
                    };
                    self.note(&name, |status, now| status.failed(now, error));
                }
            }
        }
        self.arrivals(arrivals).await;
    }

    /// Activates bundles together; if that fails, each for itself, so that one bad bundle holds up no other.
    async fn arrivals(&mut self, arrivals: Vec<Arrival>) {
        if arrivals.len() > 1 {
            let together = arrivals.iter().map(|arrival| &*arrival.bundle);
            if self.activate(self.with(together)).await.is_ok() {
                for arrival in arrivals {
                    self.finish(arrival, Ok(()));
                }
                return;
            }
        }
        for arrival in arrivals {
            let outcome = self.activate(self.with([&*arrival.bundle])).await;
            if let Err(reason) = &outcome {
                self.status.send_modify(|status| status.failures += 1);
                tracing::error!(
                    name = arrival.bundle.name,
                    reason,
                    "Bundle activation failed."
                );
            }
            self.finish(arrival, outcome);
        }
    }

    fn finish(&self, arrival: Arrival, outcome: Result<(), String>) {
        let Arrival { bundle, activated } = arrival;
        let Bundle { name, revision, .. } = *bundle;
        match &outcome {
            Ok(()) => {
                tracing::info!(name, revision, "Bundle loaded and activated successfully.");
                self.note(&name, |status, now| status.activated(now, &revision));
            }
            Err(message) => {
                let error = BundleError {
                    code: "bundle_error".to_owned(),
                    message: message.clone(),
                    http_status: None,
                };
                self.note(&name, |status, now| status.failed(now, error));
            }
        }
        // Who asked may be gone; the activation stands.
        let _ = activated.send(outcome);
    }

    async fn reload(&mut self, done: oneshot::Sender<Result<(), String>>) {
        let outcome = self.reload_files().await;
        if let Err(reason) = &outcome {
            tracing::error!(
                reason,
                "The files could not be loaded again; what is in force stays."
            );
        }
        self.status.send_modify(|status| {
            status.failures += u64::from(outcome.is_err());
            status.files_error = outcome.as_ref().err().cloned();
        });
        let _ = done.send(outcome);
    }

    async fn reload_files(&mut self) -> Result<(), String> {
        let (files, disk) = read_disk(&self.config).await?;
        if files == self.files && disk == self.current.disk {
            return Ok(());
        }
        let mut candidate = Candidate {
            disk,
            ..self.current.clone()
        };
        // What was changed since stays as long as the files do.
        if files != self.files {
            candidate.files = files.clone();
        }
        self.activate(candidate).await?;
        self.files = files;
        Ok(())
    }

    async fn edit(&mut self, edit: Edit, done: oneshot::Sender<Result<(), EditError>>) {
        let current = self.current.clone();
        let applied = candidate::on_large_stack("edit", move || edit.apply(&current)).await;
        let applied = applied.map_err(|error| EditError::Failed(error.to_string()));
        let outcome = match applied.flatten() {
            Ok(Some(candidate)) => self.put_in_force(candidate).await.map_err(EditError::from),
            unchanged => unchanged.map(drop),
        };
        // Who asked may be gone; the change stands.
        let _ = done.send(outcome);
    }

    fn with<'a>(&self, bundles: impl IntoIterator<Item = &'a Bundle>) -> Candidate {
        let mut candidate = self.current.clone();
        for bundle in bundles {
            candidate
                .downloaded
                .insert(bundle.name.clone(), bundle.clone());
        }
        candidate
    }

    /// The same with an error for people.
    async fn activate(&mut self, candidate: Candidate) -> Result<(), String> {
        let activated = self.put_in_force(candidate).await;
        activated.map_err(|refused| refused.to_string())
    }

    /// Compiles `candidate` and puts it in force; on an error nothing has changed.
    async fn put_in_force(&mut self, candidate: Candidate) -> Result<(), Refused> {
        let started = Instant::now();
        let (entrypoints, memory) = (self.entrypoints.clone(), self.memory.clone());
        let (engine, max_errors) = (self.config.engine, self.config.max_errors);
        let runtime = self.config.runtime.clone();
        let compiled = candidate::on_large_stack("compile", move || {
            let policy = candidate.compile(entrypoints, engine, runtime, max_errors, &memory);
            (candidate, policy)
        });
        let (candidate, policy) = compiled
            .await
            .map_err(|error| Refused::Text(format!("the policy could not be compiled: {error}")))?;
        self.publish(candidate, policy?, started);
        Ok(())
    }

    fn publish(&mut self, candidate: Candidate, policy: Policy, started: Instant) {
        let activated_at = SystemTime::now();
        let generation = self.status.borrow().generation + 1;
        let warnings = policy.warnings().to_vec();
        let revisions = Arc::new(candidate.revisions());
        let modules = candidate.modules().into();
        self.current = candidate;
        self.old.extend(self.cell.swap(Arc::new(Snapshot {
            generation,
            policy,
            revisions,
            modules,
            activated_at,
        })));
        let complete = self
            .config
            .bundles
            .iter()
            .all(|bundle| self.current.downloaded.contains_key(&bundle.name));
        if complete {
            for warning in &warnings {
                tracing::warn!(warning, "The policy in force may not be what was meant.");
            }
        }
        self.status.send_modify(|status| {
            status.generation = generation;
            status.activations += 1;
            status.last_activation = started.elapsed();
            status.snapshot_activated_at = Some(activated_at);
            status.warnings = warnings;
        });
    }

    fn note(&self, name: &str, change: impl FnOnce(&mut BundleStatus, SystemTime)) {
        self.status.send_modify(|status| {
            if let Some(bundle) = status.bundle(name) {
                change(bundle, SystemTime::now());
            }
        });
    }

    /// Frees snapshots that nobody else holds, on a thread that can take a deep one apart.
    async fn sweep(&mut self) {
        let in_use = |snapshot: &Arc<Snapshot>| {
            Arc::strong_count(snapshot) > 1 || snapshot.policy.is_shared()
        };
        let (kept, free): (Vec<_>, Vec<_>) = self.old.drain(..).partition(in_use);
        self.old = kept;
        if !free.is_empty() {
            let _ = candidate::on_large_stack("free", move || drop(free)).await;
        }
    }
}

async fn read_disk(config: &Config) -> Result<(Loaded, Vec<Bundle>), String> {
    let paths = config.paths.clone();
    let bundle_paths: Vec<PathBuf> = config.bundle_paths.clone();
    let ignore = config.ignore.clone();
    let version = config.rego_version;
    let read = candidate::on_large_stack("load", move || {
        let files = files::load(&paths, &ignore, version).map_err(|error| error.to_string())?;
        let bundles: Result<Vec<Bundle>, _> = bundle_paths
            .iter()
            .map(|path| bundle::load(path, &ignore, Limits::new(BUNDLE_SIZE, version)))
            .collect();
        Ok((files, bundles.map_err(|error| error.to_string())?))
    });
    read.await
        .map_err(|error| format!("the files could not be read: {error}"))?
}
