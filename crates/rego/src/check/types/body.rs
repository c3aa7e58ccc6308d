//! The literals of a body in order: each is checked, and gives its variables their types.
//!
//! What stands in a negation that is a body of its own, in `every` and in `or` is not typed, only its references and comprehensions are
//! looked at: OPA does no more, and policies rely on it.

use std::collections::HashMap;
use std::sync::Arc;

use super::env::{Shared, TypeEnv};
use super::fit::fits;
use super::infer::Part;
use super::shape::{self, Known, Param, Signature, Ty};
use super::text::{self, Names};
use super::tree::Tree;
use crate::hir::{
    Base, Body, Call, Callee, Comprehension, ComprehensionHead, Expr, ExprKind, Literal,
    LiteralKind, Local, LocalInfo, Place, Replacement, Target, With,
};
use crate::source::{Code, Diagnostic, File};
use crate::value::Value;

/// Checks the bodies of one rule, or a query.
pub(super) struct Checker<'h, 'e> {
    files: &'h [Arc<File>],
    names: Names<'h>,
    env: &'e TypeEnv,
    shared: &'e mut Shared,
    /// What hides the environment, the innermost last: schemas, then what `with` replaces.
    layers: Vec<Arc<Tree>>,
    vars: Vec<Ty>,
    /// Variables with the types they had before, to go back to where a comprehension ends.
    trail: Vec<(Local, Ty)>,
    /// The types of calls and comprehensions, by where they are in memory.
    known: HashMap<usize, Ty>,
    pub(super) errors: Vec<Diagnostic>,
    pub(super) steps: u32,
    /// Whether only references and comprehensions are looked at.
    pub(super) loose: bool,
    /// Whether `==` refuses sides that are never equal. In a query it is a function like any other.
    pub(super) equal_unifies: bool,
}

/// What was wrong in the parts of an expression.
#[derive(Clone, Copy, Default)]
struct Wrong(bool);

/// Parts that are unified in one literal before it counts as right.
const STEPS: u32 = 8_000_000;

// === impl Checker ===

impl<'h, 'e> Checker<'h, 'e> {
    pub(super) fn new(
        files: &'h [Arc<File>],
        locals: &'h [LocalInfo],
        env: &'e TypeEnv,
        shared: &'e mut Shared,
    ) -> Self {
        Self {
            files,
            names: Names {
                locals,
                origins: HashMap::new(),
            },
            env,
            shared,
            layers: Vec::new(),
            vars: vec![None; locals.len()],
            trail: Vec::new(),
            known: HashMap::new(),
            errors: Vec::new(),
            steps: STEPS,
            loose: false,
            equal_unifies: true,
        }
    }

    /// Forgets all variables: an else branch begins.
    pub(super) fn reset(&mut self) {
        self.vars.fill(None);
        self.trail.clear();
    }

    /// Hides a part of the environment.
    pub(super) fn push_layer(&mut self, tree: Tree) {
        self.layers.push(Arc::new(tree));
    }

    /// Shows the whole environment again.
    pub(super) fn clear_layers(&mut self) {
        self.layers.clear();
    }

    /// The trees of types, the innermost first.
    pub(super) fn trees(&self) -> impl Iterator<Item = &Tree> {
        let layers = self.layers.iter().rev();
        layers.chain([&self.env.tree]).map(AsRef::as_ref)
    }

    pub(super) fn levels(&self) -> usize {
        self.layers.len() + 1
    }

    pub(super) fn level(&self, at: usize) -> Option<Arc<Tree>> {
        let mut trees = self.layers.iter().rev().chain([&self.env.tree]);
        trees.nth(at).cloned()
    }

    pub(super) fn local(&self, local: Local) -> Ty {
        self.vars.get(local.0 as usize).cloned().flatten()
    }

    pub(super) fn bind(&mut self, local: Local, ty: Ty) {
        if let Some(var) = self.vars.get_mut(local.0 as usize) {
            self.trail.push((local, std::mem::replace(var, ty)));
        }
    }

    /// The type of a call or comprehension that was checked.
    pub(super) fn remembered(&self, expr: &Expr) -> Ty {
        self.known.get(&address(expr)).cloned().flatten()
    }

    /// Notes an error.
    pub(super) fn error(&mut self, place: Place, message: impl Into<String>) {
        let Some(file) = self.files.get(place.file as usize) else {
            return;
        };
        let error = file.diagnostic(Code::Type, place.span, message);
        self.errors.push(error);
    }

    pub(super) fn body(&mut self, body: &'h Body) {
        for literal in &body.literals {
            self.literal(literal);
        }
    }

