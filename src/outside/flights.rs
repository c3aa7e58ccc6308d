//! Equal requests at the same time: one is sent, the others look into the cache when it has come back.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use regate_rego::value::Object;
use tokio::sync::watch;

/// Requests that are under way and whose responses may be kept.
#[derive(Debug, Clone, Default)]
pub(super) struct Flights(Arc<Mutex<HashMap<Object, watch::Receiver<()>>>>);

/// One of them; it has come back when this is dropped.
#[derive(Debug)]
pub(super) struct Flight {
    key: Object,
    flights: Flights,
    _under_way: watch::Sender<()>,
}

// === impl Flights ===

impl Flights {
    /// Takes off, unless an equal one is under way: then waits until it has come back.
    pub(super) async fn take_off(&self, key: &Object) -> Option<Flight> {
        let mut other = {
            let mut under_way = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(other) = under_way.get(key) {
                other.clone()
            } else {
                let (sender, receiver) = watch::channel(());
                under_way.insert(key.clone(), receiver);
                return Some(Flight {
                    key: key.clone(),
                    flights: self.clone(),
                    _under_way: sender,
                });
            }
        };
        // Nothing is ever sent: this ends when the sender is gone.
        let _ = other.changed().await;
        None
    }
}

// === impl Flight ===

impl Drop for Flight {
    fn drop(&mut self) {
        let flights = &self.flights.0;
        let mut under_way = flights.lock().unwrap_or_else(PoisonError::into_inner);
        under_way.remove(&self.key);
    }
}
