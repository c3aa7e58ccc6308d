//! What each rule of a module defines and refers to, names resolved: the common ground of the checks
//! and of [`Demand`](crate::engine::Demand). It reads the engine's syntax tree and evaluates nothing.

use std::collections::{HashMap, HashSet};

use regorus::unstable::{
    AssignOp, Expr, Import, Literal, LiteralStmt, Module, Query, Ref, Rule, RuleAssign, RuleBody,
    RuleHead, Span,
};

/// One rule definition.
pub(super) struct RuleFacts {
    /// Where it lies under `data`, as far as that is known without evaluation.
    pub path: Vec<String>,
    /// How many arguments it takes, when it is a function.
    pub arguments: Option<usize>,
    /// Whether `path` is the whole of its place, and it is no member of a set or an object.
    pub ground: bool,
    /// Its place in the text.
    pub span: Span,
    /// All that it refers to.
    pub references: Vec<Reference>,
    /// What its `with` modifiers replace and put there, by the names that are written.
    pub replacements: Vec<(String, Span)>,
}

/// A reference, resolved through imports and the names of the package.
pub(super) struct Reference {
    /// The document that it leads into.
    pub root: Root,
    /// The way there, as far as it is known without evaluation.
    pub path: Vec<String>,
    /// The call, when it is one.
    pub call: Option<Call>,
    /// Its place in the text.
    pub span: Span,
}

/// A call, as it is written.
pub(super) struct Call {
    /// The function's name, with dots.
    pub name: String,
    /// How many arguments there are.
    pub arguments: usize,
}

/// The document a reference leads into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Root {
    Input,
    Data,
    /// Neither: the name of a built-in function.
    Builtin,
}

/// The facts of all `modules`, rule by rule.
pub(super) fn of(modules: &[Ref<Module>]) -> Vec<RuleFacts> {
    let names = names(modules);
    let none = HashSet::new();
    let mut facts = Vec::new();
    for module in modules {
        let package = package(module);
        let names = names.get(&package).unwrap_or(&none);
        let aliases = module.imports.iter().filter_map(alias).collect();
        for rule in &module.policy {
            let mut walker = Walker {
                package: &package,
                names,
                aliases: &aliases,
                locals: Vec::new(),
                found: Vec::new(),
                replacements: Vec::new(),
            };
            facts.push(walker.rule(rule));
        }
    }
    facts
}

/// For each of `modules` the names that stand for documents, unless a variable hides them.
pub(super) fn visible(modules: &[Ref<Module>]) -> Vec<HashSet<String>> {
    let names = names(modules);
    let of_module = |module: &Ref<Module>| {
        let aliases = module
            .imports
            .iter()
            .filter_map(alias)
            .map(|(name, _)| name);
        let own = names.get(&package(module)).into_iter().flatten().cloned();
        aliases
            .chain(own)
            .chain(["input".to_owned(), "data".to_owned()])
            .collect()
    };
    modules.iter().map(of_module).collect()
}

/// The names of the rules of each package.
fn names(modules: &[Ref<Module>]) -> HashMap<Vec<String>, HashSet<String>> {
    let mut names: HashMap<Vec<String>, HashSet<String>> = HashMap::new();
    for module in modules {
        let of_package = names.entry(package(module)).or_default();
        of_package.extend(module.policy.iter().filter_map(|rule| head_name(rule)));
    }
    names
}

/// The path of a module's package under `data`.
pub(super) fn package(module: &Module) -> Vec<String> {
    let flat = Flat::of(&module.package.refr);
    let mut path: Vec<String> = flat.name().map(ToOwned::to_owned).into_iter().collect();
    path.extend(flat.static_path());
    path
}

type Aliases = HashMap<String, (Root, Vec<String>)>;

struct Walker<'a> {
    package: &'a [String],
    names: &'a HashSet<String>,
    aliases: &'a Aliases,
    /// Names that are bound here, innermost last.
    locals: Vec<HashSet<String>>,
    found: Vec<Reference>,
    replacements: Vec<(String, Span)>,
}

