//! `print`: every combination of its arguments' values is a line.

use super::error::Halt;
use super::machine::Machine;
use crate::hir::Place;
use crate::plan::ir::Expr;
use crate::value::Value;

// === impl Machine ===

impl<'a> Machine<'a> {
    /// Hands the lines to the host, if it wants them.
    #[cold]
    #[inline(never)]
    pub(super) fn print(&mut self, place: Place, args: &'a [Expr]) -> Result<(), Halt> {
        if self.options.print.is_none() {
            return Ok(());
        }
        let mut lines = vec![String::new()];
        for (at, arg) in args.iter().enumerate() {
            let texts = self.eval(arg)?.map_or_else(Vec::new, |value| texts(&value));
            let texts = if texts.is_empty() {
                vec!["<undefined>".to_owned()]
            } else {
                texts
            };
            self.pay(lines.len().saturating_mul(texts.len()))?;
            let gap = if at == 0 { "" } else { " " };
            let lines_before = std::mem::take(&mut lines);
            for line in lines_before {
                lines.extend(texts.iter().map(|text| format!("{line}{gap}{text}")));
            }
        }
        let location = self.location(place);
        if let Some(print) = &mut self.options.print {
            for line in lines {
                print(location.as_ref(), line);
            }
        }
        Ok(())
    }
}

// === helpers ===

/// The members of the set that an argument is, as text: strings without quotes.
fn texts(value: &Value) -> Vec<String> {
    let text = |value: &Value| match value {
        Value::String(text) => text.to_string(),
        value => value.to_string(),
    };
    match value {
        Value::Set(set) => set.iter().map(text).collect(),
        value => vec![text(value)],
    }
}

#[cfg(test)]
mod tests;
