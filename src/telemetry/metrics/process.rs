//! The process as Linux shows it, under the names that all Prometheus clients use.

use std::fs;

use super::Exposition;

/// Clock ticks a second in `/proc`; Linux has shown 100 on every architecture since 2.6.
const TICKS: f64 = 100.0;

/// Writes what `/proc` knows; where there is no `/proc` nothing is written.
pub(super) fn collect(out: &mut Exposition) {
    if let Ok(stat) = fs::read_to_string("/proc/self/stat") {
        collect_stat(&stat, out);
    }
    if let Ok(status) = fs::read_to_string("/proc/self/status") {
        for (key, name, help) in [
            (
                "VmRSS:",
                "process_resident_memory_bytes",
                "Resident memory in bytes.",
            ),
            (
                "VmSize:",
                "process_virtual_memory_bytes",
                "Virtual memory in bytes.",
            ),
        ] {
            if let Some(kilobytes) = field(&status, key) {
                out.gauge(name, help, &[], kilobytes * 1024.0);
            }
        }
        if let Some(threads) = field(&status, "Threads:") {
            out.gauge("process_threads", "Threads of the process.", &[], threads);
        }
    }
    if let Ok(entries) = fs::read_dir("/proc/self/fd") {
        // One of them is the directory itself.
        #[expect(clippy::cast_precision_loss, reason = "never near 2^52")]
        let open = entries.count().saturating_sub(1) as f64;
        out.gauge("process_open_fds", "Open file descriptors.", &[], open);
    }
    let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
    if let Some(most) = field(&limits, "Max open files") {
        out.gauge(
            "process_max_fds",
            "How many file descriptors may be open.",
            &[],
            most,
        );
    }
}

fn collect_stat(stat: &str, out: &mut Exposition) {
    // The name in brackets may hold blanks; the fields after it are numbered from 3.
    let Some((_, rest)) = stat.rsplit_once(')') else {
        return;
    };
    let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
    let number = |n: usize| fields.get(n - 3)?.parse::<f64>().ok();
    if let (Some(user), Some(system)) = (number(14), number(15)) {
        out.seconds(
            "process_cpu_seconds_total",
            "User and system CPU time in seconds.",
            (user + system) / TICKS,
        );
    }
    let boot = fs::read_to_string("/proc/stat")
        .ok()
        .and_then(|stat| field(&stat, "btime "));
    if let (Some(boot), Some(start)) = (boot, number(22)) {
        out.gauge(
            "process_start_time_seconds",
            "When the process started, in seconds of Unix time.",
            &[],
            boot + start / TICKS,
        );
    }
}

/// The first number of the line that starts with `key`.
fn field(text: &str, key: &str) -> Option<f64> {
    let line = text.lines().find_map(|line| line.strip_prefix(key))?;
    line.split_ascii_whitespace().next()?.parse().ok()
}
