//! Rules to units: the frame of each clause, what stands in its first slots, and what it yields.

use super::ir::{Clause, Comparison, Emit, Expr, Held, Mark, Rule, Slot, Stmt, Unit, UnitKind};
use super::labels::Marks;
use super::lower::{Context, Lowering, Planned};
use super::tree::Shape;
use super::unify::is_pattern;
use crate::hir::{self, Body, ExprKind, Place, RuleKind};
use crate::source::Diagnostic;
use crate::value::Value;

/// A head with one of its bodies.
#[derive(Clone, Copy)]
struct Case<'h> {
    rule: &'h hir::Rule,
    place: Place,
    value: Option<&'h hir::Expr>,
    body: &'h Body,
    held: Option<Held>,
}

/// The rules of a policy while it is planned.
pub(super) enum Rules<'h> {
    /// Somebody else's.
    Shared(&'h [hir::Rule]),
    /// Nobody else's: what is planned is freed, so that a large policy is not in memory twice.
    Own(Vec<hir::Rule>),
}

/// The keys of a rule of a partial document, and where they begin.
struct Keys<'h> {
    constant: &'h [Value],
    exprs: Vec<&'h hir::Expr>,
}

// === impl Rules ===

impl Rules<'_> {
    /// All of them.
    pub(super) fn all(&self) -> &[hir::Rule] {
        match self {
            Self::Shared(rules) => rules,
            Self::Own(rules) => rules,
        }
    }

    /// Says that a rule's bodies are needed no more.
    fn done(&mut self, number: usize) {
        if let Self::Own(rules) = self
            && let Some(rule) = rules.get_mut(number)
        {
            rule.body = Body::default();
            rule.else_ = Box::default();
            rule.locals = Box::default();
        }
    }
}

// === impl Context ===

