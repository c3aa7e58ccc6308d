//! The tables are what the scan takes them for.

use super::*;

fn every_message() -> Vec<&'static Message> {
    let mut found: Vec<&'static Message> = vec![&CHECK_V3, &CHECK_V2];
    let mut at = 0;
    while at < found.len() {
        for field in found[at].fields.iter().flatten() {
            if let Kind::Message(message) = field.kind
                && !found.iter().any(|m| std::ptr::eq(*m, message))
            {
                found.push(message);
            }
        }
        at += 1;
    }
    found
}

#[test]
fn fields_stand_at_their_numbers() {
    for message in every_message() {
        assert!(message.fields.len() <= 32, "the scan keeps a bit per field");
        for (index, field) in message.fields.iter().enumerate() {
            if let Some(field) = field {
                assert_eq!(usize::from(field.number), index, "{}", field.proto);
            }
        }
    }
}

#[test]
fn names_are_in_order_and_used() {
    assert!(NAMES.is_sorted());
    let mut used = vec![AT_TYPE, Name::of("")];
    for message in every_message() {
        used.extend(message.wrapper);
        used.extend(message.fields.iter().flatten().map(|f| f.name));
    }
    for (index, name) in NAMES.iter().enumerate() {
        assert!(
            used.iter().any(|n| n.index() == index),
            "`{name}` is not used"
        );
    }
}
