//! Corners of the grammar; what is accepted, how it is read, and the errors are OPA's answers.

use regate_rego::source::{Diagnostic, File};
use regate_rego::syntax::ast::{HeadKind, LiteralKind, Module, RegoVersion, Scope};
use regate_rego::syntax::{Options, json, parse_module, parse_query, parse_ref, parse_term};
use regate_rego::value::Value;

fn module(text: &str, version: RegoVersion) -> Result<Module, Vec<Diagnostic>> {
    let options = Options {
        version,
        ..Options::default()
    };
    parse_module(&File::new("t.rego", text), &options)
}

fn v1(text: &str) -> Result<Module, Vec<Diagnostic>> {
    module(&format!("package a\n{text}\n"), RegoVersion::V1)
}

fn v0(text: &str) -> Result<Module, Vec<Diagnostic>> {
    module(&format!("package a\n{text}\n"), RegoVersion::V0)
}

/// How a term is read, printed with operators as calls; or the error's message.
fn shown(text: &str) -> String {
    match parse_term(&File::new("t", text), &Options::default()) {
        Ok(term) => term.to_string(),
        Err(errors) => errors
            .into_iter()
            .map(|error| error.message)
            .next()
            .unwrap_or_default(),
    }
}

#[test]
fn operators_bind_as_in_opa() {
    for (text, want) in [
        ("1+2*3", "plus(1, mul(2, 3))"),
        (
            "a-b+c*d/e%f",
            "plus(minus(a, b), rem(div(mul(c, d), e), f))",
        ),
        ("a|b&c", "or(a, and(b, c))"),
        ("a&b+c", "and(a, plus(b, c))"),
        ("a==b|c", "equal(a, or(b, c))"),
        ("a<b==c", "equal(lt(a, b), c)"),
        ("a in b == c", "internal.member_2(a, equal(b, c))"),
        (
            "a in b in c",
            "internal.member_2(internal.member_2(a, b), c)",
        ),
        ("a, b in c", "internal.member_3(a, b, c)"),
        ("[a, b in c]", "[a, internal.member_2(b, c)]"),
        ("x[a, b in c]", "x[internal.member_3(a, b, c)]"),
        ("-x*y", "mul(minus(0, x), y)"),
        ("1--1", "minus(1, -1)"),
        ("(a+b).c", "plus(a, b).c"),
    ] {
        assert_eq!(shown(text), want, "{text}");
    }
}

#[test]
fn braces_and_bars_are_read_as_in_opa() {
    for (text, want) in [
        ("{x|y|z}", "{x | y | z}"),
        ("{x,y|z}", "{x, or(y, z)}"),
        ("{x|y}|{z}", "or({x | y}, {z})"),
        ("[(x|w)|z]", "[or(x, w) | z]"),
        ("[x == y | z]", "[equal(x, or(y, z))]"),
        ("{x: y|z}", "{x: y | z}"),
        ("{x in y: z}", "{internal.member_2(x, y): z}"),
        ("{}", "{}"),
        ("set( )", "set()"),
        ("{1,}", "{1}"),
        ("{\"a\":1,}.a", "{\"a\": 1}.a"),
        ("f(x).y[z](w)", "f(x).y[z](w)"),
    ] {
        assert_eq!(shown(text), want, "{text}");
    }
}

