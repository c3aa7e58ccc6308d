//! The variables of one rule or query: which occurrence of a name is which [`Local`].
//!
//! A declared name belongs to the body that declares it, from there on and in the closures that follow. A name that
//! nothing declares, or that `some` does, belongs to the outermost body in which it stands directly; as that body may
//! go on after a closure that names it, occurrences are joined when bodies end ([`Locals::resolve`] then says which
//! remain).

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
    /// The bodies around a head: its closures declare anew what stands in them.
    outside_head: usize,
    somes: u32,
    assigned: HashSet<Local>,
    templates: bool,
}

/// A name with the number of the `some` that declares it; 0 where nothing does.
type Name = (Str, u32);

/// A name declared in a body.
#[derive(Debug, Clone, Copy)]
struct Declaration {
    what: Declared,
    how: Occurrence,
    place: Place,
    used: bool,
}

/// What a declared name is.
#[derive(Debug, Clone, Copy)]
enum Declared {
    Local(Local),
    /// The `some` of that number: which variable it is shows where it stands.
    Some(u32),
}

/// What a body is to the names in it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Closure {
    /// A name is what it was before the body declares it.
    #[default]
    Plain,
    /// `every` and `not { … }`: a name that stands around it and that it declares is its own from its beginning.
    Whole,
    /// A side of `and` or `or` without braces: what it names belongs to the body around it.
    Implicit,
}

/// What a body declares.
#[derive(Debug, Default)]
pub(super) struct Declares {
    /// The names that it declares itself.
    own: HashSet<Str>,
    /// Names of which no global is seen in it: its own, those of bodies in it, and what stands in patterns besides.
    hides: HashSet<Str>,
}

/// One body.
#[derive(Debug, Default)]
struct Scope {
    declared: HashMap<Str, Declaration>,
    /// Names that nothing declares here, that stand in this body directly.
    free: HashMap<Name, Local>,
    /// Names that nothing around declared or named when they first stood here: they cannot be declared any more.
    seen: HashSet<Str>,
    /// What names will be declared as that stand here before.
    ahead: HashMap<Str, Local>,
    declares: Declares,
    closure: Closure,
    /// Free names of closures that ended, until it is known whether they stand in this body too.
    pending: Vec<(Name, Local)>,
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
    /// Those that `:=` declares.
    pub(super) assigned: HashSet<Local>,
    /// Whether there are template strings.
    pub(super) templates: bool,
}

// === impl Declares ===

impl Declares {
    /// A name that the body declares.
    pub(super) fn add(&mut self, name: &Str) {
        if &**name != "_" {
            self.own.insert(name.clone());
            self.hide(name);
        }
    }

    /// A name of which the body sees no global.
    pub(super) fn hide(&mut self, name: &Str) {
        if &**name != "_" {
            self.hides.insert(name.clone());
        }
    }
}

// === impl Locals ===

impl Locals {
    /// Opens a body.
    pub(super) fn open(&mut self, declares: Declares, closure: Closure) {
        self.scopes.push(Scope {
            declares,
            closure,
            ..Scope::default()
        });
    }

    /// What follows until the innermost body ends stands in a head.
    pub(super) fn head(&mut self) {
        self.outside_head = self.scopes.len();
    }

    /// Ends the innermost body; gives the declarations that nothing used.
    pub(super) fn close(&mut self) -> Vec<Unused> {
        let Some(mut ended) = self.scopes.pop() else {
            return Vec::new();
        };
        if self.scopes.len() < self.outside_head {
            self.outside_head = 0;
        }
        let mut rest = Vec::new();
        for (name, local) in std::mem::take(&mut ended.pending) {
            match ended.free.get(&name) {
                Some(own) => self.join(local, *own),
                None => rest.push((name, local)),
            }
        }
        rest.extend(ended.free);
        let unused = ended.declared.into_iter().filter(|(_, d)| !d.used);
        let unused = unused.map(|(name, d)| Unused {
            name,
            place: d.place,
            how: d.how,
        });
        let mut unused: Vec<_> = unused.collect();
        unused.sort_by_key(|unused| unused.place);
        if let Some(outer) = self.scopes.last_mut() {
            outer.pending.append(&mut rest);
        }
        unused
    }

