//! URLs in the one form that both sides of a signature hash.

use std::fmt::Write as _;

use http::Uri;

use crate::http::client::url::percent_decoded;

/// The host as the connection sends it: without the port that the scheme has anyway.
pub(super) fn host(uri: &Uri) -> String {
    let host = uri.host().unwrap_or_default();
    match (uri.scheme_str(), uri.port_u16()) {
        (_, None) | (Some("http"), Some(80)) | (Some("https"), Some(443)) => host.to_owned(),
        (_, Some(port)) => format!("{host}:{port}"),
    }
}

/// The path; all services but S3 escape it once more.
pub(super) fn path(path: &str, service: &str) -> String {
    let sent = escape(&percent_decoded(path), true);
    if service == "s3" {
        sent
    } else {
        escape(sent.as_bytes(), true)
    }
}

/// The query, sorted.
pub(super) fn query(query: &str) -> String {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let mut pairs: Vec<(String, String)> = pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (
                escape(&percent_decoded(name), false),
                escape(&percent_decoded(value), false),
            )
        })
        .collect();
    pairs.sort();
    let pairs: Vec<String> = pairs
        .into_iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    pairs.join("&")
}

fn escape(bytes: &[u8], keeps_slashes: bool) -> String {
    let mut out = String::with_capacity(bytes.len());
    for byte in bytes {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(*byte));
            }
            b'/' if keeps_slashes => out.push('/'),
            // Writing to a text does not fail.
            _ => drop(write!(out, "%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_have_only_ports_that_say_something() {
        for (url, expected) in [
            ("https://h:443/x", "h"),
            ("https://h:80/x", "h:80"),
            ("http://h:80/", "h"),
            ("http://[::1]:9000/", "[::1]:9000"),
        ] {
            assert_eq!(host(&url.parse().unwrap()), expected);
        }
    }

    #[test]
    fn paths_are_escaped_once_for_s3_and_twice_for_others() {
        assert_eq!(path("/a%20b/c+d=e", "s3"), "/a%20b/c%2Bd%3De");
        assert_eq!(path("/a%20b", "execute-api"), "/a%2520b");
        assert_eq!(path("/", "kms"), "/");
    }

    #[test]
    fn queries_are_sorted_and_escaped() {
        assert_eq!(query("b=2&a=x y&a&lifecycle"), "a=&a=x%20y&b=2&lifecycle=");
        assert_eq!(query("k=%7e%2f&k=%2B"), "k=%2B&k=~%2F");
        assert_eq!(query(""), "");
    }
}
