//! What a program with instruments says on its way: where bodies begin and end, which literal is at hand, and the
//! parts of a literal that OPA counts as expressions of their own. Without instruments nothing here adds a statement.

use super::ir::{Mark, Scope, Stmt, Watched};
use super::lower::Lowering;
use crate::hir::{self, Base, Body, ExprKind, Literal, LiteralKind, Place, Replacement};
use crate::value::Value;

/// How long the word `default` is.
const DEFAULT: u32 = 7;

/// How long the word `else` is.
const ELSE: u32 = 4;

/// Where an expression stands: that says which of its kinds OPA takes out and evaluates before.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Spot {
    /// It is the literal.
    Whole,
    /// A side of `=`, `:=` or `==`.
    Side,
    /// In a collection, or an argument or key.
    Inside,
}

// === impl Lowering ===

impl Lowering<'_, '_> {
    /// A body inside a literal begins, or a query's. `early` says that its first answer is enough for good.
    pub(super) fn mark_body(&mut self, place: Place, body: &Body, early: bool) {
        let place = body.literals.first().map_or(place, |first| first.place);
        self.enter(None, place, body, early);
    }

    /// A rule's body begins, or an else branch's, which stands at `case`.
    pub(super) fn mark_rule(
        &mut self,
        rule: &hir::Rule,
        case: Place,
        value: Option<&hir::Expr>,
        body: &Body,
    ) {
        if self.cx.options.instruments {
            let head = if case == rule.place {
                rule.head_place
            } else {
                else_head(case, value)
            };
            self.cx.marked.insert(head, false);
            self.enter(Some(name(&rule.path)), head, body, false);
        }
    }

    fn enter(&mut self, name: Option<String>, place: Place, body: &Body, early: bool) {
        if self.cx.options.instruments {
            let scope = Scope {
                name: name.map(Into::into),
                place,
                literals: body
                    .literals
                    .iter()
                    .map(|literal| (literal.place, is_negated(literal)))
                    .collect(),
                early,
            };
            self.frame.push(Stmt::Mark(Mark::Enter(Box::new(scope))));
        }
    }

    /// A literal begins. `index` is the number of the next one in its body.
    pub(super) fn mark_literal(&mut self, literal: &Literal, index: &mut u32) {
        if self.cx.options.instruments {
            let mut parts = Vec::new();
            literal_parts(literal, &mut parts);
            *index += u32::try_from(parts.len()).unwrap_or(0);
            self.watch(literal.place, parts, *index, is_negated(literal));
            *index += 1;
        }
    }

    /// The literal of a rule that has none: OPA writes `true` there, except in an else branch, and says it stands
    /// where the value does or, of a default, where that word does.
    pub(super) fn mark_nothing(
        &mut self,
        rule: &hir::Rule,
        value: Option<&hir::Expr>,
        case: Place,
    ) {
        if !self.cx.options.instruments || case != rule.place {
            return;
        }
        let mut place = match value {
            Some(value) if value.place != Place::default() => value.place,
            // Of `p contains 1` it is `p`.
            _ => self.first_word(rule.head_place),
        };
        if rule.default {
            place = rule.place;
            place.span.end = place.span.start.saturating_add(DEFAULT);
        }
        self.watch(place, Vec::new(), 0, false);
        self.mark(Mark::Holds);
    }

    fn first_word(&self, mut place: Place) -> Place {
        let file = self.cx.files.get(place.file as usize);
        let text = file.map_or("", |file| file.slice(place.span));
        let word = text.split_whitespace().next().unwrap_or(text);
        let length = u32::try_from(word.len()).unwrap_or(0);
        place.span.end = place.span.start.saturating_add(length);
        place
    }

    /// The literal at hand holds, or the body has an answer.
    pub(super) fn mark(&mut self, mark: Mark) {
        if self.cx.options.instruments {
            self.frame.push(Stmt::Mark(mark));
        }
    }

    fn watch(&mut self, place: Place, parts: Vec<Place>, index: u32, negated: bool) {
        let file = self.cx.files.get(place.file as usize);
        let text = file.map_or("", |file| file.slice(place.span));
        let loops = text.starts_with("some ");
        for part in &parts {
            self.cx.marked.entry(*part).or_insert(true);
        }
        self.cx.marked.insert(place, loops);
        let infos = self.locals.iter().zip(0..);
        let named = infos.filter(|(info, _)| !info.generated && mentions(text, &info.name));
        let bound = named.filter(|(_, at)| self.frame.is_bound(hir::Local(*at)));
        let bound: Vec<_> = bound
            .map(|(info, at)| (info.name.clone(), hir::Local(at)))
            .collect();
        let locals = bound
            .into_iter()
            .map(|(name, local)| (name, self.frame.slot(local)));
        let watched = Watched {
            place,
            parts,
            locals: locals.collect(),
            index,
            negated,
        };
        self.frame
            .push(Stmt::Mark(Mark::Literal(Box::new(watched))));
    }
}

