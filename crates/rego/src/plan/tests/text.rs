//! What policies become, from text.

use crate::check::{self, Capabilities};
use crate::plan::{Options, plan};
use crate::source::File;
use crate::syntax;

fn planned(options: &Options, text: &str) -> String {
    let file = File::new("p.rego", text);
    let module = syntax::parse_module(&file, &syntax::Options::default()).expect("parsed");
    let capabilities = Capabilities::default();
    let options_ = check::Options {
        capabilities: &capabilities,
        strict: false,
        prints: true,
        max_errors: 0,
        data: None,
    };
    let checked = check::check(&[module], &options_).expect("checked");
    plan(&checked.hir, options).expect("planned").to_string()
}

#[test]
fn scratch() {
    let Ok(name) = std::env::var("REGO") else {
        return;
    };
    let text = std::fs::read_to_string(name).expect("read");
    eprintln!("{}", planned(&Options::default(), &text));
}

#[test]
fn sizes() {
    use crate::plan::ir::*;
    eprintln!(
        "value {} expr {} stmt {} clause {} rule {} emit {}",
        size_of::<crate::Value>(),
        size_of::<Expr>(),
        size_of::<Stmt>(),
        size_of::<Clause>(),
        size_of::<Rule>(),
        size_of::<Emit>()
    );
}
