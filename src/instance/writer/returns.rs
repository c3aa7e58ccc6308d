//! The return to an earlier snapshot: somebody pins one, or the newest one fails its trial.

use super::Writer;
use crate::bundle::Bundle;
use crate::instance::candidate::Candidate;
use crate::instance::history::ReturnError;
use crate::instance::rollback::Trial;
use crate::instance::status::BundleError;

impl Writer {
    pub(super) async fn pin(&mut self, named: &str) -> Result<(), ReturnError> {
        let candidate = match self.history.find(named) {
            Ok(candidate) => Some(candidate),
            // Nothing changes, and nothing shall.
            Err(ReturnError::InForce(_)) => None,
            Err(error) => return Err(error),
        };
        if let Some(candidate) = candidate {
            let left = self.current.clone();
            let returned = self.put_in_force(candidate, None).await;
            returned.map_err(|refused| ReturnError::Failed(refused.to_string()))?;
            self.note_returned(&left, None);
        }
        self.try_out(None);
        self.pinned = true;
        self.parts
            .status
            .send_modify(|status| status.pinned = Some(status.generation));
        tracing::warn!(
            snapshot = named,
            "A snapshot is pinned; no other one comes into force until it is unpinned."
        );
        Ok(())
    }

    /// Looks whether the snapshot on trial decides as it should, and lets the one before return if not.
    pub(super) async fn judge(&mut self) {
        let Some((trial, config)) = self.trial.as_ref().zip(self.config.activation.rollback) else {
            return;
        };
        let Some(reason) = trial.failure(&config, (self.parts.hooks.outcomes)()) else {
            if trial.is_over(&config) {
                self.try_out(None);
            }
            return;
        };
        let good = trial.proven.clone();
        self.try_out(None);
        self.roll_back(good, &reason).await;
    }

    async fn roll_back(&mut self, good: Candidate, reason: &str) {
        let (bad, generation) = (self.current.clone(), self.parts.status.borrow().generation);
        if let Err(error) = self.put_in_force(good, None).await {
            tracing::error!(reason, %error, "The new snapshot could not be rolled back.");
            return;
        }
        self.history.rolled_back(generation);
        self.withdrawn.add(&bad, &self.current);
        let message = format!("rolled back: {reason}");
        let snapshots = self.history.told();
        self.parts.status.send_modify(|status| {
            status.rollbacks += 1;
            status.snapshots = snapshots;
        });
        self.note_returned(&bad, Some(&message));
        let (bad, good) = (bad.revisions(), self.current.revisions());
        tracing::error!(reason, %bad, %good, "The new snapshot was rolled back.");
    }

    /// Notes which revisions are in force after the snapshot made from `left` made way for an earlier one.
    fn note_returned(&self, left: &Candidate, message: Option<&str>) {
        for (name, bundle) in &self.current.downloaded {
            self.parts.freshness.activated(name, &bundle.revision);
            self.note(name, |status, now| status.activated(now, &bundle.revision));
        }
        let Some(message) = message else { return };
        let changed =
            |name: &str, bundle: &Bundle| self.current.downloaded.get(name) != Some(bundle);
        for (name, _) in left
            .downloaded
            .iter()
            .filter(|(name, bundle)| changed(name, bundle))
        {
            let error = BundleError::plain(message.to_owned());
            self.note(name, |status, _| status.error = Some(error));
        }
    }

    pub(super) fn try_out(&mut self, trial: Option<Trial>) {
        let on_trial = trial.is_some();
        self.trial = trial;
        self.parts
            .status
            .send_modify(|status| status.on_trial = on_trial);
    }
}
