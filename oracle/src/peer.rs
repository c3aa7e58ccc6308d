//! Asks OPA: its server runs as a child process on a port of its own.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use regate_rego::Value;
use regate_rego::syntax::ast::RegoVersion;
use regate_rego::value::{Object, json};

use crate::answer::{Answer, Outcome};
use crate::command;
use crate::http::Client;
use crate::program::{self, Text, Way, json_text};

/// A running server for one version of the language.
#[derive(Debug)]
pub struct Peer {
    opa: PathBuf,
    child: Child,
    client: Client,
    /// How many modules it has.
    modules: usize,
}

/// The `opa` that is at hand: `REGATE_OPA`, what `make oracle` has fetched, or the one on the `PATH`.
#[must_use]
pub fn find() -> Option<PathBuf> {
    let told = std::env::var_os("REGATE_OPA").map(PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut found = std::env::split_paths(&path).map(|folder| folder.join("opa"));
    let fetched = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.build/opa-1.22.0/opa");
    let there = |path: &PathBuf| path.is_file();
    told.filter(there)
        .or_else(|| Some(fetched).filter(there))
        .or_else(|| found.find(there))
}

// === impl Peer ===

impl Peer {
    /// Starts a server and waits until it answers.
    pub fn start(opa: &Path, version: RegoVersion) -> io::Result<Self> {
        // The port is free now; should another take it in between, the start fails and says so.
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        let compatible = match version {
            RegoVersion::V1 => "--v1-compatible",
            RegoVersion::V0 => "--v0-compatible",
        };
        let child = Command::new(opa)
            .args([
                "run",
                "--server",
                "--log-level",
                "error",
                "--disable-telemetry",
            ])
            .args(["--max-errors", "0", compatible, "--addr"])
            .arg(address.to_string())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let mut peer = Self {
            opa: opa.to_owned(),
            child,
            client: Client::new(address),
            modules: 0,
        };
        peer.wait(address)?;
        Ok(peer)
    }

    fn wait(&mut self, address: SocketAddr) -> io::Result<()> {
        for _ in 0..500 {
            if let Ok((200, _)) = self.client.send("GET", "/health", "") {
                return Ok(());
            }
            sleep(Duration::from_millis(20));
        }
        Err(io::Error::other(format!(
            "opa does not answer at {address}"
        )))
    }

    /// What a program gives. An error is one of the connection.
    pub fn outcome(&mut self, text: &Text) -> io::Result<Outcome> {
        // The server knows no strict queries.
        if text.way == (Way::Query { strict: true }) {
            return command::outcome(&self.opa, text);
        }
        if let Some(refused) = self.load(text)? {
            // What a module needs may stand in a later one.
            return match text.way {
                Way::InTurn => Ok(refused),
                Way::Together | Way::Query { .. } => command::outcome(&self.opa, text),
            };
        }
        let asked = text.queries.iter();
        let answers = asked.map(|query| {
            if let Way::Query { .. } = text.way {
                let unasked = Answer::Failed("not asked".to_owned());
                return Ok([self.rows(text, query)?, unasked]);
            }
            let lenient = self.answer(text, query, false)?;
            Ok([lenient, self.answer(text, query, true)?])
        });
        Ok(Outcome::Answers(answers.collect::<io::Result<_>>()?))
    }

    /// Puts data and modules in place of those before; gives the outcome if that is all there is to it.
    fn load(&mut self, text: &Text) -> io::Result<Option<Outcome>> {
        for module in (0..self.modules).rev() {
            self.client
                .send("DELETE", &format!("/v1/policies/m{module}"), "")?;
        }
        self.modules = 0;
        let (status, body) = self
            .client
            .send("PUT", "/v1/data", &json_text(&text.data()))?;
        if status >= 300 {
            let why = String::from_utf8_lossy(&body).into_owned();
            return Ok(Some(Outcome::Failed(why)));
        }
        for (at, module) in text.modules.iter().enumerate() {
            let path = format!("/v1/policies/m{at}");
            let (status, body) = self.client.send("PUT", &path, module)?;
            if status >= 300 {
                return Ok(Some(Outcome::refused(at + 1, errors(&body))));
            }
            self.modules = at + 1;
        }
        Ok(None)
    }

    /// All rows of a query in Rego.
    fn rows(&mut self, text: &Text, query: &str) -> io::Result<Answer> {
        let mut request = vec![("query".into(), query.into())];
        request.extend(text.input.clone().map(|input| ("input".into(), input)));
        let request: Object = request.into_iter().collect();
        let request = json_text(&request.into());
        let (status, body) = self.client.send("POST", "/v1/query", &request)?;
        Ok(result(status, &body, |rows| match rows {
            Value::Array(rows) => program::rows(rows.iter().cloned().collect()),
            _ => None,
        }))
    }

    fn answer(&mut self, text: &Text, query: &str, strict: bool) -> io::Result<Answer> {
        let input = text.input.as_ref();
        let input = input.map_or("{}".to_owned(), |input| {
            format!("{{\"input\":{}}}", json_text(input))
        });
        let strict = if strict {
            "?strict-builtin-errors=true"
        } else {
            ""
        };
        let path = format!("/v1/data/{query}{strict}");
        let (status, body) = self.client.send("POST", &path, &input)?;
        Ok(result(status, &body, |value| Some(value.clone())))
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The answer that a response holds, of whose result `read` makes a value.
fn result(status: u16, body: &[u8], read: impl FnOnce(&Value) -> Option<Value>) -> Answer {
    if status >= 300 {
        let first = errors(body).into_iter().next();
        return first.map_or_else(
            || Answer::Failed(String::from_utf8_lossy(body).into_owned()),
            |(code, _)| Answer::Error(code),
        );
    }
    match json::parse(body) {
        Err(error) => Answer::Failed(error.to_string()),
        Ok(response) => response
            .get_str("result")
            .and_then(read)
            .map_or(Answer::Undefined, Answer::Value),
    }
}

/// The codes and messages of a response.
fn errors(body: &[u8]) -> Vec<(String, String)> {
    let Ok(response) = json::parse(body) else {
        return Vec::new();
    };
    let text = |value: &Value, key: &str| {
        let text = value.get_str(key).and_then(Value::as_str);
        text.unwrap_or_default().to_owned()
    };
    match response.get_str("errors") {
        Some(Value::Array(errors)) => {
            let errors = errors.iter();
            errors
                .map(|e| (text(e, "code"), text(e, "message")))
                .collect()
        }
        _ => vec![(text(&response, "code"), text(&response, "message"))],
    }
}
