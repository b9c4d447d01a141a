"""A suite: what is measured, on which cases, and how much worse would be too much. One TOML file, cases beside it.

Finds, reads and checks suites; runs none.
"""

import difflib
import json
import re
import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from evals.case import KINDS, Case, SuiteError, read_cases, unknown

FOLDER = Path(__file__).parent / "suites"
_KEYS: Mapping[str, tuple[type, bool]] = {
    "name": (str, True),
    "version": (int, True),
    "subject": (str, True),
    "metrics": (list, True),
    "primary": (str, True),
    "margin": (float, True),
    "coverage": (float, True),
    "about": (str, False),
    "cases": (str, False),
    "hard": (list, False),
}
_WORDS = {str: "a text", int: "a whole number", float: "a number", list: "a list of texts"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Suite:
    """A suite with its cases.

    `primary` is the metric a gate looks at, `margin` how much worse it may be, `coverage` the least share of cases
    that must have been scored for a judgement, `hard` the metrics on which a single new failure is too many.
    """

    name: str
    version: int
    subject: str
    metrics: tuple[str, ...]
    primary: str
    margin: float
    coverage: float
    path: Path
    cases: tuple[Case, ...]
    about: str = ""
    hard: tuple[str, ...] = ()

    @property
    def fingerprint(self) -> str:
        """12 hex digits that change when a case, a metric or a rule of the suite does."""
        limits = (self.primary, self.margin, self.coverage, self.hard)
        rules = (self.name, self.version, self.subject, self.metrics, *limits)
        body = [rules, [{**asdict(case), "line": 0} for case in self.cases]]
        return sha256(json.dumps(body, sort_keys=True, default=str).encode()).hexdigest()[:12]

    def select(self, *, tags: Collection[str] = (), ids: Collection[str] = (), limit: int | None = None) -> "Suite":
        """The suite with fewer cases: with any of the tags, with one of the ids, spread evenly down to `limit`."""
        chosen = [
            case for case in self.cases if (not tags or set(tags) & set(case.tags)) and (not ids or case.id in ids)
        ]
        if limit is not None and limit < len(chosen):
            chosen = [chosen[place * len(chosen) // limit] for place in range(limit)]
        return replace(self, cases=tuple(chosen))


def bundled_suites() -> tuple[Path, ...]:
    """The TOML files of the suites that ship, sorted by name."""
    return tuple(sorted(FOLDER.glob("*.toml")))


def find_suite(where: str | Path) -> Path:
    """The TOML file that a name or a path stands for.

    Raises:
        SuiteError: there is none.
    """
    path = Path(where)
    if path.suffix == ".toml":
        if path.is_file():
            return path
        raise SuiteError([f"{path}: there is no such suite file"])
    names = {found.stem: found for found in bundled_suites()}
    if str(where) in names:
        return names[str(where)]
    near = difflib.get_close_matches(str(where), names, n=1)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(names)}, or give the path of a .toml file"
    raise SuiteError([f"there is no suite {str(where)!r}; {hint}"])


def load_suite(where: str | Path, *, metrics: Mapping[str, Collection[str]] | None = None) -> Suite:
    """The suite of that name or path, with its cases; `metrics` maps each known metric to the subjects it fits.

    Raises:
        SuiteError: the suite is not there, or something in its two files is wrong; every fault is told.
    """
    path = find_suite(where)
    text = path.read_text(encoding="utf-8")
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SuiteError([f"{path}: not TOML: {error}"]) from None
    faults = [f"{path}{_at(text, key)}: {fault}" for key, fault in _faults(raw, metrics or {})]
    cases: tuple[Case, ...] = ()
    if raw.get("subject") in KINDS:
        cases, wrong = read_cases(path.parent / str(raw.get("cases", f"{path.stem}.jsonl")), raw["subject"])
        faults += wrong
    if faults:
        raise SuiteError(faults)
    raw = {key: tuple(value) if isinstance(value, list) else value for key, value in raw.items() if key != "cases"}
    return Suite(**raw, path=path, cases=cases)


def load_suites(
    names: Sequence[str],
    *,
    metrics: Mapping[str, Collection[str]] | None = None,
    tags: Collection[str] = (),
    limit: int | None = None,
) -> tuple[Suite, ...]:
    """Several suites, cut to tags and limit.

    Raises:
        SuiteError: the faults of all of them, told at once.
    """
    suites: list[Suite] = []
    faults: list[str] = []
    for name in names:
        try:
            suites.append(load_suite(name, metrics=metrics).select(tags=tags, limit=limit))
        except SuiteError as error:
            faults += error.faults
    wanted = ", ".join(tags)
    faults += [f"suite {suite.name} has no case with the tags {wanted}" for suite in suites if not suite.cases]
    if faults:
        raise SuiteError(faults)
    return tuple(suites)


def _at(text: str, key: str) -> str:
    found = re.search(rf"^\s*{re.escape(key)}\s*=", text, re.MULTILINE)
    return f" line {text.count(chr(10), 0, found.end()) + 1}" if found else ""


def _faults(raw: Mapping[str, Any], metrics: Mapping[str, Collection[str]]) -> list[tuple[str, str]]:
    faults = [
        (key, f"`{key}` is missing, expected {_WORDS[kind]}")
        for key, (kind, need) in _KEYS.items()
        if need and key not in raw
    ]
    for key, value in raw.items():
        if key not in _KEYS:
            faults.append((key, unknown(key, _KEYS)))
        elif not _fits(value, _KEYS[key][0]):
            faults.append((key, f"`{key}` is {value!r}, expected {_WORDS[_KEYS[key][0]]}"))
    if not faults:
        faults += _rules(raw, metrics)
    return faults


def _fits(value: object, kind: type) -> bool:
    if isinstance(value, bool):
        return False
    if kind is float:
        return isinstance(value, int | float)
    if kind is list:
        return isinstance(value, list) and bool(value) and all(isinstance(part, str) for part in value)
    return isinstance(value, kind)


def _rules(raw: Mapping[str, Any], metrics: Mapping[str, Collection[str]]) -> list[tuple[str, str]]:
    faults = []
    if raw["subject"] not in KINDS:
        faults.append(("subject", f"subject is {raw['subject']!r}, expected one of {', '.join(KINDS)}"))
    for key in ("primary", "hard"):
        for name in [raw[key]] if key == "primary" else raw.get(key, []):
            if name not in raw["metrics"]:
                faults.append(
                    (key, f"{key} names {name!r}, which is not among the metrics {', '.join(raw['metrics'])}")
                )
    for key in ("margin", "coverage"):
        if not 0 <= raw[key] <= 1:
            faults.append((key, f"{key} is {raw[key]}, expected a number from 0 to 1"))
    for name in raw["metrics"] if metrics else ():
        if raw["subject"] not in metrics.get(name, ()):
            known = ", ".join(sorted(known for known, kinds in metrics.items() if raw["subject"] in kinds))
            faults.append(("metrics", f"there is no metric {name!r} for {raw['subject']}; there are {known}"))
    return faults