/// A reference taken apart: what it starts with, and its steps.
struct Flat<'a> {
    head: &'a Expr,
    steps: Vec<Step<'a>>,
}

enum Step<'a> {
    Key(&'a str),
    Index(&'a Expr),
}

// === impl Walker ===

impl Walker<'_> {
    fn rule(&mut self, rule: &Rule) -> RuleFacts {
        let (head, arguments) = match rule {
            Rule::Spec { head, bodies, .. } => {
                let (refr, args) = head_parts(head);
                self.spec(head, args, bodies);
                (
                    refr,
                    matches!(head, RuleHead::Func { .. }).then_some(args.len()),
                )
            }
            Rule::Default {
                refr, args, value, ..
            } => {
                self.scoped(pattern_names(args.iter()), |walker| walker.expr(value));
                (refr, (!args.is_empty()).then_some(args.len()))
            }
        };
        let flat = Flat::of(head);
        let mut path = self.package.to_vec();
        path.extend(flat.name().map(ToOwned::to_owned));
        path.extend(flat.static_path());
        let partial = matches!(
            rule,
            Rule::Spec {
                head: RuleHead::Set { .. },
                ..
            }
        );
        let ground = !partial && flat.steps.iter().all(|step| matches!(step, Step::Key(_)));
        let references = std::mem::take(&mut self.found);
        RuleFacts {
            path,
            arguments,
            ground,
            span: rule.span().clone(),
            references,
            replacements: std::mem::take(&mut self.replacements),
        }
    }

    fn spec(&mut self, head: &RuleHead, args: &[Ref<Expr>], bodies: &[RuleBody]) {
        self.scoped(pattern_names(args.iter()), |walker| {
            // The head's values see what the first body binds.
            let bound = bodies
                .first()
                .map(|body| declared(&body.query))
                .unwrap_or_default();
            walker.scoped(bound, |walker| walker.head(head));
            for body in bodies {
                walker.query(&body.query, |walker| walker.assign(body.assign.as_ref()));
            }
        });
    }

    fn head(&mut self, head: &RuleHead) {
        let (refr, args) = head_parts(head);
        self.exprs(args);
        for step in Flat::of(refr).steps {
            if let Step::Index(index) = step {
                self.expr(index);
            }
        }
        match head {
            RuleHead::Compr { assign, .. } | RuleHead::Func { assign, .. } => {
                self.assign(assign.as_ref());
            }
            RuleHead::Set { key, .. } => key.iter().for_each(|key| self.expr(key)),
        }
    }

    fn assign(&mut self, assign: Option<&RuleAssign>) {
        if let Some(assign) = assign {
            self.expr(&assign.value);
        }
    }

    fn query(&mut self, query: &Query, then: impl FnOnce(&mut Self)) {
        self.scoped(declared(query), |walker| {
            query.stmts.iter().for_each(|stmt| walker.statement(stmt));
            then(walker);
        });
    }

    fn statement(&mut self, stmt: &LiteralStmt) {
        match &stmt.literal {
            Literal::SomeVars { .. } => {}
            Literal::SomeIn {
                key,
                value,
                collection,
                ..
            } => {
                self.exprs(key);
                self.expr(value);
                self.expr(collection);
            }
            Literal::Expr { expr, .. } | Literal::NotExpr { expr, .. } => self.expr(expr),
            Literal::Every {
                key,
                value,
                domain,
                query,
                ..
            } => {
                self.expr(domain);
                let bound = key
                    .iter()
                    .chain([value])
                    .map(|span| span.text().to_owned())
                    .collect();
                self.scoped(bound, |walker| walker.query(query, |_| {}));
            }
        }
        // What `with` replaces is not read by it; what it puts there is.
        for modifier in &stmt.with_mods {
            self.expr(&modifier.r#as);
            for named in [&modifier.refr, &modifier.r#as] {
                let flat = Flat::of(named);
                if let Some(name) = flat.name() {
                    let span = flat.head.span().clone();
                    self.replacements.push((flat.dotted(name), span));
                }
            }
        }
    }

    fn exprs<'e>(&mut self, exprs: impl IntoIterator<Item = &'e Ref<Expr>>) {
        for expr in exprs {
            self.expr(expr);
        }
    }

    fn expr(&mut self, expr: &Expr) {
        match expr {
            Expr::String { .. }
            | Expr::RawString { .. }
            | Expr::Number { .. }
            | Expr::Bool { .. }
            | Expr::Null { .. } => {}
            Expr::Var { .. } | Expr::RefDot { .. } | Expr::RefBrack { .. } => {
                self.reference(expr, None);
            }
            Expr::Call { fcn, params, .. } => {
                self.reference(fcn, Some(params.len()));
                self.exprs(params);
            }
            Expr::Array { items, .. } | Expr::Set { items, .. } => {
                self.exprs(items);
            }
            Expr::Object { fields, .. } => {
                for (_, key, value) in fields {
                    self.expr(key);
                    self.expr(value);
                }
            }
            Expr::ArrayCompr { term, query, .. } | Expr::SetCompr { term, query, .. } => {
                self.query(query, |walker| walker.expr(term));
            }
            Expr::ObjectCompr {
                key, value, query, ..
            } => self.query(query, |walker| {
                walker.expr(key);
                walker.expr(value);
            }),
            Expr::UnaryExpr { expr, .. } => self.expr(expr),
            Expr::BinExpr { lhs, rhs, .. }
            | Expr::BoolExpr { lhs, rhs, .. }
            | Expr::ArithExpr { lhs, rhs, .. }
            | Expr::AssignExpr { lhs, rhs, .. } => {
                self.expr(lhs);
                self.expr(rhs);
            }
            Expr::Membership {
                key,
                value,
                collection,
                ..
            } => {
                self.exprs(key);
                self.expr(value);
                self.expr(collection);
            }
        }
    }

    fn reference(&mut self, expr: &Expr, arguments: Option<usize>) {
        let flat = Flat::of(expr);
        for step in &flat.steps {
            if let Step::Index(index) = step {
                self.expr(index);
            }
        }
        let Some(name) = flat.name() else {
            return self.expr(flat.head);
        };
        let call = arguments.map(|arguments| Call {
            name: flat.dotted(name),
            arguments,
        });
        if let Some((root, mut path)) = self.resolve(name, call.is_some()) {
            path.extend(flat.static_path());
            self.found.push(Reference {
                root,
                path,
                call,
                span: flat.head.span().clone(),
            });
        }
    }

    /// What a name stands for; `None` for a variable of the rule.
    fn resolve(&self, name: &str, called: bool) -> Option<(Root, Vec<String>)> {
        let alias = self.aliases.get(name);
        match name {
            "input" => return Some((Root::Input, Vec::new())),
            "data" => return Some((Root::Data, Vec::new())),
            _ => {}
        }
        // An import of the input counts even where a variable hides it: a demand too many is cheap.
        if let Some((Root::Input, path)) = alias {
            return Some((Root::Input, path.clone()));
        }
        if !called && self.locals.iter().any(|names| names.contains(name)) {
            return None;
        }
        if let Some((root, path)) = alias {
            return Some((*root, path.clone()));
        }
        if self.names.contains(name) {
            let path = self
                .package
                .iter()
                .cloned()
                .chain([name.to_owned()])
                .collect();
            return Some((Root::Data, path));
        }
        called.then(|| (Root::Builtin, vec![name.to_owned()]))
    }

    fn scoped(&mut self, names: HashSet<String>, then: impl FnOnce(&mut Self)) {
        self.locals.push(names);
        then(self);
        self.locals.pop();
    }
}

