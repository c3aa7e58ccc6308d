//! What rules read of their input, as the syntax tree shows it.

use super::facts::{Root, RuleFacts};
use crate::engine::Demand;

/// What these rules together read of the input; rather too much than too little.
pub(super) fn of(rules: &[RuleFacts]) -> Demand {
    let mut demand = Demand::nothing();
    let references = rules.iter().flat_map(|rule| &rule.references);
    for reference in references.filter(|reference| reference.root == Root::Input) {
        demand.add(reference.path.iter().map(String::as_str));
    }
    demand
}
