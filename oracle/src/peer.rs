//! Asks OPA: its server runs as a child process on a port of its own.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::sleep;
use std::time::Duration;
use std::{fs, io};

use regate_rego::Value;
use regate_rego::syntax::ast::RegoVersion;
use regate_rego::value::json;

use crate::answer::{Answer, Outcome};
use crate::http::Client;
use crate::program::{Text, json_text};

/// A running server for one version of the language.
#[derive(Debug)]
pub struct Peer {
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
        for module in (0..self.modules).rev() {
            self.client
                .send("DELETE", &format!("/v1/policies/m{module}"), "")?;
        }
        self.modules = 0;
        let (status, body) = self
            .client
            .send("PUT", "/v1/data", &json_text(&text.data()))?;
        if status >= 300 {
            return Ok(Outcome::Failed(String::from_utf8_lossy(&body).into_owned()));
        }
        for (at, module) in text.modules.iter().enumerate() {
            let path = format!("/v1/policies/m{at}");
            let (status, body) = self.client.send("PUT", &path, module)?;
            if status >= 300 {
                return Ok(Outcome::refused(at + 1, errors(&body)));
            }
            self.modules = at + 1;
        }
        let asked = text.queries.iter();
        let answers = asked.map(|query| {
            let lenient = self.answer(text, query, false)?;
            Ok([lenient, self.answer(text, query, true)?])
        });
        Ok(Outcome::Answers(answers.collect::<io::Result<_>>()?))
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
        if status >= 300 {
            let first = errors(&body).into_iter().next();
            return Ok(first.map_or_else(
                || Answer::Failed(String::from_utf8_lossy(&body).into_owned()),
                |(code, _)| Answer::Error(code),
            ));
        }
        Ok(match json::parse(&body) {
            Err(error) => Answer::Failed(error.to_string()),
            Ok(response) => match response.get_str("result") {
                Some(value) => Answer::Value(value.clone()),
                None => Answer::Undefined,
            },
        })
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What `opa eval` answers with neither index nor early exit: so each literal is evaluated, in the order of the
/// body, and no error is passed over because a later literal says no.
pub fn without_index(opa: &Path, text: &Text, query: &str, strict: bool) -> io::Result<Answer> {
    static RUNS: AtomicUsize = AtomicUsize::new(0);
    let run = RUNS.fetch_add(1, Ordering::Relaxed);
    let folder = std::env::temp_dir().join(format!("regate-oracle-{}-{run}", std::process::id()));
    fs::create_dir_all(&folder)?;
    let written = write_files(&folder, text);
    let answer = written.and_then(|()| eval(opa, &folder, text, query, strict));
    fs::remove_dir_all(&folder)?;
    answer
}

fn write_files(folder: &Path, text: &Text) -> io::Result<()> {
    for (name, module) in text.names().iter().zip(&text.modules) {
        fs::write(folder.join(format!("{name}.rego")), module)?;
    }
    fs::write(folder.join("data.json"), json_text(&text.data()))?;
    if let Some(input) = &text.input {
        // It must not be loaded as data.
        fs::write(folder.join("input"), json_text(input))?;
    }
    Ok(())
}

fn eval(opa: &Path, folder: &Path, text: &Text, query: &str, strict: bool) -> io::Result<Answer> {
    let mut command = Command::new(opa);
    command.args([
        "eval",
        "--disable-indexing",
        "--disable-early-exit",
        "--format",
        "json",
    ]);
    if text.version == RegoVersion::V0 {
        command.arg("--v0-compatible");
    }
    if strict {
        command.arg("--strict-builtin-errors");
    }
    if text.input.is_some() {
        command.arg("--input").arg(folder.join("input"));
    }
    for name in text.names() {
        command
            .arg("--data")
            .arg(folder.join(format!("{name}.rego")));
    }
    let query = query.replace('/', ".");
    command
        .arg("--data")
        .arg(folder.join("data.json"))
        .arg(format!("data.{query}"));
    let output = command.output()?;
    let output = json::parse(&output.stdout).map_err(io::Error::other)?;
    if let Some(Value::Array(errors)) = output.get_str("errors") {
        let code = errors.iter().next().and_then(|error| error.get_str("code"));
        let code = code.and_then(Value::as_str).unwrap_or_default();
        return Ok(Answer::Error(code.to_owned()));
    }
    let first = |value: &Value| value.get(&Value::from(0_i64)).cloned();
    let row = output.get_str("result").and_then(first);
    let expression = row.and_then(|row| row.get_str("expressions").and_then(first));
    let value = expression.and_then(|expression| expression.get_str("value").cloned());
    Ok(value.map_or(Answer::Undefined, Answer::Value))
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
