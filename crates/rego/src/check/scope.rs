//! The variables of one rule or query: which occurrence of a name is which [`Local`].
//!
//! A declared name belongs to the body that declares it, from there on and in the closures that follow. A name that
//! nothing declares belongs to the outermost body in which it stands directly; as that body may go on after a
//! closure that names it, occurrences are joined when bodies end ([`Locals::resolve`] then says which remain).

use std::collections::{HashMap, HashSet};

use crate::hir::{Local, LocalInfo, Place};
use crate::value::Str;

/// How a name came into a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Occurrence {
    Argument,
    Assigned,
    Declared,
}

/// The variables of one rule or query.
#[derive(Debug, Default)]
pub(super) struct Locals {
    infos: Vec<LocalInfo>,
    depths: Vec<u32>,
    joined: Vec<Option<Local>>,
    scopes: Vec<Scope>,
    blocks: HashSet<Place>,
    assigned: HashSet<Local>,
}

/// A name declared in a body.
#[derive(Debug, Clone, Copy)]
struct Declaration {
    local: Local,
    how: Occurrence,
    used: bool,
}

/// One body.
#[derive(Debug, Default)]
struct Scope {
    declared: HashMap<Str, Declaration>,
    /// Names that nothing declares, that stand in this body directly.
    free: HashMap<Str, Local>,
    /// Names that this body declares somewhere: no global of that name is seen in it.
    hides: HashSet<Str>,
    /// Whether it is a side of `and` or `or` without braces: what it names belongs to the body around it.
    implicit: bool,
    /// Free names of closures that ended, until it is known whether they stand in this body too.
    pending: Vec<(Str, Local)>,
}

/// A declaration that nothing uses.
#[derive(Debug)]
pub(super) struct Unused {
    pub(super) name: Str,
    pub(super) place: Place,
    pub(super) how: Occurrence,
}

/// What a finished rule or query knows of its variables.
#[derive(Debug)]
pub(super) struct Resolved {
    pub(super) infos: Vec<LocalInfo>,
    /// How deep the body stands to which each belongs.
    pub(super) depths: Vec<u32>,
    /// Which variable each is; most are themselves.
    pub(super) joined: Vec<Option<Local>>,
    /// Negations that are closures: `not { … }`.
    pub(super) blocks: HashSet<Place>,
    /// Those that `:=` declares.
    pub(super) assigned: HashSet<Local>,
}

// === impl Locals ===

impl Locals {
    /// How many bodies are open.
    pub(super) fn depth(&self) -> u32 {
        u32::try_from(self.scopes.len()).unwrap_or(u32::MAX)
    }

    /// Opens a body that declares `hides`.
    pub(super) fn open(&mut self, hides: HashSet<Str>) {
        self.scopes.push(Scope {
            hides,
            ..Scope::default()
        });
    }

    /// Opens a body whose names are those of the body around it; what the compiler makes in it is its own.
    pub(super) fn open_implicit(&mut self) {
        self.scopes.push(Scope {
            implicit: true,
            ..Scope::default()
        });
    }

    /// Ends the innermost body; gives the declarations that nothing used.
    pub(super) fn close(&mut self) -> Vec<Unused> {
        let Some(mut ended) = self.scopes.pop() else {
            return Vec::new();
        };
        let mut rest = Vec::new();
        for (name, local) in std::mem::take(&mut ended.pending) {
            match ended.free.get(&name) {
                Some(own) => self.join(local, *own),
                None => rest.push((name, local)),
            }
        }
        rest.extend(ended.free);
        let unused = ended.declared.into_iter().filter(|(_, d)| !d.used);
        let unused = unused.filter_map(|(name, d)| {
            let info = self.infos.get(d.local.0 as usize)?;
            Some(Unused {
                name,
                place: info.place,
                how: d.how,
            })
        });
        let unused = unused.collect();
        if let Some(outer) = self.scopes.last_mut() {
            outer.pending.append(&mut rest);
        }
        unused
    }

    /// Notes that the negation at `place` is a closure.
    pub(super) fn block(&mut self, place: Place) {
        self.blocks.insert(place);
    }

