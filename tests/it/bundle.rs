//! Bundles from a real HTTP server: what is asked, what comes of each answer.

use std::collections::BTreeMap;
use std::time::Duration;

use regate::bundle::fetch::{self, Poll, Source};
use regate::bundle::persist::Store;
use regate::bundle::{Bundle, Config, Update};
use regate::engine::RegoVersion;
use regate::http::ServiceConfig;
use regate::http::client::Client;
use regate::http::credentials::{Credentials, TokenSource, bearer};
use regate::task::{self, ShutdownTrigger};
use tokio::sync::mpsc;

use crate::support::archive::{bundle, gzip};
use crate::support::process::in_time;

mod oci;
mod server;
pub(crate) mod tls;

use server::{Answer, Server};

/// A fetcher under test, with the end of its channel that an instance would hold.
struct Fetcher {
    poll: Poll,
    updates: mpsc::Receiver<Update>,
    _shutdown: ShutdownTrigger,
}

// === impl Fetcher ===

impl Fetcher {
    fn start(source: Source) -> Self {
        let (sender, updates) = mpsc::channel(1);
        let (trigger, shutdown) = task::shutdown();
        Self {
            poll: fetch::spawn(source, sender, shutdown),
            updates,
            _shutdown: trigger,
        }
    }

    async fn next(&mut self) -> Update {
        let update = in_time("an update", self.updates.recv()).await;
        update.expect("the fetcher runs")
    }

    /// The next update, which must be a bundle, and which is answered with `verdict`.
    async fn ready(&mut self, verdict: Result<(), String>) -> Bundle {
        match self.next().await {
            Update::Ready { bundle, activated } => {
                activated
                    .send(verdict)
                    .expect("the fetcher waits for the verdict");
                *bundle
            }
            other => panic!("expected a bundle, got {other:?}"),
        }
    }

    async fn unchanged(&mut self) {
        let update = self.next().await;
        assert!(matches!(update, Update::Unchanged { .. }), "{update:?}");
    }

    /// Like [`Fetcher::ready`], after whatever failures there were before.
    async fn ready_at_last(&mut self, verdict: Result<(), String>) -> Bundle {
        loop {
            if let Update::Ready { bundle, activated } = self.next().await {
                activated
                    .send(verdict)
                    .expect("the fetcher waits for the verdict");
                return *bundle;
            }
        }
    }

    /// Waits for a failure that says `expected`, and gives its HTTP status. A retry can have met
    /// the server's last answer once more before.
    async fn failed_with(&mut self, expected: &str) -> Option<u16> {
        loop {
            let (message, http_status) = self.failed().await;
            if message.contains(expected) {
                return http_status;
            }
        }
    }

    /// The message and the HTTP status of the next update, which must be a failure.
    async fn failed(&mut self) -> (String, Option<u16>) {
        match self.next().await {
            Update::Failed {
                name,
                code,
                message,
                http_status,
            } => {
                assert_eq!((name.as_str(), code.as_str()), ("authz", "bundle_error"));
                (message, http_status)
            }
            other => panic!("expected a failure, got {other:?}"),
        }
    }
}

fn service(url: &str) -> ServiceConfig {
    ServiceConfig {
        name: "s".to_owned(),
        url: url.to_owned(),
        headers: vec![("X-Tenant".to_owned(), "blue".to_owned())],
        allow_insecure_tls: false,
        response_header_timeout: Duration::from_secs(20),
        ca_cert: None,
        system_ca_required: false,
        registry: false,
        credentials: Credentials::None,
    }
}

fn source(service: &ServiceConfig) -> Source {
    Source {
        config: Config {
            name: "authz".to_owned(),
            service: Some("s".to_owned()),
            resource: "bundles/authz".to_owned(),
            // Polls come only when a test asks for them; back-offs stay short.
            min_delay: Duration::from_hours(1),
            max_delay: Duration::from_hours(1),
            persist: false,
            size_limit: 1 << 20,
        },
        client: Some(Client::new(service).unwrap()),
        store: None,
        rego_version: RegoVersion::V1,
    }
}

