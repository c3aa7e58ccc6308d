//! The way of a chunk to its service: a request on the control runtime, whose end comes back by a channel.

use std::sync::mpsc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, RETRY_AFTER};
use jiff::Timestamp;
use jiff::fmt::rfc2822;
use tokio::runtime::Handle;

use super::backlog::Chunk;
use super::stats::UploadProblem;
use crate::http::client::Client;

/// How much of an answer's body is read, so that its connection can be used again.
const ANSWER: u64 = 64 << 10;

/// Sends chunks to one place.
#[derive(Debug)]
pub(super) struct Delivery {
    client: Client,
    resource: String,
    runtime: Handle,
    done: mpsc::Sender<Delivered>,
}

/// What became of a chunk.
#[derive(Debug)]
pub(super) struct Delivered {
    pub(super) chunk: Chunk,
    pub(super) refused: Option<Refused>,
}

/// Why a chunk was not taken.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) problem: UploadProblem,
    /// How long the service wants to be left alone.
    pub(super) retry_after: Option<Duration>,
}

/// Gives the chunk back, also when its task ends before its time.
struct Courier {
    chunk: Option<Chunk>,
    done: mpsc::Sender<Delivered>,
}

// === impl Delivery ===

impl Delivery {
    pub(super) fn new(
        client: Client,
        resource: String,
        runtime: Handle,
    ) -> (Self, mpsc::Receiver<Delivered>) {
        let (done, results) = mpsc::channel();
        let delivery = Self {
            client,
            resource,
            runtime,
            done,
        };
        (delivery, results)
    }

    /// The same place for what was to go elsewhere.
    pub(super) fn redirect(&mut self, client: Client, resource: String) {
        self.client = client;
        self.resource = resource;
    }

    /// Begins to send `body`, which is `chunk`'s.
    pub(super) fn send(&self, chunk: Chunk, body: Bytes) {
        let mut courier = Courier {
            chunk: Some(chunk),
            done: self.done.clone(),
        };
        let (client, resource) = (self.client.clone(), self.resource.clone());
        self.runtime.spawn(async move {
            let refused = post(&client, &resource, body).await.err();
            courier.end(refused);
        });
    }
}

// === impl Courier ===

impl Courier {
    fn end(&mut self, refused: Option<Refused>) {
        if let Some(chunk) = self.chunk.take() {
            // Without a receiver the log is gone, and with it everybody who could care.
            let _ = self.done.send(Delivered { chunk, refused });
        }
    }
}

impl Drop for Courier {
    fn drop(&mut self) {
        self.end(Some(Refused::because("the upload was broken off")));
    }
}

// === impl Refused ===

impl Refused {
    fn because(message: impl Into<String>) -> Self {
        Self {
            problem: UploadProblem {
                message: message.into(),
                http_code: None,
            },
            retry_after: None,
        }
    }
}

async fn post(client: &Client, resource: &str, body: Bytes) -> Result<(), Refused> {
    let headers = [
        (CONTENT_TYPE, "application/json"),
        (CONTENT_ENCODING, "gzip"),
    ];
    let answer = client.post(resource, &headers, body).await;
    let answer = answer.map_err(|error| Refused::because(error.to_string()))?;
    let status = answer.status;
    let refused = (!status.is_success()).then(|| Refused {
        problem: UploadProblem {
            message: format!(
                "server replied with {status} to `{}`",
                client.display_url(resource)
            ),
            http_code: Some(status.as_u16()),
        },
        retry_after: answer.header(RETRY_AFTER).and_then(retry_after),
    });
    // The status has said all: what the body is does not matter.
    let _ = answer.bytes(ANSWER).await;
    refused.map_or(Ok(()), Err)
}

/// What `Retry-After` says: seconds, or a date.
fn retry_after(text: &str) -> Option<Duration> {
    if let Ok(seconds) = text.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = rfc2822::parse(text).ok()?.timestamp();
    until.duration_since(Timestamp::now()).try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rest_is_said_in_seconds_or_by_a_date() {
        assert_eq!(retry_after(" 120"), Some(Duration::from_mins(2)));
        let far = retry_after("Wed, 21 Oct 2116 07:28:00 GMT").expect("a date");
        assert!(far > Duration::from_hours(24 * 365));
        for text in ["", "soon", "-5", "Wed, 21 Oct 2015 07:28:00 GMT"] {
            assert_eq!(retry_after(text), None, "{text}");
        }
    }
}
