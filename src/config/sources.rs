//! `bundles`, `persistence_directory` and the paths of the command line into [`instance::Config`].

use std::path::PathBuf;
use std::time::Duration;

use super::flags::Flags;
use super::problem::Report;
use super::section::Section;
use super::variables::Strings;
use super::{activation, observe, overlay, services};
use crate::data::Object;
use crate::data::yaml::{Kind, Node};
use crate::engine::Engine;
use crate::http::ServiceConfig;
use crate::{bundle, instance};

pub(super) fn read(
    root: &Section<'_>,
    flags: &Flags,
    env: &dyn Strings,
    report: &mut Report,
) -> instance::Config {
    let services = services::read(root, env, report);
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

pub(super) fn is_url(path: &str) -> bool {
    path.starts_with("http://") || path.starts_with("https://")
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
    let from = services
        .iter()
        .find(|it| Some(&it.name) == service.as_ref());
    if from.is_some_and(|service| service.registry)
        && let Err(error) = bundle::oci::Reference::parse(&resource)
    {
        let path = section.path_of("resource");
        report.error(section.line_of("resource"), &path, error.to_string());
    }
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
