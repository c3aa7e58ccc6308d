//! Over real sockets, by the bytes that a client sends.

use axum::routing::get;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;

struct Server {
    address: BoundAddress,
    trigger: task::ShutdownTrigger,
    drain: task::Drain,
}

fn serve(addr: &str, h2c: bool, router: &Router) -> Server {
    let config = ListenConfig {
        addrs: vec![addr.to_owned()],
        tls: None,
        h2c,
        unix_socket_mode: None,
    };
    let bound = bind(&config).unwrap();
    let address = bound.addresses().remove(0);
    let (trigger, shutdown) = task::shutdown();
    let (drain, guard) = task::drain();
    bound.serve(router, &shutdown, &guard).unwrap();
    Server {
        address,
        trigger,
        drain,
    }
}

async fn connect(server: &Server) -> TcpStream {
    let BoundAddress::Tcp(address) = server.address else {
        panic!("not TCP")
    };
    TcpStream::connect(address).await.unwrap()
}

#[tokio::test]
async fn a_request_in_flight_is_answered_before_the_end() {
    let (entered, mut enter) = tokio::sync::mpsc::channel::<()>(1);
    let (leave, left) = tokio::sync::watch::channel(false);
    let slow = get(move || async move {
        entered.send(()).await.unwrap();
        left.clone().wait_for(|left| *left).await.unwrap();
        "done"
    });
    let server = serve("127.0.0.1:0", false, &Router::new().route("/slow", slow));
    let mut stream = connect(&server).await;
    stream
        .write_all(b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    enter.recv().await.unwrap();
    server.trigger.trigger();
    leave.send_replace(true);
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("done"),
        "{answer}"
    );
    server.drain.wait().await;
}

#[tokio::test]
async fn http2_without_tls_only_where_it_is_asked_for() {
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    for h2c in [true, false] {
        let server = serve("127.0.0.1:0", h2c, &Router::new());
        let mut stream = connect(&server).await;
        stream.write_all(preface).await.unwrap();
        let mut start = [0; 9];
        let read = stream.read(&mut start).await.unwrap();
        let settings = read == start.len() && start[3] == 4;
        assert_eq!(settings, h2c, "{start:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn half_a_head_is_timed_out() {
    for start in ["", "GET / HTTP/1.1\r\nho"] {
        let server = serve("127.0.0.1:0", false, &Router::new());
        let mut stream = connect(&server).await;
        stream.write_all(start.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        assert!(
            answer.is_empty() || answer.starts_with(b"HTTP/1.1 408"),
            "{answer:?}"
        );
    }
}

#[tokio::test]
async fn a_socket_file_serves() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("api.sock");
    let router = Router::new().route("/", get(|| async { "hello" }));
    let server = serve(&format!("unix://{}", path.display()), false, &router);
    let mut stream = tokio::net::UnixStream::connect(&path).await.unwrap();
    let request = b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.ends_with("hello"), "{answer}");
    server.trigger.trigger();
    server.drain.wait().await;
}
