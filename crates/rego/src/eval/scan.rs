//! Loops over the members of collections.

use super::error::Halt;
use super::exec::Sink;
use super::machine::{Flow, Machine};
use super::reg::Reg;
use crate::plan::ir::{Pattern, Scan, Source};
use crate::value::{Number, Value};

/// The members of a collection with their keys: of an array the index, of a set the member itself.
#[derive(Debug)]
pub(super) struct Members<'a> {
    of: Reg<'a>,
    at: usize,
}

// === impl Members ===

impl<'a> Members<'a> {
    /// Of a collection; a scalar has none.
    pub(super) fn of(value: Reg<'a>) -> Option<Self> {
        matches!(&*value, Value::Array(_) | Value::Object(_) | Value::Set(_))
            .then_some(Self { of: value, at: 0 })
    }
}

impl<'a> Iterator for Members<'a> {
    type Item = (Reg<'a>, Reg<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let at = self.at;
        self.at += 1;
        match &self.of {
            Reg::Ref(Value::Array(items)) => Some((index(at), Reg::Ref(items.get(at)?))),
            Reg::Ref(Value::Object(object)) => {
                let (key, value) = object.at(at)?;
                Some((Reg::Ref(key), Reg::Ref(value)))
            }
            Reg::Ref(Value::Set(set)) => {
                let member = set.at(at)?;
                Some((Reg::Ref(member), Reg::Ref(member)))
            }
            Reg::Own(Value::Array(items)) => Some((index(at), Reg::Own(items.get(at)?.clone()))),
            Reg::Own(Value::Object(object)) => {
                let (key, value) = object.at(at)?;
                Some((Reg::Own(key.clone()), Reg::Own(value.clone())))
            }
            Reg::Own(Value::Set(set)) => {
                let member = set.at(at)?;
                Some((Reg::Own(member.clone()), Reg::Own(member.clone())))
            }
            _ => None,
        }
    }
}

// === impl Machine ===

impl<'a> Machine<'a> {
    /// Runs the scan's block for each member.
    #[inline(never)]
    pub(super) fn scan(&mut self, scan: &'a Scan, out: &mut Sink<'a>) -> Result<Flow, Halt> {
        let source = match &scan.source {
            Source::Value(expr) => self.eval(expr)?,
            Source::Keys { node, keys } => return self.scan_keys(scan, *node, keys, out),
        };
        let Some(source) = source else {
            return Ok(Flow::More);
        };
        self.check_stack()?;
        if let Pattern::Equal(key) = &scan.key {
            return self.look_up(scan, key, &source, out);
        }
        match source {
            Reg::Ref(Value::Array(items)) if !wants_key(&scan.key) => {
                self.scan_values(scan, items.iter(), out)
            }
            Reg::Ref(Value::Set(set)) if !wants_key(&scan.key) => {
                self.scan_values(scan, set.iter(), out)
            }
            source => {
                let Some(members) = Members::of(source) else {
                    return Ok(Flow::More);
                };
                for (key, value) in members {
                    if self.member(scan, key, value, out)? == Flow::Stop {
                        return Ok(Flow::Stop);
                    }
                }
                Ok(Flow::More)
            }
        }
    }

    /// A scan that does not ask for keys.
    fn scan_values(
        &mut self,
        scan: &'a Scan,
        values: impl IntoIterator<Item = &'a Value>,
        out: &mut Sink<'a>,
    ) -> Result<Flow, Halt> {
        for value in values {
            self.step()?;
            if self.matches(&scan.value, Reg::Ref(value))?
                && self.exec(&scan.body, out)? == Flow::Stop
            {
                return Ok(Flow::Stop);
            }
        }
        Ok(Flow::More)
    }

    /// A scan whose key is known.
    fn look_up(
        &mut self,
        scan: &'a Scan,
        key: &'a crate::plan::ir::Expr,
        source: &Reg<'a>,
        out: &mut Sink<'a>,
    ) -> Result<Flow, Halt> {
        let Some(key) = self.eval(key)? else {
            return Ok(Flow::More);
        };
        let Some(value) = source.get(&key) else {
            return Ok(Flow::More);
        };
        if !self.matches(&scan.value, value)? {
            return Ok(Flow::More);
        }
        self.exec(&scan.body, out)
    }

    #[inline]
    pub(super) fn member(
        &mut self,
        scan: &'a Scan,
        key: Reg<'a>,
        value: Reg<'a>,
        out: &mut Sink<'a>,
    ) -> Result<Flow, Halt> {
        self.step()?;
        if self.matches(&scan.key, key)? && self.matches(&scan.value, value)? {
            return self.exec(&scan.body, out);
        }
        Ok(Flow::More)
    }
}

// === helpers ===

fn wants_key(pattern: &Pattern) -> bool {
    !matches!(pattern, Pattern::Any)
}

fn index(at: usize) -> Reg<'static> {
    Reg::Own(Value::Number(Number::from(at)))
}
