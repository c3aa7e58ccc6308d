"""Turns the runs into tables, and puts them into docs/BENCHMARKS.md between two marks."""
import os
import platform
import subprocess

from loads import SHAPES, middle
from statistics import median

BEGIN, END = "<!-- numbers of `make bench`: begin -->", "<!-- numbers of `make bench`: end -->"
HEAD = f"""# Benchmarks

`make bench` measures regate beside the yardstick (`bench/yardstick`: a bare tonic server on tokio's default runtime
that decodes the CheckRequest with prost and answers a constant) and, with `OPA_ENVOY=PATH`, beside opa-envoy. All
of them run at once and take turns; CPU is user and system time of the whole server process per decision, so that it
says the same on a busy machine. Decision logs go to a pipe whose reader counts them, and their cost is counted until
the last one is written. The policy is `policies/rbac`, the request `bench/check_request.bin`; rows with "(a)" are
workload (a) of `make bench-engine` (roles, claims, path) with `bench/claims_request.bin`; in rows with "(jwt)" the policy
verifies a token of the authorization header (RS256, claims, times), the same one in every request.

{BEGIN}
{END}
"""


def numbers(servers, results, rounds, seconds):
    """All tables as Markdown."""
    parts = [machine(), f"{rounds} rounds of {seconds} s; medians. Ratios are medians of each round's ratio.", direct(servers, results),
             latencies(servers, results), memory(servers), calls(servers, results)]
    if results.get(("envoy", None)):
        parts.append(through_envoy(servers, results))
    return "\n\n".join(parts)


def direct(servers, results):
    rows = []
    for shape, _, _ in SHAPES:
        for server in servers:
            runs = results["direct", shape, server.label]
            rows.append([shape, server.label, f"{middle(runs, 'cpu'):.1f}", ratio(results, ("direct", shape), server, server.named("yardstick")),
                         ratio(results, ("direct", shape), server, peer_of(server)), f"{middle(runs, 'rps'):,.0f}", f"{max(r['rps'] for r in runs):,.0f}"])
    return "## CPU per decision, h2load\n\n" + table(
        ["connections x streams", "server", "CPU us", "to the yardstick", "to opa-envoy", "rps, median", "rps, best"], rows)


def latencies(servers, results):
    rows = []
    for shape in (SHAPES[0][0], SHAPES[-1][0]):
        for server in servers:
            runs = results["latency", shape, server.label]
            rows.append([shape, server.label, f"{middle(runs, 'p50'):.0f}", f"{middle(runs, 'p99'):.0f}"])
    return "## Latency, h2load\n\n" + table(["connections x streams", "server", "p50 us", "p99 us"], rows)


def memory(servers):
    rows = [[server.label, f"{server.rss_idle:.1f}", f"{server.rss_loaded:.1f}"] for server in servers]
    return "## Memory\n\n" + table(["server", "RSS idle, MB", "RSS after the load, MB"], rows)


def calls(servers, results):
    rows = []
    for shape, _, _ in SHAPES[1:]:
        for server in servers:
            found = results.get(("syscalls", shape, server.label))
            rows.append([shape, server.label, f"{found['syscalls']:.2f}" if found else "-", f"{found['futex']:.3f}" if found else "-"])
    return "## System calls per decision, strace\n\n" + table(["connections x streams", "server", "all", "futex"], rows)


def through_envoy(servers, results):
    rows = [["none", "-", "-", *(f"{middle(results['envoy', None], key):,.0f}" for key in ("rps", "p50", "p99"))]]
    for server in servers:
        runs = results.get(("envoy", server.label))
        if not runs:
            continue
        rows.append([server.label, f"{middle(runs, 'cpu'):.1f}", ratio(results, ("envoy",), server, peer_of(server)),
                     *(f"{middle(runs, key):,.0f}" for key in ("rps", "p50", "p99"))])
    return "## Through Envoy, wrk with 16 connections, `--concurrency 1`\n\n" + table(
        ["ext_authz server", "its CPU us per request", "to opa-envoy", "rps", "p50 us", "p99 us"], rows)


def ratio(results, key, server, other):
    """CPU against another server's, round by round: what disturbs a round disturbs both."""
    ours, theirs = results[(*key, server.label)], results.get((*key, other))
    if not theirs or other == server.label:
        return "-"
    return f"{median(a['cpu'] / b['cpu'] for a, b in zip(ours, theirs)):.2f}"


def peer_of(server):
    """What regate is held against: the peer with its decision logs as regate has them."""
    return server.named("opa-envoy", server.logs)


def machine():
    def first(path, key):
        return next((line.split(":", 1)[1].strip() for line in open(path) if line.startswith(key)), "?")
    memory = int(first("/proc/meminfo", "MemTotal").split()[0]) / 2**20
    rustc = subprocess.run(["rustc", "--version"], capture_output=True, text=True).stdout.split()
    return (f"Machine: {os.cpu_count()} x {first('/proc/cpuinfo', 'model name')}, {memory:.0f} GB, Linux {platform.release().split('-')[0]}, "
            f"rustc {rustc[1] if len(rustc) > 1 else '?'}. Load, servers and Envoy share it.")


def table(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def write(path, text):
    """Replaces what is between the marks; what people wrote around them stays."""
    old = path.read_text() if path.exists() else HEAD
    if BEGIN not in old:
        old += f"\n{BEGIN}\n{END}\n"
    before, after = old.split(BEGIN)[0], old.split(END)[1]
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}")
