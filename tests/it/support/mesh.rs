//! A whole mesh in small: client, Envoy, one or more sidecars, an upstream.

use http_body_util::Full;
use hyper::Request;
use hyper::body::Bytes;
use serde_json::{Value, json};

use super::client::{Answer, Client};
use super::envoy::{Api, Body, Endpoint, Envoy, EnvoySpec};
use super::process::{Sidecar, SidecarSpec};
use super::skip;
use super::upstream::Upstream;

/// A running mesh.
pub(crate) struct Mesh {
    pub(crate) envoy: Envoy,
    pub(crate) sidecars: Vec<Sidecar>,
    pub(crate) upstream: Upstream,
    client: Client,
}

/// A mesh that is being described.
pub(crate) struct MeshBuilder {
    sidecar: SidecarSpec,
    sidecars: usize,
    envoy: EnvoySpec,
}

// === impl Mesh ===

impl Mesh {
    /// One sidecar over TCP with console decision logs and no policy yet.
    pub(crate) fn builder() -> MeshBuilder {
        let config =
            json!({"decision_logs": {"console": true}, "plugins": {"envoy_ext_authz_grpc": {}}});
        MeshBuilder {
            sidecar: SidecarSpec {
                policy: String::new(),
                config,
                args: Vec::new(),
            },
            sidecars: 1,
            envoy: EnvoySpec::default(),
        }
    }

    /// The address of a path, as a client asks Envoy for it.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.envoy.port)
    }

    /// A GET with these headers.
    pub(crate) async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        let request = headers
            .iter()
            .fold(Request::get(self.url(path)), |r, (k, v)| r.header(*k, *v));
        self.send(request.body(Full::default()).unwrap()).await
    }

    /// A POST of a JSON body.
    pub(crate) async fn post(&self, path: &str, body: &str) -> Answer {
        let request = Request::post(self.url(path)).header("content-type", "application/json");
        self.send(request.body(Full::from(body.to_owned())).unwrap())
            .await
    }

    async fn send(&self, request: Request<Full<Bytes>>) -> Answer {
        self.client
            .send(request)
            .await
            .expect("Envoy always answers")
    }
}

// === impl MeshBuilder ===

impl MeshBuilder {
    /// The text of the sidecar's policy.
    pub(crate) fn policy(mut self, policy: &str) -> Self {
        policy.clone_into(&mut self.sidecar.policy);
        self
    }

    /// Keys of the plugin's configuration.
    pub(crate) fn plugin(mut self, keys: &Value) -> Self {
        merge(
            &mut self.sidecar.config["plugins"]["envoy_ext_authz_grpc"],
            keys,
        );
        self
    }

    /// Top-level keys of the configuration.
    pub(crate) fn config(mut self, keys: &Value) -> Self {
        merge(&mut self.sidecar.config, keys);
        self
    }

    /// A further argument of the command line.
    pub(crate) fn arg(mut self, arg: &str) -> Self {
        self.sidecar.args.push(arg.to_owned());
        self
    }

    /// How many sidecars stand behind Envoy.
    pub(crate) fn sidecars(mut self, count: usize) -> Self {
        self.sidecars = count;
        self
    }

    /// Envoy sends that much of a body along, as bytes or as text.
    pub(crate) fn body(mut self, max_bytes: u32, as_bytes: bool) -> Self {
        self.envoy.body = Some(Body {
            max_bytes,
            as_bytes,
        });
        self
    }

    /// Changes Envoy's side.
    pub(crate) fn envoy(mut self, change: impl FnOnce(&mut EnvoySpec)) -> Self {
        change(&mut self.envoy);
        self
    }

    /// Starts everything and waits until it is ready; `None`, said aloud, when there is no Envoy.
    pub(crate) async fn start(self) -> Option<Mesh> {
        if Envoy::binary().is_none() {
            skip("there is no Envoy; `make envoy` fetches it");
            return None;
        }
        let mut sidecars = Vec::new();
        for _ in 0..self.sidecars {
            sidecars.push(Sidecar::start(self.sidecar.clone()).await);
        }
        let endpoints: Vec<Endpoint> = sidecars
            .iter()
            .map(|sidecar| self.endpoint(sidecar))
            .collect();
        let upstream = Upstream::start().await;
        let envoy = Envoy::start(&self.envoy, &endpoints, upstream.addr).await;
        Some(Mesh {
            envoy,
            sidecars,
            upstream,
            client: Client::new(),
        })
    }

    fn endpoint(&self, sidecar: &Sidecar) -> Endpoint {
        let addr = self.sidecar.config["plugins"]["envoy_ext_authz_grpc"]["addr"].as_str();
        match addr.and_then(|addr| addr.strip_prefix("unix://")) {
            Some(path) => {
                let folder = sidecar.folder.path().to_string_lossy();
                Endpoint::Unix(path.replace("FOLDER", &folder).into())
            }
            None if self.envoy.api == Api::Http => Endpoint::Tcp(sidecar.http),
            None => Endpoint::Tcp(sidecar.grpc),
        }
    }
}

fn merge(into: &mut Value, keys: &Value) {
    for (key, value) in keys.as_object().expect("keys are an object") {
        into[key] = value.clone();
    }
}
