//! The sample policies decide what their own requests say: each `policies/*/requests/*.json` holds
//! an `input` and the decision it must `want`.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use regate::data::Value;
use regate::engine::{Budget, Entrypoint, Module, Policy, RegoVersion, Source};

const SAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/policies");

#[test]
fn every_sample_decides_as_its_requests_say() {
    let folders: Vec<PathBuf> = entries(Path::new(SAMPLES))
        .into_iter()
        .filter(|p| p.is_dir())
        .collect();
    assert_eq!(folders.len(), 4, "{folders:?}");
    for folder in folders {
        let policy = compile(&folder);
        let requests = entries(&folder.join("requests"));
        assert!(
            requests.len() >= 3,
            "{} has too few requests",
            folder.display()
        );
        for request in requests {
            let case = read(&request);
            let budget = Budget {
                deadline: Instant::now() + Duration::from_secs(10),
            };
            let evaluation = policy.evaluator().eval(0, case["input"].clone(), budget);
            assert_eq!(
                evaluation.result.unwrap(),
                case["want"],
                "{}",
                request.display()
            );
        }
    }
}

fn compile(folder: &Path) -> Policy {
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
        max_errors: 10,
    });
    policy.unwrap_or_else(|errors| panic!("{}: {errors}", folder.display()))
}

fn read(path: &Path) -> Value {
    Value::from_json_str(&std::fs::read_to_string(path).unwrap()).unwrap()
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
