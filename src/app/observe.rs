//! What operators see: the metrics of every room in one registry, and the health of the whole.

use std::io;
use std::sync::Arc;
use std::time::SystemTime;

use super::watch::Readiness;
use crate::admin::{Admin, Health, Plugin};
use crate::config::Config;
use crate::decision::DecisionId;
use crate::decision_log::{Counters, UploadProblem};
use crate::engine::Memory;
use crate::instance::{Cell, Instance, Status};
use crate::outside::Outside;
use crate::status::{MakeReport, Report};
use crate::telemetry::logs;
use crate::telemetry::metrics::{
    Activations, BundleMetrics, CheckMetrics, Exposition, HttpMetrics, Registry, SnapshotView,
};
use crate::telemetry::trace::Tracer;
use crate::{grpc, instance};

/// The metrics of all rooms.
#[derive(Debug)]
pub(super) struct Observed {
    registry: Arc<Registry>,
    http: Arc<HttpMetrics>,
    checks: Arc<CheckMetrics>,
    activations: Arc<Activations>,
    bundles: Option<Arc<BundleMetrics>>,
    instance: Instance,
}

// === impl Observed ===

impl Observed {
    pub(super) fn new(
        config: &Config,
        checks: Arc<CheckMetrics>,
        instance: &Instance,
        grpc: &grpc::Bound,
        logs: Option<&Arc<logs::Guard>>,
    ) -> Self {
        let observed = Self {
            registry: Arc::new(Registry::new()),
            http: Arc::default(),
            checks,
            activations: Arc::new(Activations::new()),
            bundles: config.status.prometheus.then(Arc::default),
            instance: instance.clone(),
        };
        observed.register(&grpc.stats());
        if let Some(logs) = logs {
            logs.register(&observed.registry);
        }
        observed
    }

    /// What is observed.
    pub(super) fn instance(&self) -> &Instance {
        &self.instance
    }

    /// Shows the decision log's counters as well.
    pub(super) fn decision_log(&self, counters: Counters) {
        self.registry.collect(move |out| counters.collect(out));
    }

    /// Shows what became of spans as well.
    pub(super) fn tracer(&self, tracer: &Arc<Tracer>) {
        let tracer = Arc::clone(tracer);
        self.registry.collect(move |out| tracer.collect(out));
    }

    /// Shows what policies asked of the world as well.
    pub(super) fn outside(&self, outside: &Outside) {
        let outside = outside.clone();
        self.registry.collect(move |out| outside.collect(out));
    }

    pub(super) fn checks(&self) -> Arc<CheckMetrics> {
        Arc::clone(&self.checks)
    }

    pub(super) fn activations(&self) -> Arc<Activations> {
        Arc::clone(&self.activations)
    }

    pub(super) fn bundles(&self) -> Option<Arc<BundleMetrics>> {
        self.bundles.clone()
    }

    /// What the HTTP listeners show.
    pub(super) fn admin(&self, config: &Config, readiness: &Readiness) -> Arc<Admin> {
        let (cell, status) = (self.instance.cell(), self.instance.status());
        let ending = readiness.clone();
        let plugins = self.plugins(config);
        Arc::new(Admin {
            health: Health {
                evaluable: Box::new(move || cell.load().is_some()),
                bundles_active: Box::new(move || status.borrow().ready()),
                plugins: Box::new(move || plugins().into_iter().map(plugin).collect()),
                stopping: Box::new(move || ending.is_ending()),
            },
            registry: Arc::clone(&self.registry),
            http: Arc::clone(&self.http),
        })
    }

    /// Makes status reports.
    pub(super) fn report(&self, config: &Config, log: Option<Counters>) -> io::Result<MakeReport> {
        let id = DecisionId::of_process().map_err(io::Error::other)?;
        let own = [("id", id.as_str()), ("version", env!("CARGO_PKG_VERSION"))];
        let mut labels = config.decision_log.labels.clone();
        labels.retain(|(name, _)| own.iter().all(|(own, _)| name != own));
        labels.extend(own.map(|(name, text)| (name.to_owned(), text.to_owned())));
        let (plugins, status) = (self.plugins(config), self.instance.status());
        let (registry, shown) = (Arc::clone(&self.registry), config.status.prometheus);
        Ok(Arc::new(move || Report {
            labels: labels.clone(),
            bundles: status.borrow().bundles.clone(),
            plugins: plugins(),
            decision_logs: log.as_ref().map(|log| logs(log.stats().upload_problem)),
            prometheus: shown.then(|| metrics(&registry, log.as_ref())),
        }))
    }

    /// The plugins that OPA would list, as far as they are configured, and whether each works.
    fn plugins(&self, config: &Config) -> impl Fn() -> Vec<(String, bool)> + Send + Sync + use<> {
        let bundles = (!config.instance.bundles.is_empty()).then(|| self.instance.status());
        let (logs, reports) = (config.decision_log.has_sinks(), config.status.is_there);
        move || {
            // Once the HTTP listeners answer, the gRPC listener is served.
            let mut plugins = vec![("envoy_ext_authz_grpc", true)];
            plugins.extend(
                bundles
                    .as_ref()
                    .map(|status| ("bundle", status.borrow().ready())),
            );
            plugins.extend(logs.then_some(("decision_logs", true)));
            plugins.extend(reports.then_some(("status", true)));
            plugins
                .into_iter()
                .map(|(name, ok)| (name.to_owned(), ok))
                .collect()
        }
    }

