//! Calls and what OPA 1.22 answers to them.

use std::fmt::Write as _;

use crate::builtins::testing::{Case, answer, holds};

const CASES: &[Case] = &[
    (
        "yaml.unmarshal",
        r#"["a: b\u0085c:\u0085  - d\u0085\u0085    e"]"#,
        r#"{"a": "b", "c": ["d\ne"]}"#,
    ),
    ("yaml.unmarshal", r#"["\ufeff\ufeffa"]"#, r#""a""#),
    (
        "yaml.unmarshal",
        r#"["[\ufeffa, b\ufeff, '\ufeff\ue000']"]"#,
        "[\"\u{feff}a\", \"b\u{feff}\", \"\u{feff}\u{e000}\"]",
    ),
    ("yaml.unmarshal", r#"["a? b: c?"]"#, r#"{"a? b": "c?"}"#),
    ("yaml.is_valid", r#"["{?: ~}"]"#, "false"),
    ("yaml.is_valid", r#"["[a, {b: c?d}]"]"#, "false"),
    ("yaml.is_valid", r#"["- &a [|]"]"#, "false"),
    ("yaml.is_valid", r#"["[b, ':c', '?']"]"#, "true"),
    ("yaml.is_valid", r##"["# b\n \t\na"]"##, "false"),
    (
        "yaml.marshal",
        r#"["a\u0085b \u0085 \u0085c"]"#,
        r#""|-\n  a b\n  c\n""#,
    ),
    ("yaml.marshal", r#"["\ta\nb"]"#, r#""|-\n  \ta\n  b\n""#),
    (
        "yaml.marshal",
        r#"[{"x": [{"a\nb": {"c": [1]}, "d": 2}]}]"#,
        r#""x:\n  - ? |-\n      a\n      b\n    : c:\n        - 1\n    d: 2\n""#,
    ),
    ("yaml.is_valid", r#"["[]x"]"#, "false"),
    ("yaml.is_valid", r#"["a\n---\nb: ["]"#, "false"),
    ("yaml.is_valid", r#"["a\n...\nb"]"#, "false"),
    ("yaml.unmarshal", r#"["a\n---\nb"]"#, r#""a""#),
    (
        "yaml.marshal",
        r#"[{"b":1,"a":[1,2.50,null,true,"x"]}]"#,
        r#""a:\n  - 1\n  - 2.5\n  - null\n  - true\n  - x\nb: 1\n""#,
    ),
    (
        "yaml.marshal",
        r#"[{"a":{"b":{"c":[1,[2,3],{"d":4,"e":5}]}}}]"#,
        r#""a:\n  b:\n    c:\n      - 1\n      - - 2\n        - 3\n      - d: 4\n        e: 5\n""#,
    ),
    (
        "yaml.marshal",
        r#"[{"a10":1,"a2":2,"a02":3,"a-1":4,"aB":5,"a1b":6,"a1-":7,"10":8,"9":9,"[":10,"é":11,"a10b":12,"_":13}]"#,
        r#""'[': 10\n_: 13\n\"9\": 9\n\"10\": 8\na-1: 4\na1b: 6\na1-: 7\na2: 2\na02: 3\na10: 1\na10b: 12\naB: 5\né: 11\n""#,
    ),
    (
        "yaml.marshal",
        "[[-0, 1e400, -1e400, 1e-400, 1e21]]",
        r#""- 0\n- 1e400\n- -1e400\n- 0\n- 1e+21\n""#,
    ),
    ("yaml.marshal", "[[]]", r#""[]\n""#),
    ("yaml.marshal", "[{}]", r#""{}\n""#),
    (
        "yaml.marshal",
        r#"[{"a":[],"b":{}}]"#,
        r#""a: []\nb: {}\n""#,
    ),
    ("yaml.marshal", r#"["a"]"#, r#""a\n""#),
    ("yaml.marshal", "[1]", r#""1\n""#),
    ("yaml.marshal", "[null]", r#""null\n""#),
    ("yaml.marshal", "[{1,2}]", r#""- 1\n- 2\n""#),
    (
        "yaml.marshal",
        r##"[["","yes","no","on","true","null","~","1","1.5","0x1","a: b","a #b","#a","- a","a:","*a","&a","!a","|a",">a","%a","@a","`a","'a","\"a"," a","a ","a'b","a\"b","{a","[a","a,b","?","? a","-","--- a","=","<<",".5","1e5","0o7","017","1_000","2001-01-01","y","n","Y","off","OFF","é","😀","NaN",".nan",".inf","+1","-1","-a",":a","a\tb","1:30","012","0b1"]]"##,
        r#""- \"\"\n- \"yes\"\n- \"no\"\n- \"on\"\n- \"true\"\n- \"null\"\n- \"~\"\n- \"1\"\n- \"1.5\"\n- \"0x1\"\n- 'a: b'\n- 'a #b'\n- '#a'\n- '- a'\n- 'a:'\n- '*a'\n- '&a'\n- '!a'\n- '|a'\n- '>a'\n- '%a'\n- '@a'\n- '`a'\n- '''a'\n- '\"a'\n- ' a'\n- 'a '\n- a'b\n- a\"b\n- '{a'\n- '[a'\n- a,b\n- '?'\n- '? a'\n- '-'\n- '--- a'\n- =\n- <<\n- \".5\"\n- \"1e5\"\n- \"0o7\"\n- \"017\"\n- \"1_000\"\n- \"2001-01-01\"\n- \"y\"\n- \"n\"\n- \"Y\"\n- \"off\"\n- \"OFF\"\n- é\n- \"\\U0001F600\"\n- NaN\n- \".nan\"\n- \".inf\"\n- \"+1\"\n- \"-1\"\n- -a\n- :a\n- \"a\\tb\"\n- \"1:30\"\n- \"012\"\n- \"0b1\"\n""#,
    ),
    ("yaml.marshal", r#"["a\nb"]"#, r#""|-\n  a\n  b\n""#),
    ("yaml.marshal", r#"["a\nb\n"]"#, r#""|\n  a\n  b\n""#),
    ("yaml.marshal", r#"["a\nb\n\n"]"#, r#""|+\n  a\n  b\n\n""#),
    (
        "yaml.marshal",
        r#"[{"k":"a\nb\n","z":"\na"}]"#,
        r#""k: |\n  a\n  b\nz: |2-\n\n  a\n""#,
    ),
    (
        "yaml.marshal",
        r#"[{"k":"  a\nb\n"}]"#,
        r#""k: |2\n    a\n  b\n""#,
    ),
    (
        "yaml.marshal",
        r#"[{"k":"a \nb\n"}]"#,
        r#""k: \"a \\nb\\n\"\n""#,
    ),
    (
        "yaml.marshal",
        r#"["\u0001\u007f\u0085\u00a0\u2028\ufeff"]"#,
        "error: yaml.marshal: yaml: control characters are not allowed",
    ),
    (
        "yaml.marshal",
        r#"[{"yes":1,"1":2,"a b":3,"":4}]"#,
        r#""\"\": 4\n\"1\": 2\na b: 3\n\"yes\": 1\n""#,
    ),
    (
        "yaml.marshal",
        r#"[{"k":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb ccccccccccccccccccccccccccc ddddddddddddddd"}]"#,
        r#""k: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb ccccccccccccccccccccccccccc ddddddddddddddd\n""#,
    ),
    (
        "yaml.marshal",
        r#"[{"k":"aaaa: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb ccccccccccccccccccccccccccc ddddddddddddddd"}]"#,
        r#""k: 'aaaa: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb ccccccccccccccccccccccccccc ddddddddddddddd'\n""#,
    ),
    ("yaml.marshal", "[1e30]", r#""1e+30\n""#),
    (
        "yaml.marshal",
        "[123456789012345678901234567890]",
        r#""1.2345678901234568e+29\n""#,
    ),
    ("yaml.marshal", "[1234567.5]", r#""1.2345675e+06\n""#),
    ("yaml.marshal", "[0.00001]", r#""1e-05\n""#),
    ("yaml.marshal", "[1.0]", r#""1\n""#),
    ("yaml.marshal", "[1e3]", r#""1000\n""#),
    (
        "yaml.marshal",
        r#"[[[[1]],[{"a":[{"b":1}]}]]]"#,
        r#""- - - 1\n- - a:\n      - b: 1\n""#,
    ),
    (
        "yaml.unmarshal",
        r#"["a: 1\nb: [x, yes, ~]\n"]"#,
        r#"{"a": 1, "b": ["x", "yes", null]}"#,
    ),
    ("yaml.unmarshal", r#"["a: 1\na: 2"]"#, r#"{"a": 2}"#),
    ("yaml.unmarshal", r#"["a: |\n  é"]"#, r#"{"a": "é"}"#),
    ("yaml.unmarshal", r#"["a: |+\n  x"]"#, r#"{"a": "x"}"#),
    ("yaml.unmarshal", r#"["a: |-\n  x\n\n  "]"#, r#"{"a": "x"}"#),
    (
        "yaml.unmarshal",
        r#"["a: |+\n  x\n\n  "]"#,
        r#"{"a": "x\n\n"}"#,
    ),
    ("yaml.unmarshal", r#"["a: >\n  x"]"#, r#"{"a": "x"}"#),
    ("yaml.unmarshal", r#"["a: |\n  x\n  "]"#, r#"{"a": "x\n"}"#),
    (
        "yaml.unmarshal",
        r#"["a: |\n  x\nb: x"]"#,
        r#"{"a": "x\n", "b": "x"}"#,
    ),
    ("yaml.unmarshal", r#"["a: |\n  x\n# x"]"#, r#"{"a": "x\n"}"#),
    (
        "yaml.unmarshal",
        r#"["- |\n  x\n- >\n  x"]"#,
        r#"["x\n", "x"]"#,
    ),
    ("yaml.unmarshal", r#"[""]"#, "null"),
    ("yaml.unmarshal", r#"["1: a"]"#, r#"{"1": "a"}"#),
    (
        "yaml.unmarshal",
        r#"["true: a\n1.5: b\n"]"#,
        r#"{"1.5": "b", "true": "a"}"#,
    ),
    (
        "yaml.unmarshal",
        r#"["a: &x [1]\nb: *x"]"#,
        r#"{"a": [1], "b": [1]}"#,
    ),
    (
        "yaml.unmarshal",
        r#"["a: &x {k: 1}\nb: {<<: *x, z: 2}"]"#,
        r#"{"a": {"k": 1}, "b": {"k": 1, "z": 2}}"#,
    ),
    (
        "yaml.unmarshal",
        r#"["a: 0x10\nb: 017\nc: 0o17\nd: 1_000\ne: 1e3\nf: .5\ng: 1.50\nh: 0b11"]"#,
        r#"{"a": 16, "b": 15, "c": 15, "d": 1000, "e": 1000, "f": 0.5, "g": 1.5, "h": 3}"#,
    ),
    (
        "yaml.unmarshal",
        r#"["a: 2001-01-01\nb: 2001-01-01T00:00:00Z"]"#,
        r#"{"a": "2001-01-01", "b": "2001-01-01T00:00:00Z"}"#,
    ),
    (
        "yaml.unmarshal",
        r#"["a: yes\nb: on\nc: y\nd: Off\ne: TRUE"]"#,
        r#"{"a": "yes", "b": "on", "c": "y", "d": "Off", "e": true}"#,
    ),
    (
        "yaml.unmarshal",
        r#"["a: !!str 1\nb: !!int \"3\"\nc: !!binary aGk=\nd: !foo x"]"#,
        r#"{"a": "1", "b": 3, "c": "hi", "d": "x"}"#,
    ),
    (
        "yaml.unmarshal",
        r#"["a: 99999999999999999999\nb: -9223372036854775808\nc: 18446744073709551615"]"#,
        r#"{"a": 100000000000000000000, "b": -9223372036854775808, "c": 18446744073709551615}"#,
    ),
    (
        "yaml.unmarshal",
        r#"["a: |\n  x\n  y\nb: >\n  x\n  y\n"]"#,
        r#"{"a": "x\ny\n", "b": "x y\n"}"#,
    ),
    (
        "yaml.unmarshal",
        r#"["---\na: 1\n---\nb: 2\n"]"#,
        r#"{"a": 1}"#,
    ),
    (
        "yaml.unmarshal",
        r#"["{\"a\": 1.0, \"b\": 1e5}"]"#,
        r#"{"a": 1, "b": 100000}"#,
    ),
    (
        "yaml.unmarshal",
        r#"["a: 123456789012345678.123456789"]"#,
        r#"{"a": 123456789012345680}"#,
    ),
    (
        "yaml.unmarshal",
        r#"["- 1\n- - 2\n  - 3\n"]"#,
        "[1, [2, 3]]",
    ),
    ("yaml.is_valid", r#"["a: 1"]"#, "true"),
    ("yaml.is_valid", r#"["{a"]"#, "false"),
    ("yaml.is_valid", r#"[""]"#, "true"),
    ("yaml.is_valid", r#"["a: .inf"]"#, "false"),
    ("yaml.is_valid", r#"["a\n---\nb"]"#, "true"),
    ("yaml.is_valid", r#"["a\n---\nb: [c\nd"]"#, "false"),
    ("yaml.is_valid", r#"["a\n---\nb: *x"]"#, "false"),
    ("yaml.is_valid", r#"["2.50]\nb: {c: ~}"]"#, "false"),
    ("yaml.is_valid", r#"["[1]\n2"]"#, "false"),
    ("yaml.is_valid", r#"["\u007f"]"#, "false"),
    ("yaml.is_valid", r#"["\"a\u0080\""]"#, "false"),
];

#[test]
fn calls_are_answered_as_opa_answers_them() {
    holds(CASES);
}

#[test]
fn what_is_no_yaml_or_has_no_form_in_json_is_an_error() {
    for text in ["~: a", "[a]: b", "a: .inf", "a: .nan", "{a: 1", "a: b: c"] {
        let args = format!("[{}]", serde_json::json!(text));
        let answer = answer("yaml.unmarshal", &args);
        assert!(
            answer.starts_with("error: yaml.unmarshal: "),
            "{text}: {answer}"
        );
    }
}

#[test]
fn aliases_that_would_unfold_to_billions_are_refused() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let below = format!("*a{}", level - 1);
        let items = vec![below; 9].join(", ");
        _ = writeln!(text, "a{level}: &a{level} [{items}]");
    }
    let args = format!("[{}]", serde_json::json!(text));
    let want = "error: yaml.unmarshal: yaml: aliases add too many values; write fewer of them";
    assert_eq!(answer("yaml.unmarshal", &args), want);
}

#[test]
fn a_long_key_stands_alone_and_one_that_is_too_long_is_refused() {
    for (length, wanted) in [(128, ": 1"), (129, "? "), (1022, "? "), (1023, "error")] {
        let key = "k".repeat(length);
        let given = answer("yaml.marshal", &format!(r#"[{{"{key}": 1}}]"#));
        assert!(given.contains(wanted), "{length}: {given}");
    }
    let escaped = "<".repeat(171);
    let given = answer("yaml.marshal", &format!(r#"[{{"{escaped}": 1}}]"#));
    assert!(given.starts_with("error"), "{given}");
}
