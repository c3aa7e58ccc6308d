//! URLs of services: joined with resources, followed through redirects, shown without secrets.

use http::Uri;

use super::ClientError;

/// A service's URL.
#[derive(Clone, Debug)]
pub(super) struct Base {
    /// Without user information and without a slash at the end.
    url: String,
    /// `user:password`, when the URL has them.
    user: Option<String>,
}

// === impl Base ===

impl Base {
    /// Reads `services.<name>.url`.
    pub(super) fn parse(url: &str) -> Result<Self, ClientError> {
        let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
        let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        let (user, host) = match authority.rsplit_once('@') {
            Some((user, host)) => (Some(user), host),
            None => (None, authority),
        };
        let clean = format!("{scheme}://{host}{path}");
        let clean = clean.trim_end_matches('/').to_owned();
        if !matches!(scheme.to_ascii_lowercase().as_str(), "http" | "https") || host.is_empty() {
            let shown = format!("{host}{path}");
            return Err(refuse(
                &shown,
                "is not absolute; expected `http://host` or `https://host`",
            ));
        }
        parse(&clean)?;
        Ok(Self {
            url: clean,
            user: user.map(percent_decode),
        })
    }

    /// The same host without a path.
    pub(super) fn root(self) -> Self {
        let after_scheme = self.url.find("://").map_or(0, |at| at + 3);
        let host = self.url.get(after_scheme..).unwrap_or_default();
        let end = host.find(['/', '?', '#']).unwrap_or(host.len());
        Self {
            url: self
                .url
                .get(..after_scheme + end)
                .unwrap_or_default()
                .to_owned(),
            user: self.user,
        }
    }

    /// The URL of a resource of the service.
    pub(super) fn join(&self, path: &str) -> Result<Uri, ClientError> {
        parse(&format!("{}/{}", self.url, path.trim_matches('/')))
    }

    /// The header that the URL's user information asks for.
    pub(super) fn basic_credentials(&self) -> Option<String> {
        self.user.as_deref().map(basic)
    }

    /// The URL for messages about the service.
    pub(super) fn service(&self) -> String {
        cut(&self.url).to_owned()
    }
}

/// The URL that a `Location` means when it comes from `from`.
pub(super) fn resolve(from: &Uri, location: &[u8]) -> Result<Uri, ClientError> {
    let location = String::from_utf8_lossy(location);
    let origin = format!(
        "{}://{}",
        from.scheme_str().unwrap_or("http"),
        from.authority().map_or("", |it| it.as_str())
    );
    let target = if location.starts_with("http://") || location.starts_with("https://") {
        location.into_owned()
    } else if location.starts_with("//") {
        format!("{}:{location}", from.scheme_str().unwrap_or("http"))
    } else if location.starts_with('/') {
        format!("{origin}{location}")
    } else if location.starts_with('?') {
        format!("{origin}{}{location}", from.path())
    } else if location
        .split_once(':')
        .is_some_and(|(scheme, _)| !scheme.contains(['/', '?', '#']))
    {
        return Err(refuse(
            cut(&location),
            "is where a redirect leads to; expected `http` or `https`",
        ));
    } else {
        let directory = from
            .path()
            .rsplit_once('/')
            .map_or("", |(directory, _)| directory);
        format!("{origin}{directory}/{location}")
    };
    parse(&target)
}

/// Whether what is secret to the one may be told to the other.
pub(super) fn same_trust(first: &Uri, next: &Uri) -> bool {
    let downgraded = first.scheme_str() == Some("https") && next.scheme_str() != Some("https");
    first.host() == next.host() && !downgraded
}

/// A URL as it may be shown: a query can hold a signature.
pub(super) fn display(uri: &Uri) -> String {
    let host = uri.authority().map_or("", |it| it.as_str());
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    format!(
        "{}://{host}{}",
        uri.scheme_str().unwrap_or("http"),
        uri.path()
    )
}

/// The URL, with what a request line cannot hold escaped, and without user information.
pub(super) fn parse(text: &str) -> Result<Uri, ClientError> {
    let text = &without_user(text.split_once('#').map_or(text, |(text, _)| text));
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        // People write blanks and umlauts into resources; a request line cannot hold them.
        if byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            encoded.push_str(&data_encoding::HEXUPPER.encode(&[byte]));
        }
    }
    let uri: Uri = encoded.parse().map_err(|error: http::uri::InvalidUri| {
        refuse(cut(text), &format!("is not valid: {error}"))
    })?;
    if uri.host().is_none_or(str::is_empty) {
        return Err(refuse(cut(text), "names no host"));
    }
    let port = uri.authority().and_then(|it| it.as_str().rsplit_once(':'));
    let port = port.map_or("", |(_, port)| port);
    if !port.is_empty() && !port.ends_with(']') && port.parse::<u16>().is_err() {
        return Err(refuse(
            cut(text),
            "has a port that is no number below 65536",
        ));
    }
    Ok(uri)
}

