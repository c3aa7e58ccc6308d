//! What a clause's block says of places in `input`, base data and the arguments: conditions without which it has
//! no answer.
//!
//! All statements of a block must hold, and those inside its loops for at least one member. What stands under
//! replacements (`with`) and in negations says nothing.
//!
//! Where rules have labels, one sees which rules a body asked for before it failed. Then what stands behind them counts
//! if OPA's index knows it too, and else not.

use super::{Key, Place};
use crate::plan::ir::{
    Args, Block, Clause, Comparison, Expr, Function, NodeId, Pattern, Scan, Slot, Source, Stmt,
};
use crate::plan::walk::{self, Visitor};
use crate::value::{Str, Value};

/// What must be so at a place.
#[derive(Debug, Clone)]
pub(super) enum Test {
    /// The value is this.
    Equal(Value),
    /// The value is one of these.
    OneOf(Vec<Value>),
    /// The value is a string that begins so.
    Prefix(Str),
    /// The value is a collection with this member.
    Member(Value),
    /// The value is defined and not false.
    Truthy,
}

/// A test of a place.
#[derive(Debug, Clone)]
pub(super) struct Condition {
    pub(super) place: Place,
    pub(super) test: Test,
    /// Whether a built-in made it.
    pub(super) call: bool,
    /// Whether rules that may have labels are asked for before it in the body.
    pub(super) late: bool,
}

/// Walks a block.
struct Walk {
    args: u32,
    known: Vec<(Slot, Place)>,
    found: Vec<Condition>,
    /// Whether rules may have labels.
    labels: bool,
    /// Whether rules that may have labels have been asked for.
    asked: bool,
}

/// Looks for rules that are asked for.
struct Asks(bool);

/// More conditions than these do not make a clause easier to find.
const MAX_CONDITIONS: usize = 16;

/// Slots that are followed; a body that keeps more is searched for no more.
const MAX_KNOWN: usize = 64;

/// The conditions of a clause whose first `args` slots the caller fills.
pub(super) fn conditions(clause: &Clause, args: u32, labels: bool) -> Vec<Condition> {
    let mut walk = Walk {
        args,
        known: Vec::new(),
        found: Vec::new(),
        labels,
        asked: false,
    };
    walk.block(&clause.block);
    walk.found
}

// === impl Walk ===

impl Walk {
    /// As deep as blocks nest: the planner has bounded it.
    fn block(&mut self, block: &Block) {
        for stmt in block {
            if self.found.len() >= MAX_CONDITIONS {
                return;
            }
            match stmt {
                Stmt::Scan(scan) => {
                    self.scan(scan);
                    self.note_head(scan);
                    self.block(&scan.body);
                    continue;
                }
                Stmt::Exists(block) => {
                    self.block(block);
                    continue;
                }
                Stmt::Test(expr) => self.test(expr),
                Stmt::Bind(slot, expr) => self.bind(*slot, expr),
                Stmt::Match(pattern, expr) => {
                    if let Some(place) = self.place(expr) {
                        self.pattern(&place, pattern);
                    }
                }
                Stmt::Compare(Comparison::Equal, left, right) => self.equal(left, right),
                // Under replacements a place is another.
                _ => {}
            }
            self.note(|asks| walk::stmt(stmt, asks));
        }
    }

    fn note_head(&mut self, scan: &Scan) {
        self.note(|asks| {
            match &scan.source {
                Source::Value(expr) => walk::expr(expr, asks),
                Source::Keys { node, .. } => asks.keys_of(*node),
            }
            walk::pattern(&scan.key, asks);
            walk::pattern(&scan.value, asks);
        });
    }

    /// Notes whether rules are asked for, where that can be seen.
    fn note(&mut self, walk: impl FnOnce(&mut Asks)) {
        if self.labels && !self.asked {
            let mut asks = Asks(false);
            walk(&mut asks);
            self.asked = asks.0;
        }
    }

    fn bind(&mut self, slot: Slot, expr: &Expr) {
        if self.known.len() < MAX_KNOWN
            && let Some(place) = self.place(expr)
        {
            self.known.push((slot, place));
        }
    }

    fn test(&mut self, expr: &Expr) {
        match expr {
            Expr::Builtin(builtin, args) => self.call(builtin.name, args),
            Expr::Compare(Comparison::Equal, sides) => self.equal(&sides.0, &sides.1),
            expr => {
                if let Some(place) = self.place(expr) {
                    self.found(place, Test::Truthy);
                }
            }
        }
    }

    fn equal(&mut self, left: &Expr, right: &Expr) {
        let ((Expr::Const(value), expr) | (expr, Expr::Const(value))) = (left, right) else {
            return;
        };
        match expr {
            // `startswith(…) == true` and the like.
            Expr::Builtin(..) | Expr::Array(_) if self.asked => {}
            Expr::Builtin(builtin, args) if *value == Value::Bool(true) => {
                self.call(builtin.name, args);
            }
            Expr::Array(items) => self.elements(items, value),
            expr => {
                let own = matches!(value, Value::Object(_) | Value::Set(_));
                if let Some(place) = self.place(expr).filter(|_| !(own && self.asked)) {
                    self.found(place, Test::Equal(value.clone()));
                }
            }
        }
    }

