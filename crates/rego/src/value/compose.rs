//! What arrays, objects and sets have in common with the values they make: order, equality, hash and notation.

/// Implements order, equality, hash and Rego's notation for a composite type by those of [`Value`](super::Value).
macro_rules! ordered_as_value {
    ($name:ident) => {
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Display::fmt(&Value::$name(self.clone()), f)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Display::fmt(self, f)
            }
        }

        impl Ord for $name {
            fn cmp(&self, other: &Self) -> std::cmp::Ordering {
                Value::$name(self.clone()).cmp(&Value::$name(other.clone()))
            }
        }

        impl PartialOrd for $name {
            fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
                Some(self.cmp(other))
            }
        }

        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                Value::$name(self.clone()) == Value::$name(other.clone())
            }
        }

        impl Eq for $name {}

        impl std::hash::Hash for $name {
            fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
                Value::$name(self.clone()).hash(state);
            }
        }
    };
}

pub(super) use ordered_as_value;
