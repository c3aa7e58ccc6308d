//! What a policy reads of its input, known after compilation.

use std::collections::BTreeMap;

/// The part of a document that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Demand {
    /// All of it.
    All,
    /// Of an object these members, each with what is asked of it; of anything else, all.
    Members(BTreeMap<Box<str>, Demand>),
}

// === impl Demand ===

impl Demand {
    /// Nothing at all.
    #[must_use]
    pub fn nothing() -> Self {
        Self::Members(BTreeMap::new())
    }

    /// What is asked of the member `key`; `None` when it is not asked for.
    #[must_use]
    pub fn member(&self, key: &str) -> Option<&Demand> {
        match self {
            Self::All => Some(&Self::All),
            Self::Members(members) => members.get(key),
        }
    }

    /// Asks for the document at `path` as well.
    pub fn add<'a>(&mut self, path: impl IntoIterator<Item = &'a str>) {
        let mut at = self;
        for key in path {
            match at {
                Self::All => return,
                Self::Members(members) => {
                    at = members.entry(key.into()).or_insert_with(Self::nothing);
                }
            }
        }
        *at = Self::All;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_demand_grows_and_never_shrinks() {
        let mut demand = Demand::nothing();
        demand.add(["attributes", "request", "http", "method"]);
        demand.add(["parsed_path"]);
        let http = demand
            .member("attributes")
            .and_then(|d| d.member("request"))
            .and_then(|d| d.member("http"))
            .expect("asked for");
        assert_eq!(http.member("method"), Some(&Demand::All));
        assert_eq!(http.member("path"), None);
        demand.add(["attributes"]);
        demand.add(["attributes", "source"]);
        assert_eq!(demand.member("attributes"), Some(&Demand::All));
        demand.add([]);
        assert_eq!(demand, Demand::All);
    }
}
