//! The world as tools lend it: an evaluation waits for each answer, since nobody else waits for the evaluation.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use regate_rego::Value;
use regate_rego::builtins::{Error, Outside as Lent, Question, Reply};
use regate_rego::capabilities::Capabilities;
use tokio::runtime::{Builder, Runtime};

use super::Problem;
use crate::outside::{CacheConfig, Outside};

/// How long an answer is waited for where nothing says it. A request has a time of its own, much shorter.
const PATIENCE: Duration = Duration::from_hours(1);

/// What a command's evaluations may ask. Clones share what is kept and connected.
#[derive(Debug, Clone)]
pub(super) struct World {
    outside: Outside,
    runtime: Arc<Runtime>,
    /// Whether nobody is asked anything.
    closed: bool,
}

/// Whom evaluations may ask where no capabilities name hosts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unsaid {
    /// All.
    All,
    /// Nobody: whoever asks ends the evaluation.
    Nobody,
}

/// It on loan to one evaluation.
#[derive(Debug)]
struct Loan {
    world: World,
    deadline: Instant,
}

// === impl World ===

impl World {
    /// A world of the hosts that a capabilities document names, else of those that `unsaid` says.
    /// A response is waited for as long as its request says, else for `timeout`.
    pub(super) fn new(
        capabilities: Option<&Value>,
        unsaid: Unsaid,
        timeout: Duration,
    ) -> Result<Self, Problem> {
        let allowed = match capabilities {
            None => None,
            Some(document) => {
                let read = Capabilities::from_json(document).map_err(Problem::plain)?;
                let texts = |hosts: Vec<_>| hosts.iter().map(ToString::to_string).collect();
                read.allow_net.map(texts)
            }
        };
        let runtime: io::Result<Runtime> = Builder::new_current_thread().enable_all().build();
        Ok(Self {
            closed: allowed.is_none() && unsaid == Unsaid::Nobody,
            outside: Outside::limited_to(allowed, CacheConfig::default(), timeout),
            runtime: Arc::new(runtime.map_err(Problem::plain)?),
        })
    }

    /// Lends it to an evaluation that must have ended by `deadline`.
    pub(super) fn lend(&self, deadline: Option<Instant>) -> Box<dyn Lent> {
        Box::new(Loan {
            world: self.clone(),
            deadline: deadline.unwrap_or_else(|| Instant::now() + PATIENCE),
        })
    }
}

// === impl Loan ===

impl Lent for Loan {
    fn ask(&mut self, question: &Question) -> Reply {
        let World {
            outside,
            runtime,
            closed,
        } = &self.world;
        if *closed {
            // An error that a policy could take for an answer would let tests pass for a wrong reason.
            return Reply::Answer(Err(Error::Halt(format!(
                "{} asks nobody in tests: replace it by `with`, or allow it by --allow-net, or name its hosts in \
                 `allow_net` of --capabilities",
                question.builtin()
            ))));
        }
        let answer = outside.answer(question.clone(), self.deadline, None);
        let answer: Result<Value, Error> = runtime.block_on(answer);
        Reply::Answer(answer)
    }
}
