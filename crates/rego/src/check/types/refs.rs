//! Whether a reference can find anything, and what its keys must be.

use super::body::Checker;
use super::fit::fits;
use super::infer::{Part, constant, scalar};
use super::shape::{self, Kind, Known, Ty};
use super::text::{self, Names};
use super::tree::{Node, Tree};
use crate::hir::{Base, Expr, ExprKind, Ref};
use crate::value::Value;

/// Why a reference finds nothing.
#[derive(Debug)]
pub(super) struct RefError {
    /// The number of the key it fails at; what stands before it has no such member.
    at: usize,
    why: Why,
}

#[derive(Debug)]
enum Why {
    /// What stands before the key is no collection.
    Scalar(Ty),
    /// The key is none of those that are there.
    Key {
        have: Ty,
        want: Ty,
        one_of: Vec<Value>,
    },
}

/// Keys that an error lists.
const MAX_KEYS: usize = 64;

// === impl Checker ===

impl<'h> Checker<'h, '_> {
    /// Checks a reference whose base and keys have been checked, and gives its variables their types.
    pub(super) fn check_ref(&mut self, reference: &'h Ref) -> Result<(), RefError> {
        let whole = self.type_of_ref(reference);
        if whole.as_ref().is_some_and(|ty| ty.function().is_some()) {
            let at = reference.keys.len();
            return Err(RefError {
                at,
                why: Why::Scalar(whole),
            });
        }
        match &reference.base {
            Base::Input => self.check_document("input", reference),
            Base::Data => self.check_document("data", reference),
            Base::Expr(base) => {
                let named = matches!(base.kind, ExprKind::Local(_));
                // OPA knows the type of a literal or call only where it stands in a literal of its own.
                let known = named || !self.loose;
                let mut ty = self.type_of(base).filter(|_| known);
                if ty.is_none() {
                    ty = Some(shape::any());
                    if let ExprKind::Local(local) = &base.kind {
                        self.bind(*local, ty.clone());
                    }
                }
                self.check_value(ty, &reference.keys, 0)
            }
        }
    }

    fn check_document(&mut self, root: &str, reference: &'h Ref) -> Result<(), RefError> {
        let root = Value::from(root);
        for level in 0..self.levels() {
            let Some(tree) = self.level(level) else {
                continue;
            };
            if let Some(start) = tree.child(Tree::ROOT, &root)
                && let Some(end) = self.check_path(&tree, start, reference)
            {
                return end;
            }
        }
        self.check_value(Some(shape::any()), &reference.keys, 0)
    }

    /// Walks the reference down a tree. `None` where it leaves the tree at a key that is not there.
    fn check_path(
        &mut self,
        tree: &Tree,
        start: usize,
        reference: &'h Ref,
    ) -> Option<Result<(), RefError>> {
        let mut at = start;
        for (number, key) in reference.keys.iter().enumerate() {
            let node = tree.node(at)?;
            if node.of.is_some() {
                return Some(self.check_value(node.of.clone(), &reference.keys, number));
            }
            if let Err(error) = self.check_name(tree, (at, node), (number, key)) {
                return Some(Err(error));
            }
            let Some(constant) = constant(key) else {
                // Base data may stand beside what is known.
                let rest = reference.keys.get(number..).unwrap_or_default();
                self.take_any(rest);
                return Some(Ok(()));
            };
            at = node.children.get(constant).copied()?;
        }
        Some(Ok(()))
    }

    /// Checks a key where rules and packages stand.
    fn check_name(
        &mut self,
        tree: &Tree,
        (at, node): (usize, &Node),
        (number, key): (usize, &'h Expr),
    ) -> Result<(), RefError> {
        let error = |have, want| {
            let mut one_of: Vec<_> = node.children.keys().take(MAX_KEYS).cloned().collect();
            one_of.sort();
            let why = Why::Key { have, want, one_of };
            Err(RefError { at: number, why })
        };
        match &key.kind {
            ExprKind::Const(Value::String(_)) => Ok(()),
            // A rule's name begins with two strings: its package and its own.
            ExprKind::Const(value) if number < 2 => {
                error(Some(shape::of_value(value)), shape::string())
            }
            ExprKind::Array(_) | ExprKind::Object(_) | ExprKind::Set(_) if number < 2 => {
                error(self.type_of(key), shape::string())
            }
            ExprKind::Const(_) | ExprKind::Array(_) | ExprKind::Object(_) | ExprKind::Set(_) => {
                Ok(())
            }
            _ if self.is_untyped(key) => Ok(()),
            _ => {
                let want = tree.keys(at);
                let have = self.type_of(key);
                if have.is_some() && !fits(&want, &have) {
                    return error(have, want);
                }
                if let (None, ExprKind::Local(local)) = (have, &key.kind) {
                    self.bind(*local, want);
                }
                Ok(())
            }
        }
    }

    /// Whether nothing is said of a key: a reference that stands where literals are not typed.
    fn is_untyped(&self, key: &Expr) -> bool {
        self.loose && matches!(key.kind, ExprKind::Ref(_))
    }

    fn take_any(&mut self, keys: &'h [Expr]) {
        for key in keys {
            if let ExprKind::Local(local) = &key.kind
                && self.local(*local).is_none()
            {
                self.bind(*local, Some(shape::any()));
            }
        }
    }

    /// Checks the keys from number `first` on, in a value of type `ty`.
    fn check_value(&mut self, ty: Ty, keys: &'h [Expr], first: usize) -> Result<(), RefError> {
        let mut ty = ty;
        for (at, key) in keys.iter().enumerate().skip(first) {
            let known = ty.clone().unwrap_or_else(shape::any);
            ty = self
                .check_key(&known, key)
                .map_err(|why| RefError { at, why })?;
        }
        Ok(())
    }

    /// Checks one key; the type of what it finds.
    fn check_key(&mut self, ty: &Known, key: &'h Expr) -> Result<Ty, Why> {
        if ty.is_any() {
            self.take_any(std::slice::from_ref(key));
            return Ok(Some(ty.clone()));
        }
        let wrong = |have, want, one_of| Err(Why::Key { have, want, one_of });
        if ty.is_empty_collection() {
            return wrong(None, None, Vec::new());
        }
        let keys = ty.keys();
        if keys.is_none() {
            return Err(Why::Scalar(Some(ty.clone())));
        }
        if let Some(key) = scalar(key) {
            let found = ty.select(key);
            return match found {
                None => wrong(None, keys, members(ty)),
                found => Ok(found),
            };
        }
        match &key.kind {
            ExprKind::Array(_) | ExprKind::Object(_) | ExprKind::Set(_) | ExprKind::Const(_) => {
                if !self.unify(Part::Expr(key), &keys, false) {
                    return wrong(self.type_of(key), keys, Vec::new());
                }
            }
            _ if self.is_untyped(key) => {}
            _ => {
                let have = self.type_of(key);
                if have.is_some() && !fits(&have, &keys) {
                    return wrong(have, keys, members(ty));
                }
                if let (None, ExprKind::Local(local)) = (have, &key.kind) {
                    self.bind(*local, keys);
                }
            }
        }
        Ok(ty.values())
    }
}

