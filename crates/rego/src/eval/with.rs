//! `with`: frames of replacements, and what holds under them.

use std::sync::Arc;

use smallvec::SmallVec;

use super::doc;
use super::error::Halt;
use super::exec::Sink;
use super::machine::{Flow, Machine, built};
use super::memo::Memo;
use super::reads::Target;
use crate::builtins::Builtin;
use crate::hir::BuiltinRef;
use crate::plan::ir::{Expr, Function, Replace, UnitId, With};
use crate::value::Value;

/// What holds inside a `with`, and what is remembered there.
#[derive(Debug, Default)]
pub(super) struct Frame<'a> {
    /// The frame around, which [`Leave`](crate::plan::ir::Stmt::Leave) goes back to.
    pub(super) parent: usize,
    /// The input.
    pub(super) input: Option<&'a Value>,
    /// Documents below `data`; later ones lie over earlier ones.
    data: Vec<(&'a [Value], &'a Value)>,
    functions: Vec<(Callee<'a>, Mock<'a>)>,
    /// Of each unit, whether it is changed by what is different here from the frame around.
    changed: SmallVec<[Arc<[bool]>; 1]>,
    pub(super) memo: Memo<'a>,
}

/// What is replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Callee<'a> {
    /// A function of the policy.
    Unit(UnitId),
    /// A built-in, by name.
    Builtin(&'a str),
}

