//! `/health`: whether decisions can be made, and on request whether bundles and plugins are ready.

use std::fmt;

/// What `/health` asks; each is read anew for each request.
pub struct Health {
    /// Whether a policy can be evaluated.
    pub evaluable: Box<dyn Fn() -> bool + Send + Sync>,
    /// Whether every configured bundle is in force.
    pub bundles_active: Box<dyn Fn() -> bool + Send + Sync>,
    /// The state of each plugin.
    pub plugins: Box<dyn Fn() -> Vec<Plugin> + Send + Sync>,
    /// Whether the process is on its way out.
    pub stopping: Box<dyn Fn() -> bool + Send + Sync>,
}

/// One plugin's state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plugin {
    /// Its name as OPA has it (`bundle`, `decision_logs`, `envoy_ext_authz_grpc`).
    pub name: String,
    /// Whether it works.
    pub ok: bool,
}

/// Why health says no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unhealthy {
    #[error("the process is shutting down")]
    Stopping,
    #[error("unable to perform evaluation")]
    Evaluation,
    #[error("one or more bundles are not activated")]
    Bundles,
    #[error("one or more plugins are not up")]
    Plugins,
}

// === impl Health ===

impl Health {
    /// Answers a request with this query string.
    pub(super) fn check(&self, query: &str) -> Result<(), Unhealthy> {
        if (self.stopping)() {
            return Err(Unhealthy::Stopping);
        }
        if !(self.evaluable)() {
            return Err(Unhealthy::Evaluation);
        }
        if (asks(query, "bundles") || asks(query, "bundle")) && !(self.bundles_active)() {
            return Err(Unhealthy::Bundles);
        }
        if asks(query, "plugins") {
            let excluded: Vec<String> = values(query, "exclude-plugin").collect();
            if (self.plugins)()
                .iter()
                .any(|p| !p.ok && !excluded.contains(&p.name))
            {
                return Err(Unhealthy::Plugins);
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Health").finish_non_exhaustive()
    }
}

/// Whether the switch `name` is set: alone, or to `true`.
fn asks(query: &str, name: &str) -> bool {
    values(query, name)
        .next()
        .is_some_and(|v| v.is_empty() || v.eq_ignore_ascii_case("true"))
}

fn values<'a>(query: &'a str, name: &'a str) -> impl Iterator<Item = String> + 'a {
    query
        .split('&')
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .filter(move |(key, _)| decoded(key) == name)
        .map(|(_, value)| decoded(value))
}

/// Undoes form encoding; what is no valid escape stays as it is.
fn decoded(text: &str) -> String {
    let hex = |at: usize| {
        text.get(at..at + 2)
            .and_then(|hex| u8::from_str_radix(hex, 16).ok())
    };
    let mut out = Vec::with_capacity(text.len());
    let mut skip = 0;
    for (at, byte) in text.bytes().enumerate() {
        if skip > 0 {
            skip -= 1;
            continue;
        }
        match (byte, hex(at + 1)) {
            (b'%', Some(byte)) => {
                out.push(byte);
                skip = 2;
            }
            (b'+', _) => out.push(b' '),
            _ => out.push(byte),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}
