//! Calls and what OPA 1.22 answers to them.

use crate::builtins::testing::{Case, holds};

const CASES: &[Case] = &[
    (
        "strings.render_template",
        r#"["{{1.}} {{-.5}} {{1e3}} {{0x10}} {{eq 1. 1.0}}",{}]"#,
        r#""1 -0.5 1000 16 true""#,
    ),
    (
        "strings.render_template",
        r#"["hello {{.name}}",{"name":"x"}]"#,
        r#""hello x""#,
    ),
    (
        "strings.render_template",
        r#"["{{.a.b}} {{.c}}",{"a":{"b":1},"c":[1,2]}]"#,
        r#""1 [1 2]""#,
    ),
    (
        "strings.render_template",
        r#"["{{range .xs}}<{{.}}>{{end}}",{"xs":[1,"a",true]}]"#,
        r#""<1><a><true>""#,
    ),
    (
        "strings.render_template",
        r#"["{{range $i, $e := .xs}}{{$i}}={{$e}},{{end}}",{"xs":["a","b"]}]"#,
        r#""0=a,1=b,""#,
    ),
    (
        "strings.render_template",
        r#"["{{range $i, $e := .xs}}{{$i}}={{$e}},{{end}}",{"xs":{"k":1,"a":2}}]"#,
        r#""a=2,k=1,""#,
    ),
    (
        "strings.render_template",
        r#"["{{if .a}}yes{{else}}no{{end}}",{"a":false}]"#,
        r#""no""#,
    ),
    (
        "strings.render_template",
        r#"["{{with .a}}{{.b}}{{else}}none{{end}}",{"a":{"b":7}}]"#,
        r#""7""#,
    ),
    (
        "strings.render_template",
        r#"["{{- .a -}}  x",{"a":1}]"#,
        r#""1x""#,
    ),
    (
        "strings.render_template",
        r#"["{{/* c */}}x",{}]"#,
        r#""x""#,
    ),
    (
        "strings.render_template",
        r#"["{{len .a}}",{"a":[1,2]}]"#,
        r#""2""#,
    ),
    (
        "strings.render_template",
        r#"["{{index .a 1}} {{index .m \"k\"}}",{"a":[1,2],"m":{"k":"v"}}]"#,
        r#""2 v""#,
    ),
    (
        "strings.render_template",
        r#"["{{and .a .b}} {{or .a .b}} {{not .a}}",{"a":0,"b":2}]"#,
        r#""2 0 false""#,
    ),
    (
        "strings.render_template",
        r#"["{{.}}",{"a":1}]"#,
        r#""map[a:1]""#,
    ),
    (
        "strings.render_template",
        r#"["{{.a}}",{"a":{"b":[1,null]}}]"#,
        r#""map[b:[1 <nil>]]""#,
    ),
    (
        "strings.render_template",
        r#"["{{range .xs}}a{{else}}none{{end}}",{"xs":[]}]"#,
        r#""none""#,
    ),
    (
        "strings.render_template",
        r#"["{{eq .a \"x\" \"y\"}}",{"a":"y"}]"#,
        r#""true""#,
    ),
    (
        "strings.render_template",
        r#"["{{.a}}",{"a":100000000000000000000000}]"#,
        r#""100000000000000000000000""#,
    ),
    (
        "strings.render_template",
        r#"["{{.a}} {{.b}}",{"a":"x\"y","b":["x",{"k":"v"}]}]"#,
        r#""x\"y [x map[k:v]]""#,
    ),
    (
        "strings.render_template",
        r#"["{{range $k, $v := .a}}{{$k}}{{$v}}{{end}}",{"a":{"z":1,"b":2}}]"#,
        r#""b2z1""#,
    ),
    (
        "strings.render_template",
        r#"["{{eq .a .b}}",{"a":1,"b":1}]"#,
        r#""true""#,
    ),
    (
        "strings.render_template",
        r#"["{{eq .a.b 1}} {{eq .a .b}}",{}]"#,
        r#""false true""#,
    ),
    (
        "strings.render_template",
        r#"["{{.a.b}}-{{.c}}",{}]"#,
        r#""<undefined>-<undefined>""#,
    ),
    (
        "strings.render_template",
        r#"["{{if .a}}T{{else}}F{{end}}{{if .b}}T{{else}}F{{end}}{{if .c}}T{{else}}F{{end}}{{if .d}}T{{else}}F{{end}}",{"a":0,"b":"","c":[],"d":1}]"#,
        r#""TFFT""#,
    ),
];

#[test]
fn calls_are_answered_as_opa_answers_them() {
    holds(CASES);
}
