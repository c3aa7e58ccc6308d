//! Policies with the rows and first lines of what OPA 1.22 answers, and what it shows below them.

use super::{Options, Schemas, check, check_query};
use crate::check;
use crate::source::{Diagnostic, File};
use crate::syntax::{self, ast::RegoVersion};
use crate::value::json;

/// `text` without its package, and per error the row and message; nothing where OPA accepts it.
type Case = (&'static str, &'static [(u32, &'static str)]);

const LITERALS: &[Case] = &[
    ("p if { 1 == \"a\" }", &[(2, "match error")]),
    ("p if { not 1 == \"a\" }", &[(2, "match error")]),
    ("p if { x := 1; x == \"a\" }", &[(2, "match error")]),
    ("p if { [] == {} }", &[(2, "match error")]),
    ("p if { set() == set() }", &[(2, "match error")]),
    ("p if { [x, 1] = [2, \"a\"]; x }", &[(2, "match error")]),
    (
        "p if { {\"a\": x} = {\"a\": 1}; x == \"b\" }",
        &[(2, "match error")],
    ),
    (
        "p if { x := [1, \"a\"]; [y, z] = x; y == z }",
        &[(2, "match error")],
    ),
    ("p if { some x in [1]; x == \"a\" }", &[(2, "match error")]),
    ("p if { 1 in [\"a\"] }", &[(2, "match error")]),
    ("p if { x := set(); x == {1} }", &[]),
    ("p if { 1 != \"a\" }", &[]),
    ("p if { 1 < \"a\" }", &[]),
    ("p := x if { x := (1 == \"a\") }", &[]),
    ("p if { [x, y] = input.a; x == 1; x == \"a\"; y }", &[]),
    ("p if { every x in [1, 2] { x == \"a\" } }", &[]),
    ("p if { every x in [1] { y := {\"a\": x}; y.b } }", &[]),
    (
        "p if { every x in {\"a\": 1}.b { x } }",
        &[(2, "undefined ref: {\"a\": 1}.b")],
    ),
    (
        "p if { every x in [1] { y := [1 | z := {\"a\": x}; z.b]; y } }",
        &[(2, "undefined ref: z.b")],
    ),
    (
        "import future.keywords.not\np if { not { 1 == \"a\" } }",
        &[],
    ),
    (
        "import future.keywords.not\np if { not { x := 1; x == \"a\" } }",
        &[],
    ),
    (
        "import future.keywords.or\np if { 1 == \"a\" or 2 == 3 }",
        &[],
    ),
    (
        "p if { x := [v | v := 1][_]; x == \"a\" }",
        &[(2, "match error")],
    ),
    (
        "import future.keywords.and\np if { 1 == \"a\" and 2 == 3 }",
        &[],
    ),
    (
        "import future.keywords.and\np if { not 1 == \"a\" and count(1) }",
        &[],
    ),
    (
        "import future.keywords.and\np if { x := {\"a\": 1}; x.a and x.b }",
        &[(3, "undefined ref: x.b")],
    ),
    (
        "p := {\"a\": 1}\nq if { every x in [1] { p[p.a]; x } }",
        &[],
    ),
    // What is unknown in a literal that is looked into may be anything.
    ("f(a) if { some _, y in [{\"a\": a}]; y == y }", &[]),
    ("f(a) if { some {} in {\"a\": a, \"c\": 1} }", &[]),
    ("f(a) if { {\"a\": a}.a == 1; a == \"x\" }", &[]),
    ("f(a) if { not [a][0] }", &[]),
    (
        "f(a) if { some x in {a}; x }",
        &[(2, "undefined ref: {a}[key]")],
    ),
    (
        "f(a) if { some x in {1: a | true}; x }",
        &[(2, "match error")],
    ),
];

const CALLS: &[Case] = &[
    (
        "p if { 1 + \"a\" == 3 }",
        &[(2, "plus: invalid argument(s)")],
    ),
    (
        "p if { count(5) > 1 }",
        &[(2, "count: invalid argument(s)")],
    ),
    (
        "p if { not count(5) }",
        &[(2, "count: invalid argument(s)")],
    ),
    (
        "p if { concat(\",\", [1]) }",
        &[(2, "concat: invalid argument(s)")],
    ),
    (
        "p if { sum([1, \"a\"]) }",
        &[(2, "sum: invalid argument(s)")],
    ),
    ("p if { max([1, \"a\"]) }", &[]),
    ("p if { startswith(x, \"a\"); x = input.y; x == 2 }", &[]),
    ("p := y if { y := f(1).a }\nf(x) := x", &[]),
    (
        "p := y if { y := f(1).b }\nf(x) := {\"a\": x}",
        &[(2, "undefined ref: data.t.f(1).b")],
    ),
    (
        "f(x) if startswith(x, \"a\")\np if { f(1) }",
        &[(3, "data.t.f: invalid argument(s)")],
    ),
    (
        "f(1) := 2\nf(\"a\") := \"b\"\nq if { f(true) }",
        &[(4, "data.t.f: invalid argument(s)")],
    ),
    (
        "f(x) := 2 if x == 1\nelse := \"a\" if x == 2\nq if { f(1) == true }",
        &[(4, "match error")],
    ),
    (
        "f(x) := y if { y := [1 | startswith(x, \"a\")]; x > 1 }",
        &[],
    ),
    (
        "f(x) := x\np if { f }",
        &[(3, "function data.t.f used as reference, not called")],
    ),
    ("p if { count(\"a\") with count as 5 }", &[]),
    // By its name `eq` is the operator where it is a literal, and has no value elsewhere.
    ("p if { eq([], 5) }", &[(2, "match error")]),
    ("p if { eq([y], [1]); y == \"a\" }", &[(2, "match error")]),
    ("p if { eq(1, 1, true) }", &[(2, "eq: too many arguments")]),
    ("p if { input[eq(1, 1)] }", &[(2, "eq: too many arguments")]),
];

const REFERENCES: &[Case] = &[
    (
        "p if { {\"a\": 1}.b }",
        &[(2, "undefined ref: {\"a\": 1}.b")],
    ),
    (
        "p if { x := {\"a\": 1}; not x.b }",
        &[(2, "undefined ref: x.b")],
    ),
    ("p if { [][0] }", &[(2, "undefined ref: [][0]")]),
    ("p if { set()[1] }", &[(2, "undefined ref: set()[1]")]),
    ("p if { x := 3; x.y }", &[(2, "undefined ref: x.y")]),
    (
        "p if { x := {v | v := 1}; x.a }",
        &[(2, "undefined ref: x.a")],
    ),
    ("p := 1\nq := p.a", &[(3, "undefined ref: data.t.p.a")]),
    (
        "p := {\"a\": 1}\nq := data.t.p.b",
        &[(3, "undefined ref: data.t.p.b")],
    ),
    (
        "p[x] := 1 if { some x in [\"a\"] }\nq if { p[1] }",
        &[(3, "undefined ref: data.t.p[1]")],
    ),
    (
        "p := \"a\"\nq := p + 1",
        &[(3, "plus: invalid argument(s)")],
    ),
    (
        "p := {1, \"a\"}\nq if { p[_] == true }",
        &[(3, "match error")],
    ),
    (
        "default p := 1\np := \"a\" if input.x\nq if p == true",
        &[(4, "match error")],
    ),
    (
        "p.a.b := 1\nq if p.a.c == 1\nr if p.a.b == \"x\"\ns if p.a == 4",
        &[(4, "match error"), (5, "match error")],
    ),
    ("p if { input[1] == 2 }", &[]),
    ("p if { q == \"a\" with q as \"a\" }\nq := 1", &[]),
    ("p if { r == \"a\" with q as 2 }\nq := 1\nr := q + 1", &[]),
];

#[test]
fn policies_are_refused_as_opa_refuses_them() {
    for (text, want) in [LITERALS, CALLS, REFERENCES].concat() {
        let errors = errors_of(text, &Options::default());
        let first = |error: &Diagnostic| error.message.lines().next().map(str::to_owned);
        let got: Vec<_> = errors
            .iter()
            .map(|error| (error.location.row, first(error).unwrap_or_default()))
            .collect();
        let want: Vec<_> = want
            .iter()
            .map(|(row, text)| (*row, (*text).to_owned()))
            .collect();
        assert_eq!(got, want, "{text}");
    }
}

#[test]
fn errors_show_what_is_there_and_what_is_wanted() {
    let cases = [
        (
            "p if { count(5) > 1 }",
            "count: invalid argument(s)\n\thave: (number, ???)\n\twant: (collection: any<...>, n: number)",
        ),
        (
            "p if { 1 + \"a\" == 3 }",
            "plus: invalid argument(s)\n\thave: (number, string, ???)\n\twant: (x: number, y: number, z: number)",
        ),
        (
            "p if { a := {\"x\": {\"y\": 1}}; a.x.z }",
            "undefined ref: a.x.z\n\ta.x.z\n\t    ^\n\t    have: \"z\"\n\t    want (one of): [\"y\"]",
        ),
        (
            "p if { x := 3; x.y }",
            "undefined ref: x.y\n\tx.y\n\t^\n\thave: number",
        ),
        (
            "p := {1, \"a\"}\nq if { p[_] == true }",
            "match error\n\tleft  : any<number, string>\n\tright : boolean",
        ),
    ];
    for (text, want) in cases {
        let errors = errors_of(text, &Options::default());
        let messages: Vec<_> = errors.iter().map(|error| error.message.as_str()).collect();
        assert_eq!(messages, [want], "{text}");
    }
}

#[test]
fn a_schema_describes_the_input() {
    let schema = r##"{
        "type": "object",
        "properties": {
            "user": {"$ref": "#/definitions/user"},
            "either": {"anyOf": [{"type": "string"}, {"type": "number"}]},
            "both": {"allOf": [
                {"type": "object", "properties": {"a": {"type": "string"}}},
                {"properties": {"b": {"type": "number"}}}
            ]},
            "open": {"type": "object", "additionalProperties": {"type": "string"}}
        },
        "definitions": {"user": {
            "type": "object",
            "properties": {"name": {"type": "string"}, "boss": {"$ref": "#/definitions/user"}}
        }}
    }"##;
    let mut schemas = Schemas::default();
    schemas.insert(Vec::new(), json::parse(schema).expect("the schema is JSON"));
    let options = Options {
        schemas: Some(&schemas),
        annotations: false,
    };
    let cases: [(&str, Option<&str>); 9] = [
        ("input.user.name == 1", Some("match error")),
        ("input.user.nam", Some("undefined ref: input.user.nam")),
        ("input.user.boss.name == \"a\"", None),
        ("input.either == true", Some("match error")),
        ("input.either == 1", None),
        ("input.both.b == \"a\"", Some("match error")),
        ("input.both.c", Some("undefined ref: input.both.c")),
        ("input.open.x == 1", None),
        ("input.user.x with input.user as {\"x\": 1}", None),
    ];
    for (literal, want) in cases {
        let errors = errors_of(&format!("p if {{ {literal} }}"), &options);
        let first = errors
            .first()
            .and_then(|error| error.message.lines().next());
        assert_eq!(first, want, "{literal}");
    }
}

#[test]
fn annotations_describe_what_they_stand_at() {
    let object = "{type: object, properties: {a: {type: string}}}";
    // What the annotations say, what follows them, and the rows of OPA's errors, where the first rule has row 1.
    let cases: [(&[&str], &str, &[u32]); 10] = [
        (
            &["input: OBJECT"],
            "r if { input.a == 1 }\nq if { input.a == 1 }",
            &[1],
        ),
        (
            &["input.x: OBJECT"],
            "r if { input.x.b == 1; input.y }",
            &[1],
        ),
        (
            &["input: OBJECT", "input.a: {type: number}"],
            "r if { input.a == \"x\" }",
            &[1],
        ),
        (
            &["input.a: {type: number}", "input: OBJECT"],
            "r if { input.a == 1 }",
            &[1],
        ),
        (
            &["data.t.q: {type: string}"],
            "r if { data.t.q == 1 }\nq := 1",
            &[1],
        ),
        (
            &["data.foo: OBJECT"],
            "r if { data.foo.b; data[x].z }",
            &[1],
        ),
        (
            &["input: OBJECT"],
            "r if { input.b with input as {\"b\": 1} }",
            &[],
        ),
        (
            &["input: OBJECT"],
            "r if { input.a } else if { input.y }",
            &[],
        ),
        (&["input: schema.missing"], "r if { input.b == 1 }", &[]),
        (
            &["input: {$ref: \"http://example.com/x.json\"}"],
            "r if { input.b }",
            &[1],
        ),
    ];
    let options = Options {
        schemas: None,
        annotations: true,
    };
    for (schemas, text, want) in cases {
        let lines = schemas
            .iter()
            .map(|schema| ["#   - ", &schema.replace("OBJECT", object), "\n"].concat());
        let lines: String = lines.collect();
        let errors = errors_of(&format!("# METADATA\n# schemas:\n{lines}{text}"), &options);
        let before = u32::try_from(schemas.len()).unwrap() + 3;
        let rows: Vec<u32> = errors.iter().map(|e| e.location.row - before).collect();
        assert_eq!(rows, want, "{schemas:?}\n{text}");
    }
}

#[test]
fn what_is_no_schema_is_refused() {
    let cases = [
        (r#"{"type": "foo"}"#, false),
        (r#"{"type": ["string", "null"]}"#, true),
        (r#"{"properties": {"a": 5}}"#, false),
        (r#"{"properties": {"type": {"type": "string"}}}"#, true),
        (r#"{"properties": {"a": true}}"#, true),
        (r#"{"required": [5]}"#, false),
        (r#"{"anyOf": [5]}"#, false),
        (r#"{"enum": 5}"#, false),
        (r#"{"additionalProperties": 5}"#, false),
        (r#"{"definitions": {"a": {"type": "foo"}}}"#, false),
        (r#"{"$ref": "other.json"}"#, false),
        (
            r##"{"$ref": "#/definitions/a", "type": "foo", "definitions": {"a": {}}}"##,
            true,
        ),
        (
            r#"{"$ref": "http://json-schema.org/draft-07/schema#"}"#,
            true,
        ),
        (
            r#"{"$id": "http://a.com/x.json", "properties": {"a": {"$ref": "x.json#/d"}}, "d": {}}"#,
            true,
        ),
    ];
    for (text, want) in cases {
        let schema = json::parse(text).expect("the schema is JSON");
        assert_eq!(super::schema::read(&schema).is_ok(), want, "{text}");
    }
}

#[test]
fn schemas_that_repeat_themselves_end() {
    let schema = r##"{"$ref": "#/d", "d": {
        "allOf": [{"$ref": "#/d"}, {"type": "object"}],
        "properties": {"x": {"allOf": [{"$ref": "#/d"}]}, "y": {"allOf": [{"$ref": "#/d"}]}}
    }}"##;
    let mut schemas = Schemas::default();
    schemas.insert(Vec::new(), json::parse(schema).expect("the schema is JSON"));
    let options = Options {
        schemas: Some(&schemas),
        annotations: false,
    };
    // It ends; what it says of it is of no matter.
    let _ = errors_of("p if input.x.y.x", &options);
}

#[test]
fn types_that_double_with_each_rule_stay_bounded() {
    let rules = (1..200).map(|n| format!("p{n} := [p{}, p{}]\n", n - 1, n - 1));
    let text = format!(
        "p0 := [1]\n{}q if p199 == p198\n",
        rules.collect::<String>()
    );
    assert_eq!(errors_of(&text, &Options::default()), []);
}

#[test]
fn a_query_is_checked_against_the_policy() {
    let checked = checked("p := 1");
    let (env, errors) = check(&checked.hir, &Options::default());
    assert_eq!(errors, []);
    let capabilities = check::Capabilities::default();
    let cases = [
        ("data.t.p == 1", 0),
        ("data.t.p == \"a\"", 0),
        ("data.t.p = \"a\"", 1),
        ("data.t.p.x", 1),
        ("data.u", 0),
    ];
    for (text, want) in cases {
        let file = File::new("query", text);
        let body = syntax::parse_query(&file, &syntax()).expect("the query is read");
        let context = check::QueryContext::default();
        let options = options(&capabilities);
        let query = check::query(&body, &file, &context, &checked, &options);
        let query = query.expect("the query is checked");
        assert_eq!(check_query(&query, &env).len(), want, "{text}");
    }
}

// === helpers ===

fn errors_of(text: &str, options: &Options<'_>) -> Vec<Diagnostic> {
    let checked = checked(text);
    check(&checked.hir, options).1
}

fn checked(text: &str) -> check::Checked {
    let file = File::new("t.rego", format!("package t\n{text}\n"));
    let module = syntax::parse_module(&file, &syntax()).expect(text);
    let capabilities = check::Capabilities::default();
    check::check(&[module], &options(&capabilities)).expect(text)
}

fn options(capabilities: &check::Capabilities) -> check::Options<'_> {
    check::Options {
        capabilities,
        strict: false,
        prints: true,
        max_errors: 0,
        data: None,
    }
}

fn syntax() -> syntax::Options {
    syntax::Options {
        version: RegoVersion::V1,
        future_keywords: false,
        process_annotations: true,
        ..syntax::Options::default()
    }
}
