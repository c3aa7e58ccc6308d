//! What built-ins keep across queries: compiled patterns, and by way of [`TokenCache`] keys and tokens.
//!
//! What stands in a policy in so many words is compiled beforehand, stays, and is found without a lock. Of the rest,
//! what was not asked for while a whole generation of others came is dropped. It compiles nothing itself.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use foldhash::fast::RandomState;

use super::json::Schema;
use super::jwt::cache::TokenCache;
use super::kept::Kept;
use super::regex::{self, Regex};
use super::{Budget, Error, glob};

/// Compiled patterns, keys and the like; one for a policy, used by all its threads.
#[derive(Debug, Default)]
pub struct Caches {
    ready: OnceLock<Ready>,
    patterns: OnceLock<Patterns>,
    tokens: OnceLock<Arc<TokenCache>>,
}

/// Patterns that a policy's constants are, compiled. One that does not compile is left to the call that has it: only
/// there it is an error.
#[derive(Debug)]
pub struct Ready {
    regexes: Compiled<Regex>,
    templates: Compiled<Regex>,
    globs: Compiled<::regex::Regex>,
    /// What compiling may still cost.
    budget: Budget,
    /// How many more there may be.
    room: usize,
}

/// What was compiled of other texts.
#[derive(Debug)]
struct Patterns {
    regexes: Kept<Box<str>, Arc<Regex>>,
    templates: Kept<Box<str>, Arc<Regex>>,
    globs: Kept<Box<str>, Arc<::regex::Regex>>,
    schemas: Kept<Box<str>, Arc<Schema>>,
}

type Compiled<T> = HashMap<Box<str>, Arc<T>, RandomState>;

/// How many constants are compiled beforehand. A policy with more is a table, of which most rows are never asked for.
const MOST_READY: usize = 4096;

/// What compiling them may cost, in steps: about a second.
const READY_STEPS: u64 = 1 << 23;

/// How many patterns of each kind are kept, if nobody says.
const PATTERNS: usize = 512;

const SHARDS: usize = 8;

/// The longest text that is kept, in bytes: a pattern this long is rather a request's than a policy's.
const LONGEST: usize = 4096;

// === impl Caches ===

impl Caches {
    /// Hands in what a policy's constants are compiled to; whether it is the first time, else it changes nothing.
    pub fn make_ready(&self, ready: Ready) -> bool {
        self.ready.set(ready).is_ok()
    }

    /// How many patterns of each kind are kept beside those that are ready; whether it comes before any was asked
    /// for, else it changes nothing.
    pub fn limit_patterns(&self, entries: usize) -> bool {
        self.patterns.set(Patterns::new(entries)).is_ok()
    }

    /// Hands in keys and verified tokens that outlive these caches; whether it comes before any was asked for, else
    /// it changes nothing.
    pub fn share_tokens(&self, tokens: Arc<TokenCache>) -> bool {
        self.tokens.set(tokens).is_ok()
    }

    /// Keys and verified tokens: those that were handed in, else its own.
    pub fn tokens(&self) -> &TokenCache {
        self.tokens.get_or_init(Arc::default)
    }

    /// The pattern, compiled now or before. Compiling is charged to `budget`.
    pub(super) fn regex(&self, pattern: &str, budget: &mut Budget) -> Result<Arc<Regex>, Error> {
        if let Some(ready) = self.ready(|ready| &ready.regexes, pattern) {
            return Ok(ready);
        }
        let make = || Regex::compile(pattern, budget).map(Arc::new);
        get_or_make(&self.patterns().regexes, pattern, make)
    }

    /// The pattern that a template with its delimiters is.
    pub(super) fn template(
        &self,
        (template, start, end): (&str, u8, u8),
        budget: &mut Budget,
    ) -> Result<Arc<Regex>, Error> {
        let key = regex::template_key(template, start, end);
        if let Some(ready) = self.ready(|ready| &ready.templates, &key) {
            return Ok(ready);
        }
        let make = || regex::compile_template(template, start, end, budget).map(Arc::new);
        get_or_make(&self.patterns().templates, &key, make)
    }

    /// The glob with its delimiters; none stand for `null`.
    pub(super) fn glob(
        &self,
        glob: &str,
        delimiters: &[char],
        budget: &mut Budget,
    ) -> Result<Arc<::regex::Regex>, Error> {
        let key = glob::key(glob, delimiters);
        if let Some(ready) = self.ready(|ready| &ready.globs, &key) {
            return Ok(ready);
        }
        let make = || glob::compile(glob, delimiters, budget).map(Arc::new);
        get_or_make(&self.patterns().globs, &key, make)
    }

    /// The JSON schema of that text, made now or before.
    pub(super) fn schema(
        &self,
        text: &str,
        make: impl FnOnce() -> Result<Arc<Schema>, Error>,
    ) -> Result<Arc<Schema>, Error> {
        get_or_make(&self.patterns().schemas, text, make)
    }

    fn ready<T>(&self, of: impl FnOnce(&Ready) -> &Compiled<T>, key: &str) -> Option<Arc<T>> {
        of(self.ready.get()?).get(key).cloned()
    }

    fn patterns(&self) -> &Patterns {
        self.patterns.get_or_init(|| Patterns::new(PATTERNS))
    }
}

// === impl Ready ===

impl Default for Ready {
    fn default() -> Self {
        let mut budget = Budget::default();
        budget.steps = READY_STEPS;
        Self {
            regexes: HashMap::default(),
            templates: HashMap::default(),
            globs: HashMap::default(),
            budget,
            room: MOST_READY,
        }
    }
}

