//! Connections to a span collector: the TLS of `distributed_tracing`, by the rules of services.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::connect::HttpConnector;

use super::identity::Identity;
use super::{ClientError, trust};
use crate::http::ServiceConfig;
use crate::http::credentials::{Credentials, client_tls};
use crate::telemetry::{Encryption, OtlpProtocol, TracingConfig};

/// A connector for the exporter of spans.
pub fn connector(config: &TracingConfig) -> Result<HttpsConnector<HttpConnector>, ClientError> {
    let (ca_cert, identity) = match &config.encryption {
        Encryption::Off => (None, None),
        Encryption::Tls { ca_cert_file } => (ca_cert_file.as_deref(), None),
        Encryption::Mtls {
            ca_cert_file,
            cert_file,
            private_key_file,
        } => {
            let identity = Identity::load(client_tls::Config {
                cert: cert_file.clone(),
                private_key: private_key_file.clone(),
                passphrase: None,
                reread: Duration::ZERO,
            })?;
            (ca_cert_file.as_deref(), Some(Arc::new(identity)))
        }
    };
    let tls = trust::tls_config(&service(config, ca_cert), identity)?;
    let mut http = HttpConnector::new();
    http.enforce_http(false);
    http.set_nodelay(true);
    let builder = hyper_rustls::HttpsConnectorBuilder::new()
        .with_tls_config(tls)
        .https_or_http();
    Ok(match config.protocol {
        // gRPC is HTTP/2 alone; a collector may refuse a handshake that offers anything else.
        OtlpProtocol::Grpc => builder.enable_http2().wrap_connector(http),
        OtlpProtocol::Http => builder.enable_all_versions().wrap_connector(http),
    })
}

/// The collector as a service, whose rules of trust are the same.
fn service(config: &TracingConfig, ca_cert: Option<&Path>) -> ServiceConfig {
    ServiceConfig {
        name: "distributed_tracing".to_owned(),
        url: match config.encryption {
            Encryption::Off => format!("http://{}", config.address),
            Encryption::Tls { .. } | Encryption::Mtls { .. } => {
                format!("https://{}", config.address)
            }
        },
        headers: Vec::new(),
        allow_insecure_tls: config.allow_insecure_tls,
        response_header_timeout: Duration::ZERO,
        ca_cert: ca_cert.map(Path::to_owned),
        system_ca_required: false,
        registry: false,
        credentials: Credentials::None,
    }
}
