//! What is evaluated once: expressions that a loop does not change, those that depend on no variable, and
//! comprehensions that become tables.
//!
//! A table costs a pass over all members, a comprehension one over those that match. So a comprehension is first
//! evaluated as it stands, and the pass may take as many steps as that took so far, a few times over: in all it
//! costs at most a few times what it would have cost without, and mostly far less.

use hashbrown::{HashMap, HashTable};
use smallvec::SmallVec;

use super::error::{EvalError, Halt, Kind};
use super::exec::Sink;
use super::machine::{Answer, Args, Machine, built};
use super::memo::{Keys, Known, hash_with, same};
use super::reg::Reg;
use crate::plan::ir::{ComprehensionKind, Expr, Grouped, Slot};
use crate::value::{Array, Object, Set, Value};

/// The tables under one set of replacements.
#[derive(Debug, Default)]
pub(super) struct Tables<'a> {
    numbers: HashTable<(u64, usize)>,
    all: Vec<Table<'a>>,
}

/// A comprehension with the values that its table depends on.
#[derive(Debug)]
struct Table<'a> {
    /// Where it stands in the program.
    of: usize,
    captured: SmallVec<[Value; 2]>,
    state: State<'a>,
}

#[derive(Debug)]
enum State<'a> {
    /// Not grouped yet.
    Plain {
        /// The answers so far.
        answers: u32,
        /// The steps that they took.
        spent: u64,
        /// How many must have been taken before the next attempt to group.
        attempt: u64,
    },
    /// Grouped.
    Grouped(HashMap<Keys, Group<'a>, foldhash::fast::FixedState>),
}

/// What one look-up finds.
#[derive(Debug)]
enum Group<'a> {
    /// The members, which nobody has asked for.
    Members(Vec<Value>),
    /// The answer.
    Answer(&'a Value),
}

/// The steps that answers must have taken for a table to be worth it.
const WORTH: u64 = 100;

/// How many times the steps that the answers took may the pass for the table take.
const STAKE: u64 = 4;

// === impl Tables ===

impl<'a> Tables<'a> {
    fn number(&mut self, of: usize, captured: &Args<'a>) -> usize {
        let hash = hash_with(&of, captured);
        let all = &self.all;
        let is = |at: &(u64, usize)| {
            at.0 == hash
                && all.get(at.1).is_some_and(|table| {
                    table.of == of && table.captured.iter().zip(captured).all(|(a, b)| same(a, b))
                })
        };
        if let Some((_, at)) = self.numbers.find(hash, is) {
            return *at;
        }
        let at = self.all.len();
        self.all.push(Table {
            of,
            captured: captured.iter().map(|reg| (**reg).clone()).collect(),
            state: State::Plain {
                answers: 0,
                spent: 0,
                attempt: WORTH,
            },
        });
        self.numbers.insert_unique(hash, (hash, at), |at| at.0);
        at
    }
}

// === impl Machine ===