#[test]
fn what_is_no_term_is_refused() {
    for (text, want) in [
        ("[,]", "unexpected , token: expected a term"),
        ("\"a\"[0]", "illegal ref (head cannot be string)"),
        ("(a.b).c", "illegal ref (head cannot be ref)"),
        ("01", "expected number without leading zero"),
        ("1.", "expected fraction"),
        ("0x10", "illegal number format"),
        ("--1", "unexpected minus token: expected number"),
        ("\"a", "non-terminated string"),
        (r#""\x41""#, "illegal escape sequence"),
        ("(a := b)", "non-terminated expression"),
        (
            "x. y",
            "unexpected ident token: expected identifier after `.`",
        ),
        ("", "unexpected eof token: expected a term"),
    ] {
        assert_eq!(shown(text), want, "{text}");
    }
}

#[test]
fn strings_are_decoded() {
    for (text, want) in [
        (r#""é😀\ud83d""#, "\"é😀\u{fffd}\""),
        ("`a\\n`", "\"a\\\\n\""),
        (r#"$"a{b}c\{d""#, r#"$"a{b}c\{d""#),
        ("$`{x}\\n`", r#"$"{x}\\n""#),
        (r#"$"{$"{x}"}""#, r#"$"{$"{x}"}""#),
    ] {
        assert_eq!(shown(text), want, "{text}");
    }
}

#[test]
fn v1_asks_for_its_keywords() {
    for (text, want) in [
        ("p { x }", "`if` keyword is required before rule body"),
        (
            "p[x]",
            "`contains` keyword is required for partial set rules",
        ),
        ("p", "var cannot be used for rule name"),
        (
            "p.q.r",
            "rule must have value assignment and/or body declaration",
        ),
        ("p()", "rule argument list must take at least one argument"),
        (
            "default p := x",
            "illegal default rule (value cannot contain var)",
        ),
        (
            "default f(x, x) := 1",
            "illegal default rule (arguments cannot be repeated x)",
        ),
        (
            "p[x] if a else := 1",
            "else keyword cannot be used on rules with variables in head",
        ),
        (
            "p contains x if a else := 1",
            "else keyword cannot be used on multi-value rules",
        ),
        (
            "import data.x.if",
            "unexpected import path, must not end with a keyword, got: if",
        ),
        ("import rego.v1 as x", "`rego` imports cannot be aliased"),
        (
            "p if x; y",
            "unexpected ; token: expected a rule: its name comes first",
        ),
    ] {
        let errors = v1(text).expect_err(text);
        assert_eq!(errors[0].message, want, "{text}");
        assert!(errors[0].location.row >= 2);
    }
}

#[test]
fn v0_reads_its_own_heads() {
    let set = v0("p[x] { x := 1 }").expect("a set");
    assert!(matches!(set.rules[0].head.kind, HeadKind::Contains(_)));
    assert!(set.rules[0].head.reference.path.is_empty());
    for (text, keys) in [("p[x] = y { y := 1 }", 1), ("p.q.r { true }", 2)] {
        let module = v0(text).expect(text);
        let head = &module.rules[0].head;
        assert!(matches!(head.kind, HeadKind::Value { .. }), "{text}");
        assert_eq!(head.reference.path.len(), keys, "{text}");
    }
    assert!(v0("p if x").is_err());
    assert!(v0("import future.keywords.if\np if x").is_ok());
    assert!(v0("import rego.v1\np { x }").is_err());
    let switched = v0("import rego.v1\np if x").expect("v1");
    assert_eq!(switched.version, RegoVersion::V1);
}

#[test]
fn braces_after_if_are_a_body_unless_only_a_term_fits() {
    for (text, want) in [
        ("{x}", "x"),
        ("{x; y}", "x; y"),
        ("{x, y in z}", "internal.member_3(x, y, z)"),
        ("{{x}}", "{x}"),
        ("{}", "{}"),
        ("{\"a\": 1}", "{\"a\": 1}"),
        ("{x | y}", "{x | y}"),
        ("{x}.y", "{x}.y"),
        ("{x} == y", "{x} == y"),
        ("{(x | y)}", "x | y"),
        ("{not x}", "not x"),
    ] {
        let module = v1(&format!("p if {text}")).expect(text);
        assert_eq!(module.rules[0].body.to_string(), want, "{text}");
    }
}

#[test]
fn and_or_and_not_are_keywords_behind_their_imports() {
    let keywords = |text: &str| v1(&format!("import future.keywords\np if {{ {text} }}"));
    let kind = |text: &str| {
        let module = keywords(text).expect(text);
        module.rules[0].body.literals[0].kind.clone()
    };
    assert!(matches!(kind("a or b and c"), LiteralKind::Or(..)));
    assert!(matches!(kind("(a or b) and c"), LiteralKind::And(..)));
    assert!(matches!(kind("not {a; b}"), LiteralKind::NotBody(_)));
    assert!(matches!(kind("{a; b} or c"), LiteralKind::Or(..)));
    assert!(matches!(kind("or(a, b)"), LiteralKind::Term(_)));
    for (text, want) in [
        ("a with input as 1 or b", "`with` modifier is not allowed"),
        ("not {a | b}", "ambiguous"),
        ("(a = b)", "non-terminated expression"),
    ] {
        let errors = keywords(text).expect_err(text);
        assert!(errors[0].message.starts_with(want), "{}", errors[0]);
    }
    assert!(v1("p if { a or b }").is_err());
}

#[test]
fn keywords_are_names_in_references() {
    for text in [
        "p if input.if.not[\"in\"].or",
        "p.if if x",
        "if.x := 1",
        "import data.x.if as y",
        "p if contains(x, y)",
    ] {
        assert!(v1(text).is_ok(), "{text}");
    }
}

#[test]
fn several_errors_are_told_and_point_to_their_places() {
    let errors = v1("p := [\nq := 1\nr := )\ns if { x y }").expect_err("three errors");
    let rows: Vec<u32> = errors.iter().map(|error| error.location.row).collect();
    assert_eq!(rows, [3, 4, 5]);
    assert!(
        errors[2].to_string().contains("s if { x y }\n\t         ^"),
        "{}",
        errors[2]
    );
}

#[test]
fn spans_cover_what_was_written() {
    let text = "p[x] := f(1) + 2 if {\n\tnot q with input as 3\n} # end";
    let module = v1(text).expect(text);
    let rule = &module.rules[0];
    assert_eq!(
        module.file.slice(rule.span),
        text.trim_end_matches(" # end")
    );
    assert_eq!(module.file.slice(rule.head.span), "p[x] := f(1) + 2");
    let literal = &rule.body.literals[0];
    assert_eq!(module.file.slice(literal.span), "not q with input as 3");
    assert_eq!(&*module.comments[0].text, " end");
}

#[test]
fn metadata_stands_before_its_rule() {
    let module = v1("# METADATA\n# title: T\n# entrypoint: true\np := 1").expect("a block");
    let block = &module.annotations[0];
    assert_eq!((block.scope, block.rule), (Scope::Document, Some(0)));
    assert!(block.value.get_str("title").is_some() && block.entrypoint);
    for (text, want) in [
        (
            "# METADATA\np := 1",
            "expected METADATA block, found whitespace",
        ),
        (
            "# METADATA\n# scope: package\np := 1",
            "annotation scope 'package' must be applied to package (have rule)",
        ),
        (
            "# METADATA: as in OPA\n# title: [x]\np := 1",
            "yaml: cannot unmarshal array into a string",
        ),
        (
            "# METADATA\n# schemas: [{foo: schema.a}]\np := 1",
            "invalid document reference",
        ),
    ] {
        assert_eq!(v1(text).expect_err(text)[0].message, want);
    }
}

#[test]
fn hints_say_what_would_fix_it() {
    for (read, text, want) in [
        (
            v1 as fn(&str) -> _,
            "p if !x",
            "write `not x`, or `!=` between values",
        ),
        (
            v1,
            "p := 'a'",
            "strings stand in double quotes, raw ones in back-ticks",
        ),
        (
            v0,
            "p if x",
            "`import rego.v1` makes `if` a keyword; without it write `NAME { ... }`",
        ),
        (
            v0,
            "p { x in xs }",
            "`import rego.v1` makes `in` an operator",
        ),
        (
            v1,
            "p := not.x",
            "a keyword with keys is a name only where a rule or a literal begins",
        ),
    ] {
        let errors: Vec<Diagnostic> = read(text).expect_err(text);
        assert_eq!(errors[0].hint.as_deref(), Some(want), "{text}");
    }
}

#[test]
fn columns_are_characters_and_the_caret_stands_under_them() {
    let errors = v1("p := [\"åäö\", ]]").expect_err("a bracket too many");
    assert_eq!(errors[0].location.col, 15);
    let shown = errors[0].to_string();
    let caret = shown.lines().nth(2).expect("a caret");
    assert_eq!(caret, format!("\t{}^", " ".repeat(14)));
}

#[test]
fn places_are_those_of_opa() {
    let text = "p if { x = 1; some y in z } else := 2";
    let tree = json::module_with_locations(&v1(text).expect("a module")).to_string();
    for place in [
        // `=`, `in`, `some`, and the branch whose body was not written.
        r#"{"col": 10, "file": "t.rego", "row": 2, "text": "PQ=="}"#,
        r#"{"col": 22, "file": "t.rego", "row": 2, "text": "aW4="}"#,
        r#"{"col": 15, "file": "t.rego", "row": 2, "text": "c29tZQ=="}"#,
        r#"{"col": 29, "file": "t.rego", "row": 2, "text": "ZWxzZSA6PSAy"}"#,
    ] {
        assert!(tree.contains(place), "{place} in {tree}");
    }
}

#[test]
fn queries_and_references() {
    let options = Options::default();
    let query = |text: &str| parse_query(&File::new("q", text), &options);
    assert_eq!(
        query("x := 1; y = 2\nz").expect("a query").literals.len(),
        3
    );
    assert!(query("").is_err() && query("x y").is_err());
    let reference = |text: &str| parse_ref(&File::new("r", text), &options);
    assert_eq!(
        reference("data.a[\"b\"]").expect("a reference").path.len(),
        2
    );
    assert!(reference("data").expect("a variable").path.is_empty());
    assert!(reference("f(x)").is_err());
}

/// The value below the keys and positions in `path`.
fn below(value: &Value, path: &[&str]) -> Option<Value> {
    let mut found = value.clone();
    for key in path {
        let key = match key.parse::<i64>() {
            Ok(at) => Value::from(at),
            Err(_) => Value::from(*key),
        };
        found = found.get(&key)?.clone();
    }
    Some(found)
}

#[test]
fn the_document_has_the_shape_of_opas() {
    let text = "p[x] := 1 if {\n\tnot y with input as 2\n\tsome k in [_, _]\n}\nq.r contains 2";
    let document = json::module(&v1(text).expect(text));
    let text = |path: &[&str]| {
        let found = below(&document, path);
        found.and_then(|value| value.as_str().map(str::to_owned))
    };
    let rule = ["rules", "0"];
    let at = |rest: &[&'static str]| [&rule[..], rest].concat();
    assert_eq!(
        text(&["package", "path", "1", "value"]).as_deref(),
        Some("a")
    );
    assert_eq!(text(&at(&["head", "name"])).as_deref(), Some("p"));
    assert_eq!(text(&at(&["head", "key", "value"])).as_deref(), Some("x"));
    let negated = below(&document, &at(&["body", "0", "negated"]));
    assert_eq!(negated, Some(Value::Bool(true)));
    let target = at(&["body", "0", "with", "0", "target", "type"]);
    assert_eq!(text(&target).as_deref(), Some("ref"));
    let wildcard = [
        "body", "1", "terms", "symbols", "0", "value", "2", "value", "1", "value",
    ];
    assert_eq!(text(&at(&wildcard)).as_deref(), Some("$1"));
    assert_eq!(text(&["rules", "1", "head", "name"]), None);
    let generated = below(&document, &["rules", "1", "body", "0", "generated"]);
    assert_eq!(generated, Some(Value::Bool(true)));
}