    fn literal(&mut self, literal: &'h Literal) {
        self.steps = STEPS;
        if self.loose {
            self.loosely(literal);
            return;
        }
        for with in &literal.with {
            if let Replacement::Value(value) = &with.value {
                self.parts(value);
            }
        }
        let depth = self.layers.len();
        self.push_with(&literal.with);
        match &literal.kind {
            LiteralKind::Test(expr) => self.test(expr, literal),
            LiteralKind::Unify(a, b) => self.unification(a, b, literal),
            LiteralKind::Not {
                body,
                closed: false,
            } => self.body(body),
            LiteralKind::Not { body, .. } => self.nested(body),
            LiteralKind::Every { domain, body, .. } => {
                self.parts(domain);
                self.nested(body);
            }
            LiteralKind::Or(a, b) => {
                self.nested(a);
                self.nested(b);
            }
            LiteralKind::Print(args) => {
                for arg in args {
                    self.parts(arg);
                }
            }
        }
        self.check_with(&literal.with);
        self.layers.truncate(depth);
    }

    fn nested(&mut self, body: &'h Body) {
        let before = std::mem::replace(&mut self.loose, true);
        self.body(body);
        self.loose = before;
    }

    fn loosely(&mut self, literal: &'h Literal) {
        match &literal.kind {
            LiteralKind::Test(expr) => {
                self.parts(expr);
            }
            LiteralKind::Unify(a, b) => {
                self.parts(a);
                self.parts(b);
            }
            LiteralKind::Not { body, .. } => self.body(body),
            LiteralKind::Every { domain, body, .. } => {
                self.parts(domain);
                self.body(body);
            }
            LiteralKind::Or(a, b) => {
                self.body(a);
                self.body(b);
            }
            LiteralKind::Print(args) => {
                for arg in args {
                    self.parts(arg);
                }
            }
        }
    }

    fn test(&mut self, expr: &'h Expr, literal: &'h Literal) {
        if let ExprKind::Call(call) = &expr.kind
            && let (Callee::Builtin(builtin), [a, b]) = (&call.callee, call.args.as_slice())
            && self.equal_unifies
            && builtin.name() == "equal"
        {
            self.unification(a, b, literal);
            return;
        }
        match &expr.kind {
            ExprKind::Call(call) => self.call(expr, call, false),
            _ => {
                self.parts(expr);
            }
        }
    }

    fn unification(&mut self, a: &'h Expr, b: &'h Expr, literal: &'h Literal) {
        let wrong = self.parts(a).or(self.parts(b));
        if let ExprKind::Local(local) = a.kind
            && self.generated(local)
        {
            self.names.origins.insert(local, b);
        }
        let (left, right) = (self.type_of(a), self.type_of(b));
        if !self.equal(Part::Expr(a), Part::Expr(b)) {
            self.mismatch(literal.place, &left, &right, wrong);
        }
    }

    fn generated(&self, local: Local) -> bool {
        let info = self.names.locals.get(local.0 as usize);
        info.is_some_and(|info| info.generated)
    }

    fn mismatch(&mut self, place: Place, left: &Ty, right: &Ty, wrong: Wrong) {
        if wrong.0 && (shape::unknown(left) || shape::unknown(right)) {
            return;
        }
        let [left, right] = text::sides(left, right);
        self.error(place, format!("match error\n\t{left}\n\t{right}"));
    }

    /// Checks everything inside an expression, the innermost first, and the expression itself where it is a call,
    /// a comprehension or a reference.
    pub(super) fn check(&mut self, expr: &'h Expr) {
        self.parts(expr);
    }

    fn parts(&mut self, expr: &'h Expr) -> Wrong {
        match &expr.kind {
            ExprKind::Const(_) | ExprKind::Local(_) => Wrong(false),
            ExprKind::Array(items) | ExprKind::Set(items) => self.all(items),
            ExprKind::Object(members) => {
                let pairs = members.iter().flat_map(|(key, value)| [key, value]);
                self.all(pairs)
            }
            ExprKind::Comprehension(inner) => self.comprehension(expr, inner),
            ExprKind::Call(call) => {
                self.call(expr, call, true);
                // A call stands in a literal of its own: its errors hide none of the outer one's.
                Wrong(false)
            }
            ExprKind::Ref(reference) => {
                let base = match &reference.base {
                    Base::Expr(base) => {
                        let wrong = self.parts(base);
                        self.take_base(base);
                        wrong
                    }
                    Base::Input | Base::Data => Wrong(false),
                };
                let wrong = base.or(self.all(&reference.keys));
                match self.check_ref(reference) {
                    Ok(()) => wrong,
                    Err(error) => {
                        let text = error.text(reference, &self.names);
                        self.error(expr.place, text);
                        Wrong(true)
                    }
                }
            }
        }
    }

