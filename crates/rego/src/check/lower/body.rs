//! Bodies and literals.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::declared::{self, all_variables};
use super::{Lower, term::as_ref};
use crate::check::errors::Stage;
use crate::check::scope::{Closure, Declares, Occurrence};
use crate::hir::{self, Expr, ExprKind, Literal, LiteralKind, Local};
use crate::source::{Code, Span};
use crate::syntax::ast::{self, Term, TermKind, Var};
use crate::value::{Str, Value};

impl Lower<'_> {
    /// The literals of a body whose scope is open.
    pub(super) fn literals(&mut self, body: &ast::Body) -> Vec<Literal> {
        let mut literals = Vec::with_capacity(body.literals.len());
        for literal in &body.literals {
            self.literal(literal, &mut literals);
        }
        literals
    }

    /// A closure's body.
    fn closure(&mut self, body: &ast::Body, closure: Closure) -> hir::Body {
        let outside = std::mem::take(&mut self.before);
        self.locals.open(declared::names(body), closure);
        let apart = std::mem::replace(&mut self.apart, true);
        let literals = self.literals(body);
        self.apart = apart;
        self.close(first_literal(body));
        self.before = outside;
        hir::Body { literals }
    }

    /// A side of `and` or `or`. Without braces it is no body of its own: its variables are those around it.
    fn operand(&mut self, body: &ast::Body, operator: &str) -> hir::Body {
        if body.braces {
            return self.closure(body, Closure::Plain);
        }
        for literal in &body.literals {
            if matches!(literal.kind, ast::LiteralKind::Assign(..)) {
                let message = format!("cannot assign vars inside implicit {operator} operand");
                self.error(Stage::Names, Code::Compile, literal.span, message);
            }
        }
        let outside = std::mem::take(&mut self.before);
        self.locals.open(Declares::default(), Closure::Implicit);
        let apart = std::mem::replace(&mut self.apart, true);
        let literals = self.literals(body);
        self.apart = apart;
        self.locals.close();
        self.before = outside;
        hir::Body { literals }
    }

    /// Adds what a literal becomes to `out`.
    pub(super) fn literal(&mut self, literal: &ast::Literal, out: &mut Vec<Literal>) {
        let place = self.place(literal.span);
        let assigns = matches!(literal.kind, ast::LiteralKind::Assign(..));
        if literal.negated && self.closes_not && !assigns {
            return self.negation(literal, out);
        }
        let mut made = Vec::new();
        let (with, mut needed) = if assigns {
            // Modifiers do not see what their literal declares.
            let with = self.modifiers(&literal.with);
            out.append(&mut self.before);
            self.kind(literal, &mut made);
            (with, std::mem::take(&mut self.before))
        } else {
            self.kind(literal, &mut made);
            let needed = std::mem::take(&mut self.before);
            (self.modifiers(&literal.with), needed)
        };
        // What a modifier's value needs is evaluated outside of it.
        out.append(&mut self.before);
        // `not print(…)` prints and holds, as `print(…)` does.
        if literal.negated && !self.is_print_literal(literal) {
            let body = hir::Body { literals: made };
            made = vec![Literal::new(place, negation(body, false))];
        }
        needed.append(&mut made);
        for mut literal in needed {
            literal.with.clone_from(&with);
            out.push(literal);
        }
    }

    /// A negation that is a body of its own: what its literal needs is evaluated inside, so that it holds where that has
    /// no value.
    fn negation(&mut self, literal: &ast::Literal, out: &mut Vec<Literal>) {
        let place = self.place(literal.span);
        let inner = ast::Literal {
            negated: false,
            with: Vec::new(),
            ..literal.clone()
        };
        let body = ast::Body {
            span: literal.span,
            braces: false,
            literals: vec![inner],
        };
        let body = self.operand(&body, "not");
        let mut negated = Literal::new(place, negation(body, true));
        negated.with = self.modifiers(&literal.with);
        // What a modifier's value needs is evaluated outside of it.
        out.append(&mut self.before);
        out.push(negated);
    }

    fn kind(&mut self, literal: &ast::Literal, out: &mut Vec<Literal>) {
        let place = self.place(literal.span);
        let kind = match &literal.kind {
            ast::LiteralKind::Term(term) => return self.test(term, literal, out),
            ast::LiteralKind::Unify(left, right) => {
                return self.equality(left, right, literal, out);
            }
            ast::LiteralKind::Assign(left, right) => {
                return self.assignment(left, right, literal, out);
            }
            ast::LiteralKind::Some(vars) => {
                for var in vars {
                    self.declare_some(&var.name, var.span);
                }
                return;
            }
            ast::LiteralKind::SomeIn {
                key,
                value,
                collection,
            } => self.some_in(key.as_deref(), value, collection),
            ast::LiteralKind::Every {
                key,
                value,
                domain,
                body,
            } => self.every(key.as_deref(), value, domain, body),
            ast::LiteralKind::NotBody(body) => negation(self.closure(body, Closure::Whole), true),
            // Neither side binds anything: each is "there is no case that it does not hold".
            ast::LiteralKind::And(left, right) => {
                for body in [left, right] {
                    let place = self.place(body.span);
                    // Two negations are two closures.
                    self.locals.open(Declares::default(), Closure::Implicit);
                    let inner = negation(self.operand(body, "and"), true);
                    self.close(body.span);
                    let literals = vec![Literal::new(place, inner)];
                    let outer = negation(hir::Body { literals }, true);
                    out.push(Literal::new(place, outer));
                }
                return;
            }
            ast::LiteralKind::Or(left, right) => {
                LiteralKind::Or(self.operand(left, "or"), self.operand(right, "or"))
            }
        };
        out.push(Literal::new(place, kind));
    }

    /// `LEFT = RIGHT`.
    fn equality(
        &mut self,
        left: &Term,
        right: &Term,
        literal: &ast::Literal,
        out: &mut Vec<Literal>,
    ) {
        let left = self.term(left);
        let right = if literal.negated {
            self.term(right)
        } else {
            self.side(right)
        };
        self.unify(left, right, literal, out);
    }

    /// `LEFT := RIGHT`.
    fn assignment(
        &mut self,
        left: &Term,
        right: &Term,
        literal: &ast::Literal,
        out: &mut Vec<Literal>,
    ) {
        let right = if literal.negated {
            self.term(right)
        } else {
            self.side(right)
        };
        self.shadowed(left);
        let left = self.assigned(left);
        self.unify(left, right, literal, out);
    }

    /// A term that must hold.
    fn test(&mut self, term: &Term, literal: &ast::Literal, out: &mut Vec<Literal>) {
        let place = self.place(literal.span);
        if let TermKind::Call(call) = &term.kind
            && let Some((name, [left, right])) = self.operator(call)
        {
            return match name {
                "assign" => self.assignment(left, right, literal, out),
                _ => self.equality(left, right, literal, out),
            };
        }
        let kind = match &term.kind {
            TermKind::Call(call) => match self.call_literal(call, term.span) {
                Some(kind) => kind,
                None => return,
            },
            _ => LiteralKind::Test(self.term(term)),
        };
        out.push(Literal::new(place, kind));
    }

    /// One side of `=`: a call that is the whole side need not be moved.
    fn side(&mut self, term: &Term) -> Expr {
        match &term.kind {
            TermKind::Call(call) => match self.call_value(call, term.span) {
                Some(call) => call,
                None => Expr::constant(true, self.place(term.span)),
            },
            TermKind::Template(parts) => self.template(parts, self.place(term.span)),
            _ => self.term(term),
        }
    }

    /// `LEFT = RIGHT`; of two arrays element by element, so that each element can bind in the order that is safe.
    fn unify(&self, left: Expr, right: Expr, literal: &ast::Literal, out: &mut Vec<Literal>) {
        let place = self.place(literal.span);
        let mut pairs = Vec::new();
        if literal.negated {
            pairs.push((left, right));
        } else {
            take_apart(left, right, &mut pairs);
        }
        // What refers is asked for before anything is compared, the left side's first.
        pairs.sort_by_key(|(left, right)| match (refers(left), refers(right)) {
            (true, _) => 0,
            (false, true) => 1,
            (false, false) => 2,
        });
        let unified = pairs.into_iter();
        out.extend(unified.map(|(a, b)| Literal::new(place, LiteralKind::Unify(a, b))));
    }

    /// `input := …` hides the document; in a pattern a name is what it was.
    fn shadowed(&mut self, left: &Term) {
        if let TermKind::Var(name) = &left.kind
            && matches!(&**name, "input" | "data")
            && self.refuses_shadows()
        {
            let message =
                format!("variables must not shadow {name} (use a different variable name)");
            self.error(Stage::Aside, Code::Compile, left.span, message);
        }
    }

    /// The left side of `:=`.
    fn assigned(&mut self, term: &Term) -> Expr {
        let place = self.place(term.span);
        match &term.kind {
            TermKind::Var(name) => {
                Expr::local(self.declare(name, term.span, Occurrence::Assigned), place)
            }
            TermKind::Array(items) => {
                let items = items.iter().map(|item| self.assigned(item)).collect();
                Expr::new(place, ExprKind::Array(items))
            }
            TermKind::Object(members) => {
                let members = members
                    .iter()
                    .map(|(key, value)| (self.term(key), self.assigned(value)));
                let members = members.collect();
                Expr::new(place, ExprKind::Object(members))
            }
            kind => {
                let message = format!("cannot assign to {}", kind_name(kind));
                self.error(Stage::Names, Code::Compile, term.span, message);
                Expr::constant(true, place)
            }
        }
    }

    /// Declares a name in the innermost body.
    pub(super) fn declare(&mut self, name: &Str, span: Span, how: Occurrence) -> Local {
        let place = self.place(span);
        if &**name == "_" {
            return self.locals.fresh("_", place, false);
        }
        match self.locals.declare(name, place, how) {
            Ok(local) => local,
            Err(message) => {
                self.error(Stage::Names, Code::Compile, span, message);
                self.locals.fresh(name, place, true)
            }
        }
    }

    /// Declares a name in the innermost body by `some`.
    fn declare_some(&mut self, name: &Str, span: Span) {
        if &**name == "_" {
            return;
        }
        if let Err(message) = self.locals.declare_some(name, self.place(span)) {
            self.error(Stage::Names, Code::Compile, span, message);
        }
    }

    pub(super) fn refuses_shadows(&self) -> bool {
        self.options.strict || self.version == ast::RegoVersion::V1
    }

    /// `some K, V in XS` is `V = XS[K]`.
    fn some_in(&mut self, key: Option<&Term>, value: &Term, collection: &Term) -> LiteralKind {
        let place = self.place(collection.span);
        let mut outer = HashSet::new();
        all_variables(collection, &mut |name| {
            outer.insert(name.clone());
        });
        let collection = self.term(collection);
        for term in key.into_iter().chain([value]) {
            let mut names = Vec::new();
            output_variables(term, true, &mut names);
            let mut seen = HashSet::new();
            names.retain(|name| seen.insert((name.text, name.declared)));
            for name in names {
                if outer.contains(name.text) {
                    let message = format!("var {} assigned before", name.text);
                    self.error(Stage::Names, Code::Compile, name.span, message);
                } else if name.declared {
                    self.declare_some(name.text, name.span);
                }
            }
        }
        let key = match key {
            Some(key) => self.term(key),
            None => Expr::local(self.generated("key", place), place),
        };
        let value = self.term(value);
        let mut reference = as_ref(collection);
        reference.keys.reserve_exact(1);
        reference.keys.push(key);
        LiteralKind::Unify(value, Expr::new(place, ExprKind::Ref(Box::new(reference))))
    }

    fn every(
        &mut self,
        key: Option<&Var>,
        value: &Var,
        domain: &Term,
        body: &ast::Body,
    ) -> LiteralKind {
        let mut declares = declared::names(body);
        for var in key.into_iter().chain([value]) {
            declares.add(&var.name);
        }
        // A name that nothing declares is a variable of this `every` in its domain already, where it is unsafe.
        let lent = self.locals.lend(&declares, self.place(domain.span));
        let domain = self.head_term(domain);
        let lent = self.locals.take_back(lent);
        let outside = std::mem::take(&mut self.before);
        for var in key.into_iter().chain([value]) {
            if matches!(&*var.name, "input" | "data") {
                let message = format!("unexpected {}: expected a variable of every", var.name);
                self.error(Stage::Arguments, Code::Parse, var.span, message);
            }
        }
        self.locals.open(declares, Closure::Whole);
        self.locals.expect(lent);
        let key = key.map(|key| self.declare(&key.name, key.span, Occurrence::Declared));
        let value = self.declare(&value.name, value.span, Occurrence::Declared);
        let apart = std::mem::replace(&mut self.apart, true);
        let literals = self.literals(body);
        self.apart = apart;
        self.close(first_literal(body));
        self.before = outside;
        let body = Box::new(hir::Body { literals });
        LiteralKind::Every {
            key,
            value,
            domain,
            body,
        }
    }
}

