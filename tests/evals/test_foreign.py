import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evals import run_suite
from evals.case import SuiteError
from evals.export import as_csv
from evals.foreign import as_inspect, read_run
from evals.result import Run
from evals.run import rescore
from evals.subject import Answer, Scripted
from evals.suite import Suite, load_suite
from evals.summary import summarise

CASES = [
    {"id": "a", "question": "What is a ladder?", "reference": "rungs between two rails", "tags": ["x"]},
    {"id": "b", "question": "What is a lantern?", "reference": "a light in a case"},
]
SAID = {"a": "It is rungs between two rails.", "b": "=A kind of bird"}


@pytest.fixture
def suite(make_suite: Callable[..., Path]) -> Suite:
    return load_suite(make_suite(CASES, subject="answer", metrics=("coverage",)))


@pytest.fixture
def run(suite: Suite) -> Run:
    script: dict[str, Answer | Exception] = {case: Answer(text=text, answerable=True) for case, text in SAID.items()}
    return run_suite(suite, subject=Scripted(script), repeats=2)


def _numbers(run: Run) -> list[Any]:
    return [(each.metric, each.estimate and each.estimate.value, each.scored) for each in summarise(run)]


def test_a_run_comes_back_whole_from_inspects_log(run: Run, suite: Suite, tmp_path: Path) -> None:
    file = tmp_path / "run.json"
    file.write_text(as_inspect(run))
    back = read_run(file, None, "")
    assert back.head == run.head
    assert back.results[0].scores == run.results[0].scores
    assert _numbers(rescore(back, suite)) == _numbers(run)


def test_inspects_log_has_the_fields_that_inspect_asks_for(run: Run) -> None:
    log = json.loads(as_inspect(run))
    assert {"created", "task", "dataset", "model", "config"} <= set(log["eval"])
    assert (log["status"], len(log["samples"])) == ("success", 4)
    sample = next(sample for sample in log["samples"] if sample["id"] == "a")
    assert {"id", "epoch", "input", "target", "output", "scores"} <= set(sample)
    assert sample["scores"]["coverage"]["value"] == 1.0
    assert sample["output"]["choices"][0]["message"]["content"] == SAID[sample["id"]]


def test_replies_of_another_program_are_scored_by_the_suite(suite: Suite, tmp_path: Path) -> None:
    samples = [
        {"id": "a", "epoch": 1, "output": {"choices": [{"message": {"content": [{"text": SAID["a"]}]}}]}},
        {"id": "b", "epoch": 1, "error": {"message": "out of time"}},
    ]
    file = tmp_path / "other.json"
    file.write_text(json.dumps({"eval": {"model": "some/model"}, "samples": samples}))
    found = rescore(read_run(file, suite, ""), suite)
    assert found.head.profile == "some/model"
    assert found.counts == {"scored": 1, "unscored": 0, "error": 1}
    assert _numbers(found) == [("coverage", 1.0, 1)]


def test_a_table_comes_back_and_a_plain_one_is_enough(run: Run, suite: Suite, tmp_path: Path) -> None:
    file = tmp_path / "run.csv"
    file.write_text(as_csv(run))
    assert _numbers(rescore(read_run(file, suite, "x"), suite)) == _numbers(run)
    file.write_text(f"case,said\na,{SAID['a']}\n")
    assert _numbers(rescore(read_run(file, suite, "x"), suite)) == [("coverage", 1.0, 1)]


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("x.json", "{", "is no JSON log"),
        ("x.json", "[]", "is no JSON log"),
        ("x.csv", "id,reply\n1,2\n", "expected case and said"),
        ("x.csv", "case,said\nzz,what\n", "has no case 'zz'"),
        ("x.csv", "case,answer\na,{oops\n", "line 2"),
    ],
)
def test_a_file_that_is_no_run_is_refused_in_plain_words(
    suite: Suite, tmp_path: Path, name: str, text: str, told: str
) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(SuiteError, match=told):
        read_run(tmp_path / name, suite, "")


def test_a_table_alone_does_not_say_its_suite(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("case,said\na,b\n")
    with pytest.raises(SuiteError, match="--suite"):
        read_run(tmp_path / "x.csv", None, "")
