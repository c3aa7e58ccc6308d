//! Variables that nothing binds. Rego refuses them when a policy is compiled; the engine finds few of
//! them, takes the rest for undefined, and so would decide something that nobody wrote.
//!
//! This only judges. In which order statements run is the engine's own matter.

mod walk;

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};

use regorus::unstable::{Expr, Literal, LiteralStmt, Module, Query, Ref, Rule, RuleHead, Span};

use super::negation::children;
use crate::engine::CompileError;
use walk::{Scope, Walk, declared, iterated, mentioned};

/// The places of calls whose last argument takes the result: by file, where they start.
pub(super) type Results = HashMap<String, HashSet<u32>>;

/// All that is wrong in `module`; `names` are those that stand for documents, not for variables.
pub(super) fn check(
    module: &Module,
    names: &HashSet<String>,
    results: &Results,
) -> Vec<CompileError> {
    let none = HashSet::new();
    let file = module.package.span.source.get_path();
    let judge = Judge {
        results: results.get(file).unwrap_or(&none),
        late: RefCell::default(),
    };
    let mut wrong = Vec::new();
    for rule in &module.policy {
        judge.rule(rule, &Scope::new(names), &mut wrong);
    }
    let mut seen = HashSet::new();
    wrong.retain(|span| seen.insert((span.start, span.text())));
    let defaults = module.policy.iter().filter_map(|rule| match &**rule {
        Rule::Default { value, .. } => first_variable(value),
        Rule::Spec { .. } => None,
    });
    let defaults: Vec<CompileError> = defaults.map(no_constant).collect();
    let late = judge.late.into_inner();
    let late = late
        .iter()
        .filter(|span| seen.insert((span.start, span.text())));
    wrong
        .into_iter()
        .map(refusal)
        .chain(late.map(too_late))
        .chain(defaults)
        .collect()
}

fn refusal(span: &Span) -> CompileError {
    let text = format!("var {} is unsafe: nothing gives it a value", span.text());
    let path = span.source.get_path();
    CompileError::new("rego_unsafe_var_error", text).at(path, span.line, span.col)
}

/// The engine takes a `not`, an `every` and a comprehension in the place where they are written.
fn too_late(span: &Span) -> CompileError {
    let text = format!(
        "var {} gets its value too late: write this `not`, `every` or comprehension after what gives the value",
        span.text()
    );
    let path = span.source.get_path();
    CompileError::new("rego_compile_error", text).at(path, span.line, span.col)
}

/// What stands for something else in a default, which may be a comprehension.
fn first_variable(expr: &Expr) -> Option<&Span> {
    match expr {
        Expr::Var { span, .. } => Some(span),
        other => children(other)
            .into_iter()
            .find_map(|child| first_variable(child)),
    }
}

fn no_constant(span: &Span) -> CompileError {
    let text = format!(
        "illegal default rule: its value must be a constant, and reads {}",
        span.text()
    );
    let path = span.source.get_path();
    CompileError::new("rego_parse_error", text).at(path, span.line, span.col)
}

struct Judge<'a> {
    results: &'a HashSet<u32>,
    /// Variables whose value comes after a statement that the engine does not let wait for it.
    late: RefCell<Vec<Span>>,
}

/// What a statement needs and gives.
#[derive(Default)]
struct Item<'a> {
    /// What must have a value, but for the variables that index a document.
    given: Vec<&'a Expr>,
    /// What then gets a value.
    taken: Vec<&'a Expr>,
    /// Whether both sides may change places.
    either: bool,
    /// Whether nothing in it gets a value.
    negated: bool,
    /// The names and the query of an `every`.
    every: Option<(Vec<&'a str>, &'a Query)>,
}

// === impl Judge ===

