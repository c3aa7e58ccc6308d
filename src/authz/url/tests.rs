//! Tables of targets and queries, and what they are split into.

use super::*;

fn texts(docs: &[Text<'_>]) -> Vec<String> {
    docs.iter()
        .map(|text| text.as_str().unwrap_or("<octets>").to_owned())
        .collect()
}

#[test]
fn paths_are_split() {
    for (target, want) in [
        ("", &[""][..]),
        ("/", &[""]),
        ("///", &[""]),
        ("/a/b/", &["a", "b", ""]),
        ("//admin//x", &["admin", "", "x"]),
        ("/a%2Fb+c", &["a", "b+c"]),
        ("/%2F%2fa", &["a"]),
        ("/a%252Fb", &["a%2Fb"]),
        ("/./a/../b", &[".", "a", "..", "b"]),
        ("/%3F?x", &["?"]),
        ("/ü%C3%BC", &["üü"]),
        ("/a%FF/b", &["<octets>", "b"]),
    ] {
        assert_eq!(texts(&parse(target).unwrap().path), want, "{target}");
    }
}

#[test]
fn plain_pieces_are_borrowed() {
    let target = parse("/a/b?x=1").unwrap();
    assert!(
        target
            .path
            .iter()
            .all(|text| matches!(text, Text::Text(Cow::Borrowed(_))))
    );
    assert!(matches!(&target.query[0].0, Cow::Borrowed("x")));
}

#[test]
fn queries_are_grouped() {
    for (query, want) in [
        ("", &[][..]),
        ("&&", &[]),
        ("x", &[("x", &[""][..])]),
        ("=", &[("", &[""])]),
        ("x==", &[("x", &["="])]),
        ("b=1&a=2&b=3&b=1", &[("a", &["2"]), ("b", &["1", "3", "1"])]),
        ("a+b=c+d%2B", &[("a b", &["c d+"])]),
        ("x=%3B", &[("x", &[";"])]),
        ("%FF=1&%FE=2", &[("\u{fffd}", &["1", "2"])]),
    ] {
        let got = parse_query(query.as_bytes()).unwrap();
        let got: Vec<_> = got
            .iter()
            .map(|(name, v)| (name.as_ref(), texts(v)))
            .collect();
        let want: Vec<_> = want
            .iter()
            .map(|(name, values)| (*name, values.iter().map(ToString::to_string).collect()))
            .collect();
        assert_eq!(got, want, "{query}");
    }
}

#[test]
fn errors_name_the_place() {
    for (target, want) in [
        ("/%", r#"invalid URL escape "%""#),
        ("/%2", r#"invalid URL escape "%2""#),
        ("/a%zzz", r#"invalid URL escape "%zz""#),
        ("/%ü", "invalid URL escape \"%ü\""),
        ("/?a=%yy&b=%zz", r#"invalid URL escape "%yy""#),
        ("/?a=%zz&b;c", "invalid semicolon separator in query"),
    ] {
        assert_eq!(parse(target).unwrap_err().to_string(), want, "{target}");
    }
    let many = format!("/?{}", "&".repeat(MAX_PARAMETERS));
    assert_eq!(parse(&many), Err(UrlError::TooMany));
}

#[test]
fn values_are_what_documents_are() {
    let target = parse("/a/%FF?x=1&x=2").unwrap();
    assert_eq!(
        target.path_value().get(&Value::from(0_i64)),
        Some(&Value::from("a"))
    );
    let octet = crate::data::into_value(Doc::Octets(vec![0xff])).unwrap();
    assert_eq!(target.path_value().get(&Value::from(1_i64)), Some(&octet));
    let query = target.query_value();
    let second = query.get_str("x").and_then(|x| x.get(&Value::from(1_i64)));
    assert_eq!(second, Some(&Value::from("2")));
    assert_eq!(
        target.path_doc(),
        Doc::Array(vec![Doc::String("a".into()), Doc::Octets(vec![0xff])])
    );
}
