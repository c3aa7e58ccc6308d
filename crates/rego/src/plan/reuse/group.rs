//! Which comprehensions can be looked up by keys, and the pass that makes their tables.
//!
//! In `[m | some m in members; m.team == team.id]` with `team` from outside, the comparison says that `team.id` can
//! be looked up in the members grouped by `m.team`. The table's pass goes the same way as the comprehension, and
//! binds what was compared instead of comparing it.

use hashbrown::HashSet;

use crate::plan::ir::{
    Block, Comparison, Comprehension, ComprehensionKind, Emit, Expr, Grouped, Pattern, Slot, Stmt,
};
use crate::plan::walk::{self, Visitor};

/// The slots of a part of a program.
#[derive(Default)]
struct Slots {
    used: HashSet<Slot, foldhash::fast::RandomState>,
    bound: HashSet<Slot, foldhash::fast::RandomState>,
    size: usize,
    nested: bool,
    effects: bool,
}

/// A table while it is made.
struct Making<'l> {
    kind: ComprehensionKind,
    inner: Slots,
    levels: &'l mut Vec<usize>,
    keys: Vec<Expr>,
    /// What is bound in the body to what is known outside.
    given: Vec<(Slot, Expr)>,
    /// The slots that the keys' values of the table stand in.
    found: Vec<Slot>,
    /// Whether a key depends on the members.
    varied: bool,
    yielded: bool,
}

/// The most parts that a key may have that other names stand for.
const MAX_KEY: usize = 100;

/// The slots that an expression mentions, those that are bound inside it too.
pub(super) fn used(expr: &Expr) -> impl Iterator<Item = Slot> + use<> {
    let mut slots = Slots::default();
    walk::expr(expr, &mut slots);
    slots.used.into_iter()
}

/// The comprehension by its keys, if it asks for any. `levels` says how far inside each slot was bound; what is bound
/// at `level` or further out is known outside.
pub(super) fn group(
    plain: &Comprehension,
    levels: &mut Vec<usize>,
    level: usize,
) -> Option<Box<Grouped>> {
    let mut inner = Slots::default();
    walk::block(&plain.body, &mut inner);
    if inner.effects {
        return None;
    }
    let mut making = Making {
        kind: plain.kind,
        inner,
        levels,
        keys: Vec::new(),
        given: Vec::new(),
        found: Vec::new(),
        varied: false,
        yielded: false,
    };
    making.find_given(&plain.body);
    if !making.comparable(&plain.body) {
        return None;
    }
    let table = making.chain(&plain.body, None);
    if !(making.yielded && making.varied) {
        return None;
    }
    let (keys, levels) = (making.keys, making.levels);
    let mut made = Slots::default();
    walk::block(&table, &mut made);
    let captured: Vec<Slot> = made.used.difference(&made.bound).copied().collect();
    let mut asked = Slots::default();
    for key in &keys {
        walk::expr(key, &mut asked);
    }
    let given = making.given.iter();
    if given
        .map(|(slot, _)| slot)
        .any(|slot| captured.contains(slot))
    {
        return None;
    }
    let far = |slot: &Slot| levels.get(slot.0 as usize).copied().unwrap_or(0);
    let nearest = captured.iter().map(far).max();
    let keys_nearest = asked.used.iter().map(far).max().unwrap_or(0);
    // What the table depends on should stay while the keys change. Arguments may.
    let stays = nearest.is_none_or(|nearest| nearest < keys_nearest || nearest == 0);
    let apart = captured.iter().all(|slot| !asked.used.contains(slot));
    (stays && apart && keys_nearest < level).then(|| {
        Box::new(Grouped {
            plain: plain.clone(),
            captured: captured.into(),
            keys: keys.into(),
            table,
        })
    })
}

// === impl Slots ===

impl Visitor for Slots {
    fn expr(&mut self, expr: &Expr) {
        self.size += 1;
        match expr {
            Expr::Slot(slot) => {
                self.used.insert(*slot);
            }
            Expr::Comprehension(_) | Expr::Grouped(_) => self.nested = true,
            _ => {}
        }
    }

    fn binds(&mut self, slot: Slot) {
        self.bound.insert(slot);
    }

    fn effect(&mut self) {
        self.effects = true;
    }
}

// === impl Making ===

