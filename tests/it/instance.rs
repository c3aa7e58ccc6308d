//! An instance on real files: it starts, reloads, takes bundles, and keeps the last good snapshot.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use regate::bundle::{Bundle, Config as BundleConfig, Update};
use regate::data::Object;
use regate::engine::{Engine, Entrypoint, MemoryLimits, Module, RegoVersion};
use regate::instance::{ActivationConfig, Config, Hooks, Instance, Outcomes, Status, start};
use regate::task::{self, ShutdownTrigger};
use regate::tool;
use tokio::sync::{mpsc, oneshot};

use crate::support::process::in_time;
use crate::support::values;

mod gate;
mod returns;
mod stale;

struct Running {
    instance: Instance,
    updates: mpsc::Sender<Update>,
    /// How its decisions ended, as far as it knows.
    outcomes: Arc<Mutex<Outcomes>>,
    _trigger: ShutdownTrigger,
}

async fn running(paths: &[&Path], bundles: &[&str], watch: bool) -> Result<Running, String> {
    running_with(paths, bundles, watch, ActivationConfig::default()).await
}

async fn running_with(
    paths: &[&Path],
    bundles: &[&str],
    watch: bool,
    activation: ActivationConfig,
) -> Result<Running, String> {
    let outcomes = Arc::new(Mutex::new(Outcomes::default()));
    let told = Arc::clone(&outcomes);
    let (updates, receiver) = mpsc::channel(8);
    let (trigger, shutdown) = task::shutdown();
    let config = Config {
        paths: paths.iter().map(|path| path.to_path_buf()).collect(),
        bundle_paths: Vec::new(),
        bundle_verification: regate::bundle::Verification::default(),
        ignore: vec![".*".to_owned()],
        watch,
        rego_version: RegoVersion::V1,
        runtime: Object::default(),
        memory: MemoryLimits::default(),
        max_errors: 10,
        bundles: bundles.iter().map(|name| bundle_config(name)).collect(),
        services: Vec::new(),
        engine: Engine::default(),
        persistence_directory: PathBuf::from("."),
        activation,
    };
    let hooks = Hooks {
        outcomes: Box::new(move || *told.lock().unwrap()),
        run_tests: Arc::new(|modules, data| {
            tool::test::pass(modules.to_vec(), data.clone(), Duration::from_secs(10))
        }),
    };
    let entrypoint = Entrypoint::Path("authz/allow".to_owned());
    let started = start(config, vec![entrypoint], receiver, hooks, shutdown).await;
    let instance = started.map_err(|error| error.to_string())?;
    Ok(Running {
        instance,
        updates,
        outcomes,
        _trigger: trigger,
    })
}

fn bundle_config(name: &str) -> BundleConfig {
    BundleConfig {
        name: name.to_owned(),
        service: None,
        resource: String::new(),
        min_delay: Duration::from_mins(1),
        max_delay: Duration::from_mins(2),
        long_polling_timeout: None,
        trigger: regate::bundle::Trigger::Periodic,
        persist: false,
        size_limit: 1 << 20,
        verification: regate::bundle::Verification::default(),
    }
}

fn bundle(name: &str, root: &str, revision: &str, text: &str) -> Box<Bundle> {
    Box::new(Bundle {
        name: name.to_owned(),
        revision: revision.to_owned(),
        roots: vec![root.to_owned()],
        modules: vec![Module {
            name: format!("{name}.rego"),
            source: text.into(),
            version: RegoVersion::V1,
        }],
        data: Object::default().into(),
        metadata: Object::default().into(),
        etag: None,
    })
}

impl Running {
    fn decide(&self) -> String {
        let snapshot = self.instance.cell().load_full().expect("a snapshot");
        let budget = values::within(Duration::from_secs(10));
        match snapshot
            .policy
            .evaluator()
            .eval(0, &Object::default().into(), budget)
            .result
        {
            Ok(value) => value.to_string(),
            Err(error) => error.to_string(),
        }
    }

    /// The status as soon as `wanted` accepts it.
    async fn until(&self, wanted: impl FnMut(&Status) -> bool) -> Status {
        let mut status = self.instance.status();
        let reached = in_time("the status", status.wait_for(wanted)).await;
        reached.expect("the writer lives").clone()
    }

