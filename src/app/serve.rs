//! From a configuration to a running program, and from there to its end.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::{self, Instant};

use super::RunError;
use super::bind::{self, Bound};
use super::check::{self, Checks};
use super::observe::{self, Observed};
use super::pages;
use super::rest;
use super::watch::Readiness;
use crate::bundle::downloads::{self, Downloads};
use crate::config::{Config, Loaded};
use crate::decision_log::Log;
use crate::engine::Entrypoint;
use crate::grpc::{BoundAddress, Serving};
use crate::http::client::{Client, collector};
use crate::http::server;
use crate::instance::{Hooks, Instance, Outcomes};
use crate::rest::Rest;
use crate::status::MakeReport;
use crate::task::{self, Drain, DrainGuard, Shutdown, ShutdownTrigger};
use crate::telemetry::metrics::CheckMetrics;
use crate::telemetry::trace::{Exporting, Tracer};
use crate::telemetry::{LineFormat, logs};
use crate::{bundle, instance, status, tool};

/// How many bundles may wait for the writer of the instance.
const UPDATES: usize = 16;

/// The clients of the configured services, by name.
pub(super) type Clients = BTreeMap<String, Client>;

/// How long one test of a bundle may take (`activation.tests`), as by default in `regate test`.
const TEST_TIME: Duration = Duration::from_secs(5);

/// Where a run writes.
pub struct Sinks {
    /// Decision-log events.
    pub decisions: Box<dyn Write + Send>,
    /// Status reports; it must not wait for its reader.
    pub status: Box<dyn Write + Send>,
    /// This program's own log, if it is this run that set it up.
    pub logs: Option<Arc<logs::Guard>>,
}

/// A running program.
#[derive(Debug)]
pub struct Running {
    addresses: Addresses,
    config: Config,
    instance: Instance,
    downloads: Downloads,
    readiness: Readiness,
    shutdown: ShutdownTrigger,
    serving: Serving,
    drain: Drain,
    log: Option<Log>,
    exporting: Option<Exporting>,
}

/// Where a running program listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addresses {
    /// `plugins.envoy_ext_authz_grpc.addr`.
    pub grpc: Vec<BoundAddress>,
    /// `--addr`.
    pub api: Vec<BoundAddress>,
    /// `--diagnostic-addr`.
    pub diagnostic: Vec<BoundAddress>,
    /// `plugins.envoy_ext_authz_grpc.http_addr`.
    pub http_authz: Vec<BoundAddress>,
}

/// Builds and starts everything, on the current runtime and on threads of its own; it does not wait
/// for bundles.
pub async fn start(loaded: Loaded, sinks: Sinks) -> Result<Running, RunError> {
    let config = loaded.config;
    for warning in &loaded.warnings {
        tracing::warn!(place = %warning.place(), "{}", warning.message());
    }
    let bound = bind::bind(&config)?;
    let addresses = Addresses::of(&bound);
    let (shutdown, stopping) = task::shutdown();
    let (drain, guard) = task::drain();
    let clients = clients(&config)?;
    let checks = observe::check_metrics(&config);
    let (instance, downloads) = start_instance(&config, &clients, &checks, &stopping).await?;
    let (tracer, exporting) = start_tracing(&config)?;
    let observed = Observed::new(&config, checks, &instance, &bound.grpc, sinks.logs.as_ref());
    if let Some(tracer) = &tracer {
        observed.tracer(tracer);
    }
    let (checks, log) = Checks::new(
        &config,
        &instance,
        tracer,
        &observed,
        (sinks.decisions, &clients),
    )?;
    let readiness = Readiness::follow(&instance, &observed);
    let counters = log.as_ref().map(Log::counters);
    let report = observed
        .report(&config, counters)
        .map_err(RunError::failed)?;
    let news = readiness.news();
    report_status(&config, &clients, sinks.status, &report, (news, &stopping))?;
    let report = config.status.is_there.then_some(report);
    let rest = (downloads.polls(), report);
    let rest = rest::start(&config, &checks, &observed, &readiness, rest)?;
    task::spawn("pages", shrink_when_ready(readiness.receiver()));
    let serving = serve(
        &config,
        bound,
        &checks,
        &rest,
        &readiness,
        (&stopping, &guard),
    )
    .await?;
    Ok(Running {
        addresses,
        config,
        instance,
        downloads,
        readiness,
        shutdown,
        serving,
        drain,
        log,
        exporting,
    })
}

