//! The configuration file and the flags that change it: read once, checked whole, handed to the
//! rooms as their own `Config` values.
//!
//! The way: text of the file, `${VAR}` from the environment, YAML, `--set`, the schema (types,
//! unknown keys, keys whose feature is not there yet), defaults, the rooms' values.

use std::time::Duration;

use crate::data::yaml::{self, Kind, Node};
use crate::data::{Value, into_value};
use crate::engine::runtime;
use crate::{authz, decision_log, http, instance, outside, status, telemetry};

mod activation;
mod address;
mod check;
mod defaults;
mod duration;
mod effective;
mod envoy;
mod flags;
mod listen;
mod logs;
mod observe;
mod overlay;
mod problem;
mod rest;
pub mod schema;
mod section;
mod service;
mod services;
mod sources;
mod variables;

pub use duration::parse_duration;
pub use effective::Effective;
pub use flags::{Flags, TlsFlags};
pub use problem::{ConfigError, Place, Problem, Warning};
pub use variables::{Environment, Strings};

use self::problem::Report;
use self::section::Section;

/// The variable of the environment.
const HTTP_SEND_TIMEOUT: &str = "HTTP_SEND_TIMEOUT";

/// Everything that a run is told.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Envoy's side.
    pub authz: authz::Config,
    /// Policy and data.
    pub instance: instance::Config,
    /// Decision logs.
    pub decision_log: decision_log::Config,
    /// `caching.inter_query_builtin_cache`: responses of `http.send`.
    pub cache: outside::CacheConfig,
    /// `HTTP_SEND_TIMEOUT` of the environment: how long a request of `http.send` may take that does not say it; zero
    /// is no limit.
    pub http_send_timeout: Duration,
    /// What is told of bundles and plugins.
    pub status: status::Config,
    /// What the REST API is told.
    pub rest: crate::rest::Config,
    /// `--addr`: the HTTP API.
    pub api: http::ListenConfig,
    /// `--diagnostic-addr`: health and metrics alone.
    pub diagnostic: http::ListenConfig,
    /// This program's own log.
    pub log: telemetry::LogConfig,
    /// Spans, when `distributed_tracing` is configured.
    pub tracing: Option<telemetry::TracingConfig>,
    /// Times that bound the start and the end.
    pub process: ProcessConfig,
}

/// What concerns the whole process: its sockets' modes, and times that bound its start and end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProcessConfig {
    /// `--shutdown-grace-period`: how long requests in flight may take.
    pub shutdown_grace_period: Duration,
    /// `--shutdown-wait-period`: how long to serve on after health says no.
    pub shutdown_wait_period: Duration,
    /// `--ready-timeout`: how long the start may wait for bundles; zero does not wait.
    pub ready_timeout: Duration,
    /// `--unix-socket-perm`: mode of the HTTP API's unix sockets.
    pub unix_socket_perm: u32,
}

/// A configuration that passed, and what is to be said about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// What the rooms get.
    pub config: Config,
    /// What an operator should know, for the log.
    pub warnings: Vec<Warning>,
    /// The configuration file's content as it is in force.
    pub effective: Effective,
}

// === impl Config ===

impl Config {
    /// Reads and checks the configuration file and the flags.
    ///
    /// # Errors
    ///
    /// Fails with everything that is wrong, not only the first.
    pub fn load(flags: &Flags, env: &dyn Strings) -> Result<Loaded, ConfigError> {
        let Some(path) = &flags.config_file else {
            return Self::from_text("", flags, env);
        };
        match std::fs::read_to_string(path) {
            Ok(text) => Self::from_text(&text, flags, env),
            Err(error) => {
                let mut report = Report::new(Some(path));
                report.file_error(format!("cannot be read: {error}"));
                Err(report.into_error())
            }
        }
    }