impl Making<'_> {
    /// Finds the variables that are only other names for what is known outside.
    fn find_given(&mut self, block: &[Stmt]) {
        for stmt in block {
            match stmt {
                Stmt::Bind(slot, expr) if self.is_key(expr) => {
                    let expr = self.outside(expr);
                    // Names for names for names could make a line a gigabyte.
                    if size(&expr) <= MAX_KEY {
                        self.given.push((*slot, expr));
                        self.inner.bound.remove(slot);
                    }
                }
                Stmt::Scan(scan) => self.find_given(&scan.body),
                Stmt::Exists(block) => self.find_given(block),
                _ => {}
            }
        }
    }

    /// Whether there may be a comparison to look up by: what to ask before anything is copied.
    fn comparable(&self, block: &Block) -> bool {
        block.iter().any(|stmt| match stmt {
            Stmt::Compare(Comparison::Equal, left, right) => {
                self.is_key(left) || self.is_key(right)
            }
            Stmt::Match(pattern, _) => self.has_key(pattern),
            Stmt::Scan(scan) => self.has_key(&scan.value) || self.comparable(&scan.body),
            Stmt::Exists(block) => self.comparable(block),
            _ => false,
        })
    }

    /// The statements of the table's pass; at the end of those of a loop that was only asked for success comes
    /// `rest`, what stood behind it.
    fn chain(&mut self, block: &[Stmt], rest: Option<&[Stmt]>) -> Block {
        let mut made = Block::with_capacity(block.len());
        for (at, stmt) in block.iter().enumerate() {
            let behind = block.get(at + 1..).unwrap_or_default();
            match stmt {
                Stmt::Compare(Comparison::Equal, left, right) => {
                    made.push(self.compare(left, right));
                }
                // Where the table needs it, it is found to depend on it.
                Stmt::Bind(slot, _) if self.given.iter().any(|(given, _)| given == slot) => {}
                Stmt::Match(pattern, value) => {
                    made.push(Stmt::Match(self.pattern(pattern), value.clone()));
                }
                Stmt::Scan(scan) => {
                    let mut scan = scan.clone();
                    // A table is made of all members.
                    scan.by = None;
                    scan.value = self.pattern(&scan.value);
                    scan.body = self.chain(&scan.body, rest);
                    made.push(Stmt::Scan(scan));
                }
                // Members that come twice make no difference to sets and objects.
                Stmt::Exists(inner)
                    if rest.is_none()
                        && self.kind != ComprehensionKind::Array
                        && self.comparable(inner) =>
                {
                    made.extend(self.chain(inner, Some(behind)));
                    return made;
                }
                Stmt::Yield(Emit::Found) => {
                    if let Some(rest) = rest {
                        made.extend(self.chain(rest, None));
                        return made;
                    }
                }
                Stmt::Yield(emit) => made.push(Stmt::Yield(self.emit(emit))),
                other => made.push(other.clone()),
            }
        }
        made
    }

    fn compare(&mut self, left: &Expr, right: &Expr) -> Stmt {
        for (key, member) in [(left, right), (right, left)] {
            if self.is_key(key)
                && let Some(varies) = self.of_members(member)
            {
                self.varied |= varies;
                return Stmt::Bind(self.key(key), member.clone());
            }
        }
        Stmt::Compare(Comparison::Equal, left.clone(), right.clone())
    }

    fn pattern(&mut self, pattern: &Pattern) -> Pattern {
        match pattern {
            Pattern::Equal(key) if self.is_key(key) => {
                self.varied = true;
                Pattern::Bind(self.key(key))
            }
            Pattern::Array(items) => {
                Pattern::Array(items.iter().map(|item| self.pattern(item)).collect())
            }
            Pattern::Object(members) => Pattern::Object(
                members
                    .iter()
                    .map(|(key, value)| (key.clone(), self.pattern(value)))
                    .collect(),
            ),
            other => other.clone(),
        }
    }

    fn emit(&mut self, emit: &Emit) -> Emit {
        self.yielded = true;
        let keys = self.found.iter().map(|slot| Expr::Slot(*slot)).collect();
        match emit {
            Emit::Pair(key, value) => {
                let pair = Box::new([key.clone(), value.clone()]);
                Emit::Pair(Expr::Array(keys), Expr::Array(pair))
            }
            Emit::Item(value) => Emit::Pair(Expr::Array(keys), value.clone()),
            other => other.clone(),
        }
    }

    fn key(&mut self, key: &Expr) -> Slot {
        let slot = Slot(u32::try_from(self.levels.len()).unwrap_or(u32::MAX));
        self.levels.push(usize::MAX - 1);
        let key = self.outside(key);
        self.keys.push(key);
        self.found.push(slot);
        slot
    }

    /// An expression with what is known outside in place of other names for it.
    fn outside(&self, expr: &Expr) -> Expr {
        let mut expr = expr.clone();
        walk::change(&mut expr, &mut |expr| {
            if let Expr::Slot(slot) = expr
                && let Some((_, given)) = self.given.iter().find(|(given, _)| given == slot)
            {
                *expr = given.clone();
            }
        });
        expr
    }

    /// Whether an expression is known outside, and depends on what is bound there.
    fn is_key(&self, expr: &Expr) -> bool {
        let mut slots = Slots::default();
        walk::expr(expr, &mut slots);
        let outside = slots
            .used
            .iter()
            .all(|slot| !self.inner.bound.contains(slot));
        outside && !slots.used.is_empty() && !slots.nested
    }

    fn has_key(&self, pattern: &Pattern) -> bool {
        match pattern {
            Pattern::Equal(expr) => self.is_key(expr),
            Pattern::Array(items) => items.iter().any(|item| self.has_key(item)),
            Pattern::Object(members) => members.iter().any(|(_, value)| self.has_key(value)),
            Pattern::Any | Pattern::Bind(_) => false,
        }
    }

    /// Whether an expression depends on members; none where it depends on what is outside.
    fn of_members(&self, expr: &Expr) -> Option<bool> {
        let mut slots = Slots::default();
        walk::expr(expr, &mut slots);
        let inside = slots
            .used
            .iter()
            .all(|slot| self.inner.bound.contains(slot));
        inside.then_some(!slots.used.is_empty())
    }
}

// === helpers ===

fn size(expr: &Expr) -> usize {
    let mut slots = Slots::default();
    walk::expr(expr, &mut slots);
    slots.size
}
