//! What need not be evaluated again: expressions that a loop does not change are kept while it runs
//! ([`Expr::Once`]), comprehensions that depend on no variable while the replacements stay ([`Expr::Shared`]), and
//! those that ask for members by keys become tables ([`Expr::Grouped`]).
//!
//! Nothing moves: each is still evaluated where and when it was written, the first time. So nothing is evaluated
//! that would not have been, and errors stay errors of the same place.

mod group;

use super::ir::{
    Clause, Comprehension, Dot, Emit, Expr, Pattern, Scan, Slot, Source, Stmt, Unit, UnitKind,
};

/// One clause while it is gone over.
struct Reuse {
    /// For each slot in how many levels it was bound.
    levels: Vec<usize>,
    /// What is open around: level `n` is at position `n - 1`.
    open: Vec<Level>,
    /// The comprehensions open, by the level at which they stand.
    closures: Vec<Closure>,
    /// Whether the clause may run more than once.
    again: bool,
    /// How many tables are being made around.
    tables: usize,
}

/// A level: what is bound in it may change while what is outside stays.
struct Level {
    /// Whether it is a loop.
    iterates: bool,
    /// Whether other documents and functions hold in it.
    replaces: bool,
    /// The slots to empty before it begins.
    fresh: Vec<Slot>,
}

/// What a comprehension needs from outside.
struct Closure {
    level: usize,
    needs: Needs,
}

/// What an expression depends on.
#[derive(Debug, Clone, Copy)]
struct Needs {
    /// The level in which it could stand: 0 where it depends on no slot, else one more than that of the slots it needs.
    level: usize,
    /// Whether evaluating it takes more than reading a slot.
    work: bool,
    /// Whether it goes over members.
    heavy: bool,
}

/// Tables inside tables are made twice each; so deep and no deeper.
const MAX_TABLES: usize = 2;

/// The level of what must be evaluated each time.
const NOWHERE: usize = usize::MAX;

/// Goes over a unit.
pub(super) fn unit(unit: &mut Unit) {
    let again = matches!(unit.kind, UnitKind::Function { .. });
    for rule in &mut unit.rules {
        rule.clauses.iter_mut().for_each(|at| clause(at, again));
        let probes = rule.probes.iter_mut().flatten();
        probes.for_each(|at| clause(at, true));
    }
    unit.default.iter_mut().for_each(|at| clause(at, again));
}

/// Goes over a clause, which may run more than once.
pub(super) fn clause(clause: &mut Clause, again: bool) {
    let mut reuse = Reuse {
        levels: vec![0; clause.slots as usize],
        open: Vec::new(),
        closures: Vec::new(),
        again,
        tables: 0,
    };
    reuse.block(&mut clause.block);
    clause.slots = u32::try_from(reuse.levels.len()).unwrap_or(u32::MAX);
}

// === impl Needs ===

impl Needs {
    const NOTHING: Self = Self {
        level: 0,
        work: false,
        heavy: false,
    };

    fn and(self, other: Self) -> Self {
        Self {
            level: self.level.max(other.level),
            work: self.work || other.work,
            heavy: self.heavy || other.heavy,
        }
    }

    fn working(self) -> Self {
        Self { work: true, ..self }
    }
}

// === impl Reuse ===

impl Reuse {
    fn block(&mut self, block: &mut Vec<Stmt>) {
        let mut at = 0;
        while let Some(stmt) = block.get_mut(at) {
            let fresh = self.stmt(stmt);
            if !fresh.is_empty() {
                block.insert(at, Stmt::Fresh(fresh.into()));
                at += 1;
            }
            at += 1;
        }
    }

    /// Goes over a statement; gives the slots to empty before it.
    fn stmt(&mut self, stmt: &mut Stmt) -> Vec<Slot> {
        match stmt {
            Stmt::Test(expr) => self.root(expr),
            Stmt::Bind(slot, expr) => {
                self.root(expr);
                self.bind(*slot);
            }
            Stmt::Match(pattern, expr) => {
                self.root(expr);
                self.pattern(pattern);
            }
            Stmt::Compare(_, left, right) => {
                self.root(left);
                self.root(right);
            }
            Stmt::Scan(scan) | Stmt::Every(scan) => return self.scan(scan),
            Stmt::Not(block) | Stmt::Exists(block) => self.block(block),
            Stmt::Either(blocks) => blocks.iter_mut().for_each(|block| self.block(block)),
            Stmt::With(with) => {
                // The values are computed under the replacements before them.
                for replace in &with.replacements {
                    self.note_replacement(replace);
                }
                self.inside(false, true, |reuse| reuse.block(&mut with.body));
            }
            Stmt::Leave(block) => {
                self.inside(false, true, |reuse| reuse.block(block));
            }
            Stmt::Print(_, args) => {
                for arg in &*args {
                    self.note(arg);
                }
                self.effect();
            }
            Stmt::Mark(_) => self.effect(),
            Stmt::Held(_) | Stmt::Fresh(_) => {}
            Stmt::Yield(emit) => self.emit(emit),
        }
        Vec::new()
    }

