//! Imports that hide each other, or that nothing uses.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::check::Options;
use crate::check::errors::{Errors, Stage};
use crate::check::names::{Globals, import_name, var_name};
use crate::source::Code;
use crate::syntax::ast::{Import, Module, RegoVersion};
use crate::value::Str;

/// Checks a module's imports, once its rules are lowered.
pub(super) fn check(
    module: &Module,
    globals: &Globals<'_>,
    options: &Options<'_>,
    errors: &mut Errors,
) {
    if !options.strict && module.version == RegoVersion::V0 {
        return;
    }
    let mut seen: HashMap<&Str, &Import> = HashMap::new();
    for import in &module.imports {
        let Some(name) = import_name(import) else {
            continue;
        };
        if options.strict && brings_name(import) && !globals.is_used(name) {
            let message = format!("{} unused", text(module, import));
            errors.at(
                Stage::Aside,
                &module.file,
                Code::Compile,
                import.span,
                message,
            );
        }
        if let Some(first) = seen.get(name) {
            let message = format!("import must not shadow {}", text(module, first));
            errors.at(
                Stage::Aside,
                &module.file,
                Code::Compile,
                import.span,
                message,
            );
        } else {
            seen.insert(name, import);
        }
    }
}

fn brings_name(import: &Import) -> bool {
    var_name(&import.path.head).is_some_and(|head| matches!(&**head, "data" | "input"))
}

/// The import as OPA shows it: the keywords of `future.keywords` in brackets.
fn text<'m>(module: &'m Module, import: &Import) -> Cow<'m, str> {
    let text = module.file.slice(import.span);
    match text.rsplit_once("future.keywords.") {
        Some((before, keyword)) => format!("{before}future.keywords[\"{keyword}\"]").into(),
        None => text.into(),
    }
}
