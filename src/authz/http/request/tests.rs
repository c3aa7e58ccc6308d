//! What is sent over HTTP, read back with prost as if Envoy had sent it.

use envoy_types::pb::envoy::service::auth::v3::CheckRequest;
use envoy_types::pb::envoy::service::auth::v3::attribute_context::HttpRequest;
use http::Request;
use prost::Message as _;

use super::*;

type Headers<'a> = &'a [(&'a str, &'a [u8])];

const HERE: HttpOptions = HttpOptions {
    max_body: 1024,
    max_checks: 1,
    forwarded_headers: false,
};
const FORWARD: HttpOptions = HttpOptions {
    max_checks: 1,
    forwarded_headers: true,
    ..HERE
};

fn checked(
    method: &str,
    uri: &str,
    headers: Headers<'_>,
    body: &[u8],
    options: HttpOptions,
) -> Result<HttpRequest, RequestError> {
    let mut request = Request::builder().method(method).uri(uri);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let (head, ()) = request.body(()).expect("a request").into_parts();
    let bytes = check_request(&head, &Bytes::copy_from_slice(body), options)?;
    let decoded = CheckRequest::decode(&*bytes).expect("a CheckRequest");
    let request = decoded.attributes.and_then(|attributes| attributes.request);
    let request = request.expect("a request");
    assert!(request.time.is_some_and(|time| time.seconds > 0));
    Ok(request.http.expect("an HTTP request"))
}

fn refused(uri: &str, headers: Headers<'_>, options: HttpOptions) -> RequestError {
    checked("GET", uri, headers, b"", options).expect_err("refused")
}

#[test]
fn it_is_what_envoy_would_have_sent() {
    let headers: [(&str, &[u8]); 8] = [
        ("host", b"example.org:8080"),
        ("x-role", b"a"),
        ("X-Role", b"b"),
        ("cookie", b"c=1"),
        ("cookie", b"d=2"),
        ("x-latin", b"caf\xe9\xff"),
        ("connection", b"keep-alive"),
        ("content-length", b"4"),
    ];
    let http = checked("POST", "/a%2Fb//../c?q=%00&q", &headers, b"body", HERE).expect("clear");
    assert_eq!(
        (&*http.method, &*http.path, &*http.host, &*http.scheme),
        ("POST", "/a%2Fb//../c?q=%00&q", "example.org:8080", "http")
    );
    assert_eq!((&*http.protocol, http.size), ("HTTP/1.1", 4));
    assert_eq!((&*http.body, &*http.raw_body), ("body", &b""[..]));
    let mut headers: Vec<_> = http.headers.iter().collect();
    headers.sort();
    let want = [
        (":authority", "example.org:8080"),
        (":method", "POST"),
        (":path", "/a%2Fb//../c?q=%00&q"),
        (":scheme", "http"),
        ("content-length", "4"),
        ("cookie", "c=1; d=2"),
        ("x-latin", "caf!!"),
        ("x-role", "a,b"),
    ];
    let headers: Vec<_> = headers
        .iter()
        .map(|(k, v)| (k.as_str(), v.as_str()))
        .collect();
    assert_eq!(headers, want);
}

#[test]
fn a_body_that_is_no_text_is_raw() {
    let http = checked("PUT", "/", &[], b"\xff\x00", HERE).expect("clear");
    assert_eq!((&*http.body, &*http.raw_body), ("", &b"\xff\x00"[..]));
    assert_eq!(http.size, 2);
    let http = checked("GET", "/", &[], b"", HERE).expect("clear");
    assert_eq!((http.size, &*http.body, &*http.host), (0, "", ""));
}

#[test]
fn what_a_client_says_of_the_original_request_is_not_believed() {
    let headers: [(&str, &[u8]); 9] = [
        ("host", b"a"),
        ("x-forwarded-uri", b"/open"),
        ("x-forwarded-method", b"GET"),
        ("x-forwarded-host", b"b"),
        ("x-forwarded-proto", b"https"),
        ("x-original-uri", b"/open"),
        ("x-original-method", b"GET"),
        ("x-original-host", b"b"),
        ("x-original-proto", b"https"),
    ];
    let http = checked("POST", "/closed", &headers, b"", HERE).expect("clear");
    assert_eq!(
        (&*http.method, &*http.path, &*http.host, &*http.scheme),
        ("POST", "/closed", "a", "http")
    );
}