    /// A new variable of the innermost body.
    pub(super) fn fresh(&mut self, name: &str, place: Place, generated: bool) -> Local {
        let implicit = self.scopes.iter().rev();
        let implicit = implicit.take_while(|scope| scope.closure == Closure::Implicit);
        let above = if generated { 0 } else { implicit.count() };
        self.fresh_at(
            self.scopes.len().saturating_sub(above),
            (name, place),
            generated,
        )
    }

    /// A new variable of the body that is the `depth`th.
    fn fresh_at(&mut self, depth: usize, (name, place): (&str, Place), generated: bool) -> Local {
        let local = Local(u32::try_from(self.infos.len()).unwrap_or(u32::MAX));
        self.infos.push(LocalInfo {
            name: name.into(),
            place,
            generated,
        });
        self.depths.push(u32::try_from(depth).unwrap_or(u32::MAX));
        self.joined.push(None);
        local
    }

    /// Declares `name` in the innermost body as one variable; says what stands in the way.
    pub(super) fn declare(
        &mut self,
        name: &Str,
        place: Place,
        how: Occurrence,
    ) -> Result<Local, String> {
        self.undeclared(name)?;
        let ahead = self.scopes.last().and_then(|s| s.ahead.get(name).copied());
        let local = ahead.unwrap_or_else(|| self.fresh(name, place, false));
        self.insert(name, local, (place, how));
        if how == Occurrence::Assigned {
            self.assigned.insert(local);
        }
        Ok(local)
    }

    /// Declares `name` in the innermost body by `some`; says what stands in the way.
    pub(super) fn declare_some(&mut self, name: &Str, place: Place) -> Result<(), String> {
        self.undeclared(name)?;
        self.somes += 1;
        let ahead = self.scopes.last().and_then(|s| s.ahead.get(name).copied());
        let what = ahead.map_or(Declared::Some(self.somes), Declared::Local);
        self.add(name, what, (place, Occurrence::Declared));
        Ok(())
    }

    /// Makes `local` what `name` is in the innermost body.
    pub(super) fn insert(&mut self, name: &Str, local: Local, at: (Place, Occurrence)) {
        self.add(name, Declared::Local(local), at);
    }

    fn add(&mut self, name: &Str, what: Declared, (place, how): (Place, Occurrence)) {
        if let Some(scope) = self.scopes.last_mut() {
            let declaration = Declaration {
                what,
                how,
                place,
                used: false,
            };
            scope.declared.insert(name.clone(), declaration);
        }
    }

    /// Shows what the body that opens next declares in the innermost one already, but for names that something
    /// declares there; gives the variables.
    pub(super) fn lend(&mut self, declares: &Declares, place: Place) -> HashMap<Str, Local> {
        let depth = self.scopes.len() + 1;
        let mut names: Vec<&Str> = declares.own.iter().collect();
        names.sort();
        let mut lent = HashMap::new();
        for name in names {
            if !self.is_declared(name) {
                let local = self.fresh_at(depth, (name, place), false);
                self.insert(name, local, (place, Occurrence::Declared));
                lent.insert(name.clone(), local);
            }
        }
        lent
    }

    /// Shows what was lent no more; gives what was used, of which the names are seen.
    pub(super) fn take_back(&mut self, mut lent: HashMap<Str, Local>) -> HashMap<Str, Local> {
        lent.retain(|name, _| {
            let scope = self.scopes.last_mut();
            let shown = scope.and_then(|scope| scope.declared.remove(name));
            shown.is_some_and(|shown| shown.used)
        });
        for name in lent.keys() {
            self.see(name);
        }
        lent
    }

    /// What the innermost body, which has just opened, will declare are these.
    pub(super) fn expect(&mut self, lent: HashMap<Str, Local>) {
        if let Some(scope) = self.scopes.last_mut() {
            scope.ahead = lent;
        }
    }

    /// Whether `name` can still be declared in the innermost body.
    fn undeclared(&self, name: &Str) -> Result<(), String> {
        let Some(scope) = self.scopes.last() else {
            return Ok(());
        };
        if scope.seen.contains(name) {
            return Err(format!("var {name} referenced above"));
        }
        match scope.declared.get(name).map(|d| d.how) {
            Some(Occurrence::Argument) => Err(format!("arg {name} redeclared")),
            Some(Occurrence::Assigned) => Err(format!("var {name} assigned above")),
            Some(Occurrence::Declared) => Err(format!("var {name} declared above")),
            None => Ok(()),
        }
    }

