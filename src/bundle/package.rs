//! Finds the package of a Rego file without parsing the rest of it. It is not a parser: what it
//! does not understand at once it does not accept.

/// The segments of the `package` clause that `source` begins with, comments aside.
pub(super) fn path(source: &str) -> Option<Vec<String>> {
    let rest = skip_blank(source).strip_prefix("package")?;
    if !rest.starts_with([' ', '\t', '\r', '\n', '#']) {
        return None;
    }
    let (first, mut rest) = identifier(skip_blank(rest))?;
    let mut path = vec![first.to_owned()];
    loop {
        let (segment, after) = match rest.as_bytes().first() {
            Some(b'.') => {
                identifier(rest.get(1..)?).map(|(name, after)| (name.to_owned(), after))?
            }
            Some(b'[') => bracketed(rest.get(1..)?)?,
            _ => break,
        };
        path.push(segment);
        rest = after;
    }
    ends(rest).then_some(path)
}

/// Whether nothing that could belong to the path follows. An engine that allows blanks inside a
/// path must not see another package than this file does.
fn ends(rest: &str) -> bool {
    let line = rest.trim_start_matches([' ', '\t', '\r']);
    let line_over = line.is_empty() || line.starts_with(['\n', '#', ';']);
    line_over && !skip_blank(rest).starts_with(['.', '['])
}

fn identifier(text: &str) -> Option<(&str, &str)> {
    let end = text
        .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .unwrap_or(text.len());
    let (name, rest) = text.split_at_checked(end)?;
    (!name.is_empty() && !name.starts_with(|c: char| c.is_ascii_digit())).then_some((name, rest))
}

/// A string in quotes or back-quotes, then `]`.
fn bracketed(text: &str) -> Option<(String, &str)> {
    let (value, rest) = if let Some(raw) = text.strip_prefix('`') {
        let (value, rest) = raw.split_once('`')?;
        (value.to_owned(), rest)
    } else {
        let mut strings = serde_json::Deserializer::from_str(text).into_iter::<String>();
        let value = strings.next()?.ok()?;
        (value, text.get(strings.byte_offset()..)?)
    };
    Some((value, rest.strip_prefix(']')?))
}

/// Blanks, line ends and comments.
fn skip_blank(mut text: &str) -> &str {
    loop {
        text = text.trim_start_matches([' ', '\t', '\r', '\n']);
        if !text.starts_with('#') {
            return text;
        }
        text = text.split_once('\n').map_or("", |(_, rest)| rest);
    }
}

#[cfg(test)]
mod tests {
    use super::path;

    #[test]
    fn reads_the_package_clause() {
        let table: &[(&str, &[&str])] = &[
            ("package a", &["a"]),
            ("package a.b.c\nallow := true", &["a", "b", "c"]),
            (
                "# a comment\n\n  package envoy.authz # more\n",
                &["envoy", "authz"],
            ),
            ("package a[\"b.c\"].d\n", &["a", "b.c", "d"]),
            ("package a[`b c`]\r\n", &["a", "b c"]),
            ("package a[\"\\u0062\"];x := 1", &["a", "b"]),
            ("package\n\ta.b", &["a", "b"]),
        ];
        for (source, expected) in table {
            let found = path(source).unwrap_or_default();
            assert_eq!(found, *expected, "{source:?}");
        }
    }

    #[test]
    fn does_not_guess() {
        for source in [
            "",
            "# only a comment",
            "packages a",
            "package",
            "package 1a",
            "package a.",
            "package a .b",
            "package a\n.b",
            "package a\n# and\n[\"b\"]",
            "package a[b]",
            "package a[\"b\"",
            "package a-b",
            "import x\npackage a",
        ] {
            assert_eq!(path(source), None, "{source:?}");
        }
    }
}
