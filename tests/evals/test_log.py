import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evals import Log, read_log, run_suite
from evals.case import SuiteError
from evals.log import find_log
from evals.subject import Answer, Found, PointSeen, Scripted

Cases = list[dict[str, Any]]


@pytest.fixture
def log(make_suite: Callable[..., Path], queries: Cases, right: dict[str, Answer], tmp_path: Path) -> Path:
    script: dict[str, Answer | Exception] = {**right, "q03": ValueError("odd")}
    return Path(run_suite(make_suite(queries), subject=Scripted(script), journal=Log(tmp_path / "runs")).log)


def test_a_log_reads_back_as_the_run_that_was_written(log: Path) -> None:
    run = read_log(log)
    assert run.complete
    by_case = {result.case: result for result in run.results}
    assert by_case["q03"].error == "ValueError: odd"
    assert by_case["q04"].answer == Answer(found=(Found(card="id4", question="Card 4", score=0.9),), answerable=True)
    assert by_case["q04"].scores["mrr"].value == 1
    assert by_case["q04"].tags == ("even",)


def test_every_field_of_an_answer_survives_the_log() -> None:
    answer = Answer(
        text="x",
        score=0.5,
        verdict="partial",
        settled=False,
        points=(PointSeen(text="p", verdict="made", evidence="x"),),
        flags=("short",),
        complete=False,
        seconds=1.5,
        first_seconds=0.2,
        input_tokens=3,
    )
    assert Answer.from_json(json.loads(json.dumps(answer.as_json()))) == answer
    assert Answer().as_json() == {}


def test_the_head_says_what_ran_and_holds_fingerprints(log: Path) -> None:
    head = json.loads(log.read_text().splitlines()[0])
    assert head["kind"] == "run"
    assert head["metrics"] == {"recall@1": 1, "mrr": 1, "refusal": 1, "false_refusal": 1}
    assert len(head["prompts"]["judge"]) == 12
    assert head["versions"]["flashcard-tutor"] != "not installed"
    assert head["fingerprint"]


def test_a_case_that_stands_twice_counts_once_the_later_line(log: Path) -> None:
    lines = log.read_text().splitlines()
    again = {**json.loads(lines[-1]), "status": "error", "error": "later"}
    log.write_text("\n".join([*lines, json.dumps(again)]) + "\n")
    run = read_log(log)
    assert len(run.results) == 25
    assert run.counts["error"] >= 1


def test_damaged_and_foreign_files_are_refused_with_the_line(log: Path, tmp_path: Path) -> None:
    log.write_text(log.read_text() + "{broken\n")
    with pytest.raises(SuiteError, match="line 27 is not JSON"):
        read_log(log)
    other = tmp_path / "other.jsonl"
    other.write_text('{"kind": "result"}\n'.replace("result", "note"))
    with pytest.raises(SuiteError, match="no log of a run"):
        read_log(other)
    other.write_text('{"kind": "run", "format": 99}\n')
    with pytest.raises(SuiteError, match="another format"):
        read_log(other)


def test_a_run_is_found_by_path_by_id_and_by_its_beginning(log: Path) -> None:
    for name in (str(log), log.stem, "small", "small-scripted"):
        assert find_log(name, log.parent) == log
    with pytest.raises(SuiteError, match="there is no run 'answers-x'"):
        find_log("answers-x", log.parent)
