//! Expressions: one value, or none.

use smallvec::SmallVec;

use super::error::{EvalError, Halt, Kind};
use super::exec::Sink;
use super::machine::{Answer, Args, Machine, built};
use super::reg::Reg;
use super::with::{Callee, Frame, builtin_name};
use crate::builtins::Builtin;
use crate::hir::{BuiltinRef, Place};
use crate::plan::ir::{Comprehension, ComprehensionKind, Expr};
use crate::value::{Array, Object, Set, Value};

// === impl Machine ===

impl<'a> Machine<'a> {
    /// The value of an expression.
    pub(super) fn eval(&mut self, expr: &'a Expr) -> Answer<'a> {
        match expr {
            Expr::Const(value) => Ok(Some(Reg::Ref(value))),
            Expr::Slot(slot) => Ok(Some(self.slot(*slot))),
            Expr::Input(id) => Ok(self.input(*id).map(Reg::Ref)),
            Expr::Data(id) => Ok(self.data(*id)),
            Expr::Unit(id) => self.unit(*id),
            Expr::Dot(dot) => self.dot(&dot.base, &dot.keys),
            Expr::Once(slot, expr) => self.once(*slot, expr),
            _ => self.eval_composite(expr),
        }
    }

    #[inline(never)]
    fn eval_composite(&mut self, expr: &'a Expr) -> Answer<'a> {
        self.check_stack()?;
        match expr {
            Expr::Probe(unit, keys) => self.probe(*unit, keys),
            Expr::Descend(node, keys) => self.descend(*node, keys),
            Expr::Array(items) => self.array(items),
            Expr::Object(members) => self.object(members),
            Expr::Set(members) => self.set(members),
            Expr::Comprehension(comprehension) => self.comprehension(comprehension),
            Expr::Call(unit, call) => match self.eval_keys(&call.values)? {
                Some(args) => self.call(*unit, &args, call.place),
                None => Ok(None),
            },
            Expr::Builtin(builtin, call) => match self.eval_keys(&call.values)? {
                Some(args) => self.builtin(builtin, &args, call.place),
                None => Ok(None),
            },
            Expr::Missing(builtin, call) => self.call_missing(builtin, &call.values, call.place),
            Expr::Compare(comparison, sides) => self.compared(*comparison, &sides.0, &sides.1),
            Expr::Shared(expr) => self.shared(expr),
            Expr::Grouped(grouped) => self.grouped(grouped),
            // The others are told apart before.
            _ => Ok(None),
        }
    }

    /// A look-up by keys; goes through what a slot owns without copying it.
    fn dot(&mut self, base: &'a Expr, keys: &'a [Expr]) -> Answer<'a> {
        if let (Expr::Slot(slot), [Expr::Const(key)]) = (base, keys) {
            return Ok(self.slot_ref(*slot).and_then(|reg| reg.get(key)));
        }
        let known = |key: &Expr| matches!(key, Expr::Const(_) | Expr::Slot(_));
        if matches!(base, Expr::Unit(_)) && !keys.iter().all(known) {
            return self.dot_of_unit(base, keys);
        }
        let Some(mut value) = self.eval(base)? else {
            return Ok(None);
        };
        let of_base =
            matches!(base, Expr::Data(_)) && !self.now().is_some_and(Frame::replaces_data);
        let get = |value: &Reg<'a>, key: &Value| match value {
            Reg::Ref(value) if of_base => super::doc::member_of_base(value, key).map(Reg::Ref),
            value => value.get(key),
        };
        for key in keys {
            let found = match key {
                Expr::Const(key) => get(&value, key),
                key => match self.eval(key)? {
                    Some(key) => get(&value, &key),
                    None => None,
                },
            };
            match found {
                Some(found) => value = found,
                None => return Ok(None),
            }
        }
        Ok(Some(value))
    }

