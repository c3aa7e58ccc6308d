//! `http.send` through real sockets: what is sent, what comes back, what is kept. What OPA 1.22 does was asked of it.

use std::time::{Duration, Instant};

use regate::engine::{NoAnswer, Question};
use regate::outside::{CacheConfig, Outside, TIMEOUT};
use serde_json::{Value, json};

use crate::bundle::tls::Authority;

mod commands;
mod server;
mod waiting;

use server::Server;

/// The answer to an argument of `http.send`.
async fn ask(outside: &Outside, asked: &Value) -> Result<Value, NoAnswer> {
    ask_within(Duration::from_secs(20), outside, asked).await
}

/// The same for an evaluation that must have ended by then.
async fn ask_within(time: Duration, outside: &Outside, asked: &Value) -> Result<Value, NoAnswer> {
    let asked = regate_rego::value::json::parse(asked.to_string()).unwrap();
    let deadline = Instant::now() + time;
    let answer = outside
        .answer(Question::HttpSend(asked), deadline, None)
        .await?;
    let mut text = String::new();
    regate_rego::value::write_json(&answer, &mut text).unwrap();
    Ok(serde_json::from_str(&text).unwrap())
}

/// Merges `more` into a plain GET.
fn get(url: &str, more: Value) -> Value {
    let mut asked = json!({"method": "get", "url": url});
    let (Value::Object(asked_members), Value::Object(more)) = (&mut asked, more) else {
        panic!("objects are expected");
    };
    asked_members.extend(more);
    asked
}

#[tokio::test]
async fn what_is_asked_for_is_sent() {
    let (server, outside) = (Server::start().await, Outside::default());
    let url = server.url("/x?a=b");
    for (more, pointer, want) in [
        (json!({}), "/method", json!("GET")),
        (json!({}), "/target", json!("/x?a=b")),
        (json!({}), "/headers/accept-encoding", json!("gzip")),
        (json!({"method": "foo"}), "/method", json!("FOO")),
        (json!({"method": ""}), "/method", json!("GET")),
        (
            json!({"method": "post", "body": {"a": 1}}),
            "/body",
            json!("{\"a\":1}"),
        ),
        (
            json!({"method": "put", "raw_body": "abc", "body": 1}),
            "/body",
            json!("abc"),
        ),
        (json!({"body": 1}), "/body", json!("1")),
        (
            json!({"headers": {"X-Own": "w"}}),
            "/headers/x-own",
            json!("w"),
        ),
        (
            json!({"headers": {"Host": "x.test"}}),
            "/headers/host",
            json!("x.test"),
        ),
        (
            json!({"headers": {"User-Agent": "me"}}),
            "/headers/user-agent",
            json!("me"),
        ),
        (
            json!({"method": "post", "raw_body": "abc", "headers": {"Content-Length": "7"}}),
            "/headers/content-length",
            json!("3"),
        ),
    ] {
        let answer = ask(&outside, &get(&url, more.clone())).await.unwrap();
        assert_eq!(answer["status"], "200 OK", "{more}");
        assert_eq!(
            answer["body"].pointer(pointer),
            Some(&want),
            "{more}: {answer}"
        );
    }
    let with_user = url.replace("http://", "http://u:p@");
    let answer = ask(&outside, &get(&with_user, json!({}))).await.unwrap();
    assert_eq!(answer["body"]["headers"]["authorization"], "Basic dTpw");
}

#[tokio::test]
async fn what_was_packed_for_the_way_is_unpacked() {
    let (server, outside) = (Server::start().await, Outside::default());
    let url = server.url("/?content-encoding=gzip");

    let answer = ask(&outside, &get(&url, json!({}))).await.unwrap();
    assert_eq!(answer["body"]["method"], "GET");
    assert_eq!(answer["headers"].get("content-encoding"), None);

    let own = json!({"headers": {"Accept-Encoding": "gzip"}});
    let answer = ask(&outside, &get(&url, own)).await.unwrap();
    assert_eq!(answer["body"], Value::Null, "the policy asked for gzip");
    assert_eq!(answer["headers"]["content-encoding"], json!(["gzip"]));
}

