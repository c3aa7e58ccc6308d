//! Places in `data` where rules and base data mix.

use super::doc;
use super::error::Halt;
use super::exec::Sink;
use super::machine::{Answer, Flow, Machine, VALUE_COST, built};
use super::memo::Keys;
use super::reg::Reg;
use super::with::Frame;
use crate::plan::ir::{Expr, Node, NodeId, Scan, UnitKind};
use crate::value::{Object, Value};

/// Where the keys from a node lead.
enum Place<'a> {
    /// To a node, and no further.
    Node(&'a Node),
    /// Out of the tree, to a value.
    Value(Option<Reg<'a>>),
}

// === impl Machine ===

impl<'a> Machine<'a> {
    /// Follows keys from a node.
    #[inline(never)]
    pub(super) fn descend(&mut self, node: NodeId, keys: &'a [Expr]) -> Answer<'a> {
        let Some(keys) = self.eval_keys(keys)? else {
            return Ok(None);
        };
        let keys: Keys = keys.into_iter().map(Reg::into_value).collect();
        match self.follow(node, &keys)? {
            Place::Value(value) => Ok(value),
            Place::Node(node) => self.extent(node),
        }
    }

    fn follow(&mut self, node: NodeId, keys: &[Value]) -> Result<Place<'a>, Halt> {
        let Some(mut node) = self.program.tree.nodes.get(node.0 as usize) else {
            return Ok(Place::Value(None));
        };
        let mut keys = keys;
        loop {
            if self.replaced(&node.path) {
                return Ok(Place::Value(self.base_below(&node.path, keys)));
            }
            if let Some(unit) = node.unit {
                return self.unit_below(unit, keys).map(Place::Value);
            }
            let Some((key, rest)) = keys.split_first() else {
                return Ok(Place::Node(node));
            };
            let Some(child) = self.child(node, key) else {
                return Ok(Place::Value(self.base_below(&node.path, keys)));
            };
            node = child;
            keys = rest;
        }
    }

    fn child(&self, node: &'a Node, key: &Value) -> Option<&'a Node> {
        let at = node.children.binary_search_by(|(k, _)| k.cmp(key)).ok()?;
        let (_, id) = node.children.get(at)?;
        self.program.tree.nodes.get(id.0 as usize)
    }

    fn unit_below(&mut self, unit: crate::plan::ir::UnitId, keys: &[Value]) -> Answer<'a> {
        let kind = self.program.units.get(unit.0 as usize).map(|u| u.kind);
        match kind {
            Some(UnitKind::Complete) => {
                let value = self.unit(unit)?;
                Ok(value.and_then(|value| below(value, keys)))
            }
            Some(UnitKind::Partial) if keys.is_empty() => self.unit(unit),
            Some(UnitKind::Partial) => self.probe_values(unit, keys.iter().cloned().collect()),
            _ => Ok(None),
        }
    }

    /// The merged document at a node.
    fn extent(&mut self, node: &'a Node) -> Answer<'a> {
        let base = self.base_at(&node.path);
        let Some(virtual_) = self.virtual_extent(node)? else {
            return Ok(base);
        };
        let merged = match base {
            None => virtual_,
            Some(base) => {
                let mut cost = 0;
                let merged = doc::merge(&base, &virtual_, &mut cost);
                self.pay(2 * cost)?;
                merged
            }
        };
        Ok(Some(Reg::Own(built(merged)?)))
    }

    /// What the rules at and below a node give, without functions and what is undefined.
    fn virtual_extent(&mut self, node: &'a Node) -> Result<Option<Value>, Halt> {
        self.check_stack()?;
        self.step()?;
        if self.replaced(&node.path) {
            return Ok(None);
        }
        if let Some(unit) = node.unit {
            let kind = self.program.units.get(unit.0 as usize).map(|u| u.kind);
            if matches!(kind, Some(UnitKind::Function { .. }) | None) {
                return Ok(None);
            }
            return Ok(self.unit(unit)?.map(Reg::into_value));
        }
        let mut members = Vec::new();
        for (key, child) in &node.children {
            let Some(child) = self.program.tree.nodes.get(child.0 as usize) else {
                continue;
            };
            if let Some(value) = self.virtual_extent(child)? {
                self.pay(2)?;
                members.push((key.clone(), value));
            }
        }
        Ok(Some(Object::from(members).into()))
    }

    /// Runs a scan's block for each key below a place in `data`.
    #[inline(never)]
    pub(super) fn scan_keys(
        &mut self,
        scan: &'a Scan,
        node: NodeId,
        keys: &'a [Expr],
        out: &mut Sink<'a>,
    ) -> Result<Flow, Halt> {
        let Some(keys) = self.eval_keys(keys)? else {
            return Ok(Flow::More);
        };
        let keys: Keys = keys.into_iter().map(Reg::into_value).collect();
        let keys = match self.follow(node, &keys)? {
            Place::Value(None) => return Ok(Flow::More),
            Place::Value(Some(value)) => keys_of(&value),
            Place::Node(node) => {
                // Base data comes first, as in OPA.
                let base = self.base_at(&node.path);
                let mut all = base.as_deref().map_or_else(Vec::new, keys_of);
                for (key, child) in &node.children {
                    let known = base.as_deref().is_some_and(|base| base.get(key).is_some());
                    if !known && !self.is_function(*child) {
                        all.push(key.clone());
                    }
                }
                all
            }
        };
        self.check_stack()?;
        for key in keys {
            if self.member(scan, Reg::Own(key), Reg::empty(), out)? == Flow::Stop {
                return Ok(Flow::Stop);
            }
        }
        Ok(Flow::More)
    }

    fn is_function(&self, node: NodeId) -> bool {
        let node = self.program.tree.nodes.get(node.0 as usize);
        let unit = node.and_then(|node| node.unit);
        let unit = unit.and_then(|unit| self.program.units.get(unit.0 as usize));
        unit.is_some_and(|unit| matches!(unit.kind, UnitKind::Function { .. }))
    }

    /// Whether a document is inside one that a `with` replaces.
    #[inline]
    pub(super) fn replaced(&self, path: &[Value]) -> bool {
        self.now()
            .is_some_and(|frame| frame.replaces_data() && frame.replaces(path))
    }

    fn base_below(&mut self, path: &[Value], keys: &[Value]) -> Option<Reg<'a>> {
        let path: Vec<Value> = path.iter().chain(keys).cloned().collect();
        self.base_at(&path)
    }

    /// Base data at a path, with what is replaced in it: at a replaced path and below it only the replacement is seen,
    /// above it the replacement lies over what is there, objects into objects.
    pub(super) fn base_at(&mut self, path: &[Value]) -> Option<Reg<'a>> {
        let base = doc::find_base(self.policy.data().root(), path).map(Reg::Ref);
        let mut over: Option<Reg<'a>> = None;
        let mut inside = false;
        let replaced = self.frames.get(self.frame).map(Frame::data);
        for (at, value) in replaced.unwrap_or_default() {
            if let Some(rest) = path.strip_prefix(*at) {
                over = doc::find(value, rest).map(Reg::Ref);
                inside = true;
            } else if let Some(rest) = at.strip_prefix(path) {
                let cost = doc::put_cost(over.as_deref(), rest) as u64;
                // The next step ends the evaluation where this is too much.
                if self.cx.budget.build(VALUE_COST * cost).is_err() {
                    return None;
                }
                over = Some(Reg::Own(doc::put(over.as_deref(), rest, (*value).clone())));
            }
        }
        match (base, over) {
            (_, over) if inside => over,
            (Some(base), Some(over)) => {
                let mut cost = 0;
                let merged = doc::merge(&over, &base, &mut cost);
                self.cx.budget.build(VALUE_COST * cost as u64).ok()?;
                Some(Reg::Own(merged))
            }
            (base, None) => base,
            (None, over) => over,
        }
    }
}

// === helpers ===

pub(super) fn below<'a>(value: Reg<'a>, keys: &[Value]) -> Option<Reg<'a>> {
    keys.iter().try_fold(value, |value, key| value.get(key))
}

fn keys_of(value: &Value) -> Vec<Value> {
    match value {
        Value::Array(items) => (0..items.len()).map(Value::from).collect(),
        Value::Object(object) => object.keys().cloned().collect(),
        Value::Set(set) => set.iter().cloned().collect(),
        _ => Vec::new(),
    }
}
