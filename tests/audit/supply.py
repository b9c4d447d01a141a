"""`python -m tests.audit.supply FOLDER`: is what is installed what the lock lists, and under which licences?

Offline: reads the lock and the environment it runs in, writes `licences.csv` (and, given `--cyclonedx PROGRAM`,
`sbom.json`) into FOLDER, and exits 1 with a line for each fault. With `--holes PROGRAM` pip-audit asks for known holes.
"""

import argparse
import csv
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, distributions
from pathlib import Path

from packaging.markers import Marker
from packaging.utils import canonicalize_name

LOCK = Path(__file__).parents[2] / "requirements.txt"
OURS = "flashcard-tutor"
# Installed by `python -m venv` itself where pip sets the environment up.
WITH_PYTHON = {"pip", "setuptools"}
# Permissive, or copyleft that ends at the file or the library.
ALLOWED = re.compile(
    r"MIT(-0|-CMU)?|Apache(-2\.0| Software| License, Version 2\.0)?|([23]-Clause )?BSD(-[23]-Clause)?|0BSD"
    r"|ISC( License \(ISCL)?|MPL-2\.0|Mozilla Public License 2\.0 \(MPL 2\.0|LGPL-3\.0-only|Zlib|CC0-1\.0|PSF-2\.0"
    r"|Python Software Foundation|CNRI-Python|Unlicense|DFSG approved"
)
# Packages whose metadata names no licence, with the one that their own files name.
EXCEPTIONS = {"axe-playwright-python": "MIT (its LICENSE file; axe-core inside it is MPL-2.0)"}
_PINNED = re.compile(r"^([A-Za-z0-9][\w.-]*)(?:\[[^\]]*\])?==(\S+?)(?:\s*;\s*(.*?))?\s*\\?$")


@dataclass(frozen=True, kw_only=True, slots=True)
class Pin:
    """One requirement of the lock."""

    name: str
    version: str
    marker: str
    hashes: int

    @property
    def wanted(self) -> bool:
        return not self.marker or Marker(self.marker).evaluate()


def read_lock(text: str) -> tuple[list[Pin], list[str]]:
    """The requirements of a lock, and what in it is none."""
    pins: list[Pin] = []
    faults: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip().startswith("--hash=sha256:") and pins:
            last = pins[-1]
            pins[-1] = Pin(name=last.name, version=last.version, marker=last.marker, hashes=last.hashes + 1)
        elif found := _PINNED.match(line):
            pins.append(Pin(name=canonicalize_name(found[1]), version=found[2], marker=found[3] or "", hashes=0))
        elif line.strip() and not line.startswith("#"):
            faults.append(f"the lock's line {number} is no pinned requirement: {line.strip()[:80]}")
    return pins, faults


def against_lock(pins: list[Pin], installed: dict[str, Distribution]) -> Iterator[str]:
    """What the lock lacks, and what the environment has or lacks against it."""
    yield from (f"{pin.name}=={pin.version} has no hash in the lock" for pin in pins if not pin.hashes)
    wanted = {pin.name: pin.version for pin in pins if pin.wanted}
    for name, found in installed.items():
        if name not in wanted and name != OURS and name not in WITH_PYTHON:
            yield f"{name} {found.version} is installed and is not in the lock"
        elif name in wanted and wanted[name] != found.version:
            yield f"{name} is {found.version}, the lock says {wanted[name]}"
    yield from (f"{name} is in the lock and is not installed" for name in wanted if name not in installed)


def start_files(installed: dict[str, Distribution], folders: set[Path]) -> Iterator[str]:
    """Files that Python reads at every start: only those that a package of the lock or our own brought may be there."""
    ours = {str(Path(file.locate()).resolve()) for one in installed.values() for file in one.files or ()}
    for folder in folders:
        for path in sorted(folder.glob("*.pth")):
            runs = [
                line
                for line in path.read_text(encoding="utf-8", errors="replace").splitlines()
                if line.startswith("import")
            ]
            if str(path.resolve()) not in ours:
                yield f"{path.name} belongs to no installed package"
            elif runs:
                yield f"{path.name} runs code at every start: {runs[0][:80]}"
        for name in ("sitecustomize.py", "usercustomize.py"):
            if (folder / name).exists():
                yield f"{name} runs at every start"


