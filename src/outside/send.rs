//! `http.send`: what is kept is told, what is stale is asked about, the rest is sent.

use std::time::{Instant, SystemTime};

use regate_rego::builtins::http::{CaCertificates, Pem, Request, Response, Tls};
use regate_rego::value::Object;

use super::Inner;
use super::cache::Entry;
use super::counts::Counts;
use super::freshness::Freshness;
use crate::data::Value;
use crate::engine::{Answer, NoAnswer};
use crate::http::client::outbound::{self, Setup};
use crate::telemetry::trace::{Parent, RequestSpan, Sent};

/// What a server says of a response that it knows by its validators.
const NOT_MODIFIED: u16 = 304;

/// How long a body is at most that is read at once.
const SHORT: usize = 64 << 10;

// === impl Inner ===

impl Inner {
    /// The answer to `http.send`.
    pub(super) async fn send(&self, asked: &Object, parent: Option<&Parent>) -> Answer {
        let request = Request::read(asked)?;
        if !request.caching.is_on() {
            return read(&request, self.sent(&request, parent).await?).await;
        }
        let flight = self.flights.take_off(&request.key).await;
        let kept = self.cache.get(&request.key);
        // Another may have sent it meanwhile.
        if let Some(kept) = &kept
            && kept.is_fresh()
        {
            return Ok(kept.answer.clone());
        }
        let answer = self.renewed(&request, kept, parent).await;
        drop(flight);
        answer
    }

    /// What is kept and fresh, without waiting.
    pub(super) fn kept(&self, asked: &Object) -> Option<Value> {
        if !Request::asks_for_cache(asked) {
            return None;
        }
        let kept = self.cache.get(&Request::key(asked));
        let kept = kept.filter(Entry::is_fresh);
        self.counts.looked_up(kept.is_some());
        Some(kept?.answer)
    }

    /// The answer of the server; `kept` may be used once more when the server says so.
    async fn renewed(
        &self,
        request: &Request,
        kept: Option<Entry>,
        parent: Option<&Parent>,
    ) -> Answer {
        let kept = kept.filter(|kept| !kept.freshness.validators.is_empty());
        let Some(kept) = kept else {
            let response = self.sent(request, parent).await?;
            return self.keep(request, response).await;
        };
        let mut asks = request.clone();
        asks.headers
            .extend(kept.freshness.validators.iter().cloned());
        let response = self.sent(&asks, parent).await?;
        if response.code != NOT_MODIFIED {
            return self.keep(request, response).await;
        }
        // It is known by what it was known by, and fresh for as long as is said now.
        let renewed = Response {
            code: 200,
            ..response
        };
        let freshness = Freshness::of(&renewed, request.caching, SystemTime::now());
        let freshness = Freshness {
            until: freshness.map_or(kept.freshness.until, |freshness| freshness.until),
            ..kept.freshness
        };
        let key = request.key.clone();
        self.cache.keep(key, kept.answer.clone(), freshness);
        Ok(kept.answer)
    }

    async fn keep(&self, request: &Request, response: Response) -> Answer {
        let freshness = Freshness::of(&response, request.caching, SystemTime::now());
        let answer = read(request, response).await?;
        if let Some(freshness) = freshness {
            let key = request.key.clone();
            self.cache.keep(key, answer.clone(), freshness);
        }
        Ok(answer)
    }

    async fn sent(&self, request: &Request, parent: Option<&Parent>) -> Result<Response, NoAnswer> {
        let setup = setup(request).await?;
        let mut under_way = UnderWay {
            counts: &self.counts,
            host: outbound::host(&request.url),
            method: &request.method,
            begun: Instant::now(),
            span: parent.map(Parent::begin),
            status: None,
        };
        let sent = match &under_way.span {
            Some(span) => {
                let mut traced = request.clone();
                // What the policy says itself comes later, and counts.
                traced.headers = span.headers();
                traced.headers.extend(request.headers.iter().cloned());
                self.outbound.send(&traced, setup).await
            }
            None => self.outbound.send(request, setup).await,
        };
        under_way.status = sent.as_ref().ok().map(|response| response.code);
        sent
    }
}

/// A request under way. It is counted and traced when it ends, also when nobody waits for it any more.
struct UnderWay<'a> {
    counts: &'a Counts,
    host: String,
    method: &'a str,
    begun: Instant,
    span: Option<RequestSpan<'a>>,
    /// The response's, if one came.
    status: Option<u16>,
}

// === impl UnderWay ===

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        let responded = self.status.is_some();
        self.counts
            .sent(&self.host, self.begun.elapsed(), responded);
        if let Some(span) = self.span.take() {
            span.finish(&Sent {
                method: self.method,
                host: &self.host,
                status: self.status,
            });
        }
    }
}

// === impl Entry ===

impl Entry {
    fn is_fresh(&self) -> bool {
        self.freshness.until > SystemTime::now()
    }
}

/// The response as the policy sees it. A long body is read where nobody waits behind it.
async fn read(request: &Request, response: Response) -> Answer {
    if response.body.len() <= SHORT {
        return Ok(response.answer(request));
    }
    let request = request.clone();
    let read = tokio::task::spawn_blocking(move || response.answer(&request)).await;
    read.map_err(|error| NoAnswer::Failed(error.to_string()))
}

/// The request's certificates, read from where they stand.
async fn setup(request: &Request) -> Result<Setup, NoAnswer> {
    let Tls {
        insecure_skip_verify,
        server_name,
        ca: CaCertificates { system, named },
        client,
    } = &request.tls;
    let mut authorities = Vec::new();
    for pem in named {
        authorities.push(text_of(pem).await?);
    }
    let identity = match client {
        Some((cert, key)) => Some((text_of(cert).await?, text_of(key).await?)),
        None => None,
    };
    // Whoever names the host in a header means that host's certificate, too.
    let host = request.headers.iter();
    let host = host.filter(|(name, _)| name.eq_ignore_ascii_case("host"));
    let host = host.map(|(_, host)| host.clone()).next();
    let mut setup = Setup::default();
    setup.insecure_skip_verify = *insecure_skip_verify;
    setup.server_name = server_name.clone().or(host);
    setup.system_authorities = system.unwrap_or(named.is_empty());
    setup.authorities = authorities;
    setup.identity = identity;
    Ok(setup)
}

async fn text_of(pem: &Pem) -> Result<Vec<u8>, NoAnswer> {
    match pem {
        // Line ends that were escaped once too often are meant as such.
        Pem::Inline(text) => Ok(text.replace("\\n", "\n").into_bytes()),
        Pem::File(path) => {
            let read = tokio::fs::read(path).await;
            read.map_err(|error| NoAnswer::Type(format!("{path}: {error}")))
        }
        Pem::Env(name) => {
            let value = std::env::var(name);
            let value = value.map_err(|error| NoAnswer::Type(format!("{name}: {error}")))?;
            Ok(value.replace("\\n", "\n").into_bytes())
        }
    }
}