// === impl Flat ===

impl<'a> Flat<'a> {
    /// Iterative, since a reference can have any number of steps.
    fn of(expr: &'a Expr) -> Self {
        let mut head = expr;
        let mut steps = Vec::new();
        loop {
            match head {
                Expr::RefDot { refr, field, .. } => {
                    steps.push(
                        field.1.as_string().map_or_else(
                            |_| Step::Key(field.0.text()),
                            |key| Step::Key(key.as_ref()),
                        ),
                    );
                    head = refr;
                }
                Expr::RefBrack { refr, index, .. } => {
                    steps.push(match &**index {
                        Expr::String { value, .. } | Expr::RawString { value, .. } => value
                            .as_string()
                            .map_or(Step::Index(index), |key| Step::Key(key.as_ref())),
                        _ => Step::Index(index),
                    });
                    head = refr;
                }
                _ => break,
            }
        }
        steps.reverse();
        Self { head, steps }
    }

    fn name(&self) -> Option<&'a str> {
        match self.head {
            Expr::Var { span, .. } => Some(span.text()),
            _ => None,
        }
    }

    fn static_path(&self) -> impl Iterator<Item = String> {
        self.steps.iter().map_while(|step| match step {
            Step::Key(key) => Some((*key).to_owned()),
            Step::Index(_) => None,
        })
    }

    fn dotted(&self, name: &str) -> String {
        let mut text = name.to_owned();
        for key in self.static_path() {
            text.push('.');
            text.push_str(&key);
        }
        text
    }
}

