//! What several integration tests share.

pub(crate) mod archive;
pub(crate) mod corpus;
pub(crate) mod protojson;
pub(crate) mod recorded;
