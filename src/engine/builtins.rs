//! Built-in functions that the engine has, but not as Rego's users know them.

use regorus::Value;

/// Puts ours in the place of the engine's own.
pub(super) fn install(engine: &mut regorus::Engine) -> Result<(), String> {
    let marshal = |arguments: Vec<Value>| Ok(marshal(arguments.first()));
    engine
        .add_extension("json.marshal".to_owned(), 1, Box::new(marshal))
        .map_err(|error| error.to_string())
}

/// JSON text in which characters that mean something to HTML and JavaScript are escaped.
fn marshal(value: Option<&Value>) -> Value {
    let Some(Ok(text)) = value.map(Value::to_json_str) else {
        return Value::Undefined;
    };
    let Ok(compact) = serde_json::from_str::<&serde_json::value::RawValue>(&text) else {
        return Value::Undefined;
    };
    Value::from(escape(&without_space(compact.get())))
}

/// The engine writes JSON over several lines.
fn without_space(text: &str) -> String {
    let (mut quoted, mut escaped) = (false, false);
    let mut keep = |c: char| {
        if quoted {
            quoted = escaped || c != '"';
            escaped = c == '\\' && !escaped;
            return true;
        }
        quoted = c == '"';
        !c.is_ascii_whitespace()
    };
    text.chars().filter(|c| keep(*c)).collect()
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
        assert_eq!(marshal(Some(&value)), Value::from(want));
    }
}
