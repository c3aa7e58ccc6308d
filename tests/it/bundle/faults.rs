//! What goes wrong between a bundle's server and the disk, and what comes of it.

use std::io::Write as _;
use std::net::TcpListener;
use std::time::Duration;

use regate::bundle::persist::Store;

use super::server::{Answer, Server};
use super::{Fetcher, revision, service, snapshot, source};

#[tokio::test]
async fn a_download_that_breaks_off_is_a_failure() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    // It ends with the process.
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n";
            let mut stream = stream.unwrap();
            let _ = std::io::Read::read(&mut stream, &mut [0; 1024]);
            stream
                .write_all(&[&head[..], &revision("1")[..20]].concat())
                .unwrap();
        }
    });
    let mut fetcher = Fetcher::start(source(&service(&url)));
    let (message, status) = fetcher.failed().await;
    assert!(message.contains("broke off"), "{message}");
    assert_eq!(status, None);
}

#[tokio::test]
async fn a_name_without_an_address_is_a_failure() {
    let mut fetcher = Fetcher::start(source(&service("http://nowhere.invalid:80")));
    let (message, status) = fetcher.failed().await;
    assert!(
        message.contains("request to `http://nowhere.invalid"),
        "{message}"
    );
    assert_eq!(status, None);
}

#[tokio::test]
async fn a_server_that_asks_for_time_gets_it_unless_somebody_asks() {
    for status in [429, 503] {
        let server = Server::start().await;
        server.answer(Answer::status(status).with("retry-after", "3000"));
        let mut fetcher = Fetcher::start(source(&service(&server.url(""))));
        assert_eq!(fetcher.failed().await.1, Some(status));
        server.answer(Answer::bundle(&revision("1"), "e1"));
        fetcher.ask();
        fetcher.ready(Ok(())).await;
        assert_eq!(server.requests().len(), 2, "nothing was asked in between");
    }
}

#[tokio::test]
async fn no_server_can_keep_the_client_away_for_longer_than_the_polls_are_apart() {
    let server = Server::start().await;
    server.answer(Answer::status(503).with("retry-after", "100000000"));
    let mut source = source(&service(&server.url("")));
    source.config.min_delay = Duration::from_millis(1);
    source.config.max_delay = Duration::from_millis(1);
    let mut fetcher = Fetcher::start(source);
    fetcher.failed().await;
    server.answer(Answer::bundle(&revision("1"), "e1"));
    fetcher.ready_at_last(Ok(())).await;
}

#[tokio::test]
async fn a_disk_that_takes_nothing_does_not_keep_a_bundle_from_serving() {
    let directory = tempfile::tempdir().unwrap();
    // A file where the directory should be: unlike modes, this stops root as well.
    std::fs::write(directory.path().join("bundles"), "").unwrap();
    let store = Store::new(directory.path(), "authz").unwrap();
    let server = Server::start().await;
    server.answer(Answer::bundle(&revision("1"), "e1"));
    let mut source = source(&service(&server.url("")));
    source.store = Some(store.clone());
    let mut fetcher = Fetcher::start(source);
    fetcher.ready(Ok(())).await;
    server.answer(Answer::status(304));
    fetcher.ask();
    fetcher.unchanged().await;
    let last = server.requests().pop().unwrap();
    assert_eq!(last.header("if-none-match"), Some("e1"), "it is in force");
    assert_eq!(
        last.header("prefer"),
        Some("modes=snapshot"),
        "a delta could not be kept, since what it changes was not"
    );

    std::fs::remove_file(directory.path().join("bundles")).unwrap();
    server.answer(Answer::bundle(&revision("2"), "e2"));
    fetcher.ask();
    fetcher.ready(Ok(())).await;
    server.answer(Answer::status(304));
    fetcher.ask();
    fetcher.unchanged().await;
    assert_eq!(snapshot(&store), Some(revision("2")));
}
