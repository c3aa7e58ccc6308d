//! Values as a whole: order, equality, hash, look-ups, builders, and depth on a small stack.

use std::hash::BuildHasher as _;

use proptest::prelude::*;

use super::*;

fn value(text: &str) -> Value {
    json::parse(text).unwrap()
}

fn set(members: Vec<Value>) -> Value {
    Value::Set(Set::from(members))
}

fn hash_of(value: &Value) -> u64 {
    foldhash::fast::FixedState::default().hash_one(value)
}

/// Scalars of few different values, so that equal ones meet.
fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-3..3_i64).prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-30..30_i64, -3..3_i64)
            .prop_map(|(m, e)| Value::Number(Number::parse(&format!("{m}e{e}")).unwrap())),
        (-30..30_i64, 0..30_u32)
            .prop_map(|(m, f)| Value::Number(Number::parse(&format!("{m}.{f}")).unwrap())),
        "[a-c]{0,2}".prop_map(Value::from),
        text().prop_map(Value::from),
    ]
}

/// Any text without the characters that stand for bytes outside UTF-8: those do not come back from JSON.
fn text() -> impl Strategy<Value = String> {
    ".{0,30}".prop_filter("stands for bytes", |text| !octets::has_octets(text))
}

fn any_value() -> impl Strategy<Value = Value> {
    scalar().prop_recursive(4, 64, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec(inner.clone(), 0..6).prop_map(set),
            prop::collection::vec((inner.clone(), inner), 0..6)
                .prop_map(|v| Value::Object(Object::from(v))),
        ]
    })
}

