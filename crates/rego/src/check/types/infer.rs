//! What type an expression has, and what variables must be for two of them to be equal.

use super::body::Checker;
use super::fit::fits;
use super::shape::{self, Kind, Known, Ty};
use super::tree::Tree;
use crate::hir::{Base, Expr, ExprKind, Local, Ref};
use crate::value::Value;

/// A term or a part of a constant: the same to unification.
#[derive(Clone, Copy)]
pub(super) enum Part<'h> {
    Expr(&'h Expr),
    Value(&'h Value),
}

/// What a [`Part`] is made of.
enum Form<'h> {
    Variable(Local),
    Array(Vec<Part<'h>>),
    Object(Vec<(Part<'h>, Part<'h>)>),
    Set(Vec<Part<'h>>),
    /// A scalar, a reference, a comprehension or a call.
    Whole,
}

// === impl Part ===

impl<'h> Part<'h> {
    fn form(self) -> Form<'h> {
        match self {
            Self::Value(value) => Self::of_value(value),
            Self::Expr(expr) => match &expr.kind {
                ExprKind::Const(value) => Self::of_value(value),
                ExprKind::Local(local) => Form::Variable(*local),
                ExprKind::Array(items) => Form::Array(items.iter().map(Part::Expr).collect()),
                ExprKind::Set(items) => Form::Set(items.iter().map(Part::Expr).collect()),
                ExprKind::Object(members) => {
                    let members = members.iter().map(|(k, v)| (Part::Expr(k), Part::Expr(v)));
                    Form::Object(members.collect())
                }
                ExprKind::Ref(_) | ExprKind::Comprehension(_) | ExprKind::Call(_) => Form::Whole,
            },
        }
    }

    fn of_value(value: &'h Value) -> Form<'h> {
        match value {
            Value::Array(items) => Form::Array(items.iter().map(Part::Value).collect()),
            Value::Set(items) => Form::Set(items.iter().map(Part::Value).collect()),
            Value::Object(members) => {
                let members = members
                    .iter()
                    .map(|(k, v)| (Part::Value(k), Part::Value(v)));
                Form::Object(members.collect())
            }
            _ => Form::Whole,
        }
    }

    fn is_ref(self) -> bool {
        matches!(self, Self::Expr(expr) if matches!(expr.kind, ExprKind::Ref(_)))
    }

    /// The value, where it is constant.
    pub(super) fn constant(self) -> Option<&'h Value> {
        match self {
            Self::Value(value) => Some(value),
            Self::Expr(expr) => constant(expr),
        }
    }
}

// === impl Checker ===

impl<'h> Checker<'h, '_> {
    /// The type of an expression whose parts have been checked.
    pub(super) fn type_of(&self, expr: &Expr) -> Ty {
        match &expr.kind {
            ExprKind::Const(value) => Some(shape::of_value(value)),
            ExprKind::Local(local) => self.local(*local),
            ExprKind::Ref(reference) => self.type_of_ref(reference),
            ExprKind::Array(items) => {
                let items = items.iter().map(|item| self.type_of(item));
                Some(shape::tuple(items.collect()))
            }
            ExprKind::Set(items) => {
                let items = items.iter().map(|item| self.type_of(item));
                Some(shape::set(shape::union(items)))
            }
            ExprKind::Object(members) => Some(self.type_of_object(members)),
            ExprKind::Comprehension(_) | ExprKind::Call(_) => self.remembered(expr),
        }
    }

    fn type_of_part(&self, part: Part<'_>) -> Ty {
        match part {
            Part::Expr(expr) => self.type_of(expr),
            Part::Value(value) => Some(shape::of_value(value)),
        }
    }

    fn type_of_object(&self, members: &[(Expr, Expr)]) -> Known {
        let mut fixed = Vec::new();
        let mut rest: Option<(Ty, Ty)> = None;
        for (key, value) in members {
            let value = self.type_of(value);
            if let Some(key) = constant(key) {
                fixed.push((key.clone(), value));
                continue;
            }
            let key = self.type_of(key);
            rest = Some(match rest {
                None => (key, value),
                Some((keys, values)) => (shape::or(&keys, &key), shape::or(&values, &value)),
            });
        }
        shape::object(fixed, rest)
    }

    /// The type of what a reference finds.
    pub(super) fn type_of_ref(&self, reference: &Ref) -> Ty {
        let root = match &reference.base {
            Base::Input => "input",
            Base::Data => "data",
            Base::Expr(base) => return select(self.type_of(base), &reference.keys),
        };
        let root = Value::from(root);
        let mut trees = self.trees();
        let found = trees.find_map(|tree| look_up(tree, &root, &reference.keys));
        found.unwrap_or_else(|| Some(shape::any()))
    }

    /// Makes `a` and `b` equal; false where they cannot be.
    pub(super) fn equal(&mut self, a: Part<'h>, b: Part<'h>) -> bool {
        let (left, right) = (self.type_of_part(a), self.type_of_part(b));
        match (shape::unknown(&left), shape::unknown(&right)) {
            (true, false) => self.unify(a, &right, false),
            (false, true) => self.unify(b, &left, false),
            (false, false) => fits(&left, &right),
            (true, true) => self.equal_unknown((a, left), (b, right)),
        }
    }

    fn equal_unknown(&mut self, (a, left): (Part<'h>, Ty), (b, right): (Part<'h>, Ty)) -> bool {
        match (a.form(), b.form()) {
            (Form::Array(ours), Form::Array(theirs)) => {
                ours.len() == theirs.len()
                    && ours.into_iter().zip(theirs).all(|(a, b)| self.equal(a, b))
            }
            (Form::Object(ours), Form::Object(theirs)) => {
                ours.len() == theirs.len()
                    && ours.into_iter().all(|(key, a)| {
                        let Some(key) = key.constant() else {
                            return true;
                        };
                        let same = |(k, v): &(Part<'h>, Part<'h>)| {
                            k.constant().is_none_or(|k| k == key).then_some(*v)
                        };
                        let b = theirs.iter().find_map(same);
                        b.is_some_and(|b| self.equal(a, b))
                    })
            }
            (Form::Variable(_), Form::Array(_) | Form::Object(_)) => self.take(b, a),
            (Form::Variable(_), _) if left.is_none() && right.is_some() => {
                self.unify(a, &right, false)
            }
            (Form::Array(_) | Form::Object(_), Form::Variable(_)) => self.take(a, b),
            (_, Form::Variable(_)) if right.is_none() && left.is_some() => {
                self.unify(b, &left, false)
            }
            (Form::Variable(_), Form::Variable(_)) => self.take(a, b),
            _ => false,
        }
    }

    /// Takes what is unknown in `a` for anything, and `b` for the same.
    fn take(&mut self, a: Part<'h>, b: Part<'h>) -> bool {
        if !self.unify(a, &Some(shape::any()), false) {
            return false;
        }
        let of = self.type_of_part(a);
        self.unify(b, &of, false)
    }

    /// Gives the variables of `part` the types that they have where it is a value of `ty`; false where it cannot be.
    /// With `either` the type is one of several: a variable may be of each.
    pub(super) fn unify(&mut self, part: Part<'h>, ty: &Ty, either: bool) -> bool {
        let Some(left) = self.steps.checked_sub(1) else {
            return true;
        };
        self.steps = left;
        match part.form() {
            Form::Variable(local) => self.unify_local(local, ty, either),
            Form::Whole => {
                let of = self.type_of_part(part);
                // Calls and comprehensions are variables to OPA; a reference that finds no type equals nothing.
                of.is_none() && !part.is_ref() || fits(&of, ty)
            }
            form => ty
                .as_ref()
                .is_some_and(|ty| self.unify_parts(part, form, ty, either)),
        }
    }

    fn unify_local(&mut self, local: Local, ty: &Ty, either: bool) -> bool {
        let known = self.local(local);
        if either {
            self.bind(local, shape::or(&known, ty));
            return true;
        }
        if known.is_some() {
            return fits(&known, ty);
        }
        self.bind(local, ty.clone());
        true
    }

    fn unify_parts(&mut self, part: Part<'h>, form: Form<'h>, ty: &Known, either: bool) -> bool {
        match (form, ty.kind()) {
            (form, Kind::Any(of)) if of.is_empty() => {
                self.unify_any(form);
                true
            }
            (_, Kind::Any(of)) => {
                let mut fit = false;
                for one in of {
                    fit |= self.unify(part, &Some(one.clone()), true);
                }
                fit
            }
            (Form::Array(items), Kind::Array { prefix, rest }) => {
                if items.len() != prefix.len() && rest.is_none() {
                    return false;
                }
                let mut items = items.into_iter().enumerate();
                items.all(|(at, item)| self.unify(item, prefix.get(at).unwrap_or(rest), either))
            }
            (Form::Object(ours), Kind::Object { members, rest }) => {
                if ours.len() != members.len() && rest.is_none() {
                    return false;
                }
                ours.into_iter().all(|(key, value)| {
                    let Some(key) = key.constant() else {
                        self.unify(value, &Some(shape::any()), either);
                        return true;
                    };
                    let found = ty.select(key);
                    found.is_some() && self.unify(value, &found, either)
                })
            }
            (Form::Set(items), Kind::Set(of)) => {
                items.into_iter().all(|item| self.unify(item, of, either))
            }
            _ => false,
        }
    }

    fn unify_any(&mut self, form: Form<'h>) {
        let parts = match form {
            Form::Array(items) | Form::Set(items) => items,
            Form::Object(members) => members.into_iter().flat_map(|(k, v)| [k, v]).collect(),
            Form::Variable(_) | Form::Whole => Vec::new(),
        };
        for part in parts {
            // Of constants nothing is learnt.
            if part.constant().is_none() {
                self.unify(part, &Some(shape::any()), true);
            }
        }
    }
}

