//! What lies outside of an evaluation, and how a built-in asks for it.
//!
//! An evaluation never waits. Where the host has no answer yet, the evaluation ends with [`Error::Waiting`]; the host
//! gets the answer in its own way and evaluates again. With the same time, seed and answers an evaluation takes the
//! same way, so it comes to the same question, and past it. Nothing here opens a socket.

use std::fmt::Debug;

use super::{Context, Error};
use crate::value::{Str, Value};

/// What a built-in asks of the world.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Question {
    /// The response to a request of `http.send`, by its argument.
    HttpSend(Value),
    /// The addresses of a name.
    Addresses(Str),
    /// What the host knows by this name: modules of its own ask it, through `internal.host`.
    Host(Str),
}

/// What the host says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// The answer, or why there is none.
    Answer(Result<Value, Error>),
    /// The answer is on its way: evaluate again when it is there.
    Later,
}

/// What a host lends of the world.
pub trait Outside: Debug + Send {
    /// Answers at once.
    fn ask(&mut self, question: &Question) -> Reply;
}

// === impl Question ===

impl Question {
    /// The name of the built-in that asks it.
    #[must_use]
    pub fn builtin(&self) -> &'static str {
        match self {
            Self::HttpSend(_) => "http.send",
            Self::Addresses(_) => "net.lookup_ip_addr",
            Self::Host(_) => "internal.host",
        }
    }
}

/// Asks; within a query the same question has one answer.
pub(super) fn ask(context: &mut Context<'_>, question: &Question) -> Result<Value, Error> {
    let Some(outside) = &mut context.outside else {
        let what = question.builtin();
        return Err(Error::Failed(format!(
            "nothing outside can be reached here: the host lends {what} no way out"
        )));
    };
    match outside.ask(question) {
        Reply::Answer(answer) => answer,
        Reply::Later => Err(Error::Waiting),
    }
}