impl Context<'_> {
    /// Plans a unit. Its probes come later: see [`Context::probes`].
    pub(super) fn unit(
        &mut self,
        shape: &Shape,
        rules: &mut Rules<'_>,
    ) -> Result<Unit, Vec<Diagnostic>> {
        let mut errors = Vec::new();
        let mut unit = Unit {
            path: shape.path.as_slice().into(),
            kind: shape.kind,
            rules: Vec::with_capacity(shape.rules.len()),
            default: None,
            index: None,
            probes: Vec::new(),
            first: is_first(shape, rules.all()),
        };
        let marks = self.marks(shape, rules);
        for (at, number) in shape.rules.iter().copied().enumerate() {
            let Some(rule) = source(shape, rules.all(), number) else {
                continue;
            };
            let default = rule.default;
            let marks = marks.get(at).copied().unwrap_or_default();
            let planned = cases(rule, marks)
                .map(|case| self.clause(shape, case, 0))
                .collect::<Planned<Vec<_>>>();
            match planned {
                Ok(mut clauses) if default => unit.default = clauses.pop(),
                Ok(mut clauses) => {
                    clauses.shrink_to_fit();
                    let probes = Vec::new();
                    unit.rules.push(Rule { clauses, probes });
                }
                Err(error) => errors.push(*error),
            }
            if shape.kind != UnitKind::Partial {
                rules.done(number);
            }
        }
        unit.rules.shrink_to_fit();
        if errors.is_empty() {
            Ok(unit)
        } else {
            Err(errors)
        }
    }

    /// Plans the rules of a partial unit for look-ups with that many keys.
    pub(super) fn probes(
        &mut self,
        unit: &mut Unit,
        shape: &Shape,
        rules: &Rules<'_>,
        known: usize,
    ) -> Planned<()> {
        let marks = self.marks(shape, rules);
        let numbers = shape.rules.iter().enumerate();
        let sources = numbers.filter_map(|(at, number)| {
            let marks = marks.get(at).copied().unwrap_or_default();
            Some((source(shape, rules.all(), *number)?, marks))
        });
        for (planned, (rule, marks)) in unit.rules.iter_mut().zip(sources) {
            let Some(case) = cases(rule, marks).next() else {
                continue;
            };
            let clause = self.clause(shape, case, known)?;
            if planned.probes.len() < known {
                planned.probes.resize_with(known, || None);
            }
            if let Some(probe) = planned.probes.get_mut(known - 1) {
                *probe = Some(clause);
            }
        }
        Ok(())
    }

    /// What is said when the unit's rules hold; nothing where no rule has labels.
    fn marks(&mut self, shape: &Shape, rules: &Rules<'_>) -> Vec<Marks> {
        let labels = self.labels.as_mut();
        labels.map_or_else(Vec::new, |labels| labels.marks(shape, rules.all()))
    }

    fn clause(&mut self, shape: &Shape, case: Case<'_>, known: usize) -> Planned<Clause> {
        let mut lowering = Lowering::new(self, &case.rule.locals);
        let keys = Keys::of(shape, case.rule);
        let mut later = Vec::new();
        lowering.mark_rule(case.rule, case.place, case.value, case.body);
        match &case.rule.kind {
            RuleKind::Function { params, .. } => {
                let constant = &[];
                let exprs = params.iter().collect();
                lowering.given(&Keys { constant, exprs }, params.len(), &mut later)?;
            }
            _ => lowering.given(&keys, known, &mut later)?,
        }
        let mut results: Vec<&hir::Expr> = Vec::new();
        if shape.kind == UnitKind::Partial {
            results.extend(&keys.exprs);
        }
        results.extend(case.value);
        results.extend(later.iter().map(|(_, key)| *key));
        lowering.body(case.body, &results, false)?;
        for (slot, key) in later {
            let key = lowering.expr(key)?;
            lowering
                .frame
                .push(Stmt::Compare(Comparison::Equal, Expr::Slot(slot), key));
        }
        if case.body.literals.is_empty() {
            lowering.mark_nothing(case.rule, case.value, case.place);
        }
        let mut emit = lowering.emit(shape, &keys, case)?;
        if let Some(held) = case.held {
            lowering.know(&mut emit);
            lowering.frame.push(Stmt::Held(held));
        }
        lowering.mark(Mark::Exit);
        lowering.frame.push(Stmt::Yield(emit));
        let block = lowering.frame.finish();
        let slots = lowering.frame.slots();
        lowering.cx.sites = lowering.frame.sites.take();
        Ok(Clause {
            place: case.place,
            slots,
            block,
        })
    }
}

// === impl Lowering ===

impl Lowering<'_, '_> {
    /// The first `known` slots hold the first keys, or the arguments: matches them with what the head says. What
    /// can only be compared once the body has given its variables values goes to `later`.
    fn given<'h>(
        &mut self,
        keys: &Keys<'h>,
        known: usize,
        later: &mut Vec<(Slot, &'h hir::Expr)>,
    ) -> Planned<()> {
        let slots: Vec<Slot> = (0..known).map(|_| self.frame.fresh()).collect();
        for slot in &slots {
            self.frame.bind(*slot);
        }
        for (slot, value) in slots.iter().zip(keys.constant) {
            let (found, value) = (Expr::Slot(*slot), Expr::Const(value.clone()));
            self.frame
                .push(Stmt::Compare(Comparison::Equal, found, value));
        }
        let rest = slots.get(keys.constant.len()..).unwrap_or_default();
        for (slot, key) in rest.iter().zip(keys.exprs.iter().copied()) {
            match &key.kind {
                ExprKind::Local(local) if self.is_wildcard(*local) => {}
                ExprKind::Local(local) if !self.frame.is_bound(*local) => {
                    self.frame.alias(*local, *slot);
                }
                _ if is_pattern(key) => self.matching(key, Expr::Slot(*slot))?,
                _ => later.push((*slot, key)),
            }
        }
        Ok(())
    }

