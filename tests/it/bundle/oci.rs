//! Bundles in registries of container images: a real registry, and a small one that wants tokens and lies.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};

use aws_lc_rs::digest::{SHA256, digest};
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::Method;
use axum::response::Response;
use data_encoding::HEXLOWER;
use http_body_util::Full;
use hyper_util::client::legacy;
use hyper_util::rt::TokioExecutor;

use super::*;
use crate::support::process::{Process, free_address, listens};

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";

fn sha256(bytes: &[u8]) -> String {
    let digest = digest(&SHA256, bytes);
    format!("sha256:{}", HEXLOWER.encode(digest.as_ref()))
}

/// The manifest of an image with one layer.
fn manifest(layer: &[u8]) -> Vec<u8> {
    let (digest, size, config) = (sha256(layer), layer.len(), sha256(b"{}"));
    let manifest = serde_json::json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": config, "size": 2},
        "layers": [{"mediaType": LAYER, "digest": digest, "size": size}],
    });
    manifest.to_string().into_bytes()
}

fn image(service: &ServiceConfig, reference: &str) -> Source {
    let mut service = service.clone();
    service.registry = true;
    let mut source = source(&service);
    source.config.resource = format!("registry.test/{reference}");
    source
}

/// The registry that packages provide.
struct Registry {
    _process: Process,
    url: String,
}

// === impl Registry ===

impl Registry {
    /// None where it is not installed.
    async fn start() -> Option<Self> {
        let told = std::env::var_os("REGATE_REGISTRY").map(PathBuf::from);
        let built = Path::new(env!("CARGO_MANIFEST_DIR")).join(".build/registry-0.22.1/registry");
        let Some(program) = told.into_iter().chain([built]).find(|it| it.is_file()) else {
            crate::support::skip("a registry is not installed; `make registry` builds it");
            return None;
        };
        let address = free_address();
        let mut command = Command::new(program);
        command.args(["-port", &address.port().to_string()]);
        let process = Process::start(command);
        listens(address).await;
        Some(Self {
            _process: process,
            url: format!("http://{address}"),
        })
    }

    /// Puts an image with this one layer in place, and gives its digest.
    async fn push(&self, tag: &str, layer: &[u8]) -> String {
        for blob in [layer, b"{}"] {
            let url = format!("{}/v2/org/repo/blobs/uploads/", self.url);
            let opened = self.send(Method::POST, &url, b"").await;
            let location = opened.headers()["location"].to_str().unwrap();
            let url = format!("{}{location}?digest={}", self.url, sha256(blob));
            assert_eq!(self.send(Method::PUT, &url, blob).await.status(), 201);
        }
        let manifest = manifest(layer);
        let url = format!("{}/v2/org/repo/manifests/{tag}", self.url);
        assert_eq!(self.send(Method::PUT, &url, &manifest).await.status(), 201);
        sha256(&manifest)
    }

    async fn send(&self, method: Method, url: &str, body: &[u8]) -> http::Response<()> {
        let client = legacy::Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
        let request = http::Request::builder()
            .method(method)
            .uri(url)
            .header("content-type", MANIFEST)
            .body(Full::new(Bytes::copy_from_slice(body)))
            .unwrap();
        client.request(request).await.unwrap().map(|_| ())
    }
}

#[tokio::test]
async fn images_of_a_registry_are_bundles() {
    let Some(registry) = Registry::start().await else {
        return;
    };
    let service = service(&registry.url);
    let first = registry.push("latest", &revision("1")).await;
    let folder = tempfile::tempdir().unwrap();
    let mut source = image(&service, "org/repo:latest");
    source.store = Some(Store::new(folder.path(), "authz").unwrap());
    let mut latest = Fetcher::start(source);
    let bundle = latest.ready(Ok(())).await;
    let digest = sha256(&revision("1"));
    assert_eq!(bundle.revision, "1");
    assert_eq!(bundle.etag.as_deref(), digest.strip_prefix("sha256:"));
    latest.poll.now();
    latest.unchanged().await;

    registry.push("latest", &revision("2")).await;
    latest.poll.now();
    assert_eq!(latest.ready(Ok(())).await.revision, "2");
    latest.poll.now();
    latest.unchanged().await;
    // By then it is on the disk.
    let kept = Store::new(folder.path(), "authz").unwrap().read(1 << 20);
    assert_eq!(kept.unwrap(), Some(revision("2")));

    let mut pinned = Fetcher::start(image(&service, &format!("org/repo@{first}")));
    assert_eq!(pinned.ready(Ok(())).await.revision, "1");
    let mut missing = Fetcher::start(image(&service, "org/repo:nowhere"));
    let (message, status) = missing.failed().await;
    assert!(message.contains("`resource`"), "{message}");
    assert_eq!(status, Some(404));
}

#[tokio::test]
async fn what_regate_takes_from_a_registry_opa_takes_too() {
    let (Some(registry), Some(opa)) = (Registry::start().await, regate_oracle::peer::find()) else {
        crate::support::skip("opa or a registry is missing; `make opa registry` builds them");
        return;
    };
    registry.push("latest", &revision("1")).await;
    let folder = tempfile::tempdir().unwrap();
    let config = serde_json::json!({
        "services": {"s": {"url": registry.url, "type": "oci"}},
        "bundles": {"authz": {"service": "s", "resource": "registry.test/org/repo:latest"}},
    });
    std::fs::write(folder.path().join("c.json"), config.to_string()).unwrap();
    let mut command = Command::new(opa);
    command
        .current_dir(folder.path())
        .args(["run", "--server", "--addr=127.0.0.1:0", "-c=c.json"]);
    let opa = Process::start(command);
    let digest = sha256(&revision("1"));
    let etag = digest.strip_prefix("sha256:").unwrap();
    let activated = |line: &str| (line.contains("activated") && line.contains(etag)).then_some(());
    opa.output()
        .find("the bundle's activation", activated)
        .await;
}