// === helpers ===

/// The value of an expression that is one.
pub(super) fn constant(expr: &Expr) -> Option<&Value> {
    match &expr.kind {
        ExprKind::Const(value) => Some(value),
        _ => None,
    }
}

/// The value of a key that selects one member: a scalar.
pub(super) fn scalar(key: &Expr) -> Option<&Value> {
    constant(key).filter(|value| value.depth() == 0)
}

/// What `keys` find in a value of type `ty`.
fn select(ty: Ty, keys: &[Expr]) -> Ty {
    keys.iter().try_fold(ty?, |ty, key| match scalar(key) {
        Some(key) => ty.select(key),
        None => ty.values(),
    })
}

/// The type at a path in `tree`; `None` where the tree says nothing of it.
fn look_up(tree: &Tree, root: &Value, keys: &[Expr]) -> Option<Ty> {
    let mut at = tree.child(Tree::ROOT, root)?;
    let mut keys = keys.iter();
    while let Some(key) = keys.as_slice().first() {
        let node = tree.node(at)?;
        let child = constant(key).and_then(|key| tree.child(at, key));
        match (child, &node.of) {
            (Some(child), _) => at = child,
            (None, of @ Some(_)) => return Some(select(of.clone(), keys.as_slice())),
            (None, None) if constant(key).is_some() => return None,
            // Base data may stand beside what is known.
            (None, None) => return Some(Some(shape::any())),
        }
        keys.next();
    }
    Some(Some(tree.extent(at)))
}
