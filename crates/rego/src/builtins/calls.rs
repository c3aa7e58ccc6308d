//! Calls of built-ins for tests: a name, arguments and an answer, as text.

use std::collections::HashMap;

use super::{Budget, Caches, Context, Error, get};
use crate::value::{Number, Object, Value};

/// Calls the built-in `name` with the arguments of a JSON array; `{"set()": […]}` stands for a set.
pub(super) fn call(name: &str, args: &str) -> Result<Value, Error> {
    call_within(&mut Budget::default(), name, args)
}

/// The same with a budget.
pub(super) fn call_within(budget: &mut Budget, name: &str, args: &str) -> Result<Value, Error> {
    let args = value(args);
    let Value::Array(args) = &args else {
        panic!("arguments of {name}: an array is expected");
    };
    let args: Vec<&Value> = args.iter().collect();
    let mut context = Context {
        budget,
        now_ns: 1_700_000_000_123_456_789,
        seed: 7,
        runtime: &Value::Null,
        caches: &Caches::default(),
        outside: None,
        memo: &mut HashMap::new(),
    };
    let builtin = get(name).expect("a built-in of that name");
    builtin.call(&mut context, &args)
}

/// Checks rows of name, arguments and answer; the answer is JSON, the text of an error, or `fails` for any error.
pub(super) fn answers(rows: &[(&str, &str, &str)]) {
    for (name, args, want) in rows {
        match call(name, args) {
            Ok(got) if *want == "fails" => panic!("{name}{args}: {got:?}"),
            Ok(got) => assert_eq!(got, value(want), "{name}{args}"),
            Err(_) if *want == "fails" => {}
            Err(error) => assert_eq!(error.to_string(), *want, "{name}{args}"),
        }
    }
}

/// A value from JSON.
pub(super) fn value(json: &str) -> Value {
    let json: serde_json::Value =
        serde_json::from_str(json).unwrap_or_else(|e| panic!("{json}: {e}"));
    from_json(json)
}

fn from_json(json: serde_json::Value) -> Value {
    match json {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(v) => Value::from(v),
        serde_json::Value::Number(v) => {
            Value::from(Number::parse(&v.to_string()).expect("a number"))
        }
        serde_json::Value::String(v) => Value::from(v),
        serde_json::Value::Array(v) => v.into_iter().map(from_json).collect::<Vec<_>>().into(),
        serde_json::Value::Object(mut v) => match v.remove("set()") {
            Some(serde_json::Value::Array(members)) => {
                Value::Set(members.into_iter().map(from_json).collect())
            }
            _ => Value::Object(
                v.into_iter()
                    .map(|(key, value)| (Value::from(key), from_json(value)))
                    .collect::<Object>(),
            ),
        },
    }
}