#[tokio::test]
async fn a_body_is_bounded_packed_or_not() {
    let (server, outside) = (Server::start().await, Outside::default());
    for path in ["/?large=16777217", "/?large=16777217&content-encoding=gzip"] {
        let answer = ask(&outside, &get(&server.url(path), json!({}))).await;
        assert!(matches!(answer, Err(NoAnswer::Failed(_))), "{path}");
    }
    for path in ["/?large=70000", "/?large=70000&content-encoding=gzip"] {
        let answer = ask(&outside, &get(&server.url(path), json!({}))).await;
        let body = &answer.unwrap()["raw_body"];
        assert_eq!(body.as_str().unwrap().len(), 70_000, "{path}");
    }
}

#[tokio::test]
async fn redirects_are_followed_when_asked_for() {
    let (server, outside) = (Server::start().await, Outside::default());
    let post = json!({
        "method": "post",
        "body": 1,
        "enable_redirect": true,
        "headers": {"Authorization": "z", "X-Own": "w"},
    });
    let answer = ask(
        &outside,
        &get(&server.url("/?status=302&location=/to"), json!({})),
    )
    .await;
    assert_eq!(answer.unwrap()["status"], "302 Found");

    let url = server.url("/?status=302&location=/to");
    let body = ask(&outside, &get(&url, post.clone())).await.unwrap()["body"].clone();
    assert_eq!(
        (&body["method"], &body["body"]),
        (&json!("GET"), &json!(""))
    );
    assert_eq!(body["headers"]["authorization"], "z");
    assert_eq!(body["headers"]["referer"], url.as_str());

    let url = server.url("/?status=307&location=/to");
    let body = ask(&outside, &get(&url, post.clone())).await.unwrap()["body"].clone();
    assert_eq!(
        (&body["method"], &body["body"]),
        (&json!("POST"), &json!("1"))
    );

    let other = format!("http://localhost:{}/to", server.address.port());
    let url = server.url(&format!("/?status=302&location={other}"));
    let body = ask(&outside, &get(&url, post)).await.unwrap()["body"].clone();
    assert_eq!(body["headers"].get("authorization"), None, "{body}");
    assert_eq!(body["headers"]["x-own"], "w");

    let url = server.url("/loop?status=302&location=/loop%3Fstatus%3D302%26location%3D/loop");
    let once = ask(&outside, &get(&url, json!({"enable_redirect": true}))).await;
    assert!(once.is_ok(), "{once:?}");
}

#[tokio::test]
async fn a_redirect_without_end_is_given_up() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let router = axum::Router::new()
        .fallback(|| async { (http::StatusCode::FOUND, [("location", "/again")]) });
    tokio::spawn(async move { axum::serve(listener, router).await });

    let asked = get(&url, json!({"enable_redirect": true}));
    let error = ask(&Outside::default(), &asked).await.unwrap_err();
    assert!(error.to_string().contains("10 redirects"), "{error}");
}

#[tokio::test]
async fn what_cannot_be_sent_says_whose_fault_it_is() {
    let outside = Outside::default();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = format!("http://{}/", free.local_addr().unwrap());
    drop(free);
    for (more, is_own) in [
        (json!({}), false),
        (json!({"max_retry_attempts": 2}), false),
        (json!({"url": "ftp://a/b"}), false),
        (json!({"url": "http://a/%zz"}), true),
        (json!({"method": "f o"}), true),
        (json!({"headers": {"a b": "v"}}), false),
        (json!({"headers": {"a": "v\n"}}), false),
        (json!({"tls_ca_cert": "zz"}), true),
        (json!({"tls_ca_cert_file": "/nowhere"}), true),
        (json!({"tls_ca_cert_env_variable": "REGATE_NOWHERE"}), true),
        (
            json!({"tls_client_cert": "zz", "tls_client_key": "zz"}),
            true,
        ),
        // No pair: nobody looks at it.
        (json!({"tls_client_cert": "zz"}), false),
        (
            json!({"tls_client_cert": "zz", "tls_client_key_file": "/nowhere"}),
            false,
        ),
    ] {
        let error = ask(&outside, &get(&nobody, more.clone()))
            .await
            .unwrap_err();
        let own = matches!(error, NoAnswer::Type(_));
        assert_eq!(own, is_own, "{more}: {error}");
    }
}

