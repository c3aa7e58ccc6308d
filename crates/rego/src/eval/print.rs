//! `print`: every combination of its arguments' values is a line.

use super::error::{EvalError, Halt};
use super::machine::{Machine, VALUE_COST};
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
            self.pay_lines(&lines, &texts)?;
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

impl Machine<'_> {
    /// Pays for every line followed by every text.
    fn pay_lines(&mut self, lines: &[String], texts: &[String]) -> Result<(), Halt> {
        let length = |all: &[String]| all.iter().map(|text| text.len() + 1).sum::<usize>();
        let before = length(lines).saturating_mul(texts.len());
        let added = length(texts).saturating_mul(lines.len());
        let bytes = before.saturating_add(added) as u64;
        let count = lines.len().saturating_mul(texts.len()) as u64;
        let bytes = bytes.saturating_add(count.saturating_mul(VALUE_COST));
        match self.cx.budget.build(bytes) {
            Ok(()) => Ok(()),
            Err(_) => Err(EvalError::spent(self.cx.budget)),
        }
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
