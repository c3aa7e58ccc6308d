//! Calls: what is called, and with how many arguments.

use super::Lower;
use crate::check::errors::Stage;
use crate::check::names::{scalar, var_name};
use crate::hir::{Base, BuiltinRef, Call, Callee, Expr, ExprKind, Literal, LiteralKind};
use crate::source::{Code, Span};
use crate::syntax::ast::{self, Ref, Term};
use crate::value::{Str, Value};

/// Something that can be called, and how many arguments it takes.
pub(super) struct Function {
    pub(super) callee: Callee,
    pub(super) arity: usize,
}

impl Lower<'_> {
    /// A call whose value is asked for; nothing after an error.
    pub(super) fn call_value(&mut self, call: &ast::Call, span: Span) -> Option<Expr> {
        if self.is_print(call) {
            let message = format!("{} used as value", self.file.slice(span));
            self.error(Stage::Sugar, Code::Type, span, message);
            return None;
        }
        if let Some(value) = self.metadata(call, span) {
            return Some(value);
        }
        let function = self.function_or_error(call, true)?;
        self.deprecated(&function.callee, span);
        if is_eq(&function.callee)
            && let Some(value) = self.eq_value(&call.args, &function, span)
        {
            return Some(value);
        }
        if call.args.len() != function.arity {
            self.arity_error(call, &function, span);
            return None;
        }
        let args = call.args.iter().map(|arg| self.term(arg)).collect();
        Some(self.call(function.callee, args, span))
    }

    /// A call that is a literal: one argument more than declared is its result.
    pub(super) fn call_literal(&mut self, call: &ast::Call, span: Span) -> Option<LiteralKind> {
        if self.is_print(call) {
            return self.print(&call.args);
        }
        if let Some(value) = self.metadata(call, span) {
            return Some(LiteralKind::Test(value));
        }
        let function = self.function_or_error(call, false)?;
        self.deprecated(&function.callee, span);
        if is_eq(&function.callee) && call.args.len() > function.arity {
            let args = call.args.iter().map(|arg| self.term(arg)).collect();
            return Some(LiteralKind::Test(self.call(function.callee, args, span)));
        }
        let result = match call.args.len().checked_sub(function.arity) {
            Some(0) => None,
            Some(1) => call.args.last(),
            _ => {
                self.arity_error(call, &function, span);
                return None;
            }
        };
        let args = call
            .args
            .iter()
            .take(function.arity)
            .map(|arg| self.term(arg))
            .collect();
        let value = self.call(function.callee, args, span);
        Some(match result {
            Some(result) => LiteralKind::Unify(self.term(result), value),
            None => LiteralKind::Test(value),
        })
    }

    /// `eq` as a value. It has none: of one argument the argument is equal to it, and of two nothing binds it, which
    /// safety or types find out.
    fn eq_value(&mut self, args: &[Term], function: &Function, span: Span) -> Option<Expr> {
        let place = self.place(span);
        match args {
            [one] => Some(self.term(one)),
            [_, _] => {
                let value = Expr::local(self.generated("value", place), place);
                let mut args: Vec<Expr> = args.iter().map(|arg| self.term(arg)).collect();
                args.push(value.clone());
                let call = self.call(function.callee.clone(), args, span);
                let test = LiteralKind::Test(call);
                self.before.push(Literal::new(place, test));
                Some(value)
            }
            _ => None,
        }
    }

    /// The operator that a literal calls by its name, `eq` or `assign`, with its sides.
    pub(super) fn operator<'c>(
        &self,
        call: &'c ast::Call,
    ) -> Option<(&'static str, [&'c Term; 2])> {
        let [left, right] = call.args.as_slice() else {
            return None;
        };
        match self.function(&call.operator)?.callee {
            Callee::Builtin(builtin) => match builtin.name() {
                "eq" => Some(("eq", [left, right])),
                "assign" => Some(("assign", [left, right])),
                _ => None,
            },
            Callee::Function(_) => None,
        }
    }

    /// What the name of a function means here.
    pub(super) fn function(&self, name: &Ref) -> Option<Function> {
        let head = var_name(&name.head)?;
        if let Some((base, mut path)) = self.document(head) {
            path.extend(name.path.iter().map_while(scalar));
            // A rule or import hides the built-ins of its name, even where it is no function.
            let arity = match base {
                Base::Data => self.names.arity(&path),
                Base::Input | Base::Expr(_) => None,
            };
            return arity.map(|arity| Function {
                callee: Callee::Function(path),
                arity,
            });
        }
        if self.locals.is_declared(head) {
            return None;
        }
        let (builtin, arity) = self.options.capabilities.entry(&dotted(name))?;
        Some(Function {
            callee: Callee::Builtin(builtin.clone()),
            arity,
        })
    }

    /// What is called, or an error; `inside` says whether the call stands inside of a literal.
    fn function_or_error(&mut self, call: &ast::Call, inside: bool) -> Option<Function> {
        if let Some(head) = var_name(&call.operator.head) {
            self.called_name(head, call, inside);
        }
        let found = self.function(&call.operator);
        if found.is_none() {
            let name = self.full_name(&call.operator);
            let span = call.operator.span;
            let message = format!("undefined function {name}");
            let mut diagnostic = self.file.diagnostic(Code::Type, span, message);
            if let Some(near) = self.nearest(&dotted(&call.operator)) {
                diagnostic = diagnostic.hint(format!("did you mean {near}?"));
            }
            self.errors.add(Stage::Functions, diagnostic);
        }
        found
    }

    /// The name of what is called is a name like others: it may be a variable's, and it cannot become one after.
    fn called_name(&mut self, head: &Str, call: &ast::Call, inside: bool) {
        if self.locals.is_declared(head) {
            self.locals.mark_used(head);
            if inside {
                let message = format!("called function {} shadowed", dotted(&call.operator));
                self.error(Stage::Names, Code::Compile, call.operator.span, message);
            }
        } else if inside && self.document(head).is_none() {
            self.locals.see(head);
        }
    }

    /// A built-in that is deprecated is none in v1, but where OPA does not look; one that the host forbids is none at
    /// all.
    fn deprecated(&mut self, callee: &Callee, span: Span) {
        if let Callee::Builtin(builtin) = callee {
            self.forbidden(builtin, span);
        }
        if let Callee::Builtin(BuiltinRef::Known(builtin)) = callee
            && builtin.deprecated
            && !self.apart
            && self.refuses_shadows()
        {
            let message = format!(
                "deprecated built-in function calls in expression: {}",
                builtin.name
            );
            self.error(Stage::Builtins, Code::Type, span, message);
        }
    }

    /// Refuses a built-in that the host forbids.
    pub(super) fn forbidden(&mut self, builtin: &BuiltinRef, span: Span) {
        let name = builtin.name();
        if self.options.capabilities.is_forbidden(name) {
            let message = format!("unsafe built-in function calls in expression: {name}");
            self.error(Stage::Recursion, Code::Type, span, message);
        }
    }

    fn call(&self, callee: Callee, args: Vec<Expr>, span: Span) -> Expr {
        let place = self.place(span);
        Expr::new(place, ExprKind::Call(Box::new(Call { callee, args })))
    }

    /// Whether a literal prints and does nothing else.
    pub(super) fn is_print_literal(&self, literal: &ast::Literal) -> bool {
        match &literal.kind {
            ast::LiteralKind::Term(term) => {
                matches!(&term.kind, ast::TermKind::Call(call) if self.is_print(call))
            }
            _ => false,
        }
    }

    fn is_print(&self, call: &ast::Call) -> bool {
        call.operator.path.is_empty()
            && var_name(&call.operator.head).is_some_and(|name| &**name == "print")
            && matches!(
                self.function(&call.operator),
                Some(Function {
                    callee: Callee::Builtin(_),
                    ..
                })
            )
    }

    fn print(&mut self, args: &[Term]) -> Option<LiteralKind> {
        let before = self.errors.len();
        let args = args.iter().map(|arg| self.optional(arg, &[])).collect();
        if self.options.prints {
            return Some(LiteralKind::Print(args));
        }
        // Its arguments use names, and are nothing else.
        self.errors.keep_up_to(Stage::Names, before);
        None
    }

    fn arity_error(&mut self, call: &ast::Call, function: &Function, span: Span) {
        let got = call.args.len();
        let message = match &function.callee {
            Callee::Function(_) => {
                let name = self.full_name(&call.operator);
                let s = if got == 1 { "" } else { "s" };
                format!(
                    "function {name} has arity {}, got {got} argument{s}",
                    function.arity
                )
            }
            Callee::Builtin(builtin) => {
                let have = call
                    .args
                    .iter()
                    .map(static_type)
                    .collect::<Vec<_>>()
                    .join(", ");
                let want = wanted(builtin);
                format!(
                    "{}: arity mismatch\n\thave: ({have})\n\twant: ({want})",
                    builtin.name()
                )
            }
        };
        self.error(Stage::Functions, Code::Type, span, message);
    }

    /// The name of a function, with the package where it is a rule's.
    fn full_name(&self, name: &Ref) -> String {
        match var_name(&name.head).and_then(|head| self.document(head)) {
            Some((Base::Data, mut path)) => {
                path.extend(name.path.iter().map_while(scalar));
                path_text(&path)
            }
            Some((Base::Input, mut path)) => {
                path.extend(name.path.iter().map_while(scalar));
                path_text(&path).replacen("data", "input", 1)
            }
            _ => dotted(name),
        }
    }

    /// The function whose name differs least, if it is close.
    fn nearest(&self, name: &str) -> Option<String> {
        let builtins = self.options.capabilities.names();
        let scored = builtins.map(|known| (distance(name, known), known));
        let (score, known) = scored.min()?;
        (score <= 1 + name.len() / 5).then(|| known.to_owned())
    }
}