    /// An array of places that is equal to a constant.
    fn elements(&mut self, items: &[Expr], value: &Value) {
        if let Value::Array(values) = value
            && values.len() == items.len()
        {
            for (item, value) in items.iter().zip(values.iter()) {
                if let Some(place) = self.place(item) {
                    self.found(place, Test::Equal(value.clone()));
                }
            }
        }
    }

    fn call(&mut self, name: &str, args: &Args) {
        let found = match (name, &*args.values) {
            ("startswith", [Expr::Slot(_), _]) | ("glob.match", _) if self.asked => return,
            ("startswith", [expr, Expr::Const(Value::String(prefix))]) => {
                (self.place(expr), Test::Prefix(prefix.clone()))
            }
            ("glob.match", [Expr::Const(Value::String(pattern)), Expr::Const(_), expr]) => {
                (self.place(expr), glob(pattern))
            }
            ("internal.member_2", [Expr::Const(value), expr]) => {
                (self.place(expr), Test::Member(value.clone()))
            }
            ("internal.member_2", [expr, Expr::Const(collection)]) => {
                (self.place(expr), Test::OneOf(members(collection)))
            }
            _ => return,
        };
        if let (Some(place), test) = found {
            self.push(place, test, true);
        }
    }

    fn scan(&mut self, scan: &Scan) {
        let Source::Value(source) = &scan.source else {
            return;
        };
        let Pattern::Equal(member) = &scan.value else {
            return;
        };
        match (source, member) {
            (Expr::Const(_), _) if self.asked => {}
            (Expr::Const(collection), member) => {
                if let Some(place) = self.place(member) {
                    self.found(place, Test::OneOf(members(collection)));
                }
            }
            (source, Expr::Const(value)) => {
                if let Some(place) = self.place(source) {
                    self.found(place, Test::Member(value.clone()));
                }
            }
            _ => {}
        }
    }

    /// As deep as patterns nest: the planner has bounded it.
    fn pattern(&mut self, place: &Place, pattern: &Pattern) {
        if self.found.len() >= MAX_CONDITIONS {
            return;
        }
        match pattern {
            Pattern::Bind(slot) => {
                if self.known.len() < MAX_KNOWN {
                    self.known.push((*slot, place.clone()));
                }
            }
            Pattern::Equal(Expr::Const(value)) => {
                self.found(place.clone(), Test::Equal(value.clone()));
            }
            Pattern::Any | Pattern::Equal(_) => {}
            Pattern::Array(_) | Pattern::Object(_) if self.asked && !place.steps.is_empty() => {}
            Pattern::Object(_) if self.asked => {}
            Pattern::Array(items) => {
                for (at, item) in items.iter().enumerate().take(MAX_CONDITIONS) {
                    self.pattern(&place.at(&Value::from(at)), item);
                }
            }
            Pattern::Object(members) => {
                for (key, value) in members.iter().take(MAX_CONDITIONS) {
                    if let Expr::Const(key) = key {
                        self.pattern(&place.at(key), value);
                    }
                }
            }
        }
    }

    fn place(&self, expr: &Expr) -> Option<Place> {
        let key = match expr {
            Expr::Input(id) => Key::Input(*id),
            Expr::Data(id) => Key::Data(*id),
            Expr::Slot(slot) if slot.0 < self.args => Key::Arg(*slot),
            Expr::Slot(slot) => {
                let known = self.known.iter().rev().find(|(known, _)| known == slot);
                return known.map(|(_, place)| place.clone());
            }
            Expr::Dot(dot) if !matches!(dot.base, Expr::Dot(_)) => {
                let mut place = self.place(&dot.base)?;
                let mut steps = place.steps.into_vec();
                for key in &dot.keys {
                    let Expr::Const(key) = key else {
                        return None;
                    };
                    steps.push(key.clone());
                }
                place.steps = steps.into();
                return Some(place);
            }
            _ => return None,
        };
        let steps = Box::default();
        Some(Place { key, steps })
    }

    fn found(&mut self, place: Place, test: Test) {
        self.push(place, test, false);
    }

    fn push(&mut self, place: Place, test: Test, call: bool) {
        self.found.push(Condition {
            place,
            test,
            call,
            late: self.asked,
        });
    }
}

// === impl Asks ===

impl Visitor for Asks {
    fn expr(&mut self, expr: &Expr) {
        self.0 |= matches!(
            expr,
            Expr::Unit(_) | Expr::Probe(..) | Expr::Descend(..) | Expr::Call(..)
        );
    }

    fn keys_of(&mut self, _node: NodeId) {
        self.0 = true;
    }

    fn stands_in(&mut self, _function: &Function) {
        self.0 = true;
    }
}

// === impl Place ===

impl Place {
    fn at(&self, step: &Value) -> Self {
        let steps = self.steps.iter().chain([step]).cloned().collect();
        Self {
            key: self.key,
            steps,
        }
    }
}

/// How what a glob matches begins; all of it where it has no special character.
fn glob(pattern: &Str) -> Test {
    match pattern.find(['*', '?', '[', '{', '\\', '!']) {
        None => Test::Equal(Value::String(pattern.clone())),
        Some(end) => Test::Prefix(Str::from(pattern.get(..end).unwrap_or_default())),
    }
}

fn members(collection: &Value) -> Vec<Value> {
    match collection {
        Value::Array(items) => items.iter().cloned().collect(),
        Value::Set(items) => items.iter().cloned().collect(),
        Value::Object(members) => members.values().cloned().collect(),
        _ => Vec::new(),
    }
}
