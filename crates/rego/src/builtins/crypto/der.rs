//! ASN.1 in its distinguished encoding, as far as certificates and keys need it. Nothing here follows nesting by
//! itself: a caller descends as far as it knows the structure.

use num_bigint::BigInt;

use super::{Malformed, malformed};

mod oid;
mod time;

pub(in crate::builtins) use oid::Oid;
pub(in crate::builtins) use time::Time;

/// The first byte of an element: class, whether it holds elements, and number.
pub(in crate::builtins) mod tag {
    pub(in crate::builtins) const BOOLEAN: u8 = 1;
    pub(in crate::builtins) const INTEGER: u8 = 2;
    pub(in crate::builtins) const BIT_STRING: u8 = 3;
    pub(in crate::builtins) const OCTET_STRING: u8 = 4;
    pub(in crate::builtins) const OID: u8 = 6;
    pub(in crate::builtins) const UTF8: u8 = 12;
    pub(in crate::builtins) const NUMERIC: u8 = 18;
    pub(in crate::builtins) const PRINTABLE: u8 = 19;
    pub(in crate::builtins) const T61: u8 = 20;
    pub(in crate::builtins) const IA5: u8 = 22;
    pub(in crate::builtins) const UTC_TIME: u8 = 23;
    pub(in crate::builtins) const GENERALIZED_TIME: u8 = 24;
    pub(in crate::builtins) const BMP: u8 = 30;
    pub(in crate::builtins) const SEQUENCE: u8 = 0x30;
    pub(in crate::builtins) const SET: u8 = 0x31;

    /// `[number]`, which holds bytes.
    pub(in crate::builtins) const fn context(number: u8) -> u8 {
        0x80 | number
    }

    /// `[number]`, which holds elements.
    pub(in crate::builtins) const fn constructed(number: u8) -> u8 {
        0xa0 | number
    }
}

/// Elements one after the other. What is asked for and not there is `None`.
#[derive(Debug, Clone, Copy)]
pub(in crate::builtins) struct Reader<'d> {
    rest: &'d [u8],
}

/// One element.
#[derive(Debug, Clone, Copy)]
pub(in crate::builtins) struct Element<'d> {
    /// Its first byte.
    pub tag: u8,
    /// All of it.
    pub whole: &'d [u8],
    /// What it holds.
    pub content: &'d [u8],
}

/// A string of bits: the bytes that hold them, and how many bits of the last byte are none of them.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::builtins) struct BitString<'d> {
    /// The bytes.
    pub bytes: &'d [u8],
    /// How many bits at the end do not count; below eight.
    pub unused: u8,
}

// === impl Reader ===

impl<'d> Reader<'d> {
    /// Reads what `bytes` hold.
    pub(in crate::builtins) fn new(bytes: &'d [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Whether nothing is left.
    pub(in crate::builtins) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Whether an element of that tag comes next.
    pub(in crate::builtins) fn has(&self, tag: u8) -> bool {
        self.rest.first() == Some(&tag)
    }

    /// The next element. Its length stands in as few bytes as can be, at most four.
    pub(in crate::builtins) fn any(&mut self) -> Option<Element<'d>> {
        let [tag, first, after @ ..] = self.rest else {
            return None;
        };
        if tag & 0x1f == 0x1f {
            return None;
        }
        let (length, after) = if *first < 0x80 {
            (usize::from(*first), after)
        } else {
            let (digits, after) = after.split_at_checked(usize::from(first & 0x7f))?;
            let shortest = digits.len() <= 4 && digits.first().is_some_and(|digit| *digit != 0);
            let value = digits
                .iter()
                .fold(0, |sum, digit| sum << 8 | u64::from(*digit));
            if !shortest || value < 0x80 {
                return None;
            }
            (usize::try_from(value).ok()?, after)
        };
        let (content, rest) = after.split_at_checked(length)?;
        let whole = self.rest.get(..self.rest.len() - rest.len())?;
        self.rest = rest;
        let tag = *tag;
        Some(Element {
            tag,
            whole,
            content,
        })
    }