/// A bundle whose revision is `revision`.
fn revision(revision: &str) -> Vec<u8> {
    let manifest = format!(r#"{{"revision": "{revision}"}}"#);
    bundle(&[
        (".manifest", manifest.as_bytes()),
        ("p.rego", b"package p\n\nx := 1\n"),
    ])
}

#[tokio::test]
async fn a_new_bundle_comes_once_per_etag() {
    let server = Server::start().await;
    server.answer(Answer::bundle(&revision("1"), "\"e1\""));
    let mut fetcher = Fetcher::start(source(&service(&server.url("/base/"))));
    let bundle = fetcher.ready(Ok(())).await;
    assert_eq!(
        (bundle.name.as_str(), bundle.revision.as_str()),
        ("authz", "1")
    );
    assert_eq!(bundle.etag.as_deref(), Some("\"e1\""));
    assert_eq!(bundle.modules[0].name, "authz/p.rego");

    server.answer(Answer::status(304));
    fetcher.poll.now();
    fetcher.unchanged().await;

    server.answer(Answer::bundle(&revision("2"), "\"e2\""));
    fetcher.poll.now();
    assert_eq!(fetcher.ready(Ok(())).await.revision, "2");
    server.answer(Answer::status(304));
    fetcher.poll.now();
    fetcher.unchanged().await;

    let requests = server.requests();
    let compared: Vec<_> = requests
        .iter()
        .map(|it| it.header("if-none-match"))
        .collect();
    assert_eq!(
        compared,
        [None, Some("\"e1\""), Some("\"e1\""), Some("\"e2\"")]
    );
    for request in &requests {
        assert_eq!(request.path, "/base/bundles/authz");
        assert_eq!(request.header("prefer"), Some("modes=snapshot"));
        assert_eq!(request.header("x-tenant"), Some("blue"));
        assert_eq!(request.header("authorization"), None);
    }
}

#[tokio::test]
async fn failures_say_why_and_pass() {
    let server = Server::start().await;
    let mut fetcher = Fetcher::start(source(&service(&server.url(""))));
    for (status, expected) in [
        (404, "server replied with 404 Not Found"),
        (401, "server replied with 401 Unauthorized"),
        (500, "server replied with 500 Internal Server Error"),
        // Nothing was asked to be compared.
        (304, "server replied with 304 Not Modified"),
        (204, "server replied with 204 No Content"),
    ] {
        server.answer(Answer::status(status));
        let expected = format!("{expected} to `{}`", server.url("/bundles/authz"));
        assert_eq!(fetcher.failed_with(&expected).await, Some(status));
        fetcher.poll.now();
    }
    server.answer(Answer::bundle(&revision("1"), "e"));
    fetcher.ready_at_last(Ok(())).await;
}

#[tokio::test]
async fn bad_archives_are_never_handed_on() {
    let server = Server::start().await;
    server.answer(Answer::bundle(&revision("1"), "e1"));
    let mut fetcher = Fetcher::start(source(&service(&server.url(""))));
    fetcher.ready(Ok(())).await;
    let whole = revision("2");
    let roots = bundle(&[
        (".manifest", br#"{"roots": ["a"]}"#),
        ("p.rego", b"package b"),
    ]);
    let large = vec![7; (1 << 20) + 1];
    let bomb = gzip(&gzip(&vec![0; 2 << 20]).repeat(3));
    let signed = bundle(&[(".signatures.json", b"{}"), ("p.rego", b"package p")]);
    let table: &[(&[u8], &str)] = &[
        (b"<html>", "cannot be unpacked"),
        (b"", "cannot be unpacked"),
        (&whole[..whole.len() / 2], "cannot be unpacked"),
        (&bomb, "cannot be unpacked"),
        (
            &roots,
            "the file `p.rego` has the package `b`, which lies outside",
        ),
        (&large, "more than 1048576 bytes"),
        (&signed, "no verification key is provided"),
    ];
    for (body, expected) in table {
        server.answer(Answer::bundle(body, "bad"));
        fetcher.poll.now();
        assert_eq!(fetcher.failed_with(expected).await, None);
    }
    server.answer(Answer::bundle(&whole, "e2"));
    fetcher.poll.now();
    assert_eq!(fetcher.ready_at_last(Ok(())).await.revision, "2");
    let requests = server.requests();
    assert_eq!(requests[1].header("if-none-match"), Some("e1"));
    assert_eq!(
        requests[2].header("if-none-match"),
        None,
        "the content is wanted whole until it is good"
    );
}

#[tokio::test]
async fn a_download_that_failed_does_not_forget_what_is_in_force() {
    let server = Server::start().await;
    server.answer(Answer::bundle(&revision("1"), "e1"));
    let mut fetcher = Fetcher::start(source(&service(&server.url(""))));
    fetcher.ready(Ok(())).await;
    server.answer(Answer::status(503));
    fetcher.poll.now();
    assert_eq!(fetcher.failed().await.1, Some(503));
    server.answer(Answer::status(304));
    fetcher.poll.now();
    while let Update::Failed { .. } = fetcher.next().await {}
    assert_eq!(
        server.requests().last().unwrap().header("if-none-match"),
        Some("e1")
    );
}

#[tokio::test]
async fn a_bundle_that_was_not_activated_is_fetched_again() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start().await;
    server.answer(Answer::bundle(&revision("1"), "e1"));
    let mut source = source(&service(&server.url("")));
    let store = Store::new(directory.path(), "authz").unwrap();
    source.store = Some(store.clone());
    let mut fetcher = Fetcher::start(source);
    fetcher.ready(Ok(())).await;
    server.answer(Answer::bundle(&revision("2"), "e1"));
    fetcher.poll.now();
    fetcher.ready(Err("does not compile".to_owned())).await;
    fetcher.poll.now();
    assert_eq!(fetcher.ready(Ok(())).await.revision, "2");
    server.answer(Answer::status(304));
    fetcher.poll.now();
    fetcher.unchanged().await;
    let compared: Vec<_> = server
        .requests()
        .iter()
        .map(|it| it.header("if-none-match").is_some())
        .collect();
    assert_eq!(compared[..4], [false, true, false, true]);
    assert_eq!(store.read(1 << 20).unwrap(), Some(revision("2")));
}

#[tokio::test]
async fn only_what_was_activated_is_kept() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start().await;
    server.answer(Answer::bundle(&revision("1"), "e1"));
    let mut source = source(&service(&server.url("")));
    let store = Store::new(directory.path(), "authz").unwrap();
    source.store = Some(store.clone());
    let mut fetcher = Fetcher::start(source);
    fetcher.ready(Err("does not compile".to_owned())).await;
    fetcher.poll.now();
    let Update::Ready { activated, .. } = fetcher.next().await else {
        panic!("expected a bundle")
    };
    assert_eq!(store.read(1 << 20).unwrap(), None);
    drop(activated);
}

