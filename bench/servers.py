"""The processes that are measured: how each is started, what it has used so far."""
import atexit
import fcntl
import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

import check_request

ROOT = pathlib.Path(__file__).resolve().parent.parent
TICKS = os.sysconf("SC_CLK_TCK")
QUIET_SECONDS = 2
START_SECONDS = 30
PIPE_BYTES = 1 << 20


class Workload:
    """What is asked: the policy with its data, and the file of the request. All but the first are named in tables."""

    def __init__(self, name, policy, request):
        self.name, self.policy, self.request = name, [str(path) for path in policy], str(request)


RBAC = Workload("", [ROOT / "policies/rbac/policy.rego", ROOT / "policies/rbac/data.json"], ROOT / "bench/check_request.bin")


TOKEN_POLICY = """package envoy.authz

import input.attributes.request.http

default allow := false

allow if {
	[valid, _, claims] := io.jwt.decode_verify(token, {"cert": data.jwks, CONSTRAINTS})
	valid
	claims.sub == "x"
	http.method == "GET"
}

token := trim_prefix(http.headers.authorization, "Bearer ")
"""


class Server:
    """A running ext_authz server. Its output goes into a pipe whose reader counts the lines."""

    def __init__(self, name, workload, logs, port, command, folder, ready):
        self.name, self.workload, self.logs, self.port, self.lines = name, workload, logs, port, 0
        self.process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        atexit.register(self.stop)
        fcntl.fcntl(self.process.stdout, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        self.start_of_output = b""
        threading.Thread(target=self._count, daemon=True).start()
        wait_until(f"{self.label} is ready", lambda: self._alive() and ready())
        self.rss_idle = self.rss()

    @property
    def label(self):
        return self.named(self.name, self.logs)

    def named(self, name, logs=False):
        """What a server with this workload is called."""
        return " ".join([name, self.workload.name]).strip() + (", logs on" if logs else "")

    def cpu(self):
        """Seconds of CPU, user and system, of all its threads."""
        fields = self._proc("stat").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def rss(self):
        """Resident memory in MB."""
        kilobytes = next(line.split()[1] for line in self._proc("status").splitlines() if line.startswith("VmRSS"))
        return int(kilobytes) / 1024

    def settle(self, lines):
        """Waits until that many lines have been written, or no more come: a cost that is put off is still a cost.

        A server that answers faster than its log is written drops records, and counts them; that is said.
        """
        seen, quiet = self.lines, time.monotonic()
        while self.lines < lines and time.monotonic() - quiet < QUIET_SECONDS:
            if self.lines != seen:
                seen, quiet = self.lines, time.monotonic()
            time.sleep(0.02)
        if self.lines < lines:
            print(f"bench: {self.label}: {lines - self.lines:,} records were not written: more came than the log's queue holds")

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()

    def _alive(self):
        if self.process.poll() is not None:
            raise SystemExit(f"bench: {self.label} ended at once:\n{self.start_of_output.decode(errors='replace')}")
        return True

    def _proc(self, name):
        return pathlib.Path(f"/proc/{self.process.pid}/{name}").read_text()

    def _count(self):
        while chunk := os.read(self.process.stdout.fileno(), PIPE_BYTES):
            if len(self.start_of_output) < 4000:
                self.start_of_output += chunk[:4000]
            self.lines += chunk.count(b"\n")


def claims():
    """Workload (a) of `make bench-engine`, where `workloads.py` is at hand."""
    script = pathlib.Path(os.environ.get("REGATE_BENCH", ROOT.parent / "shared/bench")) / "workloads.py"
    if not script.is_file():
        print(f"bench: SKIPPED workload (a): {script} is missing; REGATE_BENCH names its folder")
        return None
    folder = scratch()
    subprocess.run([sys.executable, script, folder], check=True)
    return Workload("(a)", [folder / "a.rego", folder / "a_data.json"], ROOT / "bench/claims_request.bin")


def token():
    """A token in the request's authorization, signed with RS256: all requests bring the same, as a client's do."""
    with open(ROOT / "bench/engine/tokens.json", encoding="utf-8") as file:
        signed = json.load(file)["RS256"]
    folder = scratch()
    constraints = {name: signed["constraints"][name] for name in ("aud", "iss", "alg")}
    (folder / "data.json").write_text(json.dumps({"jwks": signed["constraints"]["cert"]}))
    (folder / "policy.rego").write_text(TOKEN_POLICY.replace("CONSTRAINTS", json.dumps(constraints)[1:-1]))
    headers = check_request.API_HEADERS | {"authorization": f"Bearer {signed['token']}"}
    (folder / "request.bin").write_bytes(check_request.framed(headers, b""))
    return Workload("(jwt)", [folder / "policy.rego", folder / "data.json"], folder / "request.bin")


def sidecar(name, binary, workload, logs):
    """regate or its peer: the same arguments and the same configuration."""
    folder = scratch()
    grpc, api, diagnostic = free_port(), free_port(), free_port()
    config = {"plugins": {"envoy_ext_authz_grpc": {"addr": f"127.0.0.1:{grpc}", "path": "envoy/authz/allow"}}}
    if logs:
        config["decision_logs"] = {"console": True}
    (folder / "config.yaml").write_text(json.dumps(config))
    command = [str(pathlib.Path(binary).resolve()), "run", "--server", "--disable-telemetry", "--config-file=config.yaml",
               f"--addr=127.0.0.1:{api}", f"--diagnostic-addr=127.0.0.1:{diagnostic}", *workload.policy]
    return Server(name, workload, logs, grpc, command, folder, lambda: healthy(diagnostic) and listening(grpc))


def yardstick(binary, workload):
    """The bare echo, which reads the same request."""
    port = free_port()
    return Server("yardstick", workload, False, port, [binary, f"127.0.0.1:{port}"], None, lambda: listening(port))


def healthy(port):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=1) as answer:
            return answer.status == 200
    except (urllib.error.URLError, OSError):
        return False


def listening(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


def scratch():
    """A folder that goes when the benchmark ends."""
    folder = tempfile.TemporaryDirectory(prefix="bench-")
    atexit.register(folder.cleanup)
    return pathlib.Path(folder.name)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_until(what, true):
    deadline = time.monotonic() + START_SECONDS
    while not true():
        if time.monotonic() > deadline:
            raise SystemExit(f"bench: waited {START_SECONDS} s in vain until {what}")
        time.sleep(0.02)
