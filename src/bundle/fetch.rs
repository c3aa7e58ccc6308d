//! Keeps one bundle up to date: asks its server again and again, verifies what comes, and hands it
//! on. It activates nothing itself, and knows of no other bundle.
//!
//! The `ETag` that is sent is that of the bundle in force. After an archive or an activation failed
//! none is sent, so that only a whole bundle that is put in force ends the failure: a server that
//! gives two contents one `ETag` could otherwise answer 304 and make a failure look repaired. A
//! download that failed before its content was seen says nothing about the content, and changes
//! nothing.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use http::header::{CONTENT_ENCODING, ETAG, HeaderName, IF_NONE_MATCH};
use tokio::sync::{Notify, mpsc, oneshot};

use super::archive::{self, ArchiveError, Limits};
use super::load::{self, LoadError};
use super::oci::{self, OciError};
use super::persist::Store;
use super::{Bundle, Config, Update, pace};
use crate::engine::RegoVersion;
use crate::http::client::{Client, ClientError, Response};
use crate::task::{self, Shutdown};

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
pub struct Poll(Arc<Notify>);

/// Why there is no new bundle.
#[derive(Debug, thiserror::Error)]
enum FetchError {
    #[error("bundle download failed: {0}")]
    Client(#[from] ClientError),
    #[error("bundle download failed: server replied with {status} to `{url}`{hint}")]
    Status {
        status: StatusCode,
        url: String,
        hint: &'static str,
    },
    #[error(
        "the bundle names no service to download it from; give it a `service` or a `file://` resource"
    )]
    NoService,
    #[error("bundle download failed: {0}")]
    Registry(#[from] OciError),
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    #[error(transparent)]
    Load(#[from] LoadError),
    #[error("reading the bundle ended with a panic, which is a defect of this program")]
    Panic,
}

/// What came of asking once.
enum Outcome {
    /// What the server has is in force.
    Current,
    /// It was not put in force.
    NotActivated,
    /// It did not come, or is no bundle.
    Failed,
    /// Nobody takes updates any more.
    Abandoned,
}

/// A bundle that was read, with the bytes it was read from when they are to be kept.
struct Fetched {
    bundle: Bundle,
    raw: Option<Vec<u8>>,
}

struct Fetcher {
    source: Source,
    limits: Limits,
    updates: mpsc::Sender<Update>,
    poll: Arc<Notify>,
    etag: Option<String>,
    /// What a registry said last.
    seen: oci::Seen,
    failures: u32,
}

/// Starts to keep the bundle of `source` up to date until `shutdown`. A kept copy comes first.
pub fn spawn(source: Source, updates: mpsc::Sender<Update>, mut shutdown: Shutdown) -> Poll {
    let poll = Arc::new(Notify::new());
    let limits = Limits::new(source.config.size_limit, source.rego_version);
    let mut fetcher = Fetcher {
        source,
        limits,
        updates,
        poll: poll.clone(),
        etag: None,
        seen: oci::Seen::default(),
        failures: 0,
    };
    task::spawn("bundle", async move {
        tokio::select! {
            () = shutdown.wait() => {}
            () = fetcher.run() => {}
        }
    });
    Poll(poll)
}

// === impl Poll ===

impl Poll {
    /// Asks the server at once instead of when it is time to.
    pub fn now(&self) {
        self.0.notify_one();
    }
}

// === impl Fetcher ===

impl Fetcher {
    async fn run(&mut self) {
        let file = self
            .source
            .config
            .resource
            .strip_prefix("file://")
            .map(str::to_owned);
        if file.is_none() {
            self.offer_kept().await;
        }
        loop {
            let fetched = match &file {
                Some(path) => self.read_file(path.clone()).await.map(Some),
                None => self.download().await,
            };
            let outcome = self.settle(fetched).await;
            if matches!(outcome, Outcome::Abandoned) {
                return;
            }
            let wait = self.wait_after(&outcome);
            if file.is_some() {
                // Like the peer's, files are read once.
                self.poll.notified().await;
            } else {
                // Whether the time or somebody came does not matter.
                let _ = tokio::time::timeout(wait, self.poll.notified()).await;
            }
        }
    }

    /// Hands on the kept copy, so that there is a policy while the server is away.
    async fn offer_kept(&mut self) {
        let Some(store) = self.source.store.clone() else {
            return;
        };
        let (name, limits) = (self.source.config.name.clone(), self.limits);
        let read = move || -> Result<Option<Bundle>, String> {
            let bytes = store.read(limits.size).map_err(|error| error.to_string())?;
            let bundle = bytes
                .map(|bytes| archive::read(&name, &bytes, limits))
                .transpose();
            bundle.map_err(|error| format!("`{}`: {error}", store.path().display()))
        };
        let problem = match tokio::task::spawn_blocking(read).await {
            Ok(Ok(None)) => return,
            // A kept copy has no `ETag`, so that the first download brings what is current.
            Ok(Ok(Some(bundle))) => match self.activate(bundle).await {
                Some(false) => "it was not activated".to_owned(),
                Some(true) | None => return,
            },
            Ok(Err(error)) => error,
            Err(_) => FetchError::Panic.to_string(),
        };
        tracing::error!(bundle = %self.source.config.name, error = problem, "The persisted bundle cannot be used.");
    }

    /// Asks the server; none means that nothing changed.
    async fn download(&mut self) -> Result<Option<Fetched>, FetchError> {
        let client = self.source.client.as_ref().ok_or(FetchError::NoService)?;
        let resource = &self.source.config.resource;
        if client.is_registry() {
            return self.pull().await;
        }
        // Deltas and long polls are not asked for, because they would not be understood.
        let mut headers = vec![(HeaderName::from_static("prefer"), "modes=snapshot")];
        if let Some(etag) = &self.etag {
            headers.push((IF_NONE_MATCH, etag));
        }
        let response = client.get(resource, &headers).await?;
        match response.status {
            StatusCode::OK => {}
            StatusCode::NOT_MODIFIED if self.etag.is_some() => return Ok(None),
            status => {
                let url = client.display_url(resource);
                return Err(FetchError::Status {
                    status,
                    url,
                    hint: hint(status),
                });
            }
        }
        let fetched = self.read_body(response).await;
        if fetched
            .as_ref()
            .is_err_and(|error| !matches!(error, FetchError::Client(_)))
        {
            self.etag = None;
        }
        fetched.map(Some)
    }

    /// Asks a registry; none means that nothing changed.
    async fn pull(&mut self) -> Result<Option<Fetched>, FetchError> {
        let client = self.source.client.as_ref().ok_or(FetchError::NoService)?;
        let resource = &self.source.config.resource;
        let etag = self.etag.as_deref();
        let pulled = oci::pull(client, resource, etag, &mut self.seen, self.limits.size).await;
        let fetched = match pulled {
            Ok(None) => return Ok(None),
            Ok(Some(layer)) => self.read_bytes(layer.bytes, Some(layer.etag), false).await,
            Err(error) if error.is_no_answer() => return Err(error.into()),
            Err(error) => Err(error.into()),
        };
        if fetched.is_err() {
            self.etag = None;
        }
        fetched.map(Some)
    }

    async fn read_body(&self, response: Response) -> Result<Fetched, FetchError> {
        let etag = response
            .header(ETAG)
            .filter(|etag| !etag.is_empty())
            .map(str::to_owned);
        let encoded = response
            .header(CONTENT_ENCODING)
            .is_some_and(|it| it.eq_ignore_ascii_case("gzip"));
        let bytes = response.bytes(self.limits.size).await?;
        self.read_bytes(bytes, etag, encoded).await
    }

    async fn read_bytes(
        &self,
        bytes: Vec<u8>,
        etag: Option<String>,
        encoded: bool,
    ) -> Result<Fetched, FetchError> {
        let (name, limits) = (self.source.config.name.clone(), self.limits);
        let keep = self.source.store.is_some();
        // Unpacking and parsing may take seconds, which other tasks shall not wait.
        let read = tokio::task::spawn_blocking(move || -> Result<Fetched, ArchiveError> {
            let bytes = if encoded {
                archive::undo_encoding(bytes, limits)?
            } else {
                bytes
            };
            let bundle = Bundle {
                etag,
                ..archive::read(&name, &bytes, limits)?
            };
            Ok(Fetched {
                bundle,
                raw: keep.then_some(bytes),
            })
        });
        Ok(read.await.map_err(|_| FetchError::Panic)??)
    }

    async fn read_file(&self, path: String) -> Result<Fetched, FetchError> {
        let (name, limits) = (self.source.config.name.clone(), self.limits);
        let read =
            tokio::task::spawn_blocking(move || load::load_as(&name, path.as_ref(), &[], limits));
        Ok(Fetched {
            bundle: read.await.map_err(|_| FetchError::Panic)??,
            raw: None,
        })
    }

    /// Tells what came, and takes in what became of it.
    async fn settle(&mut self, fetched: Result<Option<Fetched>, FetchError>) -> Outcome {
        let name = self.source.config.name.clone();
        match fetched {
            Ok(None) => {
                self.tell(Update::Unchanged { name }, Outcome::Current)
                    .await
            }
            Ok(Some(Fetched { bundle, raw })) => {
                let etag = bundle.etag.clone();
                match self.activate(bundle).await {
                    Some(true) => {
                        self.etag = etag;
                        self.keep(raw).await;
                        Outcome::Current
                    }
                    Some(false) => {
                        self.etag = None;
                        Outcome::NotActivated
                    }
                    None => Outcome::Abandoned,
                }
            }
            Err(error) => {
                let message = error.to_string();
                let http_status = error.http_status();
                let code = "bundle_error".to_owned();
                self.tell(
                    Update::Failed {
                        name,
                        code,
                        message,
                        http_status,
                    },
                    Outcome::Failed,
                )
                .await
            }
        }
    }

    async fn tell(&self, update: Update, outcome: Outcome) -> Outcome {
        match self.updates.send(update).await {
            Ok(()) => outcome,
            Err(_) => Outcome::Abandoned,
        }
    }

    /// Hands `bundle` on and waits until it is in force or is not; none when nobody takes it. Why
    /// it is not is told by whoever refused it.
    async fn activate(&self, bundle: Bundle) -> Option<bool> {
        let (activated, answer) = oneshot::channel();
        self.updates
            .send(Update::Ready {
                bundle: Box::new(bundle),
                activated,
            })
            .await
            .ok()?;
        Some(matches!(answer.await, Ok(Ok(()))))
    }

    async fn keep(&self, raw: Option<Vec<u8>>) {
        let (Some(store), Some(raw)) = (self.source.store.clone(), raw) else {
            return;
        };
        let written = tokio::task::spawn_blocking(move || store.write(&raw)).await;
        if let Ok(Err(error)) = written {
            tracing::error!(bundle = %self.source.config.name, %error, "The bundle could not be persisted.");
        }
    }

    fn wait_after(&mut self, outcome: &Outcome) -> Duration {
        let (min, max) = (self.source.config.min_delay, self.source.config.max_delay);
        let first = match outcome {
            Outcome::Current | Outcome::Abandoned => {
                self.failures = 0;
                return pace::between(min, max);
            }
            Outcome::NotActivated => pace::ACTIVATION,
            Outcome::Failed => pace::DOWNLOAD,
        };
        self.failures = self.failures.saturating_add(1);
        pace::back_off(first, self.failures, max)
    }
}

// === impl FetchError ===

impl FetchError {
    fn http_status(&self) -> Option<u16> {
        match self {
            Self::Status { status, .. } => Some(status.as_u16()),
            Self::Registry(error) => error.http_status(),
            _ => None,
        }
    }
}

fn hint(status: StatusCode) -> &'static str {
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            "; look at the `credentials` of its service"
        }
        StatusCode::NOT_FOUND => "; look at its `resource` and the `url` of its service",
        StatusCode::NOT_MODIFIED => ", though it was not asked whether anything changed",
        _ => "",
    }
}
