//! What OPA lists among its built-ins, and the language itself does here: printing, and a rule's own annotations. No
//! built-in computes them, so the registry knows none of them.

use super::Declaration;
use crate::types::{Function, Named, Type};
use crate::value::Str;

/// The declarations.
pub(super) fn declarations() -> [Declaration; 5] {
    let calls = |of: Type| Function {
        args: vec![Named::from(Type::array(of))],
        variadic: None,
        result: None,
    };
    let print = Function {
        args: Vec::new(),
        variadic: Some(Type::any()),
        result: None,
    };
    let chain = gives(
        "chain",
        Type::array(Type::any()),
        "the rule, its package and the packages around it, those with annotations",
    );
    let rule = gives(
        "output",
        Type::any(),
        "the annotations, empty if there are none",
    );
    [
        declared("internal.print", "", calls(Type::set(Type::any()))),
        declared("internal.test_case", "", calls(Type::any())),
        declared("print", "", print),
        declared(
            "rego.metadata.chain",
            "Gives the annotations of the rule and of what is around it, from the rule outwards.",
            chain,
        ),
        declared(
            "rego.metadata.rule",
            "Gives the annotations of the rule, those of its own scope.",
            rule,
        ),
    ]
}

fn declared(name: &str, description: &str, declaration: Function) -> Declaration {
    Declaration {
        name: Str::from(name),
        description: Str::from(description),
        categories: Vec::new(),
        declaration,
        infix: None,
        relation: false,
        nondeterministic: false,
        deprecated: false,
    }
}

fn gives(name: &str, of: Type, description: &str) -> Function {
    Function {
        args: Vec::new(),
        variadic: None,
        result: Some(Named {
            name: Some(Str::from(name)),
            description: Some(Str::from(description)),
            of,
        }),
    }
}