    fn register(&self, grpc: &Arc<grpc::Stats>) {
        let registry = &self.registry;
        let (checks, http) = (self.checks(), Arc::clone(&self.http));
        registry.collect(move |out| checks.collect(out));
        registry.collect(move |out| http.collect(out));
        let activations = self.activations();
        registry.collect(move |out| activations.collect(out));
        if let Some(bundles) = self.bundles() {
            registry.collect(move |out| bundles.collect(out));
        }
        let memory = self.instance.memory();
        registry.collect(move |out| tokens(&memory, out));
        let cell = self.instance.cell();
        SnapshotView::register(registry, move || view(&cell));
        let status = self.instance.status();
        registry.collect(move |out| returns(&status.borrow(), out));
        listener(registry, grpc);
    }
}

/// Snapshots that did not take the usual way.
fn returns(status: &Status, out: &mut Exposition) {
    out.counter(
        "regate_snapshot_rollbacks_total",
        "Snapshots that were taken out of force for their decisions.",
        &[],
        status.rollbacks,
    );
    for (name, help, holds) in [
        (
            "regate_snapshot_pinned",
            "1 while somebody keeps the snapshot in force.",
            status.pinned.is_some(),
        ),
        (
            "regate_snapshot_on_trial",
            "1 while the snapshot in force can be rolled back.",
            status.on_trial,
        ),
    ] {
        out.gauge(name, help, &[], f64::from(u8::from(holds)));
    }
    for bundle in &status.bundles {
        let stale = status.stale.contains(&bundle.name);
        out.gauge(
            "regate_bundle_stale",
            "1 while nothing was heard of a bundle for longer than `activation.stale_after`.",
            &[("bundle", &bundle.name)],
            f64::from(u8::from(stale)),
        );
    }
}

/// What data threads will count in.
pub(super) fn check_metrics(config: &Config) -> Arc<CheckMetrics> {
    let authz = &config.authz;
    let peer = authz.performance_metrics;
    let peer = peer.then_some(authz.duration_buckets.as_slice());
    Arc::new(CheckMetrics::new(peer))
}

fn tokens(memory: &Memory, out: &mut Exposition) {
    let stats = memory.tokens();
    for (kept, stats) in [("keys", stats.keys), ("tokens", stats.tokens)] {
        let labels = &[("kept", kept)];
        for (name, help, count) in [
            (
                "regate_io_jwt_cache_hits_total",
                "Keys and verified tokens that were asked for and kept.",
                stats.hits,
            ),
            (
                "regate_io_jwt_cache_misses_total",
                "Keys that had to be read and tokens that had to be verified.",
                stats.misses,
            ),
        ] {
            out.counter(name, help, labels, count);
        }
        for (name, help, value) in [
            (
                "regate_io_jwt_cache_bytes",
                "Bytes that kept keys and tokens take.",
                stats.bytes,
            ),
            (
                "regate_io_jwt_cache_entries",
                "Keys and tokens that are kept.",
                stats.entries,
            ),
        ] {
            let value = u32::try_from(value).map_or(f64::MAX, f64::from);
            out.gauge(name, help, labels, value);
        }
    }
}

fn listener(registry: &Registry, grpc: &Arc<grpc::Stats>) {
    let stats = Arc::clone(grpc);
    registry.gauge_fn(
        "regate_grpc_connections",
        "Connections open on the Check listener.",
        move || u32::try_from(stats.connections().sum::<usize>()).map_or(f64::MAX, f64::from),
    );
    for (name, help, read) in [
        (
            "regate_grpc_refused_total",
            "Calls refused since too many were in flight.",
            grpc::Stats::refused as fn(&grpc::Stats) -> u64,
        ),
        (
            "regate_grpc_panics_total",
            "Calls that a defect of this program ended.",
            grpc::Stats::panics,
        ),
        (
            "regate_grpc_handshake_failures_total",
            "TLS handshakes on the Check listener that failed.",
            grpc::Stats::handshake_failures,
        ),
        (
            "regate_grpc_accept_errors_total",
            "Connections that could not be accepted.",
            grpc::Stats::accept_errors,
        ),
    ] {
        let stats = Arc::clone(grpc);
        registry.counter_fn(name, help, move || read(&stats));
    }
}

/// The decision log's state: empty as long as uploads succeed.
fn logs(problem: Option<UploadProblem>) -> serde_json::Value {
    match problem {
        None => serde_json::json!({}),
        Some(UploadProblem { message, http_code }) => {
            let code = "decision_log_error";
            serde_json::json!({"code": code, "message": message, "http_code": http_code})
        }
    }
}

/// The metrics of a report: what `/metrics` shows, and the log's counters under OPA's names.
fn metrics(registry: &Registry, log: Option<&Counters>) -> serde_json::Value {
    let mut metrics = registry.scrape().to_json();
    if let (Some(metrics), Some(log)) = (metrics.as_object_mut(), log) {
        let counters = log
            .stats()
            .peer()
            .into_iter()
            .filter(|(_, count)| *count > 0);
        metrics.extend(counters.map(|(name, count)| (name.to_owned(), count.into())));
    }
    metrics
}

fn plugin((name, ok): (String, bool)) -> Plugin {
    Plugin { name, ok }
}

fn view(cell: &Cell) -> SnapshotView {
    let snapshot: Option<Arc<instance::Snapshot>> = cell.load_full();
    snapshot.map_or_else(SnapshotView::default, |snapshot| SnapshotView {
        generation: snapshot.generation,
        age: SystemTime::now().duration_since(snapshot.activated_at).ok(),
        bundles: snapshot.revisions.0.clone(),
    })
}
