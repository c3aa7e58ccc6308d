//! Loops over the members of collections.

use super::error::Halt;
use super::exec::Sink;
use super::machine::{Flow, Machine};
use super::reg::Reg;
use super::with::Frame;
use crate::builtins::Walk;
use crate::plan::ir::{Expr, Pattern, Scan, Source};
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
        if let Some(walked) = self.walked(scan)? {
            return self.scan_walk(scan, walked, out);
        }
        if let Some(by) = &scan.by
            && let Some(flow) = self.scan_by(scan, by, out)?
        {
            return Ok(flow);
        }
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

    /// The value that a scan over a call of `walk` walks, where neither is replaced and pairs are taken apart.
    fn walked(&mut self, scan: &'a Scan) -> Result<Option<&'a Value>, Halt> {
        let Source::Value(Expr::Builtin(builtin, call)) = &scan.source else {
            return Ok(None);
        };
        let apart =
            matches!((&scan.key, &scan.value), (Pattern::Any, Pattern::Array(p)) if p.len() == 2);
        let mocked = self.now().is_some_and(Frame::has_mocks);
        let [arg] = &*call.values else {
            return Ok(None);
        };
        if builtin.name != "walk" || !apart || mocked {
            return Ok(None);
        }
        Ok(self.eval(arg)?.map(|value| self.keep(value)))
    }

    /// A scan over what is in a value at any depth: one pair of path and value at a time, none of them kept.
    fn scan_walk(
        &mut self,
        scan: &'a Scan,
        value: &'a Value,
        out: &mut Sink<'a>,
    ) -> Result<Flow, Halt> {
        let Pattern::Array(patterns) = &scan.value else {
            return Ok(Flow::More);
        };
        let [path_pattern, value_pattern] = &**patterns else {
            return Ok(Flow::More);
        };
        self.check_stack()?;
        let paths = wants_key(path_pattern);
        let mut walk = Walk::new(value);
        if !paths {
            walk = walk.without_paths();
        }
        while let Some(value) = walk.next() {
            self.step()?;
            if paths {
                self.pay(walk.path().len() + 1)?;
                let path = Reg::Own(walk.path().to_vec().into());
                if !self.matches(path_pattern, path)? {
                    continue;
                }
            }
            if self.matches(value_pattern, Reg::Ref(value))?
                && self.exec(&scan.body, out)? == Flow::Stop
            {
                return Ok(Flow::Stop);
            }
        }
        Ok(Flow::More)
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
        key: &'a Expr,
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
