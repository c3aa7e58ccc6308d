//! Asks a bundle's server once, and reads what comes whole. It knows what is in force only to say
//! so, and to apply a delta to it.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http::header::{CONTENT_ENCODING, CONTENT_TYPE, ETAG, HeaderName, IF_NONE_MATCH, RETRY_AFTER};
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use jiff::fmt::rfc2822;

use super::archive::{self, ArchiveError, Limits};
use super::delta::DeltaError;
use super::load::{self, LoadError};
use super::oci::{self, OciError};
use super::{Archived, Bundle, Config};
use crate::http::client::{Client, ClientError, Response};

/// What a server calls its bundles that lets clients wait for news.
const LONG_POLLING: &str = "application/vnd.openpolicyagent.bundles";
/// How long the head of a response may take beyond the time that the server was asked to wait,
/// even where the service sets no limit.
const LATEST_HEAD: Duration = Duration::from_mins(1);

/// What is asked for.
#[derive(Debug, Clone, Default)]
pub(super) struct Question {
    /// The bundle in force, when it is known by an `ETag`.
    pub(super) in_force: Option<Arc<Bundle>>,
    /// Whether a delta is of use.
    pub(super) deltas: bool,
    /// How long the server shall wait for news.
    pub(super) wait: Option<Duration>,
}

/// A bundle that was read.
#[derive(Debug)]
pub(super) struct Fetched {
    pub(super) bundle: Bundle,
    /// The archive it came in.
    pub(super) raw: Vec<u8>,
    /// Whether the archive was a delta.
    pub(super) delta: bool,
    /// Whether the server lets clients wait.
    pub(super) long_polling: bool,
}

