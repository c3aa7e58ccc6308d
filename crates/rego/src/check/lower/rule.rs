//! Rules: head, body, else branches.

use std::collections::{HashMap, HashSet};

use super::body::first_literal;
use super::{Lower, declared, strs};
use crate::check::errors::Stage;
use crate::check::names::{scalar, var_name};
use crate::check::safety;
use crate::check::scope::{Closure, Declares, Occurrence};
use crate::hir::{Body, Branch, Expr, ExprKind, Literal, Local, Place, Rule, RuleKind};
use crate::source::{Code, Span};
use crate::syntax::ast::{self, Else, HeadKind, Term, TermKind};
use crate::value::Str;

/// The parameters of a function: patterns, what they need, and the names in them.
#[derive(Default)]
struct Params {
    patterns: Vec<Expr>,
    before: Vec<Literal>,
    names: HashMap<Str, (Local, Place)>,
    /// Names that stand in them more than once, which uses them.
    repeated: HashSet<Str>,
}

impl Lower<'_> {
    pub(super) fn rule(mut self, rule: &ast::Rule) -> Rule {
        self.shadows(rule);
        self.default_is_plain(rule);
        let mut params = self.params(rule);
        self.open_branch(&rule.body, &params);
        self.patterns(rule, &mut params);
        let mut body = params.before.clone();
        body.append(&mut self.literals(&rule.body));
        let (path, keys) = self.name(&rule.head.reference);
        let faulty = self.enter_head();
        let kind = self.rule_kind(&rule.head, params.patterns.clone());
        body.append(&mut self.before);
        self.faulty = faulty;
        self.close(first_literal(&rule.body));
        let else_: Vec<Branch> = rule
            .else_
            .iter()
            .map(|branch| self.branch(branch, &params))
            .collect();
        self.unused_args(1 + else_.len(), rule.head.span);
        let package = self.globals.package.len();
        let mut lowered = Rule {
            place: self.place(rule.span),
            head_place: self.place(rule.head.span),
            version: self.version,
            path: path.into(),
            package,
            keys: keys.into(),
            kind,
            default: rule.default,
            body: Body { literals: body },
            else_: else_.into(),
            locals: Box::default(),
        };
        let resolved = self.locals.resolve();
        safety::rule(&mut lowered, resolved, self.file, self.errors);
        lowered
    }

    /// Parameters that none of the branches uses.
    fn unused_args(&mut self, branches: usize, head: Span) {
        let unused = std::mem::take(&mut self.unused_args);
        let mut counts: HashMap<Place, usize> = HashMap::new();
        for (_, place) in &unused {
            *counts.entry(*place).or_default() += 1;
        }
        for (name, place) in &unused {
            if counts.get(place).is_some_and(|count| *count >= branches) {
                let message =
                    format!("unused argument {name}. (hint: use _ (wildcard variable) instead)");
                self.error(Stage::Aside, Code::Compile, head, message);
            }
        }
    }

    /// A default has parameters that are variables, each another one, and a value that needs no evaluation.
    fn default_is_plain(&mut self, rule: &ast::Rule) {
        if !rule.default {
            return;
        }
        let mut names = HashSet::new();
        for arg in rule.head.args.as_deref().unwrap_or_default() {
            let message = match &arg.kind {
                TermKind::Var(name) if &**name == "_" || names.insert(name.clone()) => continue,
                TermKind::Var(name) => {
                    format!("illegal default rule (arguments cannot be repeated {name})")
                }
                kind => format!(
                    "illegal default rule (arguments cannot contain {})",
                    super::body::kind_name(kind)
                ),
            };
            self.error(Stage::Names, Code::Parse, arg.span, message);
        }
        if let HeadKind::Value {
            value: Some(value), ..
        } = &rule.head.kind
            && let TermKind::Var(_) | TermKind::Ref(_) | TermKind::Call(_) = &value.kind
        {
            let kind = super::body::kind_name(&value.kind);
            let message = format!("illegal default rule (value cannot contain {kind})");
            self.error(Stage::Names, Code::Parse, value.span, message);
        }
    }

    fn shadows(&mut self, rule: &ast::Rule) {
        if let Some(name) = var_name(&rule.head.reference.head)
            && matches!(&**name, "input" | "data")
            && self.refuses_shadows()
        {
            let message = format!("rules must not shadow {name} (use a different rule name)");
            self.error(Stage::Aside, Code::Compile, rule.head.span, message);
        }
    }

    /// A body with the parameters in sight.
    fn open_branch(&mut self, body: &ast::Body, params: &Params) {
        let mut declares = declared::names(body);
        for name in params.names.keys() {
            declares.add(name);
        }
        self.faulty = false;
        self.locals.open(declares, Closure::Plain);
        for (name, (local, place)) in &params.names {
            let at = (*place, Occurrence::Argument);
            self.locals.insert(name, *local, at);
        }
        self.locals.set_uses(&params.repeated);
    }

    /// What follows stands in the head; whether the body is faulty.
    fn enter_head(&mut self) -> bool {
        self.locals.head();
        std::mem::take(&mut self.faulty)
    }

    fn branch(&mut self, branch: &Else, params: &Params) -> Branch {
        self.open_branch(&branch.body, params);
        let mut literals = params.before.clone();
        literals.append(&mut self.literals(&branch.body));
        let faulty = self.enter_head();
        let value = self.value(branch.value.as_ref(), branch.span);
        literals.append(&mut self.before);
        self.faulty = faulty;
        self.close(first_literal(&branch.body));
        let body = Body { literals };
        Branch {
            place: self.place(branch.span),
            value,
            body,
        }
    }

    /// The parameters, whose variables are the rule's own whatever the globals are.
    fn params(&mut self, rule: &ast::Rule) -> Params {
        let args = rule.head.args.as_deref().unwrap_or_default();
        let mut names = Vec::new();
        for arg in args {
            param_names(arg, &mut names);
        }
        let mut declares = Declares::default();
        for (name, _) in &names {
            declares.add(name);
        }
        self.locals.open(declares, Closure::Plain);
        let mut params = Params::default();
        for (name, span) in names {
            let place = self.place(span);
            if params.names.contains_key(name) {
                params.repeated.insert(name.clone());
                continue;
            }
            if matches!(&**name, "input" | "data") {
                let message =
                    format!("args must not shadow {name} (use a different variable name)");
                self.error(Stage::Arguments, Code::Compile, span, message);
            }
            let local = self.locals.fresh(name, place, false);
            let at = (place, Occurrence::Argument);
            self.locals.insert(name, local, at);
            params.names.insert(name.clone(), (local, place));
        }
        self.locals.close();
        params
    }

    /// The parameters as patterns, in the scope of the body: what is no variable of a parameter is one of the body.
    fn patterns(&mut self, rule: &ast::Rule, params: &mut Params) {
        for arg in rule.head.args.as_deref().unwrap_or_default() {
            self.param_is_pattern(arg, params);
            let pattern = self.head_term(arg);
            params.patterns.push(pattern);
        }
        params.before = std::mem::take(&mut self.before);
        self.locals.set_uses(&params.repeated);
    }

    /// What a parameter refers to must be bound by the other parameters: documents are not seen there.
    fn param_is_pattern(&mut self, term: &Term, params: &Params) {
        match &term.kind {
            TermKind::Var(name) if !params.names.contains_key(name) && &**name != "_" => {
                let message = format!("var {name} is unsafe");
                self.error(Stage::Safety, Code::UnsafeVar, term.span, message);
            }
            TermKind::Call(_) => {
                let message = "rule arguments cannot contain calls";
                self.error(Stage::Arguments, Code::Compile, term.span, message);
            }
            TermKind::Ref(reference) => {
                self.param_is_pattern(&reference.head, params);
                for key in &reference.path {
                    self.param_is_pattern(key, params);
                }
            }
            TermKind::Array(items) | TermKind::Set(items) => {
                for item in items {
                    self.param_is_pattern(item, params);
                }
            }
            TermKind::Object(members) => {
                for (key, value) in members {
                    self.param_is_pattern(key, params);
                    self.param_is_pattern(value, params);
                }
            }
            _ => {}
        }
    }

    /// The ground part of a rule's name, and the rest.
    fn name(&mut self, name: &ast::Ref) -> (Vec<crate::Value>, Vec<Expr>) {
        let mut path = strs(&self.globals.package);
        path.extend(var_name(&name.head).cloned().map(crate::Value::from));
        let ground = name.path.iter().map_while(scalar);
        let before = path.len();
        path.extend(ground);
        let rest = name.path.iter().skip(path.len() - before);
        let keys = rest.map(|key| self.head_term(key)).collect();
        (path, keys)
    }

    fn rule_kind(&mut self, head: &ast::Head, params: Vec<Expr>) -> RuleKind {
        match &head.kind {
            HeadKind::Contains(member) => RuleKind::Member(self.head_term(member)),
            HeadKind::Value { value, .. } => {
                let value = self.value(value.as_ref(), head.span);
                if head.args.is_some() {
                    RuleKind::Function { params, value }
                } else {
                    RuleKind::Value(value)
                }
            }
        }
    }

    fn value(&mut self, value: Option<&Term>, span: Span) -> Expr {
        match value {
            Some(value) => self.head_term(value),
            None => Expr::constant(true, self.place(span)),
        }
    }
}

impl Expr {
    /// Whether it is a variable.
    pub(in crate::check) fn as_local(&self) -> Option<Local> {
        match self.kind {
            ExprKind::Local(local) => Some(local),
            _ => None,
        }
    }
}

/// The variables of a parameter, but not those of references in it.
fn param_names<'t>(term: &'t Term, found: &mut Vec<(&'t Str, Span)>) {
    match &term.kind {
        TermKind::Var(name) if &**name != "_" => found.push((name, term.span)),
        TermKind::Array(items) | TermKind::Set(items) => {
            for item in items {
                param_names(item, found);
            }
        }
        TermKind::Object(members) => {
            for (key, value) in members {
                param_names(key, found);
                param_names(value, found);
            }
        }
        _ => {}
    }
}
