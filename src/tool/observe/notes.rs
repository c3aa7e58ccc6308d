//! What `trace` says: with a trace wanted, its calls become calls of `print` that say what they are.

use regate_rego::syntax::ast::{Body, LiteralKind, Module, Term, TermKind};
use regate_rego::value::Str;

/// What such a `print` begins with: no policy prints that.
const NOTE: &str = "\u{1}note\u{1} ";

/// Turns the calls of `trace` that stand in bodies of rules.
pub(in crate::tool) fn turn(modules: &mut [Module]) {
    let rules = modules.iter_mut().flat_map(|module| &mut module.rules);
    for rule in rules {
        body(&mut rule.body);
        rule.else_
            .iter_mut()
            .for_each(|branch| body(&mut branch.body));
    }
}

/// The note that a printed line is, if it is one.
pub(in crate::tool) fn of(line: &str) -> Option<&str> {
    line.strip_prefix(NOTE)
}

fn body(body: &mut Body) {
    for literal in &mut body.literals {
        let LiteralKind::Term(term) = &mut literal.kind else {
            continue;
        };
        let span = term.span;
        let TermKind::Call(call) = &mut term.kind else {
            continue;
        };
        let is_trace =
            matches!(&call.operator.head.kind, TermKind::Var(name) if &**name == "trace");
        if is_trace && call.operator.path.is_empty() && call.args.len() == 1 && !literal.negated {
            call.operator.head.kind = TermKind::Var(Str::from("print"));
            let kind = TermKind::String(Str::from(NOTE.trim_end()));
            call.args.insert(0, Term { span, kind });
        }
    }
}
