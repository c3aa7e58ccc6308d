//! What all of planning shares: the units that references lead to, the numbers of paths, the bounds.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Options;
use super::fields::Sites;
use super::frame::Frame;
use super::ir::{Block, NodeId, Tree, Unit, UnitId, UnitKind};
use super::labels::Labels;
use super::names::Naming;
use super::settle::Settled;
use super::tree::{Functions, Shape};
use crate::hir::{Local, LocalInfo, Place};
use crate::source::{Code, Diagnostic, File};
use crate::value::Value;

/// How many blocks a body may open inside each other. The evaluator runs a block by a call, on a stack that a
/// policy must not be able to use up.
pub(super) const MAX_BLOCKS: usize = 300;

/// How deep expressions may nest.
pub(super) const MAX_NESTING: usize = 500;

/// How many keys a look-up in a partial document is specialised for; further ones are looked up in what it gives.
pub(super) const MAX_PROBE: usize = 8;

/// What planning knows of the policy.
pub(super) struct Context<'p> {
    pub(super) options: Options,
    pub(super) files: &'p [Arc<File>],
    pub(super) tree: &'p Tree,
    pub(super) functions: &'p Functions,
    pub(super) targets: Vec<Target>,
    pub(super) naming: Naming<'p>,
    /// Lent to the clause that is being planned. None of a query, which comes and goes.
    pub(super) sites: Option<Sites>,
    /// The look-ups still to be planned: unit and number of keys. None of a query, whose program is done.
    pub(super) demand: Option<Vec<(UnitId, usize)>>,
    /// Where marks stand: see [`Program::marked`](super::ir::Program::marked).
    pub(super) marked: BTreeMap<Place, bool>,
    /// The labels of rules, where anybody wrote some.
    pub(super) labels: Option<Labels>,
}

/// A unit as those see it who refer to it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target {
    pub(super) kind: UnitKind,
    /// The most keys a look-up may have.
    pub(super) keys: usize,
    /// With how many keys it is looked up: bit `n` says `n + 1`.
    pub(super) probes: u32,
}

/// One clause or query while it is planned.
pub(super) struct Lowering<'a, 'p> {
    pub(super) cx: &'a mut Context<'p>,
    pub(super) locals: &'a [LocalInfo],
    pub(super) frame: Frame,
    /// Blocks open outside the body at hand.
    pub(super) blocks: usize,
    /// Expressions open.
    pub(super) nesting: usize,
    pub(super) settled: Settled,
}

/// A plan, or why there is none.
pub(super) type Planned<T> = Result<T, Box<Diagnostic>>;

// === impl Context ===

impl Context<'_> {
    /// The unit or node at a key below a node.
    pub(super) fn child(&self, node: NodeId, key: &Value) -> Option<NodeId> {
        let children = &self.tree.nodes.get(node.0 as usize)?.children;
        let at = children.binary_search_by(|(k, _)| k.cmp(key)).ok()?;
        children.get(at).map(|(_, node)| *node)
    }

    /// What stands at a unit's number.
    pub(super) fn target(&self, unit: UnitId) -> Option<Target> {
        self.targets.get(unit.0 as usize).copied()
    }

    /// With how many of `known` keys the unit can be looked up; 0 where only its whole document is to be had.
    pub(super) fn probe(&mut self, unit: UnitId, known: usize) -> usize {
        let Some(target) = self.targets.get_mut(unit.0 as usize) else {
            return 0;
        };
        let most = known.min(target.keys).min(MAX_PROBE);
        if let Some(demand) = &mut self.demand
            && most > 0
        {
            let bit = 1 << (most - 1);
            if target.probes & bit == 0 {
                target.probes |= bit;
                demand.push((unit, most));
            }
            return most;
        }
        let planned = |n: &usize| target.probes & (1 << (n - 1)) != 0;
        (1..=most).rev().find(planned).unwrap_or(0)
    }

    /// An error about a place.
    #[expect(
        clippy::unnecessary_box_returns,
        reason = "it goes into a [`Planned`] as it is"
    )]
    pub(super) fn refuse(
        &self,
        place: Place,
        code: Code,
        message: &str,
        hint: &str,
    ) -> Box<Diagnostic> {
        let file = self.files.get(place.file as usize).cloned();
        let file = file.unwrap_or_else(|| File::new("", ""));
        Box::new(file.diagnostic(code, place.span, message).hint(hint))
    }
}