impl Ready {
    /// How many there are.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.regexes.len() + self.templates.len() + self.globs.len()
    }

    pub(super) fn regex(&mut self, pattern: &str) {
        let make = |budget: &mut Budget| Regex::compile(pattern, budget);
        let (budget, room) = (&mut self.budget, &mut self.room);
        add(&mut self.regexes, pattern, budget, room, make);
    }

    pub(super) fn template(&mut self, template: &str, start: u8, end: u8) {
        let key = regex::template_key(template, start, end);
        let make = |budget: &mut Budget| regex::compile_template(template, start, end, budget);
        let (budget, room) = (&mut self.budget, &mut self.room);
        add(&mut self.templates, &key, budget, room, make);
    }

    pub(super) fn glob(&mut self, glob: &str, delimiters: &[char]) {
        let key = glob::key(glob, delimiters);
        let make = |budget: &mut Budget| glob::compile(glob, delimiters, budget);
        let (budget, room) = (&mut self.budget, &mut self.room);
        add(&mut self.globs, &key, budget, room, make);
    }
}

// === impl Patterns ===

impl Patterns {
    fn new(entries: usize) -> Self {
        Self {
            regexes: kept(entries),
            templates: kept(entries),
            globs: kept(entries),
            schemas: kept(entries),
        }
    }
}

// === helpers ===

fn kept<T: Clone>(entries: usize) -> Kept<Box<str>, T> {
    Kept::new(usize::MAX, entries, SHARDS)
}

fn add<T>(
    to: &mut Compiled<T>,
    key: &str,
    budget: &mut Budget,
    room: &mut usize,
    make: impl FnOnce(&mut Budget) -> Result<T, Error>,
) {
    if *room == 0 || to.contains_key(key) {
        return;
    }
    if let Ok(compiled) = make(budget) {
        to.insert(Box::from(key), Arc::new(compiled));
        *room -= 1;
    }
}

/// What does not compile is not kept: it is refused quickly.
fn get_or_make<T: Clone>(
    kept: &Kept<Box<str>, T>,
    key: &str,
    make: impl FnOnce() -> Result<T, Error>,
) -> Result<T, Error> {
    if key.len() > LONGEST {
        return make();
    }
    if let Some(value) = kept.get(key) {
        return Ok(value);
    }
    let value = make()?;
    kept.insert(Box::from(key), &value, 0);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_ready_survives_any_number_of_others() {
        let caches = Caches::default();
        let mut ready = Ready::default();
        ready.regex("^a+$");
        ready.glob("*.a", &['.']);
        ready.template("a{b+}", b'{', b'}');
        assert!(caches.make_ready(ready), "the first time");
        assert!(!caches.make_ready(Ready::default()), "they are there");
        let budget = &mut Budget::default();
        let found = |budget: &mut Budget| {
            let regex = caches.regex("^a+$", budget).expect("a pattern");
            let glob = caches.glob("*.a", &['.'], budget).expect("a glob");
            let template = caches.template(("a{b+}", b'{', b'}'), budget);
            (
                Arc::as_ptr(&regex),
                Arc::as_ptr(&glob),
                Arc::as_ptr(&template.expect("a template")),
            )
        };
        let before = found(budget);
        for n in 0..PATTERNS * 3 {
            caches.regex(&format!("^{n}$"), budget).expect("a pattern");
            caches.glob(&format!("{n}"), &[], budget).expect("a glob");
        }
        assert_eq!(found(budget), before);
        // Ready things count no look-ups.
        assert_eq!(caches.patterns().regexes.stats().hits, 0);
    }

    #[test]
    fn a_constant_that_does_not_compile_is_left_to_its_call() {
        let mut ready = Ready::default();
        ready.regex("(");
        ready.glob("[", &[]);
        ready.template("{(}", b'{', b'}');
        assert_eq!(ready.room, MOST_READY);
        let caches = Caches::default();
        caches.make_ready(ready);
        let refused = caches.regex("(", &mut Budget::default());
        assert!(matches!(refused, Err(Error::Failed(_))), "{refused:?}");
    }

    #[test]
    fn there_is_an_end_to_what_is_made_ready() {
        let mut ready = Ready::default();
        for n in 0..MOST_READY + 9 {
            ready.glob(&n.to_string(), &[]);
        }
        assert_eq!(ready.globs.len(), MOST_READY);
        let mut ready = Ready::default();
        ready.budget.steps = 10;
        ready.regex("[a-z]{1,900}");
        ready.regex("b");
        assert!(ready.regexes.is_empty(), "the budget is spent");
    }

    #[test]
    fn patterns_are_kept_as_many_as_are_allowed() {
        let caches = Caches::default();
        assert!(caches.limit_patterns(10), "nothing was asked for yet");
        let budget = &mut Budget::default();
        for n in 0..100 {
            caches.regex(&format!("^{n}$"), budget).expect("a pattern");
        }
        assert_eq!(caches.patterns().regexes.stats().entries, 10);
        assert!(!caches.limit_patterns(20), "it is in use");
    }

    #[test]
    fn a_long_text_and_a_failure_are_not_kept() {
        let kept = kept(10);
        let long = "a".repeat(LONGEST + 1);
        for want in 0..2 {
            assert_eq!(get_or_make(&kept, &long, || Ok(want)), Ok(want));
        }
        let refused = || Err(Error::Undefined);
        assert_eq!(get_or_make(&kept, "b", refused), Err(Error::Undefined));
        assert_eq!(get_or_make(&kept, "b", || Ok(1)), Ok(1));
        assert_eq!(get_or_make(&kept, "b", || Ok(2)), Ok(1));
    }
}
