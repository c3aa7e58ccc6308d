//! The one task that makes snapshots. Whatever fails on the way leaves the last good one in force.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use tokio::sync::{mpsc, oneshot, watch};
use tokio::time;

use super::candidate::{self, Candidate, Making, Refused};
use super::edit::{Edit, EditError};
use super::freshness::Freshness;
use super::gate::{Gate, Hooks};
use super::history::{History, Past, PastState, ReturnError};
use super::rollback::{Trial, Withdrawn};
use super::status::{BundleError, BundleStatus, Status};
use super::{Cell, Config, Snapshot};
use crate::bundle::archive::Limits;
use crate::bundle::{self, Bundle, Update};
use crate::engine::{Entrypoint, Memory, Policy};
use crate::files::{self, Loaded};
use crate::task::Shutdown;

mod returns;

/// How often it is looked whether an old snapshot can be freed.
const SWEEP: time::Duration = time::Duration::from_secs(1);

/// How large a bundle on the disk may be, expanded: as large as a downloaded one by default.
const BUNDLE_SIZE: u64 = 1 << 30;

/// How many updates are compiled together at most.
const BATCH: usize = 64;

/// What somebody wants of the writer, and whom to tell what came of it.
#[derive(Debug)]
pub(super) enum Request {
    /// To load the files again.
    Reload(oneshot::Sender<Result<(), String>>),
    /// To change something.
    Edit(Box<Edit>, oneshot::Sender<Result<(), EditError>>),
    /// To put an earlier snapshot in force and to keep it there.
    Pin {
        named: String,
        done: oneshot::Sender<Result<(), ReturnError>>,
    },
    /// To let new snapshots take the place of a pinned one.
    Unpin(oneshot::Sender<()>),
}

/// What a writer works with beside its configuration.
pub(super) struct Parts {
    pub(super) entrypoints: Vec<Entrypoint>,
    pub(super) memory: Memory,
    pub(super) cell: Cell,
    pub(super) status: watch::Sender<Status>,
    pub(super) hooks: Hooks,
    pub(super) freshness: Freshness,
}

/// What is said to whatever arrives while a snapshot is pinned.
const PINNED: &str = "a snapshot is pinned; `POST /v1/snapshots/unpin` lets others take its place";

