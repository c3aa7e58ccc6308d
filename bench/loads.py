"""What is sent to a server, and what comes of it: h2load directly, wrk through Envoy, strace beside."""
import atexit
import json
import re
import shutil
import statistics
import subprocess
import tempfile
import time

from servers import free_port, listening, scratch, wait_until

CHECK = "/envoy.service.auth.v3.Authorization/Check"
# Name, connections, streams per connection.
SHAPES = [("4 x 16", 4, 16), ("1 x 16", 1, 16), ("1 x 1", 1, 1)]
TRACED_REQUESTS = 5000


def h2load(server, shape, *, seconds=None, requests=None, log=None):
    """One run; returns {cpu (us per decision), rps, requests}."""
    _, connections, streams = shape
    command = ["h2load", f"-c{connections}", "-t1", f"-m{streams}", "-d", server.workload.request,
               "-H", "content-type: application/grpc", "-H", "te: trailers",
               "-D" if seconds else "-n", str(seconds or requests)]
    command += ["--log-file", log] if log else []
    lines, cpu, begun = server.lines, server.cpu(), time.monotonic()
    text = subprocess.run([*command, f"http://127.0.0.1:{server.port}{CHECK}"], capture_output=True, text=True, check=True).stdout
    took = time.monotonic() - begun
    done, failed = (int(re.search(rf"(\d+) {word}", text)[1]) for word in ("succeeded", "failed"))
    if not done or failed:
        raise SystemExit(f"bench: {server.label} failed under load:\n{text}")
    if server.logs:
        server.settle(lines + done)
    return {"cpu": (server.cpu() - cpu) / done * 1e6, "rps": done / took, "requests": done}


def latency(server, shape, seconds):
    """p50 and p99 in us, from every single request of a run of its own."""
    with tempfile.NamedTemporaryFile() as log:
        h2load(server, shape, seconds=seconds, log=log.name)
        times = sorted(int(line.split()[2]) for line in open(log.name))
    return {"p50": percentile(times, 50), "p99": percentile(times, 99)}


def syscalls(server, shape):
    """System calls and futex calls per decision, counted by strace; None without strace."""
    if not shutil.which("strace"):
        return None
    with tempfile.NamedTemporaryFile("r") as table:
        strace = subprocess.Popen(["strace", "-f", "-c", "-p", str(server.process.pid), "-o", table.name], stderr=subprocess.PIPE, text=True)
        if "attached" not in strace.stderr.readline():
            strace.wait()
            return None
        done = h2load(server, shape, requests=TRACED_REQUESTS)["requests"]
        strace.terminate()
        strace.wait()
        calls = {}
        for line in table:
            columns = line.split()
            if len(columns) >= 5 and columns[3].isdigit():
                calls[columns[-1]] = int(columns[3])
    return {"syscalls": calls["total"] / done, "futex": calls.get("futex", 0) / done}


class Envoy:
    """One Envoy with a listener for each server; it answers by itself, so that nothing else costs."""

    def __init__(self, binary, servers):
        folder = scratch()
        self.ports = {None: free_port(), **{server.label: free_port() for server in servers}}
        # The clusters' names become the calls' authority: no spaces.
        static = {"listeners": [listener(self.ports[None], "bare", None)] + [
                      listener(self.ports[s.label], s.label, f"authz-{s.port}") for s in servers],
                  "clusters": [cluster(f"authz-{s.port}", s.port) for s in servers]}
        (folder / "envoy.json").write_text(json.dumps({"static_resources": static}))
        self.process = subprocess.Popen([binary, "-c", folder / "envoy.json", "--use-dynamic-base-id", "--concurrency", "1", "-l", "error"])
        atexit.register(self.process.terminate)
        wait_until("Envoy listens", lambda: all(listening(port) for port in self.ports.values()))

    def wrk(self, server, connections, seconds):
        """A run through Envoy; `server` None: without ext_authz."""
        port = self.ports[server.label if server else None]
        command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "-H", "x-user: alice", f"http://127.0.0.1:{port}/orders/17"]
        lines, cpu = (server.lines, server.cpu()) if server else (0, 0.0)
        text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        done = int(re.search(r"(\d+) requests in", text)[1])
        if "Non-2xx" in text or not done:
            raise SystemExit(f"bench: {server.label if server else 'Envoy'} did not allow what it should:\n{text}")
        if server and server.logs:
            server.settle(lines + done)
        return {"rps": float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1]),
                "p50": micros(re.search(r"\n\s+50%\s+(\S+)", text)[1]), "p99": micros(re.search(r"\n\s+99%\s+(\S+)", text)[1]),
                "cpu": (server.cpu() - cpu) / done * 1e6 if server else 0.0}


def listener(port, name, authz):
    filters = [{"name": "envoy.filters.http.router", "typed_config": {"@type": typed("filters.http.router.v3.Router")}}]
    if authz:
        filters.insert(0, {"name": "envoy.filters.http.ext_authz", "typed_config": {
            "@type": typed("filters.http.ext_authz.v3.ExtAuthz"), "transport_api_version": "V3",
            "grpc_service": {"envoy_grpc": {"cluster_name": authz}, "timeout": "5s"}}})
    route = {"match": {"prefix": "/"}, "direct_response": {"status": 200, "body": {"inline_string": "ok\n"}}}
    manager = {"@type": typed("filters.network.http_connection_manager.v3.HttpConnectionManager"), "stat_prefix": "in",
               "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [route]}]}, "http_filters": filters}
    return {"name": name, "address": address(port), "filter_chains": [{"filters": [{"name": "manager", "typed_config": manager}]}]}


def cluster(name, port):
    return {"name": name, "type": "STATIC", "connect_timeout": "1s",
            "typed_extension_protocol_options": {"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": typed("upstreams.http.v3.HttpProtocolOptions"), "explicit_http_config": {"http2_protocol_options": {}}}},
            "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address(port)}}]}]}}


def address(port):
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


def typed(name):
    return f"type.googleapis.com/envoy.extensions.{name}"


def micros(text):
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s)", text).groups()
    return float(number) * {"us": 1, "ms": 1e3, "s": 1e6}[unit]


def percentile(ordered, p):
    return ordered[min(len(ordered) - 1, len(ordered) * p // 100)]


def middle(rows, key):
    """The median of a key over the rounds."""
    return statistics.median(row[key] for row in rows)
