//! `services`, `bundles`, `persistence_directory` and the paths of the command line into
//! [`instance::Config`].

use std::path::PathBuf;
use std::time::Duration;

use super::flags::Flags;
use super::problem::Report;
use super::section::Section;
use super::{activation, observe, overlay};
use crate::data::Object;
use crate::data::yaml::{Kind, Node};
use crate::engine::Engine;
use crate::http::{Credentials, ServiceConfig, TokenSource};
use crate::{bundle, instance};

pub(super) fn read(root: &Section<'_>, flags: &Flags, report: &mut Report) -> instance::Config {
    let services: Vec<ServiceConfig> = root
        .section("services")
        .members()
        .map(|(name, section)| service(name, &section, report))
        .collect();
    let bundles = root
        .section("bundles")
        .members()
        .map(|(name, section)| one_bundle(name, &section, &services, report))
        .collect();
    let paths: Vec<PathBuf> = flags
        .paths
        .iter()
        .filter(|path| !is_url(path))
        .map(|path| PathBuf::from(path.strip_prefix("file://").unwrap_or(path)))
        .collect();
    let (paths, bundle_paths) = if flags.bundle {
        (Vec::new(), paths)
    } else {
        (paths, Vec::new())
    };
    instance::Config {
        paths,
        bundle_paths,
        ignore: flags.ignore.clone(),
        watch: flags.watch,
        rego_version: flags.rego_version,
        engine: engine(root.text("engine")),
        // It shows the whole tree, which is not known here.
        runtime: Object::default(),
        memory: observe::memory(root),
        max_errors: flags.max_errors,
        bundles,
        services,
        persistence_directory: root.path_buf("persistence_directory").unwrap_or_default(),
        activation: activation::read(&root.section("activation"), report),
    }
}

fn engine(name: Option<&str>) -> Engine {
    match name {
        Some("regorus") => Engine::Regorus,
        Some("verify") => Engine::Verify,
        _ => Engine::Native,
    }
}

/// Each URL among the arguments becomes the service and the bundle `cli1`, `cli2`, ….
pub(super) fn overlay_urls(tree: &mut Node, paths: &[String], report: &mut Report) {
    for (i, url) in paths.iter().filter(|path| is_url(path)).enumerate() {
        if let Err(error) = overlay_url(tree, &format!("cli{}", i + 1), url) {
            report.flag_error("arguments", error);
        }
    }
}

fn overlay_url(tree: &mut Node, name: &str, url: &str) -> Result<(), String> {
    let (scheme, rest) = url.split_once("://").unwrap_or(("https", url));
    let (authority, resource) = rest.split_once('/').unwrap_or((rest, ""));
    if authority.contains('@') {
        return Err("a URL with credentials is not read; configure a service instead".to_owned());
    }
    let text = |text: &str| Kind::String(text.to_owned());
    overlay::put_at(
        tree,
        &["services", name, "url"],
        text(&format!("{scheme}://{authority}")),
    )?;
    overlay::put_at(tree, &["bundles", name, "service"], text(name))?;
    overlay::put_at(
        tree,
        &["bundles", name, "resource"],
        text(&format!("/{resource}")),
    )?;
    overlay::put_at(tree, &["bundles", name, "persist"], Kind::Bool(true))
}

fn is_url(path: &str) -> bool {
    path.starts_with("http://") || path.starts_with("https://")
}

fn service(name: &str, section: &Section<'_>, report: &mut Report) -> ServiceConfig {
    let url = section.text("url").unwrap_or_default();
    if !is_url(url) {
        let message = "expected a URL that begins with http:// or https://";
        report.error(section.line_of("url"), &section.path_of("url"), message);
    }
    let tls = section.section("tls");
    ServiceConfig {
        name: name.to_owned(),
        url: url.to_owned(),
        headers: headers(&section.section("headers"), report),
        allow_insecure_tls: section.flag("allow_insecure_tls"),
        response_header_timeout: seconds(section, "response_header_timeout_seconds"),
        ca_cert: tls.path_buf("ca_cert"),
        system_ca_required: tls.flag("system_ca_required"),
        credentials: credentials(&section.section("credentials"), report),
    }
}

fn headers(section: &Section<'_>, report: &mut Report) -> Vec<(String, String)> {
    let mut headers = Vec::new();
    for (name, value) in section.members() {
        let text = value.own_text().unwrap_or_default();
        if ::http::HeaderName::from_bytes(name.as_bytes()).is_err()
            || ::http::HeaderValue::from_str(text).is_err()
        {
            report.error(value.line(), &value.path, "not a header's name and value");
        }
        headers.push((name.to_owned(), text.to_owned()));
    }
    headers
}

