//! Child processes with their output captured, and the regate binary as one of them.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::{interval, timeout};

use super::client;

/// How long anything may take before a test gives up on it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A running child. It is killed when the test ends.
pub(crate) struct Process {
    child: Child,
    output: Output,
}

/// The lines a child has written so far, of both streams.
#[derive(Clone)]
pub(crate) struct Output {
    lines: Arc<Mutex<Vec<String>>>,
    news: watch::Sender<()>,
}

/// Puts the lines that are written to it into an [`Output`].
pub(crate) struct LineSink {
    output: Output,
    rest: Vec<u8>,
}

/// A running regate.
pub(crate) struct Sidecar {
    process: Process,
    /// The folder it runs in, with its policy and configuration.
    pub(crate) folder: tempfile::TempDir,
    /// Where it answers gRPC, when that is TCP.
    pub(crate) grpc: u16,
    /// Where it answers HTTP ext_authz, when that is on.
    pub(crate) http: u16,
    /// Where it answers `/health`.
    pub(crate) diagnostic: u16,
}

/// What a regate is started with.
#[derive(Clone)]
pub(crate) struct SidecarSpec {
    /// The text of `policy.rego`; empty: no policy is named on the command line.
    pub(crate) policy: String,
    /// The configuration; the plugin listens on a free port unless it says otherwise.
    pub(crate) config: Value,
    /// Further arguments.
    pub(crate) args: Vec<String>,
}

// === impl Process ===

impl Process {
    /// Starts `command` and reads its output from then on.
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
        let output = Output::new();
        output.read(child.stdout.take().unwrap());
        output.read(child.stderr.take().unwrap());
        Self { child, output }
    }

    /// What it wrote.
    pub(crate) fn output(&self) -> &Output {
        &self.output
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends SIGTERM.
    pub(crate) fn terminate(&self) {
        let sent = Command::new("kill")
            .args(["-TERM", &self.id().to_string()])
            .status()
            .unwrap();
        assert!(sent.success(), "the process {} is gone already", self.id());
    }

    /// Kills it, as a crash would.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Its exit status, when it has ended.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }

    /// Waits for its end.
    pub(crate) async fn end(&mut self) -> ExitStatus {
        until("the process ends", async || self.child.try_wait().unwrap()).await
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself; either way nothing is left to do.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

// === impl Output ===

impl Output {
    /// No lines yet.
    pub(crate) fn new() -> Self {
        Self {
            lines: Arc::default(),
            news: watch::channel(()).0,
        }
    }

    /// A writer whose lines come here.
    pub(crate) fn sink(&self) -> LineSink {
        LineSink {
            output: self.clone(),
            rest: Vec::new(),
        }
    }

    /// The lines that `wanted` makes something of, up to now.
    pub(crate) fn pick<T>(&self, wanted: impl Fn(&str) -> Option<T>) -> Vec<T> {
        let lines = self.lines.lock().unwrap();
        lines.iter().filter_map(|line| wanted(line)).collect()
    }

    /// Everything up to now, for a failing test's message.
    pub(crate) fn all(&self) -> String {
        self.lines.lock().unwrap().join("\n")
    }

    /// How many lines there are of a kind.
    pub(crate) fn count(&self, wanted: impl Fn(&str) -> bool) -> usize {
        self.lines
            .lock()
            .unwrap()
            .iter()
            .filter(|line| wanted(line))
            .count()
    }

    /// The first line that `wanted` makes something of, also one that is still to come.
    pub(crate) async fn find<T>(&self, what: &str, wanted: impl Fn(&str) -> Option<T>) -> T {
        let mut news = self.news.subscribe();
        let search = async {
            let mut seen = 0;
            loop {
                let fresh = self.lines.lock().unwrap()[seen..].to_vec();
                seen += fresh.len();
                if let Some(found) = fresh.iter().find_map(|line| wanted(line)) {
                    return found;
                }
                news.changed().await.unwrap();
            }
        };
        let found = timeout(PATIENCE, search).await;
        found.unwrap_or_else(|_| panic!("no line was {what}; there was:\n{}", self.all()))
    }

    /// Waits until `ask`, asked again whenever there is news, has an answer; for how long is up to the caller.
    pub(crate) async fn wait_for<T>(&self, ask: impl Fn() -> Option<T>) -> T {
        let mut news = self.news.subscribe();
        loop {
            if let Some(answer) = ask() {
                return answer;
            }
            news.changed().await.unwrap();
        }
    }

    fn read(&self, stream: impl Read + Send + 'static) {
        let this = self.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(stream).lines().map_while(Result::ok) {
                this.push(line);
            }
        });
    }

    fn push(&self, line: String) {
        self.lines.lock().unwrap().push(line);
        self.news.send_replace(());
    }
}

// === impl LineSink ===

impl Write for LineSink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.rest.extend_from_slice(bytes);
        while let Some(end) = self.rest.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.rest.drain(..=end).collect();
            self.output
                .push(String::from_utf8_lossy(&line[..end]).into_owned());
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

