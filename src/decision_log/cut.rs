//! Events that are too large: what is left out of them, and what stays.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

/// The members of an event. What they hold is not read: however deep it is does not matter.
type Members = BTreeMap<String, Box<RawValue>>;

/// Whether a line is an event, and not what a disk made of one.
pub(super) fn is_event(line: &[u8]) -> bool {
    members(line).is_some()
}

/// The event without `nd_builtin_cache`; none where it has none.
pub(super) fn without_calls(event: &[u8]) -> Option<Vec<u8>> {
    without(event, "nd_builtin_cache")
}

/// The event without `input`, which is among the `erased` then; none where it has none.
pub(super) fn without_input(event: &[u8]) -> Option<Vec<u8>> {
    without(event, "input")
}

fn without(event: &[u8], part: &str) -> Option<Vec<u8>> {
    let mut members = members(event)?;
    members.remove(part)?;
    let path = format!("/{part}");
    let erased = members.get("erased").map(|list| list.get());
    let mut erased: Vec<String> = serde_json::from_str(erased.unwrap_or("[]")).ok()?;
    erased.retain(|other| *other != path);
    erased.push(path);
    let note = format!("the event was too large with its {part}");
    for (name, text) in [
        ("erased", serde_json::to_string(&erased).ok()?),
        ("log_error", serde_json::to_string(&note).ok()?),
    ] {
        members.insert(name.to_owned(), RawValue::from_string(text).ok()?);
    }
    serde_json::to_vec(&members).ok()
}

fn members(event: &[u8]) -> Option<Members> {
    serde_json::from_slice(event).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_cut_and_named() {
        let event = br#"{"decision_id":"x","input":{"n":1e400},"nd_builtin_cache":{"a":{}},"erased":["/result"]}"#;
        let shorter = without_calls(event).expect("shorter");
        assert_eq!(without_calls(&shorter), None);
        let shorter = without_input(&shorter).expect("shorter");
        assert_eq!(without_input(&shorter), None);
        let text = String::from_utf8(shorter).expect("text");
        assert_eq!(
            text,
            r#"{"decision_id":"x","erased":["/result","/nd_builtin_cache","/input"],"log_error":"the event was too large with its input"}"#
        );
    }

    #[test]
    fn depth_does_not_matter_and_other_things_are_no_events() {
        let (open, close) = ("[".repeat(20_000), "]".repeat(20_000));
        let event = format!(r#"{{"input":{open}{close},"decision_id":"x"}}"#);
        assert!(is_event(event.as_bytes()));
        assert!(without_input(event.as_bytes()).expect("shorter").len() < 200);
        for line in ["", "{", "[]", "\0\0\0", r#"{"a":}"#] {
            assert!(!is_event(line.as_bytes()), "{line:?}");
        }
    }
}
