//! Writing of protobuf messages: just what a `CheckResponse` needs, into one growing buffer.

/// A protobuf message (or a part of one) that is being written.
#[derive(Debug, Default)]
pub(super) struct Encoder(Vec<u8>);

const VARINT: u32 = 0;
const FIXED64: u32 = 1;
const BYTES: u32 = 2;

// === impl Encoder ===

impl Encoder {
    /// A buffer that begins with room for the 5-byte gRPC frame header.
    pub(super) fn framed() -> Self {
        let mut buffer = Vec::with_capacity(160);
        buffer.extend_from_slice(&[0; 5]);
        Self(buffer)
    }

    /// The message behind its frame header: not compressed, and its length in network order.
    pub(super) fn into_frame(mut self) -> Vec<u8> {
        let length = u32::try_from(self.0.len().saturating_sub(5)).unwrap_or(u32::MAX);
        if let Some(header) = self.0.get_mut(1..5) {
            header.copy_from_slice(&length.to_be_bytes());
        }
        self.0
    }

    /// The message as it is, without a frame.
    pub(super) fn into_message(self) -> Vec<u8> {
        self.0
    }

    /// A varint field; zero is written too, for oneof members and entries that must be there.
    pub(super) fn varint(&mut self, field: u32, value: u64) {
        self.tag(field, VARINT);
        self.raw_varint(value);
    }

    /// An `int32` or enum field that is left out when it is zero, as proto3 does.
    pub(super) fn int32(&mut self, field: u32, value: i32) {
        if value != 0 {
            // Negative values are sign-extended to ten bytes on the wire.
            self.varint(field, i64::from(value).cast_unsigned());
        }
    }

    /// A `double` field, zero included.
    pub(super) fn double(&mut self, field: u32, value: f64) {
        self.tag(field, FIXED64);
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    /// A `string` field that is left out when it is empty, as proto3 does.
    pub(super) fn string(&mut self, field: u32, value: &str) {
        if !value.is_empty() {
            self.member_string(field, value);
        }
    }

    /// A `string` field, the empty one included: for oneof members and repeated fields.
    pub(super) fn member_string(&mut self, field: u32, value: &str) {
        self.tag(field, BYTES);
        self.raw_varint(value.len() as u64);
        self.0.extend_from_slice(value.as_bytes());
    }

    /// A `bytes` field that is left out when it is empty, as proto3 does.
    pub(super) fn bytes(&mut self, field: u32, value: &[u8]) {
        if !value.is_empty() {
            self.tag(field, BYTES);
            self.raw_varint(value.len() as u64);
            self.0.extend_from_slice(value);
        }
    }

    /// A message field; an empty message is written too.
    pub(super) fn message<E>(
        &mut self,
        field: u32,
        write: impl FnOnce(&mut Self) -> Result<(), E>,
    ) -> Result<(), E> {
        self.tag(field, BYTES);
        let start = self.0.len();
        write(self)?;
        // The length stands before the content and is known only now. Responses are small, so
        // moving the content by a byte or two is cheaper than measuring it first.
        let (prefix, used) = varint(self.0.len().saturating_sub(start) as u64);
        self.0.splice(start..start, prefix.into_iter().take(used));
        Ok(())
    }

    fn tag(&mut self, field: u32, wire_type: u32) {
        self.raw_varint(u64::from(field << 3 | wire_type));
    }

    fn raw_varint(&mut self, value: u64) {
        let (bytes, used) = varint(value);
        self.0.extend(bytes.into_iter().take(used));
    }
}

fn varint(mut value: u64) -> ([u8; 10], usize) {
    let mut bytes = [0; 10];
    let mut used = 0;
    for byte in &mut bytes {
        used += 1;
        *byte = (value & 0x7f) as u8;
        value >>= 7;
        if value == 0 {
            break;
        }
        *byte |= 0x80;
    }
    (bytes, used)
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    #[test]
    fn varints_are_little_endian_groups_of_seven_bits() {
        for (value, want) in [
            (0, &[0][..]),
            (127, &[0x7f]),
            (128, &[0x80, 0x01]),
            (300, &[0xac, 0x02]),
            (
                u64::MAX,
                &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
            ),
        ] {
            let (bytes, used) = varint(value);
            assert_eq!(&bytes[..used], want, "{value}");
        }
    }

    #[test]
    fn a_long_message_gets_a_long_length() {
        let mut encoder = Encoder::framed();
        let text = "x".repeat(300);
        let done: Result<(), Infallible> = encoder.message(2, |m| {
            m.member_string(1, &text);
            Ok(())
        });
        assert!(done.is_ok());
        let frame = encoder.into_frame();
        assert_eq!(&frame[..5], [0, 0, 0, 1, 50]);
        assert_eq!(&frame[5..11], [0x12, 0xaf, 0x02, 0x0a, 0xac, 0x02]);
        assert_eq!(frame.len(), 5 + 306);
    }
}