/// Makes and publishes snapshots.
pub(super) struct Writer {
    config: Config,
    parts: Parts,
    /// What the snapshot in force was made from.
    current: Candidate,
    history: History,
    /// The snapshot in force, as long as it has to prove itself.
    trial: Option<Trial>,
    /// What was rolled back.
    withdrawn: Withdrawn,
    pinned: bool,
    /// What the files were when they were last read.
    files: Loaded,
    /// Bundles that are not configured any more and leave with the next snapshot.
    removed: BTreeSet<String>,
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
    pub(super) async fn start(config: Config, parts: Parts) -> Result<Self, String> {
        let (files, disk) = read_disk(&config).await?;
        let current = Candidate {
            files,
            disk,
            downloaded: std::collections::BTreeMap::new(),
        };
        let mut writer = Self {
            history: History::new(config.activation.history),
            config,
            parts,
            files: current.files.clone(),
            current: current.clone(),
            trial: None,
            withdrawn: Withdrawn::default(),
            pinned: false,
            removed: BTreeSet::new(),
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
        let rollback = self.config.activation.rollback;
        let mut look = time::interval(rollback.map_or(SWEEP, |config| config.pace()));
        let stale = self.config.activation.stale;
        let mut age = time::interval(stale.map_or(SWEEP, |config| config.pace()));
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
                    Some(request) => self.request(request).await,
                    None => requesting = false,
                },
                _ = look.tick(), if self.trial.is_some() => self.judge().await,
                _ = age.tick(), if stale.is_some() => self.age(),
                _ = sweep.tick(), if !self.old.is_empty() => self.sweep().await,
            }
        }
    }

    async fn updates(&mut self, batch: Vec<Update>) {
        let mut arrivals: Vec<Arrival> = Vec::new();
        let removed = self.removed.len();
        for update in batch {
            self.take(update, &mut arrivals);
        }
        // While a snapshot is pinned nothing else comes into force.
        let removes = self.removed.len() > removed && !self.pinned;
        self.arrivals(arrivals, removes).await;
    }

    /// Notes what an update says; bundles that came are put among `arrivals`.
    fn take(&mut self, update: Update, arrivals: &mut Vec<Arrival>) {
        match update {
            // Its download was stopped meanwhile: it is not what is configured now.
            Update::Ready { activated, .. } if activated.is_closed() => {}
            Update::Ready { bundle, activated } => {
                self.parts.freshness.answered(&bundle.name);
                self.note(&bundle.name, BundleStatus::arrived);
                arrivals.push(Arrival { bundle, activated });
            }
            Update::Unchanged { name } => {
                self.parts.freshness.answered(&name);
                self.note(&name, BundleStatus::unchanged);
            }
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
                self.parts.freshness.failed(&name);
                self.note(&name, |status, now| status.failed(now, error));
            }
            Update::Changed {
                names,
                removed,
                first,
            } => {
                self.removed.retain(|name| !names.contains(name));
                self.removed.extend(removed);
                self.parts.freshness.configure(&names);
                self.parts
                    .status
                    .send_modify(|status| status.configure(names));
                for update in first {
                    self.take(update, arrivals);
                }
            }
        }
    }

    /// Activates bundles together, and lets go of those that left; if that fails, each for itself, so
    /// that one bad bundle holds up no other.
    async fn arrivals(&mut self, arrivals: Vec<Arrival>, removes: bool) {
        let arrivals = self.admitted(arrivals);
        if arrivals.len() > 1 || removes {
            let together = arrivals.iter().map(|arrival| &*arrival.bundle);
            match self.activate(self.with(together)).await {
                Ok(()) => {
                    for arrival in arrivals {
                        self.finish(arrival, Ok(()));
                    }
                    return;
                }
                Err(reason) if arrivals.is_empty() => {
                    self.parts.status.send_modify(|status| status.failures += 1);
                    tracing::error!(
                        reason,
                        "A bundle that is not configured any more cannot leave the policy yet."
                    );
                }
                Err(_) => {}
            }
        }
        for arrival in arrivals {
            let outcome = self.activate(self.with([&*arrival.bundle])).await;
            self.finish(arrival, outcome);
        }
    }

    /// Turns away what must not come into force whatever is in it.
    fn admitted(&mut self, arrivals: Vec<Arrival>) -> Vec<Arrival> {
        let mut admitted = Vec::with_capacity(arrivals.len());
        for arrival in arrivals {
            if self.pinned {
                self.finish(arrival, Err(PINNED.to_owned()));
            } else if self.withdrawn.bars(&arrival.bundle) {
                let reason = "its decisions were rolled back; another revision is awaited";
                self.finish(arrival, Err(reason.to_owned()));
            } else {
                admitted.push(arrival);
            }
        }
        admitted
    }

    fn finish(&self, arrival: Arrival, outcome: Result<(), String>) {
        let Arrival { bundle, activated } = arrival;
        let Bundle { name, revision, .. } = *bundle;
        match &outcome {
            Ok(()) => {
                tracing::info!(name, revision, "Bundle loaded and activated successfully.");
                self.parts.freshness.activated(&name, &revision);
                self.note(&name, |status, now| status.activated(now, &revision));
            }
            Err(message) => {
                self.parts.status.send_modify(|status| status.failures += 1);
                tracing::error!(name, reason = message, "Bundle activation failed.");
                let error = BundleError::plain(message.clone());
                self.note(&name, |status, now| status.failed(now, error));
            }
        }
        // Who asked may be gone; the activation stands.
        let _ = activated.send(outcome);
    }

    async fn request(&mut self, request: Request) {
        // Who asked may be gone; what was done stands.
        match request {
            Request::Reload(done) => {
                let _ = done.send(self.reload().await);
            }
            Request::Edit(edit, done) => {
                let _ = done.send(self.edit(*edit).await);
            }
            Request::Pin { named, done } => {
                let _ = done.send(self.pin(&named).await);
            }
            Request::Unpin(done) => {
                self.pinned = false;
                self.parts.status.send_modify(|status| status.pinned = None);
                tracing::info!("New snapshots may take the place of the one in force again.");
                let _ = done.send(());
            }
        }
    }

    async fn reload(&mut self) -> Result<(), String> {
        let outcome = if self.pinned {
            Err(PINNED.to_owned())
        } else {
            self.reload_files().await
        };
        if let Err(reason) = &outcome {
            tracing::error!(
                reason,
                "The files could not be loaded again; what is in force stays."
            );
        }
        self.parts.status.send_modify(|status| {
            status.failures += u64::from(outcome.is_err());
            status.files_error = outcome.as_ref().err().cloned();
        });
        outcome
    }

    /// Looks whether what decides is too old.
    fn age(&self) {
        let Some(config) = self.config.activation.stale else {
            return;
        };
        let stale = self.parts.freshness.stale(config.after);
        if self.parts.status.borrow().stale == stale {
            return;
        }
        if stale.is_empty() {
            tracing::info!("All bundles are fresh again.");
        } else {
            let (bundles, denies) = (stale.join(", "), config.deny);
            tracing::error!(
                bundles,
                denies,
                "Bundles are stale: their servers are out of reach."
            );
        }
        self.parts.cell.set_stale(config.deny && !stale.is_empty());
        self.parts.status.send_modify(|status| status.stale = stale);
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

    async fn edit(&mut self, edit: Edit) -> Result<(), EditError> {
        if self.pinned {
            return Err(EditError::Failed(PINNED.to_owned()));
        }
        let current = self.current.clone();
        let applied = candidate::on_large_stack("edit", move || edit.apply(&current)).await;
        let applied = applied.map_err(|error| EditError::Failed(error.to_string()));
        match applied.flatten()? {
            Some(candidate) => Ok(self.put_in_force(candidate, Some(self.gate())).await?),
            None => Ok(()),
        }
    }

    fn with<'a>(&self, bundles: impl IntoIterator<Item = &'a Bundle>) -> Candidate {
        let mut candidate = self.current.clone();
        candidate
            .downloaded
            .retain(|name, _| !self.removed.contains(name));
        for bundle in bundles {
            candidate
                .downloaded
                .insert(bundle.name.clone(), bundle.clone());
        }
        candidate
    }

    /// Compiles `candidate` and puts it in force, on trial if it has to prove itself; on an error nothing has changed.
    async fn activate(&mut self, candidate: Candidate) -> Result<(), String> {
        let before = self.current.clone();
        let activated = self.put_in_force(candidate, Some(self.gate())).await;
        activated.map_err(|refused| refused.to_string())?;
        // Nobody wants to return to where bundles were still awaited.
        if self.config.activation.rollback.is_some() && self.is_complete(&before) {
            let outcomes = (self.parts.hooks.outcomes)();
            let trial = Trial::begin(outcomes, before, self.trial.take());
            self.try_out(Some(trial));
        }
        Ok(())
    }

    /// Whether every configured bundle is in `candidate`.
    fn is_complete(&self, candidate: &Candidate) -> bool {
        let status = self.parts.status.borrow();
        let mut bundles = status.bundles.iter();
        bundles.all(|bundle| candidate.downloaded.contains_key(&bundle.name))
    }

    /// What a new candidate must pass. One that was in force before has passed it.
    fn gate(&self) -> Gate {
        // As long as bundles are awaited, answers are meant to change.
        let complete = self.is_complete(&self.current);
        let in_force = self.parts.cell.load_full().filter(|_| complete);
        Gate {
            config: self.config.activation.gate.clone(),
            run_tests: Arc::clone(&self.parts.hooks.run_tests),
            in_force: in_force.map(|snapshot| snapshot.policy.clone()),
        }
    }

    async fn put_in_force(
        &mut self,
        candidate: Candidate,
        gate: Option<Gate>,
    ) -> Result<(), Refused> {
        let started = Instant::now();
        let making = Making {
            entrypoints: self.parts.entrypoints.clone(),
            engine: self.config.engine,
            runtime: self.config.runtime.clone(),
            max_errors: self.config.max_errors,
            memory: self.parts.memory.clone(),
            freshness: self.parts.freshness.clone(),
            gate,
        };
        let compiled = candidate::on_large_stack("compile", move || {
            let policy = candidate.compile(making);
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
        let generation = self.parts.status.borrow().generation + 1;
        let warnings = policy.warnings().to_vec();
        let revisions = Arc::new(candidate.revisions());
        self.removed
            .retain(|name| candidate.downloaded.contains_key(name));
        let modules = candidate.modules().into();
        let before = std::mem::replace(&mut self.current, candidate);
        self.history.replaced(
            before,
            Past {
                generation,
                revisions: Arc::clone(&revisions),
                activated_at,
                state: PastState::InForce,
                kept: true,
            },
        );
        let snapshots = self.history.told();
        self.old.extend(self.parts.cell.swap(Arc::new(Snapshot {
            generation,
            policy,
            revisions,
            modules,
            activated_at,
        })));
        if self.is_complete(&self.current) {
            for warning in &warnings {
                tracing::warn!(warning, "The policy in force may not be what was meant.");
            }
        }
        self.parts.status.send_modify(|status| {
            status.generation = generation;
            status.activations += 1;
            status.last_activation = started.elapsed();
            status.snapshot_activated_at = Some(activated_at);
            status.snapshots = snapshots;
            status.warnings = warnings;
        });
    }

    fn note(&self, name: &str, change: impl FnOnce(&mut BundleStatus, SystemTime)) {
        self.parts.status.send_modify(|status| {
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
    let verification = config.bundle_verification.clone();
    let read = candidate::on_large_stack("load", move || {
        let files = files::load(&paths, &ignore, version).map_err(|error| error.to_string())?;
        let bundles: Result<Vec<Bundle>, _> = bundle_paths
            .iter()
            .map(|path| {
                let limits = Limits::new(BUNDLE_SIZE, version);
                bundle::load(path, &ignore, limits, &verification)
            })
            .collect();
        Ok((files, bundles.map_err(|error| error.to_string())?))
    });
    read.await
        .map_err(|error| format!("the files could not be read: {error}"))?
}
