//! How often each literal was looked at, and how long it took until the next one was.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::Tracer;
use crate::hir::Place;
use crate::plan::ir::Mark;

/// Counts and times by literal.
#[derive(Debug, Default)]
pub struct Profile {
    costs: HashMap<Place, Cost>,
    running: Option<(Place, Instant)>,
    /// Of each rule or query under way the literals that were come to.
    open: Vec<Vec<Place>>,
}

/// What a literal cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cost {
    /// The time from it to the next mark, summed.
    pub time: Duration,
    /// How often it was looked at.
    pub evals: u64,
    /// How often another answer of it was looked for.
    pub redos: u64,
}

// === impl Profile ===

impl Profile {
    /// What each literal cost.
    pub fn costs(&self) -> impl Iterator<Item = (Place, Cost)> + '_ {
        self.costs.iter().map(|(place, cost)| (*place, *cost))
    }

    fn stop(&mut self) {
        if let Some((place, since)) = self.running.take() {
            self.costs.entry(place).or_default().time += since.elapsed();
        }
    }

    fn literal(&mut self, place: Place) {
        let path = self.open.last_mut();
        let again = path.and_then(|path| {
            let at = path.iter().position(|other| *other == place);
            if let Some(at) = at {
                path.truncate(at);
            }
            let before = at.and_then(|at| path.get(at.checked_sub(1)?)).copied();
            path.push(place);
            before
        });
        if let Some(before) = again {
            self.costs.entry(before).or_default().redos += 1;
        }
        self.costs.entry(place).or_default().evals += 1;
        self.running = Some((place, Instant::now()));
    }
}

impl Tracer for Profile {
    fn mark(&mut self, mark: &Mark) {
        self.stop();
        match mark {
            Mark::Enter(_) => self.open.push(Vec::new()),
            Mark::Literal(place) => self.literal(*place),
            Mark::Exit(_) => {}
            Mark::Leave(_) => {
                let path = self.open.pop().unwrap_or_default();
                for place in path {
                    self.costs.entry(place).or_default().redos += 1;
                }
            }
        }
    }
}
