//! Text of the client's inside an error message: quoted and escaped, so that a message is one
//! printable line whatever the client sent. The forms are those of Go's `%q`, since the messages
//! that clients and alerts know contain them.

use std::fmt::Write;

/// Puts `bytes` between double quotes; what is not printable or not UTF-8 is escaped.
pub fn quote(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() + 2);
    out.push('"');
    for chunk in bytes.utf8_chunks() {
        for char in chunk.valid().chars() {
            escape(char, '"', &mut out);
        }
        for byte in chunk.invalid() {
            // Writing into a `String` cannot fail.
            let _ = write!(out, "\\x{byte:02x}");
        }
    }
    out.push('"');
    out
}

/// Puts one byte between single quotes, shown as the character of that number.
pub fn quote_byte(byte: u8) -> String {
    let mut out = String::from("'");
    escape(char::from(byte), '\'', &mut out);
    out.push('\'');
    out
}

/// The text of `bytes` with each byte outside UTF-8 replaced by U+FFFD.
///
/// [`String::from_utf8_lossy`] replaces a cut sequence by one U+FFFD; the documents and logs that
/// policies and log sinks know have one per byte.
pub fn lossy(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        out.push_str(chunk.valid());
        out.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
    out
}

fn escape(char: char, mark: char, out: &mut String) {
    match char {
        '\\' => out.push_str("\\\\"),
        '\u{7}' => out.push_str("\\a"),
        '\u{8}' => out.push_str("\\b"),
        '\u{c}' => out.push_str("\\f"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '\u{b}' => out.push_str("\\v"),
        _ if char == mark => out.extend(['\\', char]),
        '\'' | '"' => out.push(char),
        '\0'..'\u{20}' | '\u{7f}' => {
            let _ = write!(out, "\\x{:02x}", u32::from(char));
        }
        _ if char.escape_debug().len() == 1 => out.push(char),
        _ if u32::from(char) > 0xffff => {
            let _ = write!(out, "\\U{:08x}", u32::from(char));
        }
        _ => {
            let _ = write!(out, "\\u{:04x}", u32::from(char));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_quoted() {
        for (bytes, want) in [
            (&b"%zz"[..], r#""%zz""#),
            (b"a\"b'\\", r#""a\"b'\\""#),
            (b"\x00\x1f\n\x7f", r#""\x00\x1f\n\x7f""#),
            ("ü\u{200b}\u{e0001}".as_bytes(), r#""ü\u200b\U000e0001""#),
            (b"%\xff", r#""%\xff""#),
        ] {
            assert_eq!(quote(bytes), want);
        }
    }

    #[test]
    fn bytes_are_quoted() {
        for (byte, want) in [
            (b'x', "'x'"),
            (b'\'', r"'\''"),
            (b'"', "'\"'"),
            (0, r"'\x00'"),
            (0x0b, r"'\v'"),
            (0x85, r"'\u0085'"),
            (0xa0, r"'\u00a0'"),
            (0xef, "'ï'"),
        ] {
            assert_eq!(quote_byte(byte), want);
        }
    }

    #[test]
    fn each_bad_byte_is_replaced() {
        assert_eq!(lossy(b"a\xe6\x97\"b\xff"), "a\u{fffd}\u{fffd}\"b\u{fffd}");
        assert_eq!(lossy("日本".as_bytes()), "日本");
    }
}