    fn emit(&mut self, shape: &Shape, keys: &Keys<'_>, case: Case<'_>) -> Planned<Emit> {
        let value = match case.value {
            Some(value) => Some(self.expr(value)?),
            None => None,
        };
        if shape.kind != UnitKind::Partial {
            return Ok(Emit::Value(value.unwrap_or(Expr::Const(Value::Bool(true)))));
        }
        let mut all: Vec<Expr> = Vec::with_capacity(keys.constant.len() + keys.exprs.len());
        all.extend(keys.constant.iter().cloned().map(Expr::Const));
        for key in &keys.exprs {
            all.push(self.expr(key)?);
        }
        if let Some(value) = value {
            return Ok(Emit::Entry(all, value));
        }
        let member = all.pop().unwrap_or(Expr::Const(Value::Null));
        all.shrink_to_fit();
        Ok(Emit::Member(all, member))
    }

    /// Evaluates what an answer is made of before it is handed out: without it the rule does not hold.
    fn know(&mut self, emit: &mut Emit) {
        let (keys, value) = match emit {
            Emit::Value(value) => (&mut [][..], value),
            Emit::Entry(keys, value) | Emit::Member(keys, value) => (&mut keys[..], value),
            Emit::Found | Emit::Item(_) | Emit::Pair(..) | Emit::Row => return,
        };
        for part in keys.iter_mut().chain([value]) {
            if !matches!(part, Expr::Const(_) | Expr::Slot(_)) {
                let slot = self.frame.fresh();
                self.frame.bind(slot);
                let value = std::mem::replace(part, Expr::Slot(slot));
                self.frame.push(Stmt::Bind(slot, value));
            }
        }
    }
}

// === impl Keys ===

impl<'h> Keys<'h> {
    fn of(shape: &Shape, rule: &'h hir::Rule) -> Self {
        let constant = rule.path.get(shape.path.len()..).unwrap_or_default();
        let mut exprs: Vec<&hir::Expr> = rule.keys.iter().collect();
        if let RuleKind::Member(member) = &rule.kind {
            exprs.push(member);
        }
        Self { constant, exprs }
    }
}

/// A rule of a unit. A default below a partial document counts for nothing, as with OPA.
fn source<'h>(shape: &Shape, rules: &'h [hir::Rule], number: usize) -> Option<&'h hir::Rule> {
    let partial = shape.kind == UnitKind::Partial;
    rules.get(number).filter(|rule| !(partial && rule.default))
}

/// The body and the else branches of a rule.
fn cases(rule: &hir::Rule, marks: Marks) -> impl Iterator<Item = Case<'_>> {
    let value = match &rule.kind {
        RuleKind::Value(value) | RuleKind::Function { value, .. } => Some(value),
        RuleKind::Member(_) => None,
    };
    let first = Case {
        rule,
        place: rule.place,
        value,
        body: &rule.body,
        held: marks.body,
    };
    let others = rule.else_.iter().map(move |branch| Case {
        rule,
        place: branch.place,
        value: Some(&branch.value),
        body: &branch.body,
        held: marks.branches,
    });
    std::iter::once(first).chain(others)
}

/// Whether all rules that are no default give one and the same constant.
fn is_first(shape: &Shape, rules: &[hir::Rule]) -> bool {
    if shape.kind == UnitKind::Partial {
        return false;
    }
    let rules = shape.rules.iter().filter_map(|number| rules.get(*number));
    let rules = rules.filter(|rule| !rule.default);
    if rules.clone().count() > 1 && rules.clone().any(is_pair) {
        return false;
    }
    let mut values = rules
        .flat_map(|rule| cases(rule, Marks::default()))
        .map(|case| match case.value.map(|value| &value.kind) {
            Some(ExprKind::Const(value)) => Some(value),
            _ => None,
        });
    let Some(first) = values.next() else {
        return true;
    };
    first.is_some() && values.all(|value| value == first)
}

/// Whether a rule is `a.b := value` without a body: OPA takes it for a member of the object `a`, and evaluates all rules
/// of its name.
fn is_pair(rule: &hir::Rule) -> bool {
    let bare = rule.body.literals.is_empty() && rule.place == rule.head_place;
    bare && rule.keys.is_empty() && rule.path.len() == rule.package + 2
}
