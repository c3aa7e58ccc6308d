//! Look-ups of members of documents by what they hold, for loops that would try all of them.
//!
//! For base data they are made when a loop first asks, once for a policy and its data, by one thread; the others go
//! through all members until it is there. For `input` and what rules give they are made when a loop runs the second
//! time in an evaluation: a comprehension inside a loop costs a pass over its members and not a pass each time. They
//! take about 24 bytes a member, and there is a bound on all of them.

use std::hash::{BuildHasher, Hash, Hasher};
use std::rc::Rc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use super::doc;
use super::error::Halt;
use super::exec::Sink;
use super::machine::{Flow, Machine};
use super::reg::Reg;
use super::with::Frame;
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

    fn positions(&self, site: u32, fields: &Fields, document: &Value) -> Option<&Positions> {
        let site = self.sites.get(site as usize)?;
        if let Some(made) = site.made.get() {
            return Some(made);
        }
        if site.begun.swap(true, Ordering::AcqRel) {
            return None;
        }
        let count = count(document);
        let before = self.members.fetch_add(count, Ordering::Relaxed);
        if before.saturating_add(count) > MOST {
            self.members.fetch_sub(count, Ordering::Relaxed);
            return None;
        }
        Some(
            site.made
                .get_or_init(|| Positions::of(document, &fields.paths)),
        )
    }
}

// === impl Positions ===

impl Positions {
    fn of(document: &Value, paths: &[Box<[Value]>]) -> Self {
        let hasher = RandomState::default();
        let mut hashed = Vec::with_capacity(count(document));
        for at in 0..u32::try_from(count(document)).unwrap_or(u32::MAX) {
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
        Self {
            hasher,
            groups,
            at: hashed.into_iter().map(|(_, at)| at).collect(),
        }
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
            return match policy.lookups().positions(by.site, fields, document) {
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
                // What the loop would cost this time.
                self.pay(count(document))?;
                Some(Rc::new(Positions::of(document, &fields.paths)))
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
