//! Asks both engines and judges where they differ.

use std::io;

use regate_oracle::answer::{Difference, Outcome};
use regate_oracle::command;
use regate_oracle::explained::{self, Rule};
use regate_oracle::gathered::gathered;
use regate_oracle::ours;
use regate_oracle::peer::Peer;
use regate_oracle::program::Text;
use regate_rego::plan;
use regate_rego::syntax::ast::RegoVersion;

use crate::Options;

/// A thread's servers and what it needs to judge.
pub(crate) struct Judge<'o> {
    options: &'o Options,
    rules: Vec<Rule>,
    v0: Peer,
    v1: Peer,
}

/// What is to be said of a difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It has a reason, of this name.
    Explained(String),
    /// Nobody knows.
    Unexplained,
}

// === impl Judge ===

impl<'o> Judge<'o> {
    pub(crate) fn new(options: &'o Options) -> io::Result<Self> {
        Ok(Self {
            options,
            rules: explained::rules(),
            v0: Peer::start(&options.opa, RegoVersion::V0)?,
            v1: Peer::start(&options.opa, RegoVersion::V1)?,
        })
    }

    /// OPA's outcome, and where ours differs.
    pub(crate) fn both(&mut self, text: &Text) -> io::Result<(Outcome, Vec<Difference>)> {
        let peer = match text.version {
            RegoVersion::V0 => &mut self.v0,
            RegoVersion::V1 => &mut self.v1,
        };
        let mut opa = Outcome::Failed(String::new());
        // On a busy machine an answer may come too late once.
        for _ in 0..2 {
            match peer.outcome(text) {
                Ok(answered) => {
                    opa = answered;
                    break;
                }
                Err(error) => {
                    // It takes too long or fell over; another one starts empty.
                    *peer = Peer::start(&self.options.opa, text.version)?;
                    opa = Outcome::Failed(error.to_string());
                }
            }
        }
        let ours = ours::outcome(text, plan::Options::default());
        let differences = Outcome::differences(&opa, &ours, &text.queries);
        Ok((opa, differences))
    }

    /// What explains a difference, if anything does.
    pub(crate) fn verdict(&self, difference: &Difference, text: &Text) -> io::Result<Verdict> {
        if let Some(rule) = self
            .rules
            .iter()
            .find(|rule| rule.explains(difference, text))
        {
            return Ok(Verdict::Explained(rule.name.clone()));
        }
        let reason = match &difference.query {
            Some(query) => self.order(difference, text, query)?,
            None => None,
        };
        Ok(reason.map_or(Verdict::Unexplained, |reason| {
            Verdict::Explained(reason.to_owned())
        }))
    }

    /// Which of several errors comes first, and whether one comes at all where another literal says no, is a matter of
    /// what the indexes pass over.
    fn order(
        &self,
        difference: &Difference,
        text: &Text,
        query: &str,
    ) -> io::Result<Option<&'static str>> {
        let (strict, query) = match query.strip_prefix("strict ") {
            Some(query) => (true, query),
            None => (false, query),
        };
        if strict && difference.opa.ends_with("_error") && difference.ours.ends_with("_error") {
            return Ok(Some("order of errors: another one first"));
        }
        let slow = plan::Options {
            index: false,
            reuse: false,
            // With them loops run to their end.
            instruments: true,
        };
        let asked = Text {
            queries: vec![query.to_owned()],
            ..text.clone()
        };
        if difference.kind.contains("_error")
            && let Outcome::Answers(answers) = ours::outcome(&asked, slow)
            && let [[lenient, in_strict]] = answers.as_slice()
            && (if strict { in_strict } else { lenient }).to_string() == difference.opa
        {
            return Ok(Some("as ours without index and early exit"));
        }
        let plain = command::without_index(&self.options.opa, text, query, strict)?;
        let plain = plain.to_string();
        if strict && plain.ends_with("_error") && difference.ours.ends_with("_error") {
            return Ok(Some("order of errors: another one first"));
        }
        if plain == difference.ours {
            return Ok(Some("as OPA without its index"));
        }
        if let Some(reason) = self.walk(difference, text, query, strict)? {
            return Ok(Some(reason));
        }
        self.comprehension(difference, text, query, strict)
    }

    /// OPA's `walk` stops once its caller's caller needs no more, and then overlooks that a rule has two values.
    fn walk(
        &self,
        difference: &Difference,
        text: &Text,
        query: &str,
        strict: bool,
    ) -> io::Result<Option<&'static str>> {
        if difference.ours != "eval_conflict_error"
            || text.modules.iter().all(|module| gathered(module).is_none())
        {
            return Ok(None);
        }
        let modules = text.modules.iter();
        let modules = modules.map(|module| gathered(module).unwrap_or_else(|| module.clone()));
        let gathered = Text {
            modules: modules.collect(),
            ..text.clone()
        };
        let answer = command::without_index(&self.options.opa, &gathered, query, strict)?;
        let explained = answer.to_string() == difference.ours;
        Ok(explained.then_some("OPA's walk stops at the first answer"))
    }

    /// Where OPA runs a comprehension for keys that nobody asks for, built-ins fail there: in strict mode the query
    /// then has no answer, though the one that OPA gives in the other mode is right.
    fn comprehension(
        &self,
        difference: &Difference,
        text: &Text,
        query: &str,
        strict: bool,
    ) -> io::Result<Option<&'static str>> {
        if !strict || !difference.opa.ends_with("_error") {
            return Ok(None);
        }
        let lenient = command::without_index(&self.options.opa, text, query, false)?;
        let explained = lenient.to_string() == difference.ours
            && command::indexes_comprehensions(&self.options.opa, text, query, strict)?;
        Ok(explained.then_some("OPA runs a comprehension for all keys"))
    }
}
