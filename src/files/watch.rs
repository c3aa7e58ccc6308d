//! Which files change: a note for each, some of which mean nothing.

use std::path::{Path, PathBuf};

use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};

/// Watches for as long as it is kept.
#[derive(Debug)]
pub struct Watching {
    _watcher: RecommendedWatcher,
}

/// Calls `changed` whenever something changes at or below one of the paths, on a thread of its own.
pub fn watch(
    paths: &[PathBuf],
    changed: impl Fn() + Send + 'static,
) -> Result<Watching, notify::Error> {
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
        // Our own reading is an event as well.
        if !event.is_ok_and(|event| matches!(event.kind, EventKind::Access(_))) {
            changed();
        }
    })?;
    for path in paths {
        add(&mut watcher, path)?;
    }
    Ok(Watching { _watcher: watcher })
}

/// A file is watched through its directory, since editors and Kubernetes replace files by renaming.
fn add(watcher: &mut RecommendedWatcher, path: &Path) -> notify::Result<()> {
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
