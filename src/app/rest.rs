//! The REST API's parts: the instance's policy, the decision log's intake, what operators see.

use std::sync::Arc;

use super::RunError;
use super::check::Checks;
use super::observe::Observed;
use super::watch::Readiness;
use crate::admin;
use crate::config::Config;
use crate::rest::{Parts, Rest};

/// Starts the API; nothing is served yet.
pub(super) fn start(
    config: &Config,
    checks: &Checks,
    observed: &Observed,
    readiness: &Readiness,
) -> Result<Arc<Rest>, RunError> {
    let admin = observed.admin(config, readiness);
    let parts = Parts {
        policy: observed.instance().cell(),
        edits: observed.instance().edits(),
        outside: checks.outside(),
        log: checks.producer(),
        http: Arc::clone(&admin.http),
        admin: admin::router(admin),
    };
    Rest::start(config.rest.clone(), parts).map_err(RunError::failed)
}
