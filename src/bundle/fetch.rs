//! Keeps one bundle up to date: asks its server again and again, verifies what comes, and hands it
//! on. It activates nothing itself, and knows of no other bundle.
//!
//! The `ETag` that is sent is that of the bundle in force. After an archive or an activation failed
//! none is sent and no delta is asked for, so that only a whole bundle that is put in force ends the
//! failure: a server that gives two contents one `ETag` could otherwise answer 304 and make a
//! failure look repaired. A download that failed before its content was seen says nothing about the
//! content, and changes nothing.
//!
//! Times are the runtime's, which no change of the clock moves.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::archive::{self, Limits};
use super::ask::{self, FetchError, Fetched, Question};
use super::persist::{Chain, Store};
use super::{Bundle, Config, Trigger, Update, oci, pace};
use crate::engine::RegoVersion;
use crate::http::client::Client;
use crate::task::{self, Shutdown};

/// How many may wait for one download. More wait until these have their answer.
const POLLS: usize = 64;
/// A server that says sooner than this that there are no news does not wait for them, whatever it
/// was asked; then it is asked at the times of ordinary polls.
const AT_ONCE: Duration = Duration::from_secs(1);

/// Where one bundle comes from.
#[derive(Debug)]
pub struct Source {
    /// Its entry in the configuration.
    pub config: Config,
    /// The client of its service; none for `file://` resources.
    pub client: Option<Client>,
    /// Where a good copy is kept, if one is.
    pub store: Option<Store>,
    /// The language of modules for which the manifest names none.
    pub rego_version: RegoVersion,
}

/// The other end of a running fetcher.
#[derive(Debug, Clone)]
pub struct Poll(mpsc::Sender<Waiting>);

/// What came of a download that somebody asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Polled {
    /// There was nothing new.
    Unchanged,
    /// A new bundle is in force.
    Activated {
        /// Its revision.
        revision: String,
    },
}

/// Why a download that somebody asked for came to nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PollError {
    /// There is no such bundle.
    #[error("no bundle is named `{0}`")]
    Unknown(String),
    /// It failed, or what came was not put in force.
    #[error("{0}")]
    Failed(String),
    /// The bundle is no longer kept up to date.
    #[error("the bundle is no longer downloaded")]
    Stopped,
}

type Waiting = oneshot::Sender<Result<Polled, PollError>>;

/// What came of asking once.
enum Outcome {
    /// What the server has is in force; whether it is new.
    Current(Polled),
    /// It was not put in force.
    NotActivated(String),
    /// It did not come, or is no bundle; when the server wants to be asked again.
    Failed(String, Option<Duration>),
    /// Nobody takes updates any more.
    Abandoned,
}

/// Those who ask for a download, and those of them who wait for the next.
struct Polls {
    asked: mpsc::Receiver<Waiting>,
    waiting: Vec<Waiting>,
}

struct Fetcher {
    source: Source,
    limits: Limits,
    updates: mpsc::Sender<Update>,
    /// The bundle in force; it has no `ETag` where the server is not to be told of it.
    in_force: Option<Arc<Bundle>>,
    /// What the disk has of it, if that is all of it.
    kept: Option<Chain>,
    /// Whether the next archive must be a snapshot.
    whole: bool,
    /// What a registry said last.
    seen: oci::Seen,
    /// Whether the server waits for news when it is asked to.
    long_polling: bool,
    failures: u32,
}

/// Starts to keep the bundle of `source` up to date until `shutdown` or `stop`. A kept copy comes
/// first.
pub fn spawn(
    source: Source,
    updates: mpsc::Sender<Update>,
    mut shutdown: Shutdown,
    mut stop: Shutdown,
) -> Poll {
    let (poll, asked) = mpsc::channel(POLLS);
    let polls = Polls {
        asked,
        waiting: Vec::new(),
    };
    let mut fetcher = Fetcher {
        limits: Limits::new(source.config.size_limit, source.rego_version),
        long_polling: source.config.long_polling_timeout.is_some(),
        source,
        updates,
        in_force: None,
        kept: None,
        whole: false,
        seen: oci::Seen::default(),
        failures: 0,
    };
    task::spawn("bundle", async move {
        tokio::select! {
            () = shutdown.wait() => {}
            () = stop.wait() => {}
            () = fetcher.run(polls) => {}
        }
    });
    Poll(poll)
}

// === impl Poll ===

impl Poll {
    /// Asks the server at once instead of when it is time to, and waits until what it has is in
    /// force or is not. A download that is under way does not count: it may have begun before the
    /// server had what the caller knows of.
    pub async fn now(&self) -> Result<Polled, PollError> {
        let (done, outcome) = oneshot::channel();
        let sent = self.0.send(done).await;
        sent.map_err(|_| PollError::Stopped)?;
        outcome.await.unwrap_or(Err(PollError::Stopped))
    }
}