#[tokio::test]
async fn a_request_has_its_own_time() {
    let (server, outside) = (Server::start().await, Outside::default());
    let asked = get(
        &server.url("/held"),
        json!({"timeout": "50ms", "max_retry_attempts": 1}),
    );
    let error = ask(&outside, &asked).await.unwrap_err();
    assert!(error.to_string().contains("50ms"), "{error}");
    assert_eq!(server.count("/held"), 2, "tried once more");
}

#[tokio::test]
async fn a_request_that_names_no_time_has_the_environments() {
    let server = Server::start().await;
    let outside = Outside::new(CacheConfig::default(), Duration::from_millis(50));
    let asked = get(&server.url("/held"), json!({}));
    let error = ask(&outside, &asked).await.unwrap_err();
    assert!(error.to_string().contains("50ms"), "{error}");
}

/// OPA 1.22 waits on, too.
#[tokio::test]
async fn a_request_with_no_time_or_less_waits_for_as_long_as_the_evaluation_does() {
    let server = Server::start().await;
    let outside = Outside::new(CacheConfig::default(), Duration::from_millis(1));
    for timeout in [json!(0), json!("0s"), json!(-1), json!("-1s")] {
        let asked = get(&server.url("/held"), json!({"timeout": timeout}));
        let answer = ask_within(Duration::from_millis(50), &outside, &asked).await;
        assert!(matches!(answer, Err(NoAnswer::Cancelled)), "{answer:?}");
    }
}

#[tokio::test]
async fn a_unix_socket_is_a_host() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.sock");
    Server::start_at(&path);
    let path = path.to_string_lossy().replace('/', "%2F");
    let url = format!("unix://localhost/x?socket={path}&a=b");
    let answer = ask(&Outside::default(), &get(&url, json!({})))
        .await
        .unwrap();
    assert_eq!(answer["body"]["target"], "/x?a=b");
    assert_eq!(answer["body"]["headers"]["host"], "localhost");
}

#[tokio::test]
async fn certificates_are_believed_and_shown_as_the_request_says() {
    let (ours, theirs) = (Authority::new(), Authority::new());
    let (plain, asking) = (
        ours.serve("localhost", false).await,
        ours.serve("localhost", true).await,
    );
    let named_otherwise = ours.serve("other.test", false).await;
    let shown = ours.issue("client");
    let text = |name: &str| std::fs::read_to_string(ours.file(name)).unwrap();
    let (ca_file, ca) = (ours.file("ca.pem"), text("ca.pem"));
    for (url, more, good) in [
        (plain.url(), json!({"tls_ca_cert": ca}), true),
        (
            plain.url(),
            json!({"tls_ca_cert": ca.replace('\n', "\\n")}),
            true,
        ),
        (plain.url(), json!({"tls_ca_cert_file": ca_file}), true),
        (
            plain.url(),
            json!({"tls_ca_cert_file": theirs.file("ca.pem")}),
            false,
        ),
        (plain.url(), json!({}), false),
        (plain.url(), json!({"tls_use_system_certs": true}), false),
        (plain.url(), json!({"tls_insecure_skip_verify": true}), true),
        (named_otherwise.url(), json!({"tls_ca_cert": ca}), false),
        (
            named_otherwise.url(),
            json!({"tls_ca_cert": ca, "tls_server_name": "other.test"}),
            true,
        ),
        (
            named_otherwise.url(),
            json!({"tls_ca_cert": ca, "headers": {"Host": "other.test"}}),
            true,
        ),
        (asking.url(), json!({"tls_ca_cert": ca}), false),
        (
            asking.url(),
            json!({
                "tls_ca_cert": ca,
                "tls_client_cert": text("client.pem"),
                "tls_client_key": text("client.key"),
            }),
            true,
        ),
        (
            asking.url(),
            json!({
                "tls_ca_cert_file": ca_file,
                "tls_client_cert_file": ours.file("client.pem"),
                "tls_client_key_file": ours.file("client.key"),
            }),
            true,
        ),
    ] {
        let answer = ask(&Outside::default(), &get(&url, more.clone())).await;
        match answer {
            Ok(answer) => assert!(good && answer["raw_body"] == "hello", "{more}"),
            Err(error) => assert!(
                !good && matches!(error, NoAnswer::Failed(_)),
                "{more}: {error}"
            ),
        }
    }
    let seen = asking.shown.lock().unwrap().iter().flatten().count();
    assert_eq!(seen, 2);
    assert!(asking.shown.lock().unwrap().contains(&Some(shown)));
}

