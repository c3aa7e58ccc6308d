//! A program that has met its data.

use std::sync::{Arc, OnceLock};

use super::constants;
use super::doc;
use super::fields::Lookups;
use super::reads::Reads;
use crate::builtins::Caches;
use crate::plan::ir::{Emit, Program, Stmt, UnitId};
use crate::value::{Data, Value};

/// A policy and its data, ready to be asked. Cheap to clone; immutable; used by any number of threads at once.
#[derive(Debug, Clone)]
pub struct Policy {
    code: Arc<Code>,
    data: Data,
    /// What stands in data at each of the program's paths.
    resolved: Arc<[Option<Value>]>,
    lookups: Arc<Lookups>,
}

/// What stays when the data changes.
#[derive(Debug)]
struct Code {
    program: Program,
    /// Of each unit, whether it is a set where nothing is in it.
    sets: Vec<bool>,
    /// What its units read; found out when a `with` first asks.
    reads: OnceLock<Reads>,
    caches: Caches,
}

// === impl Policy ===

impl Policy {
    /// A program without data.
    #[must_use]
    pub fn new(program: Program) -> Self {
        let units = program.units.iter();
        let sets = units
            .map(|unit| {
                let clauses = unit.rules.iter().filter_map(|rule| rule.clauses.first());
                clauses.map(|clause| &*clause.block).find_map(is_set) == Some(true)
            })
            .collect();
        let code = Arc::new(Code {
            program,
            sets,
            reads: OnceLock::new(),
            caches: Caches::default(),
        });
        Self::resolve(code, Data::default())
    }

    /// The same policy with other data.
    #[must_use]
    pub fn with_data(&self, data: Data) -> Self {
        Self::resolve(Arc::clone(&self.code), data)
    }

    /// The data.
    #[must_use]
    pub fn data(&self) -> &Data {
        &self.data
    }

    /// The program.
    #[must_use]
    pub fn program(&self) -> &Program {
        &self.code.program
    }

    /// What its built-ins keep across queries.
    #[must_use]
    pub fn caches(&self) -> &Caches {
        &self.code.caches
    }

    /// Compiles the patterns that its calls have as constants, once for all its data. Else each is compiled when it
    /// is first asked for, and may be dropped later.
    pub fn compile_constants(&self) {
        self.caches().make_ready(constants::ready(self.program()));
    }

    pub(super) fn reads(&self) -> &Reads {
        let reads = &self.code.reads;
        reads.get_or_init(|| Reads::of(&self.code.program))
    }

    pub(super) fn resolved(&self, at: usize) -> Option<&Value> {
        self.resolved.get(at)?.as_ref()
    }

    pub(super) fn lookups(&self) -> &Lookups {
        &self.lookups
    }

    pub(super) fn is_set(&self, unit: UnitId) -> bool {
        self.code.sets.get(unit.0 as usize).copied() == Some(true)
    }

    fn resolve(code: Arc<Code>, data: Data) -> Self {
        let paths = code.program.documents.iter();
        let resolved = paths
            .map(|path| doc::find_base(data.root(), path).cloned())
            .collect();
        let lookups = Arc::new(Lookups::new(code.program.fields.len()));
        Self {
            code,
            data,
            resolved,
            lookups,
        }
    }
}

// === helpers ===

/// Whether what a rule's block yields are members of the document itself.
fn is_set(block: &[Stmt]) -> Option<bool> {
    let mut block = block;
    loop {
        block = match block.last()? {
            Stmt::Yield(Emit::Member(keys, _)) => return Some(keys.is_empty()),
            Stmt::Yield(_) => return Some(false),
            Stmt::Scan(scan) => &scan.body,
            Stmt::With(with) => &with.body,
            Stmt::Leave(block) => block,
            _ => return None,
        };
    }
}
