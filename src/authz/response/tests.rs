//! Answers, decoded by the generated types of Envoy's API.

use envoy_types::pb::envoy::config::core::v3::HeaderValueOption;
use envoy_types::pb::envoy::service::auth::v3::CheckResponse;
use envoy_types::pb::envoy::service::auth::v3::check_response::HttpResponse;
use envoy_types::pb::google::protobuf::value::Kind;
use prost::Message;

use super::*;

const STAGES: [Stage; 8] = [
    Stage::Request,
    Stage::Refused,
    Stage::Deadline,
    Stage::Unavailable,
    Stage::Evaluation,
    Stage::Result,
    Stage::Answer,
    Stage::Internal,
];

fn decode(reply: &Reply) -> CheckResponse {
    let Reply::Framed(frame) = reply else {
        panic!("a gRPC error: {reply:?}")
    };
    let length = u32::from_be_bytes([frame[1], frame[2], frame[3], frame[4]]);
    assert_eq!((frame[0], length as usize), (0, frame.len() - 5));
    CheckResponse::decode(&frame[5..]).expect("a CheckResponse")
}

fn answer_with(
    responder: &Responder,
    version: ApiVersion,
    decision: &str,
) -> Result<Reply, CheckError> {
    let value = data::read::json_value(decision.as_bytes()).expect("JSON");
    let verdict = Verdict::read(&value)?;
    let id = DecisionId::random().expect("randomness");
    let request_header = |name: &str| (name == "x-present").then_some("client");
    responder.verdict(
        &verdict,
        Context {
            version,
            id: &id,
            request_header: &request_header,
        },
    )
}

fn answer(decision: &str) -> CheckResponse {
    decode(&answer_with(&Responder::default(), ApiVersion::V3, decision).expect("an answer"))
}

fn code(response: &CheckResponse) -> i32 {
    response.status.as_ref().expect("a status").code
}

fn ok_headers(response: CheckResponse) -> Vec<HeaderValueOption> {
    match response.http_response {
        Some(HttpResponse::OkResponse(ok)) => ok.headers,
        other => panic!("no ok_response: {other:?}"),
    }
}

#[test]
fn no_error_of_any_stage_is_an_allow() {
    for error_response in [false, true] {
        let responder = Responder {
            error_response,
            dry_run: true,
            ..Responder::default()
        };
        for stage in STAGES {
            for version in [ApiVersion::V2, ApiVersion::V3] {
                let error = CheckError {
                    stage,
                    code: "some_error",
                    message: "why".to_owned(),
                    location: None,
                };
                if let reply @ Reply::Framed(_) = responder.error(&error, version) {
                    assert_ne!(code(&decode(&reply)), OK, "{stage:?} {version:?}");
                }
            }
        }
    }
}

#[test]
fn a_request_that_does_not_parse_is_denied_with_400_and_the_reason() {
    let error = CheckError {
        stage: Stage::Request,
        code: "request_parse_error",
        message: "bad escape".to_owned(),
        location: None,
    };
    let response = decode(&Responder::default().error(&error, ApiVersion::V3));
    let Some(HttpResponse::DeniedResponse(denied)) = response.http_response else {
        panic!("not denied");
    };
    assert_eq!(denied.status.expect("a status").code, 400);
    assert_eq!(denied.body, "request_parse_error: bad escape");
    assert_eq!(response.status.expect("a status").message, denied.body);
    assert!(response.dynamic_metadata.is_none());
}

#[test]
fn what_must_not_pass_is_denied_and_no_failure_that_envoy_could_let_pass() {
    let error = CheckError {
        stage: Stage::Refused,
        code: "stale_policy_error",
        message: "the operator's business".to_owned(),
        location: None,
    };
    let responder = Responder {
        dry_run: true,
        error_response: true,
        ..Responder::default()
    };
    let response = decode(&responder.error(&error, ApiVersion::V3));
    let Some(HttpResponse::DeniedResponse(denied)) = response.http_response else {
        panic!("not denied");
    };
    assert_eq!(denied.status.expect("a status").code, 403);
    assert_eq!(denied.body, "stale_policy_error");
}

#[test]
fn engine_errors_can_be_left_to_envoys_status_on_error() {
    let responder = Responder {
        error_response: true,
        ..Responder::default()
    };
    let error = CheckError {
        stage: Stage::Evaluation,
        code: "envoyauth_eval_error",
        message: "undefined decision".to_owned(),
        location: None,
    };
    let response = decode(&responder.error(&error, ApiVersion::V3));
    assert_eq!(code(&response), 2);
    assert!(matches!(
        response.http_response,
        Some(HttpResponse::ErrorResponse(_))
    ));
    // The v2 API has no such field; its callers get the gRPC error.
    assert!(matches!(
        responder.error(&error, ApiVersion::V2),
        Reply::Error(_)
    ));
}

#[test]
fn booleans_carry_a_status_and_the_decision_id() {
    for (decision, want) in [("true", OK), ("false", PERMISSION_DENIED)] {
        let response = answer(decision);
        assert_eq!(code(&response), want);
        assert!(response.http_response.is_none());
        let metadata = response.dynamic_metadata.expect("metadata");
        let Some(Kind::StringValue(id)) = &metadata.fields[DECISION_ID].kind else {
            panic!("no decision id");
        };
        assert_eq!(id.len(), 36);
    }
}

