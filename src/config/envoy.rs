//! `plugins.envoy_ext_authz_grpc` into [`authz::Config`].

use std::time::Duration;

use super::address;
use super::problem::Report;
use super::section::Section;
use crate::authz::{self, InputEncoding, ParsedBodyErrors};
use crate::engine::Entrypoint;
use crate::grpc::Address;
use crate::tls;

pub(super) fn read(root: &Section<'_>, report: &mut Report) -> authz::Config {
    let plugin = root.section("plugins").section("envoy_ext_authz_grpc");
    authz::Config {
        addrs: addresses(&plugin, report),
        http_addr: http_address(&plugin, report),
        http_forwarded_headers: plugin.flag("http-forwarded-headers"),
        entrypoint: entrypoint(&plugin, report),
        dry_run: plugin.flag("dry-run"),
        enable_reflection: plugin.flag("enable-reflection"),
        proto_descriptor: plugin.path_buf("proto-descriptor"),
        max_recv_msg_size: plugin.size("grpc-max-recv-msg-size"),
        max_send_msg_size: plugin.size("grpc-max-send-msg-size"),
        skip_request_body_parse: plugin.flag("skip-request-body-parse"),
        performance_metrics: plugin.flag("enable-performance-metrics"),
        duration_buckets: plugin.numbers("grpc-request-duration-seconds-buckets"),
        error_response: plugin.flag("error-response"),
        decision_id_header: header_name(&plugin, report),
        parsed_body_errors: match plugin.text("parsed-body-errors") {
            Some("policy") => ParsedBodyErrors::Policy,
            _ => ParsedBodyErrors::Deny,
        },
        input_encoding: match plugin.text("input-encoding") {
            Some("protojson") => InputEncoding::Protojson,
            _ => InputEncoding::Protomap,
        },
        max_eval_time: max_eval_time(&plugin, report),
        max_concurrent_checks: plugin.size("max-concurrent-checks"),
        threads: plugin.size("threads"),
        tls: listener_tls(&plugin, report),
    }
}

fn addresses(plugin: &Section<'_>, report: &mut Report) -> Vec<Address> {
    let mode = plugin
        .text("socket-mode")
        .and_then(|text| u32::from_str_radix(text, 8).ok());
    let texts = plugin.texts("addr");
    if texts.is_empty() {
        report.error(
            plugin.line_of("addr"),
            &plugin.path_of("addr"),
            "the list of addresses is empty",
        );
    }
    let mut addresses = Vec::new();
    for (line, text) in texts {
        // As in OPA, an empty address is the default one.
        let text = if text.is_empty() { ":9191" } else { text };
        match address::parse(text, mode) {
            Ok(address) => addresses.push(address),
            Err(error) => report.error(line, &plugin.path_of("addr"), error),
        }
    }
    addresses
}

fn http_address(plugin: &Section<'_>, report: &mut Report) -> Option<String> {
    let text = plugin.text("http_addr")?;
    if let Err(error) = address::host_port(text) {
        report.error(
            plugin.line_of("http_addr"),
            &plugin.path_of("http_addr"),
            error,
        );
    }
    Some(text.to_owned())
}

fn entrypoint(plugin: &Section<'_>, report: &mut Report) -> Entrypoint {
    match (plugin.text("path"), plugin.text("query")) {
        (Some(_), Some(_)) => {
            report.error(
                plugin.line_of("query"),
                &plugin.path_of("query"),
                "invalid config: specify a value for only the \"path\" field",
            );
            Entrypoint::Path(String::new())
        }
        (None, Some(query)) => Entrypoint::Query(query.to_owned()),
        (path, None) => Entrypoint::Path(path.unwrap_or_default().to_owned()),
    }
}

fn header_name(plugin: &Section<'_>, report: &mut Report) -> Option<String> {
    let name = plugin.text("decision-id-header")?;
    if ::http::HeaderName::from_bytes(name.as_bytes()).is_err() {
        report.error(
            plugin.line_of("decision-id-header"),
            &plugin.path_of("decision-id-header"),
            format!("`{name}` is not a header name"),
        );
    }
    Some(name.to_ascii_lowercase())
}

fn max_eval_time(plugin: &Section<'_>, report: &mut Report) -> Duration {
    let time = plugin.duration("max-eval-time");
    if time.is_zero() {
        report.error(
            plugin.line_of("max-eval-time"),
            &plugin.path_of("max-eval-time"),
            "expected more than zero; an evaluation needs some time",
        );
    }
    time
}

fn listener_tls(plugin: &Section<'_>, report: &mut Report) -> Option<tls::Config> {
    let ca_cert_file = plugin.path_buf("tls_ca_cert_file");
    let asked = plugin.text("tls_client_auth");
    let client_auth = match asked {
        Some("optional") => tls::ClientAuth::Optional,
        Some("require") => tls::ClientAuth::Require,
        None if ca_cert_file.is_some() => tls::ClientAuth::Require,
        Some(_) | None => tls::ClientAuth::None,
    };
    let wants_clients = client_auth != tls::ClientAuth::None;
    if wants_clients && ca_cert_file.is_none() {
        report.error(
            plugin.line_of("tls_client_auth"),
            &plugin.path_of("tls_client_auth"),
            "clients' certificates need `tls_ca_cert_file` to be verified against",
        );
    }
    let (cert, key) = (
        plugin.path_buf("tls_cert_file"),
        plugin.path_buf("tls_private_key_file"),
    );
    if cert.is_none() && key.is_none() && ca_cert_file.is_none() && !wants_clients {
        return None;
    }
    let (Some(cert_file), Some(private_key_file)) = (cert, key) else {
        report.error(
            plugin.line(),
            &plugin.path,
            "TLS needs both `tls_cert_file` and `tls_private_key_file`",
        );
        return None;
    };
    Some(tls::Config {
        cert_file,
        private_key_file,
        ca_cert_file,
        client_auth,
        min_version: tls::TlsVersion::default(),
        cipher_suites: Vec::new(),
        refresh_period: plugin.duration("tls_cert_refresh_period"),
    })
}