/// Where a body's first literal stands: what it declares in vain is reported there.
pub(super) fn first_literal(body: &ast::Body) -> Span {
    body.literals
        .first()
        .map_or(body.span, |literal| literal.span)
}

fn negation(body: hir::Body, closed: bool) -> LiteralKind {
    LiteralKind::Not { body, closed }
}

/// The parts of two sides that must be equal one by one.
fn take_apart(left: Expr, right: Expr, pairs: &mut Vec<(Expr, Expr)>) {
    match (left.kind, right.kind) {
        (ExprKind::Array(left), ExprKind::Array(right)) if left.len() == right.len() => {
            for (left, right) in left.into_iter().zip(right) {
                take_apart(left, right, pairs);
            }
        }
        (ExprKind::Array(items), ExprKind::Const(Value::Array(values)))
        | (ExprKind::Const(Value::Array(values)), ExprKind::Array(items))
            if items.len() == values.len() =>
        {
            for (item, value) in items.into_iter().zip(values.iter()) {
                let value = Expr::constant(value.clone(), item.place);
                take_apart(item, value, pairs);
            }
        }
        (ExprKind::Object(left), ExprKind::Object(right)) if same_keys(&left, &right) => {
            let mut values: BTreeMap<Value, Expr> = keyed(right).collect();
            for (key, left) in keyed(left) {
                if let Some(right) = values.remove(&key) {
                    take_apart(left, right, pairs);
                }
            }
        }
        (a, b) => pairs.push((Expr::new(left.place, a), Expr::new(right.place, b))),
    }
}