    /// The next element, of that tag.
    pub(in crate::builtins) fn element(&mut self, tag: u8) -> Option<Element<'d>> {
        self.any().filter(|element| element.tag == tag)
    }

    /// What the next element holds, of that tag.
    pub(in crate::builtins) fn bytes(&mut self, tag: u8) -> Option<&'d [u8]> {
        Some(self.element(tag)?.content)
    }

    /// The elements inside the next one, of that tag.
    pub(in crate::builtins) fn inside(&mut self, tag: u8) -> Option<Self> {
        self.bytes(tag).map(Self::new)
    }

    /// The elements inside the next one, if it is of that tag.
    pub(in crate::builtins) fn optional(&mut self, tag: u8) -> Result<Option<Self>, Malformed> {
        if self.has(tag) {
            return self.inside(tag).map(Some).ok_or(malformed("element"));
        }
        Ok(None)
    }

    /// An integer of any size.
    pub(in crate::builtins) fn integer(&mut self) -> Option<BigInt> {
        let bytes = self.integer_bytes(tag::INTEGER)?;
        Some(BigInt::from_signed_bytes_be(bytes))
    }

    /// An integer of 64 bits.
    pub(in crate::builtins) fn int(&mut self) -> Option<i64> {
        self.int_tagged(tag::INTEGER)
    }

    /// An integer of 64 bits under another tag than its own.
    pub(in crate::builtins) fn int_tagged(&mut self, tag: u8) -> Option<i64> {
        let bytes = self.integer_bytes(tag)?;
        let negative = bytes.first()? & 0x80 != 0;
        let start = if negative { -1 } else { 0 };
        let value = |bytes: &[u8]| {
            let digits = bytes.iter();
            digits.fold(start, |sum, byte| sum << 8 | i64::from(*byte))
        };
        (bytes.len() <= 8).then(|| value(bytes))
    }

    /// A truth value.
    pub(in crate::builtins) fn boolean(&mut self) -> Option<bool> {
        match self.bytes(tag::BOOLEAN)? {
            [0] => Some(false),
            [0xff] => Some(true),
            _ => None,
        }
    }

    /// An object identifier whose parts fit 31 bits.
    pub(in crate::builtins) fn oid(&mut self) -> Option<Oid<'d>> {
        Oid::short(self.bytes(tag::OID)?)
    }

    /// A string of bits.
    pub(in crate::builtins) fn bits(&mut self) -> Option<BitString<'d>> {
        BitString::parse(self.bytes(tag::BIT_STRING)?)
    }

    /// A time of either kind.
    pub(in crate::builtins) fn time(&mut self) -> Option<Time> {
        let element = self.any()?;
        Time::parse(element.tag, element.content)
    }

    /// The bytes of an integer, which are as few as can be.
    fn integer_bytes(&mut self, tag: u8) -> Option<&'d [u8]> {
        let bytes = self.bytes(tag)?;
        match bytes {
            [] | [0, 0..=0x7f, ..] | [0xff, 0x80..=0xff, ..] => None,
            _ => Some(bytes),
        }
    }
}

// === impl BitString ===

impl<'d> BitString<'d> {
    /// The bits that an element's content stands for.
    pub(in crate::builtins) fn parse(content: &'d [u8]) -> Option<Self> {
        let (unused, bytes) = content.split_first()?;
        let last = bytes.last().copied();
        let clean = match last {
            Some(last) => *unused < 8 && last & ((1 << unused) - 1) == 0,
            None => *unused == 0,
        };
        let unused = *unused;
        clean.then_some(Self { bytes, unused })
    }

    /// How many bits there are.
    pub(in crate::builtins) fn len(&self) -> usize {
        self.bytes.len() * 8 - usize::from(self.unused)
    }

    /// Whether the bit at `at` is set, counted from the first byte's highest.
    pub(in crate::builtins) fn at(&self, at: usize) -> bool {
        let byte = self.bytes.get(at / 8).copied().unwrap_or_default();
        byte & (0x80 >> (at % 8)) != 0
    }

    /// The bits as bytes whose last is full.
    pub(in crate::builtins) fn right_aligned(&self) -> Vec<u8> {
        let mut carry = 0;
        let shifted = self.bytes.iter().map(|byte| {
            let wide = u16::from(*byte) << 8 >> self.unused | carry;
            carry = u16::from(*byte) << 8 << (8 - self.unused);
            wide.to_be_bytes()[0]
        });
        if self.unused == 0 {
            return self.bytes.to_vec();
        }
        shifted.collect()
    }
}

#[cfg(test)]
mod tests;
