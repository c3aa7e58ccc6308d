use crate::builtins::calls::{answers, call, call_within};
use crate::builtins::{Budget, Error};

const SCHEMA: &str = r"
interface Node { id: ID! }
enum Lang { EN DE }
scalar Date
type Person implements Node {
  id: ID! name(lang: Lang = EN): String friends(first: Int!, filter: Filter): [Person!]! pet: Pet best: Person
}
type Dog implements Node { id: ID! name: String }
type Cat implements Node { id: ID! name: String! }
union Pet = Dog | Cat
input Filter { max: Int! tags: [String!] date: Date }
input One @oneOf { a: Int b: String }
type Query { me: Person node(id: ID!): Node pick(one: One): Int }
type Subscription { on: Int off: Int }
";

fn valid(query: &str, schema: &str) -> String {
    let args = serde_json::json!([query, schema]).to_string();
    match call("graphql.is_valid", &args) {
        Ok(value) => value.to_string(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn queries_have_opas_trees() {
    answers(&[
        (
            "graphql.parse_query",
            r#"["{ # c\n a: b(x: $v, y: [1.5, \"\\u0041\"]) @d { ... on T { c } ...F } }"]"#,
            r##"{"Operations": [{"Name": "", "Operation": "query", "SelectionSet": [{
                "Alias": "a", "Name": "b", "Comment": {"List": [{"Value": "# c"}]},
                "Arguments": [
                    {"Name": "x", "Value": {"ExpectedTypeHasDefault": false, "Kind": 0, "Raw": "v"}},
                    {"Name": "y", "Value": {"ExpectedTypeHasDefault": false, "Kind": 8, "Raw": "", "Children": [
                        {"Name": "", "Value": {"ExpectedTypeHasDefault": false, "Kind": 2, "Raw": "1.5"}},
                        {"Name": "", "Value": {"ExpectedTypeHasDefault": false, "Kind": 3, "Raw": "A"}}]}}],
                "Directives": [{"Location": "", "Name": "d"}],
                "SelectionSet": [
                    {"TypeCondition": "T", "SelectionSet": [{"Alias": "c", "Name": "c"}]},
                    {"Name": "F"}]}]}]}"##,
        ),
        ("graphql.parse_query", r##"["# only"]"##, "{}"),
        (
            "graphql.parse_query",
            r#"["{a(x: 01)}"]"#,
            "graphql.parse_query: a number begins with 0 and goes on; leave the 0 out (line 1, column 7)",
        ),
        ("graphql.parse_query", r#"["{a(x: \"\\q\")}"]"#, "fails"),
        (
            "graphql.parse_query",
            "[5]",
            "graphql.parse_query: operand 1 must be string but got number",
        ),
    ]);
}

#[test]
fn schemas_have_opas_trees() {
    answers(&[(
        "graphql.parse_schema",
        r##"["# c\n\"d\" type A { \"x\" a(b: Int = 1 @d): [Int!]! # z\n } # end"]"##,
        r##"{"Comment": {"List": [{"Value": "# end"}]}, "Definitions": [{
            "BeforeDescriptionComment": {"List": [{"Value": "# c"}]},
            "BuiltIn": false, "Description": "d", "Kind": "OBJECT", "Name": "A",
            "EndOfDefinitionComment": {"List": [{"Value": "# z"}]},
            "Fields": [{
                "Arguments": [{
                    "DefaultValue": {"ExpectedTypeHasDefault": false, "Kind": 1, "Raw": "1"}, "Description": "",
                    "Directives": [{"Location": "", "Name": "d"}], "Name": "b",
                    "Type": {"NamedType": "Int", "NonNull": false}}],
                "Description": "x", "Name": "a",
                "Type": {"Elem": {"NamedType": "Int", "NonNull": true}, "NamedType": "", "NonNull": true}}]}]}"##,
    )]);
}