    /// A new variable of the innermost body.
    pub(super) fn fresh(&mut self, name: &str, place: Place, generated: bool) -> Local {
        let local = Local(u32::try_from(self.infos.len()).unwrap_or(u32::MAX));
        self.infos.push(LocalInfo {
            name: name.into(),
            place,
            generated,
        });
        let implicit = self.scopes.iter().rev().take_while(|scope| scope.implicit);
        let above = if generated { 0 } else { implicit.count() };
        let above = u32::try_from(above).unwrap_or(u32::MAX);
        self.depths.push(self.depth().saturating_sub(above));
        self.joined.push(None);
        local
    }

    /// Declares `name` in the innermost body; says what stands in the way.
    pub(super) fn declare(
        &mut self,
        name: &Str,
        place: Place,
        how: Occurrence,
    ) -> Result<Local, String> {
        if let Some(scope) = self.scopes.last() {
            if scope.free.contains_key(name) {
                return Err(format!("var {name} referenced above"));
            }
            match scope.declared.get(name).map(|d| d.how) {
                Some(Occurrence::Argument) => return Err(format!("arg {name} redeclared")),
                Some(Occurrence::Assigned) => return Err(format!("var {name} assigned above")),
                Some(Occurrence::Declared) => return Err(format!("var {name} declared above")),
                None => {}
            }
        }
        let local = self.fresh(name, place, false);
        self.insert(name, local, how);
        if how == Occurrence::Assigned {
            self.assigned.insert(local);
        }
        Ok(local)
    }

    /// Makes `local` what `name` is in the innermost body.
    pub(super) fn insert(&mut self, name: &Str, local: Local, how: Occurrence) {
        if let Some(scope) = self.scopes.last_mut() {
            scope.declared.insert(
                name.clone(),
                Declaration {
                    local,
                    how,
                    used: false,
                },
            );
        }
    }

    /// Forgets uses so far in the innermost body: those in the parameters themselves are none.
    pub(super) fn forget_uses(&mut self) {
        for declaration in self
            .scopes
            .last_mut()
            .into_iter()
            .flat_map(|scope| scope.declared.values_mut())
        {
            declaration.used = false;
        }
    }

    /// The variable that `name` is declared as here.
    pub(super) fn declared(&mut self, name: &str) -> Option<Local> {
        let mut scopes = self.scopes.iter_mut().rev();
        let found = scopes.find_map(|scope| scope.declared.get_mut(name))?;
        found.used = true;
        Some(found.local)
    }

    /// Whether an open body declares `name` somewhere.
    pub(super) fn hidden(&self, name: &str) -> bool {
        self.scopes.iter().any(|scope| scope.hides.contains(name))
    }

    /// The variable that `name` is, as nothing declares it.
    pub(super) fn free(&mut self, name: &Str, place: Place) -> Local {
        let mut scopes = self.scopes.iter().rev();
        let found = scopes.find_map(|scope| scope.free.get(name).copied());
        let local = found.unwrap_or_else(|| self.fresh(name, place, false));
        let mut scopes = self.scopes.iter_mut().rev();
        if let Some(owner) = scopes.find(|scope| !scope.implicit) {
            owner.free.entry(name.clone()).or_insert(local);
        }
        local
    }

    /// What is known of the variables at the end.
    pub(super) fn resolve(mut self) -> Resolved {
        for at in 0..self.joined.len() {
            let mut to = self.joined.get(at).copied().flatten();
            while let Some(next) = to.and_then(|l| self.joined.get(l.0 as usize).copied().flatten())
            {
                to = Some(next);
            }
            if let Some(slot) = self.joined.get_mut(at) {
                *slot = to;
            }
        }
        Resolved {
            infos: self.infos,
            depths: self.depths,
            joined: self.joined,
            blocks: self.blocks,
            assigned: self.assigned,
        }
    }

    fn join(&mut self, inner: Local, outer: Local) {
        if inner != outer
            && let Some(slot) = self.joined.get_mut(inner.0 as usize)
        {
            *slot = Some(outer);
        }
    }
}
