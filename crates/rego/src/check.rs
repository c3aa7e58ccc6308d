//! Syntax trees to a checked policy ([`Hir`]), or to all that is wrong with them.
//!
//! The passes, in the order in which a policy walks through them; the errors of the first pass that finds some
//! are reported, those of later ones are not, as their cause may be the same.
//!
//! | pass | what it does |
//! | --- | --- |
//! | `names` | packages, imports and functions: what a name means outside bodies |
//! | `lower` | each rule: variables to numbers (`scope`), sugar to plain literals |
//! | `tree` | rules against rules, packages and base data |
//! | `safety` | bodies in an order that binds every variable before it is needed |
//! | `recursion` | no rule may depend on itself |
//!
//! [`types`] is a pass of its own, over what these give.

mod capabilities;
mod errors;
mod lower;
mod names;
mod recursion;
mod safety;
mod scope;
mod tree;
pub mod types;

use std::borrow::Borrow;
use std::sync::Arc;

use crate::hir::{Hir, Query};
use crate::source::{Diagnostic, File};
use crate::syntax::{
    self,
    ast::{self, Body, Import, Module},
};
use crate::value::{Str, Value};

pub use capabilities::Capabilities;
use errors::Errors;
use lower::Lowering;
use names::Names;

/// How a policy is checked.
#[derive(Debug, Clone, Copy)]
pub struct Options<'a> {
    /// The built-ins there are.
    pub capabilities: &'a Capabilities,
    /// Whether unused and duplicate declarations are errors.
    pub strict: bool,
    /// Whether `print` calls stay; without it they are taken out.
    pub prints: bool,
    /// At most how many errors are reported; 0 means all.
    pub max_errors: usize,
    /// Base data, which rules must not overlap.
    pub data: Option<&'a Value>,
}

/// A checked policy with what further queries need to know of it.
#[derive(Debug, Default)]
pub struct Checked {
    /// The policy.
    pub hir: Hir,
    names: Names,
    /// What is wrong but did not keep the rest from being checked.
    held: Vec<Diagnostic>,
}

/// Where a query is asked.
#[derive(Debug, Clone, Copy, Default)]
pub struct QueryContext<'a> {
    /// The package below `data` whose rules it sees.
    pub package: &'a [Str],
    /// Its imports.
    pub imports: &'a [Import],
}

/// Checks modules, which together are one policy, without types.
pub fn check(modules: &[Module], options: &Options<'_>) -> Result<Checked, Vec<Diagnostic>> {
    let rules = modules.iter().map(|module| module.rules.iter());
    let mut checked = passes(modules, Lowering::of(modules), rules, options)?;
    let held = std::mem::take(&mut checked.held);
    if held.is_empty() {
        Ok(checked)
    } else {
        Err(errors::ordered(held, options.max_errors))
    }
}

/// Checks modules, which together are one policy, types too. Nobody needs the modules any more: what is lowered is
/// freed at once, which halves the peak.
pub fn check_with_types(
    mut modules: Vec<Module>,
    options: &Options<'_>,
    typing: &types::Options<'_>,
) -> Result<(Checked, types::TypeEnv), Vec<Diagnostic>> {
    let lowering = Lowering::of(&modules);
    let rules: Vec<_> = modules
        .iter_mut()
        .map(|module| std::mem::take(&mut module.rules))
        .collect();
    typed(modules, lowering, rules, options, typing)
}

/// The same of outlines ([`syntax::parse_outline`]), whose rules are read again, each when it is lowered; `reading`
/// says how each module is read. Takes less memory and more time.
pub fn check_outlines(
    mut modules: Vec<Module>,
    reading: &[syntax::Options],
    options: &Options<'_>,
    typing: &types::Options<'_>,
) -> Result<(Checked, types::TypeEnv), Vec<Diagnostic>> {
    let lowering = Lowering::of(&modules);
    let files: Vec<Arc<File>> = modules
        .iter_mut()
        .map(|module| {
            module.rules = Vec::new();
            Arc::clone(&module.file)
        })
        .collect();
    let rules = files.iter().zip(reading);
    let rules = rules.map(|(file, how)| syntax::rules(file, how));
    typed(modules, lowering, rules, options, typing)
}

/// All passes, types too.
fn typed<R>(
    modules: Vec<Module>,
    lowering: Lowering,
    rules: impl IntoIterator<Item = R>,
    options: &Options<'_>,
    typing: &types::Options<'_>,
) -> Result<(Checked, types::TypeEnv), Vec<Diagnostic>>
where
    R: IntoIterator<Item: Borrow<ast::Rule>>,
{
    let mut checked = passes(&modules, lowering, rules, options)?;
    drop(modules);
    let mut held = std::mem::take(&mut checked.held);
    let (env, mut errors) = types::check(&checked.hir, typing);
    errors.append(&mut held);
    if errors.is_empty() {
        Ok((checked, env))
    } else {
        Err(errors::ordered(errors, options.max_errors))
    }
}

/// All passes but types; what is returned may hold errors still.
fn passes<R>(
    modules: &[Module],
    lowering: Lowering,
    rules: impl IntoIterator<Item = R>,
    options: &Options<'_>,
) -> Result<Checked, Vec<Diagnostic>>
where
    R: IntoIterator<Item: Borrow<ast::Rule>>,
{
    let mut errors = Errors::default();
    let (mut hir, names) = lowering.run(modules, rules, options, &mut errors);
    tree::check(&hir, modules, options.data, &mut errors);
    recursion::check(&mut hir, &mut errors);
    let held = errors.finish(options.max_errors)?;
    Ok(Checked { hir, names, held })
}

/// Checks a query against a checked policy.
pub fn query(
    body: &Body,
    file: &Arc<File>,
    context: &QueryContext<'_>,
    checked: &Checked,
    options: &Options<'_>,
) -> Result<Query, Vec<Diagnostic>> {
    let mut errors = Errors::default();
    let query = lower::query(body, file, context, checked, options, &mut errors);
    let held = errors.finish(options.max_errors)?;
    if held.is_empty() {
        Ok(query)
    } else {
        Err(errors::ordered(held, options.max_errors))
    }
}

#[cfg(test)]
mod tests;