#[test]
fn a_query_that_keeps_the_rules_is_valid() {
    for query in [
        "{ me { name(lang: DE) friends(first: 1, filter: {max: 1, date: {any: [1]}}) { id } } }",
        "query Q($f: Int = 1) { me { friends(first: $f) { id } } }",
        "{ node(id: 1) { ... on Dog { name } ... on Cat { meow: name } } }",
        "{ me { pet { ... on Dog { name } ... F } } } fragment F on Cat { id }",
        "{ __schema { types { name } } __type(name: \"Person\") { name } __typename }",
        "{ pick(one: {a: 1}) me { ... @include(if: true) { id } } }",
        "",
    ] {
        assert_eq!(valid(query, SCHEMA), "true", "{query}");
    }
}

#[test]
fn a_query_that_breaks_one_rule_is_not() {
    for query in [
        "{ me { nope } }",
        "{ me }",
        "{ me { name { x } } }",
        "{ node { id } }",
        "{ node(id: 1, id: 2) { id } }",
        "{ node(id: 1, x: 2) { id } }",
        "{ node(id: null) { id } }",
        "{ node(id: 1.5) { id } }",
        "{ me { name(lang: FR) } }",
        "{ me { name(lang: \"EN\") } }",
        "{ me { friends(first: 1, filter: {}) { id } } }",
        "{ me { friends(first: 1, filter: {max: 1, max: 1}) { id } } }",
        "{ me { friends(first: 99999999999999999999) { id } } }",
        "{ pick(one: {a: 1, b: \"\"}) }",
        "query ($a: Int) { pick(one: {a: $a}) }",
        "query ($f: Int) { me { friends(first: $f) { id } } }",
        "query ($f: Person) { me { friends(first: $f) { id } } }",
        "query ($f: Int!) { me { id } }",
        "query ($f: Int!, $f: Int!) { me { friends(first: $f) { id } } }",
        "{ me { friends(first: $f) { id } } }",
        "{ me { id @nope } }",
        "{ me { id @skip } }",
        "{ me { id @skip(if: true) @skip(if: true) } }",
        "query @skip(if: true) { me { id } }",
        "{ me { ... on Dog { id } } }",
        "{ me { ... on Int { id } } }",
        "{ me { ... on Nope { id } } }",
        "{ me { ...F } }",
        "{ me { id } } fragment F on Person { id }",
        "{ me { ...F } } fragment F on Person { best { ...F } }",
        "{ me { ...F } } fragment F on Person { id } fragment F on Person { id }",
        "{ me { id } } { me { id } }",
        "query Q { me { id } } query Q { me { id } }",
        "mutation { me { id } }",
        "subscription { on off }",
        "subscription { __typename }",
        "{ me { id: name id } }",
        "{ me { name(lang: EN) name(lang: DE) } }",
        "{ node(id: 1) { ... on Dog { name } ... on Cat { name } } }",
        "{ me { best { x: id } ...F } } fragment F on Person { best { x: name } }",
        "{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }",
    ] {
        assert_eq!(valid(query, SCHEMA), "false", "{query}");
    }
}

#[test]
fn a_schema_that_breaks_a_rule_is_not_valid() {
    let rows = [
        ("", true),
        ("extend type New { a: Int }", true),
        ("directive @skip on FIELD", true),
        ("scalar Int", false),
        ("type A { a: Int } type A { a: Int }", false),
        ("type A { a: Int a: Int }", false),
        ("type A { a: Nope }", false),
        ("type A { __a: Int }", false),
        ("type A", false),
        ("enum E { true }", false),
        ("enum E { A A }", false),
        ("union U = Int", false),
        ("type A { a: Int } union U = A | A", false),
        ("input I { i: I! }", false),
        ("input I { i: [I!]! }", true),
        ("input I { j: J! } input J { i: I! }", false),
        ("type A { a(b: A): Int }", false),
        (
            "interface N { a: Int } type A implements N { b: Int }",
            false,
        ),
        (
            "interface N { a: Int } type A implements N { a: Int! }",
            true,
        ),
        ("directive @d(a: Int @d) on FIELD", false),
        ("type A { a: Int @deprecated @deprecated }", false),
        ("type A @deprecated { a: Int }", false),
        ("schema { query: Nope }", false),
        ("type A { a: Int } extend input A { b: Int }", false),
    ];
    for (schema, want) in rows {
        let args = serde_json::json!([schema]).to_string();
        answers(&[("graphql.schema_is_valid", &args, &want.to_string())]);
    }
}

