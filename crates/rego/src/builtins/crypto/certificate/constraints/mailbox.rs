//! Addresses for mail, as RFC 2821 has them.

/// A mailbox: who, and on which host.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::builtins::crypto) struct Mailbox<'t> {
    /// Who, without quotes and escapes.
    pub local: Vec<u8>,
    /// The host.
    pub domain: &'t str,
}

// === impl Mailbox ===

impl<'t> Mailbox<'t> {
    /// Reads a mailbox.
    pub(in crate::builtins::crypto) fn parse(text: &'t str) -> Option<Self> {
        let (local, rest) = match text.strip_prefix('"') {
            Some(inside) => quoted(inside)?,
            None => plain(text)?,
        };
        let domain = rest.strip_prefix('@')?;
        let label = |label: &str| !label.is_empty() && label.bytes().all(|c| c.is_ascii_graphic());
        let fine = domain.is_empty() || domain.split('.').all(label);
        fine.then_some(Self { local, domain })
    }
}

/// What stands in quotes, and what follows them.
fn quoted(mut rest: &str) -> Option<(Vec<u8>, &str)> {
    let mut local = Vec::new();
    loop {
        let (&byte, _) = rest.as_bytes().split_first()?;
        rest = rest.get(1..)?;
        match byte {
            b'"' => return Some((local, rest)),
            b'\\' => {
                let (&byte, _) = rest.as_bytes().split_first()?;
                rest = rest.get(1..)?;
                if matches!(byte, 0 | b'\n' | b'\r' | 0x80..) {
                    return None;
                }
                local.push(byte);
            }
            0 | b'\t' | b'\n' | b'\r' | 0x80.. => return None,
            byte => local.push(byte),
        }
    }
}

/// What stands before the sign, and what follows it.
fn plain(mut rest: &str) -> Option<(Vec<u8>, &str)> {
    let mut local = Vec::new();
    while let Some((&byte, _)) = rest.as_bytes().split_first() {
        if byte == b'\\' {
            rest = rest.get(1..)?;
        } else if !(byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.".contains(&byte)) {
            break;
        }
        local.push(*rest.as_bytes().first()?);
        rest = rest.get(1..)?;
    }
    let dots = local.first() == Some(&b'.')
        || local.last() == Some(&b'.')
        || local.windows(2).any(|pair| pair == b"..");
    (!local.is_empty() && !dots).then_some((local, rest))
}

#[cfg(test)]
mod tests {
    use super::Mailbox;

    #[test]
    fn mailboxes_are_read_without_quotes() {
        let cases = [
            ("a.b@c.d", Some(("a.b", "c.d"))),
            (r#""a b\""@c"#, Some(("a b\"", "c"))),
            (r"a\@b@c", Some(("a@b", "c"))),
            ("a@", Some(("a", ""))),
            ("@c", None),
            (".a@c", None),
            ("a.@c", None),
            ("a..b@c", None),
            ("a b@c", None),
            ("a@c.", None),
            ("a@.c", None),
            ("a@c d", None),
            ("\"a", None),
            ("a", None),
            ("", None),
        ];
        for (text, want) in cases {
            let got = Mailbox::parse(text);
            let got = got.map(|mailbox| {
                (
                    String::from_utf8_lossy(&mailbox.local).into_owned(),
                    mailbox.domain,
                )
            });
            let got = got
                .as_ref()
                .map(|(local, domain)| (local.as_str(), *domain));
            assert_eq!(got, want, "{text}");
        }
    }
}
