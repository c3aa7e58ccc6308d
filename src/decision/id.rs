//! Decision ids: random version-4 UUIDs (RFC 9562), drawn from a block of random bytes per thread.

use std::cell::RefCell;
use std::fmt;
use std::sync::OnceLock;

/// How many random bytes a thread fetches at a time: 64 ids for one system call.
const BLOCK: usize = 1024;

thread_local! {
    static RANDOM: RefCell<Block> = const { RefCell::new(Block { bytes: [0; BLOCK], used: BLOCK }) };
}

/// A decision's id, in the 36 characters of its text form.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct DecisionId([u8; 36]);

struct Block {
    bytes: [u8; BLOCK],
    used: usize,
}

// === impl DecisionId ===

impl DecisionId {
    /// Draws a new id from the operating system's generator, by way of this thread's block.
    ///
    /// # Errors
    ///
    /// Fails when the operating system has no randomness to give.
    pub fn random() -> Result<Self, getrandom::Error> {
        RANDOM.with_borrow_mut(Block::take).map(Self::from_random)
    }

    /// The id of this process, which is drawn once: the label `id`.
    ///
    /// # Errors
    ///
    /// As [`Self::random`].
    pub fn of_process() -> Result<Self, getrandom::Error> {
        static OWN: OnceLock<DecisionId> = OnceLock::new();
        let drawn = Self::random()?;
        Ok(*OWN.get_or_init(|| drawn))
    }

    /// The text form: `xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // The bytes are hexadecimal digits and dashes by construction.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    fn from_random(mut random: [u8; 16]) -> Self {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        random[6] = (random[6] & 0x0f) | 0x40;
        random[8] = (random[8] & 0x3f) | 0x80;
        let mut text = [b'-'; 36];
        let mut at = 0;
        for (i, byte) in random.into_iter().enumerate() {
            if matches!(i, 4 | 6 | 8 | 10) {
                at += 1;
            }
            text[at] = HEX[usize::from(byte >> 4)];
            text[at + 1] = HEX[usize::from(byte & 0x0f)];
            at += 2;
        }
        Self(text)
    }
}

impl fmt::Display for DecisionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for DecisionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

// === impl Block ===

impl Block {
    fn take(&mut self) -> Result<[u8; 16], getrandom::Error> {
        if self.used == BLOCK {
            getrandom::fill(&mut self.bytes)?;
            self.used = 0;
        }
        let mut out = [0; 16];
        let taken = &mut self.bytes[self.used..self.used + 16];
        out.copy_from_slice(taken);
        // A used id must not be found in memory again.
        taken.fill(0);
        self.used += 16;
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_a_version_4_uuid() {
        assert_eq!(
            DecisionId::from_random([0xff; 16]).as_str(),
            "ffffffff-ffff-4fff-bfff-ffffffffffff"
        );
        assert_eq!(
            DecisionId::from_random([0; 16]).as_str(),
            "00000000-0000-4000-8000-000000000000"
        );
    }

    #[test]
    fn ids_differ_across_a_block_boundary() {
        let ids: std::collections::HashSet<_> = (0..200)
            .map(|_| DecisionId::random().expect("randomness"))
            .collect();
        assert_eq!(ids.len(), 200);
    }
}
