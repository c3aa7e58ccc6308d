//! A checked policy to a [`Program`]: units over numbered slots that [`eval`](crate::eval) runs.
//!
//! | file | what it does |
//! | --- | --- |
//! | [`ir`] | what a program is |
//! | `tree` | which rules make one unit, and where it stands below `data` |
//! | `rules` | a rule to its clauses |
//! | `body`, `live` | literals to statements; which loops may end at their first success |
//! | `unify` | unification to assignment, comparison and taking apart |
//! | `expr`, `refs` | expressions and references |
//! | `fields` | which loops over base data can be look-ups |
//! | `frame` | slots, what is bound, and the blocks that are still open |
//! | `lower` | what all of these share, and the bounds |
//! | `labels` | which labels a rule carries, for decision logs |
//! | `marks` | what tracers, profilers and coverage reports are told |
//! | [`names`] | numbers for the paths of `input` and data |
//! | [`index`] | which rules can hold |
//! | `reuse`, `walk` | what need not be evaluated again; going over a program |
//! | `reach` | what of its input a query can read |
//! | `print` | a program as text, for people |

mod body;
mod expr;
mod fields;
mod frame;
pub mod index;
pub mod ir;
mod labels;
mod live;
mod lower;
pub(crate) mod marks;
pub mod names;
mod print;
mod reach;
mod refs;
mod reuse;
mod rules;
mod settle;
mod tree;
mod unify;
pub(crate) mod walk;

use std::collections::BTreeMap;

use crate::hir::{self, ExprKind, Hir, Local, MAX_PATH};
use crate::source::{Code, Diagnostic, File};
use fields::Sites;
use index::Index;
use ir::{Clause, Emit, Mark, Program, Query, Stmt, Unit, UnitKind};
use labels::Labels;
use lower::{Context, Lowering, Planned, Target};
use names::Naming;
use rules::Rules;
use tree::{Grown, Shape};

/// How to plan.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Whether to leave marks for tracers, profilers and coverage reports. Loops then run to their end.
    pub instruments: bool,
    /// Whether to select rules by an index. Without it the answers are the same, later.
    pub index: bool,
    /// Whether to keep what a loop does not change, and to look comprehensions up. Without it the answers are the
    /// same, later. With instruments nothing is kept: people want to see each round.
    pub reuse: bool,
}

// === impl Options ===

impl Default for Options {
    fn default() -> Self {
        Self {
            instruments: false,
            index: true,
            reuse: true,
        }
    }
}

/// Plans a policy.
pub fn plan(hir: &Hir, options: &Options) -> Result<Program, Vec<Diagnostic>> {
    check_paths(hir)?;
    let grown = tree::grow(hir);
    program(hir, grown, Rules::Shared(&hir.rules), *options)
}

/// The same of a policy whose rules nobody needs any more: they are taken out of it, and freed as they are planned.
pub fn plan_owned(hir: &mut Hir, options: &Options) -> Result<Program, Vec<Diagnostic>> {
    check_paths(hir)?;
    let grown = tree::grow(hir);
    let rules = std::mem::take(&mut hir.rules);
    program(hir, grown, Rules::Own(rules), *options)
}

fn program(
    hir: &Hir,
    grown: Grown,
    mut rules: Rules<'_>,
    options: Options,
) -> Result<Program, Vec<Diagnostic>> {
    let mut cx = Context {
        options,
        files: &hir.files,
        tree: &grown.tree,
        functions: &grown.functions,
        targets: grown.shapes.iter().map(Target::of).collect(),
        demand: Some(Vec::new()),
        naming: Naming::default(),
        sites: (options.index && !options.instruments).then(Sites::default),
        marked: BTreeMap::new(),
        labels: Labels::of(&hir.annotations, rules.all()),
    };
    let mut units = units(&mut cx, &grown.shapes, &mut rules)?;
    drop(rules);
    if options.index {
        let labels = cx.labels.is_some();
        for unit in &mut units {
            index_unit(unit, labels);
        }
    }
    if options.reuse && !options.instruments {
        units.iter_mut().for_each(reuse::unit);
    }
    let fields = cx.sites.take().map(Sites::finish).unwrap_or_default();
    let labels = cx.labels.map(Labels::finish).unwrap_or_default();
    let marked = cx.marked.into_iter();
    let marked = marked.map(|(place, part)| ir::Marked { place, part });
    let marked = marked.collect();
    let (inputs, documents, mut names) = cx.naming.finish();
    names.functions = grown.functions;
    Ok(Program {
        files: hir.files.clone(),
        units,
        tree: grown.tree,
        inputs,
        documents,
        names,
        fields,
        marked,
        labels,
    })
}

