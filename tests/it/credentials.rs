//! How the client of services shows who it is: what it asks for, and what the service sees. The same configurations
//! are given to OPA, which must ask for the same.

use std::collections::HashMap;
use std::process::Command;

use regate::config::{Config, Flags};
use regate::http::ServiceConfig;
use regate::http::client::Client;
use serde_json::{Value, json};

use crate::support::process::{PATIENCE, Process, in_time};

mod aws;
mod oauth2;
mod s3;
mod world;

use world::{Asked, World, fields};

/// What is configured, and what the environment says.
struct Setup {
    url: String,
    /// Whether the service is a registry.
    registry: bool,
    /// What regate asks the service for.
    resource: &'static str,
    /// The section `credentials`, as JSON.
    credentials: Value,
    /// The section `keys`.
    keys: Value,
    env: Vec<(&'static str, String)>,
}

// === impl Setup ===

impl Setup {
    fn new(credentials: Value) -> Self {
        Self {
            url: "PLAIN/service".to_owned(),
            registry: false,
            resource: "x",
            credentials,
            keys: json!({}),
            env: Vec::new(),
        }
    }

    fn env(mut self, variables: &[(&'static str, &str)]) -> Self {
        let variables = variables.iter();
        self.env
            .extend(variables.map(|(name, value)| (*name, (*value).to_owned())));
        self
    }

    fn config(&self, world: &World) -> String {
        let mut config = json!({
            "services": {"s": {
                "url": self.url,
                "tls": {"ca_cert": "CA_FILE"},
                "credentials": self.credentials,
            }},
            "bundles": {"b": {"service": "s", "resource": "x"}},
        });
        if self.registry {
            config["services"]["s"]["type"] = json!("oci");
            config["bundles"]["b"]["resource"] = json!("registry.test/service/a:b");
        }
        if self.keys != json!({}) {
            config["keys"] = self.keys.clone();
        }
        world.place(&config.to_string())
    }

    /// The service as regate reads it, or what it says is wrong.
    fn service(&self, world: &World) -> Result<ServiceConfig, String> {
        let variables = self.env.iter();
        let env: HashMap<String, String> = variables
            .map(|(name, value)| ((*name).to_owned(), world.place(value)))
            .collect();
        let loaded = Config::from_text(&self.config(world), &Flags::default(), &env);
        let loaded = loaded.map_err(|error| error.to_string())?;
        Ok(loaded.config.instance.services[0].clone())
    }

    fn client(&self, world: &World) -> Client {
        Client::new(&self.service(world).expect("a good configuration")).expect("a client")
    }

    /// What regate asks until it asks the service.
    async fn ours(&self, world: &World) -> Vec<Asked> {
        world.forget();
        let client = self.client(world);
        let answer = in_time("an answer", client.get(self.resource, &[])).await;
        assert!(answer.is_ok(), "{answer:?}");
        in_time("the service is asked", world.asked_until_service()).await
    }

    /// What OPA asks until it asks the service; none where OPA is not installed.
    async fn theirs(&self, world: &World) -> Option<Vec<Asked>> {
        let Some(opa) = regate_oracle::peer::find() else {
            crate::support::skip("opa is not installed; `make opa` builds it");
            return None;
        };
        // What a process that was ended has sent before may still come.
        let world = &world.again().await;
        let file = world.authority.file("opa.json");
        std::fs::write(&file, self.config(world)).unwrap();
        let mut command = Command::new(opa);
        command
            .args([
                "run",
                "--server",
                "--addr=127.0.0.1:0",
                "--disable-telemetry",
                "-c",
            ])
            .arg(file)
            .env("SSL_CERT_FILE", world.authority.file("ca.pem"))
            .envs(["HTTPS_PROXY", "HTTP_PROXY"].map(|name| (name, world.place("PROXY"))))
            .envs(
                self.env
                    .iter()
                    .map(|(name, value)| (name, world.place(value))),
            );
        let opa = Process::start(command);
        let asked = tokio::time::timeout(PATIENCE, world.asked_until_service()).await;
        let said = || panic!("opa did not ask the service:\n{}", opa.output().all());
        Some(asked.unwrap_or_else(|_| said()))
    }

    /// What regate asks, which must be what OPA asks as well, in `what` is compared.
    async fn both<T: PartialEq + std::fmt::Debug>(
        &self,
        world: &World,
        compared: impl Fn(&[Asked]) -> T,
    ) -> T {
        let ours = compared(&self.ours(world).await);
        if let Some(theirs) = self.theirs(world).await {
            assert_eq!(ours, compared(&theirs), "ours and OPA's");
        }
        ours
    }
}

/// A request without what differs from one to the next: method, path with its fields, and these headers.
fn shape(asked: &Asked, headers: &[&str]) -> Value {
    let (path, query) = asked.path.split_once('?').unwrap_or((&asked.path, ""));
    let headers = headers
        .iter()
        .map(|name| ((*name).to_owned(), json!(asked.header(name))));
    json!({
        "asked": format!("{} {path}", asked.method),
        "query": fields(query),
        "headers": Value::Object(headers.collect()),
    })
}

#[tokio::test]
async fn files_of_tokens_and_schemes_are_as_opas() {
    let world = World::start().await;
    std::fs::write(world.authority.file("token"), " from-file\n").unwrap();
    for (credentials, expected) in [
        (json!({"bearer": {"token": "t"}}), "Bearer t"),
        (
            json!({"bearer": {"token": "t", "scheme": "Token"}}),
            "Token t",
        ),
        (
            json!({"bearer": {"token_path": "FOLDER/token"}}),
            "Bearer from-file",
        ),
    ] {
        let seen = Setup::new(credentials)
            .both(&world, |asked| asked[0].header("authorization").to_owned())
            .await;
        assert_eq!(seen, expected);
    }
}

#[tokio::test]
async fn tokens_of_metadata_services_are_asked_for_as_opa_does() {
    let world = World::start().await;
    world.answer("token", 200, r#"{"access_token": "T", "expires_in": 3600}"#);
    world.answer(
        "/msi",
        200,
        r#"{"access_token": "T", "expires_in": "3600"}"#,
    );
    world.answer("identity?", 200, "opaque");
    let gcp = "/computeMetadata/v1/instance/service-accounts/default";
    for (setup, expected, authorization) in [
        (
            Setup::new(
                json!({"gcp_metadata": {"endpoint": "PLAIN", "scopes": ["https://x/y", "b"]}}),
            ),
            json!({"asked": format!("GET {gcp}/token"), "query": [["scopes", "https://x/y,b"]],
                "headers": {"metadata-flavor": "Google", "metadata": "", "x-identity-header": ""}}),
            "Bearer T",
        ),
        (
            Setup::new(json!({"gcp_metadata": {"endpoint": "PLAIN", "audience": "https://x"}})),
            json!({"asked": format!("GET {gcp}/identity"), "query": [["audience", "https://x"]],
                "headers": {"metadata-flavor": "Google", "metadata": "", "x-identity-header": ""}}),
            "Bearer opaque",
        ),
        (
            Setup::new(
                json!({"azure_managed_identity": {"endpoint": "PLAIN/msi", "client_id": "c",
                "object_id": "o", "mi_res_id": "m"}}),
            ),
            json!({"asked": "GET /msi", "query": [["api-version", "2018-02-01"], ["client_id", "c"],
                ["mi_res_id", "m"], ["object_id", "o"], ["resource", "https://storage.azure.com/"]],
                "headers": {"metadata-flavor": "", "metadata": "true", "x-identity-header": ""}}),
            "Bearer T",
        ),
        (
            Setup::new(json!({"azure_managed_identity": {}}))
                .env(&[("IDENTITY_ENDPOINT", "PLAIN/msi"), ("IDENTITY_HEADER", "h")]),
            json!({"asked": "GET /msi", "query": [["api-version", "2019-08-01"],
                ["resource", "https://storage.azure.com/"]],
                "headers": {"metadata-flavor": "", "metadata": "", "x-identity-header": "h"}}),
            "Bearer T",
        ),
    ] {
        let names = ["metadata-flavor", "metadata", "x-identity-header"];
        let seen = setup.both(&world, |asked| {
            let service = asked.last().unwrap().header("authorization").to_owned();
            (shape(&asked[0], &names), service)
        });
        let (shape, service) = seen.await;
        assert_eq!((shape, service.as_str()), (expected, authorization));
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_configuration_names_the_key_and_no_secret() {
    let world = World::start().await;
    let env = [("AWS_REGION", "r"), ("AWS_SECRET_ACCESS_KEY", "hush")];
    for (credentials, key, said) in [
        (
            json!({"oauth2": {"token_url": "http://h/t", "client_id": "c", "client_secret": "hush"}}),
            "oauth2.token_url",
            "https://",
        ),
        (
            json!({"oauth2": {"token_url": "TLS", "client_id": "c"}}),
            "oauth2",
            "client_secret",
        ),
        (
            json!({"oauth2": {"token_url": "TLS", "client_secret": "hush", "client_assertion": "hush"}}),
            "oauth2",
            "expected one of",
        ),
        (
            json!({"oauth2": {"token_url": "TLS", "client_secret": "hush"}}),
            "oauth2",
            "`client_id`",
        ),
        (
            json!({"oauth2": {"token_url": "TLS", "signing_key": "nope"}}),
            "oauth2.signing_key",
            "keys.nope",
        ),
        (
            json!({"oauth2": {"token_url": "TLS", "signing_key": "bad"}}),
            "oauth2.signing_key",
            "PEM",
        ),
        (
            json!({"oauth2": {"token_url": "TLS", "grant_type": "jwt_bearer", "client_id": "c", "client_secret": "hush"}}),
            "oauth2",
            "jwt_bearer",
        ),
        (
            json!({"oauth2": {"token_url": "TLS", "aws_kms": {"name": "k", "algorithm": "ECDSA_SHA_256"}}}),
            "aws_signing",
            "environment_credentials",
        ),
        (
            json!({"s3_signing": {}}),
            "s3_signing",
            "environment_credentials",
        ),
        (
            json!({"s3_signing": {"environment_credentials": {}}}),
            "environment_credentials",
            "AWS_ACCESS_KEY_ID",
        ),
        (
            json!({"s3_signing": {"metadata_credentials": {}}}),
            "metadata_credentials",
            "`iam_role`",
        ),
        (
            json!({"s3_signing": {"web_identity_credentials": {}}}),
            "web_identity_credentials",
            "AWS_ROLE_ARN",
        ),
        (
            json!({"gcp_metadata": {"audience": "a", "scopes": ["b"]}}),
            "gcp_metadata",
            "`scopes`",
        ),
        (
            json!({"azure_managed_identity": {"endpoint": "nowhere"}}),
            "azure_managed_identity.endpoint",
            "URL",
        ),
        (
            json!({"bearer": {"token": "hush"}, "gcp_metadata": {"audience": "a"}}),
            "credentials",
            "at most one",
        ),
    ] {
        let mut setup = Setup::new(credentials.clone()).env(&env);
        setup.keys = json!({"bad": {"private_key": "hush"}});
        let error = setup.service(&world).expect_err(&credentials.to_string());
        assert!(
            error.contains(key) && error.contains(said),
            "{credentials}: {error}"
        );
        assert!(!error.contains("hush"), "{error}");
    }
}
