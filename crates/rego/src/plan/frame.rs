//! A clause while it is being planned: which slots are taken, what is bound, and the blocks that are still open.
//!
//! The rest of a body stands inside the scans before it. So a scan stays open until its body (or the part of it
//! that needs the scan's variables) ends; [`Frame::close`] then puts what was opened around what it holds, from
//! the inside out and without recursion.

use hashbrown::{HashMap, HashSet};

use super::fields::Sites;
use super::ir::{Block, Emit, Expr, Pattern, Replace, Scan, Slot, Source, Stmt, With};
use crate::hir::Local;

/// The state of one clause.
#[derive(Debug, Default)]
pub(super) struct Frame {
    slots: HashMap<Local, Slot, foldhash::fast::RandomState>,
    next: u32,
    ignored: HashSet<Local, foldhash::fast::RandomState>,
    bound: Vec<bool>,
    trail: Vec<Slot>,
    open: Vec<Open>,
    block: Block,
    /// The member of the loop that was opened last, while no variable stands for it.
    member: Option<Slot>,
    /// Where loops that can be look-ups are noted, if they are wanted.
    pub(super) sites: Option<Sites>,
}

/// Where a nested body began: what [`Frame::leave`] goes back to.
#[derive(Debug)]
pub(super) struct Outside {
    block: Block,
    open: Vec<Open>,
    bound: usize,
}

/// A statement that goes on until the rest of its body is done.
#[derive(Debug)]
struct Open {
    head: Head,
    outer: Block,
    until: Option<usize>,
}

/// What kind of statement it is.
#[derive(Debug)]
enum Head {
    Scan(Source, Pattern, Pattern),
    With(Vec<Replace>),
    Leave,
}

// === impl Frame ===

impl Frame {
    /// An empty one, which notes loops that can be look-ups.
    pub(super) fn noting(sites: Option<Sites>) -> Self {
        Self {
            sites,
            ..Self::default()
        }
    }

    /// How many slots it takes.
    pub(super) fn slots(&self) -> u32 {
        self.next
    }

    /// A slot of its own.
    pub(super) fn fresh(&mut self) -> Slot {
        let slot = Slot(self.next);
        self.next += 1;
        self.bound.push(false);
        slot
    }

    /// The slot of a variable.
    pub(super) fn slot(&mut self, local: Local) -> Slot {
        if let Some(slot) = self.slots.get(&local) {
            return *slot;
        }
        let slot = self.fresh();
        self.slots.insert(local, slot);
        slot
    }

    /// Lets a variable stand in a slot that already holds its value. Only for one that has no slot yet.
    pub(super) fn alias(&mut self, local: Local, slot: Slot) {
        self.slots.insert(local, slot);
        self.bind(slot);
    }

    /// Says that these variables are mentioned once.
    pub(super) fn ignore(&mut self, locals: &[Local]) {
        self.ignored.extend(locals);
    }

    /// Whether nobody asks for the variable's value.
    pub(super) fn is_ignored(&self, local: Local) -> bool {
        self.ignored.contains(&local)
    }

    /// Whether the variable has a value here.
    pub(super) fn is_bound(&self, local: Local) -> bool {
        let slot = self.slots.get(&local);
        slot.is_some_and(|slot| self.bound.get(slot.0 as usize).copied().unwrap_or(false))
    }

    /// From here on the slot has a value.
    pub(super) fn bind(&mut self, slot: Slot) {
        if let Some(bound) = self.bound.get_mut(slot.0 as usize) {
            *bound = true;
            self.trail.push(slot);
        }
    }

    /// Adds a statement.
    pub(super) fn push(&mut self, stmt: Stmt) {
        self.block.push(stmt);
    }

    /// How many statements are open in this body.
    pub(super) fn depth(&self) -> usize {
        self.open.len()
    }

    /// Whether one of those opened since `depth` iterates.
    pub(super) fn iterates(&self, depth: usize) -> bool {
        let opened = self.open.get(depth..).unwrap_or_default();
        opened
            .iter()
            .any(|open| matches!(open.head, Head::Scan(..)))
    }

    /// Opens a loop; what is pushed from now on runs for each member. Gives the slot of the member's value.
    pub(super) fn scan(&mut self, source: Source, key: Pattern) -> Slot {
        let value = self.fresh();
        self.bind(value);
        self.open_with(Head::Scan(source, key, Pattern::Bind(value)));
        self.member = Some(value);
        value
    }

