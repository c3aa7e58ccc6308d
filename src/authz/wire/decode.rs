//! The protobuf wire format: varints, tags, lengths, and how to pass over what is not known.
//! Nothing here knows a message.

use super::WireError;

/// How deep groups that nobody asked for may nest.
const MAX_GROUPS: usize = 10_000;

/// The largest field number that the format has.
const MAX_NUMBER: u64 = (1 << 29) - 1;

/// Bytes that are read from the front.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cursor<'a>(&'a [u8]);

/// What a tag says of the value that follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WireType {
    /// A varint.
    Varint,
    /// Eight bytes.
    Fixed64,
    /// A length and as many bytes.
    Length,
    /// The start of a group.
    GroupStart,
    /// The end of a group.
    GroupEnd,
    /// Four bytes.
    Fixed32,
}

// === impl Cursor ===

impl<'a> Cursor<'a> {
    /// Reads from `bytes`.
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Whether everything has been read.
    pub(super) fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// A varint of up to ten bytes and 64 bits.
    #[inline]
    pub(super) fn varint(&mut self) -> Result<u64, WireError> {
        if let Some((&first, rest)) = self.0.split_first()
            && first < 0x80
        {
            self.0 = rest;
            return Ok(u64::from(first));
        }
        self.long_varint()
    }

    fn long_varint(&mut self) -> Result<u64, WireError> {
        let mut value = 0;
        for (index, &byte) in self.0.iter().take(10).enumerate() {
            value |= u64::from(byte & 0x7f) << (7 * index);
            if byte < 0x80 {
                // Of the tenth byte only one bit is left.
                if index == 9 && byte > 1 {
                    break;
                }
                self.0 = self.0.get(index + 1..).unwrap_or_default();
                return Ok(value);
            }
        }
        Err(WireError::Malformed)
    }

    /// A field's number and wire type.
    #[inline]
    pub(super) fn tag(&mut self) -> Result<(u32, WireType), WireError> {
        let tag = self.varint()?;
        let number = tag >> 3;
        if number == 0 || number > MAX_NUMBER {
            return Err(WireError::Malformed);
        }
        let wire = match tag & 7 {
            0 => WireType::Varint,
            1 => WireType::Fixed64,
            2 => WireType::Length,
            3 => WireType::GroupStart,
            4 => WireType::GroupEnd,
            5 => WireType::Fixed32,
            _ => return Err(WireError::Malformed),
        };
        Ok((
            u32::try_from(number).map_err(|_| WireError::Malformed)?,
            wire,
        ))
    }

    /// A length and as many bytes.
    #[inline]
    pub(super) fn length_delimited(&mut self) -> Result<&'a [u8], WireError> {
        let length = usize::try_from(self.varint()?).map_err(|_| WireError::Malformed)?;
        self.take(length)
    }

    /// A length and as much UTF-8.
    #[inline]
    pub(super) fn text(&mut self) -> Result<&'a str, WireError> {
        let bytes = self.length_delimited()?;
        std::str::from_utf8(bytes).map_err(|_| WireError::InvalidUtf8)
    }

    /// Eight bytes as a number, little end first.
    pub(super) fn fixed64(&mut self) -> Result<u64, WireError> {
        let (bytes, rest) = self.0.split_first_chunk().ok_or(WireError::Malformed)?;
        self.0 = rest;
        Ok(u64::from_le_bytes(*bytes))
    }

    /// Passes over the value of a field that is not known.
    pub(super) fn skip(&mut self, number: u32, wire: WireType) -> Result<(), WireError> {
        match wire {
            WireType::GroupStart => self.skip_group(number),
            WireType::GroupEnd => Err(WireError::Malformed),
            _ => self.skip_plain(wire),
        }
    }

    fn skip_plain(&mut self, wire: WireType) -> Result<(), WireError> {
        match wire {
            WireType::Varint => self.varint().map(drop),
            WireType::Fixed64 => self.take(8).map(drop),
            WireType::Length => self.length_delimited().map(drop),
            WireType::Fixed32 => self.take(4).map(drop),
            WireType::GroupStart | WireType::GroupEnd => Ok(()),
        }
    }

    fn skip_group(&mut self, number: u32) -> Result<(), WireError> {
        let mut open = vec![number];
        while let Some(&innermost) = open.last() {
            let (number, wire) = self.tag()?;
            match wire {
                WireType::GroupStart if open.len() >= MAX_GROUPS => {
                    return Err(WireError::Malformed);
                }
                WireType::GroupStart => open.push(number),
                WireType::GroupEnd if number != innermost => return Err(WireError::Malformed),
                WireType::GroupEnd => drop(open.pop()),
                _ => self.skip_plain(wire)?,
            }
        }
        Ok(())
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], WireError> {
        let (taken, rest) = self
            .0
            .split_at_checked(length)
            .ok_or(WireError::Malformed)?;
        self.0 = rest;
        Ok(taken)
    }
}