fn json_value() -> impl Strategy<Value = Value> {
    scalar().prop_recursive(4, 64, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((text().prop_map(Value::from), inner), 0..6)
                .prop_map(|v| Value::Object(Object::from(v))),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn order_is_total_and_agrees_with_equality_and_hash(mut values in prop::collection::vec(any_value(), 3)) {
        values.sort();
        for pair in values.windows(2) {
            prop_assert!(pair[0] <= pair[1]);
            prop_assert_eq!(pair[0].cmp(&pair[1]), pair[1].cmp(&pair[0]).reverse());
            prop_assert_eq!(pair[0] == pair[1], pair[0].cmp(&pair[1]).is_eq());
            if pair[0] == pair[1] {
                prop_assert_eq!(hash_of(&pair[0]), hash_of(&pair[1]));
            }
        }
        prop_assert!(values[0] <= values[2]);
    }

    #[test]
    fn json_reads_back(value in json_value(), escape_html: bool, indent in prop::option::of(0..4_u8)) {
        let mut text = String::new();
        write_json_with(&value, JsonStyle { escape_html, indent }, &mut text).unwrap();
        let back = json::parse(&text).unwrap();
        prop_assert_eq!(back.to_string(), value.to_string());
        prop_assert_eq!(back, value);
    }

    #[test]
    fn builders_make_what_from_makes(members in prop::collection::vec((any_value(), scalar()), 0..25)) {
        let mut sets = SetBuilder::new();
        let mut objects = ObjectBuilder::new();
        for (key, value) in &members {
            let known = sets.contains(key);
            prop_assert_eq!(sets.insert(key.clone()), !known);
            objects.set(key.clone(), value.clone());
            prop_assert_eq!(objects.get(key), Some(value));
        }
        let object = Object::from(members.clone());
        prop_assert_eq!(sets.freeze(), members.iter().map(|(key, _)| key.clone()).collect::<Set>());
        prop_assert_eq!(objects.freeze(), object.clone());
        for (key, _) in &members {
            let expected = members.iter().rev().find(|(other, _)| other == key).map(|(_, value)| value);
            prop_assert_eq!(object.get(key), expected);
        }
    }
}

#[test]
fn types_and_composites_are_ordered_as_opa_sorts_them() {
    let ordered = vec![
        value("null"),
        value("false"),
        value("true"),
        value("-1"),
        value("0"),
        value("1.0"),
        value(r#""""#),
        value(r#""\u0000""#),
        value(r#""B""#),
        value(r#""a""#),
        value(r#""z""#),
        value(r#""é""#),
        value(r#""\uffff""#),
        value(r#""😀""#),
        value("[]"),
        value("[0, 9]"),
        value("[1]"),
        value("[1, 2]"),
        value("[2]"),
        value("{}"),
        value(r#"{"a": 0, "c": 5}"#),
        value(r#"{"a": 1}"#),
        value(r#"{"a": 1, "b": 0}"#),
        value(r#"{"a": 1, "b": 1}"#),
        value(r#"{"a": 2}"#),
        value(r#"{"a": 9}"#),
        value(r#"{"b": 0}"#),
        value(r#"{"b": 1}"#),
        value(r#"{"c": 0}"#),
        set(vec![]),
        set(vec![value("0")]),
        set(vec![value("0"), value("5")]),
        set(vec![value("1")]),
        set(vec![value("1"), value("2")]),
        set(vec![value("2")]),
    ];
    for (i, a) in ordered.iter().enumerate() {
        for (j, b) in ordered.iter().enumerate() {
            assert_eq!(a.cmp(b), i.cmp(&j), "{a} {b}");
        }
    }
}

#[test]
fn of_equal_members_a_set_keeps_the_first_and_an_object_takes_the_last() {
    assert_eq!(set(vec![value("1.50"), value("1.5")]).to_string(), "{1.50}");
    let object = Object::from(vec![(value("1"), value("2")), (value("1.0"), value("3"))]);
    assert_eq!(object.get(&value("1e0")), Some(&value("3")));
    assert_eq!(object.len(), 1);
}

#[test]
fn look_ups_find_members_of_small_and_large_composites() {
    for size in [0_i64, 1, 4, 5, 8, 9, 1000] {
        let name = |at: i64| format!("name {at} of a member");
        let mut members: Vec<(Value, Value)> = (0..size)
            .map(|at| (Value::from(name(at)), Value::from(at)))
            .collect();
        members.extend((0..size).map(|at| (Value::from(at), Value::from(-at))));
        let object = Object::from(members.clone());
        let members: Set = members.into_iter().map(|(key, _)| key).collect();
        for at in 0..size {
            assert_eq!(object.get_str(&name(at)), Some(&Value::from(at)));
            assert_eq!(object.get(&Value::from(name(at))), Some(&Value::from(at)));
            assert_eq!(
                object.get(&value(&format!("{at}.0"))),
                Some(&Value::from(-at))
            );
            assert!(members.contains_str(&name(at)) && members.contains(&Value::from(at)));
        }
        assert_eq!(object.get_str("absent"), None);
        assert_eq!(object.get(&Value::Null), None);
        assert!(!members.contains_str("absent") && !members.contains(&Value::from(size)));
    }
}

#[test]
fn an_object_builder_tells_of_conflicts() {
    let mut builder = ObjectBuilder::new();
    for at in 0..40_i64 {
        assert_eq!(builder.insert(Value::from(at), Value::from(at)), None);
        assert_eq!(builder.insert(Value::from(at), Value::from(at)), None);
        assert_eq!(
            builder.insert(Value::from(at), Value::Null),
            Some(&Value::from(at))
        );
    }
    assert_eq!(builder.freeze().len(), 40);
}

#[test]
fn one_level_is_copied_by_insert_and_remove() {
    let Value::Object(object) = value(r#"{"a": [1], "c": [3]}"#) else {
        panic!("an object")
    };
    let more = object.insert(Value::from("b"), value("2"));
    assert_eq!(
        Value::Object(more.clone()),
        value(r#"{"a": [1], "b": 2, "c": [3]}"#)
    );
    assert_eq!(
        more.insert(Value::from("b"), value("4")).get_str("b"),
        Some(&value("4"))
    );
    let (Some(Value::Array(a)), Some(Value::Array(b))) = (object.get_str("a"), more.get_str("a"))
    else {
        panic!("arrays")
    };
    assert!(a.ptr_eq(b));
    assert_eq!(more.remove(&Value::from("b")), object);
    assert!(object.remove(&Value::from("absent")).ptr_eq(&object));
}

// === Depth ===

/// Values of the greatest depth: by arrays, by sets, by objects' values, by objects' keys.
fn deep_values() -> Vec<Value> {
    let wraps: [fn(Value) -> Value; 4] = [
        |inner| Value::from(vec![inner]),
        |inner| set(vec![inner]),
        |inner| Value::Object(Object::from_sorted(vec![(Value::from("a"), inner)])),
        |inner| Value::Object(Object::from_sorted(vec![(inner, Value::Null)])),
    ];
    wraps
        .into_iter()
        .map(|wrap| (0..MAX_DEPTH).fold(Value::from(1_i64), |inner, _| wrap(inner)))
        .collect()
}

fn on_a_small_stack(check: fn(Value)) {
    let check = move || deep_values().into_iter().for_each(check);
    std::thread::Builder::new()
        .stack_size(2 << 20)
        .spawn(check)
        .unwrap()
        .join()
        .unwrap();
}

#[test]
fn deep_values_drop() {
    on_a_small_stack(|value| {
        assert_eq!(value.depth(), MAX_DEPTH);
        let shared = value.clone();
        drop(value);
        drop(shared);
    });
}

#[test]
fn deep_values_compare() {
    on_a_small_stack(|value| {
        for other in deep_values() {
            assert_eq!(value == other, value.cmp(&other).is_eq());
        }
    });
}

#[test]
fn deep_values_hash() {
    on_a_small_stack(|value| {
        assert!(
            deep_values()
                .iter()
                .any(|other| hash_of(other) == hash_of(&value))
        );
    });
}

#[test]
fn deep_values_print() {
    on_a_small_stack(|value| {
        assert!(value.to_string().len() > 2 * MAX_DEPTH);
        assert!(format!("{value:?}").len() > 2 * MAX_DEPTH);
    });
}

#[test]
fn deep_values_become_json_unless_keys_nest_in_keys() {
    on_a_small_stack(|value| {
        let mut text = String::new();
        match write_json(&value, &mut text) {
            Ok(()) => assert_eq!(json::parse(&text).unwrap().depth(), MAX_DEPTH),
            Err(_) => assert!(value.to_string().starts_with("{{")),
        }
    });
}

#[test]
fn deep_values_enter_builders_and_base_documents() {
    on_a_small_stack(|value| {
        let mut builder = SetBuilder::new();
        assert!(builder.insert(value.clone()) && !builder.insert(value.clone()));
        assert_eq!(
            Data::default().put(&[Value::Null], value),
            Err(DataError::TooDeep)
        );
    });
}