// === impl Polls ===

impl Polls {
    /// Waits until somebody asks.
    async fn asked(&mut self) {
        match self.asked.recv().await {
            Some(waiting) => self.waiting.push(waiting),
            // Nobody can ask any more.
            None => std::future::pending().await,
        }
    }

    /// Takes all who ask now: what is asked of the server next answers them.
    fn take(&mut self) {
        while let Ok(waiting) = self.asked.try_recv() {
            self.waiting.push(waiting);
        }
    }

    fn answer(&mut self, outcome: &Outcome) {
        let answer = match outcome {
            Outcome::Current(polled) => Ok(polled.clone()),
            Outcome::NotActivated(reason) | Outcome::Failed(reason, _) => {
                Err(PollError::Failed(reason.clone()))
            }
            Outcome::Abandoned => Err(PollError::Stopped),
        };
        for waiting in self.waiting.drain(..) {
            // Who asked may have given up.
            let _ = waiting.send(answer.clone());
        }
    }
}

// === impl Fetcher ===

impl Fetcher {
    async fn run(&mut self, mut polls: Polls) {
        let resource = &self.source.config.resource;
        let file = resource.strip_prefix("file://").map(str::to_owned);
        if file.is_none() {
            self.offer_kept().await;
        }
        if self.source.config.trigger == Trigger::Manual {
            polls.asked().await;
        }
        loop {
            polls.take();
            let begun = Instant::now();
            let fetched = match &file {
                Some(path) => ask::read_file(&self.source.config, path.clone(), self.limits)
                    .await
                    .map(Some),
                None => self.download(&mut polls).await,
            };
            let outcome = self.settle(fetched).await;
            polls.answer(&outcome);
            if matches!(outcome, Outcome::Abandoned) {
                return;
            }
            let wait = self.wait_after(&outcome, begun.elapsed());
            if file.is_some() || self.source.config.trigger == Trigger::Manual {
                // Like the peer's, files are read once.
                polls.asked().await;
            } else {
                // Whether the time or somebody came does not matter.
                let _ = tokio::time::timeout(wait, polls.asked()).await;
            }
        }
    }

    /// Hands on the kept copy, so that there is a policy while the server is away.
    async fn offer_kept(&mut self) {
        let Some(store) = self.source.store.clone() else {
            return;
        };
        let (name, limits) = (self.source.config.name.clone(), self.limits);
        let verification = self.source.config.verification.clone();
        let read = move || -> Result<Option<Bundle>, String> {
            let Some(kept) = store.read(limits.size).map_err(|error| error.to_string())? else {
                return Ok(None);
            };
            let mut bundle = None;
            for bytes in std::iter::once(&kept.snapshot).chain(&kept.deltas) {
                let next = archive::read(&name, bytes, limits, &verification)
                    .map_err(FetchError::from)
                    .and_then(|archived| Ok(ask::whole(archived, bundle.as_ref())?));
                let next = next.map_err(|error| format!("`{}`: {error}", store.path().display()));
                bundle = Some(next?);
            }
            Ok(bundle)
        };
        let problem = match tokio::task::spawn_blocking(read).await {
            Ok(Ok(None)) => return,
            // A kept copy has no `ETag`, so that the first download brings what is current.
            Ok(Ok(Some(bundle))) => match self.activate(bundle).await {
                Some(Err(reason)) => reason,
                Some(Ok(())) | None => return,
            },
            Ok(Err(error)) => error,
            Err(_) => FetchError::Panic.to_string(),
        };
        tracing::error!(bundle = %self.source.config.name, error = problem, "The persisted bundle cannot be used.");
    }

    /// Asks the server; none means that nothing changed. Where the server waits for news, whoever
    /// asks for a download is not left to wait as well.
    async fn download(&mut self, polls: &mut Polls) -> Result<Option<Fetched>, FetchError> {
        let client = self.source.client.as_ref().ok_or(FetchError::NoService)?;
        let config = &self.source.config;
        if client.is_registry() {
            let in_force = self.in_force.clone();
            return ask::pull(config, client, in_force, &mut self.seen, self.limits).await;
        }
        let question = Question {
            in_force: self.in_force.clone(),
            deltas: !self.whole && self.room_for_deltas(),
            wait: None,
        };
        if self.long_polling && polls.waiting.is_empty() {
            let question = Question {
                wait: config.long_polling_timeout,
                ..question.clone()
            };
            tokio::select! {
                fetched = ask::ask(config, client, question, self.limits) => return fetched,
                () = polls.asked() => polls.take(),
            }
        }
        ask::ask(config, client, question, self.limits).await
    }

