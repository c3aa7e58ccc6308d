//! Joining of data documents. Objects are joined; anything else at one place is a conflict.

use crate::data::Value;

/// Puts `value` at `path` of `into`. A conflict gives the path where it is.
pub(super) fn merge_at(into: &mut Value, path: &[String], value: Value) -> Result<(), Vec<String>> {
    let whole = path.iter().rev().fold(value, |value, key| {
        let mut object = Value::new_object();
        if let Ok(members) = object.as_object_mut() {
            members.insert(Value::from(key.as_str()), value);
        }
        object
    });
    let mut at = Vec::new();
    merge(into, &whole, &mut at).map_err(|()| at)
}

/// What stands at `path` of `value`.
pub(super) fn at<'a>(value: &'a Value, path: &[String]) -> Option<&'a Value> {
    path.iter().try_fold(value, |at, key| {
        at.as_object().ok()?.get(&Value::from(key.as_str()))
    })
}

fn merge(into: &mut Value, value: &Value, at: &mut Vec<String>) -> Result<(), ()> {
    if into == value {
        return Ok(());
    }
    if into.as_object().is_err() || value.as_object().is_err() {
        return Err(());
    }
    let (Ok(target), Ok(source)) = (into.as_object_mut(), value.as_object()) else {
        return Err(());
    };
    for (key, value) in source.iter() {
        match target.get_mut(key) {
            None => drop(target.insert(key.clone(), value.clone())),
            Some(present) => {
                at.push(
                    key.as_string()
                        .map_or_else(|_| key.to_string(), ToString::to_string),
                );
                merge(present, value, at)?;
                at.pop();
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> Value {
        Value::from_json_str(text).expect("JSON")
    }

    #[test]
    fn objects_join_and_other_values_conflict() {
        type Case = (
            &'static str,
            &'static [&'static str],
            &'static str,
            Result<&'static str, &'static str>,
        );
        let cases: [Case; 5] = [
            (r"{}", &[], r#"{"a":1}"#, Ok(r#"{"a":1}"#)),
            (
                r#"{"a":{"b":1}}"#,
                &["a"],
                r#"{"c":2}"#,
                Ok(r#"{"a":{"b":1,"c":2}}"#),
            ),
            (r#"{"a":{"b":1}}"#, &["a", "b"], "2", Err("a/b")),
            (r#"{"a":{"b":1}}"#, &["a", "b"], "1", Ok(r#"{"a":{"b":1}}"#)),
            (r#"{"a":[1]}"#, &["a", "b"], r"{}", Err("a")),
        ];
        for (base, path, value, want) in cases {
            let mut into = json(base);
            let path: Vec<String> = path.iter().map(|s| (*s).to_owned()).collect();
            let got = merge_at(&mut into, &path, json(value)).map_err(|at| at.join("/"));
            match want {
                Ok(want) => assert_eq!((got, into), (Ok(()), json(want))),
                Err(want) => assert_eq!(got, Err(want.to_owned())),
            }
        }
    }
}
