//! What a policy is shown of an input must be all that its decision depends on: on every recorded
//! request the pruned input gives the decision that the whole input gives.

use std::path::Path;
use std::time::Duration;

use regate::authz::input::InputBuilder;
use regate::authz::wire;
use regate::data::{Object, Value};
use regate::engine::{Demand, Engine, Entrypoint, Evaluator, Module, Policy, RegoVersion, Source};

use crate::support::values::{self, ENGINES};
use crate::support::{corpus, recorded};

#[test]
fn a_pruned_input_decides_as_the_whole() {
    let Some(files) = corpus::files() else { return };
    let builder = InputBuilder::default();
    let (mut compared, mut differ) = (0, Vec::new());
    let both = |file| ENGINES.map(|engine| (file, engine));
    for (file, engine) in files.iter().flat_map(both) {
        let case = recorded::case(file);
        let Some(policy) = policy(&case.json, engine) else {
            continue;
        };
        let mut evaluator = policy.evaluator();
        for request in &case.requests {
            let Ok(scanned) = wire::scan(request.version, &request.message) else {
                continue;
            };
            let mut decide = |demand: &Demand| {
                let parsed = builder.parse(&scanned).ok()?;
                let input = builder.value(parsed, demand).ok()?;
                Some(decide(&mut evaluator, &input))
            };
            let whole = decide(&Demand::All);
            let pruned = decide(policy.demand(0));
            compared += usize::from(whole.is_some());
            if whole != pruned {
                differ.push(format!(
                    "{engine:?}: {}: {whole:?}, pruned {pruned:?}",
                    request.name
                ));
            }
        }
    }
    assert!(differ.is_empty(), "{}", differ.join("\n"));
    assert!(compared > 2_000, "only {compared} requests were compared");
}

fn decide(evaluator: &mut Evaluator, input: &Value) -> Result<Value, String> {
    let evaluation = evaluator.eval(0, input, values::within(Duration::from_secs(5)));
    evaluation.result.map_err(|error| error.code().to_owned())
}

/// The case's policy; none when the engine does not take it, which other tests look at.
fn policy(case: &serde_json::Value, engine: Engine) -> Option<Policy> {
    let files = case["files"].as_object()?;
    let modules = files
        .iter()
        .filter(|(name, _)| Path::new(name).extension().is_some_and(|ext| ext == "rego"));
    let plugin = &case["config"]["plugins"]["envoy_ext_authz_grpc"];
    let data = files
        .get("data.json")
        .map_or("{}".to_owned(), ToString::to_string);
    let source = Source {
        modules: modules
            .map(|(name, text)| Module {
                name: name.clone(),
                source: text.as_str().unwrap_or_default().into(),
                version: RegoVersion::V1,
            })
            .collect(),
        data: values::parse(&data),
        entrypoints: vec![match plugin["query"].as_str() {
            Some(query) => Entrypoint::Query(query.to_owned()),
            None => Entrypoint::Path(
                plugin["path"]
                    .as_str()
                    .unwrap_or("envoy/authz/allow")
                    .to_owned(),
            ),
        }],
        engine,
        runtime: Object::default(),
        max_errors: 1,
    };
    // Decisions that depend on the time or on chance cannot be compared.
    let text = files.values().map(ToString::to_string).collect::<String>();
    if ["time.now_ns", "uuid.rfc4122", "rand.intn", "40000"]
        .iter()
        .any(|name| text.contains(name))
    {
        return None;
    }
    Policy::compile(source).ok()
}