#[test]
fn errors_name_the_thing_and_what_to_do() {
    let rows = [
        (
            "{ me { nope } }",
            "type A { a: Int }",
            "the schema has no root type for \"query\"; give it one, or ask for another operation",
        ),
        (
            "{ a b }",
            "type Query { a: Int }",
            "the type \"Query\" has no field \"b\"; ask for one that it has",
        ),
        (
            "{ a(b: [1]) }",
            "type Query { a(b: Int): Int }",
            "a list is no value of type \"Int\"; write one that is",
        ),
        (
            "{ a",
            "",
            "a name has to stand in place of the end of the text (line 1, column 4)",
        ),
        (
            "{ a }",
            "type A { a Int }",
            "`:` has to stand in place of the name \"Int\" (line 1, column 12)",
        ),
        (
            "{ a }",
            "type Query @skip(if: true) { a: Int }",
            "the directive \"@skip\" is not for OBJECT; leave it out or define it for that",
        ),
        (
            "{ a }",
            "interface N { a: Int } type A implements N { b: Int }",
            "the field \"A.a\" has to be as in the interface \"N\"; define it",
        ),
    ];
    for (query, schema, want) in rows {
        let args = serde_json::json!([query, schema]).to_string();
        answers(&[("graphql.parse", &args, &format!("graphql.parse: {want}"))]);
    }
}

