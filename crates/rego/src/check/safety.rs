//! Bodies in an order in which every variable is bound before it is needed.
//!
//! The order is OPA's: literals are tried in the order they were written, again and again; each is taken as soon as
//! what it needs is bound. A literal that is not ready waits for one of the variables it lacks, so that a body costs
//! about what its size is, not its square.

mod facts;
mod settle;
mod templates;
pub(in crate::check) mod visit;

use std::collections::BTreeSet;
use std::sync::Arc;

use std::collections::{HashMap, HashSet};

use super::errors::{Errors, Stage};
use super::scope::Resolved;
use crate::hir::{
    Body, Callee, ComprehensionHead, Expr, ExprKind, Literal, LiteralKind, Local, LocalInfo, Place,
    Query, Rule, RuleKind,
};
use crate::source::{Code, File};
use facts::Facts;
use templates::Templates;

/// The state of one rule or query.
struct Order<'a> {
    infos: Vec<LocalInfo>,
    depths: Vec<u32>,
    safe: Vec<bool>,
    /// Which variables the literal at hand would bind: those with the current stamp.
    marks: Vec<u32>,
    stamp: u32,
    assigned: HashSet<Local>,
    /// Whether the body at hand is that of a negation that is none of its own: what moves goes before the negation.
    negated: bool,
    reported: HashSet<Local>,
    /// Variables that a stuck `x in …` asks for: what is meant is most often `some x in …`.
    looked_for: HashSet<Local>,
    file: &'a Arc<File>,
    errors: &'a mut Errors,
}

/// Orders a rule's bodies.
pub(super) fn rule(rule: &mut Rule, mut resolved: Resolved, file: &Arc<File>, errors: &mut Errors) {
    Join::all(&mut resolved, |join| join.rule(rule));
    let mut templates = Templates::of(&resolved);
    templates.body(&mut rule.body, 1);
    for branch in &mut rule.else_ {
        templates.body(&mut branch.body, 1);
    }
    let mut order = Order::new(resolved, file, errors);
    if let RuleKind::Function { params, .. } = &mut rule.kind {
        for param in params {
            order.bind_all(param);
        }
    }
    order.body(&mut rule.body, 1);
    for key in &mut rule.keys {
        order.require(Stage::Heads, key);
    }
    match &mut rule.kind {
        RuleKind::Value(value) | RuleKind::Member(value) | RuleKind::Function { value, .. } => {
            order.require(Stage::Heads, value);
        }
    }
    for branch in &mut rule.else_ {
        order.body(&mut branch.body, 1);
        order.require(Stage::Heads, &mut branch.value);
    }
    order.templates(templates);
    rule.locals = order.infos.into();
}

/// Orders a query's body.
pub(super) fn query(
    query: &mut Query,
    mut resolved: Resolved,
    file: &Arc<File>,
    errors: &mut Errors,
) {
    Join::all(&mut resolved, |join| visit::body(&mut query.body, join));
    let mut templates = Templates::of(&resolved);
    templates.body(&mut query.body, 1);
    let mut order = Order::new(resolved, file, errors);
    order.body(&mut query.body, 1);
    order.templates(templates);
    let own = order.infos.iter().enumerate().filter(|(at, info)| {
        let here = order.depths.get(*at) == Some(&1) && order.safe.get(*at) == Some(&true);
        here && !info.generated && &*info.name != "_"
    });
    let mut bindings: Vec<_> = own
        .map(|(at, info)| {
            (
                info.name.clone(),
                Local(u32::try_from(at).unwrap_or(u32::MAX)),
            )
        })
        .collect();
    bindings.sort();
    query.bindings = bindings;
    query.locals = order.infos;
}

/// That nothing binds a variable; of a name that is a keyword elsewhere, what makes it one here.
fn unsafe_text(name: &str) -> String {
    match name {
        "and" | "contains" | "every" | "if" | "in" | "or" => format!(
            "var {name} is unsafe (hint: `import future.keywords.{name}` to import a future keyword)"
        ),
        _ => format!("var {name} is unsafe"),
    }
}