#[test]
fn a_proxy_names_the_original_request() {
    let traefik: [(&str, &[u8]); 6] = [
        ("host", b"regate"),
        ("x-forwarded-method", b"DELETE"),
        ("x-forwarded-uri", b"/a?b=c"),
        ("x-forwarded-host", b"example.org"),
        ("x-forwarded-proto", b"https"),
        ("x-envoy-auth-partial-body", b"true"),
    ];
    let http = checked("GET", "/verify", &traefik, b"", FORWARD).expect("clear");
    assert_eq!(
        (&*http.method, &*http.path, &*http.host, &*http.scheme),
        ("DELETE", "/a?b=c", "example.org", "https")
    );
    assert_eq!(http.headers[":path"], "/a?b=c");
    assert_eq!(http.headers[":authority"], "example.org");
    assert!(
        !http.headers.contains_key(PARTIAL_BODY),
        "only Envoy cuts bodies"
    );

    // nginx sets what it is told to set; the rest of the headers is the client's.
    let nginx: [(&str, &[u8]); 5] = [
        ("host", b"example.org"),
        ("x-original-method", b"POST"),
        ("x-original-uri", b"/a"),
        ("x-forwarded-host", b"of the client"),
        ("x-forwarded-method", b"GET"),
    ];
    let http = checked("GET", "/verify", &nginx, b"", FORWARD).expect("clear");
    assert_eq!(
        (&*http.method, &*http.path, &*http.host, &*http.scheme),
        ("POST", "/a", "example.org", "http")
    );
}

#[test]
fn what_is_not_clear_is_refused() {
    let uri = ("x-forwarded-uri", &b"/a"[..]);
    let method = ("x-forwarded-method", &b"GET"[..]);
    let table: [(Headers<'_>, RequestError); 9] = [
        (&[], RequestError::NoUri),
        (&[method], RequestError::NoUri),
        (&[uri], RequestError::Missing("x-forwarded-method")),
        (
            &[uri, uri, method],
            RequestError::Repeated("x-forwarded-uri"),
        ),
        (
            &[uri, method, ("x-original-uri", b"/b")],
            RequestError::Families,
        ),
        (
            &[("x-forwarded-uri", b"http://h/a"), method],
            RequestError::Malformed("x-forwarded-uri"),
        ),
        (
            &[("x-forwarded-uri", b"/\xff"), method],
            RequestError::Malformed("x-forwarded-uri"),
        ),
        (
            &[uri, ("x-forwarded-method", b"G T")],
            RequestError::Malformed("x-forwarded-method"),
        ),
        (
            &[uri, method, ("x-forwarded-host", b"")],
            RequestError::Malformed("x-forwarded-host"),
        ),
    ];
    for (headers, want) in table {
        assert_eq!(refused("/verify", headers, FORWARD), want, "{headers:?}");
    }
}

#[test]
fn there_is_one_host() {
    let two: [(&str, &[u8]); 2] = [("host", b"a"), ("host", b"a")];
    assert_eq!(refused("/", &two, HERE), RequestError::Hosts);
    let differ: [(&str, &[u8]); 1] = [("host", b"a")];
    assert_eq!(refused("http://b/", &differ, HERE), RequestError::Hosts);
    let binary: [(&str, &[u8]); 1] = [("host", b"\xff")];
    assert_eq!(refused("/", &binary, HERE), RequestError::Malformed("host"));
    let http = checked("GET", "https://a/p", &[("host", b"a")], b"", HERE).expect("clear");
    assert_eq!(
        (&*http.host, &*http.scheme, &*http.path),
        ("a", "https", "/p")
    );
    let connect = checked("CONNECT", "a:443", &[], b"", HERE).map(drop);
    assert_eq!(connect, Err(RequestError::Connect));
}
