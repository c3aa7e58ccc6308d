//! A URI from its parts.

use std::fmt::Write as _;

use super::{Parts, Place, is_host_byte, unescaped};
use crate::value::octets;

// === impl Parts ===

impl Parts {
    /// The URI of these parts, as Go writes it.
    pub(in crate::builtins) fn text(&self) -> String {
        let mut text = String::new();
        if !self.scheme.is_empty() {
            text.push_str(&self.scheme);
            text.push(':');
        }
        if self.opaque.is_empty() {
            self.write_authority(&mut text);
            self.write_path(&mut text);
        } else {
            text.push_str(&self.opaque);
        }
        if self.forces_query || !self.query.is_empty() {
            text.push('?');
            text.push_str(&self.query);
        }
        if !self.fragment.is_empty() {
            text.push('#');
            let raw = self.raw_fragment.as_ref();
            text.push_str(&as_written(raw, &self.fragment, Place::Fragment));
        }
        text
    }

    fn write_authority(&self, text: &mut String) {
        let none = self.host.is_empty() && self.user.is_none();
        if none && (self.scheme.is_empty() || self.omits_host) {
            return;
        }
        if !none || !self.path.is_empty() {
            text.push_str("//");
        }
        if let Some((name, password)) = &self.user {
            text.push_str(&escaped(name, Place::User));
            if let Some(password) = password {
                text.push(':');
                text.push_str(&escaped(password, Place::User));
            }
            text.push('@');
        }
        text.push_str(&escaped(&self.host, Place::Host));
    }

    /// The path as a request line has it: as written, where that is escaped well enough, else escaped anew.
    pub(in crate::builtins) fn escaped_path(&self) -> String {
        match self.path.as_str() {
            "*" => "*".to_owned(),
            path => as_written(self.raw_path.as_ref(), path, Place::Path),
        }
    }

    fn write_path(&self, text: &mut String) {
        let path = self.escaped_path();
        if !path.is_empty() && !path.starts_with('/') && !self.host.is_empty() {
            text.push('/');
        }
        let first = path.split('/').next().unwrap_or_default();
        if text.is_empty() && first.contains(':') {
            text.push_str("./");
        }
        text.push_str(&path);
    }
}

/// `text` with what is special in its place as escapes.
pub(super) fn escaped(text: &str, place: Place) -> String {
    let mut out = String::with_capacity(text.len());
    for &byte in octets::to_bytes(text).iter() {
        if is_plain(byte, place) {
            out.push(char::from(byte));
        } else {
            _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// The text as it was written, if that was fine, or escaped anew.
fn as_written(raw: Option<&String>, text: &str, place: Place) -> String {
    let fine = |raw: &&String| {
        let plain = |byte| is_plain(byte, place) || b"!$&'()*+,;=:@[]%".contains(&byte);
        raw.bytes().all(plain) && unescaped(raw, place).as_deref() == Some(text)
    };
    match raw.filter(fine) {
        Some(raw) => raw.clone(),
        None => escaped(text, place),
    }
}

fn is_plain(byte: u8, place: Place) -> bool {
    let special: &[u8] = match place {
        Place::User => b"$&+,;=",
        Place::Host | Place::Zone => return is_host_byte(byte),
        Place::Path => b"$&+,/:;=@",
        Place::Fragment => b"$&+,/:;=?@!()*",
    };
    byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) || special.contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::Parts;

    #[test]
    fn a_uri_is_written_as_go_writes_it() {
        let cases = [
            (
                "HTTP://u:p%40@h:8/a%20b?x#f%20g",
                "http://u:p%40@h:8/a%20b?x#f%20g",
            ),
            ("http://h/%41?", "http://h/%41?"),
            ("http://h/a b", "http://h/a%20b"),
            ("http:///p", "http:///p"),
            ("http:/p", "http:/p"),
            ("http://", "http:"),
            ("mailto:a@b", "mailto:a@b"),
            ("//h", "//h"),
            ("/%ff", "/%ff"),
            ("*", "*"),
            ("http://h#!(*)'", "http://h#!(*)'"),
            ("spiffe://a.b/c", "spiffe://a.b/c"),
            ("http://[::1%25a]:1/", "http://[::1%25a]:1/"),
            ("http://@h", "http://@h"),
            ("urn:a?b", "urn:a?b"),
        ];
        for (text, want) in cases {
            let parts = Parts::parse(text).expect("a URI");
            assert_eq!(parts.text(), want, "{text}");
        }
    }
}
