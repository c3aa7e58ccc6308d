//! The parts of a URI.

use std::net::Ipv6Addr;

use crate::value::octets;

mod write;

/// The parts of a URI; those that it lacks are empty.
#[derive(Debug, Default)]
pub(in crate::builtins) struct Parts {
    /// In small letters.
    pub scheme: String,
    /// What follows the scheme where that is no path.
    pub opaque: String,
    /// Name and password, with their escapes resolved.
    pub user: Option<(String, Option<String>)>,
    /// With brackets and port.
    pub host: String,
    /// Whether a path follows the scheme without a host before it.
    pub omits_host: bool,
    /// Without brackets.
    pub hostname: String,
    /// Without the colon.
    pub port: String,
    /// With its escapes resolved.
    pub path: String,
    /// The path as written, where writing the resolved path would give another text.
    pub raw_path: Option<String>,
    /// As written.
    pub query: String,
    /// Whether a question mark stands at its end and no query behind it.
    pub forces_query: bool,
    /// With its escapes resolved.
    pub fragment: String,
    /// The fragment as written, where writing the resolved fragment would give another text.
    pub raw_fragment: Option<String>,
}

/// Where escapes are resolved, or written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    User,
    Host,
    Zone,
    Path,
    Fragment,
}

// === impl Parts ===

impl Parts {
    /// The parts of `text`; `None` when it is no URI.
    pub(in crate::builtins) fn parse(text: &str) -> Option<Self> {
        let (text, fragment) = text.split_once('#').unwrap_or((text, ""));
        let mut parts = Self {
            fragment: unescaped(fragment, Place::Fragment)?,
            ..Self::default()
        };
        let plain = write::escaped(&parts.fragment, Place::Fragment) == fragment;
        parts.raw_fragment = (!plain).then(|| fragment.to_owned());
        if text.bytes().any(|b| b.is_ascii_control()) {
            return None;
        }
        if text == "*" {
            text.clone_into(&mut parts.path);
            return Some(parts);
        }
        let (scheme, rest) = scheme(text)?;
        parts.scheme = scheme.to_ascii_lowercase();
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        query.clone_into(&mut parts.query);
        parts.forces_query = text.ends_with('?') && query.is_empty();
        if !rest.starts_with('/') {
            if !scheme.is_empty() {
                rest.clone_into(&mut parts.opaque);
                return Some(parts);
            }
            // A colon here would look like the end of a scheme.
            let segment = rest.split('/').next().unwrap_or_default();
            if segment.contains(':') {
                return None;
            }
        }
        let authority = rest
            .strip_prefix("//")
            .filter(|after| !scheme.is_empty() || !after.starts_with('/'));
        let path = match authority {
            Some(after) => {
                let end = after.find('/').unwrap_or(after.len());
                let (authority, path) = after.split_at_checked(end)?;
                parts.take_authority(authority)?;
                path
            }
            None => rest,
        };
        parts.omits_host = authority.is_none() && !scheme.is_empty();
        parts.path = unescaped(path, Place::Path)?;
        let plain = write::escaped(&parts.path, Place::Path) == path;
        parts.raw_path = (!plain).then(|| path.to_owned());
        Some(parts)
    }

    fn take_authority(&mut self, authority: &str) -> Option<()> {
        let host = match authority.rsplit_once('@') {
            Some((user, host)) => {
                if !user
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"-._:~!$&'()*+,;=%@".contains(&b))
                {
                    return None;
                }
                let (name, password) = match user.split_once(':') {
                    Some((name, password)) => (name, Some(unescaped(password, Place::User)?)),
                    None => (user, None),
                };
                self.user = Some((unescaped(name, Place::User)?, password));
                host
            }
            None => authority,
        };
        self.host = host_of(host)?;
        let (host, port) = match self.host.rsplit_once(':') {
            Some((host, port)) if is_port(port) => (host, port),
            _ => (self.host.as_str(), ""),
        };
        let inner = host
            .strip_prefix('[')
            .and_then(|name| name.strip_suffix(']'));
        inner.unwrap_or(host).clone_into(&mut self.hostname);
        port.clone_into(&mut self.port);
        Some(())
    }
}

/// The scheme, if there is one, and the rest; `None` for a colon without a scheme before it.
fn scheme(text: &str) -> Option<(&str, &str)> {
    let inside = |c: u8| c.is_ascii_alphanumeric() || b"+-.".contains(&c);
    let end = text.bytes().position(|c| !inside(c));
    match end {
        Some(end) if text.as_bytes().get(end) == Some(&b':') => {
            if end == 0 {
                return None;
            }
            let (scheme, rest) = text.split_at_checked(end)?;
            if scheme.starts_with(|c: char| c.is_ascii_alphabetic()) {
                return Some((scheme, rest.get(1..)?));
            }
            Some(("", text))
        }
        _ => Some(("", text)),
    }
}

/// A host with its port.
fn host_of(text: &str) -> Option<String> {
    let Some(open) = text.rfind('[') else {
        if let Some((_, port)) = text.split_once(':')
            && !is_port(port)
        {
            return None;
        }
        return unescaped(text, Place::Host);
    };
    let close = text.rfind(']')?;
    let port = text.get(close + 1..)?;
    let named = port.strip_prefix(':').is_some_and(is_port);
    if open != 0 || !(port.is_empty() || named) {
        return None;
    }
    let inside = text.get(open + 1..close)?;
    let (address, zone) = match inside.find("%25") {
        Some(at) => inside.split_at_checked(at)?,
        None => (inside, ""),
    };
    let address = unescaped(address, Place::Host)?;
    let zone = unescaped(zone, Place::Zone)?;
    address.parse::<Ipv6Addr>().ok().filter(|_| zone != "%")?;
    Some(format!("[{address}{zone}]{port}"))
}

fn is_port(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

/// `text` with its escapes resolved.
fn unescaped(text: &str, place: Place) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte != b'%' {
            let host = matches!(place, Place::Host | Place::Zone);
            if host && byte.is_ascii() && !is_host_byte(byte) {
                return None;
            }
            out.push(byte);
            continue;
        }
        let [high, low, after @ ..] = rest else {
            return None;
        };
        let digit = |byte: u8| char::from(byte).to_digit(16);
        let value = u8::try_from(digit(*high)? * 16 + digit(*low)?).ok()?;
        let fine = match place {
            Place::User | Place::Path | Place::Fragment => true,
            // A host escapes what is no ASCII, and nothing else.
            Place::Host => value >= 0x80 || value == b'%',
            Place::Zone => matches!(value, b'%' | b' ') || is_host_byte(value),
        };
        if !fine {
            return None;
        }
        out.push(value);
        rest = after;
    }
    Some(octets::to_text(&out).into_owned())
}

fn is_host_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_.~!$&'()*+,;=:[]<>\"".contains(&byte)
}