/// A `Location` may have user information as well, and a request must not.
fn without_user(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    format!("{scheme}://{host}{path}")
}

/// Without query and user information.
fn cut(text: &str) -> &str {
    let text = text.split_once('?').map_or(text, |(text, _)| text);
    text.rsplit_once('@').map_or(text, |(_, rest)| rest)
}

pub(super) fn percent_decode(text: &str) -> String {
    String::from_utf8_lossy(&percent_decoded(text)).into_owned()
}

/// The bytes that a text with percent escapes stands for; what is no escape stays as it is.
pub(in crate::http) fn percent_decoded(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let code = after.get(..2).filter(|_| first == b'%');
        let code = code.and_then(|code| data_encoding::HEXUPPER_PERMISSIVE.decode(code).ok());
        if let Some(code) = code {
            bytes.extend(code);
            rest = after.get(2..).unwrap_or_default();
        } else {
            bytes.push(first);
            rest = after;
        }
    }
    bytes
}

/// The header that the user information of `url` asks for.
pub(super) fn credentials(url: &str) -> Option<String> {
    let (_, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let (user, _) = authority.rsplit_once('@')?;
    Some(basic(&percent_decode(user)))
}

fn basic(user: &str) -> String {
    let colon = if user.contains(':') { "" } else { ":" };
    let text = data_encoding::BASE64.encode(format!("{user}{colon}").as_bytes());
    format!("Basic {text}")
}

fn refuse(url: &str, reason: &str) -> ClientError {
    ClientError::Url {
        url: url.to_owned(),
        reason: reason.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resources_are_appended() {
        for (base, path, expected) in [
            ("http://h", "bundles/a", "http://h/bundles/a"),
            ("http://h/", "/bundles/a", "http://h/bundles/a"),
            (
                "https://h:8/x/",
                "a.tar.gz?v=1",
                "https://h:8/x/a.tar.gz?v=1",
            ),
            ("https://u:p@h/x", "a b/ü", "https://h/x/a%20b/%C3%BC"),
            ("http://[::1]:8080", "a", "http://[::1]:8080/a"),
        ] {
            let joined = Base::parse(base).unwrap().join(path).unwrap();
            assert_eq!(joined.to_string(), expected);
        }
    }

    #[test]
    fn a_root_has_no_path() {
        for url in ["https://u@h:8/a/b?c", "https://h:8"] {
            let base = Base::parse(url).unwrap().root();
            assert_eq!(base.join("v2/x").unwrap(), "https://h:8/v2/x", "{url}");
        }
    }

    #[test]
    fn bad_urls_are_refused_without_their_secrets() {
        for url in [
            "",
            "h/x",
            "ftp://h",
            "http://",
            "http:///x",
            "http://u:secret@",
            "://u:secret@h",
            "http://u:secret@h:x",
        ] {
            let error = Base::parse(url).unwrap_err().to_string();
            assert!(!error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn user_information_becomes_a_header() {
        let base = Base::parse("http://user:p%40ss@h").unwrap();
        assert_eq!(
            base.basic_credentials().as_deref(),
            Some("Basic dXNlcjpwQHNz")
        );
        assert_eq!(base.service(), "http://h");
        assert_eq!(Base::parse("http://h").unwrap().basic_credentials(), None);
    }

    #[test]
    fn locations_are_resolved() {
        let from: Uri = "https://h:1/a/b?c".parse().unwrap();
        for (location, expected) in [
            ("http://x/y", "http://x/y"),
            ("//x/y", "https://x/y"),
            ("/y?z", "https://h:1/y?z"),
            ("y", "https://h:1/a/y"),
            ("?z", "https://h:1/a/b?z"),
            ("/y#part", "https://h:1/y"),
            ("http://u:p@x/y@z", "http://x/y@z"),
        ] {
            assert_eq!(
                resolve(&from, location.as_bytes()).unwrap().to_string(),
                expected
            );
        }
        assert!(resolve(&from, b"file:/etc/passwd").is_err());
    }

    #[test]
    fn secrets_stay_with_their_host() {
        let first: Uri = "https://h/a".parse().unwrap();
        for (next, expected) in [
            ("https://h/b", true),
            ("https://h:8/b", true),
            ("http://h/b", false),
            ("https://x.h/b", false),
        ] {
            assert_eq!(
                same_trust(&first, &next.parse().unwrap()),
                expected,
                "{next}"
            );
        }
        assert_eq!(
            display(&"https://h/a?sig=s".parse().unwrap()),
            "https://h/a"
        );
    }
}