// === impl Sidecar ===

impl Sidecar {
    /// Starts the binary under test and waits until `/health` says that it is ready.
    pub(crate) async fn start(spec: SidecarSpec) -> Self {
        let mut this = Self::launch(&binary(), spec);
        this.ready().await;
        this
    }

    /// Starts `program` as a sidecar, and waits for nothing.
    pub(crate) fn launch(program: &Path, spec: SidecarSpec) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = place(&spec.config, folder.path());
        std::fs::write(folder.path().join("config.yaml"), config.to_string()).unwrap();
        let mut command = Command::new(program);
        command
            .current_dir(folder.path())
            .args(["run", "--server", "--config-file=config.yaml"])
            .args(["--addr=127.0.0.1:0", "--diagnostic-addr=127.0.0.1:0"])
            .args(&spec.args);
        if !spec.policy.is_empty() {
            std::fs::write(folder.path().join("policy.rego"), spec.policy).unwrap();
            command.arg("policy.rego");
        }
        Self {
            process: Process::start(command),
            folder,
            grpc: 0,
            http: 0,
            diagnostic: 0,
        }
    }

    /// The process itself.
    pub(crate) fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    /// What it wrote.
    pub(crate) fn output(&self) -> &Output {
        self.process.output()
    }

    /// The first console decision log event that `wanted` accepts.
    pub(crate) async fn decision(&self, wanted: impl Fn(&Value) -> bool) -> Value {
        let event = |line: &str| {
            let event: Value = serde_json::from_str(line).ok()?;
            (event["msg"] == "Decision Log" && wanted(&event)).then_some(event)
        };
        self.process
            .output()
            .find("the decision log event", event)
            .await
    }

    /// The port in this field of the lines that say what is served; 0 when it names none.
    async fn port(&mut self, field: &str) -> u16 {
        let output = self.output().clone();
        let served = output.find(field, |line| {
            let event: Value = serde_json::from_str(line).ok()?;
            let addr = event[field].as_str()?;
            Some(
                addr.rsplit_once(':')
                    .map_or(0, |(_, port)| port.parse().unwrap_or(0)),
            )
        });
        tokio::select! {
            port = served => port,
            status = self.process.end() => panic!("regate ended with {status}:\n{}", output.all()),
        }
    }

    /// Waits until `/health` says that it is ready, and reads where it listens.
    pub(crate) async fn ready(&mut self) {
        self.diagnostic = self.port("diagnostic-addrs").await;
        let url = format!("http://127.0.0.1:{}/health?bundles", self.diagnostic);
        until("regate is ready", async || {
            if let Some(status) = self.process.ended() {
                panic!(
                    "regate ended with {status}:\n{}",
                    self.process.output().all()
                );
            }
            client::get(&url)
                .await
                .filter(|answer| answer.status == 200)
        })
        .await;
        self.listens().await;
    }

    /// Waits until it says where it takes Checks.
    pub(crate) async fn listens(&mut self) {
        self.grpc = self.port("addr").await;
        self.http = self.port("http-addr").await;
    }
}

/// Asks again and again, with short pauses, until there is an answer.
pub(crate) async fn until<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let asking = async {
        let mut ticks = interval(Duration::from_millis(20));
        loop {
            ticks.tick().await;
            if let Some(answer) = ask().await {
                return answer;
            }
        }
    };
    timeout(PATIENCE, asking)
        .await
        .unwrap_or_else(|_| panic!("waited in vain until {what}"))
}

/// An address that is free now; should another program take it in between, the one under test fails and says so.
pub(crate) fn free_address() -> std::net::SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}

/// Waits until `address` takes connections.
pub(crate) async fn listens(address: std::net::SocketAddr) {
    until("a server listens", async || {
        std::net::TcpStream::connect(address).ok()
    })
    .await;
}

/// Waits for what must come within the time that anything may take.
pub(crate) async fn in_time<T>(what: &str, coming: impl IntoFuture<Output = T>) -> T {
    let came = timeout(PATIENCE, coming.into_future()).await;
    came.unwrap_or_else(|_| panic!("waited in vain for {what}"))
}

/// The binary under test; `REGATE_BIN` puts another one in its place, such as a release build.
pub(crate) fn binary() -> PathBuf {
    std::env::var_os("REGATE_BIN").map_or_else(|| env!("CARGO_BIN_EXE_regate").into(), Into::into)
}

/// Fills the gaps of a configuration: `FOLDER` for the folder, the address's default.
fn place(config: &Value, folder: &Path) -> Value {
    let text = config
        .to_string()
        .replace("FOLDER", &folder.display().to_string());
    let mut config: Value = serde_json::from_str(&text).unwrap();
    let addr = &mut config["plugins"]["envoy_ext_authz_grpc"]["addr"];
    if addr.is_null() {
        *addr = json!("127.0.0.1:0");
    }
    config
}