impl Judge<'_> {
    fn rule<'a>(&self, rule: &'a Rule, scope: &Scope<'a>, wrong: &mut Vec<&'a Span>) {
        let (head, bodies) = match rule {
            Rule::Spec { head, bodies, .. } => (head, bodies),
            Rule::Default { value, .. } => {
                return self.statements(&[], &[value], scope.clone(), wrong);
            }
        };
        let (refr, key, args, assign) = match head {
            RuleHead::Compr { refr, assign, .. } => (refr, None, &[][..], assign.as_ref()),
            RuleHead::Set { refr, key, .. } => (refr, key.as_ref(), &[][..], None),
            RuleHead::Func {
                refr, args, assign, ..
            } => (refr, None, args.as_slice(), assign.as_ref()),
        };
        let mut scope = scope.clone();
        for arg in args {
            scope.bind_all(arg);
        }
        let mut keys = indexes(refr);
        keys.extend(key.map(|key| &**key));
        if bodies.is_empty() {
            let value = assign.map(|assign| &*assign.value);
            let terms: Vec<&Expr> = keys.iter().copied().chain(value).collect();
            return self.statements(&[], &terms, scope, wrong);
        }
        for body in bodies {
            let of_head = assign.filter(|_| !body.is_else);
            let value = body.assign.as_ref().or(of_head);
            let value = value.map(|assign| &*assign.value);
            let terms: Vec<&Expr> = keys.iter().copied().chain(value).collect();
            self.statements(&body.query.stmts, &terms, scope.clone(), wrong);
        }
    }

    /// Judges a query with the `terms` that are read when it holds. `scope` is what is known outside.
    fn statements<'a>(
        &self,
        stmts: &'a [LiteralStmt],
        terms: &[&'a Expr],
        mut scope: Scope<'a>,
        wrong: &mut Vec<&'a Span>,
    ) {
        scope.hide(declared(stmts));
        let iterated = iterated(stmts);
        let mut items = Vec::new();
        for stmt in stmts {
            self.items(stmt, &mut items);
        }
        items.extend(terms.iter().map(|term| Item::of(vec![*term], Vec::new())));
        // Statements hold in any order: those that are ready bind what others wait for.
        let mut late = None;
        loop {
            let before = items.len();
            let mut waiting = Vec::new();
            items.retain(|item| {
                waiting.extend(item.cannot_wait(&scope));
                waiting.extend(item.captured(&scope, &iterated));
                let ready = self.ready(item, &scope);
                ready.map(|bound| scope.bind(bound)).is_err()
            });
            // The first time it is the order of the text.
            let late = late.get_or_insert(waiting);
            if items.is_empty() {
                late.retain(|span| scope.has(span.text()));
                return self.late.borrow_mut().extend(late.drain(..).cloned());
            }
            if items.len() == before {
                break;
            }
        }
        let left = items
            .iter()
            .filter_map(|item| self.ready(item, &scope).err());
        left.for_each(|unbound| wrong.extend(unbound));
    }

    fn items<'a>(&self, stmt: &'a LiteralStmt, out: &mut Vec<Item<'a>>) {
        let values = stmt.with_mods.iter().map(|with| &*with.r#as);
        out.extend(values.map(|value| Item::of(vec![value], Vec::new())));
        match &stmt.literal {
            Literal::SomeVars { .. } => {}
            Literal::SomeIn {
                key,
                value,
                collection,
                ..
            } => {
                let taken = key.iter().chain([value]).map(|expr| &**expr).collect();
                out.push(Item::of(vec![collection], taken));
            }
            Literal::Expr { expr, .. } => self.expression(expr, out),
            Literal::NotExpr { expr, .. } => out.push(Item {
                negated: true,
                ..Item::of(vec![expr], Vec::new())
            }),
            Literal::Every {
                key,
                value,
                domain,
                query,
                ..
            } => {
                let names = key.iter().chain([value]).map(Span::text).collect();
                out.push(Item {
                    every: Some((names, query)),
                    ..Item::of(vec![domain], Vec::new())
                });
            }
        }
    }

    fn expression<'a>(&self, expr: &'a Expr, out: &mut Vec<Item<'a>>) {
        match expr {
            Expr::AssignExpr { lhs, rhs, .. } => unify(lhs, rhs, out),
            Expr::Call { fcn, params, .. } if self.results.contains(&fcn.span().start) => {
                if let Some((result, given)) = params.split_last() {
                    let given = given.iter().map(|expr| &**expr).collect();
                    out.push(Item::of(given, vec![result]));
                }
            }
            other => out.push(Item::of(vec![other], Vec::new())),
        }
    }

    /// The variables that the statement binds, or those that it waits for.
    fn ready<'a>(
        &self,
        item: &Item<'a>,
        scope: &Scope<'a>,
    ) -> Result<HashSet<&'a str>, Vec<&'a Span>> {
        let forth = self.directed(item, &item.given, &item.taken, scope);
        if !item.either {
            return forth;
        }
        forth.or_else(|mut wrong| {
            let back = self.directed(item, &item.taken, &item.given, scope);
            back.map_err(|others| {
                wrong.extend(others);
                wrong
            })
        })
    }

    fn directed<'a>(
        &self,
        item: &Item<'a>,
        given: &[&'a Expr],
        taken: &[&'a Expr],
        scope: &Scope<'a>,
    ) -> Result<HashSet<&'a str>, Vec<&'a Span>> {
        let mut walk = Walk::new(scope);
        for expr in given {
            walk.value(expr);
        }
        walk.settle(item.negated);
        for expr in taken {
            walk.pattern(expr);
        }
        walk.settle(item.negated);
        let Walk {
            mut wrong,
            bound,
            queries,
            ..
        } = walk;
        let mut inner = scope.clone();
        inner.bind(bound.iter().copied());
        for (query, terms) in queries {
            self.statements(&query.stmts, &terms, inner.clone(), &mut wrong);
        }
        if let Some((names, query)) = &item.every {
            inner.bind(names.iter().copied());
            self.statements(&query.stmts, &[], inner, &mut wrong);
        }
        if wrong.is_empty() {
            Ok(bound)
        } else {
            Err(wrong)
        }
    }
}

