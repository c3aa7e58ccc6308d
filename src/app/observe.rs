//! What operators see: the metrics of every room in one registry, and the health of the whole.

use std::sync::Arc;
use std::time::SystemTime;

use super::watch::Readiness;
use crate::admin::{Admin, Health, Plugin};
use crate::config::Config;
use crate::decision_log::Stats;
use crate::engine::Memory;
use crate::instance::{Cell, Instance};
use crate::outside::Outside;
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
        instance: &Instance,
        grpc: &grpc::Bound,
        logs: Option<&Arc<logs::Guard>>,
    ) -> Self {
        let authz = &config.authz;
        let peer = authz
            .performance_metrics
            .then_some(authz.duration_buckets.as_slice());
        let observed = Self {
            registry: Arc::new(Registry::new()),
            http: Arc::default(),
            checks: Arc::new(CheckMetrics::new(peer)),
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
    pub(super) fn decision_log(&self, stats: Stats) {
        self.registry.collect(move |out| stats.collect(out));
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
        let has_bundles = !config.instance.bundles.is_empty();
        let console = config.decision_log.console;
        let plugins = {
            let status = status.clone();
            move || plugins(has_bundles.then(|| status.borrow().ready()), console)
        };
        Arc::new(Admin {
            health: Health {
                evaluable: Box::new(move || cell.load().is_some()),
                bundles_active: Box::new(move || status.borrow().ready()),
                plugins: Box::new(plugins),
                stopping: Box::new(move || ending.is_ending()),
            },
            registry: Arc::clone(&self.registry),
            http: Arc::clone(&self.http),
        })
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
        listener(registry, grpc);
    }
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

/// The plugins that OPA would list, as far as they are configured.
fn plugins(bundles: Option<bool>, console: bool) -> Vec<Plugin> {
    let plugin = |name: &str, ok| Plugin {
        name: name.to_owned(),
        ok,
    };
    // Once the HTTP listeners answer, the gRPC listener is served.
    let mut plugins = vec![plugin("envoy_ext_authz_grpc", true)];
    plugins.extend(bundles.map(|ok| plugin("bundle", ok)));
    plugins.extend(console.then(|| plugin("decision_logs", true)));
    plugins
}

fn view(cell: &Cell) -> SnapshotView {
    let snapshot: Option<Arc<instance::Snapshot>> = cell.load_full();
    snapshot.map_or_else(SnapshotView::default, |snapshot| SnapshotView {
        generation: snapshot.generation,
        age: SystemTime::now().duration_since(snapshot.activated_at).ok(),
        bundles: snapshot.revisions.0.clone(),
    })
}