    /// A look-up in a rule's document: keys are evaluated before the rules.
    #[inline(never)]
    fn dot_of_unit(&mut self, base: &'a Expr, keys: &'a [Expr]) -> Answer<'a> {
        let Some(keys) = self.eval_keys(keys)? else {
            return Ok(None);
        };
        let value = self.eval(base)?;
        Ok(value.and_then(|value| keys.iter().try_fold(value, |value, key| value.get(key))))
    }

    #[inline(never)]
    fn probe(&mut self, unit: crate::plan::ir::UnitId, keys: &'a [Expr]) -> Answer<'a> {
        match self.eval_keys(keys)? {
            Some(keys) => self.probe_values(unit, keys.into_iter().map(Reg::into_value).collect()),
            None => Ok(None),
        }
    }

    #[inline(never)]
    fn array(&mut self, items: &'a [Expr]) -> Answer<'a> {
        self.pay(items.len() + 1)?;
        let mut values = Vec::with_capacity(items.len());
        for item in items {
            match self.eval(item)? {
                Some(value) => values.push(value.into_value()),
                None => return Ok(None),
            }
        }
        built(Array::from(values).into()).map(Reg::Own).map(Some)
    }

    #[inline(never)]
    fn set(&mut self, members: &'a [Expr]) -> Answer<'a> {
        self.pay(members.len() + 1)?;
        let mut values = Vec::with_capacity(members.len());
        for member in members {
            match self.eval(member)? {
                Some(value) => values.push(value.into_value()),
                None => return Ok(None),
            }
        }
        built(Set::from(values).into()).map(Reg::Own).map(Some)
    }

    #[inline(never)]
    fn object(&mut self, members: &'a [(Expr, Expr)]) -> Answer<'a> {
        self.pay(members.len() * 2 + 1)?;
        let mut pairs = Vec::with_capacity(members.len());
        for (key, value) in members {
            let Some(key) = self.eval(key)? else {
                return Ok(None);
            };
            let Some(value) = self.eval(value)? else {
                return Ok(None);
            };
            pairs.push((key.into_value(), value.into_value()));
        }
        built(Object::from(pairs).into()).map(Reg::Own).map(Some)
    }

    #[inline(never)]
    pub(super) fn comprehension(&mut self, comprehension: &'a Comprehension) -> Answer<'a> {
        self.check_stack()?;
        let mut sink = match comprehension.kind {
            ComprehensionKind::Object => Sink::Pairs(Vec::new()),
            _ => Sink::Items(Vec::new()),
        };
        self.exec(&comprehension.body, &mut sink)?;
        let value = match (comprehension.kind, sink) {
            (ComprehensionKind::Array, Sink::Items(items)) => Array::from(items).into(),
            (ComprehensionKind::Set, Sink::Items(items)) => Set::from(items).into(),
            (ComprehensionKind::Object, Sink::Pairs(pairs)) => {
                self.unique(pairs, comprehension.place)?.into()
            }
            _ => return Ok(None),
        };
        built(value).map(Reg::Own).map(Some)
    }

    /// An object of pairs whose keys must not come with two values.
    pub(super) fn unique(
        &mut self,
        mut pairs: Vec<(Value, Value)>,
        place: Place,
    ) -> Result<Object, Halt> {
        pairs.sort_by(|a, b| a.0.cmp(&b.0));
        let differ = |two: &[(Value, Value)]| match two {
            [a, b] => a.0 == b.0 && a.1 != b.1,
            _ => false,
        };
        if pairs.windows(2).any(differ) {
            return Err(self.conflict("object keys must be unique", place));
        }
        Ok(Object::from(pairs))
    }

    /// A call of a built-in, unless it is replaced.
    #[inline]
    pub(super) fn builtin(
        &mut self,
        builtin: &'static Builtin,
        args: &Args<'a>,
        place: Place,
    ) -> Answer<'a> {
        if self.now().is_some_and(Frame::has_mocks) {
            let callee = Callee::Builtin(builtin.name);
            if let Some(mock) = self.now().and_then(|frame| frame.mock(callee)) {
                return self.call_mock(mock, args, place);
            }
        }
        self.call_builtin(builtin, args, place)
    }

    /// A call of a built-in.
    #[inline(never)]
    pub(super) fn call_builtin(
        &mut self,
        builtin: &'static Builtin,
        args: &Args<'a>,
        place: Place,
    ) -> Answer<'a> {
        if self.options.tracer.is_some() && builtin.name == "trace" {
            self.trace_note(args, place);
        }
        let args: SmallVec<[&Value; 4]> = args.iter().map(|arg| &**arg).collect();
        match builtin.call(&mut self.cx, &args) {
            Ok(value) => {
                if let Some(calls) = &mut self.options.calls
                    && builtin.nondeterministic
                    && let Err(error) = calls.keep(builtin.name, &args, &value, self.cx.budget)
                {
                    return self.builtin_error(error, place);
                }
                built(value).map(Reg::Own).map(Some)
            }
            Err(error) => self.builtin_error(error, place),
        }
    }

    #[inline(never)]
    fn call_missing(
        &mut self,
        builtin: &'a BuiltinRef,
        args: &'a [Expr],
        place: Place,
    ) -> Answer<'a> {
        let Some(args) = self.eval_keys(args)? else {
            return Ok(None);
        };
        let callee = Callee::Builtin(builtin_name(builtin));
        match self.now().and_then(|frame| frame.mock(callee)) {
            Some(mock) => self.call_mock(mock, &args, place),
            None => Err(self.missing(place)),
        }
    }

    /// A built-in that does not exist here was called.
    #[cold]
    pub(super) fn missing(&self, place: Place) -> Halt {
        EvalError::halt(Kind::Internal, "unsupported built-in", self.location(place))
    }
}
