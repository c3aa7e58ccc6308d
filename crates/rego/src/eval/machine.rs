//! The machine: what one evaluation holds, its slots, and what it costs.

use std::sync::Arc;

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use smallvec::{SmallVec, smallvec};

use super::error::{EvalError, Halt, Kind};
use super::fields::Local;
use super::held::Labels;
use super::kept::Kept;
use super::memo::{Known, Memo, recycled};
use super::reads::Target;
use super::reg::Reg;
use super::trace::Trace;
use super::with::Frame;
use super::{Options, Policy};
use crate::builtins::{self, Context};
use crate::hir::Place;
use crate::plan::ir::{DataId, InputId, Program, Query, Slot};
use crate::source::Location;
use crate::value::{MAX_DEPTH, Value};

/// One evaluation.
pub(super) struct Machine<'a> {
    pub(super) policy: &'a Policy,
    pub(super) program: &'a Program,
    pub(super) query: &'a Query,
    /// Values that live until the evaluation ends.
    pub(super) arena: &'a Kept,
    /// The base data that the query reads beyond the program's.
    pub(super) documents: Vec<Option<&'a Value>>,
    /// What was found for each path below the unreplaced input.
    pub(super) inputs: Vec<Found<'a>>,
    pub(super) regs: Vec<Reg<'a>>,
    /// Where the running clause's slots begin.
    pub(super) base: usize,
    /// Replacements: the first frame has none.
    pub(super) frames: SmallVec<[Frame<'a>; 1]>,
    /// The frame that holds now.
    pub(super) frame: usize,
    /// Look-ups by what members hold, by their number.
    pub(super) locals: HashMap<u32, Local<'a>, FixedState>,
    /// What replacing these targets changes.
    pub(super) changed: Vec<(Target<'a>, Arc<[bool]>)>,
    pub(super) cx: Context<'a>,
    pub(super) options: &'a mut Options,
    /// Errors of built-ins that made something undefined, where they are asked for.
    pub(super) collected: Vec<EvalError>,
    /// Gets the labels of rules that hold.
    pub(super) labels: Option<&'a mut Labels>,
    /// What a tracer is in the middle of.
    pub(super) trace: Trace<'a>,
    /// Where the stack began.
    stack_base: usize,
}

/// What is known of a path below the input.
#[derive(Debug, Clone, Copy, Default)]
pub(super) enum Found<'a> {
    /// Nothing yet.
    #[default]
    Unknown,
    /// What stands there, if anything.
    Known(Option<&'a Value>),
}

/// How a block ended: whether more answers are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flow {
    /// Go on with the next member.
    More,
    /// Enough.
    Stop,
}

/// What an expression gives: a value, none, or the evaluation's end.
pub(super) type Answer<'a> = Result<Option<Reg<'a>>, Halt>;

/// Evaluated arguments or keys.
pub(super) type Args<'a> = SmallVec<[Reg<'a>; 3]>;

/// What an evaluation gives back to its [`Evaluator`](super::Evaluator).
pub(super) type Lent = (
    Vec<Reg<'static>>,
    Vec<Found<'static>>,
    Vec<Known<'static>>,
    Vec<EvalError>,
);

/// What one value costs, in bytes.
pub(super) const VALUE_COST: u64 = 32;

/// Paths below the input that are remembered; beyond them they are looked up each time, since clearing costs too.
const INPUTS: usize = 256;

// === impl Machine ===

