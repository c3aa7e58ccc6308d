//! Built-in functions that the engine lacks, or has but not as Rego's users know them.

mod cache;
mod cidr;
mod glob;
mod re2;
mod regex;

use regorus::Value;

use super::values;
use crate::data::write;

/// A built-in function; `None` is "undefined".
type Function = fn(&[Value]) -> Option<Value>;

/// Ours, with the number of their arguments.
const OURS: [(&str, u8, Function); 15] = [
    ("glob.match", 3, glob::is_match),
    ("glob.quote_meta", 1, glob::quote_meta),
    ("json.marshal", 1, marshal),
    ("net.cidr_contains", 2, cidr::contains),
    ("net.cidr_contains_matches", 2, cidr::contains_matches),
    ("net.cidr_intersects", 2, cidr::intersects),
    ("re_match", 2, regex::is_match),
    (
        "regex.find_all_string_submatch_n",
        3,
        regex::find_submatches,
    ),
    ("regex.find_n", 3, regex::find_n),
    ("regex.is_valid", 1, regex::is_valid),
    ("regex.match", 2, regex::is_match),
    ("regex.replace", 3, regex::replace),
    ("regex.split", 2, regex::split),
    ("regex.template_match", 4, regex::template_match),
    ("to_number", 1, to_number),
];

/// Puts ours beside the engine's own, or in their place.
pub(super) fn install(engine: &mut regorus::Engine) -> Result<(), String> {
    for (name, arguments, function) in OURS {
        let call =
            move |arguments: Vec<Value>| Ok(function(&arguments).unwrap_or(Value::Undefined));
        let added = engine.add_extension(name.to_owned(), arguments, Box::new(call));
        added.map_err(|error| error.to_string())?;
    }
    Ok(())
}

/// How many arguments `name` takes, when it is one of ours.
pub(super) fn arguments(name: &str) -> Option<usize> {
    let ours = OURS.iter().find(|(own, ..)| *own == name);
    ours.map(|(_, arguments, _)| usize::from(*arguments))
}

/// A number by its text. A sign is allowed, space is not.
fn to_number(arguments: &[Value]) -> Option<Value> {
    match arguments.first()? {
        Value::Null => Some(Value::from(0_u64)),
        Value::Bool(set) => Some(Value::from(u64::from(*set))),
        value @ Value::Number(_) => Some(value.clone()),
        Value::String(text) => number(text),
        _ => None,
    }
}

fn number(text: &str) -> Option<Value> {
    // What the standard library takes beyond digits, such as `inf`, are no numbers here.
    if text.contains(|c: char| !matches!(c, '0'..='9' | '+' | '-' | '.' | 'e' | 'E')) {
        return None;
    }
    let float = text.parse::<f64>().ok()?;
    // The text is more exact than the float, where JSON has such a text.
    let exact = Value::from_json_str(text.trim_start_matches('+'));
    Some(exact.unwrap_or_else(|_| Value::from(float)))
}

/// JSON text in which characters that mean something to HTML and JavaScript are escaped.
fn marshal(arguments: &[Value]) -> Option<Value> {
    let mut text = Vec::new();
    write::value_with_escapes(&mut text, &values::from_engine(arguments.first()?)?);
    Some(Value::from(escape(&String::from_utf8_lossy(&text))))
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
        assert_eq!(marshal(&[value]), Some(Value::from(want)));
    }

    #[test]
    fn bytes_that_are_no_text_are_escaped_and_the_replacement_character_is_not() {
        let text = crate::data::octets::to_text(b"a\xff");
        let value = Value::from(vec![Value::from(&*text), Value::from("\u{fffd}")]);
        let want = "[\"a\\ufffd\",\"\u{fffd}\"]";
        assert_eq!(marshal(&[value]), Some(Value::from(want)));
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
            let want = want.map(|n| Value::from_json_str(n).expect("JSON"));
            assert_eq!(to_number(&[Value::from(text)]), want, "{text:?}");
        }
    }
}
