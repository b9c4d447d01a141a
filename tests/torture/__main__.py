"""`python -m tests.torture [PART ...]`: ill-treats the tutor and prints what came of it; exits 1 where a bar is missed.

A part is a file beside this one with `rows()`: a name, a figure (its bar stands after ", bar ") and whether it holds.
Each runs in a process of its own, three at a time; those that measure time run alone, after the others. What a part
took, in seconds of the clock and of the processors, and how busy the machine was with all else stand below the table.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path

HERE = Path(__file__).parent
ALONE = ("index", "attacks", "load")
FIRST = ("fuzz", "soak", "kill", "flips", "sessions")  # the longest, so that nothing is left waiting for them
LIMIT = 840
TOOK: list[str] = []


def parts() -> list[str]:
    there = {path.stem for path in HERE.glob("[!_]*.py") if "def rows(" in path.read_text(encoding="utf-8")}
    return [*(name for name in FIRST if name in there), *sorted(there - {*FIRST, *ALONE}), *sorted(there & {*ALONE})]


def told(name: str) -> Iterator[tuple[str, str, bool]]:
    """The rows of one part, run as a process of its own; a part that breaks off is a row that does not hold."""
    command = [sys.executable, "-m", "tests.torture", "--only", name]
    begun, busy = time.monotonic(), os.getloadavg()[0]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT, check=False, cwd=HERE.parents[1])
        said, broke, code = done.stdout, done.stderr.strip().splitlines()[-1:], done.returncode
    except subprocess.TimeoutExpired:
        said, broke, code = "", [f"not done after {LIMIT} s"], 1
    for line in said.splitlines():
        if line.startswith("["):
            what, figure, ok = json.loads(line)
            sys.stderr.write(f"{'ok' if ok else 'FAILED'}: {what}: {figure}\n")
            yield what, figure, ok
    if code:
        yield f"{name}: ran to its end", f"no ({' '.join(broke)})", False
    used = next((float(line.removeprefix("cpu ")) for line in said.splitlines() if line.startswith("cpu ")), 0.0)
    took = f"{name}: {time.monotonic() - begun:.0f} s, CPU {used:.0f} s, load {busy:.1f} to {os.getloadavg()[0]:.1f}"
    TOOK.append(took)
    sys.stderr.write(f"{took}\n")


def only(name: str) -> None:
    for row in import_module(f"tests.torture.{name}").rows():
        sys.stdout.write(json.dumps(row) + "\n")
        sys.stdout.flush()
    spent = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    sys.stdout.write(f"cpu {sum(one.ru_utime + one.ru_stime for one in spent):.1f}\n")


def main() -> int:
    known = parts()
    options = argparse.ArgumentParser(prog="python -m tests.torture", description=__doc__)
    options.add_argument("part", nargs="*", help=f"one of {', '.join(known)}; all without it")
    options.add_argument("--only", help=argparse.SUPPRESS)
    options.add_argument("--scale", type=float, help="how much of it: 0.1 for a tenth (default 1)")
    options.add_argument("--seconds", type=float, help="how long deck readers are fuzzed (default 300)")
    asked = options.parse_args()
    if asked.only:
        only(asked.only)
        return 0
    if unknown := set(asked.part) - set(known):
        options.error(f"there is no part {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    for variable, value in (("TORTURE_SCALE", asked.scale), ("TORTURE_SECONDS", asked.seconds)):
        if value is not None:
            os.environ[variable] = str(value)
    chosen = asked.part or known
    with ThreadPoolExecutor(3) as pool:
        found = [
            row
            for rows in pool.map(lambda name: list(told(name)), [n for n in chosen if n not in ALONE])
            for row in rows
        ]
    found += [row for name in chosen if name in ALONE for row in told(name)]
    return show(found)


def show(found: list[tuple[str, str, bool]]) -> int:
    table = [("what", "figure", "bar", "")]
    for what, figure, ok in found:
        measured, _, bar = figure.partition(", bar ")
        table.append((what, measured, bar, "ok" if ok else "FAILED"))
    widths = [max(len(row[column]) for row in table) for column in range(4)]
    for row in table:
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        sys.stdout.write(line.rstrip() + "\n")
    failed = sum(not ok for _, _, ok in found)
    sys.stdout.write(f"{len(found) - failed} of {len(found)} hold.\n{os.cpu_count()} cores. " + "; ".join(TOOK) + ".\n")
    return 1 if failed or not found else 0


if __name__ == "__main__":
    sys.exit(main())
