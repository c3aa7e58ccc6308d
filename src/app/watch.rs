//! Readiness: whether every configured bundle is in force and nobody has said stop.

use std::sync::Arc;
use std::time::SystemTime;

use tokio::sync::watch;

use super::observe::Observed;
use crate::instance::{Instance, Status};
use crate::task;
use crate::telemetry::metrics::{Activations, BundleMetrics};

/// Whether requests should be sent here.
#[derive(Debug, Clone)]
pub(super) struct Readiness {
    stopping: Arc<watch::Sender<bool>>,
    ready: watch::Receiver<bool>,
    news: watch::Receiver<()>,
}

/// Turns what an instance says of itself into metrics, change by change.
struct Follower {
    activations: Arc<Activations>,
    bundles: Option<Arc<BundleMetrics>>,
    last: Status,
}

// === impl Readiness ===

impl Readiness {
    /// Follows an instance until the end of the process.
    pub(super) fn follow(instance: &Instance, observed: &Observed) -> Self {
        let (stopping, mut stopped) = watch::channel(false);
        let mut status = instance.status();
        let (sender, ready) = watch::channel(status.borrow().ready());
        let (tell, news) = watch::channel(());
        let mut follower = Follower {
            activations: observed.activations(),
            bundles: observed.bundles(),
            last: Status::default(),
        };
        task::spawn("readiness", async move {
            loop {
                let now = status.borrow_and_update().clone();
                sender.send_replace(now.ready() && !*stopped.borrow());
                follower.take(now);
                tell.send_replace(());
                tokio::select! {
                    changed = status.changed() => if changed.is_err() { return },
                    changed = stopped.changed() => if changed.is_err() { return },
                }
            }
        });
        Self {
            stopping: Arc::new(stopping),
            ready,
            news,
        }
    }

    /// From now on nobody is ready.
    pub(super) fn end(&self) {
        self.stopping.send_replace(true);
    }

    /// Whether [`Readiness::end`] was called.
    pub(super) fn is_ending(&self) -> bool {
        *self.stopping.borrow()
    }

    /// That something changed which a status report tells of.
    pub(super) fn news(&self) -> watch::Receiver<()> {
        self.news.clone()
    }

    /// The readiness, as it changes.
    pub(super) fn receiver(&self) -> watch::Receiver<bool> {
        self.ready.clone()
    }
}

// === impl Follower ===

impl Follower {
    fn take(&mut self, now: Status) {
        if now.activations > self.last.activations {
            self.activations.observe(now.last_activation, true);
        }
        if now.failures > self.last.failures {
            self.activations.observe(now.last_activation, false);
        }
        if let Some(metrics) = &self.bundles {
            for bundle in &now.bundles {
                let before = self.last.bundles.iter().find(|b| b.name == bundle.name);
                let changed = |at: Option<SystemTime>, then: Option<Option<SystemTime>>| {
                    at.filter(|_| then.flatten() != at)
                };
                let name = &bundle.name;
                if let Some(at) = changed(bundle.last_request, before.map(|b| b.last_request)) {
                    metrics.requested(name, at);
                }
                let answered = bundle.last_successful_request;
                if let Some(at) = changed(answered, before.map(|b| b.last_successful_request)) {
                    metrics.answered(name, bundle.last_successful_download == answered, at);
                }
                let active = bundle.last_successful_activation;
                if let Some(at) = changed(active, before.map(|b| b.last_successful_activation)) {
                    let revision = bundle.active_revision.as_deref().unwrap_or_default();
                    metrics.activated(name, revision, at);
                }
                if let Some(error) = &bundle.error
                    && before.is_none_or(|b| b.error.as_ref() != Some(error))
                {
                    metrics.failed(name, &error.code);
                }
            }
        }
        self.last = now;
    }
}
