"""The log of a run: a JSON Lines file that only grows, one line a result, written as it comes. Reads it back too.

A run that was killed goes on in the same file: a last line that was cut off is dropped, what is there is not run again.
"""

import json
import os
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from evals.calls import Call
from evals.case import SuiteError
from evals.metrics import Score
from evals.result import Head, Result, Run
from evals.subject import Answer

FORMAT = 1


class Log:
    """The journal in a folder. The file is named when the run starts; a finished one of that name is left alone."""

    def __init__(self, folder: Path, *, fresh: bool = False) -> None:
        self._folder = folder
        self._fresh = fresh
        self._path = folder
        self._lock = threading.Lock()

    @property
    def where(self) -> str:
        """The path of the file."""
        return str(self._path)

    def start(self, head: Head) -> Sequence[Result]:
        """Open the unfinished log of this run, or a new one; the results that are already there.

        Raises:
            SuiteError: the folder cannot be written.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            stem = re.sub(r"[^\w.-]+", "_", head.id)
            for number in range(1, 10_000):
                self._path = self._folder / (f"{stem}.jsonl" if number == 1 else f"{stem}-{number}.jsonl")
                if not self._path.exists():
                    self._append({"kind": "run", "format": FORMAT, **asdict(head)})
                    return ()
                if not self._fresh and not (run := read_log(self._path)).complete:
                    self._mend()
                    return run.results
        except OSError as error:
            raise SuiteError(
                [f"{self._folder}: cannot be written ({error.strerror}); name another with --runs"]
            ) from error
        raise SuiteError([f"{self._folder} holds too many logs of {head.id}; move some away"])

    def write(self, result: Result) -> None:
        """Append one result."""
        with self._lock:
            self._append({"kind": "result", **result_as_json(result)})

    def _append(self, line: Mapping[str, Any]) -> None:
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")

    def _mend(self) -> None:
        """Cut off a last line that a kill left unfinished."""
        raw = self._path.read_bytes()
        whole = raw.rfind(b"\n") + 1
        if whole < len(raw):
            os.truncate(self._path, whole)


def result_as_json(result: Result) -> dict[str, Any]:
    """A result as it stands in the log."""
    line: dict[str, Any] = {
        "case": result.case,
        "repeat": result.repeat,
        "status": result.status,
        "cluster": result.cluster,
        "asked": result.asked,
        "seconds": round(result.seconds, 4),
    }
    if result.tags:
        line["tags"] = list(result.tags)
    if result.case_print:
        line["case_print"] = result.case_print
    if result.error:
        line["error"] = result.error
    if result.scores:
        line["scores"] = {name: score.as_json() for name, score in result.scores.items()}
    if result.answer is not None:
        line["answer"] = result.answer.as_json()
    if result.calls:
        line["calls"] = [call.as_json() for call in result.calls]
    return line


def head_from_json(raw: Mapping[str, Any]) -> Head:
    """The head of a run from its fields."""
    return Head(**{**raw, "hard": tuple(raw.get("hard", ()))})


def result_from_json(raw: Mapping[str, Any]) -> Result:
    """The result that `result_as_json` wrote."""
    return Result(
        case=raw["case"],
        repeat=raw["repeat"],
        status=raw["status"],
        cluster=raw["cluster"],
        tags=tuple(raw.get("tags", ())),
        asked=raw.get("asked", ""),
        scores={name: Score(**score) for name, score in raw.get("scores", {}).items()},
        answer=Answer.from_json(raw["answer"]) if "answer" in raw else None,
        error=raw.get("error", ""),
        seconds=raw.get("seconds", 0.0),
        calls=tuple(Call(**call) for call in raw.get("calls", ())),
        case_print=raw.get("case_print", ""),
    )


def _lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise SuiteError([f"{path}: cannot be read ({error.strerror})"]) from error
    for number, line in enumerate(text.split("\n")[:-1], 1):
        try:
            raw = json.loads(line)
        except json.JSONDecodeError as error:
            raise SuiteError(
                [f"{path} line {number} is not JSON ({error.msg}); the log is damaged, move it away"]
            ) from error
        yield number, raw


def read_log(path: Path) -> Run:
    """The run in a log file, as far as it got; a case that stands twice counts once, the later line.

    Raises:
        SuiteError: the file is not there or is no log of this format.
    """
    head: Head | None = None
    results: dict[tuple[str, int], Result] = {}
    for number, raw in _lines(path):
        kind = raw.pop("kind", "") if isinstance(raw, dict) else ""
        if kind == "run":
            if raw.pop("format", 0) != FORMAT:
                raise SuiteError([f"{path} line {number} has another format than {FORMAT}; run the suite again"])
            head = head_from_json(raw)
        elif kind == "result":
            result = result_from_json(raw)
            results[result.case, result.repeat] = result
    if head is None:
        raise SuiteError([f"{path} is no log of a run: it has no line of kind 'run'"])
    return Run(head=head, results=tuple(results.values()), log=str(path))


def keep(run: Run, folder: Path) -> Run:
    """Write a whole run into a new log; the run as it reads back."""
    log = Log(folder, fresh=True)
    log.start(run.head)
    for result in run.results:
        log.write(result)
    return read_log(Path(log.where))


def find_log(where: str, folder: Path) -> Path:
    """The log that a path, a run id, or the beginning of one (`answers`, `answers-local`) stands for; the newest wins.

    Raises:
        SuiteError: there is none.
    """
    if Path(where).is_file():
        return Path(where)
    found = sorted(folder.glob(f"{where}*.jsonl"), key=lambda path: path.stat().st_mtime)
    if not found:
        raise SuiteError([f"there is no run {where!r} in {folder}; `tutor-evals run {where.split('-')[0]}` makes one"])
    return found[-1]


def find_run(where: str, folder: Path) -> Run:
    """The run in the log that `find_log` finds."""
    return read_log(find_log(where, folder))
