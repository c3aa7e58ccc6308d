//! Our trimmed descriptors against the types that `envoy-types` generates from the full ones.

use envoy_types::ext_authz::v3::pb as v3;
use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor, ReflectMessage, Value};

use super::*;

/// A message of our descriptors in which every field is set, down to `depth` messages below it.
fn filled(descriptor: &MessageDescriptor, depth: usize) -> DynamicMessage {
    let mut message = DynamicMessage::new(descriptor.clone());
    for field in descriptor.fields() {
        let one = match field.kind() {
            prost_reflect::Kind::Message(inner) if field.is_map() => {
                let value = inner.map_entry_value_field();
                let value = match value.kind() {
                    prost_reflect::Kind::Message(inner) => Value::Message(filled(&inner, 0)),
                    _ => Value::String("v".into()),
                };
                Value::Map([(prost_reflect::MapKey::String("k".into()), value)].into())
            }
            prost_reflect::Kind::Message(_) if depth == 0 => continue,
            prost_reflect::Kind::Message(inner) => Value::Message(filled(&inner, depth - 1)),
            prost_reflect::Kind::Enum(inner) => {
                Value::EnumNumber(inner.values().last().map_or(0, |value| value.number()))
            }
            prost_reflect::Kind::String => Value::String("s".into()),
            prost_reflect::Kind::Bytes => Value::Bytes("b".into()),
            prost_reflect::Kind::Int64 => Value::I64(-1),
            prost_reflect::Kind::Int32 => Value::I32(7),
            prost_reflect::Kind::Uint32 => Value::U32(7),
            prost_reflect::Kind::Bool => Value::Bool(true),
            prost_reflect::Kind::Double => Value::F64(0.5),
            kind => panic!("no value for {kind:?}"),
        };
        message.set_field(
            &field,
            if field.is_list() {
                Value::List(vec![one])
            } else {
                one
            },
        );
    }
    message
}

fn descriptor(set: &[u8], name: &str) -> MessageDescriptor {
    DescriptorPool::decode(set)
        .unwrap()
        .get_message_by_name(name)
        .unwrap()
}

/// What survives a decode and encode by generated types, seen through our descriptors again.
fn through<M: Message + Default>(message: &DynamicMessage) -> DynamicMessage {
    let known = M::decode(message.encode_to_vec().as_slice())
        .unwrap()
        .encode_to_vec();
    DynamicMessage::decode(message.descriptor(), known.as_slice()).unwrap()
}

#[test]
fn v3_descriptors_have_the_numbers_of_envoy_types() {
    for depth in 0..8 {
        let request = descriptor(
            EXT_AUTHZ_V3_DESCRIPTORS,
            "envoy.service.auth.v3.CheckRequest",
        );
        let request = filled(&request, depth);
        assert_eq!(through::<v3::CheckRequest>(&request), request);
        let response = descriptor(
            EXT_AUTHZ_V3_DESCRIPTORS,
            "envoy.service.auth.v3.CheckResponse",
        );
        let response = filled(&response, depth);
        assert_eq!(through::<v3::CheckResponse>(&response), response);
    }
}

#[test]
fn v2_types_and_descriptors_agree() {
    use envoy::service::auth::v2::{CheckRequest, CheckResponse};
    let request = descriptor(
        EXT_AUTHZ_V2_DESCRIPTORS,
        "envoy.service.auth.v2.CheckRequest",
    );
    let request = filled(&request, 5);
    assert_eq!(through::<CheckRequest>(&request), request);
    let response = descriptor(
        EXT_AUTHZ_V2_DESCRIPTORS,
        "envoy.service.auth.v2.CheckResponse",
    );
    let response = filled(&response, 5);
    assert_eq!(through::<CheckResponse>(&response), response);
}

#[test]
fn services_are_described_under_their_paths() {
    for (set, service, path) in [
        (
            EXT_AUTHZ_V3_DESCRIPTORS,
            service::AUTHORIZATION_V3,
            CHECK_V3_PATH,
        ),
        (
            EXT_AUTHZ_V2_DESCRIPTORS,
            service::AUTHORIZATION_V2,
            CHECK_V2_PATH,
        ),
    ] {
        let pool = DescriptorPool::decode(set).unwrap();
        let service = pool.get_service_by_name(service).unwrap();
        let method = service.methods().next().unwrap();
        assert_eq!(path, format!("/{}/{}", service.full_name(), method.name()));
    }
}
