//! Server reflection, v1 and v1alpha: what `grpcurl` asks for before a call.

use tonic_reflection::server::{Builder, Error};

use super::Routes;
use crate::proto;

/// Adds both versions of reflection to `routes`, describing ext_authz v3 and v2, health and itself.
///
/// Fails only if the descriptors that were compiled in are broken.
pub fn add(routes: Routes) -> Result<Routes, Error> {
    Ok(routes
        .add_service(builder().build_v1()?)
        .add_service(builder().build_v1alpha()?))
}

fn builder() -> Builder<'static> {
    // Each build adds the version that it serves; naming the other makes both known to both.
    Builder::configure()
        .register_encoded_file_descriptor_set(proto::EXT_AUTHZ_V3_DESCRIPTORS)
        .register_encoded_file_descriptor_set(proto::EXT_AUTHZ_V2_DESCRIPTORS)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(tonic_reflection::pb::v1::FILE_DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(tonic_reflection::pb::v1alpha::FILE_DESCRIPTOR_SET)
        .include_reflection_service(false)
}
