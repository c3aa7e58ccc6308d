//! Which request asks for what: methods and paths of the API, and what is said of all others.

use axum::body::Body;
use axum::http::{HeaderValue, Method, StatusCode, Uri, header};
use axum::response::Response;

use super::answer::{bare, line};
use super::params::decoded;

/// What a request asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Route {
    /// `GET /`.
    Index,
    /// `POST /`.
    DefaultDecision,
    /// `/v1/data`, read: by `GET`, or by `POST` with an input.
    Data(Vec<String>),
    /// `POST /v0/data`.
    PlainData(Vec<String>),
    /// `PUT /v1/data`.
    PutData(Vec<String>),
    /// `PATCH /v1/data`.
    PatchData(Vec<String>),
    /// `DELETE /v1/data`.
    DeleteData(Vec<String>),
    /// `/v1/query`.
    Query,
    /// `GET /v1/policies`.
    Policies,
    /// `GET /v1/policies/ID`.
    Policy(String),
    /// `PUT /v1/policies/ID`.
    PutPolicy(String),
    /// `DELETE /v1/policies/ID`.
    DeletePolicy(String),
    /// `POST /v1/compile`, with a path or without.
    Compile,
    /// `POST /v1/batch/data`.
    Batch(Vec<String>),
    /// `GET /v1/config`.
    Config,
    /// `GET /v1/status`.
    Status,
    /// `POST /v1/bundles/NAME/poll`.
    Poll(String),
    /// `GET /v1/snapshots`.
    Snapshots,
    /// `POST /v1/snapshots/REVISION/activate`.
    Pin(String),
    /// `POST /v1/snapshots/unpin`.
    Unpin,
    /// `GET /health/PATH`.
    Health(Vec<String>),
    /// `GET /debug/…`.
    Debug(String),
    /// `/health` and `/metrics`, which another room serves.
    Admin,
}

