#!/usr/bin/env python3
"""Measures regate beside the yardstick and, when OPA_ENVOY names its binary, the peer; writes docs/BENCHMARKS.md.

Every server runs all the time; rounds go through all of them in changing order, so that what else the
machine does falls on each. Needs h2load; wrk for the part through Envoy; strace for system calls.

    BENCH_ONLY=rbac,a,jwt  some workloads; docs/BENCHMARKS.md stays as it is
    BENCH_ROUNDS (5)  BENCH_SECONDS (3)  OPA_ENVOY=PATH  REGATE=PATH  YARDSTICK=PATH  REGATE_ENVOY=PATH
"""
import collections
import os
import shutil
import sys

import report
from loads import SHAPES, Envoy, h2load, latency, syscalls
from servers import RBAC, ROOT, claims, sidecar, token, yardstick

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
SECONDS = int(os.environ.get("BENCH_SECONDS", "3"))
WORKLOADS = {"rbac": lambda: RBAC, "a": claims, "jwt": token}
ONLY = os.environ.get("BENCH_ONLY")
ENVOY_CONNECTIONS = 16


def main():
    if not shutil.which("h2load"):
        sys.exit("bench: h2load is missing (Debian: package nghttp2-client)")
    servers, results = start(), collections.defaultdict(list)
    envoy_binary = os.environ.get("REGATE_ENVOY", "")
    # What Envoy sends is made for the first workload.
    behind = [server for server in servers if server.workload is RBAC]
    envoy = Envoy(envoy_binary, behind) if behind and shutil.which("wrk") and os.path.isfile(envoy_binary) else None
    if not envoy:
        print("bench: SKIPPED the part through Envoy: wrk, Envoy or the first workload is missing")
    for server in servers:
        h2load(server, SHAPES[0], requests=2000)
    for number in range(ROUNDS):
        shift = number % len(servers)
        for server in servers[shift:] + servers[:shift]:
            one_round(server, envoy if server in behind else None, results)
        if envoy:
            results["envoy", None].append(envoy.wrk(None, ENVOY_CONNECTIONS, SECONDS))
        print(f"bench: round {number + 1} of {ROUNDS} is done", flush=True)
    for server in servers:
        server.rss_loaded = server.rss()
    for server in servers:
        for shape in SHAPES[1:]:
            results["syscalls", shape[0], server.label] = syscalls(server, shape)
    text = report.numbers(servers, results, ROUNDS, SECONDS)
    print(text)
    if not ONLY:
        report.write(ROOT / "docs/BENCHMARKS.md", text)


def start():
    """For each workload regate and the peer with decision logs off and on, and the yardstick, which has none."""
    regate = os.environ.get("REGATE", str(ROOT / "target/release/regate"))
    bare = os.environ.get("YARDSTICK", str(ROOT / ".build/yardstick/release/yardstick"))
    servers = []
    names = ONLY.split(",") if ONLY else WORKLOADS
    for workload in filter(None, (WORKLOADS[name]() for name in names)):
        servers += [yardstick(bare, workload)] + [sidecar("regate", regate, workload, logs) for logs in (False, True)]
        if peer := os.environ.get("OPA_ENVOY"):
            servers += [sidecar("opa-envoy", peer, workload, logs) for logs in (False, True)]
    return servers


def one_round(server, envoy, results):
    for shape in SHAPES:
        results["direct", shape[0], server.label].append(h2load(server, shape, seconds=SECONDS))
    for shape in (SHAPES[0], SHAPES[-1]):
        results["latency", shape[0], server.label].append(latency(server, shape, 1))
    if envoy:
        results["envoy", server.label].append(envoy.wrk(server, ENVOY_CONNECTIONS, SECONDS))


if __name__ == "__main__":
    main()
