//! The sample policies decide what their own requests say: each `policies/*/requests/*.json` holds
//! an `input` and the decision it must `want`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use regate::data::{Object, Value};
use regate::engine::{Engine, Entrypoint, Module, Policy, RegoVersion, Source};

use crate::support::values::{self, ENGINES};

const SAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/policies");

#[test]
fn every_sample_decides_as_its_requests_say() {
    let folders: Vec<PathBuf> = entries(Path::new(SAMPLES))
        .into_iter()
        .filter(|p| p.is_dir())
        .collect();
    assert_eq!(folders.len(), 4, "{folders:?}");
    let both = |folder: PathBuf| ENGINES.map(|engine| (folder.clone(), engine));
    for (folder, engine) in folders.into_iter().flat_map(both) {
        let policy = compile(&folder, engine);
        let requests = entries(&folder.join("requests"));
        assert!(
            requests.len() >= 3,
            "{} has too few requests",
            folder.display()
        );
        for request in requests {
            let case = read(&request);
            let member = |name| case.get_str(name).unwrap();
            let budget = values::within(Duration::from_secs(10));
            let evaluation = policy.evaluator().eval(0, member("input"), budget);
            let (got, request) = (evaluation.result.unwrap(), request.display());
            assert_eq!(got, *member("want"), "{engine:?}: {request}");
        }
    }
}

fn compile(folder: &Path, engine: Engine) -> Policy {
    let source = std::fs::read_to_string(folder.join("policy.rego")).unwrap();
    let module = Module {
        name: "policy.rego".to_owned(),
        source: source.into(),
        version: RegoVersion::V1,
    };
    let policy = Policy::compile(Source {
        modules: vec![module],
        data: read(&folder.join("data.json")),
        entrypoints: vec![Entrypoint::Path("envoy/authz/allow".to_owned())],
        engine,
        runtime: Object::default(),
        max_errors: 10,
    });
    policy.unwrap_or_else(|errors| panic!("{}: {errors}", folder.display()))
}

fn read(path: &Path) -> Value {
    values::parse(&std::fs::read_to_string(path).unwrap())
}

/// What is in a folder, by name.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut entries: Vec<PathBuf> = entries.collect();
    entries.sort();
    entries
}