    fn emit(&mut self, emit: &mut Emit) {
        match emit {
            Emit::Found | Emit::Row => {}
            Emit::Value(value) | Emit::Item(value) => self.root(value),
            Emit::Pair(key, value) => {
                self.root(key);
                self.root(value);
            }
            Emit::Entry(keys, value) | Emit::Member(keys, value) => {
                for key in keys {
                    self.root(key);
                }
                self.root(value);
            }
        }
    }

    fn scan(&mut self, scan: &mut Scan) -> Vec<Slot> {
        match &mut scan.source {
            // A scan over a call knows which call it is: only what is inside the call may change.
            Source::Value(Expr::Builtin(_, args)) => {
                args.values.iter_mut().for_each(|arg| self.root(arg));
            }
            Source::Value(expr) => self.root(expr),
            Source::Keys { keys, .. } => keys.iter_mut().for_each(|key| self.root(key)),
        }
        self.inside(true, false, |reuse| {
            reuse.pattern(&mut scan.key);
            reuse.pattern(&mut scan.value);
            reuse.block(&mut scan.body);
        })
    }

    /// Goes over what stands in a level of its own; gives the slots to empty before it.
    fn inside(&mut self, iterates: bool, replaces: bool, go: impl FnOnce(&mut Self)) -> Vec<Slot> {
        self.open.push(Level {
            iterates,
            replaces,
            fresh: Vec::new(),
        });
        go(self);
        self.open.pop().map(|level| level.fresh).unwrap_or_default()
    }

    fn pattern(&mut self, pattern: &mut Pattern) {
        match pattern {
            Pattern::Any => {}
            Pattern::Bind(slot) => self.bind(*slot),
            Pattern::Equal(expr) => self.root(expr),
            Pattern::Array(items) => items.iter_mut().for_each(|item| self.pattern(item)),
            Pattern::Object(members) => {
                for (key, value) in members {
                    self.root(key);
                    self.pattern(value);
                }
            }
        }
    }

    fn bind(&mut self, slot: Slot) {
        let level = self.open.len();
        if let Some(at) = self.levels.get_mut(slot.0 as usize) {
            *at = level;
        }
    }

    fn fresh(&mut self) -> Slot {
        let slot = u32::try_from(self.levels.len()).unwrap_or(u32::MAX);
        self.levels.push(self.open.len());
        Slot(slot)
    }

    /// An expression that a statement evaluates.
    fn root(&mut self, expr: &mut Expr) {
        let needs = self.expr(expr);
        self.keep(expr, needs);
    }

    /// Goes over an expression. Of what is inside it, what could stand further out than itself is kept there.
    fn expr(&mut self, expr: &mut Expr) -> Needs {
        match expr {
            Expr::Slot(slot) => self.slot(*slot),
            Expr::Probe(_, keys) => self.parts(keys.iter_mut().collect()).working(),
            Expr::Array(items) | Expr::Set(items) => {
                self.parts(items.iter_mut().collect()).working()
            }
            Expr::Descend(_, keys) => Needs {
                work: true,
                heavy: true,
                ..self.parts(keys.iter_mut().collect())
            },
            Expr::Dot(dot) => {
                let Dot { base, keys } = &mut **dot;
                let simple = matches!((&*base, &**keys), (Expr::Slot(_), [Expr::Const(_)]));
                let parts = std::iter::once(base).chain(keys);
                let needs = self.parts(parts.collect());
                if simple { needs } else { needs.working() }
            }
            Expr::Object(members) => {
                let members = members.iter_mut();
                let parts = members.flat_map(|(key, value)| [key, value]);
                self.parts(parts.collect()).working()
            }
            Expr::Call(_, args) | Expr::Missing(_, args) => {
                self.parts(args.values.iter_mut().collect()).working()
            }
            Expr::Builtin(builtin, args) => {
                let seen = builtin.name == "trace";
                let needs = self.parts(args.values.iter_mut().collect()).working();
                if !seen {
                    return needs;
                }
                self.effect();
                Needs {
                    level: NOWHERE,
                    ..needs
                }
            }
            Expr::Compare(_, sides) => self.parts(vec![&mut sides.0, &mut sides.1]),
            Expr::Comprehension(_) => self.comprehension(expr),
            _ => Needs::NOTHING,
        }
    }

