//! Path, query and body of every recorded request, against the input that opa-envoy-plugin built.

use data_encoding::BASE64;
use regate::authz::body::{self, Descriptor, Source};
use regate::authz::url;
use regate::data::Doc;

use crate::support::corpus::{self, Case, equal, get, items, text};

/// What one request should give.
enum Want<'d> {
    Input(&'d Doc<'static>),
    Error(&'d str),
}

#[derive(Default)]
struct Tally {
    inputs: usize,
    errors: usize,
    failures: Vec<String>,
}

#[test]
fn recorded_requests_parse_as_recorded() {
    let Some(cases) = corpus::load() else { return };
    let mut tally = Tally::default();
    for case in &cases {
        run_case(case, &mut tally);
    }
    assert!(tally.failures.is_empty(), "{}", tally.failures.join("\n"));
    assert!(
        tally.inputs > 1_000 && tally.errors > 50,
        "too few requests were compared"
    );
}

#[test]
fn a_descriptor_that_is_none_is_an_error() {
    let Some(cases) = corpus::load() else { return };
    let case = cases
        .iter()
        .find(|case| case.name == "start-bad-descriptor")
        .unwrap();
    let bytes = file(case, "set.pb").unwrap();
    assert!(Descriptor::load(&bytes).is_err());
}

fn run_case(case: &Case, tally: &mut Tally) {
    let plugin = ["config", "plugins", "envoy_ext_authz_grpc"];
    let name = text(
        &case.doc,
        &[plugin.as_slice(), &["proto-descriptor"]].concat(),
    );
    let skip = get(
        &case.doc,
        &[plugin.as_slice(), &["skip-request-body-parse"]].concat(),
    );
    let skip = skip == Some(&Doc::Bool(true));
    let bytes = name.and_then(|name| file(case, name));
    let descriptor = bytes.and_then(|bytes| Descriptor::load(&bytes).ok());
    for request in items(&case.doc, &["requests"]) {
        let (Some(message), Some(want)) = (get(request, &["request"]), want(request)) else {
            continue;
        };
        let name = format!(
            "{}: {}",
            case.name,
            text(request, &["name"]).unwrap_or_default()
        );
        let http = get(message, &["attributes", "request", "http"]).unwrap_or(&Doc::Null);
        let got = parse(http, descriptor.as_ref(), skip);
        compare(&name, &got, &want, tally);
    }
}

/// What was recorded; nothing where the log does not show the input as the policy saw it.
fn want<'d>(request: &'d Doc<'static>) -> Option<Want<'d>> {
    let message = text(request, &["want", "response", "status", "message"]);
    if let Some(error) = message.and_then(|text| text.strip_prefix("request_parse_error: ")) {
        return Some(Want::Error(error));
    }
    let log = get(request, &["want", "log"])?;
    if get(log, &["masked"]).is_some() || get(log, &["erased"]).is_some() {
        return None;
    }
    let input = get(request, &["want", "input"]).filter(|input| **input != Doc::Null)?;
    get(input, &["attributes"]).map(|_| Want::Input(input))
}

/// The parsed parts of the input.
fn parse(
    http: &Doc<'static>,
    descriptor: Option<&Descriptor>,
    skip_body: bool,
) -> Result<Vec<(&'static str, Doc<'static>)>, String> {
    let path = text(http, &["path"]).unwrap_or_default().to_owned().leak();
    let target = url::parse(path).map_err(|error| error.to_string())?;
    let mut parts = vec![
        ("parsed_path", target.path_doc()),
        ("parsed_query", target.query_doc()),
    ];
    if skip_body {
        return Ok(parts);
    }
    let raw = text(http, &["rawBody"])
        .or_else(|| text(http, &["raw_body"]))
        .unwrap_or_default();
    let raw_body: &'static [u8] = BASE64.decode(raw.as_bytes()).unwrap().leak();
    let headers = get(http, &["headers"]).cloned().unwrap_or(Doc::Null);
    let headers: &'static Doc<'static> = Box::leak(Box::new(headers));
    let lookup: &'static dyn Fn(&str) -> Option<&'static str> =
        Box::leak(Box::new(|name: &str| text(headers, &[name])));
    let source = Source {
        headers: lookup,
        body: text(http, &["body"]).unwrap_or_default().to_owned().leak(),
        raw_body,
        parsed_path: target.path.clone().leak(),
    };
    let parsed = body::parse(&source, descriptor).map_err(|error| error.to_string())?;
    parts.push(("parsed_body", parsed.doc));
    parts.push(("truncated_body", Doc::Bool(parsed.truncated)));
    Ok(parts)
}

fn compare(
    name: &str,
    got: &Result<Vec<(&'static str, Doc<'static>)>, String>,
    want: &Want<'_>,
    tally: &mut Tally,
) {
    match (got, want) {
        (Err(got), Want::Error(want)) => {
            tally.errors += 1;
            if got != want {
                tally
                    .failures
                    .push(format!("{name}: error `{got}`, recorded `{want}`"));
            }
        }
        (Ok(parts), Want::Input(input)) => {
            tally.inputs += 1;
            for (key, got) in parts {
                let want = get(input, &[key]);
                if !want.is_some_and(|want| equal(got, want)) {
                    tally
                        .failures
                        .push(format!("{name}: {key} is {got:?}, recorded {want:?}"));
                }
            }
        }
        (Err(got), Want::Input(_)) => tally.failures.push(format!("{name}: error `{got}`")),
        (Ok(_), Want::Error(want)) => tally.failures.push(format!("{name}: no error `{want}`")),
    }
}

fn file(case: &Case, name: &str) -> Option<Vec<u8>> {
    let base64 = text(&case.doc, &["files", name, "base64"])?;
    Some(BASE64.decode(base64.as_bytes()).unwrap())
}
