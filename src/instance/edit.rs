//! Changes that somebody asks for while the instance runs: policies and data beside those of bundles.
//!
//! A change is made to what the files gave, and becomes a candidate like any other: what does not compile changes
//! nothing. Later bundles leave it as it is; files that are read again because they changed take its place.

use tokio::sync::{mpsc, oneshot};

use super::candidate::{Candidate, Refused};
use super::writer::Request;
use crate::bundle::Bundle;
use crate::data::Value;
use crate::engine::{CompileErrors, Module};

mod document;

pub use document::{Operation, Step};

/// A change.
#[derive(Debug, Clone, PartialEq)]
pub enum Edit {
    /// A module is put in the place of the one with its name, or beside the others.
    PutModule(Module, Vec<String>),
    /// A module is taken away.
    DeleteModule(String),
    /// A document is put at a place, and whatever it takes to get there; with `new`, only where there is none.
    PutData {
        /// The place below `data`.
        path: Vec<String>,
        /// The document.
        value: Value,
        /// Whether there must be nothing yet.
        new: bool,
    },
    /// Steps are done one after the other, all or none.
    PatchData(Vec<Step>),
    /// A document is taken away.
    DeleteData(Vec<String>),
}

/// Why a change was not made.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum EditError {
    /// A bundle owns the place.
    #[error("path {path} is owned by bundle \"{bundle}\"")]
    Owned {
        /// The place.
        path: String,
        /// The bundle's name.
        bundle: String,
    },
    /// A bundle owns every place.
    #[error("all paths owned by bundle \"{0}\"")]
    AllOwned(String),
    /// The root cannot change while there are bundles.
    #[error("can't write to document root with bundle roots configured")]
    RootOwned,
    /// There is a document already.
    #[error("there is a document already")]
    Exists,
    /// What would have to be an object is none.
    #[error("storage_write_conflict_error: {0}")]
    Conflict(String),
    /// There is nothing at the place.
    #[error("storage_not_found_error: {0}")]
    NotFound(String),
    /// The root must stay an object.
    #[error("storage_invalid_patch_error: {0}")]
    Root(&'static str),
    /// The policy would not compile.
    #[error("{0}")]
    Compile(CompileErrors),
    /// It could not be put in force.
    #[error("{0}")]
    Failed(String),
    /// The instance ends.
    #[error("the instance is stopping")]
    Stopping,
}

/// The way to ask for changes.
#[derive(Debug, Clone)]
pub struct Edits(pub(super) mpsc::Sender<Request>);

// === impl Edits ===

impl Edits {
    /// Asks for a change and waits until it is in force.
    pub async fn make(&self, edit: Edit) -> Result<(), EditError> {
        let (done, finished) = oneshot::channel();
        let request = Request::Edit(Box::new(edit), done);
        let sent = self.0.send(request).await;
        sent.map_err(|_| EditError::Stopping)?;
        finished.await.map_err(|_| EditError::Stopping)?
    }
}

// === impl Edit ===

impl Edit {
    /// What the next snapshot would be made from; `None` where nothing changes.
    pub(super) fn apply(self, current: &Candidate) -> Result<Option<Candidate>, EditError> {
        let mut next = current.clone();
        match self {
            Self::PutModule(module, package) => {
                may_write(current, &package)?;
                owned_module(current, &module.name)?;
                let modules = &mut next.files.modules;
                match modules.iter_mut().find(|other| other.name == module.name) {
                    Some(other) if *other == module => return Ok(None),
                    Some(other) => *other = module,
                    None => modules.push(module),
                }
            }
            Self::DeleteModule(name) => {
                owned_module(current, &name)?;
                let modules = &mut next.files.modules;
                let before = modules.len();
                modules.retain(|module| module.name != name);
                if modules.len() == before {
                    return Err(EditError::NotFound(format!("policy id \"{name}\"")));
                }
            }
            Self::PutData { path, value, new } => {
                may_write(current, &path)?;
                let data = &current.files.data;
                if new && document::find(data, &path).is_some() {
                    return Err(EditError::Exists);
                }
                next.files.data = document::put(data, &path, value)?;
            }
            Self::PatchData(steps) => {
                if steps.is_empty() {
                    return Ok(None);
                }
                for step in &steps {
                    may_write(current, &step.path)?;
                }
                let data = with_places(current, &steps);
                next.files.data = document::patch(data, steps)?;
            }
            Self::DeleteData(path) => {
                may_write(current, &path)?;
                next.files.data = document::delete(&current.files.data, &path)?;
            }
        }
        Ok(Some(next))
    }
}

impl From<Refused> for EditError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Compile(errors) => Self::Compile(errors),
            Refused::Text(text) => Self::Failed(text),
        }
    }
}

// === helpers ===

fn bundles(current: &Candidate) -> impl Iterator<Item = &Bundle> {
    current.disk.iter().chain(current.downloaded.values())
}

/// Whether no bundle owns `path`, or anything below it.
fn may_write(current: &Candidate, path: &[String]) -> Result<(), EditError> {
    for bundle in bundles(current) {
        for root in &bundle.roots {
            if root.is_empty() {
                return Err(EditError::AllOwned(bundle.name.clone()));
            }
            if path.is_empty() {
                return Err(EditError::RootOwned);
            }
            // One is the beginning of the other.
            if root.split('/').zip(path).all(|(owned, name)| owned == name) {
                return Err(EditError::Owned {
                    path: path.join("/"),
                    bundle: bundle.name.clone(),
                });
            }
        }
    }
    Ok(())
}

fn owned_module(current: &Candidate, name: &str) -> Result<(), EditError> {
    let holds = |bundle: &&Bundle| bundle.modules.iter().any(|module| module.name == name);
    match bundles(current).find(holds) {
        None => Ok(()),
        Some(bundle) => Err(EditError::Owned {
            path: name.to_owned(),
            bundle: bundle.name.clone(),
        }),
    }
}

/// The files' data, with the objects in which bundles have theirs, where a step is to go into one of them.
fn with_places(current: &Candidate, steps: &[Step]) -> Value {
    let mut data = current.files.data.clone();
    for step in steps {
        let Some((_, parent)) = step.path.split_last() else {
            continue;
        };
        let is_place = |bundle: &Bundle| {
            let mut roots = bundle.roots.iter().map(|root| root.split('/'));
            roots.any(|root| {
                root.clone().count() > parent.len()
                    && root.zip(parent).all(|(owned, name)| owned == name)
            })
        };
        if document::find(&data, parent).is_none() && bundles(current).any(is_place) {
            let empty = Value::Object(crate::data::Object::default());
            data = document::put(&data, parent, empty).unwrap_or(data);
        }
    }
    data
}
