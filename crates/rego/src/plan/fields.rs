//! Loops over documents whose members must pass tests of equality: the evaluator can look them up instead.
//!
//! `some p in data.perms; p.subject == input.subject; …` asks of each member that a place in it is a value which is
//! known before the loop begins. What is noted here is which places, and where in the body the values stand; the body
//! stays as it is, and tests again what the look-up gives.
//!
//! Only statements that can neither fail nor have another effect may stand before such a test, and its value must be
//! as plain: then it does not matter that members which do not pass are never looked at.

use hashbrown::HashMap;
use smallvec::SmallVec;

use super::ir::{
    Ask, Block, By, Comparison, Document, Expr, Fields, Path, Pattern, Slot, Source, Stmt,
};
use super::names::is_spelled_plainly;
use crate::value::Value;

/// More places than these do not make members easier to find.
const MAX_ASKS: usize = 4;

/// All kinds of look-ups of a program, each once.
#[derive(Debug, Default)]
pub(super) struct Sites {
    numbers: HashMap<Fields, u32, foldhash::fast::RandomState>,
}

/// A loop while it is looked at: the slots that have no value before it.
struct Loop {
    member: Option<Slot>,
    own: SmallVec<[Slot; 4]>,
}

// === impl Sites ===

impl Sites {
    /// All of them, by number.
    pub(super) fn finish(self) -> Vec<Fields> {
        let mut all: Vec<(u32, Fields)> = self.numbers.into_iter().map(|(f, n)| (n, f)).collect();
        all.sort_unstable_by_key(|(number, _)| *number);
        all.into_iter().map(|(_, fields)| fields).collect()
    }

    /// What a loop asks of its members, if it can be answered by a look-up.
    pub(super) fn by(
        &mut self,
        source: &Source,
        key: &Pattern,
        value: &Pattern,
        body: &Block,
    ) -> Option<Box<By>> {
        let document = match source {
            Source::Value(Expr::Data(id)) => Document::Data(*id),
            Source::Value(Expr::Input(id)) => Document::Input(*id),
            Source::Value(Expr::Unit(id)) => Document::Unit(*id),
            _ => return None,
        };
        let mut own = SmallVec::new();
        match key {
            Pattern::Any => {}
            Pattern::Bind(slot) => own.push(*slot),
            _ => return None,
        }
        let found = match value {
            Pattern::Equal(expr) => {
                let outside = Loop { member: None, own }.is_known(expr);
                outside.then(|| vec![(Ask::Value, Path::default())])?
            }
            Pattern::Bind(member) => {
                own.push(*member);
                let member = Some(*member);
                Loop { member, own }.asks(body)
            }
            _ => return None,
        };
        if found.is_empty() {
            return None;
        }
        let (asks, paths): (Vec<Ask>, Vec<Path>) = found.into_iter().unzip();
        let fields = Fields {
            document,
            paths: paths.into(),
        };
        let next = u32::try_from(self.numbers.len()).ok()?;
        let site = *self.numbers.entry(fields).or_insert(next);
        let asks = asks.into();
        Some(Box::new(By { site, asks }))
    }
}

// === impl Loop ===

impl Loop {
    fn asks(mut self, body: &Block) -> Vec<(Ask, Path)> {
        let mut found = Vec::new();
        for (at, stmt) in (0..).zip(body) {
            if found.len() >= MAX_ASKS {
                break;
            }
            match stmt {
                Stmt::Compare(Comparison::Equal, left, right) => {
                    if let Some(path) = self.member_path(left)
                        && self.is_known(right)
                    {
                        found.push((Ask::Right(at), path));
                    } else if let Some(path) = self.member_path(right)
                        && self.is_known(left)
                    {
                        found.push((Ask::Left(at), path));
                    } else if !is_plain(left) || !is_plain(right) {
                        break;
                    }
                }
                Stmt::Compare(_, left, right) if is_plain(left) && is_plain(right) => {}
                Stmt::Test(expr) if is_plain(expr) => {}
                Stmt::Bind(slot, expr) if is_plain(expr) => self.own.push(*slot),
                _ => break,
            }
        }
        found
    }

    /// Where in the member the expression looks.
    fn member_path(&self, expr: &Expr) -> Option<Path> {
        match expr {
            Expr::Slot(slot) => (Some(*slot) == self.member).then(Path::default),
            Expr::Dot(dot) => match &dot.base {
                Expr::Slot(slot) if Some(*slot) == self.member => dot
                    .keys
                    .iter()
                    .map(|key| match key {
                        // Look-ups of equal paths are one, and these lead elsewhere.
                        Expr::Const(key) if is_spelled_plainly(key) => Some(key.clone()),
                        _ => None,
                    })
                    .collect::<Option<Vec<Value>>>()
                    .map(Path::from),
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether the expression is plain and has its value before the loop begins.
    fn is_known(&self, expr: &Expr) -> bool {
        match expr {
            Expr::Slot(slot) => !self.own.contains(slot),
            Expr::Dot(dot) => is_plain(expr) && self.is_known(&dot.base),
            expr => is_plain(expr),
        }
    }
}

/// Whether an expression only reads: it cannot fail, and has no effect.
fn is_plain(expr: &Expr) -> bool {
    match expr {
        Expr::Const(_) | Expr::Slot(_) | Expr::Input(_) | Expr::Data(_) => true,
        Expr::Dot(dot) => {
            let plain = matches!(
                dot.base,
                Expr::Const(_) | Expr::Slot(_) | Expr::Input(_) | Expr::Data(_)
            );
            plain && dot.keys.iter().all(|key| matches!(key, Expr::Const(_)))
        }
        _ => false,
    }
}