fn credentials(section: &Section<'_>, report: &mut Report) -> Credentials {
    let (bearer, client_tls) = (section.section("bearer"), section.section("client_tls"));
    match (bearer.is_there(), client_tls.is_there()) {
        (true, true) => {
            let message = "a service has at most one kind of credentials";
            report.error(section.line(), &section.path, message);
            Credentials::None
        }
        (true, false) => bearer_token(&bearer, report),
        (false, true) => client_certificate(&client_tls, report),
        (false, false) => Credentials::None,
    }
}

fn bearer_token(section: &Section<'_>, report: &mut Report) -> Credentials {
    let token = match (section.text("token"), section.path_buf("token_path")) {
        (Some(token), None) => TokenSource::Text(token.to_owned()),
        (None, Some(path)) => TokenSource::File(path),
        _ => {
            let message = "expected one of `token` and `token_path`";
            report.error(section.line(), &section.path, message);
            return Credentials::None;
        }
    };
    Credentials::Bearer {
        token,
        scheme: section.text("scheme").unwrap_or("Bearer").to_owned(),
    }
}

fn client_certificate(section: &Section<'_>, report: &mut Report) -> Credentials {
    if let (Some(cert), Some(private_key)) =
        (section.path_buf("cert"), section.path_buf("private_key"))
    {
        return Credentials::ClientTls { cert, private_key };
    }
    report.error(
        section.line(),
        &section.path,
        "expected both `cert` and `private_key`",
    );
    Credentials::None
}

fn one_bundle(
    name: &str,
    section: &Section<'_>,
    services: &[ServiceConfig],
    report: &mut Report,
) -> bundle::Config {
    let resource = section
        .text("resource")
        .map_or_else(|| format!("bundles/{name}"), str::to_owned);
    if section.text("trigger") == Some("manual") {
        let message = "not supported yet: `manual`; write `periodic`";
        report.error(
            section.line_of("trigger"),
            &section.path_of("trigger"),
            message,
        );
    }
    let (min_delay, max_delay) = polling(&section.section("polling"), report);
    let service = if resource.starts_with("file://") {
        None
    } else {
        bundle_service(section, services, report)
    };
    bundle::Config {
        name: name.to_owned(),
        service,
        resource,
        min_delay,
        max_delay,
        persist: section.flag("persist"),
        size_limit: section.count("size_limit_bytes").unwrap_or_default(),
    }
}

fn bundle_service(
    section: &Section<'_>,
    services: &[ServiceConfig],
    report: &mut Report,
) -> Option<String> {
    let names = || {
        let names: Vec<String> = services.iter().map(|s| format!("`{}`", s.name)).collect();
        if names.is_empty() {
            "none".to_owned()
        } else {
            names.join(", ")
        }
    };
    let error = match (section.text("service"), services) {
        (Some(name), _) if services.iter().any(|service| service.name == name) => {
            return Some(name.to_owned());
        }
        (None, [only]) => return Some(only.name.clone()),
        (Some(name), _) => format!("no service is named `{name}`; there are: {}", names()),
        // OPA takes any of them here, not always the same one.
        (None, _) => format!("expected the name of a service; there are: {}", names()),
    };
    report.error(
        section.line_of("service"),
        &section.path_of("service"),
        error,
    );
    None
}

fn polling(section: &Section<'_>, report: &mut Report) -> (Duration, Duration) {
    let delays = (
        section.count("min_delay_seconds"),
        section.count("max_delay_seconds"),
    );
    let (min, max) = match delays {
        (Some(min), Some(max)) if min > max => {
            let message = "expected `max_delay_seconds` to be at least `min_delay_seconds`";
            report.error(section.line_of("max_delay_seconds"), &section.path, message);
            (min, max)
        }
        (Some(min), Some(max)) => (min, max),
        _ => {
            let message = "expected both `min_delay_seconds` and `max_delay_seconds`, or neither";
            report.error(section.line(), &section.path, message);
            (0, 0)
        }
    };
    (Duration::from_secs(min), Duration::from_secs(max))
}

fn seconds(section: &Section<'_>, name: &str) -> Duration {
    Duration::from_secs(section.count(name).unwrap_or_default())
}
