//! Look-ups of members of documents by what they hold, for loops that would try all of them.
//!
//! For base data they are made when a loop first asks, once for a policy and its data, by one thread, whose budget pays
//! for it; the others, and who has too little left, go through all members until it is there. For `input` and what rules give they are made when a loop runs the second
//! time in an evaluation: a comprehension inside a loop costs a pass over its members and not a pass each time. They
//! take about 24 bytes a member, and there is a bound on all of them.

use std::hash::{BuildHasher, Hash, Hasher};
use std::rc::Rc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use super::doc;
use super::error::{EvalError, Halt};
use super::exec::Sink;
use super::machine::{Flow, Machine};
use super::reg::Reg;
use super::with::Frame;
use crate::builtins::{Budget, Error};
use crate::plan::ir::{Ask, By, Document, Fields, Pattern, Scan, Source, Stmt};
use crate::value::Value;

/// The look-ups of a policy with its data.
#[derive(Debug, Default)]
pub(super) struct Lookups {
    sites: Box<[Site]>,
    /// Members that have been taken in, by all sites.
    members: AtomicUsize,
}

/// A look-up of one evaluation.
#[derive(Debug)]
pub(super) struct Local<'a> {
    document: &'a Value,
    /// Made when it is asked for again.
    made: Option<Rc<Positions>>,
}

#[derive(Debug, Default)]
struct Site {
    /// Whether somebody makes it, or has made it, or has found that it is too large.
    begun: AtomicBool,
    /// How often somebody began and had to give up.
    failed: AtomicUsize,
    made: OnceLock<Positions>,
}

/// The positions of members by the hash of what they hold.
#[derive(Debug)]
pub(super) struct Positions {
    hasher: RandomState,
    groups: HashTable<Group>,
    at: Box<[u32]>,
}

/// Members of one hash: a range of [`Positions::at`].
#[derive(Debug)]
struct Group {
    hash: u64,
    from: u32,
    to: u32,
}

/// Fewer members are gone through as fast.
const SMALLEST: usize = 16;

/// What a member takes in a look-up.
const BYTES: usize = 24;

/// Members between two looks at the clock.
const PART: u32 = 1024;

/// Evaluations whose time may run out while they make a look-up; then nobody tries any more.
const MOST_FAILURES: usize = 8;

/// How many members all look-ups of a policy hold at most: 384 MB of them.
const MOST: usize = 16 << 20;

// === impl Lookups ===

impl Lookups {
    pub(super) fn new(sites: usize) -> Self {
        Self {
            sites: (0..sites).map(|_| Site::default()).collect(),
            members: AtomicUsize::new(0),
        }
    }

    /// The positions of a document's members. Who asks first makes them and pays for it, where the budget has enough
    /// left; the others go through all members meanwhile.
    fn positions(
        &self,
        site: u32,
        fields: &Fields,
        document: &Value,
        budget: &mut Budget,
    ) -> Result<Option<&Positions>, Error> {
        let Some(site) = self.sites.get(site as usize) else {
            return Ok(None);
        };
        if let Some(made) = site.made.get() {
            return Ok(Some(made));
        }
        let count = count(document);
        if !budget.has(count as u64) || site.begun.swap(true, Ordering::AcqRel) {
            return Ok(None);
        }
        let before = self.members.fetch_add(count, Ordering::Relaxed);
        if before.saturating_add(count) > MOST {
            self.members.fetch_sub(count, Ordering::Relaxed);
            return Ok(None);
        }
        match Positions::of(document, &fields.paths, budget) {
            Ok(positions) => Ok(Some(site.made.get_or_init(|| positions))),
            Err(exceeded) => {
                // Its time was up. Others may have more, and yet this must not go on for ever.
                self.members.fetch_sub(count, Ordering::Relaxed);
                if site.failed.fetch_add(1, Ordering::Relaxed) < MOST_FAILURES {
                    site.begun.store(false, Ordering::Release);
                }
                Err(exceeded)
            }
        }
    }
}

// === impl Positions ===

impl Positions {
    fn of(document: &Value, paths: &[Box<[Value]>], budget: &mut Budget) -> Result<Self, Error> {
        let hasher = RandomState::default();
        let mut hashed = Vec::new();
        for at in 0..u32::try_from(count(document)).unwrap_or(u32::MAX) {
            // Paid in parts, so that a deadline is seen.
            if at % PART == 0 {
                let left = count(document) - at as usize;
                budget.step(left.min(PART as usize) as u64)?;
            }
            let Some((_, member)) = member(document, at) else {
                break;
            };
            // What has no value at a place is equal to nothing there.
            let values = paths.iter().map(|path| doc::find(member, path));
            if let Some(hash) = hash(&hasher, values) {
                hashed.push((hash, at));
            }
        }
        hashed.sort_unstable();
        let mut groups = HashTable::new();
        let mut from = 0;
        for same in hashed.chunk_by(|a, b| a.0 == b.0) {
            let to = from + u32::try_from(same.len()).unwrap_or(u32::MAX);
            if let Some((hash, _)) = same.first().copied() {
                groups.insert_unique(hash, Group { hash, from, to }, |group| group.hash);
            }
            from = to;
        }
        Ok(Self {
            hasher,
            groups,
            at: hashed.into_iter().map(|(_, at)| at).collect(),
        })
    }

