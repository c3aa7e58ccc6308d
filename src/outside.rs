//! What policies may learn of the world beyond their data: addresses of names.
//!
//! Questions come from evaluations that were ended by them; nothing here is waited for on the Check path.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use tokio::net::lookup_host;
use tokio::time::timeout_at;

use crate::data::Value;
use crate::engine::{Answer, Known, NoAnswer, Question};

/// Answers questions. Clones share what is remembered.
#[derive(Debug, Clone, Default)]
pub struct Outside(Arc<Memory>);

/// What was learnt and may be told again.
#[derive(Debug, Default)]
struct Memory;

// === impl Outside ===

impl Outside {
    /// What evaluations may use without waiting.
    #[must_use]
    pub fn known(&self) -> Arc<dyn Known> {
        Arc::clone(&self.0) as _
    }

    /// The answer, by `deadline`.
    pub async fn answer(&self, question: Question, deadline: Instant) -> Answer {
        let answered = async {
            match question {
                Question::Addresses(name) => addresses(&name).await,
                Question::HttpSend(_) => Err(NoAnswer::Failed("not there yet".to_owned())),
            }
        };
        let answered = timeout_at(deadline.into(), answered).await;
        answered.unwrap_or(Err(NoAnswer::Cancelled))
    }
}

impl Known for Memory {
    fn known(&self, _: &Question) -> Option<Answer> {
        None
    }
}

async fn addresses(name: &str) -> Answer {
    let found = lookup_host((name, 0)).await;
    let found = found.map_err(|error| NoAnswer::Failed(format!("lookup {name}: {error}")))?;
    let text = |address: SocketAddr| Value::from(address.ip().to_string());
    Ok(Value::Set(found.map(text).collect()))
}
