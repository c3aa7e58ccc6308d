//! Mask rules by example, most of them after recorded behaviour of the peer.

use super::*;

fn value(json: &str) -> Value {
    crate::data::read::json_value(json.as_bytes()).expect("json")
}

fn event() -> Maskable {
    Maskable {
        input: Some(value(
            r#"{"attributes":{"headers":{"x y":"2","x/y":"1","x~1y":"3"}},"parsed_path":["a","b"],
                "parsed_query":{"token":["t"]},"version":{"encoding":"e"},"truncated":false,
                "parsed_body":{"list":[{"pin":"1"},{"pin":"2"}],"password":"p","n":null}}"#,
        )),
        result: Some(value(
            r#"{"allowed":true,"headers":{"x-secret":"h"},"list":[1,2,3]}"#,
        )),
        nd_builtin_cache: Some(value(
            r#"{"rand.intn":{"[\"a/b\",2]":1},"opa.runtime":{"[]":{"env":{"KEY":"k"}}}}"#,
        )),
    }
}

/// Applies `rules` and returns what changed at `path`, and the two lists.
#[track_caller]
fn check(rules: &str, change: impl Fn(&mut Maskable), erased: &[&str], masked: &[&str]) {
    let mut got = event();
    let done = got.apply(&value(rules)).expect(rules);
    let mut want = event();
    change(&mut want);
    assert_eq!(got, want, "{rules}");
    assert_eq!(done.erased, erased, "{rules}");
    assert_eq!(done.masked, masked, "{rules}");
}

fn input(json: &'static str) -> impl Fn(&mut Maskable) {
    move |event| {
        let (Some(Value::Object(old)), Value::Object(patch)) = (&event.input, value(json)) else {
            panic!("both are objects");
        };
        let members = old.iter().chain(patch.iter());
        let members = members.map(|(key, value)| (key.clone(), value.clone()));
        event.input = Some(Value::Object(members.collect()));
    }
}

fn nothing(_: &mut Maskable) {}

