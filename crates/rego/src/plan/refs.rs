//! References: into `input`, into rules and base data by the tree, into values. Keys that are not bound yet make
//! loops.

use super::ir::{Dot, Expr, NodeId, Pattern, Slot, Source, Stmt, UnitId, UnitKind};
use super::lower::{Lowering, Planned, Target};
use crate::hir::{self, Base, ExprKind, Ref};
use crate::value::Value;

/// A key of a reference.
enum Key<'e> {
    /// Its value is known where it stands.
    Known(Expr),
    /// It iterates, and its members must match this.
    Open(&'e hir::Expr),
}

// === impl Lowering ===

impl Lowering<'_, '_> {
    /// Plans a reference.
    pub(super) fn reference(&mut self, reference: &Ref) -> Planned<Expr> {
        match &reference.base {
            Base::Input => {
                let (path, rest) = ground(&reference.keys);
                let id = self.cx.naming.input(&path);
                self.follow(Expr::Input(id), rest)
            }
            Base::Data => self.data(&reference.keys),
            Base::Expr(base) => {
                let base = self.expr(base)?;
                self.follow(base, &reference.keys)
            }
        }
    }

    /// Follows keys in a value.
    fn follow(&mut self, mut value: Expr, keys: &[hir::Expr]) -> Planned<Expr> {
        let mut known = Vec::new();
        for key in keys {
            match self.key(key)? {
                Key::Known(key) => known.push(key),
                Key::Open(key) => {
                    let source = Source::Value(dot(value, std::mem::take(&mut known)));
                    value = self.scan(source, key)?;
                }
            }
        }
        Ok(dot(value, known))
    }

    /// Opens a loop over the members of a value by a key that is a pattern; gives the member.
    fn scan(&mut self, source: Source, key: &hir::Expr) -> Planned<Expr> {
        let (pattern, later) = self.pattern(key)?;
        let value = self.frame.scan(source, pattern);
        self.later(later)?;
        self.check_depth(key.place)?;
        Ok(Expr::Slot(value))
    }

    fn key<'e>(&mut self, key: &'e hir::Expr) -> Planned<Key<'e>> {
        if self.evaluable(key) {
            return Ok(Key::Known(self.expr(key)?));
        }
        Ok(Key::Open(key))
    }

    /// Follows constant keys from `data` to a unit, out of the tree, or to a key that is not constant.
    fn data(&mut self, keys: &[hir::Expr]) -> Planned<Expr> {
        let mut node = NodeId(0);
        for (at, key) in keys.iter().enumerate() {
            let rest = keys.get(at..).unwrap_or_default();
            if self.is_pure(node) {
                break;
            }
            let ExprKind::Const(key) = &key.kind else {
                return self.mixed(node, rest);
            };
            let Some(child) = self.cx.child(node, key) else {
                return self.document(keys);
            };
            let unit = self
                .cx
                .tree
                .nodes
                .get(child.0 as usize)
                .and_then(|node| node.unit);
            if let Some(unit) = unit {
                let rest = keys.get(at + 1..).unwrap_or_default();
                return match self.cx.target(unit) {
                    Some(target) if target.kind == UnitKind::Partial => {
                        self.partial(unit, target, rest)
                    }
                    _ => self.follow(Expr::Unit(unit), rest),
                };
            }
            node = child;
        }
        if self.is_pure(node) {
            return self.document(keys);
        }
        Ok(Expr::Descend(node, Box::default()))
    }

    /// Whether no rule or package stands below `data` at all.
    fn is_pure(&self, node: NodeId) -> bool {
        let root = self.cx.tree.nodes.first();
        node.0 == 0 && root.is_none_or(|root| root.children.is_empty() && root.unit.is_none())
    }

    /// A place in base data that no rule stands at, above or below.
    fn document(&mut self, keys: &[hir::Expr]) -> Planned<Expr> {
        let (path, rest) = ground(keys);
        let id = self.cx.naming.document(&path);
        self.follow(Expr::Data(id), rest)
    }

    /// A look-up in a partial document: by its rules' keys as far as they are known.
    fn partial(&mut self, unit: UnitId, target: Target, keys: &[hir::Expr]) -> Planned<Expr> {
        let most = keys
            .iter()
            .take(target.keys)
            .take_while(|key| self.evaluable(key))
            .count();
        let probed = self.cx.probe(unit, most);
        let (known, rest) = keys.split_at(probed.min(keys.len()));
        if known.is_empty() {
            return self.follow(Expr::Unit(unit), rest);
        }
        let known = self.exprs(known)?;
        self.follow(Expr::Probe(unit, Box::new(known)), rest)
    }

    /// From a node on by keys of which the first is not constant: rules and base data may stand there.
    fn mixed(&mut self, node: NodeId, keys: &[hir::Expr]) -> Planned<Expr> {
        let mut known: Vec<Stored> = Vec::new();
        for key in keys {
            match self.key(key)? {
                Key::Known(key) => known.push(self.store(key)),
                Key::Open(key) => {
                    let keys = known.iter().map(Stored::again).collect();
                    let slot = self.key_slot(key);
                    let pattern = Pattern::Bind(slot);
                    self.frame.scan_keys(Source::Keys { node, keys }, pattern);
                    self.frame.bind(slot);
                    self.check_depth(key.place)?;
                    if !matches!(key.kind, ExprKind::Local(_)) {
                        self.matching(key, Expr::Slot(slot))?;
                    }
                    known.push(Stored::Slot(slot));
                }
            }
        }
        let keys: Box<[Expr]> = known.iter().map(Stored::again).collect();
        Ok(Expr::Descend(node, Box::new(keys)))
    }

    fn key_slot(&mut self, key: &hir::Expr) -> Slot {
        match &key.kind {
            ExprKind::Local(local) if !self.is_wildcard(*local) => self.frame.slot(*local),
            _ => self.frame.fresh(),
        }
    }

    fn store(&mut self, key: Expr) -> Stored {
        match key {
            Expr::Const(value) => Stored::Const(value),
            Expr::Slot(slot) => Stored::Slot(slot),
            key => {
                let slot = self.frame.fresh();
                self.frame.push(Stmt::Bind(slot, key));
                self.frame.bind(slot);
                Stored::Slot(slot)
            }
        }
    }
}

/// A key that is used more than once.
enum Stored {
    Const(Value),
    Slot(Slot),
}

// === impl Stored ===

impl Stored {
    fn again(&self) -> Expr {
        match self {
            Self::Const(value) => Expr::Const(value.clone()),
            Self::Slot(slot) => Expr::Slot(*slot),
        }
    }
}

/// The constant keys that a reference begins with, and the others.
fn ground(keys: &[hir::Expr]) -> (Vec<Value>, &[hir::Expr]) {
    let constant = |key: &hir::Expr| match &key.kind {
        ExprKind::Const(value) => Some(value.clone()),
        _ => None,
    };
    let path: Vec<Value> = keys.iter().map_while(constant).collect();
    let rest = keys.get(path.len()..).unwrap_or_default();
    (path, rest)
}

fn dot(value: Expr, keys: Vec<Expr>) -> Expr {
    if keys.is_empty() {
        return value;
    }
    Expr::Dot(Box::new(Dot {
        base: value,
        keys: keys.into(),
    }))
}
