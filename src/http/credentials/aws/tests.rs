use std::time::Duration;

use http::Method;
use http::header::{ACCEPT, AUTHORIZATION};

use super::*;

fn keys() -> Keys {
    Keys {
        access_key: "AKIAIOSFODNN7EXAMPLE".to_owned(),
        secret_key: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".into(),
        session_token: Secret::default(),
        region: "us-east-1".to_owned(),
    }
}

fn signed(url: &str, service: &str, header: (HeaderName, &'static str)) -> String {
    let mut question = Question::new(Method::GET, url.parse().unwrap());
    let value = http::HeaderValue::from_static(header.1);
    question.headers.insert(header.0, value);
    let then = UNIX_EPOCH + Duration::from_hours(380_376);
    sign(&mut question, &keys(), service, Version::V4, then).unwrap();
    assert!(!question.headers.contains_key("host"));
    assert!(question.headers[AUTHORIZATION].is_sensitive());
    let header = question.headers[AUTHORIZATION].to_str().unwrap();
    let (_, signed) = header.split_once("SignedHeaders=").unwrap();
    signed.to_owned()
}

/// Two examples of Amazon's documentation of S3.
#[test]
fn signatures_are_the_published_ones() {
    for (query, signature) in [
        (
            "?lifecycle",
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
        ),
        (
            "?prefix=J&max-keys=2",
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
        ),
    ] {
        let url = format!("http://examplebucket.s3.amazonaws.com/{query}");
        assert_eq!(
            signed(&url, "s3", (ACCEPT, "not signed")),
            format!("host;x-amz-content-sha256;x-amz-date,Signature={signature}")
        );
    }
}

#[test]
fn what_is_amazons_is_signed() {
    let header = HeaderName::from_static("x-amz-target");
    let signed = signed("https://h/", "kms", (header, "T"));
    assert!(
        signed.starts_with("host;x-amz-date;x-amz-target,"),
        "{signed}"
    );
}

#[test]
fn services_have_an_address_in_a_region_or_without() {
    let address = |region| endpoint("sts", region, DOMAIN).unwrap().to_string();
    assert_eq!(address("eu-west-1"), "https://sts.eu-west-1.amazonaws.com/");
    assert_eq!(address(""), "https://sts.amazonaws.com/");
    assert!(endpoint("sts", "a b", DOMAIN).is_err());
}