/// Whether something outside closures refers.
fn refers(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Ref(_) => true,
        ExprKind::Array(items) | ExprKind::Set(items) => items.iter().any(refers),
        ExprKind::Object(members) => members.iter().any(|(k, v)| refers(k) || refers(v)),
        ExprKind::Const(_)
        | ExprKind::Local(_)
        | ExprKind::Comprehension(_)
        | ExprKind::Call(_) => false,
    }
}

/// Whether both have the same keys, all of them ground.
fn same_keys(left: &[(Expr, Expr)], right: &[(Expr, Expr)]) -> bool {
    let keys = |members: &[(Expr, Expr)]| {
        members
            .iter()
            .map(|(key, _)| key.as_const().cloned())
            .collect()
    };
    let (left_keys, right_keys): (Option<BTreeSet<Value>>, Option<BTreeSet<Value>>) =
        (keys(left), keys(right));
    left_keys.is_some_and(|keys| {
        keys.len() == left.len() && right.len() == left.len() && Some(keys) == right_keys
    })
}

fn keyed(members: Box<[(Expr, Expr)]>) -> impl Iterator<Item = (Value, Expr)> {
    members
        .into_iter()
        .filter_map(|(key, value)| Some((key.as_const()?.clone(), value)))
}

/// A variable in what `some … in` looks for.
struct Output<'t> {
    text: &'t Str,
    span: Span,
    /// Whether it is declared there; what a set or a call has in it is only read.
    declared: bool,
}

