//! What several integration tests need.

pub(crate) mod corpus;
pub(crate) mod protojson;
