//! `http.send`: what is kept is told, what is stale is asked about, the rest is sent.

use std::time::SystemTime;

use regate_rego::builtins::http::{CaCertificates, Pem, Request, Response, Tls};
use regate_rego::value::Object;

use super::Inner;
use super::cache::Entry;
use super::freshness::Freshness;
use crate::data::Value;
use crate::engine::{Answer, NoAnswer};
use crate::http::client::outbound::Setup;

/// What a server says of a response that it knows by its validators.
const NOT_MODIFIED: u16 = 304;

// === impl Inner ===

impl Inner {
    /// The answer to `http.send`.
    pub(super) async fn send(&self, asked: &Object) -> Answer {
        let request = Request::read(asked)?;
        if !request.caching.is_on() {
            return Ok(self.sent(&request).await?.answer(&request));
        }
        let flight = self.flights.take_off(&request.key).await;
        let kept = self.cache.get(&request.key);
        // Another may have sent it meanwhile.
        if let Some(kept) = &kept
            && kept.is_fresh()
        {
            return Ok(kept.answer.clone());
        }
        let answer = self.renewed(&request, kept).await;
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
    async fn renewed(&self, request: &Request, kept: Option<Entry>) -> Answer {
        let kept = kept.filter(|kept| !kept.freshness.validators.is_empty());
        let Some(kept) = kept else {
            let response = self.sent(request).await?;
            return Ok(self.keep(request, &response, response.answer(request)));
        };
        let mut asks = request.clone();
        asks.headers
            .extend(kept.freshness.validators.iter().cloned());
        let response = self.sent(&asks).await?;
        if response.code != NOT_MODIFIED {
            return Ok(self.keep(request, &response, response.answer(request)));
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

    fn keep(&self, request: &Request, response: &Response, answer: Value) -> Value {
        let freshness = Freshness::of(response, request.caching, SystemTime::now());
        if let Some(freshness) = freshness {
            let key = request.key.clone();
            self.cache.keep(key, answer.clone(), freshness);
        }
        answer
    }

    async fn sent(&self, request: &Request) -> Result<Response, NoAnswer> {
        let setup = setup(request).await?;
        let sent = self.outbound.send(request, setup).await;
        self.counts.sent(sent.is_ok());
        sent
    }
}

// === impl Entry ===

impl Entry {
    fn is_fresh(&self) -> bool {
        self.freshness.until > SystemTime::now()
    }
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
        authorities.push(read(pem).await?);
    }
    let identity = match client {
        Some((cert, key)) => Some((read(cert).await?, read(key).await?)),
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

async fn read(pem: &Pem) -> Result<Vec<u8>, NoAnswer> {
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
