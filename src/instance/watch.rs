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
            while let Ok(Some(())) = time::timeout(SILENCE, changes.recv()).await {}
            // A failure is in the log and in the status already.
            let _ = reload.now().await;
        }
    });
    Ok(())
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
