//! Constant arguments of a program's calls: what of them can be compiled before anything is asked.

use crate::builtins::Ready;
use crate::plan::ir::{Expr, Program};
use crate::plan::walk::{self, Visitor};
use crate::value::Value;

/// Compiles what the calls of a program have as constants.
pub(super) fn ready(program: &Program) -> Ready {
    let mut constants = Constants(Ready::default());
    for unit in &program.units {
        let clauses = unit.rules.iter().flat_map(|rule| {
            let probes = rule.probes.iter().flatten();
            rule.clauses.iter().chain(probes)
        });
        for clause in clauses.chain(&unit.default) {
            walk::block(&clause.block, &mut constants);
        }
    }
    constants.0
}

struct Constants(Ready);

// === impl Constants ===

impl Visitor for Constants {
    fn expr(&mut self, expr: &Expr) {
        if let Expr::Builtin(builtin, args) = expr
            && let Some(prepare) = builtin.prepare
        {
            let args: Vec<Option<&Value>> = args.values.iter().map(constant).collect();
            prepare(&mut self.0, &args);
        }
    }
}

fn constant(expr: &Expr) -> Option<&Value> {
    match expr {
        Expr::Const(value) => Some(value),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::syntax::ast::RegoVersion;
    use crate::value::Value;
    use crate::{CompileOptions, Compiled, EvalOptions, Evaluator, Source, compile};

    const POLICY: &str = r#"package p
whole if regex.match("^/a+$", input)
replaced := regex.replace(input, "a+", "b")
templated if regex.template_match("/{a+}", input, "{", "}")
globbed if glob.match("/*", ["/"], input)
inside := [x | some x in regex.split("/", input); regex.match("^a", x)]
broken if regex.match("(", input)
broken if glob.match("[", [], input)
dynamic if regex.match(input, "x")
"#;

    fn compiled() -> Compiled {
        let source = Source {
            name: "p.rego",
            text: POLICY,
            version: RegoVersion::default(),
        };
        compile(&[source], CompileOptions::default()).expect("a policy")
    }

    fn ask(compiled: &Compiled) -> String {
        let query = compiled.prepare("data.p").expect("a query");
        let (policy, input) = (compiled.policy(), Value::from("/aa"));
        let mut options = EvalOptions::default();
        let answer = query.value(&mut Evaluator::new(), policy, Some(&input), &mut options);
        answer.expect("no error").expect("an answer").to_string()
    }

    #[test]
    fn constants_of_calls_are_compiled_wherever_they_stand() {
        let ready = super::ready(compiled().policy().program());
        assert_eq!(ready.len(), 6, "{ready:?}");
    }

    #[test]
    fn compiling_them_changes_no_answer() {
        let (early, late) = (compiled(), compiled());
        early.policy().compile_constants();
        let answer = ask(&early);
        assert_eq!(answer, ask(&late));
        assert!(!answer.contains("broken"), "{answer}");
    }
}
