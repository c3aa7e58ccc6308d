//! A recorded case served by this process: its files, flags and configuration, and a client.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use data_encoding::BASE64;
use regate::app::{self, Running, Sinks};
use regate::config::{Config, Flags, Loaded};
use regate::engine::RegoVersion;
use regate::telemetry::logs::{Guard, Logs};
use serde_json::{Value, json};

use super::call::Client;
use super::client;
use super::process::{Output, in_time};
use super::recorded;
use super::upstream::{Seen, Upstream};

/// A case that is served.
pub(crate) struct Served {
    /// The client's connection.
    pub(crate) client: Client,
    running: Running,
    decisions: Output,
    /// Where events are uploaded to, if they are.
    collector: Option<Upstream>,
    folder: tempfile::TempDir,
}

// === impl Served ===

impl Served {
    /// Writes a case's files and serves its policy, as the binary would with its arguments.
    pub(crate) async fn start(case: &Value) -> Result<Self, String> {
        own_log();
        let folder = tempfile::tempdir().unwrap();
        write_files(case, folder.path());
        let collector = if case["events"] == "upload" {
            Some(Upstream::start().await)
        } else {
            None
        };
        let config = folder.path().join("config.yaml");
        let text = configuration(case, folder.path(), collector.as_ref());
        std::fs::write(&config, text.to_string()).unwrap();
        let loaded = load(&flags(case, folder.path())).map_err(|error| error.to_string())?;
        let decisions = Output::new();
        let sinks = Sinks {
            decisions: Box::new(decisions.sink()),
            status: Box::new(std::io::sink()),
            logs: None,
        };
        let running = Box::pin(app::start(loaded, sinks))
            .await
            .map_err(|error| error.to_string())?;
        Ok(Self {
            client: Client::connect(&running.addresses().grpc[0]).await,
            running,
            decisions,
            collector,
            folder,
        })
    }

    /// What stands before the names of files; the recorded program ran in their folder.
    pub(crate) fn prefix(&self) -> String {
        format!("{}/", self.folder.path().display())
    }

    /// Where its events are uploaded to.
    pub(crate) fn collector(&self) -> &Upstream {
        self.collector.as_ref().expect("a case with uploads")
    }

    /// The value of a metric, or 0 where there is none.
    pub(crate) async fn metric(&self, name: &str) -> u64 {
        let url = format!("http://{}/metrics", self.running.addresses().api[0]);
        let metrics = client::get(&url).await.expect("metrics").body;
        let value = |line: &str| line.strip_prefix(name)?.trim().parse().ok();
        metrics.lines().find_map(value).unwrap_or(0)
    }

    /// Ends, and gives the decision log's events.
    pub(crate) async fn stop(self) -> Vec<Value> {
        let prefix = self.prefix();
        drop(self.client);
        in_time("the end", Box::pin(self.running.stop())).await;
        if let Some(collector) = &self.collector {
            return collected(&collector.take());
        }
        self.decisions
            .pick(|line| Some(recorded::parse(&line.replace(&prefix, ""))))
    }
}

/// The events of the uploads that were taken.
pub(crate) fn collected(uploads: &[Seen]) -> Vec<Value> {
    let events = |upload: &Seen| match recorded::parse(&upload.unzipped()) {
        Value::Array(events) => events,
        other => panic!("not an array: {other}"),
    };
    let taken = uploads.iter().filter(|upload| upload.status == 200);
    taken.flat_map(events).collect()
}

/// What this process logs of itself, from the first call on.
pub(crate) fn own_log() -> &'static Output {
    static LOG: OnceLock<(Output, Arc<Guard>)> = OnceLock::new();
    let (output, _) = LOG.get_or_init(|| {
        let output = Output::new();
        let logs = Logs::to_writer(&Flags::default().log, output.sink()).expect("a log");
        let guard = logs.install().expect("the first log");
        (output, Arc::new(guard))
    });
    output
}

/// Reads a configuration as the command line does, in an empty environment.
pub(crate) fn load(flags: &Flags) -> Result<Loaded, regate::config::ConfigError> {
    Config::load(flags, &HashMap::<String, String>::new())
}

fn write_files(case: &Value, folder: &Path) {
    for (name, content) in case["files"].as_object().expect("files") {
        let bytes = match (content, content["base64"].as_str()) {
            (_, Some(text)) => BASE64.decode(text.as_bytes()).expect("base64"),
            (Value::String(text), _) => text.clone().into_bytes(),
            _ => content.to_string().into_bytes(),
        };
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
}

/// The case's configuration, with an address, console logs and paths into the folder.
fn configuration(case: &Value, folder: &Path, collector: Option<&Upstream>) -> Value {
    const PLUGINS: [&str; 2] = ["envoy_ext_authz_grpc", "envoy.ext_authz.grpc"];
    let mut config = case.get("config").cloned().unwrap_or_else(|| json!({}));
    let address = match case["listen"].as_str() {
        Some("unix") => format!("unix://{}/s.sock", folder.display()),
        Some("grpc") => "grpc://127.0.0.1:0".to_owned(),
        _ => "127.0.0.1:0".to_owned(),
    };
    let name = PLUGINS
        .into_iter()
        .find(|name| config["plugins"].get(name).is_some())
        .unwrap_or(PLUGINS[0]);
    let plugin = &mut config["plugins"][name];
    plugin["addr"] = json!(address);
    if let Some(path) = plugin.get_mut("proto-descriptor") {
        *path = json!(folder.join(path.as_str().expect("a path")));
    }
    let log = &mut config["decision_logs"];
    if let Some(collector) = collector {
        config["services"] = json!({"sink": {"url": format!("http://{}", collector.addr)}});
        config["decision_logs"]["service"] = json!("sink");
    } else if log.get("console").is_none() {
        log["console"] = json!(true);
    }
    config
}

fn flags(case: &Value, folder: &Path) -> Flags {
    let mut flags = Flags {
        config_file: Some(folder.join("config.yaml")),
        addrs: vec!["127.0.0.1:0".to_owned()],
        paths: loaded_files(case),
        ..Flags::default()
    };
    let mut args = case["args"].as_array().into_iter().flatten();
    while let Some(arg) = args.next() {
        match arg.as_str().unwrap() {
            "--v0-compatible" => flags.rego_version = RegoVersion::V0,
            "--set" => flags.set.extend(args.next().and_then(text)),
            "-b" => {
                flags.bundle = true;
                flags.paths.extend(args.next().and_then(text));
            }
            other => panic!("`{other}` is not known to this test"),
        }
    }
    for path in &mut flags.paths {
        let whole: PathBuf = folder.join(&*path);
        *path = whole.display().to_string();
    }
    flags
}

fn loaded_files(case: &Value) -> Vec<String> {
    if let Some(load) = case["load"].as_array() {
        return load.iter().filter_map(text).collect();
    }
    let files = case["files"].as_object().expect("files").keys();
    let loads = |name: &&String| {
        let name = Path::new(name);
        name.extension()
            .is_some_and(|extension| extension == "rego")
            || name == Path::new("data.json")
            || name == Path::new("data.yaml")
    };
    files.filter(loads).cloned().collect()
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}
