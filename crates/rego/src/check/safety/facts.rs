//! What a literal needs and what it can bind.

use super::Order;
use crate::hir::{
    Base, ComprehensionHead, Expr, ExprKind, Literal, LiteralKind, Local, Place, Ref, Replacement,
};

/// What a literal needs and what it can bind.
pub(super) struct Facts {
    pub(super) place: Place,
    /// Must be bound by others.
    hard: Vec<Local>,
    /// Must be bound by others or by the literal itself.
    soft: Vec<Local>,
    /// References: the variable each starts at, if it does, and those in its keys, which it binds.
    refs: Vec<(Option<Local>, Vec<Local>)>,
    gives: Gives,
}

/// What a literal binds besides keys of references.
enum Gives {
    Nothing,
    /// The second ones, once the first ones are bound.
    After(Vec<Local>, Vec<Local>),
    /// Each of the two, once all of the other are bound.
    Either(Vec<Local>, Vec<Local>),
}

impl Facts {
    pub(super) fn of(literal: &Literal, depth: u32, order: &Order<'_>) -> Self {
        let mut facts = Self {
            place: literal.place,
            hard: Vec::new(),
            soft: Vec::new(),
            refs: Vec::new(),
            gives: Gives::Nothing,
        };
        match &literal.kind {
            LiteralKind::Test(value) => facts.expr(value, depth, order),
            LiteralKind::Unify(left, right) => {
                facts.expr(left, depth, order);
                facts.expr(right, depth, order);
                facts.gives = gives(left, right);
            }
            LiteralKind::Every { domain, .. } => {
                facts.expr(domain, depth, order);
                facts.closed(literal, depth, order);
            }
            LiteralKind::Not { .. } | LiteralKind::Or(..) | LiteralKind::Print(_) => {
                facts.closed(literal, depth, order);
            }
        }
        for with in &literal.with {
            if let Replacement::Value(value) = &with.value {
                facts.closed_expr(value, depth, order);
            }
        }
        facts
    }

    /// The variables that neither others have bound nor the literal can bind.
    pub(super) fn lacking(&self, order: &mut Order<'_>) -> Vec<Local> {
        order.stamp += 1;
        let mut bound = Vec::new();
        for (head, keys) in &self.refs {
            if head.is_none_or(|head| order.is_safe(head)) {
                order.mark(keys, &mut bound);
            }
        }
        let hard = self.hard.iter().filter(|local| !order.is_safe(**local));
        let soft = self.soft.iter().filter(|local| !order.is_bound(**local));
        hard.chain(soft).copied().collect()
    }

    /// The variables that the literal binds now, or those of which one must be bound first.
    pub(super) fn outputs(&self, order: &mut Order<'_>) -> Result<Vec<Local>, Vec<Local>> {
        if let Some(lacking) = self.hard.iter().find(|local| !order.is_safe(**local)) {
            return Err(vec![*lacking]);
        }
        order.stamp += 1;
        let mut bound = Vec::new();
        let mut lacking = Vec::new();
        for (head, keys) in &self.refs {
            match head {
                Some(head) if !order.is_safe(*head) => lacking.push(*head),
                _ => order.mark(keys, &mut bound),
            }
        }
        match &self.gives {
            Gives::Nothing => {}
            Gives::After(needs, gives) => match needs.iter().find(|local| !order.is_bound(**local))
            {
                Some(need) => lacking.push(*need),
                None => order.mark(gives, &mut bound),
            },
            Gives::Either(one, other) => {
                let a = one.iter().find(|local| !order.is_bound(**local)).copied();
                let b = other.iter().find(|local| !order.is_bound(**local)).copied();
                match (a, b) {
                    (Some(a), Some(b)) => lacking.extend([a, b]),
                    (None, _) => order.mark(other, &mut bound),
                    (_, None) => order.mark(one, &mut bound),
                }
            }
        }
        match self.soft.iter().find(|local| !order.is_bound(**local)) {
            None => Ok(bound),
            Some(unbound) => {
                lacking.push(*unbound);
                Err(lacking)
            }
        }
    }

