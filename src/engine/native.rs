//! Our own engine, `regate-rego`: selected by `engine: native`, and the voice that counts in `engine: verify`.
//!
//! Nothing outside this room, `data` and `tool` names the crate. Here its queries become entrypoints, its errors ours.

mod entry;
mod evaluator;
mod policy;
mod query;

pub(super) use evaluator::Evaluator;
pub(super) use policy::Policy;
pub(super) use query::Query;