    async fn send(&self, bundle: Box<Bundle>) -> Result<(), String> {
        let (activated, outcome) = oneshot::channel();
        self.updates
            .send(Update::Ready { bundle, activated })
            .await
            .expect("the writer takes it");
        in_time("the writer's answer", outcome)
            .await
            .expect("the writer answers")
    }
}

#[tokio::test]
async fn files_are_loaded_and_a_bad_reload_changes_nothing() {
    let root = tempfile::tempdir().expect("a directory");
    let policy = root.path().join("p.rego");
    std::fs::write(&policy, "package authz\nallow := data.level > 1").expect("written");
    std::fs::write(root.path().join("data.yaml"), "level: 2").expect("written");
    let running = running(&[root.path()], &[], false)
        .await
        .expect("it starts");
    assert_eq!(running.decide(), "true");
    assert!(running.instance.status().borrow().ready());

    std::fs::write(&policy, "package authz\nallow := nothing(1)").expect("written");
    let error = running
        .instance
        .control()
        .reload()
        .await
        .expect_err("it does not compile");
    assert!(
        error.contains("p.rego:2:10: rego_type_error: undefined function nothing"),
        "{error}"
    );
    assert_eq!(running.decide(), "true");
    let status = running.instance.status().borrow().clone();
    assert_eq!((status.generation, status.failures), (1, 1));
    assert_eq!(status.files_error, Some(error));

    std::fs::write(&policy, "package authz\nallow := data.level > 2").expect("written");
    running
        .instance
        .control()
        .reload()
        .await
        .expect("it compiles");
    assert_eq!(running.decide(), "false");
    assert_eq!(running.instance.status().borrow().generation, 2);
}

#[tokio::test]
async fn a_policy_that_does_not_compile_does_not_start() {
    let root = tempfile::tempdir().expect("a directory");
    std::fs::write(
        root.path().join("p.rego"),
        "package authz\nallow := f(1)\nf(x) := f(x)",
    )
    .expect("written");
    let error = running(&[root.path()], &[], false)
        .await
        .err()
        .expect("refused");
    assert!(
        error.contains("rego_recursion_error: rule data.authz.f is recursive"),
        "{error}"
    );
}

#[tokio::test]
async fn bundles_are_activated_when_they_come_and_only_good_ones() {
    let running = running(&[], &["one", "two"], false)
        .await
        .expect("it starts");
    assert_eq!(running.decide(), "undefined decision");
    assert!(!running.instance.status().borrow().ready());

    let text = "package authz\nallow := data.system.bundles.one.manifest.revision";
    running
        .send(bundle("one", "authz", "r1", text))
        .await
        .expect("activated");
    assert_eq!(running.decide(), "\"r1\"");
    assert!(!running.instance.status().borrow().ready());

    let overlap = running
        .send(bundle("two", "authz/more", "r1", "package authz.more"))
        .await;
    assert!(overlap.expect_err("refused").contains("overlap"));
    let broken = running
        .send(bundle("one", "authz", "r2", "package authz\nallow := ("))
        .await;
    assert!(broken.expect_err("refused").contains("rego_parse_error"));
    assert_eq!(running.decide(), "\"r1\"");

    running
        .send(bundle("two", "other", "", "package other"))
        .await
        .expect("activated");
    let status = running.instance.status().borrow().clone();
    assert!(status.ready());
    assert_eq!(status.failures, 2);
    assert!(
        status.bundles[0]
            .error
            .as_ref()
            .is_some_and(|e| e.code == "bundle_error")
    );
    assert_eq!(status.bundles[0].active_revision.as_deref(), Some("r1"));
    assert_eq!(status.bundles[1].active_revision.as_deref(), Some(""));
}

#[tokio::test]
async fn a_watched_file_is_loaded_again_by_itself() {
    let root = tempfile::tempdir().expect("a directory");
    let policy = root.path().join("p.rego");
    std::fs::write(&policy, "package authz\nallow := 1").expect("written");
    let running = running(&[&policy], &[], true).await.expect("it starts");
    let mut status = running.instance.status();
    let staged = root.path().join("p.new");
    std::fs::write(&staged, "package authz\nallow := 2").expect("written");
    std::fs::rename(&staged, &policy).expect("renamed");
    let changed = status.wait_for(|status| status.generation == 2);
    drop(in_time("the change", changed).await);
    assert_eq!(running.decide(), "2");
}
