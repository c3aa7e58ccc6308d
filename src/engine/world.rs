//! What an evaluation learns of the world: its time, its chance, the answers from outside.
//!
//! Evaluation does not wait. One that asks for what is not known yet ends as *waiting*; whoever runs it gets the
//! answer, tells it to the world, and evaluates again with the same world: it comes to the same question and past it.

use std::fmt::Debug;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use regate_rego::builtins::{Outside, Reply};
use regate_rego::eval::Calls;

use crate::data::Value;

pub use regate_rego::builtins::{Error as NoAnswer, Question};

/// The answer to a question, or why there is none.
pub type Answer = Result<Value, NoAnswer>;

/// What is known outside of an evaluation without waiting for it: caches.
pub trait Known: Debug + Send + Sync {
    /// The answer, if it is there.
    fn known(&self, question: &Question) -> Option<Answer>;
}

/// The world of one decision. Without anything lent nothing outside can be asked.
#[derive(Debug, Default)]
pub struct World {
    lent: Option<Arc<dyn Known>>,
    begin: Option<Begin>,
    answers: Vec<(Question, Answer)>,
    asked: Option<Question>,
    /// The calls of non-deterministic built-ins, where they are to be kept.
    calls: Option<Calls>,
}

/// What stays the same for a decision, however often it is evaluated.
#[derive(Debug, Clone, Copy)]
pub(super) struct Begin {
    pub(super) now_ns: i64,
    pub(super) seed: u64,
}

/// A world on loan to an evaluation. The evaluator keeps it, so that lending allocates nothing.
#[derive(Debug, Clone, Default)]
pub(super) struct Loan(Arc<Mutex<World>>);

// === impl World ===

impl World {
    /// A world in which questions may be asked: what is not known at once is to be told later.
    #[must_use]
    pub fn open(known: Arc<dyn Known>) -> Self {
        Self {
            lent: Some(known),
            ..Self::default()
        }
    }

    /// The same, where the calls of non-deterministic built-ins are kept.
    #[must_use]
    pub fn keeping_calls(mut self) -> Self {
        self.calls = Some(Calls::default());
        self
    }

    /// The calls of the last evaluation as a decision log shows them, where they are kept.
    #[must_use]
    pub fn into_calls(self) -> Option<Value> {
        self.calls.map(Calls::into_value)
    }

    /// What the last evaluation waits for.
    #[must_use]
    pub fn asked(&self) -> Option<&Question> {
        self.asked.as_ref()
    }

    /// Tells the answer to what was asked.
    pub fn tell(&mut self, answer: Answer) {
        if let Some(question) = self.asked.take() {
            self.answers.push((question, answer));
        }
    }

    /// Takes what calls are put into, emptied; [`Self::put_calls`] gives it back.
    pub(super) fn take_calls(&mut self) -> Option<Calls> {
        self.calls.take().map(|_| Calls::default())
    }

    pub(super) fn put_calls(&mut self, calls: Option<Calls>) {
        self.calls = calls;
    }

    pub(super) fn is_open(&self) -> bool {
        self.lent.is_some()
    }

    pub(super) fn begin(&mut self, begin: impl FnOnce() -> Begin) -> Begin {
        *self.begin.get_or_insert_with(begin)
    }
}

impl Outside for World {
    fn ask(&mut self, question: &Question) -> Reply {
        let told = self.answers.iter().find(|(asked, _)| asked == question);
        if let Some((_, answer)) = told {
            return Reply::Answer(answer.clone());
        }
        let known = self.lent.as_ref().and_then(|known| known.known(question));
        if let Some(answer) = known {
            // What is cached may be gone when the evaluation comes here again.
            self.answers.push((question.clone(), answer.clone()));
            return Reply::Answer(answer);
        }
        self.asked = Some(question.clone());
        Reply::Later
    }
}

// === impl Loan ===

impl Loan {
    /// Exchanges the world on loan for `world`.
    pub(super) fn exchange(&self, world: &mut World) {
        std::mem::swap(&mut *self.world(), world);
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Outside for Loan {
    fn ask(&mut self, question: &Question) -> Reply {
        self.world().ask(question)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Knows the addresses of one name.
    #[derive(Debug)]
    struct One;

    impl Known for One {
        fn known(&self, question: &Question) -> Option<Answer> {
            (*question == name("known")).then(|| Ok(true.into()))
        }
    }

    fn name(text: &str) -> Question {
        Question::Addresses(text.into())
    }

    #[test]
    fn what_is_not_known_is_asked_and_what_was_told_stays() {
        let mut world = World::open(Arc::new(One));

        assert_eq!(world.ask(&name("known")), Reply::Answer(Ok(true.into())));
        assert_eq!(world.ask(&name("new")), Reply::Later);
        assert_eq!(world.asked(), Some(&name("new")));
        world.tell(Ok(false.into()));

        assert_eq!(world.asked(), None);
        assert_eq!(world.ask(&name("new")), Reply::Answer(Ok(false.into())));
    }
}
