//! `with` modifiers: what is replaced, by what.

use super::Lower;
use super::call::{Function, dotted, path_text};
use crate::check::errors::Stage;
use crate::check::names::{scalar, var_name};
use crate::hir::{Base, BuiltinRef, Callee, Expr, ExprKind, Replacement, Target, With};
use crate::source::{Code, Span};
use crate::syntax::ast::{self, Ref, Term, TermKind};
use crate::value::Value;

impl Lower<'_> {
    /// The modifiers of a literal; what their values need goes before the literal.
    pub(super) fn modifiers(&mut self, modifiers: &[ast::With]) -> Box<[With]> {
        let lowered = modifiers.iter().filter_map(|with| self.modifier(with));
        let mut lowered: Box<[With]> = lowered.collect();
        // Calls of all values go before what refers in one of them.
        for with in &mut lowered {
            if let Replacement::Value(value) = &mut with.value
                && !(with.target.is_function() && self.is_document(value))
            {
                let evaluated = std::mem::replace(value, Expr::constant(true, with.place));
                *value = self.plain(evaluated);
            }
        }
        lowered
    }

    /// Whether the value refers to rules or a package of them: in the place of a function it is then evaluated where
    /// that is called.
    fn is_document(&self, value: &Expr) -> bool {
        let ExprKind::Ref(reference) = &value.kind else {
            return false;
        };
        let path: Option<Vec<Value>> = reference
            .keys
            .iter()
            .map(|key| key.as_const().cloned())
            .collect();
        matches!(reference.base, Base::Data)
            && path.is_some_and(|path| self.names.leads_to_rule(&path))
    }

    fn modifier(&mut self, with: &ast::With) -> Option<With> {
        let place = self.place(with.span);
        if self.is_irreplaceable(&with.target) {
            return None;
        }
        let Some((target, arity)) = self.target(&with.target) else {
            let message = "with keyword target must reference existing input, data, or a function";
            self.error(Stage::Sugar, Code::Type, with.target.span, message);
            return None;
        };
        let value = match arity {
            Some(arity) => self.replacement(&with.value, &target, arity),
            None => Replacement::Value(self.term(&with.value)),
        };
        Some(With {
            place,
            target,
            value,
        })
    }

    /// What is replaced; of a function with the number of its arguments.
    fn target(&mut self, term: &Term) -> Option<(Target, Option<usize>)> {
        let whole = as_reference(term)?;
        let head = var_name(&whole.head)?;
        if let Some(Function { callee, arity }) = self.function(&whole) {
            let target = match callee {
                Callee::Function(path) => Target::Function(path),
                Callee::Builtin(builtin) => Target::Builtin(builtin),
            };
            return Some((target, Some(arity)));
        }
        let (base, mut path) = self.document(head)?;
        let keys: Option<Vec<Value>> = whole.path.iter().map(scalar).collect();
        let Some(keys) = keys.filter(|keys| keys.iter().all(|key| matches!(key, Value::String(_))))
        else {
            self.ground_target(term.span);
            return None;
        };
        path.extend(keys);
        match base {
            Base::Input => Some((Target::Input(path), None)),
            Base::Data => {
                if self.names.inside_rule(&path) {
                    let message = "with keyword cannot partially replace virtual document(s)";
                    self.error(Stage::Sugar, Code::Compile, term.span, message);
                }
                Some((Target::Data(path), None))
            }
            Base::Expr(_) => None,
        }
    }

    /// Reports built-ins that no policy names, those that give no answer or several, and those that are none when it
    /// runs; whether the target is such a one.
    fn is_irreplaceable(&mut self, term: &Term) -> bool {
        let Some(target) = &as_reference(term) else {
            return false;
        };
        if var_name(&target.head).is_none_or(|head| self.document(head).is_some()) {
            return false;
        }
        let name = dotted(target);
        let builtin = match self.function(target).map(|function| function.callee) {
            Some(Callee::Function(_)) => return false,
            Some(Callee::Builtin(builtin)) => Some(builtin),
            None => None,
        };
        let relation = matches!(builtin, Some(BuiltinRef::Known(known)) if known.relation);
        let why = match &*name {
            _ if relation => "target must not be a relation".to_owned(),
            "print" if builtin.is_some() => "target must not be a void function".to_owned(),
            "eq" | "rego.metadata.chain" | "rego.metadata.rule" => {
                format!("replacement of \"{name}\" invalid")
            }
            _ if name.starts_with("internal.") => {
                format!("replacement of internal function \"{name}\" invalid")
            }
            _ => return false,
        };
        let message = format!("with keyword replacing built-in function: {why}");
        self.error(Stage::Sugar, Code::Compile, term.span, &message);
        true
    }

    fn ground_target(&mut self, span: Span) {
        let message = "with keyword target must be ground: keys of it are strings";
        self.error(Stage::Sugar, Code::Type, span, message);
    }

    /// What a function is replaced by: a function that takes as many arguments, or a value.
    fn replacement(&mut self, term: &Term, target: &Target, arity: usize) -> Replacement {
        if let Some(name) = as_reference(term)
            && let Some(function) = self.function(&name)
        {
            if function.arity != arity {
                let target = dotted_text(target);
                let message = format!(
                    "{target}: arity mismatch\n\thave: {} arguments\n\twant: {arity} arguments",
                    function.arity
                );
                self.error(Stage::Functions, Code::Type, term.span, message);
            }
            return match function.callee {
                Callee::Function(path) => Replacement::Function(path),
                Callee::Builtin(builtin) => {
                    self.forbidden(&builtin, term.span);
                    Replacement::Builtin(builtin)
                }
            };
        }
        Replacement::Value(self.term(term))
    }
}

impl Target {
    /// Whether it is a function, of the policy or built in.
    fn is_function(&self) -> bool {
        matches!(self, Self::Function(_) | Self::Builtin(_))
    }
}

fn dotted_text(target: &Target) -> String {
    match target {
        Target::Function(path) | Target::Data(path) | Target::Input(path) => path_text(path),
        Target::Builtin(builtin) => builtin.name().to_owned(),
    }
}

/// A variable or reference as a reference.
fn as_reference(term: &Term) -> Option<Ref> {
    match &term.kind {
        TermKind::Ref(reference) => Some(reference.clone()),
        TermKind::Var(_) => Some(Ref {
            span: term.span,
            head: Box::new(term.clone()),
            path: Vec::new(),
        }),
        _ => None,
    }
}