fn head_parts(head: &RuleHead) -> (&Ref<Expr>, &[Ref<Expr>]) {
    match head {
        RuleHead::Compr { refr, .. } | RuleHead::Set { refr, .. } => (refr, &[]),
        RuleHead::Func { refr, args, .. } => (refr, args),
    }
}

fn head_name(rule: &Rule) -> Option<String> {
    let refr = match rule {
        Rule::Spec { head, .. } => head_parts(head).0,
        Rule::Default { refr, .. } => refr,
    };
    Flat::of(refr).name().map(ToOwned::to_owned)
}

fn alias(import: &Import) -> Option<(String, (Root, Vec<String>))> {
    let flat = Flat::of(&import.refr);
    let root = match flat.name()? {
        "input" => Root::Input,
        "data" => Root::Data,
        _ => return None,
    };
    let path: Vec<String> = flat.static_path().collect();
    let name = match &import.r#as {
        Some(span) => span.text().to_owned(),
        None => path.last()?.clone(),
    };
    Some((name, (root, path)))
}

/// The names that a query binds by `some` and `:=`.
fn declared(query: &Query) -> HashSet<String> {
    let mut names = HashSet::new();
    for stmt in &query.stmts {
        match &stmt.literal {
            Literal::SomeVars { vars, .. } => {
                names.extend(vars.iter().map(|v| v.text().to_owned()));
            }
            Literal::SomeIn { key, value, .. } => {
                names.extend(pattern_names(key.iter().chain([value])));
            }
            Literal::Expr { expr, .. } => {
                if let Expr::AssignExpr {
                    op: AssignOp::ColEq,
                    lhs,
                    ..
                } = &**expr
                {
                    names.extend(pattern_names([lhs]));
                }
            }
            Literal::NotExpr { .. } | Literal::Every { .. } => {}
        }
    }
    names
}

/// The variables of patterns such as `[x, {"k": y}]`.
fn pattern_names<'a>(patterns: impl IntoIterator<Item = &'a Ref<Expr>>) -> HashSet<String> {
    let mut names = HashSet::new();
    let mut pending: Vec<&Ref<Expr>> = patterns.into_iter().collect();
    while let Some(pattern) = pending.pop() {
        match &**pattern {
            Expr::Var { span, .. } => drop(names.insert(span.text().to_owned())),
            Expr::Array { items, .. } => pending.extend(items),
            Expr::Object { fields, .. } => pending.extend(fields.iter().map(|(_, _, value)| value)),
            _ => {}
        }
    }
    names
}
