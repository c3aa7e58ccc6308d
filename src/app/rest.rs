//! The REST API's parts: the instance's policy, the decision log's intake, what operators see.

use std::sync::Arc;

use super::RunError;
use super::check::Checks;
use super::observe::Observed;
use super::watch::Readiness;
use crate::admin::{self, Admin};
use crate::bundle::Polls;
use crate::config::Config;
use crate::rest::{self, Parts, Rest, Seams, State};

/// Starts the API; nothing is served yet.
pub(super) fn start(
    config: &Config,
    checks: &Checks,
    observed: &Observed,
    readiness: &Readiness,
    polls: Polls,
) -> Result<Arc<Rest>, RunError> {
    let admin = observed.admin(config, readiness);
    let parts = Parts {
        policy: observed.instance().cell(),
        edits: observed.instance().edits(),
        outside: checks.outside(),
        log: checks.producer(),
        http: Arc::clone(&admin.http),
        admin: admin::router(Arc::clone(&admin)),
        seams: seams(admin, polls),
    };
    Rest::start(config.rest.clone(), parts).map_err(RunError::failed)
}

/// What is not there yet answers that it is not.
fn seams(admin: Arc<Admin>, polls: Polls) -> Seams {
    let plugins = move || {
        let plugins = (admin.health.plugins)().into_iter();
        let state = |ok| if ok { State::Ok } else { State::NotReady };
        plugins
            .map(|plugin| (plugin.name, state(plugin.ok)))
            .collect()
    };
    let poll = move |name: &str| {
        let poll = polls.find(name)?;
        let polled = async move {
            poll.now()
                .await
                .map(drop)
                .map_err(|error| error.to_string())
        };
        Some(Box::pin(polled) as rest::Polled)
    };
    Seams {
        plugins: Box::new(plugins),
        status: Box::new(|| None),
        poll: Box::new(poll),
    }
}