    /// What is unknown in a literal that a reference starts from may be anything from here on: for OPA that literal
    /// is the value of a variable.
    fn take_base(&mut self, base: &'h Expr) {
        let made = matches!(base.kind, ExprKind::Array(_) | ExprKind::Object(_));
        if made && !self.loose && shape::unknown(&self.type_of(base)) {
            self.unify(Part::Expr(base), &Some(shape::any()), false);
        }
    }

    fn all(&mut self, exprs: impl IntoIterator<Item = &'h Expr>) -> Wrong {
        let exprs = exprs.into_iter();
        exprs.fold(Wrong(false), |wrong, expr| wrong.or(self.parts(expr)))
    }

    fn comprehension(&mut self, expr: &'h Expr, inner: &'h Comprehension) -> Wrong {
        let (mark, errors) = (self.trail.len(), self.errors.len());
        let loose = std::mem::replace(&mut self.loose, false);
        self.body(&inner.body);
        let ty = match &inner.head {
            ComprehensionHead::Array(head) => {
                self.parts(head);
                shape::array(self.type_of(head))
            }
            ComprehensionHead::Set(head) => {
                self.parts(head);
                shape::set(self.type_of(head))
            }
            ComprehensionHead::Object(key, value) => {
                self.parts(key);
                self.parts(value);
                let rest = (self.type_of(key), self.type_of(value));
                shape::object(Vec::new(), Some(rest))
            }
        };
        self.loose = loose;
        while self.trail.len() > mark {
            if let Some((local, before)) = self.trail.pop()
                && let Some(var) = self.vars.get_mut(local.0 as usize)
            {
                *var = before;
            }
        }
        let wrong = Wrong(self.errors.len() > errors);
        let ty = Some(ty).filter(|_| !wrong.0);
        self.known.insert(address(expr), ty);
        wrong
    }

    /// Checks a call; `used` says whether its value goes anywhere.
    fn call(&mut self, expr: &'h Expr, call: &'h Call, used: bool) {
        self.all(&call.args);
        // Arguments stand in literals of their own for OPA: their errors hide none of the call's.
        if self.loose {
            return;
        }
        let Some(signature) = self.signature(&call.callee) else {
            self.known.insert(address(expr), Some(shape::any()));
            return;
        };
        if call.args.len() > signature.params.len() && signature.variadic.is_none() {
            // Only `eq` takes no argument for a result.
            let have: Vec<Ty> = call.args.iter().map(|arg| self.type_of(arg)).collect();
            self.misfit(expr, call, &signature, &have);
            return;
        }
        let right = self.membership(expr, call);
        let right = right
            && self.arguments(call, &signature).is_none_or(|mut have| {
                // A value that is used counts as one more argument.
                have.extend(used.then_some(None));
                self.misfit(expr, call, &signature, &have);
                false
            });
        let result = signature.result.as_ref();
        let result = result.and_then(|result| result.of.clone());
        let ty = result.filter(|_| right).unwrap_or_else(shape::any);
        self.known.insert(address(expr), Some(ty));
    }

    /// Fits the arguments to the parameters; what they are where they do not fit.
    fn arguments(&mut self, call: &'h Call, signature: &Signature) -> Option<Vec<Ty>> {
        let before: Vec<Ty> = call.args.iter().map(|arg| self.type_of(arg)).collect();
        for (at, arg) in call.args.iter().enumerate() {
            let param = signature.params.get(at).map(|param| &param.of);
            let want = param.unwrap_or(&signature.variadic);
            // A parameter of which nothing is known takes anything.
            if want.is_none() {
                continue;
            }
            let known = before.get(at).unwrap_or(&None);
            if !shape::unknown(known) && !fits(known, want) {
                return Some(before);
            }
            if !self.unify(Part::Expr(arg), want, false) {
                return Some(call.args.iter().map(|arg| self.type_of(arg)).collect());
            }
        }
        None
    }

    fn misfit(&mut self, expr: &Expr, call: &Call, signature: &Signature, have: &[Ty]) {
        let params = signature.params.iter().chain(&signature.result);
        let want: Vec<_> = params.cloned().collect();
        let [have, want] = text::arguments(have, &want, &signature.variadic);
        let name = callee_name(&call.callee);
        let what = if call.args.len() > signature.params.len() {
            "too many arguments"
        } else {
            "invalid argument(s)"
        };
        let message = format!("{name}: {what}\n\t{have}\n\t{want}");
        self.error(expr.place, message);
    }

