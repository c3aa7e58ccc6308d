#!/usr/bin/env python3
"""What heavy evaluations cost light Checks: their p50 and p99 with none and with some in flight, ours and the peer's.

    bench/heavy.py        REGATE=PATH, OPA_ENVOY=PATH as for bench/run.py

Light Checks go one at a time over a connection of their own, heavy ones four at a time over another. The numbers are
printed; which ones are worth keeping stands in docs/BENCHMARKS.md.
"""
import os
import pathlib
import shutil
import subprocess
import sys

import servers
from loads import CHECK, latency

LIGHT = ("1 x 1", 1, 1)
SECONDS = 5
HEAVY_AT_A_TIME = 4
# Of one length, so that the lengths within the message hold.
LIGHT_PATH, HEAVY_PATH = b"/orders/2026/17", b"/heavys/2026/17"
POLICY = """\
package envoy.authz

default allow := false

allow if input.parsed_path[0] == "orders"

allow if {
	input.parsed_path[0] == "heavys"
	count([1 | some a in numbers.range(1, 500); some b in numbers.range(1, 500); a * b == 7]) == 2
}
"""


def main():
    if not shutil.which("h2load"):
        sys.exit("bench: h2load is missing (Debian: package nghttp2-client)")
    folder = servers.scratch()
    (folder / "policy.rego").write_text(POLICY)
    workload = servers.Workload("", [folder / "policy.rego"], servers.RBAC.request)
    message = pathlib.Path(workload.request).read_bytes()
    heavy = folder / "heavy.bin"
    heavy.write_bytes(message.replace(LIGHT_PATH, HEAVY_PATH))
    if heavy.read_bytes() == message:
        sys.exit(f"bench: {workload.request} has no path {LIGHT_PATH.decode()}")
    named = [("regate", os.environ.get("REGATE", str(servers.ROOT / "target/release/regate"))),
             ("opa-envoy", os.environ.get("OPA_ENVOY", ""))]
    print("| ext_authz server | heavy in flight | p50 us | p99 us |\n| --- | --- | --- | --- |")
    for name, binary in named:
        if binary:
            one(servers.sidecar(name, binary, workload, False), heavy)


def one(server, heavy):
    latency(server, LIGHT, 1)
    row(server, 0, latency(server, LIGHT, SECONDS))
    load = subprocess.Popen(["h2load", "-c1", "-t1", f"-m{HEAVY_AT_A_TIME}", "-d", heavy, "-D", "600",
                             "-H", "content-type: application/grpc", "-H", "te: trailers",
                             f"http://127.0.0.1:{server.port}{CHECK}"], stdout=subprocess.DEVNULL)
    try:
        row(server, HEAVY_AT_A_TIME, latency(server, LIGHT, SECONDS))
    finally:
        load.terminate()
        load.wait()


def row(server, heavy, found):
    print(f"| {server.label} | {heavy} | {found['p50']:,.0f} | {found['p99']:,.0f} |", flush=True)


if __name__ == "__main__":
    main()
