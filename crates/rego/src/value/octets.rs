//! Strings whose bytes are not UTF-8. A [`Str`](super::Str) has none, so each such byte stands in it as a
//! private character of its own; this file alone knows which.
//!
//! A text may hold such a character in its own right. It is then treated like the byte: JSON shows the
//! replacement character, and a host that must hand on UTF-8 has to refuse it.

use std::borrow::Cow;

/// What stands for the byte 0: the bytes 0x80 to 0xff are U+10FF80 to U+10FFFF.
const BASE: u32 = 0x10_ff00;

/// The first character that stands for a byte.
const FIRST: char = '\u{10ff80}';

/// The text in which `bytes` can be handed to the engine; the same text when they are UTF-8.
#[must_use]
pub fn to_text(bytes: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Cow::Borrowed(text);
    }
    let mut text = String::with_capacity(bytes.len() + 16);
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().filter_map(|&byte| stand_in(byte)));
    }
    Cow::Owned(text)
}

/// Whether a character stands for a byte that is not UTF-8.
#[must_use]
pub fn is_octet(c: char) -> bool {
    c >= FIRST
}

/// Whether a text of the engine stands for bytes that are not UTF-8.
#[must_use]
pub fn has_octets(text: &str) -> bool {
    // All of them begin with the same two bytes, which hardly any other text has.
    text.as_bytes().contains(&0xf4) && text.chars().any(|c| c >= FIRST)
}

/// The bytes that a text of the engine stands for.
#[must_use]
pub fn to_bytes(text: &str) -> Cow<'_, [u8]> {
    if !has_octets(text) {
        return Cow::Borrowed(text.as_bytes());
    }
    let mut bytes = Vec::with_capacity(text.len());
    for c in text.chars() {
        match u32::from(c)
            .checked_sub(BASE)
            .and_then(|byte| u8::try_from(byte).ok())
        {
            Some(byte) if c >= FIRST => bytes.push(byte),
            _ => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    Cow::Owned(bytes)
}

/// The text with U+FFFD for each byte that is not UTF-8, as Go's `encoding/json` writes it.
#[must_use]
pub fn to_lossy(text: &str) -> Cow<'_, str> {
    if has_octets(text) {
        let replaced = text.chars().map(|c| {
            if is_octet(c) {
                char::REPLACEMENT_CHARACTER
            } else {
                c
            }
        });
        Cow::Owned(replaced.collect())
    } else {
        Cow::Borrowed(text)
    }
}

fn stand_in(byte: u8) -> Option<char> {
    char::from_u32(BASE + u32::from(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_become_characters_and_then_replacements() {
        let table: [(&[u8], &str, &str); 8] = [
            (b"", "", ""),
            (b"plain", "plain", "plain"),
            (
                "\u{fc}\u{fffd}".as_bytes(),
                "\u{fc}\u{fffd}",
                "\u{fc}\u{fffd}",
            ),
            (b"\xff", "\u{10ffff}", "\u{fffd}"),
            (
                b"a\xffb\xffc",
                "a\u{10ffff}b\u{10ffff}c",
                "a\u{fffd}b\u{fffd}c",
            ),
            // Cut off and forbidden sequences count byte by byte.
            (b"\xe2\x82", "\u{10ffe2}\u{10ff82}", "\u{fffd}\u{fffd}"),
            (
                b"\xed\xa0\x80",
                "\u{10ffed}\u{10ffa0}\u{10ff80}",
                "\u{fffd}\u{fffd}\u{fffd}",
            ),
            (b"ok\xc3(", "ok\u{10ffc3}(", "ok\u{fffd}("),
        ];
        for (bytes, text, lossy) in table {
            assert_eq!(to_text(bytes), text);
            assert_eq!(to_lossy(text), lossy);
            assert_eq!(
                has_octets(text),
                std::str::from_utf8(bytes).is_err(),
                "{bytes:?}"
            );
        }
    }

    #[test]
    fn other_large_characters_are_left_alone() {
        assert!(!has_octets("\u{10ff7f}\u{100000}"));
    }
}