/// What a function is replaced by.
#[derive(Debug, Clone, Copy)]
pub(super) enum Mock<'a> {
    /// A value.
    Value(&'a Value),
    /// A document, asked for where the call is.
    Document(&'a Expr),
    /// A function of the policy.
    Unit(UnitId),
    /// A built-in.
    Builtin(&'static Builtin),
    /// A built-in that does not exist here.
    Missing,
}

/// Targets of replacements that are remembered with what they change; of more it is found out each time.
const MAX_TARGETS: usize = 64;

// === impl Frame ===

impl<'a> Frame<'a> {
    pub(super) fn first(input: Option<&'a Value>, memo: Memo<'a>) -> Self {
        Self {
            input,
            memo,
            ..Self::default()
        }
    }

    pub(super) fn replaces_data(&self) -> bool {
        !self.data.is_empty()
    }

    /// Whether the document at `path` is inside a replaced one.
    pub(super) fn replaces(&self, path: &[Value]) -> bool {
        self.data.iter().any(|(at, _)| path.starts_with(at))
    }

    pub(super) fn data(&self) -> &[(&'a [Value], &'a Value)] {
        &self.data
    }

    pub(super) fn mock(&self, callee: Callee<'_>) -> Option<Mock<'a>> {
        let mut mocks = self.functions.iter().rev();
        mocks.find(|(at, _)| *at == callee).map(|(_, mock)| *mock)
    }

    pub(super) fn has_mocks(&self) -> bool {
        !self.functions.is_empty()
    }

    /// Whether a function is replaced by something that is evaluated where it is called.
    fn evaluates_mocks(&self) -> bool {
        let mut mocks = self.functions.iter();
        mocks.any(|(_, mock)| matches!(mock, Mock::Unit(_) | Mock::Document(_)))
    }
}

// === impl Machine ===

impl<'a> Machine<'a> {
    /// The frame that holds now.
    #[inline]
    pub(super) fn now(&self) -> Option<&Frame<'a>> {
        self.frames.get(self.frame)
    }

    #[inline]
    pub(super) fn now_mut(&mut self) -> Option<&mut Frame<'a>> {
        self.frames.get_mut(self.frame)
    }

    /// Opens a frame that replaces what the one around does.
    fn push_frame(&mut self) -> usize {
        let outer = self.frame;
        let frame = match self.frames.get(outer) {
            Some(around) => Frame {
                parent: outer,
                input: around.input,
                data: around.data.clone(),
                functions: around.functions.clone(),
                changed: SmallVec::new(),
                memo: Memo::default(),
            },
            None => Frame::default(),
        };
        self.frames.push(frame);
        self.frame = self.frames.len() - 1;
        outer
    }

    fn pop_frame(&mut self, outer: usize) {
        self.frames.pop();
        self.frame = outer;
    }

    /// Runs a block under replacements.
    #[inline(never)]
    pub(super) fn with(&mut self, with: &'a With, out: &mut Sink<'a>) -> Result<Flow, Halt> {
        self.check_stack()?;
        let outer = self.push_frame();
        let flow = match self.replace_all(&with.replacements) {
            Ok(true) => self.exec(&with.body, out),
            Ok(false) => Ok(Flow::More),
            Err(halt) => Err(halt),
        };
        self.pop_frame(outer);
        flow
    }

    /// Runs a block as if the `with` around were not.
    #[inline(never)]
    pub(super) fn leave(
        &mut self,
        block: &'a [crate::plan::ir::Stmt],
        out: &mut Sink<'a>,
    ) -> Result<Flow, Halt> {
        let inner = self.frame;
        self.frame = self.now().map_or(0, |frame| frame.parent);
        let flow = self.exec(block, out);
        self.frame = inner;
        flow
    }

    /// Whether all values are defined.
    fn replace_all(&mut self, replacements: &'a [Replace]) -> Result<bool, Halt> {
        for replacement in replacements {
            self.step()?;
            let value = match replacement {
                Replace::Input(_, expr) | Replace::Data(_, expr) | Replace::Constant(_, expr) => {
                    match self.eval(expr)? {
                        Some(value) => Some(self.keep(value)),
                        None => return Ok(false),
                    }
                }
                Replace::Function(..) | Replace::Document(..) => None,
            };
            self.replace(replacement, value)?;
        }
        Ok(true)
    }

    fn replace(&mut self, replacement: &'a Replace, value: Option<&'a Value>) -> Result<(), Halt> {
        let arena = self.arena;
        if let Replace::Input(path, _) = replacement {
            let input = self.now().and_then(|frame| frame.input);
            self.pay(doc::put_cost(input, path))?;
        }
        let changed = self.changed_by(match replacement {
            Replace::Input(..) => Target::Input,
            Replace::Data(path, _) => Target::Data(path),
            Replace::Function(function, _)
            | Replace::Constant(function, _)
            | Replace::Document(function, _) => Target::Function(callee(function)),
        })?;
        let Some(frame) = self.now_mut() else {
            return Ok(());
        };
        match (replacement, value) {
            (Replace::Input(path, _), Some(value)) if path.is_empty() => frame.input = Some(value),
            (Replace::Input(path, _), Some(value)) => {
                let input = doc::put(frame.input, path, value.clone());
                frame.input = Some(arena.alloc(built(input)?));
            }
            (Replace::Data(path, _), Some(value)) => frame.data.push((path, value)),
            (Replace::Constant(function, _), Some(value)) => {
                frame.functions.push((callee(function), Mock::Value(value)));
            }
            (Replace::Document(function, document), _) => {
                let mock = Mock::Document(document);
                frame.functions.push((callee(function), mock));
            }
            (Replace::Function(function, by), _) => {
                let mock = match by {
                    Function::Unit(unit) => Mock::Unit(*unit),
                    Function::Builtin(BuiltinRef::Known(builtin)) => Mock::Builtin(builtin),
                    Function::Builtin(BuiltinRef::Declared(_)) => Mock::Missing,
                };
                frame.functions.push((callee(function), mock));
            }
            (_, None) => {}
        }
        frame.changed.push(changed);
        frame.memo = Memo::default();
        Ok(())
    }

    /// Of each unit, whether replacing the target changes it.
    fn changed_by(&mut self, target: Target<'a>) -> Result<Arc<[bool]>, Halt> {
        if let Some((_, changed)) = self.changed.iter().find(|(known, _)| *known == target) {
            return Ok(Arc::clone(changed));
        }
        let policy = self.policy;
        let reads = policy.reads();
        if target != Target::Input {
            self.steps(reads.cost())?;
        }
        let changed = reads.changed_by(self.program, target);
        if self.changed.len() < MAX_TARGETS {
            self.changed.push((target, Arc::clone(&changed)));
        }
        Ok(changed)
    }

    /// Runs `f` in the outermost frame in which the unit is what it is here: what it gives is known there too.
    #[inline(never)]
    pub(super) fn at_home<T>(
        &mut self,
        unit: UnitId,
        f: impl FnOnce(&mut Self) -> Result<T, Halt>,
    ) -> Result<T, Halt> {
        let here = self.frame;
        if !self.options.collect_builtin_errors {
            self.frame = self.home(unit);
        }
        let result = f(self);
        self.frame = here;
        result
    }

    /// The outermost frame in which the unit is what it is here.
    fn home(&self, unit: UnitId) -> usize {
        let mut home = self.frame;
        let changes = |changed: &Arc<[bool]>| changed.get(unit.0 as usize) != Some(&false);
        while home > 0
            && let Some(frame) = self.frames.get(home)
            && !frame.changed.iter().any(changes)
        {
            home = frame.parent;
        }
        // What stands in for a function there may read what was replaced since.
        let evaluates = self.frames.get(home).is_some_and(Frame::evaluates_mocks);
        if evaluates { self.frame } else { home }
    }

    fn clear_mocks(&mut self) -> Result<(), Halt> {
        let frame = self.now_mut();
        let mocked = frame.map(|frame| std::mem::take(&mut frame.functions));
        for (function, _) in mocked.unwrap_or_default() {
            let changed = self.changed_by(Target::Function(function))?;
            if let Some(frame) = self.now_mut() {
                frame.changed.push(changed);
            }
        }
        Ok(())
    }

    /// Runs `f` without replaced functions: inside a replacement the original can be called.
    pub(super) fn unmocked<T>(
        &mut self,
        f: impl FnOnce(&mut Self) -> Result<T, Halt>,
    ) -> Result<T, Halt> {
        let outer = self.push_frame();
        if let Err(halt) = self.clear_mocks() {
            self.pop_frame(outer);
            return Err(halt);
        }
        let result = f(self);
        self.pop_frame(outer);
        result
    }
}

// === helpers ===

fn callee(function: &Function) -> Callee<'_> {
    match function {
        Function::Unit(unit) => Callee::Unit(*unit),
        Function::Builtin(builtin) => Callee::Builtin(builtin_name(builtin)),
    }
}

pub(super) fn builtin_name(builtin: &BuiltinRef) -> &str {
    match builtin {
        BuiltinRef::Known(builtin) => builtin.name,
        BuiltinRef::Declared(declared) => &declared.name,
    }
}
