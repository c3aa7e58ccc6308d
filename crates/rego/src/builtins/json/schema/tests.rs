use crate::builtins::calls::{answers, call, call_within};
use crate::builtins::{Budget, Error};
use crate::value::Value;

#[test]
fn problems_are_what_opa_tells() {
    let rows = [
        (
            r#"{"a": 1}, {"required": ["b"]}"#,
            "(Root) required: b is required",
        ),
        (
            r#"{"a": 1}, {"properties": {"a": {"minimum": 12345678901234.5}}}"#,
            "a number_gte: Must be greater than or equal to 1.23456789012345e+13",
        ),
        (
            r#"{"a": 1}, {"properties": {"a": {"multipleOf": 0.3}}}"#,
            "a multiple_of: Must be a multiple of 0.3",
        ),
        (
            r#"{"a": 0.9}, {"properties": {"a": {"multipleOf": 0.3}}}"#,
            "",
        ),
        (
            r#""5", {"type": "string"}"#,
            "(Root) invalid_type: Invalid type. Expected: string, given: integer",
        ),
        (
            r#"[5], {"items": {"enum": [1.0, "a", {"b": 1e2}]}}"#,
            r#"0 enum: 0 must be one of the following: 1, "a", {"b":100}"#,
        ),
        (
            r#"{"a": [1, 1, 2]}, {"properties": {"a": {"uniqueItems": true, "contains": {"type": "string"}, "maxItems": 2}}}"#,
            "a array_max_items: Array must have at most 2 items\n\
             a unique: array items[0,1] must be unique\n\
             a contains: At least one of the items must match\n\
             a.0 invalid_type: Invalid type. Expected: string, given: integer",
        ),
        (
            r#"{"a": 1, "b": "x"}, {"anyOf": [{"type": "null"}, {"properties": {"a": {"type": "string"}, "b": {"type": "string"}}}]}"#,
            "(Root) number_any_of: Must validate at least one schema (anyOf)\n\
             a invalid_type: Invalid type. Expected: string, given: integer",
        ),
    ];
    for (args, want) in rows {
        assert_eq!(told(args), want, "{args}");
    }
}

