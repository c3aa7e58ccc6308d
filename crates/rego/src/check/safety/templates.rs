//! What template strings read: they bind nothing, so a variable that only they have is an error of its own.

use super::Resolved;
use super::visit::{self, Visitor};
use crate::hir::{
    Body, Call, Callee, Comprehension, ComprehensionHead, Expr, ExprKind, LiteralKind, Local,
};

/// The variables in the template strings of a rule or query.
pub(super) struct Templates {
    depths: Vec<u32>,
    /// Whether there is anything to look for.
    some: bool,
    pub(super) found: Vec<Read>,
}

/// A variable that stands in a template string.
pub(super) struct Read {
    pub(super) local: Local,
    /// Whether it stands nowhere else.
    pub(super) own: bool,
}

/// Finds the template strings that stand directly in a literal.
struct Direct<'t> {
    templates: &'t mut Templates,
    depth: u32,
}

/// Finds variables outside of closures.
struct Variables(Vec<Local>);

// === impl Templates ===

impl Templates {
    /// With how deep the variables' bodies stand.
    pub(super) fn of(resolved: &Resolved) -> Self {
        let some = resolved.templates;
        let depths = if some {
            resolved.depths.clone()
        } else {
            Vec::new()
        };
        Self {
            depths,
            some,
            found: Vec::new(),
        }
    }

    /// Looks through a body whose variables have this depth.
    pub(super) fn body(&mut self, body: &mut Body, depth: u32) {
        if !self.some {
            return;
        }
        for literal in &mut body.literals {
            if let LiteralKind::Not {
                body,
                closed: false,
            } = &mut literal.kind
            {
                self.body(body, depth);
                continue;
            }
            let templates = &mut *self;
            visit::literal(literal, &mut Direct { templates, depth });
            visit::closures(literal, &mut |_, body| self.body(body, depth + 1));
        }
    }

    fn part(&mut self, part: &mut Comprehension, depth: u32) {
        let mut variables = Variables(Vec::new());
        if let ComprehensionHead::Set(value) = &mut part.head {
            if part.body.literals.is_empty() && matches!(value.kind, ExprKind::Local(_)) {
                // A variable and nothing else is unsafe like anywhere.
                return;
            }
            visit::expr(value, &mut variables);
        }
        let given = part.body.literals.iter().all(
            |literal| matches!(&literal.kind, LiteralKind::Unify(_, value) if is_local(value)),
        );
        if !part.body.literals.is_empty() && given {
            return;
        }
        visit::body(&mut part.body, &mut variables);
        let reads = variables.0.into_iter().map(|local| {
            let at = self.depths.get(local.0 as usize);
            Read {
                local,
                own: at.is_some_and(|at| *at > depth),
            }
        });
        self.found.extend(reads);
    }
}

// === impl Visitor ===

impl Visitor for Direct<'_> {
    fn local(&mut self, _: &mut Local) {}

    fn call(&mut self, call: &mut Call) {
        let is_template = matches!(&call.callee, Callee::Builtin(builtin) if builtin.name() == "internal.template_string");
        let Some(ExprKind::Array(parts)) = call.args.first_mut().map(|arg| &mut arg.kind) else {
            return;
        };
        for part in parts.iter_mut().filter(|_| is_template) {
            if let ExprKind::Comprehension(part) = &mut part.kind {
                self.templates.part(part, self.depth);
            }
        }
    }

    fn closure(&mut self) -> bool {
        false
    }
}

impl Visitor for Variables {
    fn local(&mut self, local: &mut Local) {
        self.0.push(*local);
    }

    fn closure(&mut self) -> bool {
        false
    }
}

fn is_local(expr: &Expr) -> bool {
    matches!(expr.kind, ExprKind::Local(_))
}
