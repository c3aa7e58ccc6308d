//! The engine regorus, behind a wall: selected by `engine: regorus`, and the other voice of `engine: verify`.
//!
//! Nothing outside this room names the crate. What regorus gets wrong in a way that could hurt (unbounded
//! recursion, exponential parsing, panics, unbound variables, negation) is stopped here, before or around it.

mod builtins;
mod check;
mod demand;
mod entry;
mod error;
mod evaluator;
mod facts;
mod index;
mod negation;
mod policy;
mod safety;
mod scan;
#[cfg(test)]
mod tests;
mod values;

pub(super) use evaluator::Evaluator;
pub(super) use policy::Policy;
