//! The names of subjects and issuers.

use std::borrow::Cow;

use super::der::{BitString, Element, Oid, Reader, Time, tag};

/// A name: what it says, in order.
#[derive(Debug, Clone, Default)]
pub(in crate::builtins) struct Name<'d> {
    /// Its attributes.
    pub attributes: Vec<Attribute<'d>>,
}

/// An attribute of a name.
#[derive(Debug, Clone)]
pub(in crate::builtins) struct Attribute<'d> {
    /// What it is about.
    pub kind: Oid<'d>,
    /// What it says.
    pub value: Any<'d>,
}

/// What an attribute can say. In certificates it is text always.
#[derive(Debug, Clone)]
pub(in crate::builtins) enum Any<'d> {
    Text(Cow<'d, str>),
    Boolean(bool),
    Integer(i64),
    Bits(BitString<'d>),
    Oid(Oid<'d>),
    Time(Time),
    Bytes(&'d [u8]),
    /// Of a kind that is not looked into.
    Other,
}

/// 2.5.4, below which the usual attributes are.
const USUAL: &[u8] = &[0x55, 0x04];

// === impl Name ===

impl<'d> Name<'d> {
    /// Reads the name of a certificate.
    pub(in crate::builtins) fn parse(name: &'d [u8]) -> Option<Self> {
        Self::parse_with(name, |element| {
            text(element.tag, element.content).map(Any::Text)
        })
    }

    /// Reads the name of a request, whose attributes may be anything.
    pub(in crate::builtins) fn parse_any(name: &'d [u8]) -> Option<Self> {
        Self::parse_with(name, Any::parse)
    }

    fn parse_with(name: &'d [u8], value: impl Fn(Element<'d>) -> Option<Any<'d>>) -> Option<Self> {
        let mut sets = Reader::new(name).inside(tag::SEQUENCE)?;
        let mut attributes = Vec::new();
        while !sets.is_empty() {
            let mut set = sets.inside(tag::SET)?;
            while !set.is_empty() {
                let mut inside = set.inside(tag::SEQUENCE)?;
                let kind = inside.oid()?;
                let value = value(inside.any()?)?;
                attributes.push(Attribute { kind, value });
            }
        }
        Some(Self { attributes })
    }

    /// The texts of the attributes 2.5.4.`number`.
    pub(in crate::builtins) fn texts(&self, number: u8) -> impl Iterator<Item = &str> {
        let of_kind = move |attribute: &&Attribute<'_>| {
            let last = attribute.kind.0.strip_prefix(USUAL);
            last == Some(&[number])
        };
        self.attributes
            .iter()
            .filter(of_kind)
            .filter_map(|attribute| match &attribute.value {
                Any::Text(text) => Some(text.as_ref()),
                _ => None,
            })
    }
}

// === impl Any ===

impl<'d> Any<'d> {
    /// Reads an element of any kind.
    pub(in crate::builtins) fn parse(element: Element<'d>) -> Option<Self> {
        let Element {
            tag,
            whole,
            content,
        } = element;
        let mut reader = Reader::new(whole);
        Some(match tag {
            tag::BOOLEAN => Self::Boolean(reader.boolean()?),
            tag::INTEGER => Self::Integer(reader.int()?),
            tag::BIT_STRING => Self::Bits(reader.bits()?),
            tag::OCTET_STRING => Self::Bytes(content),
            tag::OID => Self::Oid(reader.oid()?),
            tag::UTC_TIME | tag::GENERALIZED_TIME => Self::Time(reader.time()?),
            tag::UTF8 | tag::NUMERIC | tag::PRINTABLE | tag::T61 | tag::IA5 | tag::BMP => {
                Self::Text(text(tag, content)?)
            }
            _ => Self::Other,
        })
    }
}

/// The text of an element, if it is one and all of its characters are allowed.
fn text(tag: u8, content: &[u8]) -> Option<Cow<'_, str>> {
    let plain = |allowed: fn(&u8) -> bool| {
        let text = str::from_utf8(content).ok()?;
        content.iter().all(allowed).then_some(Cow::Borrowed(text))
    };
    match tag {
        tag::UTF8 => str::from_utf8(content).ok().map(Cow::Borrowed),
        tag::NUMERIC => plain(|byte| byte.is_ascii_digit() || *byte == b' '),
        tag::IA5 => plain(u8::is_ascii),
        tag::PRINTABLE => {
            plain(|byte| byte.is_ascii_alphanumeric() || b" '()+,-./:=?*&".contains(byte))
        }
        // What all take it for: Latin-1.
        tag::T61 => Some(content.iter().map(|byte| char::from(*byte)).collect()),
        tag::BMP => wide(content).map(Cow::Owned),
        _ => None,
    }
}

/// Text of two bytes a character, with or without a zero at its end.
fn wide(content: &[u8]) -> Option<String> {
    let (units, odd) = content.as_chunks();
    let units = units.strip_suffix(&[[0, 0]]).unwrap_or(units);
    if !odd.is_empty() {
        return None;
    }
    let character = |unit: &[u8; 2]| {
        let unit = u16::from_be_bytes(*unit);
        let never = matches!(unit, 0xfffe | 0xffff | 0xfdd0..=0xfdef);
        char::from_u32(u32::from(unit)).filter(|_| !never)
    };
    units.iter().map(character).collect()
}

#[cfg(test)]
mod tests {
    use super::{tag, text};

    #[test]
    fn texts_are_what_their_kind_allows() {
        let cases: [(u8, &[u8], Option<&str>); 12] = [
            (tag::UTF8, "é".as_bytes(), Some("é")),
            (tag::UTF8, &[0xff], None),
            (tag::NUMERIC, b"1 2", Some("1 2")),
            (tag::NUMERIC, b"a", None),
            (tag::PRINTABLE, b"A*&'", Some("A*&'")),
            (tag::PRINTABLE, b"a@b", None),
            (tag::IA5, b"a@b", Some("a@b")),
            (tag::IA5, &[0x80], None),
            (tag::T61, &[0xe9, b'a'], Some("éa")),
            (tag::BMP, &[0, b'a', 0x20, 0xac, 0, 0], Some("a€")),
            (tag::BMP, &[0xd8, 0], None),
            (tag::BMP, &[0xff, 0xfe], None),
        ];
        for (tag, bytes, want) in cases {
            assert_eq!(text(tag, bytes).as_deref(), want, "{tag} {bytes:?}");
        }
        assert_eq!(text(tag::BMP, &[0]), None);
        assert_eq!(text(4, b"a"), None);
    }
}
