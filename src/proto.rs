//! Generated protobuf types that no crate ships as we need them, and the descriptors for reflection.
//!
//! What is compiled, and from where its numbers come, is told in `proto/README.md`.

/// Names of the services, as reflection and health checks spell them.
pub mod service {
    /// ext_authz v3.
    pub const AUTHORIZATION_V3: &str = "envoy.service.auth.v3.Authorization";
    /// ext_authz v2.
    pub const AUTHORIZATION_V2: &str = "envoy.service.auth.v2.Authorization";
}

/// The `:path` of ext_authz v3 calls.
pub const CHECK_V3_PATH: &str = "/envoy.service.auth.v3.Authorization/Check";

/// The `:path` of ext_authz v2 calls.
pub const CHECK_V2_PATH: &str = "/envoy.service.auth.v2.Authorization/Check";

/// Encoded `FileDescriptorSet` of ext_authz v3 and all that it imports.
pub const EXT_AUTHZ_V3_DESCRIPTORS: &[u8] =
    include_bytes!(concat!(env!("OUT_DIR"), "/ext_authz_v3.bin"));

/// Encoded `FileDescriptorSet` of ext_authz v2 and all that it imports.
pub const EXT_AUTHZ_V2_DESCRIPTORS: &[u8] =
    include_bytes!(concat!(env!("OUT_DIR"), "/ext_authz_v2.bin"));

#[expect(missing_docs, clippy::pedantic, reason = "generated code")]
mod generated {
    include!(concat!(env!("OUT_DIR"), "/ext_authz_v2.rs"));
}

pub use generated::envoy;
pub use generated::google;

#[cfg(test)]
mod tests;