    /// `x in xs`: what is looked for must be something that can be in there.
    fn membership(&mut self, expr: &Expr, call: &'h Call) -> bool {
        let Callee::Builtin(builtin) = &call.callee else {
            return true;
        };
        let (key, value, collection) = match (builtin.name(), call.args.as_slice()) {
            ("internal.member_2", [value, collection]) => (None, value, collection),
            ("internal.member_3", [key, value, collection]) => (Some(key), value, collection),
            _ => return true,
        };
        let of = self.type_of(collection);
        let (keys, values) = match &of {
            Some(of) => (of.keys(), of.values()),
            None => return true,
        };
        let operands = key
            .map(|key| (key, keys))
            .into_iter()
            .chain([(value, values.clone())]);
        for (operand, want) in operands.filter(|_| values.is_some()) {
            if shape::unknown(&want) {
                continue;
            }
            let have = self.type_of(operand);
            let apart = !shape::unknown(&have) && !fits(&have, &want);
            if apart || !self.unify(Part::Expr(operand), &want, false) {
                self.mismatch(expr.place, &have, &want, Wrong(false));
                return false;
            }
        }
        true
    }

    /// What a call takes and gives; `None` where that is not known.
    fn signature(&mut self, callee: &Callee) -> Option<Arc<Signature>> {
        match callee {
            Callee::Builtin(builtin) => Some(self.shared.declared(builtin)),
            Callee::Function(path) => self.function(path)?.function().cloned().map(Arc::new),
        }
    }

    /// The type of a function of the policy. A `with` does not change it.
    fn function(&self, path: &[Value]) -> Option<Known> {
        let tree = &self.env.tree;
        let mut at = tree.child(Tree::ROOT, &Value::from("data"))?;
        for key in path {
            at = tree.child(at, key)?;
        }
        tree.node(at)?.of.clone()
    }

    /// Hides what the modifiers replace, and what depends on it.
    fn push_with(&mut self, modifiers: &'h [With]) {
        let mut targets = Vec::new();
        for with in modifiers {
            let (root, path) = match &with.target {
                Target::Input(path) => ("input", path),
                Target::Data(path) => ("data", path),
                Target::Function(path) => {
                    if let Some(tree) = self.env.reached(path, self.shared) {
                        self.layers.push(tree);
                    }
                    continue;
                }
                Target::Builtin(_) => continue,
            };
            let full: Vec<Value> = std::iter::once(Value::from(root))
                .chain(path.iter().cloned())
                .collect();
            let before = self.trees().find_map(|tree| tree.at(&full));
            let value = match &with.value {
                Replacement::Value(value) => self.type_of(value),
                Replacement::Function(_) | Replacement::Builtin(_) => None,
            };
            let ty = match (before, value) {
                (Some(before), Some(value)) => shape::or(&Some(before), &Some(value)),
                _ => None,
            };
            if root == "data"
                && let Some(tree) = self.env.reached(path, self.shared)
            {
                self.layers.push(tree);
            }
            targets.push((full, ty.or_else(|| Some(shape::any()))));
        }
        if targets.is_empty() {
            return;
        }
        let mut tree = Tree::default();
        for (path, ty) in targets {
            tree.put(&path, ty);
        }
        self.push_layer(tree);
    }

    /// A function may only be replaced by one that takes as much.
    fn check_with(&mut self, modifiers: &'h [With]) {
        for with in modifiers {
            let target = match &with.target {
                Target::Builtin(builtin) => Callee::Builtin(builtin.clone()),
                Target::Function(path) => Callee::Function(path.clone()),
                Target::Input(_) | Target::Data(_) => continue,
            };
            let value = match &with.value {
                Replacement::Builtin(builtin) => Callee::Builtin(builtin.clone()),
                Replacement::Function(path) => Callee::Function(path.clone()),
                Replacement::Value(_) => continue,
            };
            let (Some(want), Some(have)) = (self.signature(&target), self.signature(&value)) else {
                continue;
            };
            let alike =
                |a: &Param, b: &Param| a.of.is_none() || b.of.is_none() || fits(&a.of, &b.of);
            let mut pairs = want.params.iter().zip(&have.params);
            if want.params.len() == have.params.len() && pairs.all(|(a, b)| alike(a, b)) {
                continue;
            }
            let have: Vec<Ty> = have.params.iter().map(|param| param.of.clone()).collect();
            let [have, want] = text::arguments(&have, &want.params, &want.variadic);
            let name = callee_name(&target);
            self.error(
                with.place,
                format!("{name}: arity mismatch\n\t{have}\n\t{want}"),
            );
            return;
        }
    }
}

// === impl Wrong ===

impl Wrong {
    fn or(self, other: Self) -> Self {
        Self(self.0 || other.0)
    }
}

// === helpers ===

/// What a call's function is called in errors.
pub(super) fn callee_name(callee: &Callee) -> String {
    match callee {
        Callee::Builtin(builtin) => builtin.name().to_owned(),
        Callee::Function(path) => super::env::path_text(path),
    }
}

fn address(expr: &Expr) -> usize {
    std::ptr::from_ref(expr).addr()
}
