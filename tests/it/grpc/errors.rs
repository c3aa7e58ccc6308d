//! Calls that are answered, and calls that are refused.

use http::StatusCode;
use http_body::Frame;

use super::*;

#[tokio::test]
async fn a_call_is_answered_with_trailers() {
    let server = serve(tcp(), Routes::default());
    let mut client = server.connect().await;
    let answer = client.call(b"hello").await;
    assert_eq!(answer.text(), "hello");
    assert_eq!(answer.body, framed(b"hello"));
    let names: Vec<_> = answer
        .headers
        .keys()
        .map(http::HeaderName::as_str)
        .collect();
    assert_eq!(names, ["content-type"], "no date, no length");
    let other = Request::post(format!("http://regate{OTHER}"));
    let other = other.header("content-type", "application/grpc+proto");
    assert_eq!(client.post(other, framed(b"method")).await.text(), "1");
    assert_eq!(server.stats.in_flight(), 0);
}

#[tokio::test]
async fn an_error_is_trailers_only() {
    let server = serve(tcp(), Routes::default());
    let answer = server.connect().await.call(b"error").await;
    assert_eq!(answer.error(), ("14", "not now: 100%25%0A"));
}

#[tokio::test]
async fn what_a_handler_may_know() {
    let server = serve(tcp(), Routes::default());
    let mut client = server.connect().await;
    let head = post()
        .header("x-test", "seen")
        .header("grpc-timeout", "250m");
    assert_eq!(client.post(head, framed(b"metadata")).await.text(), "seen");
    let head = post().header("grpc-timeout", "250m");
    assert_eq!(
        client.post(head, framed(b"deadline")).await.text(),
        "Some(250ms)"
    );
    assert_eq!(client.ask("deadline").await, "None");
    assert_eq!(client.ask("metadata").await, "none");
}

#[tokio::test]
async fn a_message_in_many_frames_is_one_message() {
    let server = serve(tcp(), Routes::default());
    let mut client = server.connect().await;
    let message = vec![b'x'; 3 << 20];
    assert_eq!(client.call(&message).await.body.len(), message.len() + 5);

    let (frames, answer) = client.begin(post());
    for piece in framed(b"in pieces").chunks(2) {
        frames
            .send(Frame::data(Bytes::copy_from_slice(piece)))
            .await
            .unwrap();
        // Another call is answered between any two frames of this one.
        assert_eq!(client.ask("between").await, "between");
    }
    drop(frames);
    assert_eq!(answer.await.unwrap().text(), "in pieces");
}

#[tokio::test]
async fn what_is_not_a_grpc_call_is_refused() {
    let server = serve(tcp(), Routes::default());
    let mut client = server.connect().await;
    let get = Request::get(format!("http://regate{PATH}"));
    let answer = client
        .post(get.header("content-type", "application/grpc"), Bytes::new())
        .await;
    assert_eq!(answer.code, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(answer.headers["allow"], "POST");
    for content_type in ["application/json", "application/grpc-web", "text/plain"] {
        let head = Request::post(format!("http://regate{PATH}"));
        let answer = client
            .post(head.header("content-type", content_type), framed(b"x"))
            .await;
        assert_eq!(
            answer.code,
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "{content_type}"
        );
    }
    let unknown = Request::post("http://regate/test.Service/Unknown");
    let unknown = unknown.header("content-type", "application/grpc");
    let answer = client.post(unknown, framed(b"x")).await;
    assert_eq!(answer.headers["grpc-status"], "12");
}

#[tokio::test]
async fn bad_calls_are_errors_and_spare_the_connection() {
    let server = serve(
        Config {
            max_recv: 8,
            max_send: 4,
            ..tcp()
        },
        Routes::default(),
    );
    let mut client = server.connect().await;
    let timeout = post().header("grpc-timeout", "1x");
    for (head, body, code, message) in [
        (post(), Bytes::new(), "13", "the call has no message"),
        (
            post(),
            Bytes::from_static(b"\0\0\0\0\x09"),
            "8",
            "the message has 9 bytes, more than",
        ),
        (
            post(),
            Bytes::from_static(b"\x01\0\0\0\x01a"),
            "12",
            "the message is compressed",
        ),
        (
            post(),
            framed(b"12345"),
            "8",
            "the answer has 5 bytes, more than `grpc-max-send-msg",
        ),
        (
            timeout,
            framed(b"x"),
            "13",
            "malformed grpc-timeout: `1x` is not",
        ),
    ] {
        let answer = client.post(head, body).await;
        let found = answer.error();
        assert!(found.0 == code && found.1.starts_with(message), "{found:?}");
    }
    assert_eq!(client.ask("fine").await, "fine");
}

#[tokio::test]
async fn a_message_that_does_not_come_is_not_waited_for() {
    let server = serve(tcp(), Routes::default());
    let mut client = server.connect().await;
    let (_frames, answer) = client.begin(post().header("grpc-timeout", "1m"));
    assert_eq!(
        answer.await.unwrap().error(),
        ("4", "the call's message did not arrive")
    );
}

#[tokio::test]
async fn too_many_calls_are_refused_at_once() {
    let server = serve(
        Config {
            max_concurrent_calls: 1,
            ..tcp()
        },
        Routes::default(),
    );
    let (mut first, mut second) = (server.connect().await, server.connect().await);
    let (frames, held) = first.begin(post());
    frames
        .send(Frame::data(Bytes::from_static(b"\0")))
        .await
        .unwrap();
    server.calls(1).await;
    let answer = second.call(b"one too many").await;
    let (code, message) = answer.error();
    assert!(
        code == "8" && message.starts_with("regate: too many requests in flight"),
        "{message}"
    );
    assert_eq!(server.stats.refused(), 1);

    frames
        .send(Frame::data(framed(b"held").slice(1..)))
        .await
        .unwrap();
    drop(frames);
    assert_eq!(held.await.unwrap().text(), "held");
    assert_eq!(second.ask("now").await, "now");
}

#[tokio::test]
async fn a_call_that_is_reset_is_no_longer_in_flight() {
    let server = serve(
        Config {
            max_concurrent_calls: 1,
            ..tcp()
        },
        Routes::default(),
    );
    let mut client = server.connect().await;
    let (frames, held) = client.begin(post());
    server.calls(1).await;
    held.abort();
    drop(frames);
    server.calls(0).await;
    assert_eq!(client.ask("next").await, "next");
}

#[tokio::test]
async fn a_panic_costs_one_call() {
    let server = serve(tcp(), Routes::default());
    let mut client = server.connect().await;
    assert_eq!(client.ask("calls").await, "1");
    assert_eq!(client.ask("calls").await, "2");
    let answer = client.call(b"panic").await;
    let (code, message) = answer.error();
    assert!(code == "13" && !message.contains("as asked"), "{message}");
    assert_eq!(server.stats.panics(), 1);
    assert_eq!(client.ask("calls").await, "1", "the handler is a new one");
}
