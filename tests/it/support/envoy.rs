//! A real Envoy in front of the sidecars: its configuration from a few parameters, and the process.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};

use super::client;
use super::process::{Process, until};

/// A running Envoy.
pub(crate) struct Envoy {
    process: Process,
    /// Where it takes requests.
    pub(crate) port: u16,
    _folder: tempfile::TempDir,
}

/// What differs between one test's Envoy and another's.
#[derive(Debug, Clone)]
pub(crate) struct EnvoySpec {
    /// How it asks for decisions.
    pub(crate) api: Api,
    /// A request passes when no decision is to be had.
    pub(crate) failure_mode_allow: bool,
    /// The status of a request that no decision is to be had for.
    pub(crate) status_on_error: u16,
    /// How much of a body goes with the question; none: nothing.
    pub(crate) body: Option<Body>,
    /// The authority that the sidecar's certificate must come from: TLS to the sidecar.
    pub(crate) tls_authority: Option<PathBuf>,
    /// The certificate and the key that Envoy shows the sidecar.
    pub(crate) tls_client: Option<(PathBuf, PathBuf)>,
    /// The sidecars' gRPC health decides which of them is asked.
    pub(crate) health_checks: bool,
}

/// How Envoy asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Api {
    Grpc,
    Http,
}

/// `with_request_body`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Body {
    pub(crate) max_bytes: u32,
    pub(crate) as_bytes: bool,
}

/// Where a sidecar listens.
#[derive(Debug, Clone)]
pub(crate) enum Endpoint {
    Tcp(u16),
    Unix(PathBuf),
}

// === impl Envoy ===

impl Envoy {
    /// The Envoy to run, or `None` when there is none: `make envoy` fetches it.
    pub(crate) fn binary() -> Option<PathBuf> {
        let fetched = concat!(env!("CARGO_MANIFEST_DIR"), "/.build/envoy-1.40.0/envoy");
        let path = std::env::var_os("REGATE_ENVOY").map_or_else(|| fetched.into(), PathBuf::from);
        path.is_file().then_some(path)
    }

    /// Starts it and waits until it takes requests.
    pub(crate) async fn start(
        spec: &EnvoySpec,
        sidecars: &[Endpoint],
        upstream: SocketAddr,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (config, admin) = (
            folder.path().join("envoy.json"),
            folder.path().join("admin"),
        );
        std::fs::write(&config, spec.bootstrap(sidecars, upstream).to_string()).unwrap();
        let mut command = Command::new(Self::binary().expect("checked before"));
        command
            .arg("--config-path")
            .arg(&config)
            .arg("--admin-address-path")
            .arg(&admin);
        command.args([
            "--use-dynamic-base-id",
            "--concurrency",
            "1",
            "--log-level",
            "warning",
        ]);
        let mut process = Process::start(command);
        let port = until("Envoy takes requests", async || {
            if let Some(status) = process.ended() {
                panic!("Envoy ended with {status}:\n{}", process.output().all());
            }
            // The file is there before the address is in it.
            let admin: SocketAddr = std::fs::read_to_string(&admin).ok()?.trim().parse().ok()?;
            listener_port(admin).await
        })
        .await;
        Self {
            process,
            port,
            _folder: folder,
        }
    }

    /// The process itself.
    pub(crate) fn process(&self) -> &Process {
        &self.process
    }
}

// === impl EnvoySpec ===

impl Default for EnvoySpec {
    fn default() -> Self {
        Self {
            api: Api::Grpc,
            failure_mode_allow: false,
            status_on_error: 503,
            body: None,
            tls_authority: None,
            tls_client: None,
            health_checks: false,
        }
    }
}

impl EnvoySpec {
    fn bootstrap(&self, sidecars: &[Endpoint], upstream: SocketAddr) -> Value {
        json!({
            // Ports of 0: Envoy chooses, and says which through the file of its admin address.
            "admin": {"address": socket(0)},
            "static_resources": {
                "listeners": [self.listener()],
                "clusters": [self.sidecar_cluster(sidecars), cluster("upstream", &[socket(upstream.port())])],
            },
        })
    }

    fn listener(&self) -> Value {
        let log = "%REQ(:PATH)% %RESPONSE_CODE% metadata=%DYNAMIC_METADATA(envoy.filters.http.ext_authz)%\n";
        let route = json!({"match": {"prefix": "/"}, "route": {"cluster": "upstream"}});
        let manager = json!({
            "@type": typed("filters.network.http_connection_manager.v3.HttpConnectionManager"),
            "stat_prefix": "ingress",
            "access_log": [{"name": "stdout", "typed_config": {
                "@type": typed("access_loggers.stream.v3.StdoutAccessLog"),
                "log_format": {"text_format_source": {"inline_string": log}},
            }}],
            "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [route]}]},
            "http_filters": [
                {"name": "envoy.filters.http.ext_authz", "typed_config": self.filter()},
                {"name": "envoy.filters.http.router",
                 "typed_config": {"@type": typed("filters.http.router.v3.Router")}},
            ],
        });
        let filter = json!({"name": "manager", "typed_config": manager});
        json!({"name": "ingress", "address": socket(0), "filter_chains": [{"filters": [filter]}]})
    }

