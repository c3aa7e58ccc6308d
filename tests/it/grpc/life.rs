//! Connections over threads, and the end.

use http_body::Frame;
use tokio::net::TcpStream;

use super::*;

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
    while server.stats.connections().sum::<usize>() > 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_call_in_flight_is_answered_before_the_end() {
    let server = serve(tcp(), Routes::default());
    let (mut busy, mut idle) = (server.connect().await, server.connect().await);
    let address = server.addresses[0].clone();
    assert_eq!(idle.ask("hello").await, "hello");
    let (frames, held) = busy.begin(post());
    while server.stats.in_flight() == 0 {
        tokio::task::yield_now().await;
    }
    let stopping = tokio::spawn(server.stop());
    // The idle connection gets its GOAWAY and ends; the busy one waits for its call.
    idle.ended.await.unwrap().unwrap();
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
    busy.ended.await.unwrap().unwrap();
}

#[tokio::test]
async fn what_outlives_the_grace_is_cut_off() {
    let server = serve(tcp(), Routes::default());
    let mut client = server.connect().await;
    let (_frames, _held) = client.begin(post());
    while server.stats.in_flight() == 0 {
        tokio::task::yield_now().await;
    }
    server.trigger.trigger();
    assert!(!server.serving.finish(Duration::from_millis(1)).await);
    server.drain.wait().await;
    assert_eq!(server.stats.in_flight(), 0);
}

#[tokio::test]
async fn a_connection_that_never_speaks_does_not_hold_up_the_end() {
    let server = serve(tcp(), Routes::default());
    let BoundAddress::Tcp(address) = server.addresses[0] else {
        panic!("not TCP")
    };
    let _silent = TcpStream::connect(address).await.unwrap();
    while server.stats.connections().sum::<usize>() == 0 {
        tokio::task::yield_now().await;
    }
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