// === impl RefError ===

impl RefError {
    /// The error's text: what, and under the reference where it ends.
    pub(super) fn text(&self, reference: &Ref, names: &Names<'_>) -> String {
        let whole = text::reference(reference, usize::MAX, names);
        let before = text::reference(reference, self.at, names);
        match &self.why {
            Why::Scalar(have) => {
                let function = have.as_ref().is_some_and(|ty| ty.function().is_some());
                let what = if function {
                    format!("function {whole} used as reference, not called")
                } else {
                    format!("undefined ref: {whole}")
                };
                let carets = "^".repeat(before.len().min(whole.len()));
                let have = text::full(have);
                format!("{what}\n\t{whole}\n\t{carets}\n\thave: {have}")
            }
            Why::Key { have, want, one_of } => {
                let pad = " ".repeat(before.len() + 1);
                let key = reference.keys.get(self.at);
                let have = match (have, key) {
                    (None, Some(key)) => format!("have: {}", text::term(key, names)),
                    (have, _) => format!("have (type): {}", text::full(have)),
                };
                let one_of: Vec<_> = one_of.iter().map(text::value).collect();
                let want = match want {
                    Some(_) if one_of.is_empty() => format!("want (type): {}", text::full(want)),
                    _ => format!("want (one of): [{}]", one_of.join(" ")),
                };
                format!("undefined ref: {whole}\n\t{whole}\n\t{pad}^\n\t{pad}{have}\n\t{pad}{want}")
            }
        }
    }
}

// === helpers ===

/// The keys that an object of this type has.
fn members(ty: &Known) -> Vec<Value> {
    let mut keys: Vec<Value> = match ty.kind() {
        Kind::Object { members, .. } => members.iter().map(|(key, _)| key.clone()).collect(),
        Kind::Any(of) => of.iter().flat_map(members).take(MAX_KEYS).collect(),
        _ => Vec::new(),
    };
    keys.sort();
    keys.dedup();
    keys.truncate(MAX_KEYS);
    keys
}
