//! Where a request goes: URLs as `http.send` reads them, `unix://` among them.

use std::path::PathBuf;

use http::Uri;
use regate_rego::builtins::Error;

use crate::http::client::url;

/// A URL of `http.send`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) uri: Uri,
    /// The Unix socket that stands for the host.
    pub(super) socket: Option<PathBuf>,
    /// The header that its user information asks for.
    pub(super) credentials: Option<String>,
}

// === impl Target ===

impl Target {
    pub(super) fn read(text: &str) -> Result<Self, Error> {
        let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
        let scheme = scheme.to_ascii_lowercase();
        let (rest, socket) = match scheme.as_str() {
            "http" | "https" => (rest.to_owned(), None),
            "unix" if rest.contains('?') => {
                let (rest, socket) = without_socket(rest);
                (rest, Some(socket))
            }
            other => {
                return Err(Error::Failed(format!(
                    "unsupported protocol scheme `{other}`"
                )));
            }
        };
        escapes(&rest)?;
        if rest.is_empty() || rest.starts_with(['/', '?', '#', ':']) {
            return Err(Error::Failed("the URL names no host".to_owned()));
        }
        if socket
            .as_ref()
            .is_some_and(|path| path.as_os_str().is_empty())
        {
            return Err(Error::Failed("the URL names no socket".to_owned()));
        }
        let scheme = if scheme == "https" { "https" } else { "http" };
        let text = format!("{scheme}://{rest}");
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        if host.contains([' ', '\t', '\n', '<', '>', '"']) {
            return Err(Error::Type(
                "the URL's host has a character that no host has".to_owned(),
            ));
        }
        Ok(Self {
            uri: url::parse(&text).map_err(|error| Error::Type(error.to_string()))?,
            socket,
            credentials: url::credentials(&text),
        })
    }
}

/// Takes the socket's path out of a URL's query.
fn without_socket(rest: &str) -> (String, PathBuf) {
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    let is_socket = |pair: &&str| pair.split('=').next() == Some("socket");
    let socket = query.split('&').find(is_socket);
    let socket = socket.and_then(|pair| pair.split_once('='));
    let socket = socket.map_or("", |(_, path)| path).replace('+', " ");
    let others: Vec<&str> = query.split('&').filter(|pair| !is_socket(pair)).collect();
    let place = match others.join("&").as_str() {
        "" => place.to_owned(),
        query => format!("{place}?{query}"),
    };
    (place, PathBuf::from(url::percent_decode(&socket)))
}

/// Refuses a `%` that escapes nothing, before the query.
fn escapes(rest: &str) -> Result<(), Error> {
    let place = rest.split(['?', '#']).next().unwrap_or_default();
    let escapes = |after: &str| {
        let code = after.as_bytes().get(..2);
        code.is_some_and(|code| code.iter().all(u8::is_ascii_hexdigit))
    };
    if place.split('%').skip(1).all(escapes) {
        return Ok(());
    }
    Err(Error::Type(
        "the URL has a `%` that escapes nothing".to_owned(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What OPA 1.22 makes of them with `raise_error` off: internal errors, and network errors.
    #[test]
    fn what_is_no_url_is_the_requests_fault() {
        for text in ["http://a b/", "http://a/%zz", "http://a%zz/"] {
            let error = Target::read(text).unwrap_err();
            assert!(matches!(error, Error::Type(_)), "{text}: {error}");
        }
        for text in [
            "",
            "a/b",
            "ftp://a/b",
            "http://",
            "unix://localhost/x",
            "unix://localhost/x?y=1",
            "unix:///x?socket=%2Fs",
        ] {
            let error = Target::read(text).unwrap_err();
            assert!(matches!(error, Error::Failed(_)), "{text}: {error}");
        }
    }

    #[test]
    fn a_socket_is_named_by_the_query() {
        let target = Target::read("unix://localhost/x?a=b&socket=%2Ftmp%2Fa.sock&c").unwrap();
        assert_eq!(target.uri.to_string(), "http://localhost/x?a=b&c");
        assert_eq!(target.socket, Some(PathBuf::from("/tmp/a.sock")));
    }

    #[test]
    fn user_information_is_a_header() {
        let target = Target::read("HTTP://u:p%40@h/a b").unwrap();
        assert_eq!(target.uri.to_string(), "http://h/a%20b");
        assert_eq!(target.credentials.as_deref(), Some("Basic dTpwQA=="));
    }
}