    /// The variables of an expression, its references, and the variables that its closures close over.
    fn expr(&mut self, of: &Expr, depth: u32, order: &Order<'_>) {
        match &of.kind {
            ExprKind::Const(_) => {}
            ExprKind::Local(local) => self.soft.push(*local),
            ExprKind::Ref(reference) => self.reference(reference, depth, order),
            ExprKind::Array(items) | ExprKind::Set(items) => {
                for item in items {
                    self.expr(item, depth, order);
                }
            }
            ExprKind::Object(members) => {
                for (key, value) in members {
                    self.expr(key, depth, order);
                    self.expr(value, depth, order);
                }
            }
            ExprKind::Call(call) => {
                for arg in &call.args {
                    self.expr(arg, depth, order);
                }
            }
            ExprKind::Comprehension(_) => self.closed_expr(of, depth, order),
        }
    }

    fn reference(&mut self, reference: &Ref, depth: u32, order: &Order<'_>) {
        let head = match &reference.base {
            Base::Input | Base::Data => None,
            Base::Expr(base) => {
                match base.as_local() {
                    Some(local) => self.soft.push(local),
                    // All that a literal collection holds must be bound before it is looked into.
                    None => self.closed_expr(base, depth, order),
                }
                base.as_local()
            }
        };
        let mut keys = Vec::new();
        for key in &reference.keys {
            key_outputs(key, &mut keys);
            // A reference in a key binds nothing by itself here: its variables are the whole reference's.
            let refs = self.refs.len();
            self.expr(key, depth, order);
            self.refs.truncate(refs);
        }
        self.refs.push((head, keys));
    }

    /// Everything from outside that a literal's closures name must be bound.
    fn closed(&mut self, literal: &Literal, depth: u32, order: &Order<'_>) {
        let mut outer = Outer {
            depth,
            order,
            found: &mut self.hard,
        };
        outer.literal(literal);
    }

    fn closed_expr(&mut self, of: &Expr, depth: u32, order: &Order<'_>) {
        let mut outer = Outer {
            depth,
            order,
            found: &mut self.hard,
        };
        outer.expr(of);
    }
}

impl Order<'_> {
    fn is_bound(&self, local: Local) -> bool {
        self.is_safe(local) || self.marks.get(local.0 as usize) == Some(&self.stamp)
    }

    fn mark(&mut self, locals: &[Local], bound: &mut Vec<Local>) {
        for local in locals {
            if !self.is_bound(*local) {
                bound.push(*local);
                if let Some(slot) = self.marks.get_mut(local.0 as usize) {
                    *slot = self.stamp;
                }
            }
        }
    }
}

/// Collects the variables that belong to the body at `depth` or to those around it.
struct Outer<'o, 'a> {
    depth: u32,
    order: &'o Order<'a>,
    found: &'o mut Vec<Local>,
}

impl Outer<'_, '_> {
    fn local(&mut self, local: Local) {
        if self.order.depth(local) <= self.depth {
            self.found.push(local);
        }
    }

    fn literal(&mut self, of: &Literal) {
        match &of.kind {
            LiteralKind::Test(value) => self.expr(value),
            LiteralKind::Unify(left, right) => {
                self.expr(left);
                self.expr(right);
            }
            LiteralKind::Not { body, .. } => self.body(&body.literals),
            LiteralKind::Every { domain, body, .. } => {
                self.expr(domain);
                self.body(&body.literals);
            }
            LiteralKind::Or(left, right) => {
                self.body(&left.literals);
                self.body(&right.literals);
            }
            LiteralKind::Print(args) => {
                for arg in args {
                    self.expr(arg);
                }
            }
        }
        for with in &of.with {
            if let Replacement::Value(value) = &with.value {
                self.expr(value);
            }
        }
    }

    fn body(&mut self, literals: &[Literal]) {
        for literal in literals {
            self.literal(literal);
        }
    }

    fn expr(&mut self, of: &Expr) {
        match &of.kind {
            ExprKind::Const(_) => {}
            ExprKind::Local(local) => self.local(*local),
            ExprKind::Ref(reference) => {
                if let Base::Expr(base) = &reference.base {
                    self.expr(base);
                }
                for key in &reference.keys {
                    self.expr(key);
                }
            }
            ExprKind::Array(items) | ExprKind::Set(items) => {
                for item in items {
                    self.expr(item);
                }
            }
            ExprKind::Object(members) => {
                for (key, value) in members {
                    self.expr(key);
                    self.expr(value);
                }
            }
            ExprKind::Call(call) => {
                for arg in &call.args {
                    self.expr(arg);
                }
            }
            ExprKind::Comprehension(closure) => {
                match &closure.head {
                    ComprehensionHead::Array(value) | ComprehensionHead::Set(value) => {
                        self.expr(value);
                    }
                    ComprehensionHead::Object(key, value) => {
                        self.expr(key);
                        self.expr(value);
                    }
                }
                self.body(&closure.body.literals);
            }
        }
    }
}