    fn filter(&self) -> Value {
        let mut filter = json!({
            "@type": typed("filters.http.ext_authz.v3.ExtAuthz"),
            "transport_api_version": "V3",
            "failure_mode_allow": self.failure_mode_allow,
            "status_on_error": {"code": self.status_on_error},
        });
        match self.api {
            Api::Grpc => {
                filter["grpc_service"] =
                    json!({"envoy_grpc": {"cluster_name": "sidecar"}, "timeout": "5s"});
            }
            Api::Http => {
                filter["http_service"] = json!({
                    "server_uri": {"uri": "http://sidecar", "cluster": "sidecar", "timeout": "5s"},
                    "authorization_response": {
                        "allowed_upstream_headers": {"patterns": [{"prefix": "x-"}]},
                        "allowed_client_headers": {"patterns": [{"safe_regex": {"regex": ".*"}}]},
                    },
                });
                filter["allowed_headers"] = json!({"patterns": [{"safe_regex": {"regex": ".*"}}]});
            }
        }
        if let Some(body) = self.body {
            filter["with_request_body"] = json!({
                "max_request_bytes": body.max_bytes,
                "allow_partial_message": true,
                "pack_as_bytes": body.as_bytes,
            });
        }
        filter
    }

    fn sidecar_cluster(&self, sidecars: &[Endpoint]) -> Value {
        let addresses: Vec<Value> = sidecars.iter().map(Endpoint::address).collect();
        let mut cluster = cluster("sidecar", &addresses);
        if self.api == Api::Grpc {
            cluster["typed_extension_protocol_options"] = json!({
                "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                    "@type": typed("upstreams.http.v3.HttpProtocolOptions"),
                    "explicit_http_config": {"http2_protocol_options": {}},
                },
            });
        }
        if let Some(authority) = &self.tls_authority {
            let validation = json!({
                "trusted_ca": {"filename": authority},
                "match_typed_subject_alt_names":
                    [{"san_type": "DNS", "matcher": {"exact": "regate.test"}}],
            });
            let mut tls = json!({"alpn_protocols": ["h2"], "validation_context": validation});
            if let Some((certificate, key)) = &self.tls_client {
                tls["tls_certificates"] = json!([{
                    "certificate_chain": {"filename": certificate},
                    "private_key": {"filename": key},
                }]);
            }
            cluster["transport_socket"] = json!({"name": "tls", "typed_config": {
                "@type": typed("transport_sockets.tls.v3.UpstreamTlsContext"),
                "sni": "regate.test",
                "common_tls_context": tls,
            }});
        }
        if self.health_checks {
            cluster["health_checks"] = json!([{
                "interval": "0.1s", "no_traffic_interval": "0.1s", "timeout": "2s",
                "unhealthy_threshold": 1, "healthy_threshold": 1, "grpc_health_check": {},
            }]);
            // With one of two sidecars gone, the other one still counts.
            cluster["common_lb_config"] = json!({"healthy_panic_threshold": {"value": 0}});
        }
        cluster
    }
}

// === impl Endpoint ===

impl Endpoint {
    fn address(&self) -> Value {
        match self {
            Self::Tcp(port) => socket(*port),
            Self::Unix(path) => json!({"pipe": {"path": path}}),
        }
    }
}

/// The port of Envoy's only listener, as its admin interface tells it, once it serves.
async fn listener_port(admin: SocketAddr) -> Option<u16> {
    let ready = client::get(&format!("http://{admin}/ready")).await?;
    (ready.status == 200).then_some(())?;
    let listeners = client::get(&format!("http://{admin}/listeners?format=json"))
        .await?
        .body;
    let listeners: Value = serde_json::from_str(&listeners).ok()?;
    let address = &listeners["listener_statuses"][0]["local_address"]["socket_address"];
    u16::try_from(address["port_value"].as_u64()?).ok()
}

fn cluster(name: &str, addresses: &[Value]) -> Value {
    let endpoints: Vec<Value> = addresses
        .iter()
        .map(|address| json!({"endpoint": {"address": address}}))
        .collect();
    json!({
        "name": name, "type": "STATIC", "connect_timeout": "2s",
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": endpoints}]},
    })
}

fn socket(port: u16) -> Value {
    json!({"socket_address": {"address": "127.0.0.1", "port_value": port}})
}

fn typed(name: &str) -> String {
    format!("type.googleapis.com/envoy.extensions.{name}")
}
