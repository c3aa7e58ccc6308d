#!/usr/bin/env python3
"""Runs the recorded ext_authz cases against a binary and holds the result against what is known.

    tests/conformance.py --bin target/debug/regate [--update]

The cases and their checker are in the folder REGATE_CONFORMANCE (default ../shared/conformance).
What is known to fail stands in tests/cases/conformance-known.txt, a line per case file and facet:
`NAME FACET PASSED/TOTAL  # reason`. A facet that passes less is a regression; one that passes more must be
written down (--update does it), so that it stays. Every other facet must pass whole.
"""
import argparse
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
KNOWN = ROOT / "tests/cases/conformance-known.txt"
HEAD = """\
# Recorded cases that do not pass: NAME FACET PASSED/TOTAL  # reason. This file only shrinks.
# Written by `tests/conformance.py --update`, which keeps the reasons; an entry without one fails.
# The binary and the program in process (tests/it/conformance.rs) are held against the same list.
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", required=True, help="the sidecar under test")
    parser.add_argument("--update", action="store_true", help="write what was found into the list")
    parser.add_argument("--ports", default="19000-19099", help="range of local ports to use")
    args = parser.parse_args()
    cases = ROOT / os.environ.get("REGATE_CONFORMANCE", "../shared/conformance") / "ext_authz"
    if not (cases / "check.py").is_file():
        print(f"conformance: NOT RUN, there is no {os.path.relpath(cases, ROOT)}/check.py; "
              "REGATE_CONFORMANCE names the folder of the recorded cases", flush=True)
        return 1 if os.environ.get("CI") == "true" else 0
    found, sums = run(cases, pathlib.Path(args.bin).resolve(), args.ports)
    if not found:
        print("conformance: the checker named no case")
        return 1
    failing = {case: score for case, score in found.items() if score[0] < score[1]}
    known, reasons = read_known()
    if args.update:
        KNOWN.write_text(HEAD + "".join(entry(case, score, reasons) for case, score in sorted(failing.items())))
        known, reasons = read_known()
    wrong = list(surprises(failing, known)) + [f"NO REASON {' '.join(case)}" for case in known if not reasons.get(case)]
    for line in wrong:
        print(f"conformance: {line}")
    print(f"conformance: {sums}; {len(known)} known to fail, {len(wrong)} surprises")
    return 1 if wrong else 0


def run(cases, binary, ports):
    """Runs the checker; returns {(name, facet): (passed, total)} and its closing line."""
    command = [sys.executable, str(cases / "check.py"), "check", "--bin", str(binary), "--jobs", str(os.cpu_count() or 2), "--ports", ports]
    found, last = {}, ""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as checker:
        for line in checker.stdout:
            line = line.rstrip()
            match = re.match(r"(FAIL|ok  ) (\S+)\s+(.*)", line)
            if match:
                scores = re.findall(r"(\w+) (\d+)/(\d+)", match[3])
                found |= {(match[2], facet): (int(passed), int(total)) for facet, passed, total in scores}
                if match[1] == "FAIL" and all(passed == total for _, passed, total in scores):
                    found[match[2], "run"] = 0, 1
            if not match or match[1] == "FAIL":
                print(line, flush=True)
            last = line or last
    return found, last


def entry(case, score, reasons):
    line = f"{' '.join(case)} {score[0]}/{score[1]}"
    return f"{line}  # {reasons[case]}\n" if reasons.get(case) else f"{line}\n"


def read_known():
    """Returns {(name, facet): (passed, total)} and {(name, facet): reason}."""
    known, reasons = {}, {}
    for line in KNOWN.read_text().splitlines() if KNOWN.exists() else []:
        if line and not line.startswith("#"):
            facts, _, reason = line.partition("#")
            name, facet, score = facts.split()
            known[name, facet] = tuple(map(int, score.split("/")))
            reasons[name, facet] = reason.strip()
    return known, reasons


def surprises(failing, known):
    for case in sorted(failing.keys() | known.keys()):
        got, want = failing.get(case), known.get(case)
        if got == want:
            continue
        name = " ".join(case)
        if want is None or (got is not None and got[0] < want[0]):
            yield f"REGRESSION {name}: {got[0]} of {got[1]} pass"
        else:
            yield f"BETTER {name}: take it off the list (--update)"


if __name__ == "__main__":
    sys.exit(main())
