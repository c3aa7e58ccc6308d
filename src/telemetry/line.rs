//! One line of log: a JSON object, shown in the configured format.
//!
//! Lines are born as compact JSON objects; the other two formats are made from that text, so there
//! is one way to write a field.

use std::collections::BTreeMap;
use std::time::SystemTime;

use serde_json::value::RawValue;

use super::{Layout, LayoutError, LogConfig, LogFormat};

/// How lines look: the format, and the form of their `time`.
#[derive(Debug, Clone)]
pub struct LineFormat {
    format: LogFormat,
    time: Layout,
}

// === impl LineFormat ===

impl LineFormat {
    /// Takes format and time layout from the configuration.
    pub fn new(config: &LogConfig) -> Result<Self, LayoutError> {
        let time = match &config.timestamp_format {
            Some(layout) => Layout::parse(layout)?,
            None => Layout::rfc3339(),
        };
        Ok(Self {
            format: config.format,
            time,
        })
    }

    /// Appends `time` as a line shows it, without quotes.
    pub fn write_time(&self, time: SystemTime, out: &mut Vec<u8>) {
        self.time.write(time, out);
    }

    /// Appends a line made from `object`, the compact text of a JSON object.
    pub fn write_line(&self, object: &[u8], out: &mut Vec<u8>) {
        match self.format {
            LogFormat::Json => out.extend_from_slice(object),
            LogFormat::JsonPretty => indent(object, 0, out),
            LogFormat::Text => write_text(object, out),
        }
        if out.last() != Some(&b'\n') {
            out.push(b'\n');
        }
    }
}

/// Appends `text` as a JSON string.
pub fn push_json_string(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    let mut from = 0;
    for (at, byte) in text.bytes().enumerate() {
        let escaped: &[u8] = match byte {
            b'"' => b"\\\"",
            b'\\' => b"\\\\",
            b'\n' => b"\\n",
            b'\r' => b"\\r",
            b'\t' => b"\\t",
            0..0x20 | 0x7f => {
                out.extend_from_slice(&text.as_bytes()[from..at]);
                out.extend_from_slice(format!("\\u{byte:04x}").as_bytes());
                from = at + 1;
                continue;
            }
            _ => continue,
        };
        out.extend_from_slice(&text.as_bytes()[from..at]);
        out.extend_from_slice(escaped);
        from = at + 1;
    }
    out.extend_from_slice(&text.as_bytes()[from..]);
    out.push(b'"');
}

/// Shows `object` as `[LEVEL] message` and one indented `key = value` line for each other member.
fn write_text(object: &[u8], out: &mut Vec<u8>) {
    let Ok(mut members) = serde_json::from_slice::<BTreeMap<String, &RawValue>>(object) else {
        // Never lose a line over its looks.
        out.extend_from_slice(object);
        return;
    };
    members.remove("time");
    let mut text = |name: &str| -> String {
        let raw = members.remove(name).map_or("\"\"", RawValue::get);
        serde_json::from_str(raw).unwrap_or_else(|_| raw.to_owned())
    };
    let (level, message) = (text("level"), text("msg"));
    out.extend_from_slice(format!("[{}] ", level.to_uppercase()).as_bytes());
    // A line break in a message must not pass for a line of its own.
    out.extend(message.bytes().map(|b| if b < 0x20 { b' ' } else { b }));
    out.push(b'\n');
    for (name, value) in members {
        out.extend_from_slice(b"  ");
        out.extend(name.bytes().map(|b| if b < 0x20 { b' ' } else { b }));
        out.extend_from_slice(b" = ");
        indent(value.get().as_bytes(), 1, out);
        out.push(b'\n');
    }
}

/// Indents compact JSON by two blanks a level, starting at `level`.
fn indent(json: &[u8], mut level: usize, out: &mut Vec<u8>) {
    let mut in_string = false;
    let mut escaped = false;
    for (at, &byte) in json.iter().enumerate() {
        if in_string {
            out.push(byte);
            in_string = escaped || byte != b'"';
            escaped = !escaped && byte == b'\\';
            continue;
        }
        match byte {
            b'"' => {
                in_string = true;
                out.push(byte);
            }
            b'{' | b'[' => {
                out.push(byte);
                level += 1;
                if !matches!(json.get(at + 1), Some(b'}' | b']')) {
                    break_line(level, out);
                }
            }
            b'}' | b']' => {
                level = level.saturating_sub(1);
                if !matches!(
                    at.checked_sub(1).map(|before| json[before]),
                    Some(b'{' | b'[')
                ) {
                    break_line(level, out);
                }
                out.push(byte);
            }
            b',' => {
                out.push(byte);
                break_line(level, out);
            }
            b':' => out.extend_from_slice(b": "),
            b' ' | b'\n' | b'\r' | b'\t' => {}
            _ => out.push(byte),
        }
    }
}

fn break_line(level: usize, out: &mut Vec<u8>) {
    out.push(b'\n');
    out.extend(std::iter::repeat_n(b' ', level * 2));
}

#[cfg(test)]
mod tests {
    use super::*;

    const OBJECT: &str =
        r#"{"level":"info","msg":"a \"b\"","time":"now","n":1,"o":{"l":[],"k":[1,{"x":"},["}]}}"#;

    fn show(format: LogFormat, object: &str) -> String {
        let format = LineFormat {
            format,
            time: Layout::rfc3339(),
        };
        let mut out = Vec::new();
        format.write_line(object.as_bytes(), &mut out);
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn json_is_left_alone() {
        assert_eq!(show(LogFormat::Json, OBJECT), format!("{OBJECT}\n"));
    }

    #[test]
    fn pretty_json_is_the_same_document() {
        let shown = show(LogFormat::JsonPretty, OBJECT);
        let want: serde_json::Value = serde_json::from_str(OBJECT).expect("json");
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&shown).expect("json"),
            want
        );
        assert!(shown.contains("\n  \"n\": 1,\n"), "{shown}");
        assert!(shown.contains("\"l\": [],"), "{shown}");
        assert!(shown.ends_with("\n}\n"), "{shown}");
    }

    #[test]
    fn text_has_the_message_first_and_then_the_fields() {
        assert_eq!(
            show(
                LogFormat::Text,
                r#"{"level":"info","msg":"hi\nho","b":"x","a":7,"time":"t"}"#
            ),
            "[INFO] hi ho\n  a = 7\n  b = \"x\"\n"
        );
    }

    #[test]
    fn json_strings_read_back() {
        for text in [
            "",
            "plain",
            "q\"b\\n\nr\rt\t",
            "\u{0}\u{1f}\u{7f}é\u{2028}🦀",
        ] {
            let mut out = Vec::new();
            push_json_string(text, &mut out);
            assert_eq!(serde_json::from_slice::<String>(&out).expect("json"), text);
        }
    }
}