    /// Opens a loop over keys that stand below a place in `data`.
    pub(super) fn scan_keys(&mut self, source: Source, key: Pattern) {
        self.open_with(Head::Scan(source, key, Pattern::Any));
    }

    /// Opens replacements.
    pub(super) fn with(&mut self, replacements: Vec<Replace>) {
        self.open_with(Head::With(replacements));
    }

    /// Leaves the replacements that were opened last.
    pub(super) fn outside_with(&mut self) {
        self.open_with(Head::Leave);
    }

    /// Whether `value` is what the loop that was just opened gives, and nothing has looked at it.
    pub(super) fn is_fresh_member(&self, value: &Expr) -> bool {
        let Expr::Slot(slot) = value else {
            return false;
        };
        let head = self.open.last().map(|open| &open.head);
        self.block.is_empty()
            && self.member == Some(*slot)
            && matches!(head, Some(Head::Scan(_, _, Pattern::Bind(member))) if member == slot)
    }

    /// Lets the loop that was just opened match its values with `pattern`, instead of keeping them.
    pub(super) fn narrow(&mut self, pattern: Pattern) {
        self.member = None;
        if let Some(Open {
            head: Head::Scan(_, _, value),
            ..
        }) = self.open.last_mut()
        {
            *value = pattern;
        }
    }

    /// Says that what was opened since `depth` is needed up to the literal `until` and no longer.
    pub(super) fn needed_until(&mut self, depth: usize, until: usize) {
        if let Some(open) = self.open.get_mut(depth) {
            open.until = Some(until);
        }
    }

    /// Whether what was opened at `depth` closes after the literal `at`.
    pub(super) fn closes(&self, depth: usize, at: usize) -> bool {
        let open = self.open.get(..=depth).unwrap_or_default();
        open.iter()
            .any(|open| open.until.is_some_and(|until| until <= at))
    }

    /// Closes what is not needed after the literal `at`: it becomes one statement that holds when there is an
    /// answer inside.
    pub(super) fn close_done(&mut self, at: usize) {
        let done = |open: &Open| open.until.is_some_and(|until| until <= at);
        if let Some(depth) = self.open.iter().position(done) {
            self.push(Stmt::Yield(Emit::Found));
            self.close(depth);
            let loop_ = std::mem::take(&mut self.block);
            let (mut outer, loop_) = split_last(loop_);
            outer.push(Stmt::Exists(loop_));
            self.block = outer;
        }
    }

    /// Begins a body of its own.
    pub(super) fn enter(&mut self) -> Outside {
        Outside {
            block: std::mem::take(&mut self.block),
            open: std::mem::take(&mut self.open),
            bound: self.trail.len(),
        }
    }

    /// Ends it and gives its block. What it bound is not bound outside.
    pub(super) fn leave(&mut self, outside: Outside) -> Block {
        let block = self.finish();
        self.block = outside.block;
        self.open = outside.open;
        for slot in self.trail.drain(outside.bound..) {
            if let Some(bound) = self.bound.get_mut(slot.0 as usize) {
                *bound = false;
            }
        }
        block
    }

    /// Closes everything and gives the block.
    pub(super) fn finish(&mut self) -> Block {
        self.close(0);
        let mut block = std::mem::take(&mut self.block);
        block.shrink_to_fit();
        block
    }

    fn close(&mut self, depth: usize) {
        for open in self.open.drain(depth..).rev() {
            let mut body = std::mem::replace(&mut self.block, open.outer);
            body.shrink_to_fit();
            self.block.push(open.head.around(body, self.sites.as_mut()));
        }
    }

    fn open_with(&mut self, head: Head) {
        let outer = std::mem::take(&mut self.block);
        let until = None;
        self.open.push(Open { head, outer, until });
    }
}

// === impl Head ===

impl Head {
    fn around(self, body: Block, sites: Option<&mut Sites>) -> Stmt {
        match self {
            Self::Scan(source, key, value) => Stmt::Scan(Box::new(Scan {
                by: sites.and_then(|sites| sites.by(&source, &key, &value, &body)),
                source,
                key,
                value,
                body,
            })),
            Self::With(replacements) => Stmt::With(Box::new(With { replacements, body })),
            Self::Leave => Stmt::Leave(body),
        }
    }
}

fn split_last(mut block: Block) -> (Block, Block) {
    let last = block.split_off(block.len().saturating_sub(1));
    (block, last)
}
