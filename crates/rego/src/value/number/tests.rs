//! Numbers against the answers of OPA 1.22.

use std::hash::BuildHasher as _;

use super::*;

fn number(text: &str) -> Number {
    Number::parse(text).unwrap_or_else(|| panic!("no number: {text}"))
}

#[test]
fn a_number_keeps_its_text() {
    for text in [
        "1.50",
        "1e2",
        "1E+2",
        "1.0",
        "-0",
        "-0.0",
        "1e400",
        "0e5",
        "100000000000000000000",
        "-9223372036854775808",
    ] {
        assert_eq!(number(text).to_string(), text);
    }
    for text in [
        "",
        "-",
        "01",
        "1.",
        ".5",
        "1e",
        "1e+",
        "+1",
        " 1",
        "1_0",
        "0x1",
        "NaN",
        "1e30103",
        "1e-30103000",
        "1e99999999999",
    ] {
        assert!(Number::parse(text).is_none(), "{text}");
    }
}

#[test]
fn forms_of_one_value_are_equal_and_hash_alike() {
    let hasher = foldhash::fast::FixedState::default();
    let groups: [&[&str]; 6] = [
        &["1", "1.0", "1e0", "10e-1", "0.1e1"],
        &["0", "-0", "0.0", "0e999999999", "-0.00e5", "1e-999999999"],
        &["1.5", "1.50", "15e-1", "0.15E1"],
        &[
            "100000000000000000000",
            "1e20",
            "100000000000000000000.0",
            "0.1e21",
        ],
        &[
            "-9223372036854775808",
            "-9223372036854775808.0",
            "-9.223372036854775808e18",
        ],
        &["0.001", "1e-3", "0.1e-2"],
    ];
    for group in groups {
        for (a, b) in group
            .iter()
            .flat_map(|a| group.iter().map(move |b| (number(a), number(b))))
        {
            assert_eq!(a, b);
            assert_eq!(hasher.hash_one(&a), hasher.hash_one(&b), "{a} {b}");
        }
    }
}

#[test]
fn order_is_by_value() {
    let ordered = [
        "-1e400",
        "-1e20",
        "-9223372036854775809",
        "-9223372036854775808",
        "-1.5",
        "-1",
        "-0.5",
        "-1e-400",
        "0",
        "1e-400",
        "0.09",
        "0.1",
        "0.10000000000000000000000000000001",
        "1",
        "1.00000000000000000000000000000001",
        "2",
        "10",
        "9223372036854775807",
        "9223372036854775807.5",
        "9223372036854775808",
        "1e400",
        "1e30102",
    ];
    for (i, a) in ordered.iter().enumerate() {
        for (j, b) in ordered.iter().enumerate() {
            assert_eq!(number(a).cmp(&number(b)), i.cmp(&j), "{a} {b}");
        }
    }
}
