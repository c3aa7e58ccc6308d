use crate::builtins::calls::{answers, call};

const CONFIG: &str = r#"{"aws_access_key": "A", "aws_secret_access_key": "B", "aws_service": "x", "aws_region": "r"}"#;

#[test]
fn requests_are_signed_as_opa_signs_them() {
    let request = r#"{"method": "GET", "url": "https://u@[::1]:80/a b/%2f/é?x=1&a=2#f",
        "headers": {"Foo": "bar", "x": 1, "User-Agent": "z"}, "body": {"a": "<&>"}}"#;
    let config = CONFIG.replace('}', r#", "aws_session_token": "T"}"#);
    let signed = r#"{"method": "GET", "url": "https://u@[::1]:80/a b/%2f/é?x=1&a=2#f", "body": {"a": "<&>"},
        "headers": {"Foo": "bar", "User-Agent": "z", "host": "[::1]:80", "x": "",
        "x-amz-date": "20151228T140825Z", "x-amz-security-token": "T",
        "Authorization": "AWS4-HMAC-SHA256 Credential=A/20151228/r/x/aws4_request,SignedHeaders=foo;host;x;x-amz-date;x-amz-security-token,Signature=3039cee0eeb9410ec3311329e44e4ff1a3c0e8efdb37825e4b94a8c6d37495c0"}}"#;
    let args = format!("[{request}, {config}, 1451311705000000000]");
    answers(&[("providers.aws.sign_req", &args, signed)]);
}

#[test]
fn a_service_that_stores_is_told_the_hash_of_the_body() {
    let config = CONFIG.replace("\"x\"", "\"glacier\"");
    let config = config.replace('}', r#", "disable_payload_signing": true}"#);
    let signed = r#"{"method": "GET", "url": "*", "body": 1, "raw_body": 5,
        "headers": {"host": "", "x-amz-content-sha256": "UNSIGNED-PAYLOAD", "x-amz-date": "19691231T235959Z",
        "Authorization": "AWS4-HMAC-SHA256 Credential=A/19691231/r/glacier/aws4_request,SignedHeaders=host;x-amz-content-sha256;x-amz-date,Signature=25acf28522ce44f6834c0e15f75e56113763c8dea49b40e1d37778a41b201c98"}}"#;
    let request = r#"{"method": "GET", "url": "*", "raw_body": 5, "body": 1}"#;
    let args = format!("[{request}, {config}, -1]");
    answers(&[("providers.aws.sign_req", &args, signed)]);
}

#[test]
fn what_cannot_be_signed_says_why() {
    let good = r#"{"method": "GET", "url": "https://example.com"}"#;
    let rows = [
        (
            r#"{"url": "*"}"#,
            "0",
            "operand 1 missing required request parameters(s): {\"method\"}",
        ),
        (
            r#"{"method": 1, "url": []}"#,
            "0",
            "operand 1 invalid values for required request parameters(s): {\"method\", \"url\"}",
        ),
        (
            r#"{"method": "GET", "url": "*", "zzz": 1}"#,
            "0",
            "operand 1 invalid request parameters(s): {\"zzz\"}",
        ),
        (
            r#"{"method": "GET", "url": "*", "headers": 1}"#,
            "0",
            "operand 1 must be object but got number",
        ),
        (
            good,
            "-1e9",
            "operand 3 could not convert time_ns value into a unix timestamp",
        ),
        (
            good,
            "1.5",
            "operand 3 could not convert time_ns value into a unix timestamp",
        ),
    ];
    for (request, time, want) in rows {
        let args = format!("[{request}, {CONFIG}, {time}]");
        let got = call("providers.aws.sign_req", &args).expect_err("an error");
        assert_eq!(got.to_string(), format!("providers.aws.sign_req: {want}"));
    }
    let args = format!("[{good}, {{}}, 0]");
    let got = call("providers.aws.sign_req", &args).expect_err("an error");
    let want = "operand 2 missing required AWS config parameters(s): {\"aws_access_key\", \"aws_region\", \"aws_secret_access_key\", \"aws_service\"}";
    assert_eq!(got.to_string(), format!("providers.aws.sign_req: {want}"));
}
