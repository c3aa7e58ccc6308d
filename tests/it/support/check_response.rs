//! A `CheckResponse` as the proto JSON of the recorded cases: the fields' names as in the schema.

use std::sync::LazyLock;

use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor, SerializeOptions};
use regate::decision::ApiVersion;
use regate::proto::{EXT_AUTHZ_V2_DESCRIPTORS, EXT_AUTHZ_V3_DESCRIPTORS};
use serde_json::Value;

/// Reads the bytes of a `CheckResponse`.
pub(crate) fn to_json(version: ApiVersion, message: &[u8]) -> Value {
    let message = DynamicMessage::decode(descriptor(version), message).expect("a CheckResponse");
    let options = SerializeOptions::new().use_proto_field_name(true);
    message
        .serialize_with_options(serde_json::value::Serializer, &options)
        .expect("a CheckResponse has proto JSON")
}

fn descriptor(version: ApiVersion) -> MessageDescriptor {
    static V2: LazyLock<DescriptorPool> = LazyLock::new(|| pool(EXT_AUTHZ_V2_DESCRIPTORS));
    static V3: LazyLock<DescriptorPool> = LazyLock::new(|| pool(EXT_AUTHZ_V3_DESCRIPTORS));
    let (pool, name) = match version {
        ApiVersion::V2 => (&V2, "envoy.service.auth.v2.CheckResponse"),
        ApiVersion::V3 => (&V3, "envoy.service.auth.v3.CheckResponse"),
    };
    pool.get_message_by_name(name).expect(name)
}

fn pool(bytes: &[u8]) -> DescriptorPool {
    DescriptorPool::decode(bytes).expect("descriptors")
}
