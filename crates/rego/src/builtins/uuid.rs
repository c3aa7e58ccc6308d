//! `uuid.*`.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::declare::{named, string, takes};
use super::operand;
use super::{Builtin, Context, Error};
use crate::types::Type;
use crate::value::{Object, Value};

/// The family's functions.
pub(super) static TABLE: &[Builtin] = &[
    Builtin::new("uuid.parse", "Takes a UUID apart.", parse).declared(|| {
        let fields = Type::object(Type::String, Type::any());
        takes([string("uuid", "the UUID")]).gives(named(
            "result",
            fields,
            "its version and variant, and what else its version tells",
        ))
    }),
    Builtin::new(
        "uuid.rfc4122",
        "Makes up a random UUID, of version 4.",
        random,
    )
    .declared(|| {
        takes([string("k", "the same text gives the same UUID in a query")])
            .gives(string("output", "the UUID"))
    })
    .nondeterministic(),
];

/// Hundreds of nanoseconds from 1582-10-15 to 1970-01-01.
const EPOCH: i64 = 122_192_928_000_000_000;

/// The answer follows from the query's seed and the argument, so that nothing needs to be remembered.
fn random(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let key = operand::value(args, 0)?;
    let half = |half: u8| {
        let mut hasher = DefaultHasher::new();
        (context.seed, "uuid.rfc4122", half, key).hash(&mut hasher);
        u128::from(hasher.finish())
    };
    let version = 0xf << 76;
    let variant = 0b11 << 62;
    let bits = (half(0) << 64 | half(1)) & !version & !variant | 4 << 76 | 0b10 << 62;
    let hex = format!("{bits:032x}");
    let parts = [0..8, 8..12, 12..16, 16..20, 20..32].map(|part| hex.get(part).unwrap_or_default());
    Ok(Value::from(parts.join("-")))
}

fn parse(_: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let bytes = bytes(operand::string(args, 0)?).ok_or(Error::Undefined)?;
    let [t0, t1, t2, t3, t4, t5, t6, t7, c0, c1, node @ ..] = bytes;
    let version = t6 >> 4;
    let variant = match c0 {
        0x80..=0xbf => "RFC4122",
        0xc0..=0xdf => "Microsoft",
        0xe0..=0xff => "Future",
        _ => "Reserved",
    };
    let mut fields = vec![
        (Value::from("variant"), Value::from(variant)),
        (Value::from("version"), Value::from(i64::from(version))),
    ];
    let mut field = |name: &str, value: Value| fields.push((Value::from(name), value));
    if matches!(version, 1 | 2) {
        let ticks = i64::from_be_bytes([t6 & 0xf, t7, t4, t5, t0, t1, t2, t3]) - EPOCH;
        let ns = ticks.wrapping_mul(100);
        let node_id = node.map(|byte| format!("{byte:02x}")).join("-");
        let kind = match node[0] & 0b11 {
            0b11 => "local:multicast",
            0b01 => "global:multicast",
            0b10 => "local:unicast",
            _ => "global:unicast",
        };
        let sequence = i64::from(c0 & 0x3f) << 8 | i64::from(c1);
        field("time", Value::from(ns));
        field("nodeid", Value::from(node_id));
        field("macvariables", Value::from(kind));
        field("clocksequence", Value::from(sequence));
    }
    if version == 2 {
        let domain = match c1 {
            0 => "Person".to_owned(),
            1 => "Group".to_owned(),
            2 => "Org".to_owned(),
            other => format!("Domain{other}"),
        };
        let id = i64::from(u32::from_be_bytes([t0, t1, t2, t3]));
        field("id", Value::from(id));
        field("domain", Value::from(domain));
    }
    Ok(Value::from(Object::from(fields)))
}

/// The 16 bytes of a UUID as it is, as a URN, in braces, or without hyphens.
fn bytes(text: &str) -> Option<[u8; 16]> {
    let text = text.as_bytes();
    let plain = match text.len() {
        32 => return hexadecimal(text.iter()),
        36 => text,
        38 => text.get(1..37)?,
        45 if text.get(..9)?.eq_ignore_ascii_case(b"urn:uuid:") => text.get(9..)?,
        _ => return None,
    };
    let hyphens = [8, 13, 18, 23];
    if hyphens.iter().any(|at| plain.get(*at) != Some(&b'-')) {
        return None;
    }
    let digits = plain.iter().enumerate();
    let digits = digits.filter(|(at, _)| !hyphens.contains(at));
    hexadecimal(digits.map(|(_, digit)| digit))
}

fn hexadecimal<'d>(digits: impl Iterator<Item = &'d u8>) -> Option<[u8; 16]> {
    let mut bits = 0_u128;
    for digit in digits {
        bits = bits << 4 | u128::from(char::from(*digit).to_digit(16)?);
    }
    Some(bits.to_be_bytes())
}

#[cfg(test)]
mod tests {
    use crate::builtins::calls::{answers, call};

    #[test]
    fn fields_are_what_opa_reads() {
        let of_time = r#"{"clocksequence": 13946, "macvariables": "local:multicast",
            "nodeid": "9f-36-19-c7-49-3f", "time": 1693481847404333000, "variant": "RFC4122", "version": 1}"#;
        let of_domain = r#"{"clocksequence": 12800, "domain": "Person", "id": 1000, "macvariables": "local:unicast",
            "nodeid": "32-50-96-b3-9f-47", "time": 1693566990121469600, "variant": "RFC4122", "version": 2}"#;
        let plain = r#"{"variant": "RFC4122", "version": 4}"#;
        let future = r#"{"variant": "Future", "version": 15}"#;
        answers(&[
            (
                "uuid.parse",
                r#"["c2fc67c2-47f2-11ee-b67a-9f3619c7493f"]"#,
                of_time,
            ),
            (
                "uuid.parse",
                r#"["URN:uuid:c2fc67c2-47f2-11ee-b67a-9f3619c7493f"]"#,
                of_time,
            ),
            (
                "uuid.parse",
                r#"["{000003e8-48b9-21ee-b200-325096b39f47}"]"#,
                of_domain,
            ),
            (
                "uuid.parse",
                r#"["00000000000040008000000000000000"]"#,
                plain,
            ),
            (
                "uuid.parse",
                r#"["00000000-0000-fcd1-f4e0-9bab06a52ece"]"#,
                future,
            ),
            (
                "uuid.parse",
                r#"["00000000-0000-fcd1-f4e0-9bab06a52ecg"]"#,
                "undefined",
            ),
            ("uuid.parse", r#"["00000000"]"#, "undefined"),
        ]);
    }

    #[test]
    fn one_key_gives_one_uuid_of_version_4() {
        let one = call("uuid.rfc4122", r#"["a"]"#).expect("a UUID");
        assert_eq!(call("uuid.rfc4122", r#"["a"]"#), Ok(one.clone()));
        assert_ne!(call("uuid.rfc4122", r#"["b"]"#), Ok(one.clone()));
        let text = one.as_str().expect("text");
        assert_eq!(text.as_bytes().get(14), Some(&b'4'), "{text}");
        assert!(super::bytes(text).is_some(), "{text}");
    }
}
