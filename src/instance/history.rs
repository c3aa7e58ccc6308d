//! The snapshots that were in force: what is told of them, and what is kept so that they can be again.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::SystemTime;

use super::candidate::Candidate;
use crate::decision::Revisions;

/// How many snapshots are told of.
const TOLD: usize = 16;

/// A snapshot that is or was in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Past {
    /// Its number, from 1.
    pub generation: u64,
    /// The revisions of the bundles in it.
    pub revisions: Arc<Revisions>,
    /// When it took its place.
    pub activated_at: SystemTime,
    /// What became of it.
    pub state: PastState,
    /// Whether it is kept, so that it can be put in force again.
    pub kept: bool,
}

/// What became of a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PastState {
    /// It decides.
    InForce,
    /// Another one took its place.
    Replaced,
    /// It was taken out of force, since its decisions were not what they should be.
    RolledBack,
}

/// The snapshots of an instance, the newest first.
#[derive(Debug)]
pub(super) struct History {
    keep: usize,
    entries: VecDeque<Entry>,
}

#[derive(Debug)]
struct Entry {
    past: Past,
    /// What it is made from, once it is not in force any more.
    candidate: Option<Candidate>,
}

/// Why a snapshot cannot be put in force again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReturnError {
    /// There was none like it.
    #[error(
        "no snapshot of this process has the generation or the revision `{0}`; `GET /v1/snapshots` lists them"
    )]
    Unknown(String),
    /// It is the one in force.
    #[error("`{0}` is in force")]
    InForce(String),
    /// It is gone.
    #[error("`{0}` is not kept any more; `activation.history` says how many are, and it is {1}")]
    Gone(String, usize),
    /// It does not compile any more, or the instance is stopping.
    #[error("{0}")]
    Failed(String),
}

// === impl History ===

impl History {
    /// An empty one, of which `keep` replaced snapshots can be put in force again.
    pub(super) fn new(keep: usize) -> Self {
        Self {
            keep,
            entries: VecDeque::new(),
        }
    }

    /// Notes that a snapshot took the place of the one that was made from `before`.
    pub(super) fn replaced(&mut self, before: Candidate, by: Past) {
        if let Some(last) = self.entries.front_mut() {
            if last.past.state == PastState::InForce {
                last.past.state = PastState::Replaced;
            }
            last.candidate = Some(before);
        }
        self.entries.push_front(Entry {
            past: by,
            candidate: None,
        });
        self.entries.truncate(TOLD);
        for forgotten in self.entries.iter_mut().skip(1 + self.keep) {
            forgotten.candidate = None;
        }
    }

    /// Notes that a snapshot was taken out of force for what it did.
    pub(super) fn rolled_back(&mut self, generation: u64) {
        let mut entries = self.entries.iter_mut();
        if let Some(entry) = entries.find(|entry| entry.past.generation == generation) {
            entry.past.state = PastState::RolledBack;
        }
    }

    /// What the newest snapshot with this generation, or with a bundle of this revision, is made from.
    pub(super) fn find(&self, named: &str) -> Result<Candidate, ReturnError> {
        let is_named = |entry: &&Entry| {
            let Past {
                generation,
                revisions,
                ..
            } = &entry.past;
            generation.to_string() == named || revisions.0.iter().any(|(_, it)| it == named)
        };
        let entry = self.entries.iter().find(is_named);
        let entry = entry.ok_or_else(|| ReturnError::Unknown(named.to_owned()))?;
        if entry.past.state == PastState::InForce {
            return Err(ReturnError::InForce(named.to_owned()));
        }
        let gone = || ReturnError::Gone(named.to_owned(), self.keep);
        entry.candidate.clone().ok_or_else(gone)
    }

    /// What is told.
    pub(super) fn told(&self) -> Vec<Past> {
        let entries = self.entries.iter();
        entries
            .map(|entry| Past {
                kept: entry.candidate.is_some() || entry.past.state == PastState::InForce,
                ..entry.past.clone()
            })
            .collect()
    }
}