#[tokio::test]
async fn the_kept_copy_serves_while_the_server_is_away() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::new(directory.path(), "authz").unwrap();
    store.write(&revision("kept")).unwrap();
    let server = Server::start().await;
    server.answer(Answer::status(503));
    let mut source = source(&service(&server.url("")));
    source.store = Some(store.clone());
    let mut fetcher = Fetcher::start(source);
    let kept = fetcher.ready(Ok(())).await;
    assert_eq!((kept.revision.as_str(), kept.etag), ("kept", None));
    assert_eq!(fetcher.failed().await.1, Some(503));
    server.answer(Answer::bundle(&revision("new"), "e"));
    fetcher.poll.now();
    assert_eq!(fetcher.ready_at_last(Ok(())).await.revision, "new");
    server.answer(Answer::status(304));
    fetcher.poll.now();
    fetcher.unchanged().await;
    assert_eq!(
        store.read(1 << 20).unwrap(),
        Some(revision("new")),
        "kept before the next poll"
    );
}

#[tokio::test]
async fn a_damaged_copy_is_passed_over() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::new(directory.path(), "authz").unwrap();
    let whole = revision("kept");
    store.write(&whole[..whole.len() / 2]).unwrap();
    let server = Server::start().await;
    server.answer(Answer::bundle(&revision("new"), "e"));
    let mut source = source(&service(&server.url("")));
    source.store = Some(store);
    let mut fetcher = Fetcher::start(source);
    assert_eq!(fetcher.ready(Ok(())).await.revision, "new");
}

#[tokio::test]
async fn a_token_file_is_read_for_each_request() {
    let directory = tempfile::tempdir().unwrap();
    let token = directory.path().join("token");
    let mut service = service("http://placeholder");
    service.credentials = Credentials::Bearer(bearer::Config {
        token: TokenSource::File(token.clone()),
        scheme: "Bearer".to_owned(),
        encode: None,
    });
    let server = Server::start().await;
    service.url = server.url("");
    server.answer(Answer::bundle(&revision("1"), "e"));
    let mut fetcher = Fetcher::start(source(&service));
    let (message, _) = fetcher.failed().await;
    assert!(message.contains(&*token.to_string_lossy()), "{message}");
    assert!(
        server.requests().is_empty(),
        "without its token nothing is asked"
    );
    for text in ["first\n", "second"] {
        std::fs::write(&token, text).unwrap();
        fetcher.poll.now();
        fetcher.ready_at_last(Ok(())).await;
        let requests = server.requests();
        let sent = requests.last().unwrap().header("authorization");
        assert_eq!(sent, Some(format!("Bearer {}", text.trim()).as_str()));
    }
}

