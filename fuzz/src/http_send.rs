//! What `http.send` is told, by policies and by servers. Nothing is sent: the only socket there is does not exist.

use std::time::Duration;

use regate::http::client::outbound::{self, Outbound, Setup};
use regate_rego::Value;
use regate_rego::builtins::http::{Pem, Request, Response};
use regate_rego::value::json;
use tokio::runtime::{Builder, Runtime};

/// Pieces of the argument.
pub(crate) const PIECES: &[&str] = &[
    "{",
    "}",
    ",",
    ":",
    "\"",
    "\0",
    "\"method\":\"post\"",
    "\"url\":\"http://a/b?c=d\"",
    "\"url\":\"unix://a/?socket=%2Fs\"",
    "\"headers\":{\"a\":\"b\"}",
    "\"Host\":\"a\"",
    "\"body\":[1]",
    "\"raw_body\":\"a\"",
    "\"timeout\":\"1s\"",
    "\"timeout\":1e9",
    "\"max_retry_attempts\":1",
    "\"cache\":true",
    "\"force_cache\":true",
    "\"force_cache_duration_seconds\":1",
    "\"caching_mode\":\"serialized\"",
    "\"cache_ignored_headers\":[\"a\"]",
    "\"force_json_decode\":true",
    "\"force_yaml_decode\":true",
    "\"tls_ca_cert\":\"-----BEGIN CERTIFICATE-----\\n\"",
    "\"tls_server_name\":\"a\"",
    "\"tls_client_cert\":\"a\",\"tls_client_key\":\"b\"",
    "\\r\\n",
    "\\u0000",
    "%zz",
    "u:p@",
    "[::1]",
    ":99999",
];

/// Where nothing listens, and nothing can.
const NOWHERE: &str = "unix://nowhere/a?socket=%2Fdev%2Fnull%2Fnowhere";

/// An argument as JSON, and a response's body behind a zero.
pub fn http_request(data: &[u8]) {
    let zero = data.iter().position(|byte| *byte == 0);
    let (asked, body) = data.split_at(zero.unwrap_or(data.len()));
    let Ok(Value::Object(asked)) = json::parse(asked) else {
        return;
    };
    let Ok(mut request) = Request::read(&asked) else {
        return;
    };
    assert_ne!(outbound::host(&request.url), "", "a host has a name");
    for kind in ["application/json", "application/yaml", "text/plain"] {
        let response = Response {
            headers: vec![("Content-Type".to_owned(), kind.to_owned())],
            body: body.to_vec(),
            ..Response::default()
        };
        let answer = response.answer(&request);
        assert!(answer.get(&"raw_body".into()).is_some(), "it has a body");
    }
    NOWHERE.clone_into(&mut request.url);
    request.retries = 0;
    let outbound = Outbound::limited_to(Some(vec!["nowhere".to_owned()]), Duration::from_secs(1));
    let sent = outbound.send(&request, setup(&request));
    let sent = RUNTIME.with(|runtime| runtime.block_on(sent));
    assert!(sent.is_err(), "nothing answers");
}

thread_local! {
    static RUNTIME: Runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
}

/// How the request connects; certificates in files and variables are left alone.
fn setup(request: &Request) -> Setup {
    let tls = &request.tls;
    let inline = |pem: &Pem| match pem {
        Pem::Inline(text) => Some(text.clone().into_bytes()),
        Pem::File(_) | Pem::Env(_) => None,
    };
    let mut setup = Setup::default();
    setup.insecure_skip_verify = tls.insecure_skip_verify;
    setup.server_name.clone_from(&tls.server_name);
    setup.authorities = tls.ca.named.iter().filter_map(inline).collect();
    let client = tls.client.as_ref();
    setup.identity = client.and_then(|(cert, key)| Some((inline(cert)?, inline(key)?)));
    setup
}
