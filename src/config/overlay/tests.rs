//! Tables of `--set` texts and the trees they make.

use super::*;
use crate::config::effective::json;
use crate::data::yaml;

fn overlaid(yaml: &str, text: &str) -> Result<String, String> {
    let mut tree = yaml::parse(yaml).expect("valid YAML");
    set(&mut tree, text).map(|()| json(&tree))
}

#[test]
fn set_is_written_as_helm_writes_it() {
    let table = [
        ("", "a=1", r#"{"a":1}"#),
        (
            "",
            "a=1,b=x,c=true,d=null,e=",
            r#"{"a":1,"b":"x","c":true,"d":null,"e":""}"#,
        ),
        ("", "a.b.c=false", r#"{"a":{"b":{"c":false}}}"#),
        (
            "",
            "a=0,b=007,c=-5,d=1.5,e=9999999999999999999",
            r#"{"a":0,"b":"007","c":-5,"d":"1.5","e":"9999999999999999999"}"#,
        ),
        ("", r"a\.b=1", r#"{"a.b":1}"#),
        (
            "",
            r"plugins.envoy\.ext_authz\.grpc.addr=:9191",
            r#"{"plugins":{"envoy.ext_authz.grpc":{"addr":":9191"}}}"#,
        ),
        ("", r"a=x\,y", r#"{"a":"x,y"}"#),
        ("", r"a=x\\y", r#"{"a":"x\\y"}"#),
        ("", "a=b=c", r#"{"a":"b=c"}"#),
        ("", "a={1,b,true}", r#"{"a":[1,"b",true]}"#),
        ("", "a={}", r#"{"a":[]}"#),
        ("", "a={x},b=2", r#"{"a":["x"],"b":2}"#),
        ("", "a[1]=x", r#"{"a":[null,"x"]}"#),
        ("", "a[0].b=1,a[0].c=2", r#"{"a":[{"b":1,"c":2}]}"#),
        ("", "a[0][1]=1", r#"{"a":[[null,1]]}"#),
        (
            "a: 1\nb: {c: 2, d: 3}",
            "b.c=x",
            r#"{"a":1,"b":{"c":"x","d":3}}"#,
        ),
        ("a: [1, 2]", "a[0]=9", r#"{"a":[9,2]}"#),
        ("a: [1, 2]", "a=3", r#"{"a":3}"#),
        ("a:", "a.b=3", r#"{"a":{"b":3}}"#),
        ("", "a=1,", r#"{"a":1}"#),
        (
            "",
            "a=grpc://0.0.0.0:9191",
            r#"{"a":"grpc://0.0.0.0:9191"}"#,
        ),
    ];
    for (yaml, text, want) in table {
        assert_eq!(overlaid(yaml, text).as_deref(), Ok(want), "`{text}`");
    }
}

#[test]
fn what_is_wrong_in_a_set_is_named_without_its_value() {
    let table = [
        ("", "a", "`a` has no value; write `key=value`"),
        ("", "a.b", "`a.b` has no value; write `key=value`"),
        ("", "a,b=1", "`a` has no value; write `key=value`"),
        ("", "=secret", "``: a name is empty"),
        ("", "a..b=secret", "`a`: a name is empty"),
        ("", "a[x]=secret", "`a[x]`: not an index up to 65536"),
        (
            "",
            "a[99999999]=secret",
            "`a[99999999]`: not an index up to 65536",
        ),
        ("", "a={secret", "a list has no closing `}`"),
        ("", "a={x}secret", "a comma is missing behind a list"),
        (
            "a: 1",
            "a.b=secret",
            "`a` is not a section, so it has no `b`",
        ),
        ("a: {}", "a[0]=secret", "`a` is not a list"),
    ];
    for (yaml, text, want) in table {
        assert_eq!(overlaid(yaml, text), Err(want.to_owned()), "`{text}`");
    }
}

#[test]
fn set_file_takes_the_content_as_a_string() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("token");
    std::fs::write(&file, "  12 \n").expect("written");
    let mut tree = yaml::parse("").expect("empty");
    set_file(&mut tree, &format!("a.b={}", file.display())).expect("set");
    assert_eq!(json(&tree), r#"{"a":{"b":"12"}}"#);
    let error = set_file(&mut tree, "a.b=does-not-exist").expect_err("no such file");
    assert!(
        error.starts_with("`a.b`: `does-not-exist` cannot be read: "),
        "{error}"
    );
}