def licence(found: Distribution) -> str:
    """What a package's metadata calls its licence, in one line."""
    told = found.metadata
    classes = [line.rpartition("::")[2].strip() for line in told.get_all("Classifier") or () if "License ::" in line]
    first = (told.get("License") or "").strip().splitlines()
    return told.get("License-Expression") or "; ".join(classes) or (first[0] if first else "")


def allowed(text: str) -> bool:
    """Whether every licence named may be used here, or one of those offered; within brackets every one must."""
    choices = re.split(r"\s+OR\s+", text) if "(" not in text else [re.sub(r"\s+OR\s+", " AND ", text)]
    lists = [[name.strip(" ()") for name in re.split(r"\s+AND\s+|;", choice)] for choice in choices]
    return any(all(ALLOWED.fullmatch(_plain(name)) for name in names) for names in lists)


def _plain(name: str) -> str:
    return re.sub(r"\s+Licen[cs]e$", "", name) if not name.startswith("Apache License") else name


def known_holes(program: str) -> Iterator[str]:
    """What pip-audit finds in the lock; that it could not look is a fault as well."""
    command = [program, "--strict", "--require-hashes", "--disable-pip", "--progress-spinner", "off", "-f", "json"]
    done = subprocess.run([*command, "-r", str(LOCK)], capture_output=True, text=True, check=False)
    try:
        found = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError, TypeError):
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1][:200]
        yield f"known holes were NOT looked up, pip-audit could not ask the advisory service: {last}"
        return
    for one in found:
        for hole in one.get("vulns", ()):
            fixed = ", ".join(hole["fix_versions"]) or "no version yet"
            yield f"{one['name']} {one.get('version', '')} has the known hole {hole['id']}, mended in {fixed}"
        if reason := one.get("skip_reason"):
            yield f"{one['name']} was not looked up: {reason}"
    if done.returncode and not any(one.get("vulns") or one.get("skip_reason") for one in found):
        yield f"pip-audit failed with {done.returncode} and named nothing"


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m tests.audit.supply", description=__doc__)
    options.add_argument("folder", type=Path, help="where the licence list and the SBOM go")
    options.add_argument("--cyclonedx", help="the program cyclonedx-py, of an environment of its own")
    options.add_argument("--holes", help="the program pip-audit, which asks the advisory service for known holes")
    asked = options.parse_args()
    installed = {canonicalize_name(one.name): one for one in distributions()}
    pins, faults = read_lock(LOCK.read_text(encoding="utf-8"))
    faults += against_lock(pins, installed)
    faults += start_files(
        installed, {Path(str(one.locate_file(""))).resolve() for one in installed.values() if one.files}
    )
    named = {name: EXCEPTIONS.get(name) or licence(one) for name, one in sorted(installed.items()) if name != OURS}
    faults += [
        f"{n}: the licence {t!r} is not on the list" for n, t in named.items() if n not in EXCEPTIONS and not allowed(t)
    ]
    asked.folder.mkdir(parents=True, exist_ok=True)
    with (asked.folder / "licences.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(
            [("package", "version", "licence"), *((n, installed[n].version, t) for n, t in named.items())]
        )
    if asked.cyclonedx:
        bill = str(asked.folder / "sbom.json")
        command = [asked.cyclonedx, "environment", "--output-reproducible", "-o", bill, sys.executable]
        faults += [] if subprocess.run(command, check=False).returncode == 0 else ["the SBOM could not be written"]
    faults += known_holes(asked.holes) if asked.holes else []
    for fault in faults:
        sys.stderr.write(f"{fault}\n")
    sys.stdout.write(f"{len(pins)} requirements, {len(installed)} packages installed, {len(faults)} faults\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
