//! Statements: blocks, loops, negation, patterns, and where answers go.

use super::doc::Doc;
use super::error::Halt;
use super::machine::{Answer, Flow, Found, Machine};
use super::reg::Reg;
use super::with::{Callee, Frame, Mock};
use super::{Row, scan};
use crate::hir::Place;
use crate::plan::ir::{Comparison, ComprehensionKind, Emit, Expr, Pattern, Scan, Stmt};
use crate::value::Value;

/// Where answers go.
#[derive(Debug)]
pub(super) enum Sink<'a> {
    /// Whether there is one.
    Found(bool),
    /// The first value.
    First(Option<Reg<'a>>),
    /// The value that all answers agree on, or the two that do not.
    Agree(Option<Reg<'a>>, Option<Reg<'a>>),
    /// The elements of an array or set.
    Items(Vec<Value>),
    /// The members of an object.
    Pairs(Vec<(Value, Value)>),
    /// A partial document; where it stops at the first answer, all its keys were given.
    Doc {
        /// What came so far.
        doc: Doc,
        /// The number of keys that were given, for a look-up.
        given: usize,
        /// How many keys were asked for.
        asked: usize,
        /// Where the rule stands.
        place: Place,
    },
    /// The rows of a query.
    Rows(Vec<Row>),
    /// The value of the first row's first expression.
    FirstRow(Option<Reg<'a>>),
}

/// What looking at an expression shows.
enum Seen<'s> {
    /// Its value, if it has one.
    Yes(Option<&'s Value>),
    /// Nothing: it has to be evaluated.
    No,
}

// === impl Machine ===

impl<'a> Machine<'a> {
    /// Runs the statements in order until one does not hold.
    pub(super) fn exec(&mut self, block: &'a [Stmt], out: &mut Sink<'a>) -> Result<Flow, Halt> {
        let mut rest = block.iter();
        while let Some(stmt) = rest.next() {
            self.step()?;
            let holds = match stmt {
                Stmt::Compare(comparison, left, right) => self.compare(*comparison, left, right)?,
                Stmt::Bind(slot, expr) => match self.eval(expr)? {
                    Some(reg) => {
                        self.bind(*slot, reg);
                        true
                    }
                    None => false,
                },
                Stmt::Test(expr) => self.test(expr)?,
                Stmt::Scan(scan) => return self.scan(scan, out),
                Stmt::Yield(emit) => return self.emit(emit, out),
                Stmt::With(with) => return self.with(with, out),
                Stmt::Leave(block) => return self.leave(block, out),
                Stmt::Held(held) => {
                    self.held(*held, out);
                    true
                }
                Stmt::Mark(mark) => return self.marked(mark, rest.as_slice(), out),
                _ => self.rare(stmt)?,
            };
            if !holds {
                return Ok(Flow::More);
            }
        }
        Ok(Flow::More)
    }

    #[inline(never)]
    fn rare(&mut self, stmt: &'a Stmt) -> Result<bool, Halt> {
        match stmt {
            Stmt::Match(pattern, expr) => match self.eval(expr)? {
                Some(reg) => self.matches(pattern, reg),
                None => Ok(false),
            },
            Stmt::Not(block) => Ok(!self.found(block)?),
            Stmt::Exists(block) => self.found(block),
            Stmt::Either(blocks) => {
                for block in blocks {
                    if self.found(block)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Stmt::Every(scan) => self.every(scan),
            Stmt::Print(place, args) => self.print(*place, args).map(|()| true),
            Stmt::Fresh(slots) => {
                for slot in slots {
                    self.bind(*slot, Reg::fresh());
                }
                Ok(true)
            }
            // The others are run where blocks are.
            _ => Ok(true),
        }
    }

    /// Whether a block has an answer.
    fn found(&mut self, block: &'a [Stmt]) -> Result<bool, Halt> {
        self.check_stack()?;
        let mut sink = Sink::Found(false);
        self.exec(block, &mut sink)?;
        Ok(matches!(sink, Sink::Found(true)))
    }

    #[inline]
    fn test(&mut self, expr: &'a Expr) -> Result<bool, Halt> {
        if let Seen::Yes(value) = self.peek(expr) {
            return Ok(value.is_some_and(|value| !matches!(value, Value::Bool(false))));
        }
        let value = self.eval(expr)?;
        Ok(value.is_some_and(|value| !matches!(*value, Value::Bool(false))))
    }

    fn compare(
        &mut self,
        comparison: Comparison,
        left: &'a Expr,
        right: &'a Expr,
    ) -> Result<bool, Halt> {
        if comparison != Comparison::Equal && self.now().is_some_and(Frame::has_mocks) {
            let answer = self.compared(comparison, left, right)?;
            return Ok(answer.is_some_and(|value| !matches!(*value, Value::Bool(false))));
        }
        if let (Seen::Yes(left), Seen::Yes(right)) = (self.peek(left), self.peek(right)) {
            let sides = left.zip(right);
            return Ok(sides.is_some_and(|(left, right)| compares(comparison, left, right)));
        }
        let given = is_given(left);
        let Some(left) = self.eval(left)? else {
            return Ok(false);
        };
        // OPA does not evaluate a comprehension to compare it with what it cannot give.
        if comparison == Comparison::Equal
            && given
            && right.makes().is_some_and(|kind| !gives(kind, &left))
        {
            return Ok(false);
        }
        let Some(right) = self.eval(right)? else {
            return Ok(false);
        };
        Ok(compares(comparison, &left, &right))
    }

    /// The value of an expression that only has to be looked at.
    #[inline]
    fn peek(&self, expr: &'a Expr) -> Seen<'_> {
        match expr {
            Expr::Const(value) => Seen::Yes(Some(value)),
            Expr::Slot(slot) => Seen::Yes(self.slot_ref(*slot).map(|reg| &**reg)),
            Expr::Input(id) if self.frame == 0 => match self.inputs.get(id.0 as usize) {
                Some(Found::Known(found)) => Seen::Yes(*found),
                _ => Seen::No,
            },
            Expr::Dot(dot) => match (&dot.base, &*dot.keys) {
                (Expr::Slot(slot), [Expr::Const(key)]) => {
                    Seen::Yes(self.slot_ref(*slot).and_then(|reg| reg.at(key)))
                }
                _ => Seen::No,
            },
            Expr::Once(slot, _) => match self.slot_ref(*slot) {
                Some(reg) if reg.is_fresh() => Seen::No,
                Some(reg) if reg.is_undefined() => Seen::Yes(None),
                reg => Seen::Yes(reg.map(|reg| &**reg)),
            },
            _ => Seen::No,
        }
    }

    #[inline(never)]
    fn every(&mut self, every: &'a Scan) -> Result<bool, Halt> {
        let crate::plan::ir::Source::Value(source) = &every.source else {
            return Ok(false);
        };
        let Some(source) = self.eval(source)? else {
            return Ok(false);
        };
        let Some(members) = scan::Members::of(source) else {
            return Ok(false);
        };
        self.check_stack()?;
        for (key, value) in members {
            self.step()?;
            let mut sink = Sink::Found(false);
            if self.matches(&every.key, key)? && self.matches(&every.value, value)? {
                self.exec(&every.body, &mut sink)?;
            }
            if !matches!(sink, Sink::Found(true)) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether a value matches; binds what the pattern names.
    #[inline]
    pub(super) fn matches(&mut self, pattern: &'a Pattern, reg: Reg<'a>) -> Result<bool, Halt> {
        match pattern {
            Pattern::Any => Ok(true),
            Pattern::Bind(slot) => {
                self.bind(*slot, reg);
                Ok(true)
            }
            Pattern::Equal(expr) => Ok(self.eval(expr)?.is_some_and(|value| equal(&value, &reg))),
            Pattern::Array(_) | Pattern::Object(_) => self.takes_apart(pattern, &reg),
        }
    }

    #[inline(never)]
    fn takes_apart(&mut self, pattern: &'a Pattern, reg: &Reg<'a>) -> Result<bool, Halt> {
        self.check_stack()?;
        match (pattern, &**reg) {
            (Pattern::Array(patterns), Value::Array(items)) if patterns.len() == items.len() => {
                for (at, pattern) in patterns.iter().enumerate() {
                    let item = match reg {
                        Reg::Ref(Value::Array(items)) => items.get(at).map(Reg::Ref),
                        _ => items.get(at).cloned().map(Reg::Own),
                    };
                    let Some(item) = item else { return Ok(false) };
                    if !self.matches(pattern, item)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            (Pattern::Object(patterns), Value::Object(object))
                if patterns.len() == object.len() =>
            {
                let constant = |(key, _): &(Expr, Pattern)| matches!(key, Expr::Const(_));
                if !patterns.iter().all(constant) && !self.differ(patterns)? {
                    return Ok(false);
                }
                for (key, pattern) in patterns {
                    let Some(key) = self.eval(key)? else {
                        return Ok(false);
                    };
                    let Some(member) = reg.get(&key) else {
                        return Ok(false);
                    };
                    if !self.matches(pattern, member)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    /// Whether the keys of an object's pattern are all defined and no two of them are equal: an object with one
    /// member less than there are patterns must not match.
    #[cold]
    fn differ(&mut self, patterns: &'a [(Expr, Pattern)]) -> Result<bool, Halt> {
        let mut keys = Vec::with_capacity(patterns.len());
        for (key, _) in patterns {
            match self.eval(key)? {
                Some(key) => keys.push(key.into_value()),
                None => return Ok(false),
            }
        }
        keys.sort_unstable();
        Ok(keys.windows(2).all(|two| !matches!(two, [a, b] if a == b)))
    }

    /// Hands out an answer.
    #[inline(never)]
    fn emit(&mut self, emit: &'a Emit, out: &mut Sink<'a>) -> Result<Flow, Halt> {
        match emit {
            Emit::Found => {
                *out = Sink::Found(true);
                Ok(Flow::Stop)
            }
            Emit::Value(expr) => {
                let value = self.eval(expr)?;
                Ok(emit_value(value, out))
            }
            Emit::Item(expr) => {
                if let (Some(value), Sink::Items(items)) = (self.eval(expr)?, out) {
                    self.pay(1)?;
                    items.push(value.into_value());
                }
                Ok(Flow::More)
            }
            Emit::Pair(key, value) => {
                let Some(key) = self.eval(key)? else {
                    return Ok(Flow::More);
                };
                if let (Some(value), Sink::Pairs(pairs)) = (self.eval(value)?, out) {
                    self.pay(2)?;
                    pairs.push((key.into_value(), value.into_value()));
                }
                Ok(Flow::More)
            }
            Emit::Entry(keys, value) => self.emit_part(keys, value, false, out),
            Emit::Member(keys, value) => self.emit_part(keys, value, true, out),
            Emit::Row => self.emit_row(out),
        }
    }

    fn emit_part(
        &mut self,
        keys: &'a [Expr],
        value: &'a Expr,
        member: bool,
        out: &mut Sink<'a>,
    ) -> Result<Flow, Halt> {
        let Some(keys) = self.eval_keys(keys)? else {
            return Ok(Flow::More);
        };
        let Some(value) = self.eval(value)? else {
            return Ok(Flow::More);
        };
        let Sink::Doc {
            doc, given, place, ..
        } = out
        else {
            return Ok(Flow::More);
        };
        self.pay(keys.len() + 1)?;
        let keys: super::memo::Keys = keys.into_iter().map(Reg::into_value).collect();
        let put = if member {
            doc.member(&keys, value.into_value())
        } else {
            doc.entry(&keys, value.into_value())
        };
        if put.is_err() {
            return Err(self.conflict("object keys must be unique", *place));
        }
        // A set's member that was asked for is there now; nothing can disagree about it.
        let enough = member && *given > keys.len();
        Ok(if enough { Flow::Stop } else { Flow::More })
    }

    fn emit_row(&mut self, out: &mut Sink<'a>) -> Result<Flow, Halt> {
        if let Sink::FirstRow(row) = out {
            let slot = self.query.expressions.first().and_then(|(_, slot)| *slot);
            *row = Some(slot.map_or_else(|| Reg::bool(true), |slot| self.slot(slot)));
            return Ok(Flow::Stop);
        }
        self.pay(self.query.bindings.len() + self.query.expressions.len() + 1)?;
        let bindings = self.query.bindings.iter();
        let bindings = bindings.map(|(name, slot)| (name.clone(), self.slot(*slot).into_value()));
        let expressions = self.query.expressions.iter().map(|(place, slot)| {
            let value = slot.map_or_else(|| Reg::bool(true), |slot| self.slot(slot));
            (*place, value.into_value())
        });
        let row = Row {
            bindings: bindings.collect(),
            expressions: expressions.collect(),
        };
        if let Sink::Rows(rows) = out {
            rows.push(row);
        }
        Ok(Flow::More)
    }

    /// The values of keys or arguments, if all are defined.
    pub(super) fn eval_keys(
        &mut self,
        keys: &'a [Expr],
    ) -> Result<Option<super::machine::Args<'a>>, Halt> {
        let mut values = super::machine::Args::new();
        for key in keys {
            match self.eval(key)? {
                Some(value) => values.push(value),
                None => return Ok(None),
            }
        }
        Ok(Some(values))
    }

    /// What the comparison is replaced by.
    fn mocked(&self, comparison: Comparison) -> Option<Mock<'a>> {
        let frame = self.now().filter(|frame| frame.has_mocks())?;
        frame.mock(Callee::Builtin(operator(comparison)?))
    }

    /// What a comparison gives as a value.
    pub(super) fn compared(
        &mut self,
        comparison: Comparison,
        left: &'a Expr,
        right: &'a Expr,
    ) -> Answer<'a> {
        let Some(left) = self.eval(left)? else {
            return Ok(None);
        };
        let Some(right) = self.eval(right)? else {
            return Ok(None);
        };
        if let Some(mock) = self.mocked(comparison) {
            let args = [left, right].into_iter().collect();
            return self.call_mock(mock, &args, Place::default());
        }
        Ok(Some(Reg::bool(compares(comparison, &left, &right))))
    }
}

// === helpers ===

/// The name of the built-in that compares so, where that can be replaced: `==` is no call.
fn operator(comparison: Comparison) -> Option<&'static str> {
    Some(match comparison {
        Comparison::Equal => return None,
        Comparison::NotEqual => "neq",
        Comparison::Less => "lt",
        Comparison::LessEqual => "lte",
        Comparison::Greater => "gt",
        Comparison::GreaterEqual => "gte",
    })
}

/// Whether a value comes from `input`, a variable or a call; what `data` gives OPA compares the other way round.
fn is_given(expr: &Expr) -> bool {
    match expr {
        Expr::Input(_)
        | Expr::Slot(_)
        | Expr::Const(_)
        | Expr::Call(..)
        | Expr::Builtin(..)
        | Expr::Compare(..) => true,
        Expr::Dot(dot) => is_given(&dot.base),
        Expr::Once(_, expr) | Expr::Shared(expr) => is_given(expr),
        _ => false,
    }
}

/// Whether OPA looks at a comprehension to compare it with this value; of sets it always does.
fn gives(kind: ComprehensionKind, value: &Value) -> bool {
    match value {
        Value::Array(_) => kind == ComprehensionKind::Array,
        Value::Object(_) => kind == ComprehensionKind::Object,
        Value::Set(_) => true,
        _ => false,
    }
}

#[inline]
fn compares(comparison: Comparison, left: &Value, right: &Value) -> bool {
    match comparison {
        Comparison::Equal => equal(left, right),
        Comparison::NotEqual => !equal(left, right),
        Comparison::Less => left < right,
        Comparison::LessEqual => left <= right,
        Comparison::Greater => left > right,
        Comparison::GreaterEqual => left >= right,
    }
}

/// Whether two values are equal. Most are strings, for which length and bytes are compared here at once.
#[inline]
fn equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::String(left), Value::String(right)) => **left == **right,
        _ => left == right,
    }
}

/// Hands out a value; a second one must be equal to the first.
fn emit_value<'a>(value: Option<Reg<'a>>, out: &mut Sink<'a>) -> Flow {
    let Some(value) = value else {
        return Flow::More;
    };
    match out {
        Sink::Agree(there @ None, _) => {
            *there = Some(value);
            Flow::More
        }
        Sink::Agree(Some(there), _) if **there == *value => Flow::More,
        Sink::Agree(_, other) => {
            *other = Some(value);
            Flow::Stop
        }
        Sink::First(there) => {
            *there = Some(value);
            Flow::Stop
        }
        _ => Flow::More,
    }
}