impl<'a> Machine<'a> {
    /// What a loop does not change.
    #[inline]
    pub(super) fn once(&mut self, slot: Slot, expr: &'a Expr) -> Answer<'a> {
        match self.slot_ref(slot) {
            Some(reg) if reg.is_fresh() => self.once_anew(slot, expr),
            Some(reg) if reg.is_undefined() => Ok(None),
            reg => Ok(reg.cloned()),
        }
    }

    #[inline(never)]
    fn once_anew(&mut self, slot: Slot, expr: &'a Expr) -> Answer<'a> {
        let value = self.eval(expr)?;
        if !self.options.collect_builtin_errors {
            self.bind(slot, value.clone().unwrap_or_else(Reg::undefined));
        }
        Ok(value)
    }

    /// What depends on no slot.
    #[inline(never)]
    pub(super) fn shared(&mut self, expr: &'a Expr) -> Answer<'a> {
        let at = std::ptr::from_ref(expr).addr();
        match self.now().and_then(|frame| frame.memo.shared.get(&at)) {
            Some(Known::Value(value)) => return Ok(Some(Reg::Ref(value))),
            Some(Known::Undefined) => return Ok(None),
            _ => {}
        }
        let value = self.eval(expr)?.map(|value| self.keep(value));
        if !self.options.collect_builtin_errors
            && let Some(frame) = self.now_mut()
        {
            frame.memo.shared.insert(at, Known::of(value));
        }
        Ok(value.map(Reg::Ref))
    }

    /// A comprehension that can be looked up.
    #[inline(never)]
    pub(super) fn grouped(&mut self, grouped: &'a Grouped) -> Answer<'a> {
        if self.options.collect_builtin_errors {
            return self.comprehension(&grouped.plain);
        }
        let of = std::ptr::from_ref(grouped).addr();
        let captured: Args<'a> = grouped.captured.iter().map(|at| self.slot(*at)).collect();
        let Some(frame) = self.now_mut() else {
            return self.comprehension(&grouped.plain);
        };
        let number = frame.memo.tables.number(of, &captured);
        if let Some(State::Plain {
            answers,
            spent,
            attempt,
        }) = self.table(number)
        {
            let (spent, due) = (*spent, *answers > 1 && *spent >= *attempt);
            if !due || !self.make_table(grouped, number, spent) {
                return self.plain(grouped, number);
            }
        }
        self.look_up_group(grouped, number)
    }

    fn table(&mut self, number: usize) -> Option<&mut State<'a>> {
        let tables = &mut self.now_mut()?.memo.tables;
        tables.all.get_mut(number).map(|table| &mut table.state)
    }

    /// Evaluates the comprehension as it stands, and notes what it took.
    fn plain(&mut self, grouped: &'a Grouped, number: usize) -> Answer<'a> {
        let before = self.cx.budget.used();
        let value = self.comprehension(&grouped.plain)?;
        let took = self.cx.budget.used() - before;
        if let Some(State::Plain { answers, spent, .. }) = self.table(number) {
            *answers = answers.saturating_add(1);
            *spent = spent.saturating_add(took);
        }
        Ok(value)
    }

    /// Tries to group the answers. The pass goes over members that no answer would have gone over; what goes wrong in
    /// it means nothing.
    fn make_table(&mut self, grouped: &'a Grouped, number: usize, spent: u64) -> bool {
        let budget = &mut *self.cx.budget;
        let (steps, memory) = (budget.steps, budget.memory);
        let stake = spent.saturating_mul(STAKE);
        budget.steps = steps.min(budget.used().saturating_add(stake));
        let left = memory.saturating_sub(budget.built());
        budget.memory = budget.built().saturating_add(left / 2);
        let groups = self.groups(grouped);
        let budget = &mut *self.cx.budget;
        (budget.steps, budget.memory) = (steps, memory);
        let made = groups.is_ok();
        let state = match groups {
            Ok(groups) => State::Grouped(groups),
            Err(halt) => {
                let again = EvalError::from(halt).kind == Kind::TooManySteps;
                let attempt = if again {
                    spent.saturating_mul(3)
                } else {
                    u64::MAX
                };
                State::Plain {
                    answers: 2,
                    spent,
                    attempt,
                }
            }
        };
        if let Some(table) = self.table(number) {
            *table = state;
        }
        made
    }

    fn groups(
        &mut self,
        grouped: &'a Grouped,
    ) -> Result<HashMap<Keys, Group<'a>, foldhash::fast::FixedState>, Halt> {
        self.check_stack()?;
        let mut sink = Sink::Pairs(Vec::new());
        self.exec(&grouped.table, &mut sink)?;
        let mut groups: HashMap<Keys, Group<'a>, foldhash::fast::FixedState> = HashMap::default();
        let Sink::Pairs(pairs) = sink else {
            return Ok(groups);
        };
        for (keys, member) in pairs {
            self.step()?;
            let Value::Array(keys) = keys else { continue };
            let group = groups.entry(keys.iter().cloned().collect());
            if let Group::Members(members) = group.or_insert_with(|| Group::Members(Vec::new())) {
                members.push(member);
            }
        }
        Ok(groups)
    }

    fn look_up_group(&mut self, grouped: &'a Grouped, number: usize) -> Answer<'a> {
        self.step()?;
        let kind = grouped.plain.kind;
        let keys: Keys = match self.eval_keys(&grouped.keys) {
            Ok(Some(keys)) => keys.into_iter().map(Reg::into_value).collect(),
            Ok(None) => return made(kind, Vec::new()).map(Reg::Own).map(Some),
            // It may be an error of a place that no member leads to.
            Err(_) => return self.comprehension(&grouped.plain),
        };
        let Some(State::Grouped(groups)) = self.table(number) else {
            return self.comprehension(&grouped.plain);
        };
        let members = match groups.get_mut(&keys) {
            None => return made(kind, Vec::new()).map(Reg::Own).map(Some),
            Some(Group::Answer(value)) => return Ok(Some(Reg::Ref(value))),
            Some(Group::Members(members)) => std::mem::take(members),
        };
        let value = if kind == ComprehensionKind::Object {
            let pairs = members.iter().filter_map(pair).collect();
            built(self.unique(pairs, grouped.plain.place)?.into())?
        } else {
            made(kind, members)?
        };
        let value = self.keep(Reg::Own(value));
        if let Some(State::Grouped(groups)) = self.table(number) {
            groups.insert(keys, Group::Answer(value));
        }
        Ok(Some(Reg::Ref(value)))
    }
}

// === helpers ===

/// The collection of these members.
fn made(kind: ComprehensionKind, members: Vec<Value>) -> Result<Value, Halt> {
    built(match kind {
        ComprehensionKind::Array => Array::from(members).into(),
        ComprehensionKind::Set => Set::from(members).into(),
        ComprehensionKind::Object => Object::default().into(),
    })
}

fn pair(member: &Value) -> Option<(Value, Value)> {
    match member {
        Value::Array(pair) => Some((pair.first()?.clone(), pair.get(1)?.clone())),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
