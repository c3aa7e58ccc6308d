//! `test --watch`: all tests again whenever a file changes.

use std::fmt::Write as _;
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use super::super::Report;
use super::{Request, test};
use crate::files;

/// Changes come in bursts; the tests wait for this much silence.
const SILENCE: Duration = Duration::from_millis(100);

/// How long they wait for it: where something always changes, there is none.
const PATIENCE: Duration = Duration::from_secs(2);

/// Runs the tests, and again after each change, for as long as `tell` wants to hear of them.
pub fn watch(request: &Request, mut tell: impl FnMut(&Report) -> bool) -> Result<(), String> {
    // One waiting note is enough: the tests read everything.
    let (changed, changes) = mpsc::sync_channel(1);
    let files = files::places(&request.paths.files);
    let paths = [&files[..], &request.paths.bundles[..]].concat();
    let _watching = files::watch::watch(&paths, move || {
        let _ = changed.try_send(());
    })
    .map_err(|error| error.to_string())?;
    loop {
        let mut report = test(request);
        let stars = "*".repeat(80);
        let out = &mut report.stdout;
        let _ = writeln!(out, "{stars}\nWatching for changes ...");
        if !tell(&report) || changes.recv().is_err() {
            return Ok(());
        }
        quiet(&changes);
    }
}

fn quiet(changes: &Receiver<()>) {
    let started = Instant::now();
    while started.elapsed() < PATIENCE && changes.recv_timeout(SILENCE).is_ok() {}
}
