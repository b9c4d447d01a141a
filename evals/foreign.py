"""Runs for other programs and from them: inspect's JSON log, and a plain table of replies. Scores nothing itself.

What comes back from our own file is the run as it was; replies made elsewhere are scored by the suite they are for.
"""

import csv
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from evals.case import Case, SuiteError
from evals.log import head_from_json, result_as_json, result_from_json
from evals.result import Result, Run
from evals.run import head_of
from evals.subject import Answer, Scripted
from evals.suite import Suite
from evals.summary import summarise


def as_inspect(run: Run) -> str:
    """The run as `inspect view` and `inspect_ai.log.read_eval_log` read it."""
    head = run.head
    model = head.about.get("model", head.profile)
    spec = {
        "created": head.started,
        "task": head.suite,
        "task_version": head.version,
        "dataset": {"name": head.suite, "samples": head.cases},
        "model": model,
        "config": {"epochs": head.repeats},
        "metadata": {"head": asdict(head)},
    }
    body = {
        "version": 2,
        "status": "success" if run.complete else "cancelled",
        "eval": spec,
        "results": {
            "total_samples": head.cases * head.repeats,
            "completed_samples": len(run.results),
            "scores": list(_headlines(run)),
        },
        "samples": [_sample(result, model) for result in run.results],
    }
    return json.dumps(body, ensure_ascii=False, indent=1) + "\n"


def _headlines(run: Run) -> Iterator[dict[str, Any]]:
    for each in summarise(run):
        if each.estimate is not None and not math.isnan(each.estimate.value):
            ends = {"mean": each.estimate.value, "low": each.estimate.low, "high": each.estimate.high}
            yield {
                "name": each.metric,
                "scorer": each.metric,
                "scored_samples": each.scored,
                "unscored_samples": each.unscored + each.errors,
                "metrics": {name: {"name": name, "value": value} for name, value in ends.items()},
            }


def _sample(result: Result, model: str) -> dict[str, Any]:
    answer = result.answer or Answer()
    used = {
        "input_tokens": answer.input_tokens,
        "output_tokens": answer.output_tokens,
        "total_tokens": answer.input_tokens + answer.output_tokens,
    }
    message = {"role": "assistant", "content": result.said, "source": "generate"}
    sample: dict[str, Any] = {
        "id": result.case,
        "epoch": result.repeat + 1,
        "input": result.asked,
        "target": "",
        "output": {"model": model, "choices": [{"message": message, "stop_reason": "stop"}], "usage": used},
        "scores": {
            name: {"value": score.value, "explanation": score.reason}
            for name, score in result.scores.items()
            if score.value is not None
        },
        "metadata": {"result": result_as_json(result)},
        "total_time": result.seconds,
    }
    if result.error:
        sample["error"] = {"message": result.error, "traceback": "", "traceback_ansi": ""}
    return sample


def read_run(path: Path, suite: Suite | None, name: str) -> Run:
    """The run in one of our own exports, or the replies in a foreign one as a run of `suite`, not yet scored.

    Raises:
        SuiteError: the file cannot be read, names cases that the suite does not have, or no suite was named.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise SuiteError([f"{path}: cannot be read ({error})"]) from error
    if path.suffix == ".csv":
        return _run_of(suite, name, list(_from_csv(text, path)), path)
    try:
        raw = json.loads(text)
        head = (raw["eval"].get("metadata") or {}).get("head")
        samples = raw.get("samples") or []
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SuiteError([f"{path}: is no JSON log of inspect's ({error}); `inspect log dump` makes one"]) from error
    if head is not None:
        results = tuple(result_from_json(sample["metadata"]["result"]) for sample in samples)
        return Run(head=head_from_json(head), results=results)
    return _run_of(suite, name or str(raw["eval"].get("model", "")), [_foreign(sample) for sample in samples], path)


def _foreign(sample: Mapping[str, Any]) -> Result:
    """A sample that another program wrote: its completion is the reply; its scores are its own affair."""
    choices = (sample.get("output") or {}).get("choices") or [{}]
    content = (choices[0].get("message") or {}).get("content") or ""
    if isinstance(content, list):
        content = "\n".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    used = (sample.get("output") or {}).get("usage") or {}
    answer = Answer(
        text=content,
        answerable=True,
        seconds=sample.get("total_time") or 0.0,
        input_tokens=used.get("input_tokens") or 0,
        output_tokens=used.get("output_tokens") or 0,
    )
    error = (sample.get("error") or {}).get("message", "")
    return _bare(str(sample["id"]), int(sample.get("epoch") or 1) - 1, answer, error)


def _from_csv(text: str, path: Path) -> Iterator[Result]:
    """Rows of a table with the columns `case` and `said`, or `answer` with all of an Answer as JSON."""
    reader = csv.DictReader(text.splitlines(keepends=True))
    if not {"case"} <= set(reader.fieldnames or ()) or not {"said", "answer"} & set(reader.fieldnames or ()):
        raise SuiteError([f"{path}: has the columns {', '.join(reader.fieldnames or ())}; expected case and said"])
    for row in reader:
        said = row.get("said") or ""
        error = said if row.get("status") == "error" else ""
        try:
            whole = row.get("answer") or ""
            answer = Answer.from_json(json.loads(whole)) if whole else Answer(text=said, answerable=True)
            yield _bare(row["case"], int(row.get("repeat") or 0), answer, error)
        except (ValueError, TypeError) as fault:
            raise SuiteError([f"{path} line {reader.line_num}: {fault}"]) from fault


def _bare(case: str, repeat: int, answer: Answer, error: str) -> Result:
    status: Any = "error" if error else "unscored"
    kept = None if error else answer
    return Result(case=case, repeat=repeat, status=status, cluster=case, answer=kept, error=error)


def _run_of(suite: Suite | None, name: str, results: list[Result], path: Path) -> Run:
    if suite is None:
        raise SuiteError([f"{path}: does not say which suite it is of; name it with --suite"])
    cases: dict[str, Case] = {case.id: case for case in suite.cases}
    if faults := [f"{path}: {suite.name} has no case {one.case!r}" for one in results if one.case not in cases]:
        raise SuiteError(faults[:10])
    known = [
        replace(one, cluster=cases[one.case].cluster, tags=cases[one.case].tags, asked=cases[one.case].asked)
        for one in results
    ]
    repeats = 1 + max((one.repeat for one in results), default=0)
    head = head_of(suite, Scripted({}, name=name or path.stem), repeats=repeats)
    return Run(head=head, results=tuple(known))
