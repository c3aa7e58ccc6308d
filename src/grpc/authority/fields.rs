//! Follows the fields of a header block (HPACK) as far as it takes to see which are `:authority`.
//!
//! It keeps no dynamic table: a value is followed where its field has the name in full or the name's
//! index in the static table. Fields that refer to an earlier one repeat a value that was put right.

use super::value::Value;

const NAME: &[u8] = b":authority";
const STATIC_INDEX: u8 = 1;

/// Where in a header block its bytes have come to.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Fields {
    place: Place,
}

#[derive(Debug, Clone, Copy, Default)]
enum Place {
    /// Between two fields.
    #[default]
    Between,
    /// In the later bytes of an index or a size, before a field's value or the next field.
    Index { value: bool },
    /// Before the length of a string, or in the later bytes of the length.
    Length(Text, Option<Length>),
    /// In a string of which so many bytes are left.
    Text(Text, u32),
}

/// The string at hand.
#[derive(Debug, Clone, Copy)]
enum Text {
    /// A name, of which so many bytes are those of `:authority`; None: it is another one.
    Name(Option<usize>),
    /// The value of `:authority`.
    Authority(Value),
    /// The value of another field.
    Other,
}

/// A length that takes more than one byte.
#[derive(Debug, Clone, Copy)]
struct Length {
    sum: u32,
    shift: u32,
}

// === impl Fields ===

impl Fields {
    /// Follows the next bytes. None: this is no header block, or one with absurd lengths.
    pub(super) fn follow(&mut self, bytes: &mut [u8]) -> Option<()> {
        let mut rest = bytes;
        while let [first, ..] = rest {
            let used = if let Place::Text(mut text, left) = self.place {
                let used = rest.len().min(usize::try_from(left).ok()?);
                text.follow(rest.get_mut(..used)?);
                self.place = Place::in_text(text, left - u32::try_from(used).ok()?);
                used
            } else {
                self.place = self.place.after(*first)?;
                1
            };
            rest = rest.get_mut(used..)?;
        }
        Some(())
    }

    /// Whether a header block may end here.
    pub(super) fn between(&self) -> bool {
        matches!(self.place, Place::Between)
    }
}

// === impl Place ===

impl Place {
    /// Where a byte outside of strings leads to.
    fn after(self, byte: u8) -> Option<Self> {
        match self {
            Self::Between => Some(Self::field(byte)),
            Self::Index { .. } if byte & 0x80 != 0 => Some(self),
            Self::Index { value: true } => Some(Self::Length(Text::Other, None)),
            Self::Index { value: false } => Some(Self::Between),
            Self::Length(text, None) => {
                let text = text.coded(byte & 0x80 != 0);
                Some(match byte & 0x7f {
                    0x7f => Self::Length(
                        text,
                        Some(Length {
                            sum: 0x7f,
                            shift: 0,
                        }),
                    ),
                    short => Self::in_text(text, u32::from(short)),
                })
            }
            Self::Length(text, Some(length)) => {
                let length = length.plus(byte)?;
                Some(if byte & 0x80 != 0 {
                    Self::Length(text, Some(length))
                } else {
                    Self::in_text(text, length.sum)
                })
            }
            // Strings are followed in one go.
            Self::Text(..) => None,
        }
    }

    /// What the first byte of a field begins.
    fn field(first: u8) -> Self {
        match first {
            0xff | 0x3f => Self::Index { value: false },
            // A field of the tables, or their new size.
            0x80..=0xfe | 0x20..=0x3e => Self::Between,
            0x40..=0x7f => Self::literal(first & 0x3f, 0x3f),
            0x00..=0x1f => Self::literal(first & 0x0f, 0x0f),
        }
    }

    /// A field with a value of its own, whose name has this index; `more`: one that goes on.
    fn literal(index: u8, more: u8) -> Self {
        match index {
            0 => Self::Length(Text::Name(Some(0)), None),
            STATIC_INDEX => Self::Length(Text::Authority(Value::Plain), None),
            _ if index == more => Self::Index { value: true },
            _ => Self::Length(Text::Other, None),
        }
    }

    fn in_text(text: Text, left: u32) -> Self {
        match text {
            _ if left > 0 => Self::Text(text, left),
            Text::Name(Some(same)) if same == NAME.len() => {
                Self::Length(Text::Authority(Value::Plain), None)
            }
            Text::Name(_) => Self::Length(Text::Other, None),
            Text::Authority(_) | Text::Other => Self::Between,
        }
    }
}

// === impl Text ===

impl Text {
    /// The string, now that it is known whether Huffman's code is used.
    fn coded(self, huffman: bool) -> Self {
        match self {
            // Who codes names has the static table, and this name is in it.
            Self::Name(_) if huffman => Self::Name(None),
            Self::Authority(_) if huffman => Self::Authority(Value::huffman()),
            text => text,
        }
    }

    fn follow(&mut self, bytes: &mut [u8]) {
        match self {
            Self::Name(same) => {
                *same = same.and_then(|seen| {
                    let due = NAME.get(seen..)?;
                    due.starts_with(bytes).then_some(seen + bytes.len())
                });
            }
            Self::Authority(value) => value.mend(bytes),
            Self::Other => {}
        }
    }
}

// === impl Length ===

impl Length {
    /// The length with one more byte. None: more than anyone may send.
    fn plus(self, byte: u8) -> Option<Self> {
        if self.shift > 21 {
            return None;
        }
        Some(Self {
            sum: self.sum + (u32::from(byte & 0x7f) << self.shift),
            shift: self.shift + 7,
        })
    }
}
