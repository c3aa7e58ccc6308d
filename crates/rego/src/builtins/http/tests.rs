//! Arguments of `http.send` and what comes of them, with the words of OPA 1.22 where scripts may know them.

use std::collections::HashMap;

use super::{Request, Response};
use crate::builtins::testing::{read, show};
use crate::builtins::{Budget, Caches, Context, Error, Outside, Question, Reply, get};
use crate::value::Value;

/// Answers every request with one response, and counts.
#[derive(Debug, Default)]
struct Host {
    response: Response,
    asked: usize,
    fails: bool,
}

impl Outside for Host {
    fn ask(&mut self, question: &Question) -> Reply {
        self.asked += 1;
        let Question::HttpSend(Value::Object(asked)) = question else {
            return Reply::Later;
        };
        if self.fails {
            return Reply::Answer(Err(Error::Failed("connection refused".to_owned())));
        }
        let request = Request::read(asked).expect("the built-in has read it before");
        Reply::Answer(Ok(self.response.answer(&request)))
    }
}

/// The answers to calls of one query.
fn send(host: &mut Host, requests: &[&str]) -> Vec<Result<Value, Error>> {
    let builtin = get("http.send").expect("a known name");
    let mut memo = HashMap::new();
    let mut budget = Budget::default();
    let mut context = Context {
        budget: &mut budget,
        now_ns: 0,
        seed: 0,
        runtime: &Value::Null,
        caches: &Caches::default(),
        outside: Some(host),
        memo: &mut memo,
    };
    let call = |request: &&str| builtin.call(&mut context, &[&read(request)]);
    requests.iter().map(call).collect()
}

fn response(kind: &str, body: &str) -> Response {
    Response {
        status: "200 OK".to_owned(),
        code: 200,
        headers: vec![
            ("Content-Type".to_owned(), kind.to_owned()),
            ("X-A".to_owned(), "b".to_owned()),
            ("x-a".to_owned(), "c".to_owned()),
        ],
        body: body.into(),
    }
}

#[test]
fn a_body_has_a_value_where_its_type_says_so() {
    let table = [
        ("application/json", "", r#"{"a": 1.50}"#, r#"{"a": 1.50}"#),
        ("application/json; charset=utf-8", "", "[1]", "[1]"),
        ("application/vnd.x+json", "", "[1]", "[1]"),
        ("application/json", "", r#"{"a":"#, "null"),
        ("application/json", "", "", "null"),
        (
            "application/yaml",
            "",
            "a: 1\nb: yes\n",
            r#"{"a": 1, "b": "yes"}"#,
        ),
        ("application/x-yaml", "", "[a]", r#"["a"]"#),
        ("text/plain", "", "1", "null"),
        ("text/plain", r#", "force_json_decode": true"#, "1", "1"),
        (
            "text/plain",
            r#", "force_yaml_decode": true"#,
            "a: b",
            r#"{"a": "b"}"#,
        ),
    ];
    for (kind, more, body, want) in table {
        let mut host = Host {
            response: response(kind, body),
            ..Host::default()
        };
        let request = format!(r#"{{"method": "get", "url": "http://a/"{more}}}"#);
        let answer = send(&mut host, &[&request]).remove(0).expect("an answer");
        let Value::Object(answer) = answer else {
            panic!("an object is expected");
        };
        let got = answer.get_str("body").map(show);
        assert_eq!(got.as_deref(), Some(want), "{kind} {more} {body}");
        let headers = answer.get_str("headers").map(show);
        let headers = headers.unwrap_or_default();
        assert!(headers.ends_with(r#""x-a": ["b", "c"]}"#), "{headers}");
    }
}

#[test]
fn what_is_wrong_with_a_request_is_said() {
    let table = [
        (
            r#"{"method": "get"}"#,
            r#"operand 1 missing required request parameters(s): {"url"}"#,
        ),
        (
            r#"{"method": "get", "url": "u", "zz": 1, "yy": 2}"#,
            r#"operand 1 invalid request parameters(s): {"yy", "zz"}"#,
        ),
        (r#"{"method": 2, "url": 1}"#, r#""method" must be a string"#),
        (
            r#"{"method": "get", "url": "u", "headers": []}"#,
            "invalid type for headers key",
        ),
        (
            r#"{"method": "get", "url": "u", "headers": {"A": 1}}"#,
            r#"invalid type for headers value "1""#,
        ),
        (
            r#"{"method": "get", "url": "u", "timeout": "1x"}"#,
            r#"invalid timeout value "1x""#,
        ),
        (
            r#"{"method": "get", "url": "u", "cache": 1}"#,
            r#"invalid value for "cache" field"#,
        ),
        (
            r#"{"method": "get", "url": "u", "raise_error": 1}"#,
            "invalid value for raise_error field",
        ),
        (
            r#"{"method": "get", "url": "u", "max_retry_attempts": "x"}"#,
            r#"invalid value "x" for field "max_retry_attempts""#,
        ),
        (
            r#"{"method": "get", "url": "u", "force_cache": true}"#,
            "'force_cache' set but 'force_cache_duration_seconds' parameter is missing",
        ),
    ];
    for (request, want) in table {
        let mut host = Host::default();
        let error = send(&mut host, &[request]).remove(0).expect_err(request);
        assert_eq!(error.to_string(), format!("http.send: {want}"), "{request}");
        assert_eq!(host.asked, 0, "{request}");
    }
}

#[test]
fn without_raise_error_a_failure_is_a_response() {
    let mut host = Host {
        fails: true,
        ..Host::default()
    };
    let table = [
        (
            r#"{"method": "get", "url": "u", "raise_error": false}"#,
            "eval_http_send_network_error",
        ),
        (
            r#"{"method": "get", "url": "u", "raise_error": false, "headers": 1}"#,
            "eval_http_send_internal_error",
        ),
    ];
    for (request, code) in table {
        let answer = send(&mut host, &[request])
            .remove(0)
            .map(|value| show(&value));
        let answer = answer.expect("a response");
        assert!(answer.contains(code), "{answer}");
        assert!(answer.ends_with(r#""status_code": 0}"#), "{answer}");
    }
}

#[test]
fn a_query_sends_a_request_once_and_ignored_headers_do_not_tell_apart() {
    let mut host = Host::default();
    let plain = r#"{"method": "get", "url": "u"}"#;
    let one =
        r#"{"method": "get", "url": "u", "headers": {"a": "1"}, "cache_ignored_headers": ["a"]}"#;
    let two =
        r#"{"method": "get", "url": "u", "headers": {"a": "2"}, "cache_ignored_headers": ["a"]}"#;
    let three = r#"{"method": "get", "url": "u", "headers": {"a": "3"}}"#;
    let answers = send(&mut host, &[plain, plain, one, two, three]);
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    assert_eq!(host.asked, 3);
}
