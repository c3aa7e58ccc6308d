//! Downloads that are asked for, that servers hold back, and that are changed while they run.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use regate::bundle::downloads::Common;
use regate::bundle::{Config, Downloads, PollError, Polled, Trigger, Update};
use regate::engine::RegoVersion;
use regate::http::client::Client;
use regate::task::{self, ShutdownTrigger};
use tokio::sync::mpsc;

use super::server::{Answer, Server};
use super::{Fetcher, revision, service, source};
use crate::support::process::in_time;

const LONG_POLLING: &str = "application/vnd.openpolicyagent.bundles";

#[tokio::test]
async fn who_asks_is_told_what_came_of_it() {
    let server = Server::start().await;
    let mut source = source(&service(&server.url("")));
    source.config.trigger = Trigger::Manual;
    let mut fetcher = Fetcher::start(source);
    server.answer(Answer::bundle(&revision("1"), "e1"));
    let asked = fetcher.ask();
    fetcher.ready(Ok(())).await;
    let activated = |revision: &str| {
        Ok(Polled::Activated {
            revision: revision.to_owned(),
        })
    };
    assert_eq!(asked.await.unwrap(), activated("1"));
    server.answer(Answer::status(304));
    let asked = fetcher.ask();
    fetcher.unchanged().await;
    assert_eq!(asked.await.unwrap(), Ok(Polled::Unchanged));
    server.answer(Answer::bundle(&revision("2"), "e2"));
    let asked = fetcher.ask();
    fetcher.ready(Err("does not compile".to_owned())).await;
    let failed = PollError::Failed("does not compile".to_owned());
    assert_eq!(asked.await.unwrap(), Err(failed));
    server.answer(Answer::status(500));
    let asked = fetcher.ask();
    fetcher.failed().await;
    let Err(PollError::Failed(reason)) = asked.await.unwrap() else {
        panic!("expected a failure")
    };
    assert!(reason.contains("500 Internal Server Error"), "{reason}");
    assert_eq!(server.requests().len(), 4, "nobody else asked");
}

#[tokio::test]
async fn a_server_that_can_is_asked_to_wait_and_nobody_waits_with_it() {
    let server = Server::start().await;
    server.answer(Answer::bundle(&revision("1"), "e1").with("content-type", LONG_POLLING));
    let mut source = source(&service(&server.url("")));
    source.config.long_polling_timeout = Some(Duration::from_mins(30));
    let mut fetcher = Fetcher::start(source);
    let first = fetcher.next().await;
    server.answer(Answer::never());
    let Update::Ready { activated, .. } = first else {
        panic!("expected a bundle")
    };
    activated.send(Ok(())).unwrap();
    let requests = server.requests_when(2).await;
    for request in &requests {
        let prefer = request.header("prefer");
        assert_eq!(prefer, Some("modes=snapshot,delta;wait=1800"));
    }
    assert_eq!(requests[1].header("if-none-match"), Some("e1"), "at once");

    // A plain bundle ends it.
    server.answer(Answer::bundle(&revision("2"), "e2"));
    let asked = fetcher.ask();
    fetcher.ready(Ok(())).await;
    assert!(asked.await.unwrap().is_ok());
    server.answer(Answer::status(304));
    fetcher.ask();
    fetcher.unchanged().await;
    let requests = server.requests();
    let prefer: Vec<_> = requests
        .iter()
        .skip(2)
        .map(|it| it.header("prefer"))
        .collect();
    assert_eq!(prefer, [Some("modes=snapshot,delta"); 2]);
}

#[tokio::test]
async fn a_server_that_never_answers_is_not_waited_for_without_end() {
    let server = Server::start().await;
    server.answer(Answer::never());
    let mut service = service(&server.url(""));
    service.response_header_timeout = Duration::from_millis(1);
    let mut source = source(&service);
    source.config.long_polling_timeout = Some(Duration::from_millis(1));
    let mut fetcher = Fetcher::start(source);
    fetcher.failed_with("no response from").await;
}

/// Downloads under test, with the end of their channel that an instance would hold.
struct Running {
    downloads: Downloads,
    updates: mpsc::Receiver<Update>,
    clients: BTreeMap<String, Client>,
    _shutdown: ShutdownTrigger,
}

impl Running {
    fn new(server: &Server, directory: &Path) -> Self {
        let (updates, received) = mpsc::channel(16);
        let (trigger, shutdown) = task::shutdown();
        let client = Client::new(&service(&server.url(""))).unwrap();
        Self {
            downloads: Downloads::new(Common {
                persistence_directory: directory.to_owned(),
                rego_version: RegoVersion::V1,
                updates,
                shutdown,
            }),
            updates: received,
            clients: BTreeMap::from([("s".to_owned(), client)]),
            _shutdown: trigger,
        }
    }

    async fn next(&mut self) -> Update {
        let update = in_time("an update", self.updates.recv()).await;
        update.expect("the downloads run")
    }

    /// The names of a change that has just been made.
    async fn changed(&mut self) -> (Vec<String>, Vec<String>, Vec<Update>) {
        match self.next().await {
            Update::Changed {
                names,
                removed,
                first,
            } => (names, removed, first),
            other => panic!("expected a change, got {other:?}"),
        }
    }
}

fn config(name: &str, resource: &str) -> Config {
    let source = source(&service("http://localhost"));
    Config {
        name: name.to_owned(),
        resource: resource.to_owned(),
        ..source.config
    }
}

