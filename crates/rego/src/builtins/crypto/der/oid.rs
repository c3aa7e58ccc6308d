//! Object identifiers.

use num_bigint::BigUint;

/// An object identifier, by its encoding: two are the same when their bytes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::builtins) struct Oid<'d>(pub(in crate::builtins) &'d [u8]);

/// The most bytes of an identifier whose parts may be of any size: writing it costs their square.
const LONGEST: usize = 256;

// === impl Oid ===

impl<'d> Oid<'d> {
    /// Checks an encoding; each part fits 31 bits.
    pub(super) fn short(bytes: &'d [u8]) -> Option<Self> {
        let oid = Self::well_formed(bytes)?;
        oid.small_parts().map(|_| oid)
    }

    /// Checks an encoding with parts of any size.
    pub(in crate::builtins) fn long(bytes: &'d [u8]) -> Option<Self> {
        Self::well_formed(bytes).and_then(|oid| Self::unchecked(oid.0))
    }

    /// Takes bytes for an encoding, as long as they are not too many.
    pub(in crate::builtins) fn unchecked(bytes: &'d [u8]) -> Option<Self> {
        (bytes.len() <= LONGEST).then_some(Self(bytes))
    }

    /// The parts; `None` when one has more than 31 bits.
    pub(in crate::builtins) fn small_parts(self) -> Option<Vec<u32>> {
        let mut parts = Vec::with_capacity(self.0.len() + 1);
        let mut part = 0_u32;
        for byte in self.0 {
            if part >= 1 << 24 {
                return None;
            }
            part = part << 7 | u32::from(byte & 0x7f);
            if byte & 0x80 == 0 {
                if parts.is_empty() {
                    let first = (part / 40).min(2);
                    parts.push(first);
                    part -= first * 40;
                }
                parts.push(part);
                part = 0;
            }
        }
        Some(parts)
    }

    /// The parts with dots between them.
    pub(in crate::builtins) fn text(self) -> String {
        let mut text = String::new();
        let mut part = BigUint::ZERO;
        for byte in self.0 {
            part = part << 7_u32 | BigUint::from(byte & 0x7f);
            if byte & 0x80 != 0 {
                continue;
            }
            if text.is_empty() {
                let first = u32::try_from(&part / 40_u32).map_or(2, |first| first.min(2));
                text = first.to_string();
                part -= first * 40;
            }
            text.push('.');
            text.push_str(&part.to_string());
            part = BigUint::ZERO;
        }
        text
    }

    /// Whole parts, each in as few bytes as can be.
    fn well_formed(bytes: &'d [u8]) -> Option<Self> {
        let ends = bytes.last().is_some_and(|last| last & 0x80 == 0);
        let mut starts = true;
        let shortest = bytes.iter().all(|byte| {
            let padded = starts && *byte == 0x80;
            starts = byte & 0x80 == 0;
            !padded
        });
        (ends && shortest).then_some(Self(bytes))
    }
}
