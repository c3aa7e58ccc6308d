//! `grpc.health.v1`: the readiness of the process, under each service's name.

use std::fmt;

use tokio::sync::watch;
use tonic_health::ServingStatus;
use tonic_health::server::{HealthReporter, health_reporter};

use super::Routes;

/// The health of the whole listener and of its services. They are not serving until told so.
#[derive(Clone)]
pub struct Health {
    reporter: HealthReporter,
    services: Vec<&'static str>,
}

/// Adds the health service to `routes`, for these services and for the empty name.
pub async fn add(routes: Routes, services: &[&'static str]) -> (Routes, Health) {
    let (reporter, service) = health_reporter();
    let services = services.iter().copied().chain([""]).collect();
    let health = Health { reporter, services };
    health.set_ready(false).await;
    (routes.add_service(service), health)
}

// === impl Health ===

impl Health {
    /// Sets every service to serving, or none.
    pub async fn set_ready(&self, ready: bool) {
        let status = if ready {
            ServingStatus::Serving
        } else {
            ServingStatus::NotServing
        };
        for service in &self.services {
            self.reporter.set_service_status(service, status).await;
        }
    }

    /// Follows a readiness until its owner drops it; it is not ready then.
    pub async fn follow(self, mut ready: watch::Receiver<bool>) {
        loop {
            let now = *ready.borrow_and_update();
            self.set_ready(now).await;
            if ready.changed().await.is_err() {
                return self.set_ready(false).await;
            }
        }
    }
}

impl fmt::Debug for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Health")
            .field("services", &self.services)
            .finish_non_exhaustive()
    }
}