/// A registry that wants a token, or gives something else than it announces.
struct Small {
    url: String,
    state: Arc<Mutex<Image>>,
}

#[derive(Clone)]
struct Image {
    manifest: Vec<u8>,
    layer: Vec<u8>,
    /// The Authorization header without which nothing is given.
    wanted: Option<String>,
    /// Each request: its line, and its Authorization header.
    asked: Vec<(String, String)>,
}

// === impl Small ===

impl Small {
    async fn start(layer: &[u8], wanted: Option<&str>) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(Image {
            manifest: manifest(layer),
            layer: layer.to_vec(),
            wanted: wanted.map(str::to_owned),
            asked: Vec::new(),
        }));
        let shared = (url.clone(), state.clone());
        let router = axum::Router::new().fallback(answer).with_state(shared);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, state }
    }

    /// What was asked since the last time.
    fn asked(&self) -> Vec<(String, String)> {
        std::mem::take(&mut self.state.lock().unwrap().asked)
    }
}

async fn answer(
    State((url, state)): State<(String, Arc<Mutex<Image>>)>,
    request: Request,
) -> Response {
    let path = request.uri().path_and_query().unwrap().to_string();
    let header = request.headers().get("authorization");
    let header = header.map_or("", |it| it.to_str().unwrap()).to_owned();
    let mut image = state.lock().unwrap();
    let line = format!("{} {path}", request.method());
    image.asked.push((line, header.clone()));
    let refused = image
        .wanted
        .as_ref()
        .is_some_and(|wanted| *wanted != header);
    let response = Response::builder();
    if path.starts_with("/token") {
        return response
            .body(Body::from(r#"{"token": "T", "expires_in": 300}"#))
            .unwrap();
    }
    if refused {
        let challenge =
            format!(r#"Bearer realm="{url}/token",service="s t",scope="repository:org/repo:pull""#);
        return response
            .status(401)
            .header("www-authenticate", challenge)
            .body(Body::empty())
            .unwrap();
    }
    let body = if path.contains("/blobs/") {
        image.layer.clone()
    } else {
        image.manifest.clone()
    };
    let head = response.header("docker-content-digest", sha256(&image.manifest));
    head.body(Body::from(body)).unwrap()
}

#[tokio::test]
async fn a_registry_may_send_for_a_token() {
    let token = "/token?scope=repository%3Aorg%2Frepo%3Apull&service=s%20t";
    let blob = format!("GET /v2/org/repo/blobs/{}", sha256(&revision("1")));
    let line = |line: &str, header: &str| (line.to_owned(), header.to_owned());
    for (bearer, basic) in [
        (None, ""),
        (Some(("user:word", "Basic")), "Basic dXNlcjp3b3Jk"),
    ] {
        let registry = Small::start(&revision("1"), Some("Bearer T")).await;
        let mut service = service(&registry.url);
        if let Some((token, scheme)) = bearer {
            service.credentials = Credentials::Bearer(bearer::Config {
                token: TokenSource::Text(token.to_owned()),
                scheme: scheme.to_owned(),
                encode: None,
            });
        }
        let mut fetcher = Fetcher::start(image(&service, "org/repo:v1"));
        assert_eq!(fetcher.ready(Ok(())).await.revision, "1");
        let expected = [
            line("GET /v2/org/repo/manifests/v1", basic),
            line(&format!("GET {token}"), basic),
            line("GET /v2/org/repo/manifests/v1", "Bearer T"),
            line(&blob, "Bearer T"),
        ];
        assert_eq!(registry.asked(), expected);
        fetcher.poll.now();
        fetcher.unchanged().await;
        let expected = [line("HEAD /v2/org/repo/manifests/v1", "Bearer T")];
        assert_eq!(registry.asked(), expected, "nothing is read that is known");
    }
}

#[tokio::test]
async fn a_token_of_the_configuration_is_written_in_base64() {
    let registry = Small::start(&revision("1"), Some("Bearer UEFU")).await;
    let mut service = service(&registry.url);
    service.credentials = Credentials::Bearer(bearer::Config {
        token: TokenSource::Text("PAT".to_owned()),
        scheme: "Bearer".to_owned(),
        encode: None,
    });
    let mut fetcher = Fetcher::start(image(&service, "org/repo:v1"));
    assert_eq!(fetcher.ready(Ok(())).await.revision, "1");
}

#[tokio::test]
async fn what_has_another_digest_is_not_believed() {
    let pin = sha256(b"another");
    for (layer, reference, limit, said) in [
        (revision("2"), "org/repo:v1", 1 << 20, "layer"),
        (revision("1"), "org/repo@PIN", 1 << 20, "manifest"),
        (revision("1"), "org/repo:v1", 20, "`size_limit_bytes`"),
    ] {
        let registry = Small::start(&revision("1"), None).await;
        registry.state.lock().unwrap().layer = layer;
        let reference = reference.replace("PIN", &pin);
        let mut source = image(&service(&registry.url), &reference);
        source.config.size_limit = limit;
        let mut fetcher = Fetcher::start(source);
        let (message, _) = fetcher.failed().await;
        assert!(message.contains(said), "{message}");
    }
}
