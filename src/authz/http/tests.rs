//! Answers: what a decision, and what a failure, is over HTTP.

use super::*;
use crate::decision::DecisionId;

fn answer(responder: &HttpResponder, decision: &str) -> Result<Response, CheckError> {
    let value = crate::data::read::json_value(decision.as_bytes()).expect("JSON");
    let verdict = Verdict::read(&value)?;
    let id = DecisionId::random().expect("randomness");
    let context = Context {
        version: ApiVersion::V3,
        id: &id,
        request_header: &|_| None,
    };
    responder.verdict(&verdict, context)
}

fn status(decision: &str) -> u16 {
    let responder = HttpResponder::default();
    let answer = answer(&responder, decision);
    answer
        .unwrap_or_else(|error| responder.error(&error, ApiVersion::V3))
        .status()
        .as_u16()
}

#[test]
fn the_status_is_the_decision() {
    let table = [
        ("true", 200),
        ("false", 403),
        (r#"{"allowed": true, "http_status": 401}"#, 200),
        (r#"{"allowed": false}"#, 403),
        (r#"{"allowed": false, "http_status": 401}"#, 401),
        (r#"{"allowed": false, "http_status": 302}"#, 302),
        // Successes, and what Envoy takes for a failure to decide.
        (r#"{"allowed": false, "http_status": 100}"#, 403),
        (r#"{"allowed": false, "http_status": 200}"#, 403),
        (r#"{"allowed": false, "http_status": 204}"#, 403),
        (r#"{"allowed": false, "http_status": 226}"#, 403),
        (r#"{"allowed": false, "http_status": 503}"#, 403),
        // No decision at all.
        (r#"{"allowed": "true"}"#, 500),
        ("1", 500),
    ];
    for (decision, want) in table {
        assert_eq!(status(decision), want, "{decision}");
    }
}

#[test]
fn what_http_cannot_say_is_a_failure_and_no_allow() {
    for decision in [
        r#"{"allowed": true, "headers": {"x-a": "1\nx-b: 2"}}"#,
        r#"{"allowed": true, "headers": {"x a": "1"}}"#,
        r#"{"allowed": true, "headers": {":path": "/"}}"#,
        r#"{"allowed": true, "headers": {"content-length": "5"}}"#,
        r#"{"allowed": true, "headers": {"Transfer-Encoding": "chunked"}}"#,
        r#"{"allowed": true, "response_headers_to_add": {"x-a": "\r"}}"#,
        r#"{"allowed": true, "request_headers_to_remove": ["x-a\nx-b: 2"]}"#,
        r#"{"allowed": true, "query_parameters_to_set": {"a": "1"}}"#,
        r#"{"allowed": true, "query_parameters_to_remove": ["a"]}"#,
        r#"{"allowed": false, "headers": {"x-a": "\n"}}"#,
    ] {
        assert_eq!(status(decision), 500, "{decision}");
    }
}

#[test]
fn an_allow_carries_its_headers() {
    let decision = r#"{
        "allowed": true,
        "headers": {"x-user": "alice", "x-role": ["a", "b"]},
        "response_headers_to_add": {"set-cookie": ["c=1", "d=2"]},
        "request_headers_to_remove": ["x-one", "x-two"],
        "body": "not for an allow"
    }"#;
    let response = answer(&HttpResponder::default(), decision).expect("sendable");
    let all = |name: &str| -> Vec<_> { response.headers().get_all(name).iter().collect() };
    assert_eq!(all("x-user"), ["alice"]);
    assert_eq!(all("x-role"), ["a", "b"]);
    assert_eq!(all("set-cookie"), ["c=1", "d=2"]);
    assert_eq!(all("x-envoy-auth-headers-to-remove"), ["x-one,x-two"]);
}

#[test]
fn a_dry_run_passes_denials_without_what_they_say_and_fails_as_ever() {
    let responder = HttpResponder {
        dry_run: true,
        decision_id_header: Some("x-decision".to_owned()),
    };
    let denial = r#"{"allowed": false, "http_status": 401, "headers": {"x-a": "1"}}"#;
    let response = answer(&responder, denial).expect("sendable");
    assert_eq!(response.status(), StatusCode::OK);
    assert!(!response.headers().contains_key("x-a"));
    assert!(response.headers().contains_key("x-decision"));
    assert!(answer(&responder, "1").is_err());
}

#[test]
fn a_failure_is_never_a_success() {
    for (stage, want) in [
        (Stage::Request, 400),
        (Stage::Refused, 403),
        (Stage::Deadline, 504),
        (Stage::Unavailable, 503),
        (Stage::Evaluation, 500),
        (Stage::Result, 500),
        (Stage::Answer, 500),
        (Stage::Internal, 500),
    ] {
        let error = CheckError {
            stage,
            code: "code",
            message: "the operator's business".to_owned(),
            location: None,
        };
        let responder = HttpResponder {
            dry_run: true,
            ..HttpResponder::default()
        };
        let response = responder.error(&error, ApiVersion::V3);
        assert_eq!(response.status().as_u16(), want, "{stage:?}");
    }
}

#[test]
fn the_callers_patience_is_read() {
    let patience = |value: &str| {
        let mut headers = HeaderMap::new();
        headers.insert(EXPECTED_TIMEOUT, value.parse().expect("a value"));
        patience(&headers)
    };
    assert_eq!(patience("200"), Some(Duration::from_millis(200)));
    for value in ["", "0", "-1", "1.5", "soon", "18446744073709551616"] {
        assert_eq!(patience(value), None, "{value}");
    }
}

#[test]
fn requests_in_flight_take_no_more_room_than_there_is() {
    let max_body = BODIES / 2;
    let room = |max_checks| {
        Room::new(HttpOptions {
            max_body,
            max_checks,
            forwarded_headers: false,
        })
    };
    let of_unknown_size =
        || Body::from_stream(futures_util::stream::pending::<Result<Bytes, std::io::Error>>());

    let by_count = room(1);
    let held = by_count.enter(&Body::empty(), max_body).expect("room");
    let refusal = by_count.enter(&Body::empty(), max_body).unwrap_err();
    assert_eq!(refusal.0, StatusCode::SERVICE_UNAVAILABLE);
    drop(held);
    let again = by_count.enter(&Body::empty(), max_body);
    assert!(again.is_ok(), "{again:?}");

    let by_size = room(100);
    let _held = [(); 2].map(|()| by_size.enter(&of_unknown_size(), max_body).expect("room"));
    by_size.enter(&of_unknown_size(), max_body).unwrap_err();
    let small = by_size.enter(&Body::empty(), max_body);
    assert!(small.is_ok(), "{small:?}");
}