    /// The positions of members that may hold these values, in order.
    fn find<'v>(&self, values: impl Iterator<Item = Option<&'v Value>>) -> &[u32] {
        let hash = hash(&self.hasher, values);
        let group = hash.and_then(|hash| self.groups.find(hash, |group| group.hash == hash));
        let range = group.map(|group| group.from as usize..group.to as usize);
        range
            .and_then(|range| self.at.get(range))
            .unwrap_or_default()
    }
}

// === impl Machine ===

impl<'a> Machine<'a> {
    /// Runs the scan's block for those members that hold what it asks for; `None` where they cannot be looked up.
    #[inline(never)]
    pub(super) fn scan_by(
        &mut self,
        scan: &'a Scan,
        by: &'a By,
        out: &mut Sink<'a>,
    ) -> Result<Option<Flow>, Halt> {
        let fields = self.program.fields.get(by.site as usize);
        let (Source::Value(source), Some(fields)) = (&scan.source, fields) else {
            return Ok(None);
        };
        let Some(Reg::Ref(document)) = self.eval(source)? else {
            return Ok(None);
        };
        if count(document) < SMALLEST {
            return Ok(None);
        }
        let replaced = self.now().is_some_and(Frame::replaces_data);
        if matches!(fields.document, Document::Data(_)) && !replaced {
            let policy = self.policy;
            let lookups = policy.lookups();
            let positions = lookups.positions(by.site, fields, document, self.cx.budget);
            return match positions.map_err(|_| EvalError::spent(self.cx.budget))? {
                Some(positions) => self.scan_found(scan, by, document, positions, out),
                None => Ok(None),
            };
        }
        match self.local(by.site, fields, document)? {
            Some(positions) => self.scan_found(scan, by, document, &positions, out),
            None => Ok(None),
        }
    }

    /// The look-up of this evaluation, from the second time on that it is asked for.
    fn local(
        &mut self,
        site: u32,
        fields: &Fields,
        document: &'a Value,
    ) -> Result<Option<Rc<Positions>>, Halt> {
        let known = self.locals.get(&site);
        let known = known.filter(|local| std::ptr::eq(local.document, document));
        let made = match known {
            Some(Local {
                made: Some(made), ..
            }) => return Ok(Some(Rc::clone(made))),
            Some(Local { made: None, .. }) => {
                // Steps as many as the loop would take this time, and their memory.
                let budget = &mut *self.cx.budget;
                let made = budget
                    .build((count(document) * BYTES) as u64)
                    .and_then(|()| Positions::of(document, &fields.paths, budget));
                Some(Rc::new(made.map_err(|_| EvalError::spent(budget))?))
            }
            None => None,
        };
        let local = Local {
            document,
            made: made.clone(),
        };
        self.locals.insert(site, local);
        Ok(made)
    }

    fn scan_found(
        &mut self,
        scan: &'a Scan,
        by: &'a By,
        document: &'a Value,
        positions: &Positions,
        out: &mut Sink<'a>,
    ) -> Result<Option<Flow>, Halt> {
        self.check_stack()?;
        let mut values: smallvec::SmallVec<[Reg<'a>; 4]> = smallvec::SmallVec::new();
        for ask in &by.asks {
            let expr = match ask {
                Ask::Value => match &scan.value {
                    Pattern::Equal(expr) => expr,
                    _ => return Ok(None),
                },
                Ask::Left(at) | Ask::Right(at) => match (scan.body.get(*at as usize), ask) {
                    (Some(Stmt::Compare(_, left, _)), Ask::Left(_)) => left,
                    (Some(Stmt::Compare(_, _, right)), _) => right,
                    _ => return Ok(None),
                },
            };
            match self.eval(expr)? {
                Some(value) => values.push(value),
                None => return Ok(Some(Flow::More)),
            }
        }
        for at in positions.find(values.iter().map(|value| Some(&**value))) {
            let Some((key, value)) = member(document, *at) else {
                break;
            };
            if self.member(scan, key, Reg::Ref(value), out)? == Flow::Stop {
                return Ok(Some(Flow::Stop));
            }
        }
        Ok(Some(Flow::More))
    }
}

// === helpers ===

fn count(document: &Value) -> usize {
    match document {
        Value::Array(items) => items.len(),
        Value::Object(object) => object.len(),
        Value::Set(set) => set.len(),
        _ => 0,
    }
}

/// A member and its key.
fn member(document: &Value, at: u32) -> Option<(Reg<'_>, &Value)> {
    let position = at as usize;
    match document {
        Value::Array(items) => {
            let key = Reg::Own(Value::from(position));
            Some((key, items.get(position)?))
        }
        Value::Object(object) => object
            .at(position)
            .map(|(key, value)| (Reg::Ref(key), value)),
        Value::Set(set) => set.at(position).map(|member| (Reg::Ref(member), member)),
        _ => None,
    }
}

/// A hash of all values; none where one is absent.
fn hash<'v>(hasher: &RandomState, values: impl Iterator<Item = Option<&'v Value>>) -> Option<u64> {
    let mut state = hasher.build_hasher();
    for value in values {
        value?.hash(&mut state);
    }
    Some(state.finish())
}

#[cfg(test)]
mod tests;