/// The variables that a literal `x in …` asks for.
fn looked_for(literal: &Literal) -> Vec<Local> {
    let (LiteralKind::Test(expr) | LiteralKind::Unify(_, expr)) = &literal.kind else {
        return Vec::new();
    };
    match &expr.kind {
        ExprKind::Call(call) => match &call.callee {
            Callee::Builtin(builtin) if builtin.name().starts_with("internal.member_") => {
                call.args.iter().filter_map(Expr::as_local).collect()
            }
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

/// Puts the variable that an occurrence turned out to be in its place.
struct Join {
    joined: Vec<Option<Local>>,
}

// === impl Join ===

impl Join {
    /// Does nothing where nothing was joined, which is nearly always.
    fn all(resolved: &mut Resolved, walk: impl FnOnce(&mut Self)) {
        if resolved.joined.iter().any(Option::is_some) {
            let joined = std::mem::take(&mut resolved.joined);
            walk(&mut Self { joined });
        }
    }

    fn rule(&mut self, rule: &mut Rule) {
        if let RuleKind::Function { params, .. } = &mut rule.kind {
            for param in params {
                visit::expr(param, self);
            }
        }
        match &mut rule.kind {
            RuleKind::Value(value) | RuleKind::Member(value) | RuleKind::Function { value, .. } => {
                visit::expr(value, self);
            }
        }
        for key in &mut rule.keys {
            visit::expr(key, self);
        }
        visit::body(&mut rule.body, self);
        for branch in &mut rule.else_ {
            visit::expr(&mut branch.value, self);
            visit::body(&mut branch.body, self);
        }
    }
}

impl visit::Visitor for Join {
    fn local(&mut self, local: &mut Local) {
        if let Some(Some(to)) = self.joined.get(local.0 as usize) {
            *local = *to;
        }
    }
}

// === impl Order ===

impl<'a> Order<'a> {
    fn new(resolved: Resolved, file: &'a Arc<File>, errors: &'a mut Errors) -> Self {
        let count = resolved.infos.len();
        Self {
            infos: resolved.infos,
            depths: resolved.depths,
            safe: vec![false; count],
            marks: vec![0; count],
            stamp: 0,
            assigned: resolved.assigned,
            negated: false,
            reported: HashSet::new(),
            looked_for: HashSet::new(),
            file,
            errors,
        }
    }

    fn is_safe(&self, local: Local) -> bool {
        self.safe.get(local.0 as usize).copied().unwrap_or(false)
    }

    fn is_generated(&self, local: Local) -> bool {
        self.infos
            .get(local.0 as usize)
            .is_none_or(|info| info.generated)
    }

    fn depth(&self, local: Local) -> u32 {
        self.depths.get(local.0 as usize).copied().unwrap_or(0)
    }

    fn set_safe(&mut self, local: Local) {
        if let Some(slot) = self.safe.get_mut(local.0 as usize) {
            *slot = true;
        }
    }

    /// A variable of the compiler's own, bound.
    fn generated(&mut self, place: Place, depth: u32) -> Local {
        let local = Local(u32::try_from(self.infos.len()).unwrap_or(u32::MAX));
        self.infos.push(LocalInfo {
            name: "value".into(),
            place,
            generated: true,
        });
        self.depths.push(depth);
        self.safe.push(true);
        self.marks.push(0);
        local
    }

    fn bind_all(&mut self, pattern: &mut Expr) {
        struct Bind<'s>(&'s mut Vec<bool>);
        impl visit::Visitor for Bind<'_> {
            fn local(&mut self, local: &mut Local) {
                if let Some(slot) = self.0.get_mut(local.0 as usize) {
                    *slot = true;
                }
            }
        }
        visit::expr(pattern, &mut Bind(&mut self.safe));
    }

    /// The variables of a head must be bound by its body.
    fn require(&mut self, stage: Stage, head: &mut Expr) {
        struct Collect(Vec<Local>);
        impl visit::Visitor for Collect {
            fn local(&mut self, local: &mut Local) {
                self.0.push(*local);
            }
        }
        let mut found = Collect(Vec::new());
        visit::expr(head, &mut found);
        let locals: Vec<Local> = found
            .0
            .into_iter()
            .filter(|local| !self.reported.contains(local))
            .collect();
        self.report(stage, locals.into_iter().map(|local| (local, None)));
    }

    /// Orders a body whose variables have this depth, and the closures in it.
    fn body(&mut self, body: &mut Body, depth: u32) {
        let literals = std::mem::take(&mut body.literals);
        body.literals.reserve_exact(literals.len());
        let facts: Vec<Facts> = literals
            .iter()
            .map(|literal| Facts::of(literal, depth, self))
            .collect();
        let mut literals: Vec<Option<Literal>> = literals.into_iter().map(Some).collect();
        let mut waiting: HashMap<Local, Vec<usize>> = HashMap::new();
        // The rest of this round, and the next one.
        let mut round: BTreeSet<usize> = (0..literals.len()).collect();
        let mut next = BTreeSet::new();
        loop {
            let Some(at) = round.pop_first() else {
                if next.is_empty() {
                    break;
                }
                round = std::mem::take(&mut next);
                continue;
            };
            let (Some(slot), Some(facts)) = (literals.get_mut(at), facts.get(at)) else {
                continue;
            };
            match facts.outputs(self) {
                Ok(bound) => {
                    let Some(literal) = slot.take() else { continue };
                    self.take(literal, depth, &mut body.literals);
                    for local in bound {
                        self.set_safe(local);
                        for woken in waiting.remove(&local).unwrap_or_default() {
                            if woken > at {
                                round.insert(woken)
                            } else {
                                next.insert(woken)
                            };
                        }
                    }
                }
                Err(lacks) => lacks
                    .into_iter()
                    .for_each(|local| waiting.entry(local).or_default().push(at)),
            }
        }
        let stuck = literals
            .iter()
            .zip(&facts)
            .filter(|(literal, _)| literal.is_some());
        let stuck: Vec<&Facts> = stuck.map(|(_, facts)| facts).collect();
        let left = literals.iter().flatten();
        self.looked_for.extend(left.flat_map(looked_for));
        self.stuck(&stuck);
    }

    /// Takes a literal into its body: its closures are ordered with what is bound so far.
    fn take(&mut self, mut literal: Literal, depth: u32, out: &mut Vec<Literal>) {
        if let LiteralKind::Every { key, value, .. } = &literal.kind {
            for local in key.iter().chain([value]) {
                self.set_safe(*local);
            }
        }
        self.closures(&mut literal, depth);
        self.settle(literal, depth, out);
    }

    fn stuck(&mut self, stuck: &[&Facts]) {
        // OPA names the variables of one literal by the alphabet.
        let of = |facts: &&Facts| {
            let place = Some(facts.place);
            let lacking = facts.lacking(self).into_iter();
            lacking.map(move |local| (local, place)).collect::<Vec<_>>()
        };
        let mut named: Vec<(Local, Option<Place>)> = stuck.iter().flat_map(of).collect();
        // What depends on something that nothing binds is not worth an error of its own.
        if named
            .iter()
            .any(|(local, _)| !self.assigned.contains(local) && !self.is_generated(*local))
        {
            let assigned = named.iter().map(|(local, _)| *local);
            let assigned = assigned.filter(|local| self.assigned.contains(local));
            self.reported.extend(assigned);
            named.retain(|(local, _)| !self.assigned.contains(local));
        }
        if self.report(Stage::Safety, named) == 0
            && let Some(first) = stuck.first()
        {
            self.errors.at(
                Stage::Safety,
                self.file,
                Code::UnsafeVar,
                first.place.span,
                "expression is unsafe",
            );
        }
    }

    /// Reports those that are not bound, each with the literal that lacks it; says how many.
    fn report(
        &mut self,
        stage: Stage,
        locals: impl IntoIterator<Item = (Local, Option<Place>)>,
    ) -> usize {
        let mut count = 0;
        for (local, place) in locals {
            let Some(info) = self.infos.get(local.0 as usize) else {
                continue;
            };
            if self.is_safe(local) || info.generated {
                continue;
            }
            count += 1;
            if place.is_some() && self.reported.contains(&local) {
                continue;
            }
            let message = unsafe_text(&info.name);
            let mut diagnostic = self
                .file
                .diagnostic(Code::UnsafeVar, info.place.span, message);
            let name = &info.name;
            if self.looked_for.contains(&local) {
                let hint = "asks whether something is in there; to go through what is there, write";
                diagnostic = diagnostic.hint(format!("{name} in … {hint} some {name} in …"));
            } else if &**name != "_" {
                let hint = format!("nothing gives {name} a value before it is needed");
                diagnostic = diagnostic.hint(hint);
            }
            self.reported.insert(local);
            let order = place.map(|place| self.file.location(place.span));
            let order = order.unwrap_or_else(|| diagnostic.location.clone());
            self.errors.add_of(stage, order, diagnostic);
        }
        count
    }

    /// Reports what template strings read and nothing around them binds.
    fn templates(&mut self, templates: Templates) {
        for read in templates.found {
            let Some(info) = self.infos.get(read.local.0 as usize) else {
                continue;
            };
            if info.generated || !read.own && self.is_safe(read.local) {
                continue;
            }
            let message = format!("var {} is undeclared", info.name);
            let diagnostic = self
                .file
                .diagnostic(Code::Compile, info.place.span, message)
                .hint("a template string only reads variables that are bound outside of it");
            self.errors.add(Stage::Templates, diagnostic);
        }
    }

    /// Orders the closures of a literal.
    fn closures(&mut self, literal: &mut Literal, depth: u32) {
        if let LiteralKind::Not {
            body,
            closed: false,
        } = &mut literal.kind
        {
            let around = std::mem::replace(&mut self.negated, true);
            self.body(body, depth);
            self.negated = around;
            return;
        }
        visit::closures(literal, &mut |head, body| {
            let around = std::mem::replace(&mut self.negated, false);
            self.body(body, depth + 1);
            self.negated = around;
            match head {
                Some(ComprehensionHead::Array(value) | ComprehensionHead::Set(value)) => {
                    self.require(Stage::Safety, value);
                }
                Some(ComprehensionHead::Object(key, value)) => {
                    self.require(Stage::Safety, key);
                    self.require(Stage::Safety, value);
                }
                None => {}
            }
        });
    }
}
