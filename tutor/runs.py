"""The latest eval runs, as their summaries in the runs folder tell them. Runs nothing; the harness is in `evals`."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["ENDING", "EvalRun", "latest_runs"]

ENDING = ".summary.json"
_LONGEST = 500_000


@dataclass(frozen=True, kw_only=True, slots=True)
class EvalRun:
    """One run: of which suite and profile, begun when, its metrics with their intervals, and its report's text."""

    suite: str
    profile: str
    started: str
    cases: int
    metrics: tuple[Mapping[str, Any], ...]
    report: str


def latest_runs(folder: Path, count: int = 10) -> tuple[EvalRun, ...]:
    """The newest runs first; a summary that cannot be read is left out."""
    found = []
    for path in sorted(folder.glob(f"*{ENDING}"), key=lambda one: one.stat().st_mtime, reverse=True)[:count]:
        try:
            told = json.loads(path.read_text(encoding="utf-8"))
            report = path.with_name(path.name.removesuffix(ENDING) + ".md")
            fits = report.is_file() and report.stat().st_size <= _LONGEST
            run = EvalRun(
                suite=str(told["suite"]),
                profile=str(told["profile"]),
                started=str(told["started"]),
                cases=int(told["cases"]),
                metrics=tuple(
                    {name: one[name] for name in ("metric", "value", "low", "high", "n")} for one in told["metrics"]
                ),
                report=report.read_text(encoding="utf-8") if fits else "",
            )
            found.append(run)
        except (OSError, ValueError, TypeError, KeyError):
            continue
    return tuple(found)