#[tokio::test]
async fn what_is_fresh_is_not_sent_again() {
    let (server, outside) = (Server::start().await, Outside::default());
    let forced = json!({"force_cache": true, "force_cache_duration_seconds": 60});
    for (number, (more, said, sent)) in [
        (json!({"cache": true}), "&cache-control=max-age=60", 1),
        (json!({}), "&cache-control=max-age=60", 2),
        (json!({"cache": true}), "", 2),
        (
            json!({"cache": true}),
            "&cache-control=no-store,max-age=60",
            2,
        ),
        (
            json!({"cache": true, "caching_mode": "deserialized"}),
            "&cache-control=max-age=60",
            1,
        ),
        (
            json!({"cache": true, "caching_mode": "other"}),
            "&cache-control=max-age=60",
            2,
        ),
        (
            json!({"cache": true, "method": "post"}),
            "&cache-control=max-age=60",
            1,
        ),
        (forced.clone(), "&cache-control=no-store", 1),
        (forced, "&status=500", 2),
        (json!({"cache": true}), "&etag=e1", 2),
    ]
    .into_iter()
    .enumerate()
    {
        let asked = get(&server.url(&format!("/?x-n=n{number}n{said}")), more);
        let first = ask(&outside, &asked).await.unwrap();
        let second = ask(&outside, &asked).await.unwrap();
        assert_eq!(server.count(&format!("n{number}n")), sent, "{asked}");
        assert_eq!(first["status_code"], second["status_code"], "{asked}");
        assert_eq!(first["body"]["target"], second["body"]["target"], "{asked}");
    }
}

#[tokio::test]
async fn ignored_headers_do_not_tell_responses_apart() {
    let (server, outside) = (Server::start().await, Outside::default());
    let url = server.url("/?cache-control=max-age=60");
    for (value, sent) in [("1", 1), ("2", 1)] {
        let more = json!({
            "cache": true,
            "headers": {"X-Request": value},
            "cache_ignored_headers": ["X-Request"],
        });
        ask(&outside, &get(&url, more)).await.unwrap();
        assert_eq!(server.count("max-age"), sent);
    }
}

#[tokio::test]
async fn equal_requests_at_the_same_time_are_one_where_the_response_is_kept() {
    let server = Server::start().await;
    for (said, sent) in [("cache-control=max-age=60", 1), ("plain=1", 8)] {
        let outside = Outside::default();
        let asked = get(&server.url(&format!("/?{said}")), json!({"cache": true}));
        let asking = (0..8).map(|_| ask(&outside, &asked));
        for answer in futures_util::future::join_all(asking).await {
            assert_eq!(answer.unwrap()["status"], "200 OK");
        }
        assert_eq!(server.count(said), sent, "{said}");
    }
}

#[tokio::test]
async fn the_cache_is_bounded_as_configured() {
    let server = Server::start().await;
    let cache = CacheConfig {
        max_bytes: 1,
        ..CacheConfig::default()
    };
    let outside = Outside::new(cache, TIMEOUT);
    let asked = get(
        &server.url("/?cache-control=max-age=60"),
        json!({"cache": true}),
    );
    for sent in 1..3 {
        ask(&outside, &asked).await.unwrap();
        assert_eq!(server.count("max-age"), sent);
    }
}
