//! `--watch`: asks for a reload when files change.

use std::path::PathBuf;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time;

use super::Control;
use crate::files::watch as files;
use crate::task::{self, Shutdown};

/// Changes come in bursts; a reload waits for this much silence.
const SILENCE: Duration = Duration::from_millis(100);

/// How long it waits for the silence: where something always changes, there is none.
const PATIENCE: Duration = Duration::from_secs(2);

/// Watches `paths` until `shutdown`.
pub(super) fn spawn(
    paths: &[PathBuf],
    control: Control,
    mut shutdown: Shutdown,
) -> Result<(), notify::Error> {
    // One waiting note is enough: a reload reads everything.
    let (changed, mut changes) = mpsc::channel(1);
    let watching = files::watch(paths, move || {
        let _ = changed.try_send(());
    })?;
    task::spawn("watch", async move {
        let _watching = watching;
        loop {
            tokio::select! {
                () = shutdown.wait() => return,
                change = changes.recv() => if change.is_none() { return },
            }
            quiet(&mut changes).await;
            // A failure is in the log and in the status already.
            let _ = control.reload().await;
        }
    });
    Ok(())
}

async fn quiet(changes: &mut mpsc::Receiver<()>) {
    let burst = async { while let Ok(Some(())) = time::timeout(SILENCE, changes.recv()).await {} };
    let _ = time::timeout(PATIENCE, burst).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn changes_without_end_hold_up_no_reload() {
        let (changed, mut changes) = mpsc::channel(1);
        let noise = async {
            loop {
                let _ = changed.try_send(());
                time::sleep(SILENCE / 2).await;
            }
        };
        let started = time::Instant::now();
        tokio::select! {
            () = noise => {}
            () = quiet(&mut changes) => {}
        }
        assert!(started.elapsed() <= PATIENCE + SILENCE);
    }

    #[tokio::test(start_paused = true)]
    async fn a_burst_is_waited_for() {
        let (changed, mut changes) = mpsc::channel(1);
        changed.try_send(()).unwrap();
        let started = time::Instant::now();
        quiet(&mut changes).await;
        assert_eq!(started.elapsed().as_millis(), SILENCE.as_millis());
    }
}
