#!/usr/bin/env python3
"""Runs the engine and `opa` on the same policies, data and inputs, one after the other, and prints a table.

The workloads are written by `bench/workloads.py` that REGATE_BENCH or .. names. The engine runs in
`crates/rego/benches/workloads.rs`, a process for each load, as OPA does: peak memory is the process' own.

    REGATE_BENCH=DIR  where workloads.py is (../shared/bench)
    REGATE_OPA=PATH   the peer (opa of PATH)
    BENCH_COUNT=N     runs of each; the fastest counts (3)
    BENCH_ONLY=a,c    parts to run: a, b, c, t, f, load (all)
"""
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time

import shapes

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
COUNT = int(os.environ.get("BENCH_COUNT", "3"))
ONLY = os.environ.get("BENCH_ONLY", "a,b,c,t,f,load").split(",")


def main():
    script = os.path.join(os.environ.get("REGATE_BENCH", os.path.join(ROOT, "..", "shared", "bench")), "workloads.py")
    if not os.path.isfile(script):
        sys.exit(f"bench-engine: {script} is missing: set REGATE_BENCH to the folder that holds workloads.py")
    opa = os.environ.get("REGATE_OPA") or shutil.which("opa")
    if not opa or not os.path.isfile(opa):
        sys.exit("bench-engine: the peer is missing: set REGATE_OPA, or go install github.com/open-policy-agent/opa@v1.22.0")
    ours = build()
    with tempfile.TemporaryDirectory(prefix="regate-bench-") as folder:
        subprocess.run([sys.executable, script, folder], check=True)
        shapes.more(folder)
        os.chdir(folder)
        evaluations(ours, opa)
        if "load" in ONLY:
            loads(ours, opa)
            growth(ours, opa)
            families(ours)


def build():
    """The engine's binary, built as a release."""
    command = ["cargo", "bench", "--package", "regate-rego", "--bench", "workloads", "--no-run", "--message-format=json"]
    built = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    messages = [json.loads(line) for line in built.stdout.splitlines() if line.startswith("{")]
    binaries = [m["executable"] for m in messages if m.get("executable") and m["target"]["name"] == "workloads"]
    return binaries[-1]


def evaluations(ours, opa):
    print(f"\n| workload | input | regate, ns | OPA, ns | OPA : regate | at least |\n|---|---|---:|---:|---:|---:|")
    for shape in shapes.SHAPES:
        if shape.part not in ONLY:
            continue
        fast = [json.loads(run([ours, "eval", *shape.ours()]).text)["answers"] for _ in range(COUNT)]
        for at, name in enumerate(shape.inputs):
            mine = min(answers[at]["ns"] for answers in fast)
            theirs = opa_bench(opa, shape, name)
            missed = "" if theirs >= mine * shape.aim else ": missed"
            print(f"| {shape.name} | {shape.label(name)} | {mine:,.0f} | {theirs:,.0f} | {theirs / mine:,.1f} | {shape.aim}{missed} |", flush=True)
            same(opa, shape, name, fast[0][at]["answer"])
    if "f" in ONLY:
        print("\nhttp.send, cached: not compared. `opa bench` keeps no response from one evaluation to the next: it sends each request.")


def opa_bench(opa, shape, name):
    """The fastest run's nanoseconds for one evaluation."""
    command = [opa, "bench", *shape.opa(name), "--format", "json", "--metrics=false", "--benchmem=false", "--count", str(COUNT)]
    decoder, text, times = json.JSONDecoder(), run(command).text.strip(), []
    while text:
        row, end = decoder.raw_decode(text)
        times.append(row["T"] / row["N"])
        text = text[end:].strip()
    return min(times)


def same(opa, shape, name, answer):
    """Nothing is won by an answer that is not OPA's."""
    theirs = json.loads(run([opa, "eval", *shape.opa(name), "--format", "json"]).text)
    theirs = theirs["result"][0]["expressions"][0]["value"] if theirs.get("result") else None
    if theirs != answer:
        sys.exit(f"bench-engine: {shape.name}, {name}: OPA answers {theirs}, regate {answer}")


def loads(ours, opa):
    """Time and peak memory of a process that loads and asks once."""
    print(f"\n| load | regate, s | OPA, s | regate, MB | OPA, MB | time, OPA : regate | memory, OPA : regate |\n|---|---:|---:|---:|---:|---:|---:|")
    for shape in shapes.LOADS:
        mine = least([ours, "load", *shape.ours(inputs=False)])
        theirs = least([opa, "eval", *shape.opa(shape.inputs[0]), "--format", "discard"])
        print(
            f"| {shape.name} | {mine.seconds:.2f} | {theirs.seconds:.2f} | {mine.megabytes:,.0f} | {theirs.megabytes:,.0f} "
            f"| {theirs.seconds / mine.seconds:.1f} | {theirs.megabytes / mine.megabytes:.1f} |",
            flush=True,
        )


def growth(ours, opa):
    """Parsing and checking, by size: a row that doubles in size doubles in time."""
    print(f"\n| parse and check | regate, s | OPA, s | regate says |\n|---|---:|---:|---|")
    for name, files in shapes.GROWTH.items():
        mine = least([ours, "check", *files])
        theirs = least([opa, "check", *files]) if len(files) == 1 else least([opa, "check", os.path.dirname(files[0])])
        said = json.loads(mine.text).get("refused", "ok")
        print(f"| {name} | {mine.seconds:.2f} | {theirs.seconds:.2f} | {said[:100]} |", flush=True)


def families(ours):
    """Compiling, by size: of n and 4n things. A ratio far above 4 is a way that costs more than it should."""
    small, large = shapes.SIZES
    print(f"\n| {small:,} and {large:,} | ms | ms | ratio |\n|---|---:|---:|---:|")
    for name in shapes.FAMILIES:
        times = [compiling(ours, shapes.family(name, size)) for size in shapes.SIZES]
        print(f"| {name} | {times[0]:.1f} | {times[1]:.1f} | {times[1] / times[0]:.1f} |", flush=True)


def compiling(ours, file):
    """Milliseconds, the fastest of COUNT."""
    return min(json.loads(run([ours, "check", file]).text)["load_ns"] for _ in range(COUNT)) / 1e6


class Run:
    """A process that has ended."""

    def __init__(self, text, seconds, megabytes):
        self.text, self.seconds, self.megabytes = text, seconds, megabytes


def run(command):
    begin = time.monotonic()
    with tempfile.TemporaryFile("w+") as said:
        # A file: a refused policy's line may be longer than a pipe holds.
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=said, text=True)
        text = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        said.seek(0)
        errors = said.read(2000)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode and not ("check" in command[1]):
        sys.exit(f"bench-engine: {' '.join(command[:3])} … failed: {errors or text}")
    return Run(text, time.monotonic() - begin, usage.ru_maxrss / 1024)


def least(command):
    runs = [run(command) for _ in range(min(COUNT, 2))]
    return min(runs, key=lambda one: one.seconds)


if __name__ == "__main__":
    # A policy of brackets makes some peers recurse; their stack is bounded by this, not by the shell's mood.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    main()
