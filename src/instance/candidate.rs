//! Everything that the next snapshot would be made from, and the making of its policy on a thread of
//! its own.

use std::collections::BTreeMap;
use std::io;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::files::Loaded;
use super::merge;
use crate::bundle::{self, Bundle};
use crate::data::Value;
use crate::decision::Revisions;
use crate::engine::{Budget, Entrypoint, Policy, Source};

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

// === impl Candidate ===

impl Candidate {
    fn bundles(&self) -> impl Iterator<Item = &Bundle> {
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

    /// Joins the parts and compiles them. The error is for people.
    pub(super) fn compile(
        &self,
        entrypoints: Vec<Entrypoint>,
        max_errors: usize,
    ) -> Result<Policy, String> {
        bundle::check_overlap(&self.bundles().collect::<Vec<_>>())
            .map_err(|error| error.to_string())?;
        let mut modules = self.files.modules.clone();
        let mut data = self.files.data.clone();
        for bundle in self.bundles() {
            modules.extend(bundle.modules.iter().cloned());
            merge::merge_at(&mut data, &[], bundle.data.clone()).map_err(|at| {
                format!(
                    "the bundle `{}` and what was loaded before both have a value for `data.{}`",
                    bundle.name,
                    at.join(".")
                )
            })?;
            let place = ["system", "bundles", &bundle.name].map(ToOwned::to_owned);
            merge::merge_at(&mut data, &place, about(bundle)).map_err(|at| {
                format!(
                    "`data.{}` belongs to the bundle's own description and cannot be data",
                    at.join(".")
                )
            })?;
        }
        let policy = Policy::compile(Source {
            modules,
            data,
            entrypoints,
            max_errors,
        })
        .map_err(|e| e.to_string())?;
        warm(&policy);
        Ok(policy)
    }
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
    let mut manifest = BTreeMap::from([
        (
            Value::from("revision"),
            Value::from(bundle.revision.as_str()),
        ),
        (Value::from("roots"), Value::from(roots)),
    ]);
    if bundle.metadata.as_object().is_ok() {
        manifest.insert(Value::from("metadata"), bundle.metadata.clone());
    }
    let mut about = BTreeMap::from([(Value::from("manifest"), Value::from(manifest))]);
    if let Some(etag) = &bundle.etag {
        about.insert(Value::from("etag"), Value::from(etag.as_str()));
    }
    Value::from(about)
}

/// Lets the engine fill what it fills at first use.
fn warm(policy: &Policy) {
    let budget = Budget {
        deadline: Instant::now() + WARM_UP,
    };
    let _ = policy.evaluator().eval(0, Value::new_object(), budget);
}
