//! Connections over threads, and the end.

use std::io::{Read as _, Write as _};

use http_body::Frame;
use tokio::net::TcpStream;

use super::*;
use crate::support::process::PATIENCE;

#[tokio::test]
async fn connections_are_spread_over_the_threads() {
    let server = serve(
        Config {
            threads: 3,
            ..tcp()
        },
        Routes::default(),
    );
    let mut seen = Vec::new();
    let mut clients = Vec::new();
    for _ in 0..6 {
        let mut client = server.connect().await;
        seen.push(client.ask("thread").await);
        clients.push(client);
    }
    seen.sort();
    assert_eq!(seen, ["0", "0", "1", "1", "2", "2"]);
    assert_eq!(server.stats.connections().collect::<Vec<_>>(), [2, 2, 2]);
    drop(clients);
    until("they are gone", async || {
        (server.stats.connections().sum::<usize>() == 0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_call_in_flight_is_answered_before_the_end() {
    let server = serve(tcp(), Routes::default());
    let (mut busy, mut idle) = (server.connect().await, server.connect().await);
    let address = server.addresses[0].clone();
    assert_eq!(idle.ask("hello").await, "hello");
    let (frames, held) = busy.begin(post());
    server.calls(1).await;
    let stopping = tokio::spawn(server.stop());
    // The idle connection gets its GOAWAY and ends; the busy one waits for its call.
    in_time("its end", idle.ended).await.unwrap().unwrap();
    assert!(!stopping.is_finished());
    let BoundAddress::Tcp(address) = address else {
        panic!("not TCP")
    };
    assert!(
        TcpStream::connect(address).await.is_err(),
        "nothing is accepted any more"
    );

    frames.send(Frame::data(framed(b"finished"))).await.unwrap();
    drop(frames);
    assert_eq!(held.await.unwrap().text(), "finished");
    assert!(stopping.await.unwrap());
    in_time("its end", busy.ended).await.unwrap().unwrap();
}

#[tokio::test]
async fn what_outlives_the_grace_is_cut_off() {
    let server = serve(tcp(), Routes::default());
    let mut client = server.connect().await;
    let (_frames, _held) = client.begin(post());
    server.calls(1).await;
    server.trigger.trigger();
    assert!(!server.serving.finish(Duration::from_millis(1)).await);
    in_time("the end", server.drain.wait()).await;
    assert_eq!(server.stats.in_flight(), 0);
}

#[tokio::test]
async fn a_connection_that_never_speaks_does_not_hold_up_the_end() {
    let server = serve(tcp(), Routes::default());
    let BoundAddress::Tcp(address) = server.addresses[0] else {
        panic!("not TCP")
    };
    let _silent = TcpStream::connect(address).await.unwrap();
    until("it is there", async || {
        (server.stats.connections().sum::<usize>() > 0).then_some(())
    })
    .await;
    assert!(server.stop().await);
}

#[tokio::test]
async fn a_burst_of_resets_spares_the_connection() {
    let server = serve(tcp(), Routes::default());
    let mut client = server.connect().await;
    for _ in 0..200 {
        let (_frames, held) = client.begin(post());
        tokio::task::yield_now().await;
        held.abort();
    }
    assert_eq!(client.ask("still here").await, "still here");
}

/// gRPC C-core and others end a call by an empty frame of its own, so that its message is not the last frame.
#[tokio::test]
async fn a_burst_of_small_messages_spares_the_connection() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("authz.sock");
    let config = config(vec![unix(&path)]);
    let calls = config.max_concurrent_streams;
    let bound = grpc::bind(config).unwrap();
    let mut stream = std::os::unix::net::UnixStream::connect(path).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    // All of it is there before anything is read.
    stream.write_all(&burst(calls)).unwrap();

    let server = serve_bound(bound, Routes::default());
    let answered = tokio::task::spawn_blocking(move || {
        let mut answered = 0;
        while answered < calls {
            let mut head = [0; 9];
            stream.read_exact(&mut head).unwrap();
            let mut payload = vec![0; usize::from(u16::from_be_bytes([head[1], head[2]]))];
            stream.read_exact(&mut payload).unwrap();
            let (kind, flags) = (head[3], head[4]);
            let text = String::from_utf8_lossy(&payload);
            assert_ne!(kind, GO_AWAY, "after {answered} answers: {text}");
            answered += u32::from(kind == HEADERS && flags & END_STREAM != 0);
        }
    });
    answered.await.unwrap();
    drop(server);
}

const HEADERS: u8 = 1;
const GO_AWAY: u8 = 7;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// The bytes of a connection with so many calls at once.
fn burst(calls: u32) -> Vec<u8> {
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0".to_vec();
    let first = [
        b"\x83\x86\x40\x05:path\x12/test.Service/Echo".as_slice(),
        b"\x40\x0ccontent-type\x10application/grpc",
    ]
    .concat();
    let mut frame = |kind, flags, id: u32, payload: &[u8]| {
        bytes.extend([0, 0, u8::try_from(payload.len()).unwrap(), kind, flags]);
        bytes.extend(id.to_be_bytes());
        bytes.extend(payload);
    };
    for number in 0..calls {
        let id = 2 * number + 1;
        // The first call's fields are known by their indices from then on.
        let fields = if number == 0 {
            &*first
        } else {
            b"\x83\x86\xbf\xbe"
        };
        frame(HEADERS, END_HEADERS, id, fields);
        frame(0, 0, id, b"\0\0\0\0\0");
        frame(0, END_STREAM, id, b"");
    }
    bytes
}