    /// Whether a delta could be kept, if all is kept.
    fn room_for_deltas(&self) -> bool {
        self.source.store.is_none() || self.kept.as_ref().is_some_and(Chain::has_room)
    }

    /// Tells what came, and takes in what became of it.
    async fn settle(&mut self, fetched: Result<Option<Fetched>, FetchError>) -> Outcome {
        let name = self.source.config.name.clone();
        match fetched {
            Ok(None) => {
                let current = Outcome::Current(Polled::Unchanged);
                self.tell(Update::Unchanged { name }, current).await
            }
            Ok(Some(fetched)) => {
                self.long_polling =
                    fetched.long_polling && self.source.config.long_polling_timeout.is_some();
                let bundle = Arc::new(fetched.bundle);
                match self.activate(Bundle::clone(&bundle)).await {
                    Some(Ok(())) => {
                        self.whole = false;
                        self.in_force = Some(bundle.clone());
                        self.keep(fetched.raw, fetched.delta).await;
                        let revision = bundle.revision.clone();
                        Outcome::Current(Polled::Activated { revision })
                    }
                    Some(Err(reason)) => {
                        self.want_whole();
                        Outcome::NotActivated(reason)
                    }
                    None => Outcome::Abandoned,
                }
            }
            Err(error) => {
                if error.is_content() {
                    self.want_whole();
                }
                let message = error.to_string();
                let outcome = Outcome::Failed(message.clone(), error.retry_after());
                let update = Update::Failed {
                    name,
                    code: "bundle_error".to_owned(),
                    message,
                    http_status: error.http_status(),
                };
                self.tell(update, outcome).await
            }
        }
    }

    /// Nothing but a whole bundle ends the failure.
    fn want_whole(&mut self) {
        self.whole = true;
        self.in_force = None;
    }

    async fn tell(&self, update: Update, outcome: Outcome) -> Outcome {
        match self.updates.send(update).await {
            Ok(()) => outcome,
            Err(_) => Outcome::Abandoned,
        }
    }

    /// Hands `bundle` on and waits until it is in force, or the reason why it is not; none when
    /// nobody takes it. That it is not is told by whoever refused it.
    async fn activate(&self, bundle: Bundle) -> Option<Result<(), String>> {
        let (activated, answer) = oneshot::channel();
        self.updates
            .send(Update::Ready {
                bundle: Box::new(bundle),
                activated,
            })
            .await
            .ok()?;
        let lost = || Err("the instance is stopping".to_owned());
        Some(answer.await.unwrap_or_else(|_| lost()))
    }

    /// Keeps the archive of what came into force. What cannot be kept is said, and the next archive
    /// is wanted whole.
    async fn keep(&mut self, raw: Vec<u8>, delta: bool) {
        let Some(store) = self.source.store.clone() else {
            return;
        };
        let chain = self.kept.take();
        let written = tokio::task::spawn_blocking(move || match (delta, chain) {
            (false, _) => store.write(&raw).map(Some),
            (true, Some(chain)) => store.append(&chain, &raw).map(Some),
            // The snapshot it belongs to is not kept, so that it would be of no use.
            (true, None) => Ok(None),
        });
        match written.await {
            Ok(Ok(chain)) => self.kept = chain,
            Ok(Err(error)) => {
                tracing::error!(bundle = %self.source.config.name, %error, "The bundle could not be persisted.");
            }
            Err(_) => {
                tracing::error!(bundle = %self.source.config.name, "Persisting the bundle ended with a panic.");
            }
        }
    }

    fn wait_after(&mut self, outcome: &Outcome, took: Duration) -> Duration {
        let (min, max) = (self.source.config.min_delay, self.source.config.max_delay);
        let (first, asked) = match outcome {
            Outcome::Current(polled) => {
                self.failures = 0;
                let news = matches!(polled, Polled::Activated { .. });
                if self.long_polling && (news || took >= AT_ONCE) {
                    return Duration::ZERO;
                }
                return pace::between(min, max);
            }
            Outcome::NotActivated(_) | Outcome::Abandoned => (pace::ACTIVATION, None),
            Outcome::Failed(_, retry_after) => (pace::DOWNLOAD, *retry_after),
        };
        self.failures = self.failures.saturating_add(1);
        let back_off = pace::back_off(first, self.failures, max);
        // No server can keep this program away for longer than it would stay away by itself.
        back_off.max(asked.unwrap_or_default().min(max))
    }
}
