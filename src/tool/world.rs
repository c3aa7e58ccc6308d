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
}

/// It on loan to one evaluation.
#[derive(Debug)]
struct Loan {
    world: World,
    deadline: Instant,
}

// === impl World ===

impl World {
    /// A world of the hosts that a capabilities document allows, or of all.
    pub(super) fn new(capabilities: Option<&Value>) -> Result<Self, Problem> {
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
            outside: Outside::limited_to(allowed, CacheConfig::default()),
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
        let World { outside, runtime } = &self.world;
        let answer = outside.answer(question.clone(), self.deadline, None);
        let answer: Result<Value, Error> = runtime.block_on(answer);
        Reply::Answer(answer)
    }
}
