//! Overwrites what makes the path of a socket unfit for an authority: `%` and `/`.

/// How an authority is written, and where in it the bytes have come to.
#[derive(Debug, Clone, Copy)]
pub(super) enum Value {
    /// One byte for each character.
    Plain,
    /// In HPACK's Huffman code: the bits of the character that has begun, and their number.
    Huffman { code: u8, bits: u8 },
    /// In that code, behind a character with a code of more than eight bits. Those are few and
    /// unlikely in paths; what follows one is left as it is.
    Untouched,
}

// === impl Value ===

impl Value {
    /// A value in Huffman's code, before its first bit.
    pub(super) fn huffman() -> Self {
        Self::Huffman { code: 0, bits: 0 }
    }

    /// Overwrites the next bytes where they need it.
    pub(super) fn mend(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            match self {
                Self::Plain if matches!(*byte, b'%' | b'/') => *byte = b'-',
                Self::Plain | Self::Untouched => {}
                Self::Huffman { .. } => {
                    for shift in (0..8).rev() {
                        self.bit(byte, 1 << shift);
                    }
                }
            }
        }
    }

    /// Follows the bit that `mask` selects.
    ///
    /// Codes of one length are consecutive, and shorter ones come first; a code is therefore whole
    /// when it is not above the last code of its length. Only a bit that has just come may be
    /// changed, since those before it may be with their reader already.
    fn bit(&mut self, byte: &mut u8, mask: u8) {
        let Self::Huffman { code, bits } = self else {
            return;
        };
        *code = *code << 1 | u8::from(*byte & mask != 0);
        *bits += 1;
        let fitting = match (*bits, *code) {
            // `%` and the space begin like this; `.` and `-` begin with the other bit.
            (5, 0b01010) => 0b01011,
            // `/`, and beside it `3`.
            (6, 0b01_1000) => 0b01_1001,
            (_, code) => code,
        };
        if fitting != *code {
            *byte ^= mask;
            *code = fitting;
        }
        match (*bits, *code) {
            (5, ..=0x09) | (6, ..=0x2d) | (7, ..=0x7b) | (8, ..=0xfd) => *self = Self::huffman(),
            (8, _) => *self = Self::Untouched,
            _ => {}
        }
    }
}