#[test]
fn trees_stand_for_the_text_they_were_read_from() {
    let query = call("graphql.parse_query", r#"["{ me { id } }"]"#).expect("a tree");
    let schema = serde_json::json!([SCHEMA]).to_string();
    let schema = call("graphql.parse_schema", &schema).expect("a tree");
    let args = format!("[{query}, {schema}]");
    let trees = format!("[{query}, {schema}]");
    answers(&[
        ("graphql.is_valid", &args, "true"),
        ("graphql.parse", &args, &trees),
        ("graphql.schema_is_valid", &format!("[{schema}]"), "true"),
    ]);
}

/// OPA takes keys in any case, and drops selections that it cannot read: a query that nobody understood is no query.
#[test]
fn trees_of_another_form_are_as_much_as_can_be_read() {
    let schema = r#""type Query {a: Int}""#;
    let rows = [
        (
            r#"{"operations": [{"Operation": "query", "SelectionSet": [{"Name": "a", "zzz": 1}]}]}"#,
            "true",
        ),
        (
            r#"{"Operations": [{"Operation": "query", "SelectionSet": [{"TypeCondition": "Query"}]}]}"#,
            "false",
        ),
        (
            r#"{"Operations": [{"Operation": "query", "SelectionSet": ["a"]}]}"#,
            "false",
        ),
        (r#"{"Operations": [{"Operation": 1}]}"#, "false"),
        ("{}", "true"),
        ("5", "false"),
    ];
    for (tree, want) in rows {
        answers(&[("graphql.is_valid", &format!("[{tree}, {schema}]"), want)]);
    }
}

#[test]
fn depth_and_work_are_bounded() {
    for depth in [190, 50_000] {
        let query = format!(
            "{{me{}{}}}",
            "{best".repeat(depth) + "{id}",
            "}".repeat(depth)
        );
        assert_eq!(valid(&query, SCHEMA), (depth == 190).to_string(), "{depth}");
        let value = format!("{{me(x: {}1{})}}", "[".repeat(depth), "]".repeat(depth));
        assert_eq!(valid(&value, SCHEMA), "false");
        let of = format!(
            "type A {{ a: {}Int{} }}",
            "[".repeat(depth),
            "]".repeat(depth)
        );
        let args = serde_json::json!([of]).to_string();
        answers(&[(
            "graphql.schema_is_valid",
            &args,
            &(depth == 190).to_string(),
        )]);
    }
    let links = (0..1_000).map(|at| {
        let next = at + 1;
        format!("fragment F{at} on Person {{ best {{ ...F{next} }} }}")
    });
    let chain = links.collect::<Vec<_>>().join(" ");
    let query = format!("{{ me {{ ...F0 }} }} {chain} fragment F1000 on Person {{ id }}");
    assert_eq!(valid(&query, SCHEMA), "false");

    let mut budget = Budget::default();
    budget.steps = 500;
    let args = serde_json::json!(["{ me { id } }", SCHEMA]).to_string();
    let answer = call_within(&mut budget, "graphql.is_valid", &args);
    assert_eq!(answer, Err(Error::Cancelled), "the schema alone takes more");
}

/// What OPA 1.22 answers: where it asks for less than the specification, and where for as much.
#[test]
fn fields_of_one_name_are_one_field_of_the_answer() {
    const SCHEMA: &str = "
        interface N { a: [Int] b: Int n: N } interface P { p: Int } interface Q { p: Int }
        interface R implements P & Q { p: Int }
        type A implements N { a: [Int] b: Int c: Int l: [Int]! s: String o: A n: N }
        type B implements N { a: [Int] b: Int c: Int! l: [Int] s: Int o: B n: N }
        union U = A | B type Query { n: N u: U p: P r: R }";
    let rows = [
        ("{ u { ... on A { x: l } ... on B { x: l } } }", true),
        ("{ u { ... on A { x: c } ... on B { x: c } } }", false),
        ("{ u { ... on A { x: s } ... on B { x: s } } }", false),
        ("{ u { ... on A { x: s } ... on B { x: o { b } } } }", true),
        ("{ u { ... on A { x: l } ... on B { x: b } } }", false),
        (
            "{ u { ... on A { x: o { y: b } } ... on B { x: o { y: s } } } }",
            true,
        ),
        (
            "{ u { ... on A { x: o { y: s } } ... on B { x: o { y: b } } } }",
            false,
        ),
        (
            "{ u { ... on A { x: n { y: b } } ... on B { x: n { y: a } } } }",
            false,
        ),
        (
            "{ n { x: n { b } ...F } } fragment F on A { x: n { b: n { b } } }",
            false,
        ),
        ("{ n { x: __typename x: b } }", false),
        ("{ n { b } n { x: b b: b } }", true),
        // Both may be of an interface, though no object is.
        ("{ p { ... on Q { p } } }", true),
        ("{ r { ... on P { p } } }", false),
    ];
    for (query, want) in rows {
        assert_eq!(valid(query, SCHEMA), want.to_string(), "{query}");
    }
}

#[test]
fn a_variable_stands_for_what_its_type_may() {
    const SCHEMA: &str = "type Query { a(x: [[Int!]], y: Int! = 1, z: Int!): Int }";
    let rows = [
        ("$v: [[Int!]!]!", "x: $v, z: 1", true),
        ("$v: [[Int]]", "x: $v, z: 1", false),
        ("$v: [Int!]", "x: $v, z: 1", false),
        ("$v: [[[Int!]]]", "x: $v, z: 1", false),
        ("$v: [Int!]", "x: [$v], z: 1", true),
        ("$v: Int", "x: [[$v]], z: 1", false),
        ("$v: Int", "y: $v, z: 1", true),
        ("$v: Int", "z: $v", false),
        ("$v: Int = 1", "z: $v", true),
        ("$v: Int = null", "z: $v", false),
    ];
    for (variable, arguments, want) in rows {
        let query = format!("query ({variable}) {{ a({arguments}) }}");
        assert_eq!(valid(&query, SCHEMA), want.to_string(), "{query}");
    }
}

/// Two fields of each fragment spread the next one: 2 to the power of 40 ways through it.
#[test]
fn fields_are_compared_once_however_many_ways_lead_to_them() {
    let links = (0..40).map(|at| {
        let next = at + 1;
        format!("fragment F{at} on T {{ a {{ ...F{next} }} b {{ ...F{next} }} }}")
    });
    let links = links.collect::<Vec<_>>().join(" ");
    let query = format!("{{ t {{ ...F0 }} }} {links} fragment F40 on T {{ c }}");
    let schema = "type T { a: T b: T c: Int } type Query { t: T }";
    assert_eq!(valid(&query, schema), "true");
}