    fn parts(&mut self, mut parts: Vec<&mut Expr>) -> Needs {
        let each: Vec<Needs> = parts.iter_mut().map(|part| self.expr(part)).collect();
        let all = each.iter().copied().fold(Needs::NOTHING, Needs::and);
        for (part, needs) in parts.into_iter().zip(each) {
            if needs.level < all.level {
                self.keep(part, needs);
            }
        }
        all
    }

    /// What a slot needs, here and for the comprehensions around that it is bound outside of.
    fn slot(&mut self, slot: Slot) -> Needs {
        let level = self.levels.get(slot.0 as usize).copied().unwrap_or(0) + 1;
        for closure in &mut self.closures {
            if level <= closure.level {
                closure.needs.level = closure.needs.level.max(level);
            }
        }
        Needs {
            level,
            ..Needs::NOTHING
        }
    }

    /// Something that is seen from outside: no comprehension around may be left out.
    fn effect(&mut self) {
        for closure in &mut self.closures {
            closure.needs.level = NOWHERE;
        }
    }

    /// Notes what is needed by an expression that stays as it is.
    fn note(&mut self, expr: &Expr) {
        for slot in group::used(expr) {
            // What is bound inside it counts as bound here.
            self.slot(slot);
        }
    }

    fn note_replacement(&mut self, replace: &super::ir::Replace) {
        use super::ir::Replace;
        if let Replace::Input(_, expr) | Replace::Data(_, expr) | Replace::Constant(_, expr) =
            replace
        {
            self.note(expr);
        }
    }

    fn comprehension(&mut self, expr: &mut Expr) -> Needs {
        let Expr::Comprehension(plain) = expr else {
            return Needs::NOTHING;
        };
        let level = self.open.len() + 1;
        let looped = self.again || self.open.iter().any(|level| level.iterates);
        let grouped = if looped && self.tables < MAX_TABLES {
            group::group(plain, &mut self.levels, level)
        } else {
            None
        };
        self.closures.push(Closure {
            level,
            needs: Needs {
                level: 0,
                work: true,
                heavy: true,
            },
        });
        match grouped {
            None => self.comprehended(plain),
            Some(mut grouped) => {
                self.tables += 1;
                self.comprehended(&mut grouped.plain);
                self.inside(false, false, |reuse| reuse.block(&mut grouped.table));
                self.tables -= 1;
                *expr = Expr::Grouped(grouped);
            }
        }
        let closure = self.closures.pop();
        closure.map_or(Needs::NOTHING, |closure| closure.needs)
    }

    fn comprehended(&mut self, comprehension: &mut Comprehension) {
        self.inside(false, false, |reuse| reuse.block(&mut comprehension.body));
    }

    /// Keeps an expression for as long as nothing that it needs changes, if that is longer than it stands.
    fn keep(&mut self, expr: &mut Expr, needs: Needs) {
        if !needs.work || needs.level == NOWHERE {
            return;
        }
        let looped = self.again || self.open.iter().any(|level| level.iterates);
        if needs.level == 0 && needs.heavy && looped {
            let value = std::mem::replace(expr, Expr::Array(Box::new([])));
            *expr = Expr::Shared(Box::new(value));
            return;
        }
        let replaced = self.open.iter().rposition(|level| level.replaces);
        let outside = needs.level.max(replaced.map_or(0, |at| at + 1));
        let levels = self.open.iter().enumerate();
        // Slots of level `n` change only when a loop of level `n` or further out goes on.
        let first = outside.max(1) - 1;
        let mut loops = levels.skip(first).filter(|(_, level)| level.iterates);
        let Some((at, _)) = loops.next() else {
            return;
        };
        let slot = self.fresh();
        if let Some(level) = self.open.get_mut(at) {
            level.fresh.push(slot);
        }
        let value = std::mem::replace(expr, Expr::Array(Box::new([])));
        *expr = Expr::Once(slot, Box::new(value));
    }
}
