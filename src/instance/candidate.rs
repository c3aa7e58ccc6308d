//! Everything that the next snapshot would be made from, and the making of its policy on a thread of
//! its own.

use std::collections::BTreeMap;
use std::io;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::freshness::Freshness;
use super::gate::Gate;
use crate::bundle::{self, Bundle};
use crate::data::merge::{Equal, Merge};
use crate::data::{Object, Value};
use crate::decision::Revisions;
use crate::engine::{Budget, CompileErrors, Engine, Entrypoint, Memory, Module, Policy, Source};
use crate::files::Loaded;

/// Enough for policies nested as deep as the parser lets them be; only what is used takes memory.
const STACK: usize = 64 << 20;

/// How long the first evaluation of a new policy, which nobody waits for, may take.
const WARM_UP: Duration = Duration::from_millis(500);

/// The parts of a snapshot. Clones are cheap: the texts and the data are shared.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    /// From the paths of the command line.
    pub files: Loaded,
    /// From `-b`, in that order.
    pub disk: Vec<Bundle>,
    /// From services, by name.
    pub downloaded: BTreeMap<String, Bundle>,
}

/// Why a candidate makes no snapshot.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refused {
    /// The policy does not compile.
    #[error("{0}")]
    Compile(CompileErrors),
    /// Anything else, for people.
    #[error("{0}")]
    Text(String),
}

/// What a policy is made with.
pub(super) struct Making {
    pub(super) entrypoints: Vec<Entrypoint>,
    pub(super) engine: Engine,
    pub(super) runtime: Object,
    pub(super) max_errors: usize,
    pub(super) memory: Memory,
    pub(super) freshness: Freshness,
    pub(super) gate: Option<Gate>,
}

// === impl Candidate ===

impl Candidate {
    pub(super) fn bundles(&self) -> impl Iterator<Item = &Bundle> {
        self.disk.iter().chain(self.downloaded.values())
    }

    /// The revisions of its bundles.
    pub(super) fn revisions(&self) -> Revisions {
        Revisions(
            self.bundles()
                .map(|b| (b.name.clone(), b.revision.clone()))
                .collect(),
        )
    }

    /// The modules of all its parts.
    pub(super) fn modules(&self) -> Vec<Module> {
        let bundles = self.bundles().flat_map(|bundle| &bundle.modules);
        self.files.modules.iter().chain(bundles).cloned().collect()
    }

    /// Joins the parts, compiles them, and holds what comes against the gate, if there is one.
    pub(super) fn compile(&self, making: Making) -> Result<Policy, Refused> {
        let text = |text| Err(Refused::Text(text));
        bundle::check_overlap(&self.bundles().collect::<Vec<_>>())
            .or_else(|error| text(error.to_string()))?;
        let mut modules = self.modules();
        let mut data = Merge::new(Equal::Allowed);
        // Into nothing everything fits.
        let _ = data.add(&[], self.files.data.clone());
        for bundle in self.bundles() {
            data.add(&[], bundle.data.clone()).or_else(|at| {
                text(format!(
                    "the bundle `{}` and what was loaded before both have a value for `data.{}`",
                    bundle.name,
                    at.join(".")
                ))
            })?;
            let place = ["system", "bundles", &bundle.name].map(ToOwned::to_owned);
            data.add(&place, about(bundle)).or_else(|at| {
                text(format!(
                    "`data.{}` belongs to the bundle's own description and cannot be data",
                    at.join(".")
                ))
            })?;
        }
        if making.engine == Engine::Native && modules.iter().any(asks_for_freshness) {
            modules.extend(making.freshness.modules());
        }
        let data = data.finish();
        let policy = Policy::compile(Source {
            modules: modules.clone(),
            data: data.clone(),
            entrypoints: making.entrypoints,
            engine: making.engine,
            runtime: making.runtime,
            max_errors: making.max_errors,
        })
        .map_err(Refused::Compile)?;
        policy.settle(&making.memory);
        warm(&policy);
        if let Some(gate) = making.gate {
            let admitted = gate.admit(self, &modules, &data, &policy);
            admitted.map_err(Refused::Text)?;
        }
        Ok(policy)
    }
}

/// Whether a module may look at `data.system.sync`, in whatever way it writes that.
fn asks_for_freshness(module: &Module) -> bool {
    module.source.contains("sync")
}

/// Runs `work` on a new thread with a large stack. The error is that there is none, or that it panicked.
pub(super) async fn on_large_stack<T: Send + 'static>(
    name: &'static str,
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<T> {
    let (done, finished) = oneshot::channel();
    std::thread::Builder::new()
        .name(name.to_owned())
        .stack_size(STACK)
        .spawn(move || {
            // Nobody waits any more when the process stops; then the result is of no use.
            let _ = done.send(work());
        })?;
    finished
        .await
        .map_err(|_| io::Error::other("the thread ended without a result"))
}

/// What policies find under `data.system.bundles.NAME`.
fn about(bundle: &Bundle) -> Value {
    let roots: Vec<Value> = bundle
        .roots
        .iter()
        .map(|root| Value::from(root.as_str()))
        .collect();
    let mut manifest = vec![
        (
            Value::from("revision"),
            Value::from(bundle.revision.as_str()),
        ),
        (Value::from("roots"), Value::from(roots)),
    ];
    if matches!(bundle.metadata, Value::Object(_)) {
        manifest.push((Value::from("metadata"), bundle.metadata.clone()));
    }
    let manifest = Value::Object(Object::from(manifest));
    let mut about = vec![(Value::from("manifest"), manifest)];
    if let Some(etag) = &bundle.etag {
        about.push((Value::from("etag"), Value::from(etag.as_str())));
    }
    Value::Object(Object::from(about))
}

/// Lets the engine fill what it fills at first use.
fn warm(policy: &Policy) {
    let budget = Budget {
        deadline: Instant::now() + WARM_UP,
        steps: None,
    };
    let nothing = Value::Object(Object::default());
    let _ = policy.evaluator().eval(0, &nothing, budget);
}