/// Why there is no new bundle.
#[derive(Debug, thiserror::Error)]
pub(super) enum FetchError {
    #[error("bundle download failed: {0}")]
    Client(#[from] ClientError),
    #[error("bundle download failed: server replied with {status} to `{url}`{hint}")]
    Status {
        status: StatusCode,
        url: String,
        hint: &'static str,
        /// How long the server wants to be left alone.
        retry_after: Option<Duration>,
    },
    #[error("bundle download failed: no response from `{0}` within the time it was asked to wait")]
    Hangs(String),
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
    #[error(transparent)]
    Delta(#[from] DeltaError),
    #[error("reading the bundle ended with a panic, which is a defect of this program")]
    Panic,
}

/// Asks the server of `config`; none means that nothing changed.
pub(super) async fn ask(
    config: &Config,
    client: &Client,
    question: Question,
    limits: Limits,
) -> Result<Option<Fetched>, FetchError> {
    let resource = &config.resource;
    let mut prefer = if question.deltas {
        "modes=snapshot,delta".to_owned()
    } else {
        "modes=snapshot".to_owned()
    };
    if let Some(wait) = question.wait {
        prefer = format!("{prefer};wait={}", wait.as_secs());
    }
    let etag = question.in_force.as_ref().and_then(|it| it.etag.as_deref());
    let mut headers = vec![(HeaderName::from_static("prefer"), prefer.as_str())];
    headers.extend(etag.map(|etag| (IF_NONE_MATCH, etag)));
    let response = match question.wait {
        None => client.get(resource, &headers).await?,
        Some(wait) => {
            let client = client.patient(wait);
            let get = client.get(resource, &headers);
            let hangs = |_| FetchError::Hangs(client.display_url(resource));
            let got = tokio::time::timeout(wait.saturating_add(LATEST_HEAD), get).await;
            got.map_err(hangs)??
        }
    };
    match response.status {
        StatusCode::OK => {}
        StatusCode::NOT_MODIFIED if etag.is_some() => return Ok(None),
        status => {
            return Err(FetchError::Status {
                status,
                url: client.display_url(resource),
                hint: hint(status),
                retry_after: retry_after(status, &response.headers, SystemTime::now()),
            });
        }
    }
    // A delta is against what the request named; without a name nobody knows what it is against.
    let base = question.in_force.filter(|bundle| bundle.etag.is_some());
    read(config, response, base, limits).await.map(Some)
}

/// Asks a registry of container images; none means that nothing changed.
pub(super) async fn pull(
    config: &Config,
    client: &Client,
    in_force: Option<Arc<Bundle>>,
    seen: &mut oci::Seen,
    limits: Limits,
) -> Result<Option<Fetched>, FetchError> {
    let etag = in_force.as_ref().and_then(|bundle| bundle.etag.as_deref());
    let Some(layer) = oci::pull(client, &config.resource, etag, seen, limits.size).await? else {
        return Ok(None);
    };
    let came = Came {
        bytes: layer.bytes,
        etag: Some(layer.etag),
        encoded: false,
        long_polling: false,
    };
    // An image is never a delta.
    unpack(config, came, None, limits).await.map(Some)
}

/// Reads the file or directory of a `file://` resource.
pub(super) async fn read_file(
    config: &Config,
    path: String,
    limits: Limits,
) -> Result<Fetched, FetchError> {
    let (name, verification) = (config.name.clone(), config.verification.clone());
    let read = tokio::task::spawn_blocking(move || {
        load::load_as(&name, path.as_ref(), &[], limits, &verification)
    });
    Ok(Fetched {
        bundle: read.await.map_err(|_| FetchError::Panic)??,
        raw: Vec::new(),
        delta: false,
        long_polling: false,
    })
}

async fn read(
    config: &Config,
    response: Response,
    base: Option<Arc<Bundle>>,
    limits: Limits,
) -> Result<Fetched, FetchError> {
    let etag = response
        .header(ETAG)
        .filter(|etag| !etag.is_empty())
        .map(str::to_owned);
    let encoded = response
        .header(CONTENT_ENCODING)
        .is_some_and(|it| it.eq_ignore_ascii_case("gzip"));
    let long_polling = response.header(CONTENT_TYPE) == Some(LONG_POLLING);
    let came = Came {
        bytes: response.bytes(limits.size).await?,
        etag,
        encoded,
        long_polling,
    };
    unpack(config, came, base, limits).await
}

/// What a server sent.
struct Came {
    bytes: Vec<u8>,
    etag: Option<String>,
    /// Whether it is packed once more for the way.
    encoded: bool,
    long_polling: bool,
}

async fn unpack(
    config: &Config,
    came: Came,
    base: Option<Arc<Bundle>>,
    limits: Limits,
) -> Result<Fetched, FetchError> {
    let Came {
        bytes,
        etag,
        encoded,
        long_polling,
    } = came;
    let (name, verification) = (config.name.clone(), config.verification.clone());
    // Unpacking and parsing may take seconds, which other tasks shall not wait.
    let read = tokio::task::spawn_blocking(move || -> Result<Fetched, FetchError> {
        let raw = if encoded {
            archive::undo_encoding(bytes, limits)?
        } else {
            bytes
        };
        let archived = archive::read(&name, &raw, limits, &verification)?;
        let delta = matches!(archived, Archived::Delta(_));
        let bundle = Bundle {
            etag,
            ..whole(archived, base.as_deref())?
        };
        Ok(Fetched {
            bundle,
            raw,
            delta,
            long_polling,
        })
    });
    read.await.map_err(|_| FetchError::Panic)?
}

/// The bundle that an archive makes of what was there before.
pub(super) fn whole(archived: Archived, base: Option<&Bundle>) -> Result<Bundle, DeltaError> {
    match archived {
        Archived::Snapshot(bundle) => Ok(bundle),
        Archived::Delta(delta) => delta.apply(base.ok_or(DeltaError::NoBase)?),
    }
}

// === impl FetchError ===

impl FetchError {
    pub(super) fn http_status(&self) -> Option<u16> {
        match self {
            Self::Status { status, .. } => Some(status.as_u16()),
            Self::Registry(error) => error.http_status(),
            _ => None,
        }
    }

    /// Whether it was the content that failed and not the way to it.
    pub(super) fn is_content(&self) -> bool {
        match self {
            Self::Archive(_) | Self::Load(_) | Self::Delta(_) | Self::Panic => true,
            Self::Registry(error) => !error.is_no_answer(),
            Self::Client(_) | Self::Status { .. } | Self::Hangs(_) | Self::NoService => false,
        }
    }

    pub(super) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status { retry_after, .. } => *retry_after,
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

/// What a server that has too much to do says about when to come back: seconds or a date.
fn retry_after(status: StatusCode, headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    if !matches!(
        status,
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE
    ) {
        return None;
    }
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date: Timestamp = rfc2822::parse(text).ok()?.timestamp();
    SystemTime::from(date).duration_since(now).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_say_when_to_come_back() {
        let now: Timestamp = "2026-11-21T17:00:00Z".parse().unwrap();
        for (status, text, expected) in [
            (429, "7", Some(7)),
            (503, " 120 ", Some(120)),
            (503, "Sat, 21 Nov 2026 17:00:30 GMT", Some(30)),
            (503, "Sat, 21 Nov 2026 16:00:30 GMT", None),
            (503, "soon", None),
            (503, "-1", None),
            (500, "7", None),
        ] {
            let status = StatusCode::from_u16(status).unwrap();
            let headers = HeaderMap::from_iter([(RETRY_AFTER, text.parse().unwrap())]);
            let found = retry_after(status, &headers, now.into());
            assert_eq!(found, expected.map(Duration::from_secs), "{status} {text}");
        }
    }
}
