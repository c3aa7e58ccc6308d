//! Units: complete rules, functions and partial documents, each evaluated once where it can be.

use smallvec::SmallVec;

use super::data::below;
use super::doc::Doc;
use super::error::Halt;
use super::exec::Sink;
use super::machine::{Answer, Args, Machine, built};
use super::memo::{Keys, Known, call_hash};
use super::reg::Reg;
use super::with::{Callee, Frame, Mock};
use crate::hir::Place;
use crate::plan::index::{Candidates, Index, Key};
use crate::plan::ir::{Clause, Emit, Expr, Rule, Stmt, Unit, UnitId, UnitKind};
use crate::value::{Object, Set, Value};

/// Rules to be tried, in order.
pub(super) enum Rules<'a> {
    All(std::slice::Iter<'a, Rule>),
    Picked(&'a [Rule], smallvec::IntoIter<[u32; 16]>),
}

/// An answer and where it came from.
pub(super) struct Given<'a> {
    pub(super) value: Reg<'a>,
    /// A second one that differs from it.
    pub(super) other: Option<Reg<'a>>,
    pub(super) place: Place,
}

// === impl Rules ===

impl<'a> Iterator for Rules<'a> {
    type Item = &'a Rule;

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Self::All(rules) => rules.next(),
            Self::Picked(rules, picked) => rules.get(picked.next()? as usize),
        }
    }
}

// === impl Machine ===

