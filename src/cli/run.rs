//! `run`: flags and configuration are read, and the program serves.

use std::time::Duration;

use super::args::RunArgs;
use super::{Exit, complain};
use crate::app;
use crate::config::{Config, Flags, Place, ProcessConfig, Strings, TlsFlags, Warning};
use crate::engine::RegoVersion;
use crate::telemetry::LogConfig;

pub(super) fn run(args: RunArgs, env: &dyn Strings) -> Exit {
    let refused = args.refused.given();
    if !refused.is_empty() {
        for (flag, reason) in refused {
            complain(&format!("{flag}: {reason}"));
        }
        return Exit::Usage;
    }
    let serves = args.server;
    let mut loaded = match Config::load(&flags(args), env) {
        Ok(loaded) => loaded,
        Err(error) => {
            complain(&error.to_string());
            return Exit::Usage;
        }
    };
    if !serves {
        loaded.warnings.push(Warning::Note {
            place: Place::Flag("--server"),
            path: String::new(),
            message: "not given; there is no prompt to open, so this serves".to_owned(),
        });
    }
    match app::run(loaded) {
        Ok(()) => Exit::Ok,
        Err(error) => {
            complain(&error.to_string());
            match error {
                app::RunError::Config(_) => Exit::Usage,
                app::RunError::Failed(_) => Exit::Failed,
            }
        }
    }
}

pub(super) fn flags(args: RunArgs) -> Flags {
    let seconds = |seconds| Duration::from_secs(u64::from(seconds));
    Flags {
        config_file: args.config_file.filter(|file| !file.as_os_str().is_empty()),
        set: args.set,
        set_file: args.set_file,
        paths: args.paths,
        bundle: args.bundle,
        ignore: args.ignore,
        watch: args.watch,
        rego_version: if args.v0_compatible {
            RegoVersion::V0
        } else {
            RegoVersion::V1
        },
        max_errors: args.max_errors,
        addrs: args.addr,
        diagnostic_addrs: args.diagnostic_addr,
        authentication: args.authentication,
        authorization: args.authorization,
        pprof: args.pprof,
        h2c: args.h2c,
        tls: TlsFlags {
            cert_file: args.tls_cert_file,
            private_key_file: args.tls_private_key_file,
            ca_cert_file: args.tls_ca_cert_file,
            cert_refresh_period: args.tls_cert_refresh_period,
            min_version: args.min_tls_version,
            cipher_suites: args.tls_cipher_suites,
        },
        log: LogConfig {
            level: args.log_level,
            format: args.log_format,
            timestamp_format: args
                .log_timestamp_format
                .filter(|layout| !layout.is_empty()),
        },
        process: ProcessConfig {
            shutdown_grace_period: seconds(args.shutdown_grace_period),
            shutdown_wait_period: seconds(args.shutdown_wait_period),
            ready_timeout: seconds(args.ready_timeout),
            unix_socket_perm: args.unix_socket_perm,
        },
    }
}