#[test]
fn a_header_for_the_upstream_overwrites_the_clients_own() {
    let headers = ok_headers(answer(r#"{"allowed": true, "headers": {"x-user": "ann"}}"#));
    assert_eq!(headers.len(), 1);
    #[expect(
        deprecated,
        reason = "older Envoys read it, and so both fields are set"
    )]
    let append = headers[0].append.as_ref().expect("append is set").value;
    assert!(!append);
    assert_eq!(
        headers[0].append_action,
        AppendAction::OverwriteIfExistsOrAdd as i32
    );
}

#[test]
fn append_actions_on_request_headers_are_carried_out_here() {
    for (name, action, want) in [
        ("x-present", "ADD_IF_ABSENT", None),
        ("x-absent", "ADD_IF_ABSENT", Some("authz")),
        ("x-present", "OVERWRITE_IF_EXISTS", Some("authz")),
        ("X-Absent", "OVERWRITE_IF_EXISTS", None),
        ("X-Present", "APPEND_IF_EXISTS_OR_ADD", Some("client,authz")),
        ("x-absent", "APPEND_IF_EXISTS_OR_ADD", Some("authz")),
    ] {
        let decision = format!(
            r#"{{"allowed": true,
                 "headers": {{"{name}": {{"value": "authz", "append_action": "{action}"}}}}}}"#
        );
        let headers = ok_headers(answer(&decision));
        let value = headers
            .first()
            .map(|h| h.header.as_ref().expect("a header").value.as_str());
        assert_eq!(value, want, "{name} {action}");
    }
}

#[test]
fn two_cookies_for_the_client_stay_two() {
    let response = answer(r#"{"allowed": false, "headers": {"set-cookie": ["a=1", "b=2"]}}"#);
    let Some(HttpResponse::DeniedResponse(denied)) = response.http_response else {
        panic!("not denied");
    };
    assert_eq!(denied.headers.len(), 2);
    assert!(
        denied
            .headers
            .iter()
            .all(|header| header.append_action == 0)
    );
}

#[test]
fn a_dry_run_allows_and_keeps_the_metadata() {
    let responder = Responder {
        dry_run: true,
        ..Responder::default()
    };
    let decision = r#"{"allowed": false, "body": "no", "dynamic_metadata": {"why": "role"}}"#;
    let response = decode(&answer_with(&responder, ApiVersion::V3, decision).expect("an answer"));
    assert_eq!(code(&response), OK);
    assert!(
        response
            .dynamic_metadata
            .expect("metadata")
            .fields
            .contains_key("why")
    );
}

#[test]
fn the_v2_api_gets_what_it_knows() {
    let decision = r#"{"allowed": true, "headers": {"a": "1"}, "dynamic_metadata": {"m": 1},
        "request_headers_to_remove": ["b"], "query_parameters_to_remove": ["c"],
        "response_headers_to_add": {"d": "2"}}"#;
    let reply = answer_with(&Responder::default(), ApiVersion::V2, decision).expect("an answer");
    let response = decode(&reply);
    assert!(response.dynamic_metadata.is_none());
    let Some(HttpResponse::OkResponse(ok)) = response.http_response else {
        panic!("not ok")
    };
    assert_eq!(ok.headers[0].append_action, 0);
    assert!(ok.headers_to_remove.is_empty() && ok.response_headers_to_add.is_empty());
}

#[test]
fn the_decision_id_reaches_the_client_when_asked() {
    let responder = Responder {
        decision_id_header: Some("x-decision".to_owned()),
        ..Responder::default()
    };
    for decision in [
        "true",
        "false",
        r#"{"allowed": true}"#,
        r#"{"allowed": false}"#,
    ] {
        let response =
            decode(&answer_with(&responder, ApiVersion::V3, decision).expect("an answer"));
        let headers = match response.http_response.expect("headers need a response") {
            HttpResponse::OkResponse(ok) => ok.response_headers_to_add,
            HttpResponse::DeniedResponse(denied) => denied.headers,
            HttpResponse::ErrorResponse(_) => panic!("an error"),
        };
        assert_eq!(
            headers[0].header.as_ref().expect("a header").key,
            "x-decision",
            "{decision}"
        );
    }
}

#[test]
fn bytes_outside_utf8_cannot_be_answered() {
    let text = octets::to_text(b"\xff");
    let id = DecisionId::random().expect("randomness");
    let mut details = Details {
        body: &text,
        ..Details::default()
    };
    let context = Context {
        version: ApiVersion::V3,
        id: &id,
        request_header: &|_| None,
    };
    let denied = |details| {
        let verdict = Verdict {
            allowed: false,
            details: Some(details),
        };
        Responder::default()
            .verdict(&verdict, context)
            .map_err(|error| error.stage)
    };
    assert_eq!(denied(details), Err(Stage::Answer));
    details = Details {
        body: "fine",
        ..Details::default()
    };
    assert!(denied(details).is_ok());
}
