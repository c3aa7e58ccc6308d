//! Commands and flags, as clap knows them. Names and defaults are those of `opa run`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Arg, ArgAction, Args, CommandFactory as _, Parser, Subcommand, ValueEnum};

use super::tools::{NAMES, Tool};
use super::values;
use crate::rest::{Authentication, Authorization};
use crate::telemetry::{LogFormat, LogLevel};
use crate::tls::TlsVersion;

const AFTER: &str = "Exit codes: 0 all went well; 1 failed while running; \
                     64 the arguments or the configuration are wrong.";
const AFTER_RUN: &str = "Each flag can be set by the environment as well: OPA_RUN_ and the flag's \
                         name in upper case, such as OPA_RUN_LOG_LEVEL. A flag on the command line \
                         wins.\n\nExit codes: 0 stopped by a signal; 1 failed while running; \
                         64 the arguments or the configuration are wrong.";

/// An authorization sidecar for Envoy, driven by Rego policies.
#[derive(Debug, Parser)]
#[command(version, after_help = AFTER, max_term_width = 100)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Serves decisions.
    #[command(after_help = AFTER_RUN)]
    Run(Box<RunArgs>),
    #[command(flatten)]
    Tool(Tool),
    /// Looks at configuration files.
    Config {
        #[command(subcommand)]
        command: ConfigCommand,
    },
    /// Says which version this is.
    Version,
    /// Writes a completion script for a shell.
    Completion {
        /// The shell.
        shell: clap_complete::Shell,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum ConfigCommand {
    /// Checks a configuration file and prints what is in force, with secrets hidden.
    #[command(after_help = AFTER)]
    Check(CheckArgs),
}

#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// The configuration file.
    pub(super) file: PathBuf,
    /// Overrides a key of the configuration file: `key=value,…`.
    #[arg(long, value_name = "KEY=VALUE")]
    pub(super) set: Vec<String>,
    /// Overrides a key by a file's content: `key=FILE,…`.
    #[arg(long, value_name = "KEY=FILE")]
    pub(super) set_file: Vec<String>,
    /// How the effective configuration is printed.
    #[arg(long, value_enum, default_value_t = Format::Yaml)]
    pub(super) format: Format,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Format {
    Yaml,
    Json,
}

#[derive(Debug, Args)]
#[command(args_override_self = true)]
pub(super) struct RunArgs {
    /// Policies and data: files, directories, URLs of bundles.
    pub(super) paths: Vec<String>,

    /// Serves; without it `opa run` opens a prompt, which this program has none of.
    #[arg(short, long)]
    pub(super) server: bool,
    /// The configuration file.
    #[arg(short, long, value_name = "FILE")]
    pub(super) config_file: Option<PathBuf>,
    /// Overrides a key of the configuration file: `key=value,…`.
    #[arg(long, value_name = "KEY=VALUE", action = ArgAction::Append)]
    pub(super) set: Vec<String>,
    /// Overrides a key by a file's content: `key=FILE,…`.
    #[arg(long, value_name = "KEY=FILE", action = ArgAction::Append)]
    pub(super) set_file: Vec<String>,
    /// Addresses of the HTTP API: `host:port`, `http://…`, `https://…`, `unix://…`.
    #[arg(
        short,
        long,
        value_delimiter = ',',
        default_value = "localhost:8181",
        action = ArgAction::Append
    )]
    pub(super) addr: Vec<String>,
    /// Addresses of health and metrics alone.
    #[arg(long, value_delimiter = ',', action = ArgAction::Append)]
    pub(super) diagnostic_addr: Vec<String>,
    /// Names and globs that are left out of directories.
    #[arg(long, value_delimiter = ',', action = ArgAction::Append)]
    pub(super) ignore: Vec<String>,
    /// The paths are bundles: archives or directories.
    #[arg(short, long)]
    pub(super) bundle: bool,
    /// Loads the paths again when they change.
    #[arg(short, long)]
    pub(super) watch: bool,
    /// Shows this many errors of a compilation.
    #[arg(short, long, default_value_t = 10)]
    pub(super) max_errors: usize,
    /// Modules are written in Rego from before OPA 1.0; wins over --v1-compatible.
    #[arg(long)]
    pub(super) v0_compatible: bool,
    /// Modules are written in Rego of OPA 1.0, which is the default.
    #[arg(long)]
    pub(super) v1_compatible: bool,

    /// The least severe log line that is written: debug, info, error.
    #[arg(short, long, default_value = "info", value_parser = values::log_level)]
    pub(super) log_level: LogLevel,
    /// The form of log lines: json, json-pretty, text.
    #[arg(long, default_value = "json", value_parser = values::log_format)]
    pub(super) log_format: LogFormat,
    /// The form of times in log lines, as a Go time layout; left out: RFC 3339.
    #[arg(long, value_name = "LAYOUT")]
    pub(super) log_timestamp_format: Option<String>,

    /// How long requests may take to finish after a signal, in seconds.
    #[arg(long, default_value_t = 10, value_name = "SECONDS")]
    pub(super) shutdown_grace_period: u32,
    /// How long to serve on after a signal while health says no, in seconds.
    #[arg(long, default_value_t = 0, value_name = "SECONDS")]
    pub(super) shutdown_wait_period: u32,
    /// How long the start may wait for policy and bundles, in seconds; 0 does not wait.
    #[arg(long, default_value_t = 0, value_name = "SECONDS")]
    pub(super) ready_timeout: u32,

    /// `/debug/memory` on the HTTP API; there are no profiles.
    #[arg(long)]
    pub(super) pprof: bool,
    /// HTTP/2 without TLS on the HTTP API.
    #[arg(long)]
    pub(super) h2c: bool,
    /// PEM file of the HTTP API's certificate chain.
    #[arg(long, value_name = "FILE")]
    pub(super) tls_cert_file: Option<PathBuf>,
    /// PEM file of its private key.
    #[arg(long, value_name = "FILE")]
    pub(super) tls_private_key_file: Option<PathBuf>,
    /// PEM file of the authorities for clients' certificates; used by --authentication=tls.
    #[arg(long, value_name = "FILE")]
    pub(super) tls_ca_cert_file: Option<PathBuf>,
    /// How often the TLS files are looked at for changes, such as 10m; 0 never looks again.
    #[arg(long, default_value = "0", value_name = "DURATION", value_parser = values::duration)]
    pub(super) tls_cert_refresh_period: Duration,
    /// The oldest TLS version that is accepted: 1.2, 1.3.
    #[arg(long, default_value = "1.2", value_parser = values::tls_version)]
    pub(super) min_tls_version: TlsVersion,
    /// The cipher suites of TLS 1.2 that are spoken, by IANA's names; left out: all that are safe.
    #[arg(long, value_name = "NAMES", value_delimiter = ',', action = ArgAction::Append)]
    pub(super) tls_cipher_suites: Vec<String>,
    /// Mode of the HTTP API's unix sockets.
    #[arg(long, default_value = "755", value_name = "MODE", value_parser = values::mode)]
    pub(super) unix_socket_perm: u32,
    /// How clients of the HTTP API say who they are: off, token, tls.
    #[arg(long, default_value = "off", value_parser = values::authentication)]
    pub(super) authentication: Authentication,
    /// Whether a policy decides on requests to the HTTP API: off, basic.
    #[arg(long, default_value = "off", value_parser = values::authorization)]
    pub(super) authorization: Authorization,

    #[command(flatten)]
    pub(super) without_effect: WithoutEffect,
    #[command(flatten)]
    pub(super) refused: Refused,
}

