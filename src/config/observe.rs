//! `caching`, `status` and `distributed_tracing` into the values of their rooms.

use std::time::Duration;

use super::problem::Report;
use super::section::Section;
use super::service;
use crate::engine::MemoryLimits;
use crate::outside::CacheConfig;
use crate::status;
use crate::telemetry::{BatchConfig, Encryption, OtlpProtocol, TracingConfig};

/// What a resource's keys are called in OpenTelemetry.
const RESOURCE: [(&str, &str); 4] = [
    ("service_version", "service.version"),
    ("service_instance_id", "service.instance.id"),
    ("service_namespace", "service.namespace"),
    ("deployment_environment", "deployment.environment"),
];

pub(super) fn cache(root: &Section<'_>) -> CacheConfig {
    let cache = root.section("caching").section("inter_query_builtin_cache");
    let count = |name| cache.count(name);
    CacheConfig {
        max_bytes: count("max_size_bytes").unwrap_or(0),
        threshold: count("forced_eviction_threshold_percentage").unwrap_or(100),
        stale_after: Duration::from_secs(count("stale_entry_eviction_period_seconds").unwrap_or(0)),
    }
}

pub(super) fn memory(root: &Section<'_>) -> MemoryLimits {
    let cache = root
        .section("caching")
        .section("inter_query_builtin_value_cache");
    let tokens = cache.section("named").section("io_jwt");
    // As in OPA, zero is no limit.
    let limit = |of: &Section<'_>| match of.size("max_num_entries") {
        0 => None,
        entries => Some(entries),
    };
    MemoryLimits {
        tokens: if tokens.flag("disabled") {
            Some(0)
        } else {
            limit(&tokens)
        },
        patterns: limit(&cache),
    }
}

pub(super) fn status(root: &Section<'_>, report: &mut Report) -> status::Config {
    let section = root.section("status");
    let (console, prometheus) = (section.flag("console"), section.flag("prometheus"));
    let partition = section
        .text("partition_name")
        .map(|name| format!("/{name}"));
    status::Config {
        is_there: section.is_there(),
        console,
        prometheus,
        service: service::of(&section, root, console || prometheus, report),
        resource: format!("/status{}", partition.unwrap_or_default()),
        manual: section.text("trigger") == Some("manual"),
    }
}

pub(super) fn tracing(root: &Section<'_>, report: &mut Report) -> Option<TracingConfig> {
    let section = root.section("distributed_tracing");
    let protocol = match section.text("type")? {
        "http" => OtlpProtocol::Http,
        _ => OtlpProtocol::Grpc,
    };
    let sample_percentage = section.number("sample_percentage").unwrap_or(100.0);
    if !(0.0..=100.0).contains(&sample_percentage) {
        let path = section.path_of("sample_percentage");
        report.error(
            section.line_of("sample_percentage"),
            &path,
            "expected 0 to 100",
        );
    }
    let resource = section.section("resource");
    Some(TracingConfig {
        protocol,
        address: section.text("address").unwrap_or_default().to_owned(),
        service_name: section.text("service_name").unwrap_or("opa").to_owned(),
        sample_percentage,
        encryption: encryption(&section, report),
        allow_insecure_tls: section.flag("allow_insecure_tls"),
        resource: RESOURCE
            .iter()
            .filter_map(|(key, name)| Some(((*name).to_owned(), resource.text(key)?.to_owned())))
            .collect(),
        batch: batch(&section.section("batch_span_processor_options")),
    })
}

fn encryption(section: &Section<'_>, report: &mut Report) -> Encryption {
    let ca_cert_file = section.path_buf("tls_ca_cert_file");
    match section.text("encryption") {
        Some("tls") => Encryption::Tls { ca_cert_file },
        Some("mtls") => {
            let cert = section.path_buf("tls_cert_file");
            let Some((cert_file, private_key_file)) =
                cert.zip(section.path_buf("tls_private_key_file"))
            else {
                report.error(
                    section.line_of("encryption"),
                    &section.path_of("encryption"),
                    "`mtls` needs `tls_cert_file` and `tls_private_key_file`",
                );
                return Encryption::Off;
            };
            Encryption::Mtls {
                ca_cert_file,
                cert_file,
                private_key_file,
            }
        }
        _ => Encryption::Off,
    }
}

fn batch(section: &Section<'_>) -> BatchConfig {
    let time = |name| Duration::from_millis(section.count(name).unwrap_or_default());
    BatchConfig {
        max_export_batch_size: section.size("max_export_batch_size"),
        max_queue_size: section.size("max_queue_size"),
        batch_timeout: time("batch_timeout_ms"),
        export_timeout: time("export_timeout_ms"),
    }
}