impl<'a> Machine<'a> {
    // It is large: inlined, it is made where it stays.
    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "moving it costs a third of a small query"
    )]
    pub(super) fn new(
        policy: &'a Policy,
        query: &'a Query,
        input: Option<&'a Value>,
        arena: &'a Kept,
        cx: Context<'a>,
        options: &'a mut Options,
        memo: Memo<'a>,
    ) -> Self {
        let program = policy.program();
        let documents = query.documents.iter();
        let documents = documents.map(|path| super::doc::find_base(policy.data().root(), path));
        Self {
            policy,
            program,
            query,
            arena,
            documents: documents.collect(),
            inputs: Vec::new(),
            regs: Vec::new(),
            base: 0,
            frames: smallvec![Frame::first(input, memo)],
            frame: 0,
            locals: HashMap::default(),
            changed: Vec::new(),
            cx,
            options,
            collected: Vec::new(),
            labels: None,
            trace: Trace::default(),
            stack_base: stack_here(),
        }
    }

    /// Takes in memory of an earlier evaluation.
    pub(super) fn lend(
        &mut self,
        regs: Vec<Reg<'a>>,
        inputs: Vec<Found<'a>>,
        labels: &'a mut Labels,
    ) {
        self.regs = regs;
        self.inputs = inputs;
        self.labels = Some(labels);
        let paths = self.program.inputs.len() + self.query.inputs.len();
        self.inputs.resize(paths.min(INPUTS), Found::Unknown);
    }

    /// The memory for the next evaluation, and the errors that were collected.
    pub(super) fn give_back(&mut self) -> Lent {
        let first = self.frames.first_mut();
        let known = first.map(|frame| frame.memo.recycle()).unwrap_or_default();
        (
            recycled(std::mem::take(&mut self.regs)),
            recycled(std::mem::take(&mut self.inputs)),
            known,
            std::mem::take(&mut self.collected),
        )
    }

    #[inline]
    pub(super) fn step(&mut self) -> Result<(), Halt> {
        self.steps(1)
    }

    #[inline]
    pub(super) fn steps(&mut self, count: u64) -> Result<(), Halt> {
        match self.cx.budget.step(count) {
            Ok(()) => Ok(()),
            Err(_) => Err(EvalError::spent(self.cx.budget)),
        }
    }

    /// Pays for `count` values that are about to be built.
    #[inline]
    pub(super) fn pay(&mut self, count: usize) -> Result<(), Halt> {
        match self
            .cx
            .budget
            .build(VALUE_COST.saturating_mul(count as u64))
        {
            Ok(()) => Ok(()),
            Err(_) => Err(EvalError::spent(self.cx.budget)),
        }
    }

    /// Ends the evaluation where calls have used up the stack that the host allows.
    #[inline]
    pub(super) fn check_stack(&self) -> Result<(), Halt> {
        if self.stack_base.abs_diff(stack_here()) < self.options.stack {
            return Ok(());
        }
        Err(EvalError::halt(
            Kind::TooDeep,
            "rules and functions call one another too deep",
            None,
        ))
    }

    /// Keeps a value until the evaluation ends.
    #[inline]
    pub(super) fn keep(&self, reg: Reg<'a>) -> &'a Value {
        match reg {
            Reg::Ref(value) => value,
            Reg::Own(value) => self.arena.alloc(value),
        }
    }

    #[inline]
    pub(super) fn slot(&self, slot: Slot) -> Reg<'a> {
        match self.regs.get(self.base + slot.0 as usize) {
            Some(reg) => reg.clone(),
            None => Reg::empty(),
        }
    }

    #[inline]
    pub(super) fn slot_ref(&self, slot: Slot) -> Option<&Reg<'a>> {
        self.regs.get(self.base + slot.0 as usize)
    }

    #[inline]
    pub(super) fn bind(&mut self, slot: Slot, reg: Reg<'a>) {
        if let Some(place) = self.regs.get_mut(self.base + slot.0 as usize) {
            *place = reg;
        }
    }

    /// Runs `f` with `slots` slots of its own, the first of which hold `args`.
    pub(super) fn in_frame<T>(
        &mut self,
        slots: u32,
        args: &[Reg<'a>],
        f: impl FnOnce(&mut Self) -> Result<T, Halt>,
    ) -> Result<T, Halt> {
        self.check_stack()?;
        let outer = std::mem::replace(&mut self.base, self.regs.len());
        let top = self.base + (slots as usize).max(args.len());
        self.regs.extend(args.iter().cloned());
        self.regs.resize_with(top, Reg::empty);
        let result = f(self);
        self.regs.truncate(self.base);
        self.base = outer;
        result
    }

    /// What stands at a path below the input.
    #[inline]
    pub(super) fn input(&mut self, id: InputId) -> Option<&'a Value> {
        if self.frame == 0
            && let Some(Found::Known(found)) = self.inputs.get(id.0 as usize)
        {
            return *found;
        }
        self.find_input(id)
    }

    fn find_input(&mut self, id: InputId) -> Option<&'a Value> {
        let at = id.0 as usize;
        let own = at.checked_sub(self.program.inputs.len());
        let path: &'a [Value] = match own {
            None => self.program.inputs.get(at)?,
            Some(own) => self.query.inputs.get(own)?,
        };
        let frame = self.frames.get(self.frame)?;
        let found = frame.input.and_then(|input| super::doc::find(input, path));
        if self.frame == 0
            && let Some(place) = self.inputs.get_mut(at)
        {
            *place = Found::Known(found);
        }
        found
    }

    /// What stands at a path of base data that no rule stands on.
    #[inline]
    pub(super) fn data(&mut self, id: DataId) -> Option<Reg<'a>> {
        if self
            .frames
            .get(self.frame)
            .is_some_and(Frame::replaces_data)
        {
            return self.replaced_data(id);
        }
        let at = id.0 as usize;
        let found = match at.checked_sub(self.program.documents.len()) {
            None => self.policy.resolved(at),
            Some(own) => self.documents.get(own).copied().flatten(),
        };
        found.map(Reg::Ref)
    }

    #[cold]
    fn replaced_data(&mut self, id: DataId) -> Option<Reg<'a>> {
        let at = id.0 as usize;
        let path: &'a [Value] = match at.checked_sub(self.program.documents.len()) {
            None => self.program.documents.get(at)?,
            Some(own) => self.query.documents.get(own)?,
        };
        self.base_at(path)
    }

    /// The place as people read it.
    #[cold]
    pub(super) fn location(&self, place: Place) -> Option<Location> {
        let file = self.query.files.get(place.file as usize);
        let file = file.or_else(|| self.program.files.get(place.file as usize))?;
        Some(file.location(place.span))
    }

    /// A conflict.
    #[cold]
    pub(super) fn conflict(&self, message: impl Into<String>, place: Place) -> Halt {
        EvalError::halt(Kind::Conflict, message, self.location(place))
    }

    /// What a built-in's error means: undefined, or the end.
    #[cold]
    pub(super) fn builtin_error(&mut self, error: builtins::Error, place: Place) -> Answer<'a> {
        let (kind, message) = match error {
            builtins::Error::Undefined => return Ok(None),
            builtins::Error::Cancelled => return Err(EvalError::spent(self.cx.budget)),
            builtins::Error::Waiting => {
                let message = "the evaluation waits for an answer from outside";
                return Err(EvalError::halt(
                    Kind::Waiting,
                    message,
                    self.location(place),
                ));
            }
            builtins::Error::Halt(message) => {
                return Err(EvalError::halt(
                    Kind::Builtin,
                    message,
                    self.location(place),
                ));
            }
            builtins::Error::Type(message) => (Kind::Type, message),
            builtins::Error::Failed(message) => (Kind::Builtin, message),
        };
        if !self.options.strict_builtin_errors && !self.options.collect_builtin_errors {
            return Ok(None);
        }
        let error = EvalError::halt(kind, message, self.location(place));
        if self.options.strict_builtin_errors {
            return Err(error);
        }
        let error = self.explained(error);
        self.collected.push(error);
        Ok(None)
    }
}

// === helpers ===

/// Takes a value that was built, unless it nests too deep.
#[inline]
pub(super) fn built(value: Value) -> Result<Value, Halt> {
    if value.depth() <= MAX_DEPTH {
        return Ok(value);
    }
    Err(EvalError::halt(
        Kind::TooDeep,
        format!("a value nests deeper than {MAX_DEPTH}"),
        None,
    ))
}

/// About where the stack is now. The address of a local says it; nothing is read through it.
#[inline]
fn stack_here() -> usize {
    let here = 0_u8;
    std::ptr::from_ref(&here) as usize
}
