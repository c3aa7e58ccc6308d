//! Protobuf bytes into a dynamic message.
//!
//! Not prost's decoder, which refuses a known field of another wire type and knows the
//! descriptor's extensions; the peers whose policies we run pass over both.

use prost_reflect::{
    DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor, ReflectMessage, Value,
};

use super::GrpcError;

/// How deep messages may nest: protobuf's usual bound. It also bounds the call stack.
pub(super) const MAX_DEPTH: usize = 100;

/// One field's value as it lies on the wire.
#[derive(Clone, Copy)]
enum Wire<'a> {
    Varint(u64),
    Fixed64([u8; 8]),
    Bytes(&'a [u8]),
    Group(&'a [u8]),
    Fixed32([u8; 4]),
}

/// Decodes a message of a type.
pub(super) fn decode(
    kind: MessageDescriptor,
    bytes: &[u8],
    depth: usize,
) -> Result<DynamicMessage, GrpcError> {
    let mut message = DynamicMessage::new(kind);
    merge(&mut message, bytes, depth)?;
    Ok(message)
}

fn merge(message: &mut DynamicMessage, mut bytes: &[u8], depth: usize) -> Result<(), GrpcError> {
    if depth > MAX_DEPTH {
        return Err(GrpcError::Depth);
    }
    let kind = message.descriptor();
    while !bytes.is_empty() {
        let (number, wire) = read_field(&mut bytes)?;
        if let Some(field) = kind.get_field(number) {
            merge_field(message, &field, wire, depth)?;
        }
    }
    Ok(())
}

// A value of another wire type than the field's is passed over like an unknown field.
fn merge_field(
    message: &mut DynamicMessage,
    field: &FieldDescriptor,
    wire: Wire<'_>,
    depth: usize,
) -> Result<(), GrpcError> {
    let kind = field.kind();
    if field.is_map() {
        if let (Wire::Bytes(entry), Kind::Message(kind)) = (wire, &kind) {
            let entry = map_entry(kind, entry, depth)?;
            if let (Some((key, value)), Value::Map(map)) = (entry, message.get_field_mut(field)) {
                map.insert(key, value);
            }
        }
        return Ok(());
    }
    if field.is_list() {
        let values = match wire {
            Wire::Bytes(packed) if is_packable(&kind) => unpack(field, &kind, packed)?,
            _ => Vec::from_iter(single(field, &kind, wire, depth)?),
        };
        // An empty packed field leaves the list unset.
        if !values.is_empty()
            && let Value::List(list) = message.get_field_mut(field)
        {
            list.extend(values);
        }
        return Ok(());
    }
    if let (Kind::Message(_), Some(bytes)) = (&kind, message_bytes(field, wire)) {
        // A message that comes twice is merged.
        if let Value::Message(message) = message.get_field_mut(field) {
            merge(message, bytes, depth + 1)?;
        }
    } else if let Some(value) = single(field, &kind, wire, depth)? {
        message.set_field(field, value);
    }
    Ok(())
}

fn map_entry(
    entry: &MessageDescriptor,
    bytes: &[u8],
    depth: usize,
) -> Result<Option<(MapKey, Value)>, GrpcError> {
    let message = decode(entry.clone(), bytes, depth + 1)?;
    let key = message
        .get_field(&entry.map_entry_key_field())
        .into_owned()
        .into_map_key();
    let value = message
        .get_field(&entry.map_entry_value_field())
        .into_owned();
    Ok(key.map(|key| (key, value)))
}

fn message_bytes<'a>(field: &FieldDescriptor, wire: Wire<'a>) -> Option<&'a [u8]> {
    match wire {
        Wire::Bytes(bytes) if !field.is_group() => Some(bytes),
        Wire::Group(bytes) if field.is_group() => Some(bytes),
        _ => None,
    }
}

