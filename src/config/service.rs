//! Which service a section means.

use super::problem::Report;
use super::section::Section;

/// The service that `section` names, or the only one there is where the section is there and has nowhere else to go.
/// Of several OPA takes any; here one has to be named.
pub(super) fn of(
    section: &Section<'_>,
    root: &Section<'_>,
    elsewhere: bool,
    report: &mut Report,
) -> Option<String> {
    let services: Vec<&str> = root
        .section("services")
        .members()
        .map(|(name, _)| name)
        .collect();
    if let Some(named) = section.text("service") {
        if services.contains(&named) {
            return Some(named.to_owned());
        }
        let message = format!("there is no service `{named}`; name one of `services`");
        report.error(
            section.line_of("service"),
            &section.path_of("service"),
            message,
        );
        return None;
    }
    if !section.is_there() || elsewhere {
        return None;
    }
    if let [only] = services[..] {
        return Some(only.to_owned());
    }
    if services.len() > 1 {
        let message = "several services are configured: name the one that is meant";
        report.error(section.line(), &section.path_of("service"), message);
    }
    None
}