    /// The same for the configuration file's text, which is not read again.
    ///
    /// # Errors
    ///
    /// Fails with everything that is wrong, not only the first.
    pub fn from_text(text: &str, flags: &Flags, env: &dyn Strings) -> Result<Loaded, ConfigError> {
        let mut report = Report::new(flags.config_file.as_deref());
        let Some(mut tree) = parse(text, env, &mut report) else {
            return Err(report.into_error());
        };
        overlay_flags(&mut tree, flags, &mut report);
        let mut tree = check::check(tree, &mut report);
        report.end_check();
        note_missing_plugin(&tree, &mut report);
        let shown = effective::for_policies(&tree);
        defaults::fill(&mut tree);
        let root = Section::root(&tree);
        let mut config = Self {
            authz: envoy::read(&root, &mut report),
            instance: sources::read(&root, flags, env, &mut report),
            decision_log: logs::read(&root, &mut report),
            cache: observe::cache(&root),
            http_send_timeout: http_send_timeout(env).unwrap_or_else(|error| {
                report.flag_error(HTTP_SEND_TIMEOUT, error);
                outside::TIMEOUT
            }),
            status: observe::status(&root, &mut report),
            rest: rest::read(&root, flags),
            api: listen::read("--addr", &flags.addrs, flags, &mut report),
            diagnostic: listen::read(
                "--diagnostic-addr",
                &flags.diagnostic_addrs,
                flags,
                &mut report,
            ),
            log: flags.log.clone(),
            tracing: observe::tracing(&root, &mut report),
            process: flags.process,
        };
        let shown = into_value(shown.into_doc()).ok();
        config.rest.shown = shown.clone().unwrap_or(Value::Null);
        config.instance.runtime = runtime(env.all(), shown, config.rest.authorization.is_some());
        let warnings = report.finish()?;
        Ok(Loaded {
            config,
            warnings,
            effective: Effective::of(&tree),
        })
    }
}

/// How long a request of `http.send` may take that does not say it, as the environment says; zero is no limit.
///
/// # Errors
///
/// Fails where the variable is no duration.
pub fn http_send_timeout(env: &dyn Strings) -> Result<Duration, String> {
    let said = env.get(HTTP_SEND_TIMEOUT).filter(|said| !said.is_empty());
    let Some(said) = said else {
        return Ok(outside::TIMEOUT);
    };
    parse_duration(&said).ok_or_else(|| format!("expected a duration such as 5s, not `{said}`"))
}

fn parse(text: &str, env: &dyn Strings, report: &mut Report) -> Option<Node> {
    let empty = Node {
        line: 0,
        kind: Kind::Object(Vec::new()),
    };
    match yaml::parse(&variables::substitute(text, env)) {
        Ok(Node {
            kind: Kind::Null, ..
        }) => Some(empty),
        Ok(
            node @ Node {
                kind: Kind::Object(_),
                ..
            },
        ) => Some(node),
        Ok(node) => {
            report.error(
                node.line,
                "",
                "expected a mapping of sections such as `plugins:`",
            );
            None
        }
        Err(error) => {
            report.error(error.line.max(1), "", error.message);
            None
        }
    }
}

fn overlay_flags(tree: &mut Node, flags: &Flags, report: &mut Report) {
    for text in &flags.set {
        if let Err(error) = overlay::set(tree, text) {
            report.flag_error("--set", error);
        }
    }
    for text in &flags.set_file {
        if let Err(error) = overlay::set_file(tree, text) {
            report.flag_error("--set-file", error);
        }
    }
    check::services_by_name(tree, report);
    sources::overlay_urls(tree, &flags.paths, report);
}

/// OPA without a plugin serves its REST API alone; here the Check service is what is served.
fn note_missing_plugin(tree: &Node, report: &mut Report) {
    let plugins = tree.get("plugins").map(|plugins| &plugins.kind);
    if !matches!(plugins, Some(Kind::Object(entries)) if !entries.is_empty()) {
        report.file_note(
            "plugins",
            "no plugin is configured; the Check service starts with its defaults",
        );
    }
}