/// What becomes of a request.
#[derive(Debug)]
pub(super) enum Routed {
    /// It is served.
    Serve(Route),
    /// It is answered at once; counted under that name, if under any.
    Answer(Option<&'static str>, Response),
}

/// Finds what is asked for.
pub(super) fn route(method: &Method, uri: &Uri) -> Routed {
    let path = uri.path();
    let mut cleaned = clean(path);
    if cleaned != path {
        if let Some(query) = uri.query() {
            cleaned.push('?');
            cleaned.push_str(query);
        }
        let catchall = Some("catchall");
        return Routed::Answer(
            catchall,
            moved(StatusCode::TEMPORARY_REDIRECT, method, &cleaned),
        );
    }
    let Some(place) = Place::of(path) else {
        let not_found = line(StatusCode::NOT_FOUND, "404 page not found\n");
        return Routed::Answer(None, not_found);
    };
    if matches!(place, Place::Admin) && (method == Method::GET || method == Method::HEAD) {
        return Routed::Serve(Route::Admin);
    }
    if method == Method::HEAD {
        return Routed::Answer(Some(place.label()), bare(StatusCode::METHOD_NOT_ALLOWED));
    }
    if let (Some(shorter), true) = (path.strip_suffix('/'), place.takes_no_slash()) {
        let label = Some(place.label());
        return Routed::Answer(label, moved(StatusCode::MOVED_PERMANENTLY, method, shorter));
    }
    let Some(names) = place.names() else {
        let refusal =
            super::answer::Refusal::invalid("the path has an escape that is none, or is not UTF-8");
        return Routed::Answer(Some(place.label()), refusal.into_response());
    };
    match place.serve(method, names) {
        Some(route) => Routed::Serve(route),
        None => Routed::Answer(Some("catchall"), place.not_allowed()),
    }
}

/// Whether the answer to such a request is compressed for those who ask for it.
pub(super) fn is_compressed(method: &Method, path: &str) -> bool {
    let below = ["/v0/data", "/v1/data", "/v1/batch/data", "/v1/compile"];
    let reads = method == Method::GET || method == Method::POST;
    reads && below.into_iter().any(|prefix| path.starts_with(prefix))
}

/// A part of the API, and the path below it as it came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place<'a> {
    Index,
    Data(&'a str),
    PlainData(&'a str),
    Policies(&'a str),
    Query(&'a str),
    Compile,
    Batch(&'a str),
    Config,
    Status,
    Bundles(&'a str),
    Snapshots(&'a str),
    Health(&'a str),
    Debug(&'a str),
    Admin,
}

// === impl Route ===

impl Route {
    /// The name under which it is counted.
    pub(super) fn label(&self) -> Option<&'static str> {
        Some(match self {
            Self::Index | Self::DefaultDecision => "index",
            Self::Data(_) | Self::PutData(_) | Self::PatchData(_) | Self::DeleteData(_) => {
                "v1/data"
            }
            Self::PlainData(_) => "v0/data",
            Self::Query => "v1/query",
            Self::Policies | Self::Policy(_) | Self::PutPolicy(_) | Self::DeletePolicy(_) => {
                "v1/policies"
            }
            Self::Compile => "v1/compile",
            Self::Batch(_) => "v1/batch/data",
            Self::Config => "v1/config",
            Self::Status => "v1/status",
            Self::Poll(_) => "v1/bundles",
            Self::Snapshots | Self::Pin(_) | Self::Unpin => "v1/snapshots",
            Self::Health(_) => "health",
            Self::Debug(_) => "debug",
            // It counts its requests itself.
            Self::Admin => return None,
        })
    }

    /// Whether the diagnostic listener serves it.
    pub(super) fn is_diagnostic(&self) -> bool {
        matches!(self, Self::Admin | Self::Health(_))
    }

    /// Whether its body is part of what the authorization policy sees.
    pub(super) fn shows_body(&self) -> bool {
        matches!(
            self,
            Self::Data(_)
                | Self::PlainData(_)
                | Self::DefaultDecision
                | Self::Query
                | Self::Compile
                | Self::Batch(_)
        )
    }
}

// === impl Place ===

impl<'a> Place<'a> {
    fn of(path: &'a str) -> Option<Self> {
        let below = |prefix: &str| {
            let rest = path.strip_prefix(prefix)?;
            (rest.is_empty() || rest.starts_with('/')).then_some(rest)
        };
        match path {
            "/" => return Some(Self::Index),
            "/v1/config" => return Some(Self::Config),
            "/v1/status" => return Some(Self::Status),
            "/health" | "/metrics" => return Some(Self::Admin),
            _ => {}
        }
        let found = below("/v1/data").map(Self::Data);
        let found = found.or_else(|| below("/v0/data").map(Self::PlainData));
        let found = found.or_else(|| below("/v1/policies").map(Self::Policies));
        let found = found.or_else(|| below("/v1/query").map(Self::Query));
        let found = found.or_else(|| below("/v1/compile").map(|_| Self::Compile));
        let found = found.or_else(|| below("/v1/batch/data").map(Self::Batch));
        let found = found.or_else(|| below("/v1/bundles").map(Self::Bundles));
        let found = found.or_else(|| below("/v1/snapshots").map(Self::Snapshots));
        let found = found.or_else(|| below("/health").map(Self::Health));
        found.or_else(|| below("/debug").map(Self::Debug))
    }

    fn label(self) -> &'static str {
        match self {
            Self::Index => "index",
            Self::Data(_) => "v1/data",
            Self::PlainData(_) => "v0/data",
            Self::Policies(_) => "v1/policies",
            Self::Query(_) => "v1/query",
            Self::Compile => "v1/compile",
            Self::Batch(_) => "v1/batch/data",
            Self::Config => "v1/config",
            Self::Status => "v1/status",
            Self::Bundles(_) => "v1/bundles",
            Self::Snapshots(_) => "v1/snapshots",
            Self::Health(_) | Self::Admin => "health",
            Self::Debug(_) => "debug",
        }
    }

    fn takes_no_slash(self) -> bool {
        !matches!(self, Self::Index | Self::Compile | Self::Debug(_))
    }

    /// The names of the path below it; `None` where an escape is none.
    fn names(self) -> Option<Vec<String>> {
        let below = match self {
            Self::Data(rest)
            | Self::PlainData(rest)
            | Self::Policies(rest)
            | Self::Query(rest)
            | Self::Batch(rest)
            | Self::Bundles(rest)
            | Self::Snapshots(rest)
            | Self::Health(rest)
            | Self::Debug(rest) => rest,
            Self::Index | Self::Compile | Self::Config | Self::Status | Self::Admin => "",
        };
        let parts = below.split('/').skip(1);
        parts.map(|part| decoded(part, false)).collect()
    }

    fn serve(self, method: &Method, names: Vec<String>) -> Option<Route> {
        let id = || names.join("/");
        match (self, method.as_str(), names.is_empty()) {
            (Self::Index, "GET", _) => Some(Route::Index),
            (Self::Index, "POST", _) => Some(Route::DefaultDecision),
            (Self::Data(_), "GET" | "POST", _) => Some(Route::Data(names)),
            (Self::Data(_), "PUT", _) => Some(Route::PutData(names)),
            (Self::Data(_), "PATCH", _) => Some(Route::PatchData(names)),
            (Self::Data(_), "DELETE", false) => Some(Route::DeleteData(names)),
            (Self::PlainData(_), "POST", _) => Some(Route::PlainData(names)),
            (Self::Policies(_), "GET", true) => Some(Route::Policies),
            (Self::Policies(_), "GET", false) => Some(Route::Policy(id())),
            (Self::Policies(_), "PUT", false) => Some(Route::PutPolicy(id())),
            (Self::Policies(_), "DELETE", false) => Some(Route::DeletePolicy(id())),
            (Self::Query(_), "GET" | "POST", true) => Some(Route::Query),
            (Self::Compile, "POST", _) => Some(Route::Compile),
            (Self::Batch(_), "POST", _) => Some(Route::Batch(names)),
            (Self::Config, "GET", _) => Some(Route::Config),
            (Self::Status, "GET", _) => Some(Route::Status),
            (Self::Bundles(_), "POST", _) => match names.as_slice() {
                [name @ .., poll] if poll == "poll" && !name.is_empty() => {
                    Some(Route::Poll(name.join("/")))
                }
                _ => None,
            },
            (Self::Snapshots(_), "GET", true) => Some(Route::Snapshots),
            (Self::Snapshots(_), "POST", false) => match names.as_slice() {
                [unpin] if unpin == "unpin" => Some(Route::Unpin),
                [named, activate] if activate == "activate" => Some(Route::Pin(named.clone())),
                _ => None,
            },
            (Self::Health(_), "GET", _) => Some(Route::Health(names)),
            (Self::Debug(_), "GET", _) => Some(Route::Debug(id())),
            _ => None,
        }
    }

    fn not_allowed(self) -> Response {
        let allow = match self {
            Self::Index => "GET, HEAD, POST",
            Self::Admin | Self::Config | Self::Status | Self::Health(_) | Self::Debug(_) => {
                "GET, HEAD"
            }
            _ => return bare(StatusCode::METHOD_NOT_ALLOWED),
        };
        let mut response = line(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed\n");
        let allow = HeaderValue::from_static(allow);
        response.headers_mut().insert(header::ALLOW, allow);
        response
    }
}

// === helpers ===

/// The path without empty names, `.` and `..`; a slash at its end stays.
fn clean(path: &str) -> String {
    let mut names: Vec<&str> = Vec::new();
    for name in path.split('/') {
        match name {
            "" | "." => {}
            ".." => drop(names.pop()),
            name => names.push(name),
        }
    }
    let mut cleaned = String::with_capacity(path.len());
    for name in &names {
        cleaned.push('/');
        cleaned.push_str(name);
    }
    if path.ends_with('/') || names.is_empty() {
        cleaned.push('/');
    }
    cleaned
}

/// Sends the client elsewhere; one that follows by itself gets a page too.
fn moved(status: StatusCode, method: &Method, to: &str) -> Response {
    let mut response = bare(status);
    // The path came in a request line, which holds nothing that a header cannot.
    if let Ok(location) = HeaderValue::from_str(to) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    if method == Method::GET || method == Method::HEAD {
        let html = HeaderValue::from_static("text/html; charset=utf-8");
        response.headers_mut().insert(header::CONTENT_TYPE, html);
        let reason = status.canonical_reason().unwrap_or_default();
        let shown = to
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('"', "&#34;");
        *response.body_mut() = Body::from(format!("<a href=\"{shown}\">{reason}</a>.\n\n"));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(method: &Method, path: &str) -> (Option<&'static str>, u16, String) {
        match route(method, &path.parse().expect("a path")) {
            Routed::Serve(route) => panic!("{route:?}"),
            Routed::Answer(label, response) => {
                let location = response.headers().get(header::LOCATION);
                let location = location.map_or("", |it| it.to_str().expect("text"));
                (label, response.status().as_u16(), location.to_owned())
            }
        }
    }

    fn served(method: &Method, path: &str) -> Route {
        match route(method, &path.parse().expect("a path")) {
            Routed::Serve(route) => route,
            Routed::Answer(..) => panic!("{path} is not served"),
        }
    }

    #[test]
    fn names_are_decoded_after_the_path_was_split() {
        let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        let data = served(&Method::GET, "/v1/data/a%2Fb/c+d");
        assert_eq!(data, Route::Data(names(&["a/b", "c+d"])));
        assert_eq!(
            served(&Method::GET, "/v1/policies/a/b%20c"),
            Route::Policy("a/b c".to_owned())
        );
        assert_eq!(
            served(&Method::POST, "/v1/bundles/a/b/poll"),
            Route::Poll("a/b".to_owned())
        );
        assert_eq!(
            served(&Method::GET, "/health/live"),
            Route::Health(names(&["live"]))
        );
        assert_eq!(served(&Method::HEAD, "/health"), Route::Admin);
    }

    #[test]
    fn other_paths_and_methods_are_answered_as_opa_does() {
        for (method, path, label, status, location) in [
            (Method::GET, "/v1/data/", Some("v1/data"), 301, "/v1/data"),
            (
                Method::PUT,
                "/v1/data/a/",
                Some("v1/data"),
                301,
                "/v1/data/a",
            ),
            (Method::GET, "/health/", Some("health"), 301, "/health"),
            (
                Method::GET,
                "/v1//data/../data/a",
                Some("catchall"),
                307,
                "/v1/data/a",
            ),
            (
                Method::GET,
                "/v1//data?pretty",
                Some("catchall"),
                307,
                "/v1/data?pretty",
            ),
            (Method::HEAD, "/v1/data/a", Some("v1/data"), 405, ""),
            (Method::HEAD, "/v1/data/a/", Some("v1/data"), 405, ""),
            (Method::POST, "/health", Some("catchall"), 405, ""),
            (Method::DELETE, "/v1/data", Some("catchall"), 405, ""),
            (Method::PATCH, "/v1/policies/a", Some("catchall"), 405, ""),
            (Method::PUT, "/", Some("catchall"), 405, ""),
            (Method::GET, "/v1/query/x", Some("catchall"), 405, ""),
            (Method::GET, "/v1/data/%ff", Some("v1/data"), 400, ""),
            (Method::GET, "/v1/nothing", None, 404, ""),
            (Method::GET, "/v1/config/", None, 404, ""),
            (Method::GET, "/v1/database", None, 404, ""),
        ] {
            let want = (label, status, location.to_owned());
            assert_eq!(answer(&method, path), want, "{method} {path}");
        }
    }
}