    /// Of what the innermost body declares, exactly these are used so far.
    pub(super) fn set_uses(&mut self, used: &HashSet<Str>) {
        let declared = self.scopes.last_mut().map(|scope| &mut scope.declared);
        for (name, declaration) in declared.into_iter().flatten() {
            declaration.used = used.contains(name);
        }
    }

    /// Whether a variable of that name is declared here.
    pub(super) fn is_declared(&self, name: &str) -> bool {
        let mut scopes = self.scopes.iter();
        scopes.any(|scope| scope.declared.contains_key(name))
    }

    /// Notes that `name` is used, if it is declared here.
    pub(super) fn mark_used(&mut self, name: &str) {
        let mut scopes = self.scopes.iter_mut().rev();
        if let Some(declaration) = scopes.find_map(|scope| scope.declared.get_mut(name)) {
            declaration.used = true;
        }
    }

    /// The variable that `name` is declared as here.
    pub(super) fn declared(&mut self, name: &Str, place: Place) -> Option<Local> {
        let mut scopes = self.scopes.iter_mut().enumerate().rev();
        let (at, what) = scopes.find_map(|(at, scope)| {
            let declaration = scope.declared.get_mut(name)?;
            // A document that `:=` hides stays the document to OPA where it looks for uses.
            let document = matches!(&**name, "input" | "data");
            declaration.used |= !document || declaration.how != Occurrence::Assigned;
            Some((at, declaration.what))
        })?;
        if at < self.outside_head {
            self.see(name);
        }
        match what {
            Declared::Local(local) => Some(local),
            Declared::Some(number) => Some(self.named((name.clone(), number), place)),
        }
    }

    /// Whether an open body declares `name` somewhere.
    pub(super) fn hidden(&self, name: &str) -> bool {
        let mut scopes = self.scopes.iter();
        scopes.any(|scope| scope.declares.hides.contains(name))
    }

    /// The variable that `name` is, as nothing declares it.
    pub(super) fn free(&mut self, name: &Str, place: Place) -> Local {
        if let Some(at) = self.declared_later(name) {
            let known = self.scopes.get(at).and_then(|s| s.ahead.get(name).copied());
            let local = known.unwrap_or_else(|| self.fresh_at(at + 1, (name, place), false));
            if let Some(scope) = self.scopes.get_mut(at) {
                scope.ahead.insert(name.clone(), local);
            }
            return local;
        }
        self.see(name);
        self.named((name.clone(), 0), place)
    }

    /// The variable of a name that belongs to the outermost body in which it stands.
    fn named(&mut self, name: Name, place: Place) -> Local {
        let mut scopes = self.scopes.iter().rev();
        let found = scopes.find_map(|scope| scope.free.get(&name).copied());
        let local = found.unwrap_or_else(|| self.fresh(&name.0, place, false));
        let mut scopes = self.scopes.iter_mut().rev();
        if let Some(owner) = scopes.find(|scope| scope.closure != Closure::Implicit) {
            owner.free.entry(name).or_insert(local);
        }
        local
    }

    /// The body whose own `name` is although it is declared further on.
    fn declared_later(&self, name: &Str) -> Option<usize> {
        let scopes = self.scopes.iter().enumerate().skip(self.outside_head);
        let (at, _) = scopes.rev().find(|(_, scope)| {
            scope.closure == Closure::Whole && scope.declares.own.contains(name)
        })?;
        let here = at + 1 == self.scopes.len();
        (!here || self.known_before(name, at)).then_some(at)
    }

    /// Whether `name` is known in a body outside of the one that is the `end`th, as far as heads see.
    fn known_before(&self, name: &Str, end: usize) -> bool {
        let scopes = self.scopes.iter().take(end).skip(self.outside_head);
        let mut scopes = scopes.filter(|scope| scope.closure != Closure::Implicit);
        scopes.any(|scope| scope.seen.contains(name) || scope.declared.contains_key(name))
    }

    /// Notes that `name` stands in the innermost body, unless it is known around it.
    pub(super) fn see(&mut self, name: &Str) {
        if self.known_before(name, self.scopes.len()) {
            return;
        }
        let scopes = self.scopes.iter_mut().skip(self.outside_head).rev();
        let mut scopes = scopes.filter(|scope| scope.closure != Closure::Implicit);
        if let Some(scope) = scopes.next() {
            scope.seen.insert(name.clone());
        }
    }

    /// Notes that there is a template string.
    pub(super) fn note_template(&mut self) {
        self.templates = true;
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
            assigned: self.assigned,
            templates: self.templates,
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