/// Each part of a path has a node that knows its path: refuses what would make of a line a gigabyte.
fn check_paths(hir: &Hir) -> Result<(), Vec<Diagnostic>> {
    let refused = |rule: &&hir::Rule| rule.path.len() + rule.keys.len() > MAX_PATH;
    let place = hir.rules.iter().find(refused).map(|rule| rule.head_place);
    let package = hir.packages.iter().any(|package| package.len() > MAX_PATH);
    if place.is_none() && !package {
        return Ok(());
    }
    let place = place.unwrap_or_default();
    let file = hir.files.get(place.file as usize).cloned();
    let file = file.unwrap_or_else(|| File::new("", ""));
    let message = format!("name of a package or rule has more than {MAX_PATH} parts");
    let error = file.diagnostic(Code::Compile, place.span, message);
    Err(vec![error.hint("use a shorter name")])
}

/// Plans a query against a program.
pub fn plan_query(
    query: &hir::Query,
    program: &Program,
    options: &Options,
) -> Result<Query, Vec<Diagnostic>> {
    let mut cx = Context {
        options: *options,
        files: &query.files,
        tree: &program.tree,
        functions: &program.names.functions,
        targets: program.units.iter().map(Target::planned).collect(),
        demand: None,
        naming: Naming::after(&program.names),
        sites: None,
        marked: BTreeMap::new(),
        labels: None,
    };
    query_in(&mut cx, query).map_err(|error| vec![*error])
}

fn units(
    cx: &mut Context<'_>,
    shapes: &[Shape],
    rules: &mut Rules<'_>,
) -> Result<Vec<Unit>, Vec<Diagnostic>> {
    let mut units = Vec::with_capacity(shapes.len());
    let mut errors = Vec::new();
    for shape in shapes {
        match cx.unit(shape, rules) {
            Ok(unit) => units.push(unit),
            Err(refused) => errors.extend(refused),
        }
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    // Bodies that are planned for a look-up may look up in turn; each unit and number of keys comes once.
    while let Some((unit, known)) = cx.demand.as_mut().and_then(Vec::pop) {
        let at = unit.0 as usize;
        if let (Some(unit), Some(shape)) = (units.get_mut(at), shapes.get(at)) {
            let planned = cx.probes(unit, shape, rules, known);
            planned.map_err(|error| vec![*error])?;
        }
    }
    Ok(units)
}

fn index_unit(unit: &mut Unit, labels: bool) {
    let args = match unit.kind {
        UnitKind::Function { arity } => arity,
        UnitKind::Complete | UnitKind::Partial => 0,
    };
    unit.index = Index::of(unit.rules.iter().map(|rule| &*rule.clauses), args, labels);
    let known = unit
        .rules
        .iter()
        .map(|rule| rule.probes.len())
        .max()
        .unwrap_or(0);
    let probes = (0..known).map(|at| {
        let clauses = unit
            .rules
            .iter()
            .map(|rule| probe(rule, at))
            .collect::<Option<Vec<_>>>()?;
        Index::of(clauses.into_iter(), tree::count(at + 1), labels)
    });
    unit.probes = probes.collect();
}

fn probe(rule: &ir::Rule, at: usize) -> Option<&[Clause]> {
    let probe = rule.probes.get(at)?.as_ref();
    probe.map(std::slice::from_ref)
}

fn query_in(cx: &mut Context<'_>, query: &hir::Query) -> Planned<Query> {
    let first = query.body.literals.first();
    let place = first.map(|literal| literal.place).unwrap_or_default();
    let mut lowering = Lowering::new(cx, &query.locals);
    let named = query.bindings.iter().map(|(_, local)| *local);
    let asked: Vec<Local> = named
        .chain(query.expressions.iter().filter_map(|(_, local)| *local))
        .collect();
    let results: Vec<hir::Expr> = asked.into_iter().map(variable).collect();
    lowering.mark_body(place, &query.body, false);
    lowering.body(&query.body, &results.iter().collect::<Vec<_>>(), true)?;
    lowering.mark(Mark::Exit);
    lowering.frame.push(Stmt::Yield(Emit::Row));
    let block = lowering.frame.finish();
    let frame = &mut lowering.frame;
    let bindings = query
        .bindings
        .iter()
        .map(|(name, local)| (name.clone(), frame.slot(*local)))
        .collect();
    let expressions = query.expressions.iter();
    let expressions = expressions
        .map(|(place, local)| (*place, local.map(|local| frame.slot(local))))
        .collect();
    let slots = frame.slots();
    let (inputs, documents) = std::mem::take(&mut cx.naming).into_paths();
    let mut clause = Clause {
        place,
        slots,
        block,
    };
    if cx.options.reuse && !cx.options.instruments {
        reuse::clause(&mut clause, false);
    }
    Ok(Query {
        files: query.files.clone(),
        clause,
        bindings,
        expressions,
        inputs,
        documents,
    })
}

fn variable(local: Local) -> hir::Expr {
    let place = hir::Place::default();
    let kind = ExprKind::Local(local);
    hir::Expr { place, kind }
}

#[cfg(test)]
mod tests;
