//! For how long a response may be used again, by what its headers say (RFC 9111), as far as `http.send` heeds it.

use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use regate_rego::builtins::http::{Caching, Response};

/// The statuses of responses that are kept.
const KEPT: [u16; 11] = [200, 203, 204, 300, 301, 404, 405, 410, 414, 501, 206];

/// What of a response decides about its use again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Freshness {
    /// Until when it is used unasked.
    pub(super) until: SystemTime,
    /// What the server knows it by afterwards: headers of a request, with their values.
    pub(super) validators: Vec<(String, String)>,
}

// === impl Freshness ===

impl Freshness {
    /// None where the response is not kept.
    pub(super) fn of(response: &Response, caching: Caching, now: SystemTime) -> Option<Self> {
        if !caching.is_on() || !KEPT.contains(&response.code) {
            return None;
        }
        let directives = Directives::of(response);
        let until = match caching.force_for {
            Some(length) => now.checked_add(length)?,
            None if directives.no_store => return None,
            None => directives.until(response).unwrap_or(now),
        };
        let validators = validators(response);
        (until > now || !validators.is_empty()).then_some(Self { until, validators })
    }
}

/// What `Cache-Control` says.
#[derive(Debug, Default)]
struct Directives {
    no_store: bool,
    no_cache: bool,
    max_age: Option<Duration>,
}

// === impl Directives ===

impl Directives {
    fn of(response: &Response) -> Self {
        let mut said = Self::default();
        let headers = response.header("cache-control");
        for directive in headers.flat_map(|header| header.split(',')) {
            let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
            match name.trim().to_ascii_lowercase().as_str() {
                "no-store" => said.no_store = true,
                "no-cache" => said.no_cache = true,
                "max-age" => {
                    let seconds = value.trim().trim_matches('"').parse();
                    // A value that is none means: not fresh.
                    said.max_age = Some(Duration::from_secs(seconds.unwrap_or(0)));
                }
                _ => {}
            }
        }
        said
    }

    fn until(&self, response: &Response) -> Option<SystemTime> {
        if self.no_cache {
            return None;
        }
        let time = |name| date(response.header(name).next()?);
        match self.max_age {
            Some(age) => time("date")?.checked_add(age),
            None => time("expires"),
        }
    }
}

fn validators(response: &Response) -> Vec<(String, String)> {
    let named = [
        ("etag", "if-none-match"),
        ("last-modified", "if-modified-since"),
    ];
    let said = |(name, asks): (&str, &str)| {
        let value = response.header(name).next()?;
        Some((asks.to_owned(), value.to_owned()))
    };
    named.into_iter().filter_map(said).collect()
}

fn date(text: &str) -> Option<SystemTime> {
    let time: Timestamp = rfc2822::parse(text).ok()?.timestamp();
    Some(time.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATE: &str = "Sat, 21 Nov 2026 17:00:00 GMT";
    const LATER: &str = "Sat, 21 Nov 2026 17:00:30 GMT";

    /// For how many seconds a response with these headers is fresh, and by how many headers it is known.
    fn fresh(code: u16, caching: Caching, headers: &[(&str, &str)]) -> Option<(u64, usize)> {
        let headers = headers.iter();
        let headers = headers.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let response = Response {
            code,
            headers: headers.collect(),
            ..Response::default()
        };
        let now = date(DATE).unwrap();
        let freshness = Freshness::of(&response, caching, now)?;
        let left = freshness.until.duration_since(now).unwrap_or_default();
        Some((left.as_secs(), freshness.validators.len()))
    }

    /// What OPA 1.22 sends a second time and what not; `no-cache` is heeded here.
    #[test]
    fn headers_decide() {
        let caching = Caching {
            cache: true,
            force_for: None,
        };
        let table: [(&[(&str, &str)], _); 15] = [
            (&[], None),
            (
                &[("cache-control", "max-age=60"), ("date", DATE)],
                Some((60, 0)),
            ),
            (
                &[("cache-control", "private, max-age=60"), ("date", DATE)],
                Some((60, 0)),
            ),
            (
                &[("cache-control", "max-age=60, no-store"), ("date", DATE)],
                None,
            ),
            (
                &[("cache-control", "max-age=60, no-cache"), ("date", DATE)],
                None,
            ),
            (&[("cache-control", "s-maxage=60"), ("date", DATE)], None),
            (&[("cache-control", "max-age=x"), ("date", DATE)], None),
            (&[("cache-control", "max-age=-1"), ("date", DATE)], None),
            (&[("cache-control", "max-age=60")], None),
            (&[("cache-control", "max-age=60"), ("date", "zz")], None),
            (&[("expires", LATER)], Some((30, 0))),
            (&[("expires", "0")], None),
            (
                &[
                    ("cache-control", "max-age=0"),
                    ("date", DATE),
                    ("expires", LATER),
                ],
                None,
            ),
            (&[("etag", "\"e\"")], Some((0, 1))),
            (&[("etag", "\"e\""), ("last-modified", DATE)], Some((0, 2))),
        ];
        for (headers, want) in table {
            assert_eq!(fresh(200, caching, headers), want, "{headers:?}");
        }
        let fine = [("cache-control", "max-age=60"), ("date", DATE)];
        for code in [203, 204, 300, 301, 404, 405, 410, 414, 501] {
            assert_eq!(fresh(code, caching, &fine), Some((60, 0)), "{code}");
        }
        for code in [201, 202, 302, 307, 308, 400, 403, 500, 503] {
            assert_eq!(fresh(code, caching, &fine), None, "{code}");
        }
    }

    #[test]
    fn force_goes_before_headers_but_not_before_the_status() {
        let caching = Caching {
            cache: false,
            force_for: Some(Duration::from_secs(5)),
        };
        let never = [("cache-control", "no-store")];
        assert_eq!(fresh(200, caching, &never), Some((5, 0)));
        assert_eq!(fresh(500, caching, &never), None);
        assert_eq!(fresh(200, Caching::default(), &never), None);
    }
}