/// The variables of a pattern that must not stand in the collection too.
fn output_variables<'t>(term: &'t Term, declared: bool, found: &mut Vec<Output<'t>>) {
    match &term.kind {
        TermKind::Var(name) if &**name != "_" => found.push(Output {
            text: name,
            span: term.span,
            declared,
        }),
        TermKind::Array(items) => {
            for item in items {
                output_variables(item, declared, found);
            }
        }
        TermKind::Object(members) => members
            .iter()
            .for_each(|(_, value)| output_variables(value, declared, found)),
        TermKind::Ref(reference) => {
            for key in &reference.path {
                output_variables(key, declared, found);
            }
        }
        TermKind::Set(items) => {
            for item in items {
                output_variables(item, false, found);
            }
        }
        TermKind::Call(call) => {
            for arg in &call.args {
                output_variables(arg, false, found);
            }
        }
        _ => {}
    }
}

/// What OPA calls a term of that kind.
pub(super) fn kind_name(kind: &TermKind) -> &'static str {
    match kind {
        TermKind::Null => "null",
        TermKind::Bool(_) => "boolean",
        TermKind::Number(_) => "number",
        TermKind::String(_) => "string",
        TermKind::Template(_) => "template-string",
        TermKind::Var(_) => "var",
        TermKind::Ref(_) => "ref",
        TermKind::Array(_) => "array",
        TermKind::Object(_) => "object",
        TermKind::Set(_) => "set",
        TermKind::ArrayComprehension(..) => "arraycomprehension",
        TermKind::SetComprehension(..) => "setcomprehension",
        TermKind::ObjectComprehension(..) => "objectcomprehension",
        TermKind::Call(_) => "call",
    }
}
