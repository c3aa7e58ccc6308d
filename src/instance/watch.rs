//! `--watch`: asks for a reload when files change.

use std::path::{Path, PathBuf};
use std::time::Duration;

use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;
use tokio::time;

use super::Reload;
use crate::task::{self, Shutdown};

/// Changes come in bursts; a reload waits for this much silence.
const SILENCE: Duration = Duration::from_millis(100);

/// How long it waits for the silence: where something always changes, there is none.
const PATIENCE: Duration = Duration::from_secs(2);

/// Watches `paths` until `shutdown`.
pub(super) fn spawn(
    paths: &[PathBuf],
    reload: Reload,
    mut shutdown: Shutdown,
) -> notify::Result<()> {
    // One waiting note is enough: a reload reads everything.
    let (changed, mut changes) = mpsc::channel(1);
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
        // Our own reading is an event as well.
        if !event.is_ok_and(|event| matches!(event.kind, EventKind::Access(_))) {
            let _ = changed.try_send(());
        }
    })?;
    for path in paths {
        watch(&mut watcher, path)?;
    }
    task::spawn("watch", async move {
        let _watcher = watcher;
        loop {
            tokio::select! {
                () = shutdown.wait() => return,
                change = changes.recv() => if change.is_none() { return },
            }
            quiet(&mut changes).await;
            // A failure is in the log and in the status already.
            let _ = reload.now().await;
        }
    });
    Ok(())
}

async fn quiet(changes: &mut mpsc::Receiver<()>) {
    let burst = async { while let Ok(Some(())) = time::timeout(SILENCE, changes.recv()).await {} };
    let _ = time::timeout(PATIENCE, burst).await;
}

/// A file is watched through its directory, since editors and Kubernetes replace files by renaming.
fn watch(watcher: &mut RecommendedWatcher, path: &Path) -> notify::Result<()> {
    if path.is_dir() {
        return watcher.watch(path, RecursiveMode::Recursive);
    }
    let parent = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    watcher.watch(
        parent.unwrap_or(Path::new(".")),
        RecursiveMode::NonRecursive,
    )
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
