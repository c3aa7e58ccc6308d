//! Every socket of the process, bound before any is served: a taken port fails the start.

use std::time::Duration;

use crate::authz::service::PATHS;
use crate::config::Config;
use crate::http::ListenConfig;
use crate::{authz, grpc, http, tls};

use super::RunError;

/// Evaluation recurses on documents that may nest 10,000 deep.
pub(super) const STACK: usize = 16 << 20;

const GRPC: &str = "plugins.envoy_ext_authz_grpc.addr";
const TLS: &str = "plugins.envoy_ext_authz_grpc.tls_*";
const HTTP: &str = "plugins.envoy_ext_authz_grpc.http_addr";

/// Bound sockets.
#[derive(Debug)]
pub(super) struct Bound {
    pub(super) grpc: grpc::Bound,
    pub(super) certificates: Option<tls::Reloader>,
    pub(super) api: http::server::Bound,
    pub(super) diagnostic: http::server::Bound,
    pub(super) http_authz: Option<http::server::Bound>,
}

/// Binds what `config` asks for.
pub(super) fn bind(config: &Config) -> Result<Bound, RunError> {
    let certificates = config
        .authz
        .tls
        .clone()
        .map(|tls| tls::Reloader::new(tls, tls::Protocols::H2))
        .transpose()
        .map_err(|error| RunError::config(format_args!("{TLS}: {error}")))?;
    let grpc = grpc::bind(grpc_config(&config.authz, certificates.as_ref()));
    Ok(Bound {
        grpc: grpc.map_err(|error| failed(GRPC, &error))?,
        certificates,
        api: http::server::bind(&config.api).map_err(|error| failed("--addr", &error))?,
        diagnostic: http::server::bind(&config.diagnostic)
            .map_err(|error| failed("--diagnostic-addr", &error))?,
        http_authz: config
            .authz
            .http_addr
            .as_ref()
            .map(|addr| http::server::bind(&http_authz_config(addr)))
            .transpose()
            .map_err(|error| failed(HTTP, &error))?,
    })
}

/// An error that begins with the flag or the key which asked for the address.
fn failed(asked_by: &str, error: &dyn std::error::Error) -> RunError {
    RunError::failed(format_args!("{asked_by}: {error}"))
}

fn grpc_config(config: &authz::Config, certificates: Option<&tls::Reloader>) -> grpc::Config {
    grpc::Config {
        addrs: config.addrs.clone(),
        tls: certificates.map(tls::Reloader::acceptor),
        threads: match config.threads {
            0 => grpc::default_threads(),
            threads => threads,
        },
        stack_size: STACK,
        paths: PATHS.to_vec(),
        max_recv: config.max_recv_msg_size,
        max_send: config.max_send_msg_size,
        max_concurrent_calls: config.max_concurrent_checks,
        read_timeout: Duration::from_secs(10),
        ..grpc::Config::default()
    }
}

fn http_authz_config(addr: &str) -> ListenConfig {
    ListenConfig {
        addrs: vec![addr.to_owned()],
        tls: None,
        h2c: true,
        unix_socket_mode: None,
    }
}