// === helpers ===

/// The head of an else branch: from that word to its value, where one is written.
fn else_head(branch: Place, value: Option<&hir::Expr>) -> Place {
    let mut head = branch;
    let written = value.map(|value| value.place.span);
    let written =
        written.filter(|value| value.start > branch.span.start && value.end <= branch.span.end);
    head.span.end = match written {
        Some(value) => value.end,
        None => branch.span.start.saturating_add(ELSE).min(branch.span.end),
    };
    head
}

/// The name of a rule as people write it.
pub(crate) fn name(path: &[Value]) -> String {
    let mut name = String::from("data");
    for part in path {
        match part {
            Value::String(part) if is_word(part) => {
                name.push('.');
                name.push_str(part);
            }
            part => {
                name.push('[');
                name.push_str(&part.to_string());
                name.push(']');
            }
        }
    }
    name
}

fn is_word(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with(|c: char| c.is_ascii_digit())
        && text.bytes().all(is_word_byte)
}

fn is_word_byte(byte: u8) -> bool {
    byte == b'_' || byte.is_ascii_alphanumeric()
}

/// Whether a name stands in the text as a word.
fn mentions(text: &str, name: &str) -> bool {
    let word = |byte: Option<&u8>| byte.is_some_and(|byte| is_word_byte(*byte));
    let bytes = text.as_bytes();
    is_word(name)
        && text.match_indices(name).any(|(at, found)| {
            let before = at.checked_sub(1).and_then(|at| bytes.get(at));
            !word(before) && !word(bytes.get(at + found.len()))
        })
}

fn is_negated(literal: &Literal) -> bool {
    matches!(literal.kind, LiteralKind::Not { .. })
}

fn literal_parts(literal: &Literal, parts: &mut Vec<Place>) {
    match &literal.kind {
        LiteralKind::Test(expr) => expr_parts(expr, Spot::Whole, parts),
        LiteralKind::Unify(left, right) => {
            expr_parts(left, Spot::Side, parts);
            expr_parts(right, Spot::Side, parts);
        }
        LiteralKind::Every { domain, .. } => {
            expr_parts(domain, Spot::Side, parts);
            parts.push(domain.place);
        }
        LiteralKind::Not { .. } | LiteralKind::Or(..) | LiteralKind::Print(_) => {}
    }
    for with in &literal.with {
        if let Replacement::Value(value) = &with.value {
            expr_parts(value, Spot::Side, parts);
        }
    }
    parts.retain(|part| *part != Place::default());
    parts.dedup();
    // What takes the whole literal's place is the literal.
    if parts.last() == Some(&literal.place) {
        parts.pop();
    }
}

/// The parts of an expression that OPA evaluates before it, innermost first. As deep as the planner lets expressions
/// nest; it has not looked at this one yet, so what nests deeper than text can is not there.
fn expr_parts(expr: &hir::Expr, spot: Spot, parts: &mut Vec<Place>) {
    let inside = |exprs: &[hir::Expr], parts: &mut Vec<Place>| {
        for expr in exprs {
            expr_parts(expr, Spot::Inside, parts);
        }
    };
    let taken_out = match &expr.kind {
        ExprKind::Const(_) | ExprKind::Local(_) => false,
        ExprKind::Ref(reference) => {
            if let Base::Expr(base) = &reference.base {
                expr_parts(base, Spot::Inside, parts);
                if !matches!(base.kind, ExprKind::Local(_)) {
                    parts.push(base.place);
                }
            }
            inside(&reference.keys, parts);
            spot == Spot::Inside
        }
        ExprKind::Array(items) | ExprKind::Set(items) => {
            inside(items, parts);
            false
        }
        ExprKind::Object(members) => {
            for (key, value) in members {
                expr_parts(key, Spot::Inside, parts);
                expr_parts(value, Spot::Inside, parts);
            }
            false
        }
        // What its body says is marked where the body is planned.
        ExprKind::Comprehension(_) => spot == Spot::Inside,
        ExprKind::Call(call) => {
            let side = spot == Spot::Whole && is_equation(call);
            let spot_inside = if side { Spot::Side } else { Spot::Inside };
            for arg in &call.args {
                expr_parts(arg, spot_inside, parts);
            }
            spot != Spot::Whole
        }
    };
    if taken_out && parts.last() != Some(&expr.place) {
        parts.push(expr.place);
    }
}

fn is_equation(call: &hir::Call) -> bool {
    let hir::Callee::Builtin(hir::BuiltinRef::Known(builtin)) = &call.callee else {
        return false;
    };
    matches!(builtin.name, "equal" | "eq")
}
