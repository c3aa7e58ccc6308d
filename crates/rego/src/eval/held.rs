//! Which labels the rules carry that held, each once, in the order in which they first did.

use super::exec::Sink;
use super::machine::Machine;
use crate::plan::ir;

/// Numbers of labels.
#[derive(Debug, Default)]
pub(super) struct Labels {
    order: Vec<u32>,
    /// Of each number whether it is there, a bit each.
    there: Vec<u64>,
}

// === impl Labels ===

impl Labels {
    /// In order.
    pub(super) fn iter(&self) -> impl Iterator<Item = u32> {
        self.order.iter().copied()
    }

    /// Forgets all; keeps the memory.
    pub(super) fn clear(&mut self) {
        for number in self.order.drain(..) {
            if let Some(bits) = self.there.get_mut(number as usize / BITS) {
                *bits = 0;
            }
        }
    }

    fn add(&mut self, number: u32) {
        let (at, bit) = (number as usize / BITS, 1 << (number as usize % BITS));
        if at >= self.there.len() {
            self.there.resize(at + 1, 0);
        }
        if let Some(bits) = self.there.get_mut(at)
            && *bits & bit == 0
        {
            *bits |= bit;
            self.order.push(number);
        }
    }
}

/// How many numbers a word has bits for.
const BITS: usize = 64;

// === impl Machine ===

impl Machine<'_> {
    /// A rule with labels holds, whose answer goes to `out`.
    #[inline(never)]
    pub(super) fn held(&mut self, held: ir::Held, out: &Sink<'_>) {
        let asked = match out {
            Sink::Doc { asked, .. } => *asked,
            _ => 0,
        };
        if asked <= held.keys as usize
            && let Some(labels) = &mut self.labels
        {
            labels.add(held.labels);
        }
    }
}

#[cfg(test)]
mod tests;
