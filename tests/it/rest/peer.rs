//! A server with a suite's files, be it this program or `opa`, and a client of its socket.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::{HeaderMap, Request};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::UnixStream;

use crate::support::process::{Process, binary, in_time, until};

/// A running server.
pub(crate) struct Server {
    socket: PathBuf,
    /// Ends with the server.
    pub(crate) process: Process,
    _folder: tempfile::TempDir,
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// This program.
pub(crate) fn program() -> PathBuf {
    binary()
}

// === impl Server ===

impl Server {
    /// Writes a suite's files and serves them.
    pub(crate) async fn start(program: &Path, suite: &Value) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let socket = folder.path().join("api.sock");
        let mut command = Command::new(program);
        command.current_dir(folder.path()).args(["run", "--server"]);
        command.arg(format!("--addr=unix://{}", socket.display()));
        let mut config = suite.get("config").cloned().unwrap_or_else(|| json!({}));
        if program == binary() {
            let check = format!("unix://{}/check.sock", folder.path().display());
            config["plugins"]["envoy_ext_authz_grpc"]["addr"] = json!(check);
        }
        std::fs::write(folder.path().join("config.yaml"), config.to_string()).expect("written");
        command.arg("--config-file=config.yaml");
        for (name, text) in suite["files"].as_object().into_iter().flatten() {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            let text = text
                .as_str()
                .map_or_else(|| text.to_string(), str::to_owned);
            std::fs::write(path, text).expect("written");
        }
        let args = suite["args"].as_array().into_iter().flatten();
        command.args(args.filter_map(Value::as_str));
        let mut process = Process::start(command);
        until("the socket is served", async || {
            if let Some(status) = process.ended() {
                panic!("ended with {status}: {}", process.output().all());
            }
            UnixStream::connect(&socket).await.ok()
        })
        .await;
        Self {
            socket,
            process,
            _folder: folder,
        }
    }

    /// Asks what a request of a suite says.
    pub(crate) async fn ask(&self, request: &Value) -> Answer {
        let asked = request["ask"].as_str().expect("what is asked");
        let (method, path) = asked.split_once(' ').expect("a method and a path");
        let mut built = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "x");
        for (name, value) in request["headers"].as_object().into_iter().flatten() {
            built = built.header(name, value.as_str().expect("text"));
        }
        let mut body = match &request["body"] {
            Value::Null => Vec::new(),
            Value::String(text) => text.clone().into_bytes(),
            other => other.to_string().into_bytes(),
        };
        if request["gzip"] == true {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
            encoder.write_all(&body).expect("packed");
            body = encoder.finish().expect("packed");
            built = built.header("content-encoding", "gzip");
        }
        let request = built.body(Full::new(Bytes::from(body))).expect("a request");
        in_time("an answer", self.exchange(request)).await
    }

    async fn exchange(&self, request: Request<Full<Bytes>>) -> Answer {
        let stream = UnixStream::connect(&self.socket)
            .await
            .expect("a connection");
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.expect("HTTP");
        let connection = tokio::spawn(connection);
        let answer = sender.send_request(request).await.expect("an answer");
        let (head, body) = answer.into_parts();
        let mut body = body.collect().await.expect("a body").to_bytes().to_vec();
        drop(sender);
        connection.abort();
        if head.headers.get("content-encoding").is_some() {
            let packed = std::mem::take(&mut body);
            GzDecoder::new(&*packed)
                .read_to_end(&mut body)
                .expect("gzip");
        }
        Answer {
            status: head.status.as_u16(),
            headers: head.headers,
            body,
        }
    }
}
