//! The downloads of all configured bundles: found by name, and changed while they run.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;

use super::fetch::{self, Poll, PollError, Polled, Source};
use super::{Config, StartError, Trigger, Update, persist};
use crate::engine::RegoVersion;
use crate::http::client::Client;
use crate::task::{self, Shutdown, ShutdownTrigger};

/// Keeps bundles up to date until its shutdown, or until it is dropped.
#[derive(Debug)]
pub struct Downloads {
    common: Common,
    running: Shared,
}

/// Asks for downloads by name. Clones ask the same ones.
#[derive(Debug, Clone)]
pub struct Polls(Shared);

type Shared = Arc<Mutex<BTreeMap<String, Running>>>;

/// How long a new bundle may hold up that others go.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// What all downloads have in common.
#[derive(Debug, Clone)]
pub struct Common {
    /// Where persisted bundles lie.
    pub persistence_directory: PathBuf,
    /// The language of modules for which a manifest names none.
    pub rego_version: RegoVersion,
    /// Who takes what comes.
    pub updates: mpsc::Sender<Update>,
    /// When all ends.
    pub shutdown: Shutdown,
}

/// One bundle's download.
#[derive(Debug)]
struct Running {
    config: Config,
    client: Option<Client>,
    poll: Poll,
    /// Its drop ends it.
    _stop: ShutdownTrigger,
}

// === impl Downloads ===

impl Downloads {
    /// No downloads yet; [`Downloads::apply`] starts them.
    #[must_use]
    pub fn new(common: Common) -> Self {
        Self {
            common,
            running: Shared::default(),
        }
    }

    /// The way to ask for downloads.
    #[must_use]
    pub fn polls(&self) -> Polls {
        Polls(self.running.clone())
    }

    /// Makes `bundles` what is kept up to date. `clients` are those of the configured services; one
    /// whose service did not change must be the one that was given before. Nothing changes when one
    /// of the bundles cannot be downloaded.
    ///
    /// What is not configured any more stops, what is new or changed starts anew and forgets the
    /// `ETag` it had. Where something stops this waits: it leaves the policy when each new bundle has
    /// come or has failed once, or [`PATIENCE`] is over, in one step with those that have come, so
    /// that policy which moves from one bundle to another is never missing in between.
    pub async fn apply(
        &mut self,
        bundles: Vec<Config>,
        clients: &BTreeMap<String, Client>,
    ) -> Result<(), StartError> {
        let names: Vec<String> = bundles.iter().map(|config| config.name.clone()).collect();
        let mut sources = Vec::new();
        for config in bundles {
            let source = self.source(config, clients)?;
            if !self.runs(&source) {
                sources.push(source);
            }
        }
        let removed = self.stop_others(&names, &sources);
        if removed.is_empty() && sources.is_empty() {
            return Ok(());
        }
        let awaited = sources.iter().map(|source| &source.config);
        let awaited = awaited.filter(|it| !removed.is_empty() && it.trigger == Trigger::Periodic);
        let awaited: Vec<String> = awaited.map(|config| config.name.clone()).collect();
        let (first, mut coming) = mpsc::channel(sources.len().max(1));
        for source in sources {
            self.start(source, first.clone());
        }
        drop(first);
        let updates = self.common.updates.clone();
        let change = Update::Changed {
            names,
            removed,
            first: first_of_each(awaited, &mut coming).await,
        };
        // Nobody takes updates while all comes to its end.
        let _ = updates.send(change).await;
        task::spawn("bundle updates", async move {
            while let Some(update) = coming.recv().await {
                if updates.send(update).await.is_err() {
                    return;
                }
            }
        });
        Ok(())
    }

    fn source(
        &self,
        config: Config,
        clients: &BTreeMap<String, Client>,
    ) -> Result<Source, StartError> {
        let client = config.service.as_ref().map(|service| {
            let client = clients.get(service).cloned();
            client.ok_or_else(|| StartError::Service {
                bundle: config.name.clone(),
                service: service.clone(),
            })
        });
        let directory = &self.common.persistence_directory;
        let store = config
            .persist
            .then(|| persist::Store::new(directory, &config.name));
        Ok(Source {
            client: client.transpose()?,
            store: store.transpose()?,
            rego_version: self.common.rego_version,
            config,
        })
    }

    /// Whether the same is running already.
    fn runs(&self, source: &Source) -> bool {
        let running = locked(&self.running);
        let same_client = |it: &Running| match (&it.client, &source.client) {
            (Some(old), Some(new)) => old.is(new),
            (None, None) => true,
            _ => false,
        };
        running
            .get(&source.config.name)
            .is_some_and(|it| it.config == source.config && same_client(it))
    }

    /// Ends what is not among `names`, and what is to start anew. Gives the names of the former.
    fn stop_others(&self, names: &[String], restarted: &[Source]) -> Vec<String> {
        let mut running = locked(&self.running);
        running.retain(|name, _| restarted.iter().all(|source| source.config.name != *name));
        let (kept, gone) = std::mem::take(&mut *running)
            .into_iter()
            .partition(|(name, _)| names.contains(name));
        *running = kept;
        let gone: BTreeMap<String, Running> = gone;
        gone.into_keys().collect()
    }

    fn start(&self, source: Source, updates: mpsc::Sender<Update>) {
        let (stop, stopped) = task::shutdown();
        let (config, client) = (source.config.clone(), source.client.clone());
        let poll = fetch::spawn(source, updates, self.common.shutdown.clone(), stopped);
        let running = Running {
            config,
            client,
            poll,
            _stop: stop,
        };
        locked(&self.running).insert(running.config.name.clone(), running);
    }
}

// === impl Polls ===

impl Polls {
    /// The way to ask for the bundle `name`, if there is one.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<Poll> {
        locked(&self.0).get(name).map(|it| it.poll.clone())
    }

    /// Downloads the bundle `name` now, and waits until what its server has is in force or is not.
    pub async fn poll(&self, name: &str) -> Result<Polled, PollError> {
        let unknown = || PollError::Unknown(name.to_owned());
        self.find(name).ok_or_else(unknown)?.now().await
    }

    /// Reads the bundles again that are files of this machine, and waits for it.
    pub async fn reread_files(&self) {
        let polls: Vec<Poll> = locked(&self.0)
            .values()
            .filter(|it| it.config.resource.starts_with("file://"))
            .map(|it| it.poll.clone())
            .collect();
        for poll in polls {
            // What fails is in the log and in the status already.
            let _ = poll.now().await;
        }
    }
}

/// The lock is held for moments, and never across an await.
fn locked(running: &Shared) -> MutexGuard<'_, BTreeMap<String, Running>> {
    running.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What comes until each of `awaited` has said something, or [`PATIENCE`] is over.
async fn first_of_each(
    mut awaited: Vec<String>,
    coming: &mut mpsc::Receiver<Update>,
) -> Vec<Update> {
    let mut first = Vec::new();
    let until = Instant::now() + PATIENCE;
    while !awaited.is_empty() {
        let Ok(Some(update)) = tokio::time::timeout_at(until, coming.recv()).await else {
            break;
        };
        if let Some(name) = update.name() {
            awaited.retain(|it| it != name);
        }
        first.push(update);
    }
    first
}
