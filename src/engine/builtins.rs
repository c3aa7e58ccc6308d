//! Built-in functions that the engine has, but not as Rego's users know them.

use crate::data::{Value, write};

/// A function of one argument.
type Function = fn(&Value) -> Value;

/// Puts ours in the place of the engine's own.
pub(super) fn install(engine: &mut regorus::Engine) -> Result<(), String> {
    let ours: [(&str, Function); 2] = [("json.marshal", marshal), ("to_number", to_number)];
    for (name, function) in ours {
        let call =
            move |arguments: Vec<Value>| Ok(arguments.first().map_or(Value::Undefined, function));
        let added = engine.add_extension(name.to_owned(), 1, Box::new(call));
        added.map_err(|error| error.to_string())?;
    }
    Ok(())
}

/// A number by its text. A sign is allowed, space is not.
fn to_number(value: &Value) -> Value {
    match value {
        Value::Null => Value::from(0_u64),
        Value::Bool(set) => Value::from(u64::from(*set)),
        Value::Number(_) => value.clone(),
        Value::String(text) => number(text),
        _ => Value::Undefined,
    }
}

fn number(text: &str) -> Value {
    // What the standard library takes beyond digits, such as `inf`, are no numbers here.
    if text.contains(|c: char| !matches!(c, '0'..='9' | '+' | '-' | '.' | 'e' | 'E')) {
        return Value::Undefined;
    }
    let Ok(float) = text.parse::<f64>() else {
        return Value::Undefined;
    };
    // The text is more exact than the float, where JSON has such a text.
    Value::from_json_str(text.trim_start_matches('+')).unwrap_or_else(|_| Value::from(float))
}

/// JSON text in which characters that mean something to HTML and JavaScript are escaped.
fn marshal(value: &Value) -> Value {
    let mut text = Vec::new();
    write::value(&mut text, value);
    Value::from(escape(&String::from_utf8_lossy(&text)))
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => out.push_str("\\u003c"),
            '>' => out.push_str("\\u003e"),
            '&' => out.push_str("\\u0026"),
            '\u{2028}' => out.push_str("\\u2028"),
            '\u{2029}' => out.push_str("\\u2029"),
            // What was no UTF-8 in the request.
            char::REPLACEMENT_CHARACTER => out.push_str("\\ufffd"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_text_is_compact_and_safe_in_html() {
        let value = Value::from_json_str(r#"{"a b": ["<&>", "\"x\\", 1.5, null]}"#).expect("JSON");
        let want = r#"{"a b":["\u003c\u0026\u003e","\"x\\",1.5,null]}"#;
        assert_eq!(marshal(&value), Value::from(want));
    }

    #[test]
    fn numbers_are_read_from_text_as_policies_expect() {
        let cases = [
            ("6", Some("6")),
            ("+6", Some("6")),
            ("-6.5", Some("-6.5")),
            ("007", Some("7")),
            ("5.", Some("5")),
            (".5", Some("0.5")),
            ("1e3", Some("1000")),
            ("9007199254740993", Some("9007199254740993")),
            (" 6", None),
            ("6 ", None),
            ("", None),
            ("0x6", None),
            ("inf", None),
            ("NaN", None),
            ("6_0", None),
        ];
        for (text, want) in cases {
            let want = want.map_or(Value::Undefined, |n| Value::from_json_str(n).expect("JSON"));
            assert_eq!(to_number(&Value::from(text)), want, "{text:?}");
        }
    }
}