#[test]
fn a_schema_that_is_none_is_refused() {
    let wrong = |reason: &str| format!(r#"[false, "jsonschema: {reason}"]"#);
    let rows = [
        ("[{}]", "[true, null]".to_owned()),
        (r#"["true"]"#, "[true, null]".to_owned()),
        ("[true]", wrong("wrong type, expected string or object")),
        ("[[1]]", wrong("schema is invalid")),
        (r#"["{"]"#, wrong("invalid JSON string")),
        (
            r#"[{"minLength": 1.0}]"#,
            wrong("minLength must be of an integer"),
        ),
        (
            r#"[{"items": [{"type": 1}, 5]}]"#,
            wrong("Invalid type. Expected: type, given: string/Array Of Strings"),
        ),
        (
            r#"[{"items": [5, {"type": 1}]}]"#,
            wrong("Invalid type. Expected: Valid Schema/Array Of Schemas, given: items"),
        ),
        (
            r#"[{"minLength": 5, "maxLength": 1, "pattern": "("}]"#,
            wrong("minLength cannot be greater than maxLength"),
        ),
        (
            r#"[{"minProperties": 5, "maxProperties": 1, "required": 1}]"#,
            wrong("minProperties cannot be greater than maxProperties"),
        ),
        (
            r#"[{"minItems": 5, "maxItems": 1}]"#,
            "[true, null]".to_owned(),
        ),
        (
            r#"[{"minimum": 1, "exclusiveMinimum": true, "maximum": "a"}]"#,
            wrong("maximum must be of a Number"),
        ),
        (
            r#"[{"exclusiveMinimum": true}]"#,
            wrong("exclusiveMinimum cannot be used without minimum"),
        ),
        (
            r#"[{"maximum": 4, "exclusiveMaximum": false}]"#,
            "[true, null]".to_owned(),
        ),
        (
            r#"[{"id": 1, "$id": 2}]"#,
            wrong("Invalid type. Expected: string, given: id"),
        ),
        (
            r#"[{"$schema": "http://json-schema.org/draft-06/schema#", "if": 1, "minimum": 1, "exclusiveMinimum": true}]"#,
            wrong("Invalid type. Expected: number, given: exclusiveMinimum"),
        ),
        (
            r#"[{"$schema": "http://json-schema.org/draft-04/schema#", "const": 1, "contains": 1, "propertyNames": 1}]"#,
            "[true, null]".to_owned(),
        ),
        (
            r##"[{"$ref": "#/definitions/a", "definitions": {"a": {}}, "type": 2}]"##,
            "[true, null]".to_owned(),
        ),
        (
            r#"[{"pattern": "(?!x)"}]"#,
            wrong("pattern must be a valid regex"),
        ),
        (
            r##"[{"$ref": "#/definitions/x"}]"##,
            wrong("Object has no key 'definitions'"),
        ),
        (
            r#"[{"$ref": "http://example.com/x.json"}]"#,
            wrong("remote reference loading disabled: http://example.com/x.json"),
        ),
        (
            r#"[{"$schema": "http://json-schema.org/draft-04/schema#", "properties": {"a": true}}]"#,
            wrong("Expected: Valid Schema, given: Invalid JSON"),
        ),
    ];
    for (args, want) in rows {
        answers(&[("json.verify_schema", args, &want)]);
    }
}

/// OPA takes a name that nothing has for the schema itself, and then dies of it.
#[test]
fn a_reference_to_nothing_and_one_to_itself_are_errors() {
    for schema in [
        r##"{"$ref": "#nosuch"}"##,
        r##"{"$ref": "#"}"##,
        r##"{"$ref": "#/definitions/a", "definitions": {"a": {"$ref": "#/definitions/b"}, "b": {"$ref": "#/definitions/a"}}}"##,
    ] {
        let got = call("json.match_schema", &format!("[{{}}, {schema}]"));
        assert!(matches!(got, Err(Error::Failed(_))), "{schema}: {got:?}");
    }
}

#[test]
fn names_of_parts_count_from_the_document_around_them() {
    let schema = r#"{"$id": "http://x.org/a/root.json", "items": {"$ref": "part.json#/definitions/n"},
        "definitions": {"part": {"$id": "part.json", "definitions": {"n": {"type": "number"}}}}}"#;
    assert_eq!(told(&format!("[1], {schema}")), "");
    assert_ne!(told(&format!(r#"["a"], {schema}"#)), "");
}

#[test]
fn forms_are_as_loose_as_in_opa() {
    let rows = [
        ("email", "a@b.c", true),
        ("email", "Bob <a@b.c>", true),
        ("email", "a@b@c", false),
        ("date-time", "2020-01-01", true),
        ("date-time", "2020-01-01T00:00:00.5+01:00", true),
        ("date", "2020-02-30", false),
        ("ipv4", "1.2.3.4", true),
        ("ipv4", "1.2.3", false),
        ("ipv6", "::1", true),
        ("hostname", "-bad", false),
        ("uri", "/a", false),
        ("uri-reference", "/a", true),
        ("uri-template", "{x", false),
        ("uuid", "00000000-0000-4000-8000-000000000000", true),
        ("regex", "(", false),
        ("json-pointer", "/a~2", false),
        ("relative-json-pointer", "01", false),
        ("no such form", "x", true),
    ];
    for (form, text, want) in rows {
        let args = format!(r#"["{text}"], {{"items": {{"format": "{form}"}}}}"#);
        assert_eq!(told(&args).is_empty(), want, "{form} {text}");
    }
}

#[test]
fn depth_and_work_are_bounded() {
    let deep = format!("{}1{}", "[".repeat(5_000), "]".repeat(5_000));
    let schema = r##"{"items": {"$ref": "#"}}"##;
    let got = call("json.match_schema", &format!(r#"["{deep}", {schema}]"#));
    assert!(matches!(got, Err(Error::Halt(_))), "{got:?}");

    let levels = (1..60).map(|level| {
        let below = format!(r##"{{"$ref": "#/definitions/l{}"}}"##, level - 1);
        format!(r#", "l{level}": {{"allOf": [{below}, {below}]}}"#)
    });
    let levels = levels.collect::<Vec<_>>().concat();
    let levels = format!(r#""l0": {{"type": "null"}}{levels}"#);
    let schema = format!(r##"{{"definitions": {{{levels}}}, "$ref": "#/definitions/l59"}}"##);
    let mut budget = Budget::default();
    budget.steps = 100_000;
    let got = call_within(
        &mut budget,
        "json.match_schema",
        &format!("[{{}}, {schema}]"),
    );
    assert_eq!(got, Err(Error::Cancelled));
}

/// Each fault, in the order in which OPA 1.22 looks for them: of two it tells the first.
const FAULTS: &[(&str, &str)] = &[
    (r#""$id": 1"#, "Invalid type. Expected: string, given: $id"),
    (
        r#""definitions": 1"#,
        "Invalid type. Expected: Array Of Schemas, given: definitions",
    ),
    (
        r#""title": 1"#,
        "Invalid type. Expected: string, given: title",
    ),
    (
        r#""description": 1"#,
        "Invalid type. Expected: string, given: description",
    ),
    (
        r#""$ref": 1"#,
        "Invalid type. Expected: string, given: $ref",
    ),
    (
        r#""type": 1"#,
        "Invalid type. Expected: type, given: string/Array Of Strings",
    ),
    (r#""properties": 1"#, "Properties must be of type object"),
    (
        r#""additionalProperties": 1"#,
        "Invalid type. Expected: boolean/Valid Schema, given: additionalProperties",
    ),
    (
        r#""patternProperties": 1"#,
        "Invalid type. Expected: Valid Schema, given: patternProperties",
    ),
    (
        r#""propertyNames": 1"#,
        "Invalid type. Expected: Valid Schema, given: patternProperties",
    ),
    (
        r#""dependencies": 1"#,
        "dependencies must be of type object",
    ),
    (
        r#""items": 1"#,
        "Invalid type. Expected: Valid Schema/Array Of Schemas, given: items",
    ),
    (
        r#""additionalItems": 1"#,
        "Invalid type. Expected: boolean/Valid Schema, given: additionalItems",
    ),
    (
        r#""multipleOf": 0"#,
        "multipleOf must be strictly greater than 0",
    ),
    (r#""minimum": "a""#, "minimum must be of a Number"),
    (
        r#""exclusiveMinimum": "a""#,
        "Invalid type. Expected: boolean/number, given: exclusiveMinimum",
    ),
    (r#""maximum": "a""#, "maximum must be of a Number"),
    (
        r#""exclusiveMaximum": "a""#,
        "Invalid type. Expected: boolean/number, given: exclusiveMaximum",
    ),
    (r#""minLength": "a""#, "minLength must be of an integer"),
    (r#""maxLength": "a""#, "maxLength must be of an integer"),
    (r#""pattern": "(""#, "pattern must be a valid regex"),
    (
        r#""format": 1"#,
        "Invalid type. Expected: string, given: format",
    ),
    (
        r#""minProperties": "a""#,
        "minProperties must be of an integer",
    ),
    (
        r#""maxProperties": "a""#,
        "maxProperties must be of an integer",
    ),
    (r#""required": 1"#, "required must be of an array"),
    (r#""minItems": "a""#, "minItems must be of an integer"),
    (r#""maxItems": "a""#, "maxItems must be of an integer"),
    (r#""uniqueItems": 1"#, "uniqueItems must be of a boolean"),
    (
        r#""contains": {"title": 1}"#,
        "Invalid type. Expected: string, given: title",
    ),
    (r#""enum": 1"#, "enum must be of an array"),
    (r#""oneOf": 1"#, "oneOf must be of an array"),
    (r#""anyOf": 1"#, "anyOf must be of an array"),
    (r#""allOf": 1"#, "allOf must be of an array"),
    (r#""not": 1"#, "not must be of an object"),
    (r#""if": 1"#, "if must be of an object"),
    (r#""then": 1"#, "then must be of an object"),
    (r#""else": 1"#, "else must be of an object"),
];

#[test]
fn of_two_faults_the_one_is_told_that_opa_tells() {
    for (at, (first, told)) in FAULTS.iter().enumerate() {
        for (second, _) in FAULTS.iter().skip(at) {
            let schema = if first == second {
                format!("{{{first}}}")
            } else {
                format!("{{{first}, {second}}}")
            };
            let answer = call("json.verify_schema", &format!("[{schema}]")).expect("an answer");
            let want = Value::from(vec![false.into(), format!("jsonschema: {told}").into()]);
            assert_eq!(answer, want, "{schema}");
        }
    }
}

/// The problems of a document and a schema, one a line.
fn told(args: &str) -> String {
    let answer = call("json.match_schema", &format!("[{args}]")).expect("an answer");
    let Some(Value::Array(problems)) = answer.get(&Value::from(1_i64)) else {
        panic!("{args}: {answer:?}");
    };
    let line = |problem: &Value| {
        let part = |key| {
            problem
                .get_str(key)
                .and_then(Value::as_str)
                .expect("a text")
        };
        let (field, desc) = (part("field"), part("desc"));
        assert_eq!(part("error"), format!("{field}: {desc}"));
        format!("{field} {}: {desc}", part("type"))
    };
    let lines: Vec<String> = problems.iter().map(line).collect();
    lines.join("\n")
}
