//! What built-in functions compile from text, kept for their next call on the same thread.

use std::collections::HashMap;

/// How much one generation holds; at most two generations live.
const GENERATION: usize = 128;

/// Keeps what was asked for lately: what a whole generation did not ask for is dropped.
pub(super) struct Cache<T> {
    young: HashMap<String, T>,
    old: HashMap<String, T>,
}

// === impl Cache ===

impl<T: Clone> Cache<T> {
    pub(super) fn new() -> Self {
        Self {
            young: HashMap::new(),
            old: HashMap::new(),
        }
    }

    /// The value of `key`, made now when it is not there.
    pub(super) fn get(&mut self, key: &str, make: impl FnOnce() -> T) -> T {
        if let Some(value) = self.young.get(key) {
            return value.clone();
        }
        let value = self.old.remove(key).unwrap_or_else(make);
        if self.young.len() >= GENERATION {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key.to_owned(), value.clone());
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_stays_and_the_rest_goes() {
        let mut cache = Cache::new();
        let mut made = Vec::new();
        for i in 0..GENERATION * 5 {
            for key in ["often".to_owned(), format!("once {i}")] {
                cache.get(&key, || made.push(key.clone()));
            }
        }
        assert_eq!(made.iter().filter(|key| *key == "often").count(), 1);
        assert!(cache.young.len() + cache.old.len() <= GENERATION * 2);
        cache.get("once 0", || made.push("again".to_owned()));
        assert_eq!(made.last().map(String::as_str), Some("again"));
    }
}
