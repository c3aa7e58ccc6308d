//! Two values where the language wants one: which they are, and where they come from.

use std::fmt::Write;

use super::error::Halt;
use super::machine::Machine;
use super::reg::Reg;
use super::unit::{Given, Rules};
use crate::hir::Place;
use crate::plan::ir::{Unit, UnitKind};
use crate::value::Value;

/// How many values are listed.
const LISTED: usize = 10;

/// How many characters of a value are shown.
const SHOWN: usize = 80;

// === impl Machine ===

impl<'a> Machine<'a> {
    /// What ends the query when rules disagree: `there` is the first answer, if one was there before `given`, whose
    /// rule disagrees with it or with itself. The rules that are left are asked too, so that all is said at once.
    #[cold]
    #[inline(never)]
    pub(super) fn disagree(
        &mut self,
        unit: &'a Unit,
        args: &[Reg<'a>],
        there: Option<Given<'a>>,
        given: Given<'a>,
        rest: Rules<'a>,
    ) -> Halt {
        let mut list = String::new();
        let place = given.place;
        let (first, second) = match (there, given) {
            (Some(there), given) if *there.value != *given.value => (there, Some(given.value)),
            (Some(there), given) => (there, given.other),
            (None, given) => {
                let other = given.other.clone();
                (given, other)
            }
        };
        self.list(&mut list, &first.value, first.place);
        if let Some(second) = second {
            self.list(&mut list, &second, place);
        }
        let mut listed = 2;
        for rule in rest {
            // What else goes wrong is not what this is about; spent budgets say so again.
            let Ok(answer) = self.rule(unit, rule, args) else {
                break;
            };
            let Some(given) = answer else { continue };
            let differs = [Some(given.value), given.other].into_iter().flatten();
            let mut differs = differs.filter(|value| **value != *first.value);
            let Some(value) = differs.next() else {
                continue;
            };
            if listed == LISTED {
                list.push_str("\n  ...");
                break;
            }
            self.list(&mut list, &value, given.place);
            listed += 1;
        }
        let name = name(&unit.path);
        let message = match unit.kind {
            UnitKind::Function { .. } => {
                format!("function {name} produced conflicting values for the same inputs:{list}")
            }
            _ => format!("rule {name} produced conflicting values:{list}"),
        };
        self.conflict(message, place)
    }

    fn list(&self, list: &mut String, value: &Value, place: Place) {
        let text = value.to_string();
        let at = self.location(place);
        let (file, row) = at.map_or((String::new(), 0), |at| (at.file.to_string(), at.row));
        let end = text.char_indices().nth(SHOWN).map(|(end, _)| end);
        let shown = end.and_then(|end| text.get(..end)).unwrap_or(&text);
        let dots = if end.is_some() { "..." } else { "" };
        // Writing to a string does not fail.
        let _ = write!(list, "\n  {shown}{dots} at {file}:{row}");
    }
}

// === helpers ===

/// The name of a rule, as in a reference to it.
fn name(path: &[Value]) -> String {
    let mut name = "data".to_owned();
    for part in path {
        let plain = |text: &str| {
            let mut chars = text.chars();
            let first = chars
                .next()
                .is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
            first && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
        };
        // Writing to a string does not fail.
        let _ = match part {
            Value::String(text) if plain(text) => write!(name, ".{text}"),
            part => write!(name, "[{part}]"),
        };
    }
    name
}

#[cfg(test)]
mod tests;