impl<'a> Machine<'a> {
    /// A unit's whole document.
    #[inline]
    pub(super) fn unit(&mut self, id: UnitId) -> Answer<'a> {
        if self.frame != 0 {
            return self.at_home(id, |machine| machine.unit_here(id));
        }
        self.unit_here(id)
    }

    #[inline]
    fn unit_here(&mut self, id: UnitId) -> Answer<'a> {
        match self.now().map(|frame| frame.memo.unit(id)) {
            Some(Known::Value(value)) => Ok(Some(Reg::Ref(value))),
            Some(Known::Undefined) => Ok(None),
            _ => self.unit_anew(id),
        }
    }

    #[inline(never)]
    fn unit_anew(&mut self, id: UnitId) -> Answer<'a> {
        let Some(unit) = self.program.units.get(id.0 as usize) else {
            return Ok(None);
        };
        let value = if self.replaced(&unit.path) {
            self.base_at(&unit.path)
        } else {
            match unit.kind {
                UnitKind::Complete => self.rules(unit, &[])?,
                UnitKind::Partial => Some(self.partial(unit, id)?),
                UnitKind::Function { .. } => None,
            }
        };
        let value = value.map(|value| self.keep(value));
        if let Some(frame) = self.now_mut() {
            frame.memo.set_unit(id, value);
        }
        Ok(value.map(Reg::Ref))
    }

    /// The value of a complete document, or of a function for these arguments.
    fn rules(&mut self, unit: &'a Unit, args: &[Reg<'a>]) -> Answer<'a> {
        let mut answer: Option<Given<'a>> = None;
        let mut rules = self.candidates(unit, unit.index.as_ref(), args);
        while let Some(rule) = rules.next() {
            self.step()?;
            let Some(given) = self.rule(unit, rule, args)? else {
                continue;
            };
            let agrees = |there: &Given<'_>| *there.value == *given.value;
            if given.other.is_some() || !answer.as_ref().is_none_or(agrees) {
                return Err(self.disagree(unit, args, answer, given, rules));
            }
            answer.get_or_insert(given);
            if unit.first {
                break;
            }
        }
        match (answer, &unit.default) {
            (Some(given), _) => Ok(Some(given.value)),
            (None, Some(default)) => {
                let given = self.clause(default, args, false)?;
                Ok(given.map(|given| given.value))
            }
            (None, None) => Ok(None),
        }
    }

    /// The rules that can hold: what the index says, or all.
    fn candidates(
        &mut self,
        unit: &'a Unit,
        index: Option<&'a Index>,
        args: &[Reg<'a>],
    ) -> Rules<'a> {
        let Some(index) = index else {
            self.trace_index(unit, unit.rules.len());
            return Rules::All(unit.rules.iter());
        };
        if index.calls_builtins() && self.now().is_some_and(Frame::has_mocks) {
            self.trace_index(unit, unit.rules.len());
            return Rules::All(unit.rules.iter());
        }
        let mut picked = Candidates::new();
        let mut read = |key| match key {
            Key::Input(id) => self.input(id),
            Key::Data(id) => self.data(id).map(|value| self.keep(value)),
            Key::Arg(slot) => args.get(slot.0 as usize).map(|arg| &**arg),
        };
        index.candidates(&mut read, &mut picked);
        self.trace_index(unit, picked.len());
        Rules::Picked(&unit.rules, picked.into_iter())
    }

    pub(super) fn rule(
        &mut self,
        unit: &'a Unit,
        rule: &'a Rule,
        args: &[Reg<'a>],
    ) -> Result<Option<Given<'a>>, Halt> {
        for clause in &rule.clauses {
            let given = self.clause(clause, args, unit.first)?;
            if given.is_some() {
                return Ok(given);
            }
        }
        Ok(None)
    }

    fn clause(
        &mut self,
        clause: &'a Clause,
        args: &[Reg<'a>],
        first: bool,
    ) -> Result<Option<Given<'a>>, Halt> {
        // Defaults, and rules that are facts.
        if let [Stmt::Yield(Emit::Value(Expr::Const(value)))] = &*clause.block
            && self.options.tracer.is_none()
        {
            self.step()?;
            return Ok(Some(Given {
                value: Reg::Ref(value),
                other: None,
                place: clause.place,
            }));
        }
        let mut sink = if first {
            Sink::First(None)
        } else {
            Sink::Agree(None, None)
        };
        self.in_frame(clause.slots, args, |machine| {
            machine.exec(&clause.block, &mut sink)
        })?;
        let (value, other) = match sink {
            Sink::First(value) => (value, None),
            Sink::Agree(value, other) => (value, other),
            _ => (None, None),
        };
        let place = clause.place;
        Ok(value.map(|value| Given {
            value,
            other,
            place,
        }))
    }

    /// A call of a function of the policy.
    #[inline(never)]
    pub(super) fn call(&mut self, id: UnitId, args: &Args<'a>, place: Place) -> Answer<'a> {
        if self.now().is_some_and(Frame::has_mocks)
            && let Some(mock) = self.now().and_then(|frame| frame.mock(Callee::Unit(id)))
        {
            return self.call_mock(mock, args, place);
        }
        if self.frame != 0 {
            return self.at_home(id, |machine| machine.call_here(id, args));
        }
        self.call_here(id, args)
    }

    fn call_here(&mut self, id: UnitId, args: &Args<'a>) -> Answer<'a> {
        let Some(unit) = self.program.units.get(id.0 as usize) else {
            return Ok(None);
        };
        let hash = call_hash(id, args);
        let known = self.now().map(|frame| frame.memo.call(hash, id, args));
        match known {
            Some(Known::Value(value)) => return Ok(Some(Reg::Ref(value))),
            Some(Known::Undefined) => return Ok(None),
            _ => {}
        }
        let value = self.rules(unit, args)?;
        let value = value.map(|value| self.keep(value));
        self.pay(args.len() + 2)?;
        let args: SmallVec<[Value; 2]> = args.iter().map(|arg| (**arg).clone()).collect();
        if let Some(frame) = self.now_mut() {
            frame.memo.set_call(hash, id, args, value);
        }
        Ok(value.map(Reg::Ref))
    }

    /// A call of what a function was replaced by.
    #[cold]
    #[inline(never)]
    pub(super) fn call_mock(
        &mut self,
        mock: Mock<'a>,
        args: &Args<'a>,
        place: Place,
    ) -> Answer<'a> {
        match mock {
            Mock::Value(value) => Ok(Some(Reg::Ref(value))),
            Mock::Document(document) => self.eval(document),
            Mock::Unit(unit) => self.unmocked(|machine| machine.call(unit, args, place)),
            Mock::Builtin(builtin) => {
                self.unmocked(|machine| machine.call_builtin(builtin, args, place))
            }
            Mock::Missing => Err(self.missing(place)),
        }
    }

    /// The whole of a partial document.
    fn partial(&mut self, unit: &'a Unit, id: UnitId) -> Result<Reg<'a>, Halt> {
        let mut doc = Doc::Nothing;
        for rule in self.candidates(unit, unit.index.as_ref(), &[]) {
            self.step()?;
            if let Some(clause) = rule.clauses.first() {
                doc = self.part(clause, &[], 0, doc)?;
            }
        }
        let empty = || {
            if self.policy.is_set(id) {
                Value::Set(Set::default())
            } else {
                Value::Object(Object::default())
            }
        };
        let value = doc.finish().unwrap_or_else(empty);
        Ok(Reg::Own(built(value)?))
    }

    /// What one rule adds to a document, of which so many keys are `given` as are `asked` for or fewer.
    fn part(
        &mut self,
        clause: &'a Clause,
        given: &[Reg<'a>],
        asked: usize,
        doc: Doc,
    ) -> Result<Doc, Halt> {
        let mut sink = Sink::Doc {
            doc,
            given: given.len(),
            asked,
            place: clause.place,
        };
        self.in_frame(clause.slots, given, |machine| {
            machine.exec(&clause.block, &mut sink)
        })?;
        match sink {
            Sink::Doc { doc, .. } => Ok(doc),
            _ => Ok(Doc::Nothing),
        }
    }

    /// A look-up in a partial document.
    pub(super) fn probe_values(&mut self, id: UnitId, keys: Keys) -> Answer<'a> {
        if self.frame != 0 {
            return self.at_home(id, |machine| machine.probe_here(id, keys));
        }
        self.probe_here(id, keys)
    }

    fn probe_here(&mut self, id: UnitId, keys: Keys) -> Answer<'a> {
        let Some(unit) = self.program.units.get(id.0 as usize) else {
            return Ok(None);
        };
        if self.replaced(&unit.path) {
            let value = self.unit(id)?;
            return Ok(value.and_then(|value| below(value, &keys)));
        }
        match self.now().map(|frame| frame.memo.unit(id)) {
            Some(Known::Value(value)) => return Ok(below(Reg::Ref(value), &keys)),
            Some(Known::Undefined) => return Ok(None),
            _ => {}
        }
        let asked = (id, keys);
        match self.now().map(|frame| frame.memo.probe(&asked)) {
            Some(Known::Value(value)) => return Ok(Some(Reg::Ref(value))),
            Some(Known::Undefined) => return Ok(None),
            _ => {}
        }
        let value = self
            .probe_anew(unit, &asked.1)?
            .map(|value| self.keep(value));
        self.pay(asked.1.len() + 2)?;
        if let Some(frame) = self.now_mut() {
            frame.memo.set_probe(asked, value);
        }
        Ok(value.map(Reg::Ref))
    }

    fn probe_anew(&mut self, unit: &'a Unit, keys: &Keys) -> Answer<'a> {
        let mut doc = Doc::Nothing;
        let given: Args<'a> = keys.iter().cloned().map(Reg::Own).collect();
        let index = keys.len().checked_sub(1).and_then(|at| unit.probes.get(at));
        for rule in self.candidates(unit, index.and_then(Option::as_ref), &given) {
            self.step()?;
            let most = keys.len().min(rule.probes.len());
            let probes = rule.probes.get(..most).unwrap_or_default();
            let probe = probes.iter().enumerate().rev();
            let mut probe = probe.filter_map(|(at, probe)| Some((at + 1, probe.as_ref()?)));
            if let Some((known, clause)) = probe.next() {
                let given = given.get(..known).unwrap_or_default();
                doc = self.part(clause, given, keys.len(), doc)?;
            } else if let Some(clause) = rule.clauses.first() {
                doc = self.part(clause, &[], keys.len(), doc)?;
            }
        }
        let Some(value) = doc.finish() else {
            return Ok(None);
        };
        Ok(below(Reg::Own(value), keys))
    }
}