fn is_eq(callee: &Callee) -> bool {
    matches!(callee, Callee::Builtin(builtin) if builtin.name() == "eq")
}

/// A reference as people write it, where its keys are strings.
pub(super) fn dotted(name: &Ref) -> String {
    let mut text = var_name(&name.head)
        .map(ToString::to_string)
        .unwrap_or_default();
    for key in name.path.iter().filter_map(scalar) {
        text.push('.');
        text.push_str(key.as_str().unwrap_or_default());
    }
    text
}

/// `data.a.b` for people.
pub(in crate::check) fn path_text(path: &[Value]) -> String {
    let keys = path.iter().map(|key| match key {
        Value::String(name) if is_name(name) => format!(".{name}"),
        Value::String(name) => format!("[{:?}]", &**name),
        Value::Number(number) => format!("[{number}]"),
        Value::Bool(v) => format!("[{v}]"),
        _ => "[null]".to_owned(),
    });
    std::iter::once("data".to_owned()).chain(keys).collect()
}

fn is_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes
        .next()
        .is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
        && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// The type of an argument where its text says it.
fn static_type(term: &Term) -> &'static str {
    match scalar(term).as_ref().map(Value::type_name) {
        Some("null") => "null",
        Some("boolean") => "boolean",
        Some("number") => "number",
        Some("string") => "string",
        _ => "any",
    }
}

fn wanted(builtin: &BuiltinRef) -> String {
    let declaration = builtin.declaration();
    let names = declaration
        .args
        .iter()
        .enumerate()
        .map(|(at, arg)| match &arg.name {
            Some(name) => name.to_string(),
            None => format!("argument {}", at + 1),
        });
    names.collect::<Vec<_>>().join(", ")
}

/// How many edits of one byte lie between two names.
fn distance(a: &str, b: &str) -> usize {
    if a.len().abs_diff(b.len()) > 3 || a.len() > 64 {
        return usize::MAX;
    }
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        if let Some(first) = row.first_mut() {
            *first = left;
        }
        for (slot, y) in row.iter_mut().skip(1).zip(b.bytes()) {
            let substituted = diagonal + usize::from(x != y);
            diagonal = *slot;
            left = substituted.min(*slot + 1).min(left + 1);
            *slot = left;
        }
    }
    row.last().copied().unwrap_or(usize::MAX)
}
