//! The parts of a URI.

use std::net::Ipv6Addr;

/// The parts of a URI; those that it lacks are empty.
#[derive(Debug, Default)]
pub(super) struct Parts {
    /// In small letters.
    pub scheme: String,
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
    pub(super) fn parse(text: &str) -> Option<Self> {
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
        parts.raw_path = (!is_escaped(path, &parts.path)).then(|| path.to_owned());
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
        let (host, port) = match host.rsplit_once(':') {
            Some((host, port)) if is_port(port) => (host, port),
            _ => (host.as_str(), ""),
        };
        let inner = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'));
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

/// `text` with its escapes resolved; bytes that are no UTF-8 are replaced.
fn unescaped(text: &str, place: Place) -> Option<String> {
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
    Some(String::from_utf8_lossy(&out).into_owned())
}

fn is_host_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_.~!$&'()*+,;=:[]<>\"".contains(&byte)
}

/// Whether `raw` is just how `path` is escaped.
fn is_escaped(raw: &str, path: &str) -> bool {
    let mut rest = raw.as_bytes();
    for byte in path.bytes() {
        let plain = byte.is_ascii_alphanumeric() || b"-_.~$&+,/:;=@".contains(&byte);
        let want = if plain {
            vec![byte]
        } else {
            format!("%{byte:02X}").into_bytes()
        };
        match rest.strip_prefix(want.as_slice()) {
            Some(after) => rest = after,
            None => return false,
        }
    }
    rest.is_empty()
}