fn clients(config: &Config) -> Result<Clients, RunError> {
    let mut clients = Clients::new();
    for service in &config.instance.services {
        let client = Client::new(service).map_err(RunError::config)?;
        clients.insert(service.name.clone(), client);
    }
    Ok(clients)
}

async fn start_instance(
    config: &Config,
    clients: &Clients,
    checks: &Arc<CheckMetrics>,
    stopping: &Shutdown,
) -> Result<(Instance, Downloads), RunError> {
    let checks = Arc::clone(checks);
    let outcomes = move || {
        let (allowed, denied, errors) = checks.outcomes();
        Outcomes {
            allowed,
            denied,
            errors,
        }
    };
    let (sender, updates) = mpsc::channel(UPDATES);
    let instance = instance::start(
        config.instance.clone(),
        check::entrypoints(config),
        updates,
        Hooks {
            outcomes: Box::new(outcomes),
            run_tests: Arc::new(|modules, data| {
                tool::test::pass(modules.to_vec(), data.clone(), TEST_TIME)
            }),
        },
        stopping.clone(),
    )
    .await
    .map_err(RunError::failed)?;
    let mut downloads = Downloads::new(downloads::Common {
        persistence_directory: config.instance.persistence_directory.clone(),
        rego_version: config.instance.rego_version,
        updates: sender,
        shutdown: stopping.clone(),
    });
    let bundles = config.instance.bundles.clone();
    let started = downloads.apply(bundles, clients).await;
    started.map_err(RunError::config)?;
    Ok((instance, downloads))
}

fn report_status(
    config: &Config,
    clients: &Clients,
    console: Box<dyn Write + Send>,
    report: &MakeReport,
    (news, stopping): (watch::Receiver<()>, &Shutdown),
) -> Result<(), RunError> {
    let status = &config.status;
    let line = LineFormat::new(&config.log).map_err(RunError::config)?;
    let service = status.service.as_ref().filter(|_| !status.manual);
    let sinks = status::Sinks {
        service: service
            .and_then(|name| clients.get(name).cloned())
            .map(|client| (client, status.resource.clone())),
        console: status.console.then(|| status::Console::new(console, line)),
    };
    status::start(sinks, Arc::clone(report), news, stopping);
    Ok(())
}

fn start_tracing(config: &Config) -> Result<(Option<Arc<Tracer>>, Option<Exporting>), RunError> {
    let Some(tracing) = &config.tracing else {
        return Ok((None, None));
    };
    let connector = collector::connector(tracing).map_err(RunError::config)?;
    let (tracer, exporting) = Tracer::new(tracing, connector).map_err(RunError::config)?;
    Ok((Some(Arc::new(tracer)), Some(exporting)))
}

async fn serve(
    config: &Config,
    bound: Bound,
    checks: &Checks,
    rest: &Arc<Rest>,
    readiness: &Readiness,
    (stopping, guard): (&Shutdown, &DrainGuard),
) -> Result<Serving, RunError> {
    let routes = check::fallback_routes(config, readiness).await?;
    let serving = bound
        .grpc
        .serve(checks.maker(), routes, stopping, guard)
        .map_err(RunError::failed)?;
    if let Some(certificates) = bound.certificates {
        task::spawn(
            "grpc certificate reload",
            certificates.run(stopping.clone()),
        );
    }
    if let Some(http_authz) = bound.http_authz {
        checks
            .serve_http(http_authz, stopping, guard)
            .map_err(RunError::failed)?;
    }
    for (bound, router) in [
        (bound.api, rest.api()),
        (bound.diagnostic, rest.diagnostic()),
    ] {
        bound
            .serve(&router, stopping, guard)
            .map_err(RunError::failed)?;
    }
    Ok(serving)
}

/// `--ready-timeout`: a start that waits for its bundles, but not for ever.
async fn wait_until_ready(config: &Config, readiness: &Readiness) {
    let patience = config.process.ready_timeout;
    if patience.is_zero() {
        return;
    }
    let mut ready: watch::Receiver<bool> = readiness.receiver();
    let waited = time::timeout(patience, ready.wait_for(|ready| *ready)).await;
    if !matches!(waited, Ok(Ok(_))) {
        tracing::error!("The bundles are not active within `--ready-timeout`; serving without.");
    }
}