fn single(
    field: &FieldDescriptor,
    kind: &Kind,
    wire: Wire<'_>,
    depth: usize,
) -> Result<Option<Value>, GrpcError> {
    Ok(match (kind, wire) {
        (Kind::Message(kind), _) => match message_bytes(field, wire) {
            Some(bytes) => Some(Value::Message(decode(kind.clone(), bytes, depth + 1)?)),
            None => None,
        },
        (Kind::String, Wire::Bytes(bytes)) => {
            let text = std::str::from_utf8(bytes);
            let text = text.map_err(|_| GrpcError::Utf8(field.full_name().to_owned()))?;
            Some(Value::String(text.to_owned()))
        }
        (Kind::Bytes, Wire::Bytes(bytes)) => Some(Value::Bytes(bytes.to_vec().into())),
        _ => number(kind, wire),
    })
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "protobuf cuts a varint to its field's width"
)]
fn number(kind: &Kind, wire: Wire<'_>) -> Option<Value> {
    Some(match (kind, wire) {
        (Kind::Bool, Wire::Varint(value)) => Value::Bool(value != 0),
        (Kind::Int32, Wire::Varint(value)) => Value::I32((value as u32).cast_signed()),
        (Kind::Enum(_), Wire::Varint(value)) => Value::EnumNumber((value as u32).cast_signed()),
        (Kind::Int64, Wire::Varint(value)) => Value::I64(value.cast_signed()),
        (Kind::Uint32, Wire::Varint(value)) => Value::U32(value as u32),
        (Kind::Uint64, Wire::Varint(value)) => Value::U64(value),
        (Kind::Sint32, Wire::Varint(value)) => Value::I32(zigzag(u64::from(value as u32)) as i32),
        (Kind::Sint64, Wire::Varint(value)) => Value::I64(zigzag(value)),
        (Kind::Fixed32, Wire::Fixed32(bytes)) => Value::U32(u32::from_le_bytes(bytes)),
        (Kind::Sfixed32, Wire::Fixed32(bytes)) => Value::I32(i32::from_le_bytes(bytes)),
        (Kind::Float, Wire::Fixed32(bytes)) => Value::F32(f32::from_le_bytes(bytes)),
        (Kind::Fixed64, Wire::Fixed64(bytes)) => Value::U64(u64::from_le_bytes(bytes)),
        (Kind::Sfixed64, Wire::Fixed64(bytes)) => Value::I64(i64::from_le_bytes(bytes)),
        (Kind::Double, Wire::Fixed64(bytes)) => Value::F64(f64::from_le_bytes(bytes)),
        _ => return None,
    })
}

fn zigzag(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -(value & 1).cast_signed()
}

fn is_packable(kind: &Kind) -> bool {
    !matches!(kind, Kind::String | Kind::Bytes | Kind::Message(_))
}

fn unpack(
    field: &FieldDescriptor,
    kind: &Kind,
    mut packed: &[u8],
) -> Result<Vec<Value>, GrpcError> {
    let mut values = Vec::new();
    while !packed.is_empty() {
        let wire = match kind {
            Kind::Fixed32 | Kind::Sfixed32 | Kind::Float => Wire::Fixed32(take(&mut packed)?),
            Kind::Fixed64 | Kind::Sfixed64 | Kind::Double => Wire::Fixed64(take(&mut packed)?),
            _ => Wire::Varint(varint(&mut packed)?),
        };
        values.extend(single(field, kind, wire, 0)?);
    }
    Ok(values)
}

fn read_field<'a>(bytes: &mut &'a [u8]) -> Result<(u32, Wire<'a>), GrpcError> {
    let (number, wire_type) = key(bytes)?;
    let wire = match wire_type {
        0 => Wire::Varint(varint(bytes)?),
        1 => Wire::Fixed64(take(bytes)?),
        2 => Wire::Bytes(delimited(bytes)?),
        3 => Wire::Group(group(bytes, number)?),
        5 => Wire::Fixed32(take(bytes)?),
        _ => return Err(GrpcError::Wire),
    };
    Ok((number, wire))
}

/// Takes a group's fields and its end mark; gives the fields.
fn group<'a>(bytes: &mut &'a [u8], number: u32) -> Result<&'a [u8], GrpcError> {
    let start = *bytes;
    let mut open = vec![number];
    loop {
        let before = bytes.len();
        let (number, wire_type) = key(bytes)?;
        match wire_type {
            0 => drop(varint(bytes)?),
            1 => drop(take::<8>(bytes)?),
            2 => drop(delimited(bytes)?),
            3 => open.push(number),
            4 if open.pop() == Some(number) => {
                if open.is_empty() {
                    return start.get(..start.len() - before).ok_or(GrpcError::Wire);
                }
            }
            5 => drop(take::<4>(bytes)?),
            _ => return Err(GrpcError::Wire),
        }
    }
}

fn key(bytes: &mut &[u8]) -> Result<(u32, u64), GrpcError> {
    let key = varint(bytes)?;
    match u32::try_from(key >> 3) {
        Ok(number @ 1..0x2000_0000) => Ok((number, key & 7)),
        _ => Err(GrpcError::Wire),
    }
}

fn varint(bytes: &mut &[u8]) -> Result<u64, GrpcError> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first().ok_or(GrpcError::Wire)?;
        *bytes = rest;
        // Of the tenth byte only one bit has a place.
        if shift == 63 && *byte > 1 {
            return Err(GrpcError::Wire);
        }
        value |= u64::from(byte & 0x7f) << shift;
        if *byte < 0x80 {
            return Ok(value);
        }
    }
    Err(GrpcError::Wire)
}

fn delimited<'a>(bytes: &mut &'a [u8]) -> Result<&'a [u8], GrpcError> {
    let length = usize::try_from(varint(bytes)?).map_err(|_| GrpcError::Wire)?;
    let (taken, rest) = bytes.split_at_checked(length).ok_or(GrpcError::Wire)?;
    *bytes = rest;
    Ok(taken)
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Result<[u8; N], GrpcError> {
    let (taken, rest) = bytes.split_first_chunk().ok_or(GrpcError::Wire)?;
    *bytes = rest;
    Ok(*taken)
}
