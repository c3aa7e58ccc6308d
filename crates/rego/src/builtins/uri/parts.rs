//! The parts of a URI.

use std::borrow::Cow;
use std::net::Ipv6Addr;

/// The parts of a URI; those that it lacks are empty.
#[derive(Debug, Default)]
pub(in crate::builtins) struct Parts {
    /// In small letters.
    pub scheme: String,
    /// The host as it is asked for: with brackets, and with the colon and the port.
    pub host: String,
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
    /// With its escapes resolved.
    pub fragment: String,
}

/// Where escapes are resolved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Host,
    Zone,
    Elsewhere,
}

// === impl Parts ===

impl Parts {
    /// The parts of `text`; `None` when it is no URI.
    pub(in crate::builtins) fn parse(text: &str) -> Option<Self> {
        let (text, fragment) = text.split_once('#').unwrap_or((text, ""));
        let mut parts = Self {
            fragment: unescaped(fragment, Place::Elsewhere)?,
            ..Self::default()
        };
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
        if !rest.starts_with('/') {
            if !scheme.is_empty() {
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
        parts.path = unescaped(path, Place::Elsewhere)?;
        parts.raw_path = (escaped(parts.path.as_bytes()) != path).then(|| path.to_owned());
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
                unescaped(user, Place::Elsewhere)?;
                host
            }
            None => authority,
        };
        let host = host_of(host)?;
        let (name, port) = match host.rsplit_once(':') {
            Some((name, port)) if is_port(port) => (name, port),
            _ => (host.as_str(), ""),
        };
        let inner = name
            .strip_prefix('[')
            .and_then(|name| name.strip_suffix(']'));
        inner.unwrap_or(name).clone_into(&mut self.hostname);
        port.clone_into(&mut self.port);
        self.host = host;
        Some(())
    }

    /// The path as a request line has it: as written, where that is escaped well enough, else escaped anew.
    pub(in crate::builtins) fn escaped_path(&self) -> Cow<'_, str> {
        if self.path == "*" {
            return Cow::Borrowed("*");
        }
        if let Some(raw) = &self.raw_path
            && raw.bytes().all(is_path_byte)
        {
            return Cow::Borrowed(raw);
        }
        // What was no UTF-8 is lost in `path`, but not in what was written.
        let bytes = self
            .raw_path
            .as_deref()
            .and_then(|raw| unescaped_bytes(raw, Place::Elsewhere));
        let bytes = bytes.as_deref().unwrap_or(self.path.as_bytes());
        Cow::Owned(escaped(bytes))
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
        if let Some((_, port)) = text.rsplit_once(':')
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

/// `text` with its escapes resolved; bytes that are no UTF-8 are replaced.
fn unescaped(text: &str, place: Place) -> Option<String> {
    let bytes = unescaped_bytes(text, place)?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

fn unescaped_bytes(text: &str, place: Place) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte != b'%' {
            if place != Place::Elsewhere && byte.is_ascii() && !is_host_byte(byte) {
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
            Place::Elsewhere => true,
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
    Some(out)
}

fn is_host_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_.~!$&'()*+,;=:[]<>\"".contains(&byte)
}

/// What may stand in a path as it is.
fn is_path_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_.~!$&'()*+,;=:@[]%/".contains(&byte)
}

/// How a path of these bytes is written.
fn escaped(path: &[u8]) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path {
        if byte.is_ascii_alphanumeric() || b"-_.~$&+,/:;=@".contains(byte) {
            out.push(char::from(*byte));
        } else {
            out.extend(['%', hex(byte >> 4), hex(byte & 0xf)]);
        }
    }
    out
}

fn hex(digit: u8) -> char {
    char::from_digit(digit.into(), 16).map_or('0', |digit| digit.to_ascii_uppercase())
}