/// What `LEFT = RIGHT` binds.
fn gives(left: &Expr, right: &Expr) -> Gives {
    match (&left.kind, &right.kind) {
        (ExprKind::Local(a), ExprKind::Local(b)) => Gives::Either(vec![*a], vec![*b]),
        (ExprKind::Local(a), ExprKind::Array(_) | ExprKind::Object(_)) => {
            Gives::Either(vec![*a], pattern(right))
        }
        (ExprKind::Array(_) | ExprKind::Object(_), ExprKind::Local(b)) => {
            Gives::Either(pattern(left), vec![*b])
        }
        (ExprKind::Array(_) | ExprKind::Object(_) | ExprKind::Local(_), _) => one_way(left, right),
        (_, ExprKind::Array(_) | ExprKind::Object(_) | ExprKind::Local(_)) => one_way(right, left),
        _ => Gives::Nothing,
    }
}

/// What a variable or pattern gets of a value that is neither.
fn one_way(to: &Expr, from: &Expr) -> Gives {
    let fits = match (&to.kind, &from.kind) {
        (ExprKind::Local(_), _) | (_, ExprKind::Ref(_) | ExprKind::Call(_)) => true,
        (ExprKind::Array(items), ExprKind::Const(crate::Value::Array(values))) => {
            items.len() == values.len()
        }
        (ExprKind::Object(members), ExprKind::Const(crate::Value::Object(values))) => {
            let mut keys = members.iter().map(|(key, _)| key.as_const());
            members.len() == values.len()
                && keys.all(|key| key.is_some_and(|key| values.get(key).is_some()))
        }
        (ExprKind::Array(_), ExprKind::Comprehension(closure)) => {
            matches!(closure.head, ComprehensionHead::Array(_))
        }
        (ExprKind::Object(_), ExprKind::Comprehension(closure)) => {
            matches!(closure.head, ComprehensionHead::Object(..))
        }
        _ => false,
    };
    if !fits {
        return Gives::Nothing;
    }
    let mut needs = Vec::new();
    match &from.kind {
        ExprKind::Ref(reference) => {
            if let Base::Expr(base) = &reference.base {
                key_outputs(base, &mut needs);
            }
        }
        ExprKind::Call(call) => {
            for arg in &call.args {
                all_direct(arg, &mut needs);
            }
        }
        _ => {}
    }
    Gives::After(needs, pattern(to))
}

/// The variables that a pattern binds: those of elements and values, not of keys and members.
fn pattern(of: &Expr) -> Vec<Local> {
    let mut found = Vec::new();
    pattern_into(of, &mut found);
    found
}

fn pattern_into(of: &Expr, found: &mut Vec<Local>) {
    match &of.kind {
        ExprKind::Local(local) => found.push(*local),
        ExprKind::Array(items) => {
            for item in items {
                pattern_into(item, found);
            }
        }
        ExprKind::Object(members) => members
            .iter()
            .for_each(|(_, value)| pattern_into(value, found)),
        _ => {}
    }
}

/// The variables that a key of a reference binds.
fn key_outputs(key: &Expr, found: &mut Vec<Local>) {
    match &key.kind {
        ExprKind::Local(local) => found.push(*local),
        ExprKind::Ref(reference) => {
            for key in &reference.keys {
                key_outputs(key, found);
            }
        }
        ExprKind::Array(items) => {
            for item in items {
                key_outputs(item, found);
            }
        }
        ExprKind::Object(members) => members
            .iter()
            .for_each(|(_, value)| key_outputs(value, found)),
        _ => {}
    }
}

/// All variables outside closures.
fn all_direct(of: &Expr, found: &mut Vec<Local>) {
    match &of.kind {
        ExprKind::Local(local) => found.push(*local),
        ExprKind::Ref(reference) => {
            if let Base::Expr(base) = &reference.base {
                all_direct(base, found);
            }
            for key in &reference.keys {
                all_direct(key, found);
            }
        }
        ExprKind::Array(items) | ExprKind::Set(items) => {
            for item in items {
                all_direct(item, found);
            }
        }
        ExprKind::Object(members) => {
            for (key, value) in members {
                all_direct(key, found);
                all_direct(value, found);
            }
        }
        ExprKind::Call(call) => {
            for arg in &call.args {
                all_direct(arg, found);
            }
        }
        ExprKind::Const(_) | ExprKind::Comprehension(_) => {}
    }
}