#[test]
fn removal() {
    let all = r#"{"parsed_body":{"list":[{"pin":"2"}],"password":"p","n":null}}"#;
    check(
        r#"["/input/parsed_body/list/0"]"#,
        input(all),
        &["/input/parsed_body/list/0"],
        &[],
    );
    check(
        r#"["/input/parsed_body/list/1/pin"]"#,
        input(r#"{"parsed_body":{"list":[{"pin":"1"},{}],"password":"p","n":null}}"#),
        &["/input/parsed_body/list/1/pin"],
        &[],
    );
    check(r#"["/input"]"#, |e| e.input = None, &["/input"], &[]);
    check(
        r#"["/input", "/input/parsed_path"]"#,
        |e| e.input = None,
        &["/input"],
        &[],
    );
    check(
        r#"["/result/list/1", {"op":"remove","path":"/result/headers/x-secret","why":1}]"#,
        |e| e.result = Some(value(r#"{"allowed":true,"headers":{},"list":[1,3]}"#)),
        &["/result/list/1", "/result/headers/x-secret"],
        &[],
    );
}

#[test]
fn removal_where_the_peer_passes_over_in_silence() {
    check(
        r#"["/input/parsed_path/0"]"#,
        input(r#"{"parsed_path":["b"]}"#),
        &["/input/parsed_path/0"],
        &[],
    );
    check(
        r#"["/input/parsed_query/token/0"]"#,
        input(r#"{"parsed_query":{"token":[]}}"#),
        &["/input/parsed_query/token/0"],
        &[],
    );
    check(
        r#"["/input/version/encoding"]"#,
        input(r#"{"version":{}}"#),
        &["/input/version/encoding"],
        &[],
    );
    check(
        r#"["/input/attributes/headers/x y", "/input/attributes/headers/x%2Fy"]"#,
        input(r#"{"attributes":{"headers":{"x~1y":"3"}}}"#),
        &[
            "/input/attributes/headers/x y",
            "/input/attributes/headers/x%2Fy",
        ],
        &[],
    );
}

#[test]
fn paths_that_are_not_there_change_nothing() {
    for path in [
        "/input/parsed_body/list/9",
        "/input/parsed_body/list/-1",
        "/input/parsed_body/list/x",
        "/input/parsed_body/list/00",
        "/input//parsed_path",
        "/input/%zz",
        "/input/truncated/x",
        "/nd_builtin_cache/time.now_ns",
    ] {
        check(&format!("[{path:?}]"), nothing, &[], &[]);
    }
}

#[test]
fn what_built_ins_gave_is_masked_too() {
    let calls =
        |json: &'static str| move |event: &mut Maskable| event.nd_builtin_cache = Some(value(json));
    check(
        r#"["/nd_builtin_cache/opa.runtime"]"#,
        calls(r#"{"rand.intn":{"[\"a/b\",2]":1}}"#),
        &["/nd_builtin_cache/opa.runtime"],
        &[],
    );
    check(
        r#"["/nd_builtin_cache/opa.runtime/[]/env/KEY"]"#,
        calls(r#"{"rand.intn":{"[\"a/b\",2]":1},"opa.runtime":{"[]":{"env":{}}}}"#),
        &["/nd_builtin_cache/opa.runtime/[]/env/KEY"],
        &[],
    );
    check(
        r#"[{"op":"upsert","path":"/nd_builtin_cache/rand.intn/[\"a%2Fb\",2]","value":0}]"#,
        calls(r#"{"rand.intn":{"[\"a/b\",2]":0},"opa.runtime":{"[]":{"env":{"KEY":"k"}}}}"#),
        &[],
        &["/nd_builtin_cache/rand.intn/[\"a%2Fb\",2]"],
    );
}

#[test]
fn upsert() {
    check(
        r#"[{"op":"upsert","path":"/input/parsed_path/0","value":"x"}]"#,
        input(r#"{"parsed_path":["x","b"]}"#),
        &[],
        &["/input/parsed_path/0"],
    );
    check(
        r#"[{"op":"upsert","path":"/input/extra/deep/er","value":{"a":[1]}}]"#,
        input(r#"{"extra":{"deep":{"er":{"a":[1]}}}}"#),
        &[],
        &["/input/extra/deep/er"],
    );
    check(
        r#"[{"op":"upsert","path":"/input/truncated"}]"#,
        input(r#"{"truncated":null}"#),
        &[],
        &["/input/truncated"],
    );
    for path in [
        "/input/parsed_body/list/9",
        "/input/truncated/x",
        "/input/parsed_body/n/x",
    ] {
        check(
            &format!(r#"[{{"op":"upsert","path":{path:?},"value":1}}]"#),
            nothing,
            &[],
            &[],
        );
    }
}

#[test]
fn rules_of_a_set_come_in_its_order() {
    let rules = [
        value(r#"{"op":"upsert","path":"/input/new","value":1}"#),
        value(r#""/input/new""#),
    ];
    let mut got = event();
    let done = got
        .apply(&Value::Set(rules.into_iter().collect()))
        .expect("rules");
    assert_eq!(
        (done.erased.len(), done.masked),
        (0, vec!["/input/new".to_owned()])
    );
}

#[test]
fn an_input_that_is_not_there_survives_an_upsert() {
    for input in [None, Some(Value::Null)] {
        let mut event = Maskable {
            input: input.clone(),
            ..Maskable::default()
        };
        let rules = value(r#"[{"op":"upsert","path":"/input/a/b","value":1}, "/input/a"]"#);
        assert_eq!(event.apply(&rules), Ok(Masked::default()));
        assert_eq!(event.input, input);
    }
}

#[test]
fn a_set_in_the_result_is_masked_as_the_array_it_is_shown_as() {
    let set = Value::Set([Value::from("b"), Value::from("a")].into_iter().collect());
    let mut event = Maskable {
        result: Some(set),
        ..Maskable::default()
    };
    event.apply(&value(r#"["/result/0"]"#)).expect("rules");
    assert_eq!(event.result, Some(value(r#"["b"]"#)));
}

#[test]
fn a_malformed_rule_is_an_error_and_changes_nothing() {
    for rules in [
        r#"{"a":1}"#,
        "true",
        r#"["/"]"#,
        r#"["input/parsed_path"]"#,
        r#"["/labels/id"]"#,
        r#"[""]"#,
        "[7]",
        r#"[{"op":"replace","path":"/input"}]"#,
        r#"[{"path":"/input"}]"#,
        r#"[{"op":"remove"}]"#,
        r#"[{"op":"remove","path":1}]"#,
        r#"["/input/parsed_body","nope"]"#,
    ] {
        let mut got = event();
        got.apply(&value(rules)).expect_err(rules);
        assert_eq!(got, event(), "{rules}");
    }
}