#[tokio::test]
async fn redirects_are_followed_without_the_secrets() {
    let (first, second) = (Server::start().await, Server::start().await);
    let mut service = service(&first.url(""));
    service.credentials = Credentials::Bearer(bearer::Config {
        token: TokenSource::Text("t".to_owned()),
        scheme: "Bearer".to_owned(),
        encode: None,
    });
    // The same machine under another name is another host.
    let elsewhere = second
        .url("/stored?sig=x")
        .replace("127.0.0.1", "localhost");
    first.answer(Answer::status(302).with("location", &elsewhere));
    second.answer(Answer::bundle(&revision("1"), "e1"));
    let mut fetcher = Fetcher::start(source(&service));
    fetcher.ready(Ok(())).await;
    assert_eq!(
        first.requests()[0].header("authorization"),
        Some("Bearer t")
    );
    let requests = second.requests();
    assert_eq!(requests[0].path, "/stored?sig=x");
    assert_eq!(requests[0].header("authorization"), None);
    assert_eq!(requests[0].header("x-tenant"), None);
    assert_eq!(requests[0].header("prefer"), Some("modes=snapshot"));

    first.answer(Answer::status(302).with("location", "/bundles/authz"));
    fetcher.poll.now();
    fetcher.failed_with("more than 10 redirects").await;
    assert_eq!(
        first.requests().last().unwrap().header("authorization"),
        Some("Bearer t"),
        "the same host"
    );
}

#[tokio::test]
async fn an_archive_that_is_labelled_as_encoded_is_read() {
    let server = Server::start().await;
    let mut fetcher = Fetcher::start(source(&service(&server.url(""))));
    fetcher.failed().await;
    for (body, etag) in [(revision("1"), "once"), (gzip(&revision("1")), "twice")] {
        server.answer(Answer::bundle(&body, etag).with("content-encoding", "gzip"));
        fetcher.poll.now();
        assert_eq!(
            fetcher.ready_at_last(Ok(())).await.etag.as_deref(),
            Some(etag)
        );
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_a_failure() {
    // A port that was free a moment ago.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://user:secret@{}", listener.local_addr().unwrap());
    drop(listener);
    let mut fetcher = Fetcher::start(source(&service(&url)));
    let (message, http_status) = fetcher.failed().await;
    assert!(
        message.contains("refused") && !message.contains("secret"),
        "{message}"
    );
    assert_eq!(http_status, None);
}

#[tokio::test]
async fn a_file_is_read_once_and_when_asked() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("b.tar.gz");
    std::fs::write(&path, revision("1")).unwrap();
    let mut source = source(&service("http://unused"));
    source.client = None;
    source.config.resource = format!("file://{}", path.display());
    let mut fetcher = Fetcher::start(source);
    let bundle = fetcher.ready(Ok(())).await;
    assert_eq!(
        (bundle.name.as_str(), bundle.revision.as_str()),
        ("authz", "1")
    );
    std::fs::write(&path, revision("2")).unwrap();
    fetcher.poll.now();
    assert_eq!(fetcher.ready(Ok(())).await.revision, "2");
}

#[tokio::test]
async fn shutdown_ends_the_fetcher() {
    let server = Server::start().await;
    server.answer(Answer::bundle(&revision("1"), "e1"));
    let (sender, mut updates) = mpsc::channel(1);
    let (trigger, shutdown) = task::shutdown();
    fetch::spawn(source(&service(&server.url(""))), sender, shutdown);
    // Not answered: the fetcher waits for a verdict that never comes.
    let waiting = in_time("a bundle", updates.recv()).await;
    assert!(waiting.is_some());
    trigger.trigger();
    assert!(in_time("the end", updates.recv()).await.is_none());
}

#[tokio::test]
async fn all_bundles_of_a_configuration_start_or_none() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start().await;
    server.answer(Answer::bundle(&revision("1"), "e1"));
    let source = source(&service(&server.url("")));
    let clients = BTreeMap::from([("s".to_owned(), source.client.clone().unwrap())]);
    let named = |name: &str, service: &str| Config {
        name: name.to_owned(),
        service: Some(service.to_owned()),
        persist: true,
        ..source.config.clone()
    };
    let (sender, mut updates) = mpsc::channel(1);
    let (_trigger, shutdown) = task::shutdown();
    let start = |bundles| {
        regate::bundle::start(
            bundles,
            &clients,
            directory.path(),
            RegoVersion::V1,
            &sender,
            &shutdown,
        )
    };
    for (bundles, expected) in [
        (
            vec![named("a", "s"), named("b", "other")],
            "bundle `b` names the service `other`",
        ),
        (
            vec![named("a", "s"), named("../b", "s")],
            "the bundle name `../b`",
        ),
    ] {
        let error = start(bundles).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    assert!(server.requests().is_empty());
    let polls = start(vec![named("a", "s"), named("b", "s")]).unwrap();
    assert_eq!(polls.keys().collect::<Vec<_>>(), ["a", "b"]);
    let mut names = Vec::new();
    for _ in 0..2 {
        let update = in_time("a bundle", updates.recv()).await;
        let Some(Update::Ready { bundle, .. }) = update else {
            panic!("expected a bundle")
        };
        names.push(bundle.name);
    }
    names.sort();
    assert_eq!(names, ["a", "b"]);
}