/// Puts in force what came, and gives its name.
fn activate(update: Update) -> String {
    match update {
        Update::Ready { bundle, activated } => {
            activated.send(Ok(())).expect("the fetcher waits");
            bundle.name
        }
        other => panic!("expected a bundle, got {other:?}"),
    }
}

#[tokio::test]
async fn all_bundles_of_a_configuration_start_or_none() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start().await;
    server.answer(Answer::bundle(&revision("1"), "e1"));
    let mut running = Running::new(&server, directory.path());
    let clients = running.clients.clone();
    let elsewhere = Config {
        service: Some("other".to_owned()),
        ..config("b", "b")
    };
    let badly_named = Config {
        persist: true,
        ..config("../b", "b")
    };
    for (bad, expected) in [
        (elsewhere, "bundle `b` names the service `other`"),
        (badly_named, "the bundle name `../b`"),
    ] {
        let bundles = vec![config("a", "a"), bad];
        let error = running.downloads.apply(bundles, &clients).await;
        let error = error.unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    assert!(server.requests().is_empty());
    let bundles = vec![config("a", "a"), config("b", "b")];
    running.downloads.apply(bundles, &clients).await.unwrap();
    let (names, removed, first) = running.changed().await;
    assert_eq!((names.len(), removed.len(), first.len()), (2, 0, 0));
    let mut names = [
        activate(running.next().await),
        activate(running.next().await),
    ];
    names.sort();
    assert_eq!(names, ["a", "b"]);

    let polls = running.downloads.polls();
    server.answer(Answer::status(304));
    assert_eq!(
        in_time("a poll", polls.poll("a")).await,
        Ok(Polled::Unchanged)
    );
    let unknown = PollError::Unknown("c".to_owned());
    assert_eq!(polls.poll("c").await, Err(unknown));
}

#[tokio::test]
async fn what_goes_and_what_comes_is_one_change() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start().await;
    server.answer(Answer::bundle(&revision("1"), "e1"));
    let mut running = Running::new(&server, directory.path());
    let clients = running.clients.clone();
    let bundles = vec![
        config("stays", "1"),
        config("moves", "2"),
        config("goes", "3"),
    ];
    running.downloads.apply(bundles, &clients).await.unwrap();
    running.changed().await;
    for _ in 0..3 {
        activate(running.next().await);
    }
    let bundles = vec![
        config("stays", "1"),
        config("moves", "4"),
        config("comes", "5"),
    ];
    running.downloads.apply(bundles, &clients).await.unwrap();
    let (names, removed, first) = running.changed().await;
    assert_eq!(names, ["stays", "moves", "comes"]);
    assert_eq!(removed, ["goes"]);
    let mut came: Vec<String> = first.into_iter().map(activate).collect();
    came.sort();
    assert_eq!(came, ["comes", "moves"], "what stays was left alone");
    let requests = server.requests();
    assert_eq!(requests.len(), 5);
    let moved = requests.iter().find(|it| it.path == "/4").unwrap();
    assert_eq!(
        moved.header("if-none-match"),
        None,
        "another resource has another `ETag`"
    );

    let polls = running.downloads.polls();
    let gone = PollError::Unknown("goes".to_owned());
    assert_eq!(polls.poll("goes").await, Err(gone));
    // Nothing changed, and nothing is said.
    let bundles = vec![
        config("stays", "1"),
        config("moves", "4"),
        config("comes", "5"),
    ];
    running.downloads.apply(bundles, &clients).await.unwrap();
    server.answer(Answer::status(304));
    assert_eq!(
        in_time("a poll", polls.poll("comes")).await,
        Ok(Polled::Unchanged)
    );
    assert!(matches!(running.next().await, Update::Unchanged { .. }));
}

#[tokio::test]
async fn a_new_bundle_that_fails_holds_up_no_other() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start().await;
    server.answer(Answer::bundle(&revision("1"), "e1"));
    let mut running = Running::new(&server, directory.path());
    let clients = running.clients.clone();
    let first = vec![config("goes", "1")];
    running.downloads.apply(first, &clients).await.unwrap();
    running.changed().await;
    activate(running.next().await);
    server.answer(Answer::status(404));
    let manual = Config {
        trigger: Trigger::Manual,
        ..config("manual", "3")
    };
    let bundles = vec![config("fails", "2"), manual];
    let applied = running.downloads.apply(bundles, &clients);
    in_time("the change", applied).await.unwrap();
    let (_, removed, first) = running.changed().await;
    assert_eq!(removed, ["goes"]);
    assert!(matches!(first[..], [Update::Failed { .. }]), "{first:?}");
}

#[tokio::test]
async fn files_are_read_again_when_somebody_says_so() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("b.tar.gz");
    std::fs::write(&path, revision("1")).unwrap();
    let server = Server::start().await;
    let mut running = Running::new(&server, directory.path());
    let file = Config {
        service: None,
        ..config("f", &format!("file://{}", path.display()))
    };
    running
        .downloads
        .apply(vec![file], &BTreeMap::new())
        .await
        .unwrap();
    running.changed().await;
    activate(running.next().await);
    std::fs::write(&path, revision("2")).unwrap();
    let polls = running.downloads.polls();
    let reread = tokio::spawn(async move { polls.reread_files().await });
    let Update::Ready { bundle, activated } = running.next().await else {
        panic!("expected a bundle")
    };
    assert_eq!(bundle.revision, "2");
    activated.send(Ok(())).unwrap();
    in_time("the end of it", reread).await.unwrap();
}