// === impl Item ===

impl<'a> Item<'a> {
    fn of(given: Vec<&'a Expr>, taken: Vec<&'a Expr>) -> Self {
        Self {
            given,
            taken,
            ..Self::default()
        }
    }

    /// Variables without a value for which the engine would not wait, if they get one.
    fn cannot_wait(&self, scope: &Scope<'a>) -> Vec<&'a Span> {
        if !self.negated && self.every.is_none() {
            return Vec::new();
        }
        let mut walk = Walk::new(scope);
        for expr in &self.given {
            walk.value(expr);
        }
        let indexes = walk.unknown_indexes();
        let Some((names, query)) = &self.every else {
            return indexes;
        };
        let mut inner = scope.clone();
        inner.bind(names.iter().copied());
        inner.bind(indexes.into_iter().map(Span::text));
        let mut found = Vec::new();
        mentioned(query, &inner, &mut found);
        found
    }
}

impl<'a> Item<'a> {
    /// Variables of comprehensions that have the name of one which a later `some … in` declares. To
    /// Rego they are two, to the engine they are one.
    fn captured(&self, scope: &Scope<'a>, iterated: &HashSet<&str>) -> Vec<&'a Span> {
        let mut walk = Walk::new(scope);
        for expr in self.given.iter().chain(&self.taken) {
            walk.value(expr);
        }
        let mut found = Vec::new();
        for (query, _) in walk.queries {
            mentioned(query, scope, &mut found);
        }
        found.retain(|span| iterated.contains(span.text()));
        found
    }
}

/// Two sides that are to be the same: by their parts, where both have parts.
fn unify<'a>(lhs: &'a Expr, rhs: &'a Expr, out: &mut Vec<Item<'a>>) {
    match (lhs, rhs) {
        (Expr::Array { items: left, .. }, Expr::Array { items: right, .. })
            if left.len() == right.len() =>
        {
            for (lhs, rhs) in left.iter().zip(right) {
                unify(lhs, rhs, out);
            }
        }
        (Expr::Object { fields: left, .. }, Expr::Object { fields: right, .. })
            if same_keys(left, right) =>
        {
            for (_, key, lhs) in left {
                let other = right
                    .iter()
                    .find(|(_, other, _)| other.span().text() == key.span().text());
                if let Some((_, _, rhs)) = other {
                    unify(lhs, rhs, out);
                }
            }
        }
        _ => out.push(Item {
            either: true,
            ..Item::of(vec![rhs], vec![lhs])
        }),
    }
}

type Field = (Span, Ref<Expr>, Ref<Expr>);

fn same_keys(left: &[Field], right: &[Field]) -> bool {
    let literal = |(_, key, _): &Field| matches!(**key, Expr::String { .. });
    let key = |field: &Field| field.1.span().text().to_owned();
    let keys = |fields: &[Field]| fields.iter().map(key).collect::<HashSet<_>>();
    left.iter().chain(right).all(literal) && keys(left) == keys(right)
}

/// What stands in brackets behind a rule's name.
fn indexes(refr: &Expr) -> Vec<&Expr> {
    let mut at = refr;
    let mut out = Vec::new();
    loop {
        match at {
            Expr::RefDot { refr, .. } => at = refr,
            Expr::RefBrack { refr, index, .. } => {
                out.push(&**index);
                at = refr;
            }
            _ => return out,
        }
    }
}
