//! Status: what the program tells of itself to a service, to the console and to `GET /v1/status`.
//!
//! A report is the whole state and is made anew from the rooms that know it, so that only the latest one counts: while
//! one is on its way, or the service is away, changes add up to one report more. Nothing waits for any of it.

use std::fmt;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use serde_json::Value;
use tokio::sync::watch;
use tokio::time;

use crate::http::client::Client;
use crate::task::{self, Shutdown};

mod console;
mod report;

pub use console::Console;
pub use report::Report;

/// The first wait after a report could not be posted; each further one is twice as long.
const FIRST_WAIT: Duration = Duration::from_millis(500);

/// The longest wait between two tries.
const LONGEST_WAIT: Duration = Duration::from_mins(1);

/// How much of an answer is read, so that its connection can be used again.
const MOST_ANSWER: u64 = 64 << 10;

/// `status`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Config {
    /// Whether the section is there.
    pub is_there: bool,
    /// `console`: reports are written to the log.
    pub console: bool,
    /// `prometheus`: the state of bundles and plugins is on `/metrics`.
    pub prometheus: bool,
    /// `service`: where reports are posted to.
    pub service: Option<String>,
    /// The path that they are posted to: `/status`, or `/status/<partition_name>`.
    pub resource: String,
    /// `trigger: manual`: nothing is posted.
    pub manual: bool,
}

/// Makes the report of now.
pub type MakeReport = Arc<dyn Fn() -> Report + Send + Sync>;

/// Where reports go.
pub struct Sinks {
    /// The service, and the path that reports are posted to.
    pub service: Option<(Client, String)>,
    /// The console.
    pub console: Option<Console>,
}

/// Why a report was not taken.
#[derive(Debug, thiserror::Error)]
enum PostError {
    #[error(transparent)]
    Client(#[from] crate::http::client::ClientError),
    #[error(
        "the service replied with {0}; look at its `url`, its `credentials` and `partition_name`"
    )]
    Status(http::StatusCode),
}

/// Reports the state at the start and whenever there is `news`, until `shutdown`.
pub fn start(sinks: Sinks, report: MakeReport, news: watch::Receiver<()>, shutdown: &Shutdown) {
    if let Some(console) = sinks.console {
        let (report, news, shutdown) = (Arc::clone(&report), news.clone(), shutdown.clone());
        task::spawn(
            "status console",
            to_console(console, report, news, shutdown),
        );
    }
    if let Some((client, resource)) = sinks.service {
        let shutdown = shutdown.clone();
        task::spawn("status upload", async move {
            let mut shutdown = shutdown;
            tokio::select! {
                () = shutdown.wait() => {}
                () = to_service(&client, &resource, &report, news) => {}
            }
        });
    }
}

async fn to_console(
    mut console: Console,
    report: MakeReport,
    mut news: watch::Receiver<()>,
    mut shutdown: Shutdown,
) {
    loop {
        console.write(&report());
        tokio::select! {
            () = shutdown.wait() => return,
            changed = news.changed() => if changed.is_err() { return },
        }
    }
}

/// Posts the state whenever there is news, and again until it is taken.
async fn to_service(
    client: &Client,
    resource: &str,
    report: &MakeReport,
    mut news: watch::Receiver<()>,
) {
    let mut wait = FIRST_WAIT;
    let mut failing = false;
    loop {
        news.mark_unchanged();
        match post(client, resource, &report().to_json()).await {
            Ok(()) => {
                if std::mem::take(&mut failing) {
                    tracing::info!("Status reports are taken again.");
                }
                wait = FIRST_WAIT;
                if news.changed().await.is_err() {
                    return;
                }
            }
            Err(error) => {
                // Once is enough: the state of a service that stays away is no news.
                if !std::mem::replace(&mut failing, true) {
                    tracing::error!(%error, "A status report could not be posted; it is tried again.");
                }
                time::sleep(wait).await;
                wait = (wait * 2).min(LONGEST_WAIT);
            }
        }
    }
}

async fn post(client: &Client, resource: &str, report: &Value) -> Result<(), PostError> {
    let headers = [(CONTENT_TYPE, "application/json")];
    let body = Bytes::from(report.to_string());
    let response = client.post(resource, &headers, body).await?;
    let status = response.status;
    // What is in it does not matter.
    let _ = response.bytes(MOST_ANSWER).await;
    if status.is_success() {
        Ok(())
    } else {
        Err(PostError::Status(status))
    }
}

impl fmt::Debug for Sinks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sinks")
            .field("service", &self.service)
            .finish_non_exhaustive()
    }
}

/// Where lines for people go.
pub type Output = Box<dyn Write + Send>;
