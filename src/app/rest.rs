//! The REST API's parts: the instance's policy, the decision log's intake, what operators see.

use std::sync::Arc;

use super::RunError;
use super::check::Checks;
use super::observe::Observed;
use super::watch::Readiness;
use crate::admin::{self, Admin};
use crate::bundle::Polls;
use crate::config::Config;
use crate::data::read;
use crate::instance::Instance;
use crate::rest::{Parts, Polled, Rest, Seams, Snapshots, State};
use crate::status::MakeReport;

/// Starts the API; nothing is served yet.
pub(super) fn start(
    config: &Config,
    checks: &Checks,
    observed: &Observed,
    readiness: &Readiness,
    (polls, status): (Polls, Option<MakeReport>),
) -> Result<Arc<Rest>, RunError> {
    let admin = observed.admin(config, readiness);
    let parts = Parts {
        policy: observed.instance().cell(),
        edits: observed.instance().edits(),
        outside: checks.outside(),
        log: checks.producer(),
        http: Arc::clone(&admin.http),
        admin: admin::router(Arc::clone(&admin)),
        seams: seams(admin, status, (polls, observed.instance())),
    };
    Rest::start(config.rest.clone(), parts).map_err(RunError::failed)
}

fn seams(admin: Arc<Admin>, status: Option<MakeReport>, others: (Polls, &Instance)) -> Seams {
    let plugins = move || {
        let plugins = (admin.health.plugins)().into_iter();
        let state = |ok| if ok { State::Ok } else { State::NotReady };
        plugins
            .map(|plugin| (plugin.name, state(plugin.ok)))
            .collect()
    };
    let (polls, instance) = others;
    let poll = move |name: String| -> Polled {
        let polls = polls.clone();
        Box::pin(async move { polls.poll(&name).await.map(drop) })
    };
    Seams {
        plugins: Box::new(plugins),
        status: Box::new(move || {
            let report = status.as_ref()?().to_json();
            read::json_value(report.to_string().as_bytes()).ok()
        }),
        poll: Box::new(poll),
        snapshots: Snapshots {
            status: instance.status(),
            control: instance.control(),
        },
    }
}
