//! Short texts with a form of their own: templates, amounts, versions, times, encodings, addresses.

use regate_rego::Value;
use regate_rego::builtins::Caches;
use regate_rego::value::json;

use crate::builtin::{call, call_all, returns, text_of, texts};

/// Pieces of templates and of formats.
pub(crate) const TEMPLATE_PIECES: &[&str] = &[
    "\0",
    "{{",
    "}}",
    "{{-",
    "-}}",
    "{{.a}}",
    "{{/* */}}",
    "{{range $i, $e := .a}}",
    "{{else}}",
    "{{end}}",
    "{{if ",
    "{{with ",
    "{{define \"t\"}}",
    "{{template \"t\" .}}",
    "{{break}}",
    ".a.b",
    "index ",
    "printf ",
    "len ",
    "eq ",
    "| ",
    "$x := ",
    "\"",
    "`",
    "'a'",
    "0x1p-2",
    "1i",
    "(",
    ")",
    "%",
    "%[2]*.[1]*d",
    "%+v",
    "%#x",
    "%-5s",
    "%q",
    "%08.3f",
    "%!",
    "{\"a\":[1,\"b\"]}",
];

/// Pieces of amounts, versions and identifiers.
pub(crate) const UNITS_PIECES: &[&str] = &[
    "0",
    "1",
    "9",
    ".",
    "-",
    "+",
    "e",
    "E9",
    "m",
    "K",
    "Ki",
    "MiB",
    "gb",
    "P",
    "\"",
    " ",
    "_",
    "0x",
    "1.0.0",
    "-rc.1",
    "+b",
    "v",
    "urn:uuid:",
    "-4000-8000-",
    "µs",
    "1h",
    "ns",
    "1e308",
];

/// Pieces of layouts, times and zones.
pub(crate) const TIME_PIECES: &[&str] = &[
    "\0",
    "2006",
    "01",
    "1",
    "Jan",
    "January",
    "02",
    "_2",
    "002",
    "15",
    "03",
    "3",
    "04",
    "05",
    ".000",
    ",999999999",
    "PM",
    "pm",
    "MST",
    "Z07:00",
    "-0700",
    "-07",
    "Mon",
    "RFC3339",
    "Kitchen",
    "T",
    "Z",
    "+14:00",
    "2024-02-29",
    "23:59:60",
    "Europe/Berlin",
    "UTC",
    "Local",
    "0000",
    "9999",
];

/// Pieces of encoded texts.
pub(crate) const ENCODING_PIECES: &[&str] = &[
    "=", "==", "+", "/", "-", "_", "\n", "%", "%41", "%zz", "&", ";", "a=b", "[]", "{\"a\":", "\"",
    "\\ud800", "0f", "é",
];

/// Pieces of addresses and URLs.
pub(crate) const ADDRESS_PIECES: &[&str] = &[
    "\0",
    "10.0.0.0",
    "255.255.255.255",
    "/8",
    "/33",
    "/128",
    "::",
    "fe80::1%eth0",
    "::ffff:1.2.3.4",
    "01.2.3.4",
    "http://",
    "//",
    "u:p@",
    "[::1]",
    ":80",
    "/a/../b",
    "?q=%zz",
    "#f",
    "%2F",
    "\\",
    "é",
];

/// A template, or a format, and what it is filled with as JSON.
pub fn template(data: &[u8]) {
    let [template, values] = texts::<2>(data);
    let template = Value::from(template);
    let values = json::parse(values.as_bytes()).unwrap_or(Value::Null);
    let caches = Caches::default();
    drop(call(
        &caches,
        "strings.render_template",
        &[&template, &values],
    ));
    let values = match values {
        Value::Array(_) => values,
        other => vec![other].into(),
    };
    drop(call(&caches, "sprintf", &[&template, &values]));
}

/// Amounts, versions, numbers and identifiers: one that is valid is equal to itself.
pub fn units(data: &[u8]) {
    let [text] = texts::<1>(data).map(Value::from);
    let caches = Caches::default();
    let names = [
        "units.parse",
        "units.parse_bytes",
        "to_number",
        "uuid.parse",
    ];
    call_all(&caches, &names, &[&text]);
    if call(&caches, "semver.is_valid", &[&text]) == Ok(true.into()) {
        let order = call(&caches, "semver.compare", &[&text, &text]);
        assert_eq!(order, Ok(0_i64.into()), "a version is as new as itself");
    }
}

/// A layout, a time and a zone: what is read can be shown, and RFC 3339 says it whole.
pub fn time_layout(data: &[u8]) {
    let [layout, text, zone] = texts::<3>(data).map(Value::from);
    let caches = Caches::default();
    let asked = |name: &str, args: &[&Value]| call(&caches, name, args);
    drop(asked("time.parse_duration_ns", &[&text]));
    drop(asked("time.parse_rfc3339_ns", &[&text]));
    let read = asked("time.parse_ns", &[&layout, &text]);
    let ns = read.unwrap_or_else(|_| (1_i64 << 60).into());
    let zoned = Value::from(vec![ns.clone(), zone.clone()]);
    let names = ["time.date", "time.clock", "time.weekday", "time.format"];
    call_all(&caches, &names, &[&zoned]);
    drop(asked("time.diff", &[&zoned, &ns]));
    drop(asked(
        "time.format",
        &[&vec![ns.clone(), zone.clone(), layout].into()],
    ));
    let whole = vec![ns.clone(), zone, "RFC3339Nano".into()].into();
    if let Ok(written) = asked("time.format", &[&whole]) {
        let again = asked("time.parse_rfc3339_ns", &[&written]);
        assert_eq!(again, Ok(ns), "{written} is the moment");
    }
}

/// A text as any encoding, and in it.
pub fn encoding(data: &[u8]) {
    let [text] = texts::<1>(data);
    for name in [
        "base64.is_valid",
        "base64.decode",
        "base64url.decode",
        "hex.decode",
        "urlquery.decode",
        "json.is_valid",
        "json.unmarshal",
    ] {
        drop(text_of(name, &text));
    }
    returns("base64.encode", "base64.decode", &text);
    returns("base64url.encode", "base64url.decode", &text);
    returns("base64url.encode_no_pad", "base64url.decode", &text);
    returns("hex.encode", "hex.decode", &text);
    returns("urlquery.encode", "urlquery.decode", &text);
    returns("json.marshal", "json.unmarshal", &text);
    let caches = Caches::default();
    if let Some(object) = text_of("urlquery.decode_object", &text)
        && let Ok(written) = call(&caches, "urlquery.encode_object", &[&object])
    {
        let again = call(&caches, "urlquery.decode_object", &[&written]);
        assert_eq!(again, Ok(object), "{written} is the object");
    }
}

/// Two addresses, networks or URLs.
pub fn address(data: &[u8]) {
    let [first, second] = texts::<2>(data).map(Value::from);
    let caches = Caches::default();
    let names = [
        "uri.parse",
        "uri.is_valid",
        "net.cidr_is_valid",
        "net.cidr_expand",
    ];
    call_all(&caches, &names, &[&first]);
    let names = [
        "net.cidr_contains",
        "net.cidr_intersects",
        "net.cidr_contains_matches",
    ];
    call_all(&caches, &names, &[&first, &second]);
    let both = Value::from(vec![first.clone(), second]);
    drop(call(&caches, "net.cidr_merge", &[&both]));
    if call(&caches, "net.cidr_is_valid", &[&first]) == Ok(true.into()) {
        let itself = call(&caches, "net.cidr_contains", &[&first, &first]);
        assert_eq!(itself, Ok(true.into()), "a network contains itself");
    }
}