/// Once every bundle is in force, what it took to get there is not needed any more.
async fn shrink_when_ready(mut ready: watch::Receiver<bool>) {
    if ready.wait_for(|ready| *ready).await.is_err() {
        return;
    }
    match tokio::task::spawn_blocking(pages::give_back).await {
        Ok(Ok(bytes)) => tracing::debug!(bytes, "Pages of the start were given back."),
        Ok(Err(error)) => tracing::debug!(%error, "Pages of the start could not be given back."),
        Err(error) => tracing::error!(%error, "Giving back pages of the start failed."),
    }
}

fn say_what_is_served(config: &Config, addresses: &Addresses) {
    let (path, query) = match &config.authz.entrypoint {
        Entrypoint::Path(path) => (path.as_str(), ""),
        Entrypoint::Query(query) => ("", query.as_str()),
    };
    tracing::info!(
        addrs = %List(&addresses.api),
        "diagnostic-addrs" = %List(&addresses.diagnostic),
        "Initializing server."
    );
    tracing::info!(
        addr = %List(&addresses.grpc),
        "http-addr" = %List(&addresses.http_authz),
        query,
        path,
        "dry-run" = config.authz.dry_run,
        "enable-reflection" = config.authz.enable_reflection,
        "Starting gRPC server."
    );
}

// === impl Running ===

impl Running {
    /// Where it listens.
    #[must_use]
    pub fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// The living policy.
    #[must_use]
    pub fn instance(&self) -> &Instance {
        &self.instance
    }

    /// The way to ask for downloads of bundles.
    #[must_use]
    pub fn polls(&self) -> bundle::Polls {
        self.downloads.polls()
    }

    /// Loads again what is read from this machine: the files and bundles of the command line, and
    /// bundles with `file://` resources. What fails leaves what is in force, and is in the log.
    pub async fn reload(&self) {
        tracing::info!("Reading policy and data from the disk again.");
        let _ = self.instance.control().reload().await;
        self.downloads.polls().reread_files().await;
    }

    /// Says what is served, once it is ready or `--ready-timeout` is over.
    pub async fn announce(&self) {
        wait_until_ready(&self.config, &self.readiness).await;
        say_what_is_served(&self.config, &self.addresses);
    }

    /// Ends in order: not ready, wait, no new calls, calls in flight, records, spans.
    pub async fn stop(self) {
        let process = &self.config.process;
        tracing::info!("Shutting down.");
        self.readiness.end();
        time::sleep(process.shutdown_wait_period).await;
        self.shutdown.trigger();
        let grace = process.shutdown_grace_period;
        let until = Instant::now() + grace.max(Duration::from_millis(200));
        if !self.serving.finish(grace).await {
            tracing::error!("Calls in flight did not end within `--shutdown-grace-period`.");
        }
        // The same time for the HTTP listeners: HTTP ext_authz may wait for a body.
        if time::timeout_at(until, self.drain.wait()).await.is_err() {
            tracing::warn!("HTTP requests in flight did not end within `--shutdown-grace-period`.");
        }
        let left = grace.max(Duration::from_secs(1));
        if let Some(log) = self.log
            && let Err(error) = log.flush(left).await
        {
            tracing::error!(%error, "Decision log records are lost.");
        }
        if let Some(exporting) = self.exporting
            && let Err(error) = exporting.flush(left)
        {
            tracing::error!(%error, "Spans are lost.");
        }
        tracing::info!("Server shutdown.");
    }
}

// === impl Addresses ===

impl Addresses {
    fn of(bound: &Bound) -> Self {
        Self {
            grpc: bound.grpc.addresses(),
            api: bound.api.addresses(),
            diagnostic: bound.diagnostic.addresses(),
            http_authz: bound
                .http_authz
                .as_ref()
                .map(server::Bound::addresses)
                .unwrap_or_default(),
        }
    }
}

// === impl Sinks ===

impl Sinks {
    /// Standard error, as a container's log collector expects it.
    #[must_use]
    pub fn to_stderr(logs: Arc<logs::Guard>) -> Self {
        Self {
            decisions: Box::new(std::io::stderr()),
            status: Box::new(logs.writer()),
            logs: Some(logs),
        }
    }
}

impl fmt::Debug for Sinks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sinks").finish_non_exhaustive()
    }
}

/// Addresses, joined by commas.
struct List<'a>(&'a [BoundAddress]);

impl fmt::Display for List<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, address) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(",")?;
            }
            address.fmt(f)?;
        }
        Ok(())
    }
}
