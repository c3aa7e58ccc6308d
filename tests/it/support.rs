//! What several integration tests need.

pub(crate) mod corpus;
pub(crate) mod protojson;
//! What several integration tests share.

pub(crate) mod corpus;
//! What several tests need.

pub mod archive;