// === impl Target ===

impl Target {
    /// A unit that is to be planned.
    pub(super) fn of(shape: &Shape) -> Self {
        Self {
            kind: shape.kind,
            keys: shape.keys,
            probes: 0,
        }
    }

    /// A unit that has been planned.
    pub(super) fn planned(unit: &Unit) -> Self {
        let probes = unit.rules.first().map_or(&[][..], |rule| &rule.probes);
        let bits = probes.iter().zip(0..).filter(|(probe, _)| probe.is_some());
        Self {
            kind: unit.kind,
            keys: probes.len(),
            probes: bits.fold(0, |bits, (_, n)| bits | (1 << n)),
        }
    }
}

// === impl Lowering ===

impl<'a, 'p> Lowering<'a, 'p> {
    pub(super) fn new(cx: &'a mut Context<'p>, locals: &'a [LocalInfo]) -> Self {
        let frame = Frame::noting(cx.sites.take());
        Self {
            cx,
            locals,
            frame,
            blocks: 0,
            nesting: 0,
            settled: Settled::default(),
        }
    }

    /// Plans a body of its own.
    pub(super) fn nested(
        &mut self,
        place: Place,
        plan: impl FnOnce(&mut Self) -> Planned<()>,
    ) -> Planned<Block> {
        let opened = self.frame.depth() + 1;
        let outside = self.frame.enter();
        self.blocks += opened;
        self.check_depth(place)?;
        plan(self)?;
        self.blocks -= opened;
        Ok(self.frame.leave(outside))
    }

    /// Refuses what would nest too deep.
    pub(super) fn check_depth(&self, place: Place) -> Planned<()> {
        if self.blocks + self.frame.depth() <= MAX_BLOCKS && self.nesting <= MAX_NESTING {
            return Ok(());
        }
        let message = format!(
            "body nests more than {MAX_BLOCKS} loops or {MAX_NESTING} expressions in each other"
        );
        let hint = "move a part of it into a rule or function of its own";
        Err(self.cx.refuse(place, Code::Compile, &message, hint))
    }

    /// The unit of a function.
    pub(super) fn function(&self, place: Place, path: &[Value]) -> Planned<UnitId> {
        self.cx.functions.get(path).copied().ok_or_else(|| {
            let name = path
                .iter()
                .filter_map(Value::as_str)
                .collect::<Vec<_>>()
                .join(".");
            let message = format!("undefined function data.{name}");
            self.cx.refuse(
                place,
                Code::Type,
                &message,
                "define it, or load the module that does",
            )
        })
    }

    /// Refuses a variable that nothing binds.
    #[expect(
        clippy::unnecessary_box_returns,
        reason = "it goes into a [`Planned`] as it is"
    )]
    pub(super) fn unbound(&self, place: Place, local: Local) -> Box<Diagnostic> {
        let name = self
            .locals
            .get(local.0 as usize)
            .map_or("_", |info| &info.name);
        let message = format!("var {name} is unsafe");
        let hint = "give it a value in a literal before";
        self.cx.refuse(place, Code::UnsafeVar, &message, hint)
    }

    /// Whether nobody asks for the variable's value.
    pub(super) fn is_wildcard(&self, local: Local) -> bool {
        let info = self.locals.get(local.0 as usize);
        self.frame.is_ignored(local)
            || info.is_some_and(|info| !info.generated && &*info.name == "_")
    }
}