/// Flags of `opa run` that change nothing here.
#[derive(Debug, Args)]
#[command(next_help_heading = "Accepted, without effect")]
pub(super) struct WithoutEffect {
    /// This program reports nothing to anyone.
    #[arg(long)]
    pub(super) disable_telemetry: bool,
    /// This program asks nobody for its latest version.
    #[arg(long)]
    pub(super) skip_version_check: bool,
    /// Data is always kept in the form that is fast to read.
    #[arg(long)]
    pub(super) optimize_store_for_read_speed: bool,
    /// Input schemas are not checked.
    #[arg(long)]
    pub(super) skip_known_schema_check: bool,
    /// Output format of the prompt.
    #[arg(short, long)]
    pub(super) format: Option<String>,
    /// History file of the prompt.
    #[arg(short = 'H', long)]
    pub(super) history: Option<PathBuf>,
}

/// Flags of `opa run` whose feature is not there yet; each stops the start.
#[derive(Debug, Args)]
#[command(next_help_heading = "Not supported yet: each stops the start")]
pub(super) struct Refused {
    /// Bundles are used without verification of their signatures.
    #[arg(long)]
    pub(super) skip_verify: bool,
    /// Key that signatures of bundles are verified with.
    #[arg(long)]
    pub(super) verification_key: Option<String>,
    /// That key's name.
    #[arg(long)]
    pub(super) verification_key_id: Option<String>,
    /// Scope of signatures of bundles.
    #[arg(long)]
    pub(super) scope: Option<String>,
    /// Algorithm of signatures of bundles.
    #[arg(long)]
    pub(super) signing_alg: Option<String>,
    /// Files that signatures of bundles do not cover.
    #[arg(long)]
    pub(super) exclude_files_verify: Option<String>,
}

/// The command line's definition.
pub(super) fn command() -> clap::Command {
    let with_switches = NAMES.into_iter().chain(["run"]);
    with_switches.fold(Cli::command(), |command, name| {
        command.mut_subcommand(name, |command| command.mut_args(switch_with_value))
    })
}

/// As in `opa`, `--watch` is `--watch=true`, and `--watch=false` is said as well.
fn switch_with_value(arg: Arg) -> Arg {
    if !matches!(arg.get_action(), ArgAction::SetTrue) {
        return arg;
    }
    arg.action(ArgAction::Set)
        .num_args(0..=1)
        .require_equals(true)
        .default_value("false")
        .default_missing_value("true")
        .hide_default_value(true)
        .value_name("BOOL")
        .value_parser(values::boolean)
}

// === impl Refused ===

impl Refused {
    /// Each flag that was given, with the reason why it cannot be served.
    pub(super) fn given(&self) -> Vec<(&'static str, &'static str)> {
        const SIGNATURES: &str = "signatures of bundles are not verified yet";
        let flags = [
            (self.skip_verify, "--skip-verify", SIGNATURES),
            (
                self.verification_key.is_some(),
                "--verification-key",
                SIGNATURES,
            ),
            (
                self.verification_key_id.is_some(),
                "--verification-key-id",
                SIGNATURES,
            ),
            (self.scope.is_some(), "--scope", SIGNATURES),
            (self.signing_alg.is_some(), "--signing-alg", SIGNATURES),
            (
                self.exclude_files_verify.is_some(),
                "--exclude-files-verify",
                SIGNATURES,
            ),
        ];
        let given = flags.into_iter().filter(|(given, ..)| *given);
        given.map(|(_, flag, reason)| (flag, reason)).collect()
    }
}
