//! What is known of a policy's documents and functions, and what checks share.

use std::collections::HashMap;
use std::sync::Arc;

use super::infer::Part;
use super::order::Graph;
use super::shape::{self, Known, Signature, Ty};
use super::text;
use super::tree::Tree;
use crate::hir::{BuiltinRef, Hir};
use crate::types::Function;
use crate::value::Value;

/// The types of a policy's rules and functions, and of what schemas describe.
#[derive(Debug, Default)]
pub struct TypeEnv {
    pub(super) tree: Arc<Tree>,
    graph: Graph,
}

/// What the checks of all rules share.
#[derive(Debug, Default)]
pub(super) struct Shared {
    declared: HashMap<String, Arc<Signature>>,
    reached: HashMap<Vec<Value>, Option<Arc<Tree>>>,
    /// Paths that [`TypeEnv::reached`] has written.
    written: usize,
}

/// Paths after which a `with` hides all of `data`, instead of what depends on its target.
const MAX_WRITTEN: usize = 1_000_000;

// === impl TypeEnv ===

impl TypeEnv {
    pub(super) fn new(hir: &Hir) -> Self {
        Self {
            tree: Arc::default(),
            graph: Graph::new(hir),
        }
    }

    /// The type of the document at `path`, as errors show it: `data` or `input` first.
    #[must_use]
    pub fn describe(&self, path: &[Value]) -> Option<String> {
        self.tree.at(path).map(|ty| text::full(&Some(ty)))
    }

    /// The rules' numbers, each behind those it depends on; nobody asks twice.
    pub(super) fn order(&mut self) -> Vec<usize> {
        let order = self.graph.order();
        self.graph.ordered();
        order
    }

    /// What a rule gives is added.
    pub(super) fn insert(&mut self, path: &[Value], ty: &Known) {
        Arc::make_mut(&mut self.tree).insert(&rooted(path), ty);
    }

    /// The type at a path is this and nothing else.
    pub(super) fn put(&mut self, path: &[Value], ty: Ty) {
        Arc::make_mut(&mut self.tree).put(path, ty);
    }

    /// A tree that says `any` of all rules that a replacement of the document at `path` reaches.
    pub(super) fn reached(&self, path: &[Value], shared: &mut Shared) -> Option<Arc<Tree>> {
        if let Some(tree) = shared.reached.get(path) {
            return tree.clone();
        }
        let mut tree = Tree::default();
        let any = Some(shape::any());
        let rules = match shared.written {
            written if written > MAX_WRITTEN => {
                tree.put(&[Value::from("data")], any);
                return Some(Arc::new(tree));
            }
            _ => self.graph.reached(path),
        };
        // Finding them looks at a mark for each rule there is.
        shared.written += rules.len() + self.graph.rules() / 64;
        for rule in &rules {
            tree.put(&rooted(&self.graph.path(*rule)), any.clone());
        }
        let tree = (!rules.is_empty()).then(|| Arc::new(tree));
        shared.reached.insert(path.to_vec(), tree.clone());
        tree
    }
}

// === impl Shared ===

impl Shared {
    /// What a built-in takes and gives.
    pub(super) fn declared(&mut self, builtin: &BuiltinRef) -> Arc<Signature> {
        if let Some(known) = self.declared.get(builtin.name()) {
            return known.clone();
        }
        let signature = |function: &Function| Arc::new(shape::of_declaration(function));
        let signature = match builtin {
            BuiltinRef::Known(builtin) => signature(&(builtin.declaration)()),
            BuiltinRef::Declared(declared) => signature(&declared.declaration),
        };
        let name = builtin.name().to_owned();
        self.declared.insert(name, signature.clone());
        signature
    }
}

// === helpers ===

/// The path with `data` in front.
pub(super) fn rooted(path: &[Value]) -> Vec<Value> {
    let root = std::iter::once(Value::from("data"));
    root.chain(path.iter().cloned()).collect()
}

/// A path below `data` as a reference.
pub(super) fn path_text(path: &[Value]) -> String {
    text::path("data".to_owned(), path.iter().map(Part::Value))
}
