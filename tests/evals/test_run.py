import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evals import run_suite
from evals.case import Case, SubjectError
from evals.log import Log, read_log
from evals.metrics import Score
from evals.result import Result, Run
from evals.run import rescore, run_cases, unsettled
from evals.subject import Answer, Scripted
from evals.suite import load_suite
from evals.summary import summarise

Cases = list[dict[str, Any]]
Right = dict[str, Answer]
Make = Callable[..., Path]


def _value(run: Run, metric: str) -> float | None:
    found = next(each for each in summarise(run) if each.metric == metric).estimate
    return found.value if found else None


def test_a_perfect_subject_gets_perfect_numbers(make_suite: Make, queries: Cases, right: Right) -> None:
    run = run_suite(make_suite(queries), subject=Scripted(right))
    assert run.counts == {"scored": 25, "unscored": 0, "error": 0}
    assert run.complete
    numbers = {each.metric: each for each in summarise(run)}
    assert [_value(run, name) for name in ("recall@1", "mrr", "refusal", "false_refusal")] == [1, 1, 1, 0]
    assert (numbers["recall@1"].scored, numbers["refusal"].scored) == (20, 5)
    assert all(each.estimate and each.estimate.low < each.estimate.high for each in numbers.values())


def test_errors_unscored_and_scored_add_up(make_suite: Make, queries: Cases, right: Right) -> None:
    script: dict[str, Answer | Exception] = {**right}
    script["q00"] = SubjectError("the model is away")
    script["q01"] = ZeroDivisionError("oops")
    script["none0"] = Answer(answerable=None)
    run = run_suite(make_suite(queries), subject=Scripted(script))
    assert run.counts == {"scored": 22, "unscored": 1, "error": 2}
    errors = {result.case: result.error for result in run.results if result.status == "error"}
    assert errors == {"q00": "the model is away", "q01": "ZeroDivisionError: oops"}
    recall = next(each for each in summarise(run) if each.metric == "recall@1")
    assert (recall.scored, recall.errors, recall.estimate and recall.estimate.n) == (18, 2, 18)


def test_cases_run_at_once(make_suite: Make, queries: Cases, right: Right) -> None:
    started = time.perf_counter()
    run_suite(make_suite(queries), subject=Scripted(right, delay=0.1), workers=25)
    assert time.perf_counter() - started < 1.5


def test_a_killed_run_goes_on_without_repeating_a_case(
    make_suite: Make, queries: Cases, right: Right, tmp_path: Path
) -> None:
    path, folder = make_suite(queries), tmp_path / "runs"
    whole = run_suite(path, subject=Scripted(right), journal=Log(folder))
    file = Path(whole.log)
    lines = file.read_text().splitlines(keepends=True)
    file.write_text("".join(lines[:11]) + lines[11][:20])
    subject = Scripted(right)
    again = run_suite(path, subject=subject, journal=Log(folder))
    assert again.log == str(file)
    assert len(subject.asked) == 15
    assert len(set(subject.asked) | {result.case for result in again.results}) == 25
    assert read_log(file).counts == {"scored": 25, "unscored": 0, "error": 0}


def test_a_finished_run_is_left_alone_and_a_changed_one_gets_its_own_log(
    make_suite: Make, queries: Cases, right: Right, tmp_path: Path
) -> None:
    folder = tmp_path / "runs"
    first = run_suite(make_suite(queries), subject=Scripted(right), journal=Log(folder))
    second = run_suite(make_suite(queries), subject=Scripted(right), journal=Log(folder))
    third = run_suite(make_suite(queries[:-1]), subject=Scripted(right), journal=Log(folder))
    assert len({first.log, second.log, third.log}) == 3
    assert first.head.id == second.head.id != third.head.id


def test_repeats_are_averaged_within_a_case(make_suite: Make, queries: Cases, right: Right) -> None:
    seen: list[str] = []

    def flaky(case: Case) -> Answer:
        seen.append(case.id)
        good = case.id != "q00" or seen.count("q00") == 1
        return right[case.id] if good else Answer(answerable=True)

    run = run_suite(make_suite(queries), subject=Scripted(flaky), repeats=2, workers=1)
    assert len(run.results) == 50
    found = next(each for each in summarise(run) if each.metric == "recall@1").estimate
    assert found
    assert (found.n, found.value) == (20, pytest.approx(39 / 40))


def test_two_subjects_take_turns(make_suite: Make, queries: Cases, right: Right) -> None:
    order: list[str] = []

    def noting(name: str) -> Scripted:
        def answer(case: Case) -> Answer:
            order.append(name)
            return right[case.id]

        return Scripted(answer, name=name)

    runs = run_cases(load_suite(make_suite(queries)), [noting("a"), noting("b")], workers=1)
    assert order == ["a", "b"] * 25
    assert [run.head.profile for run in runs] == ["a", "b"]


def test_a_busy_server_gets_fewer_calls_at_once_and_no_case_is_lost(
    make_suite: Make, queries: Cases, right: Right
) -> None:
    lock, active, most, refused = threading.Lock(), 0, 0, 0

    def answer(case: Case) -> Answer:
        nonlocal active, most, refused
        with lock:
            active += 1
            over, most = active > 4, max(most, active)
        try:
            if over:
                refused += 1
                raise SubjectError("busy", busy=True, retry_after=0.02)
            time.sleep(0.02)
            return right[case.id]
        finally:
            with lock:
                active -= 1

    run = run_suite(make_suite(queries), subject=Scripted(answer), workers=16)
    assert run.counts["scored"] == 25
    assert 0 < refused < 40


def test_results_are_told_as_they_come(make_suite: Make, queries: Cases, right: Right) -> None:
    told: list[str] = []
    run_suite(make_suite(queries), subject=Scripted(right), on_result=lambda run, result: told.append(result.case))
    assert len(told) == 25


def test_an_interrupt_leaves_what_was_done_in_the_log(
    make_suite: Make, queries: Cases, right: Right, tmp_path: Path
) -> None:
    def stop(run: Run, result: Result) -> None:
        raise KeyboardInterrupt

    log = Log(tmp_path / "runs")
    with pytest.raises(KeyboardInterrupt):
        run_suite(make_suite(queries), subject=Scripted(right, delay=0.01), journal=log, on_result=stop, workers=2)
    assert 1 <= len(read_log(Path(log.where)).results) < 25


def test_stored_answers_are_scored_again_by_changed_cases(make_suite: Make, queries: Cases, right: Right) -> None:
    path = make_suite(queries)
    run = run_suite(path, subject=Scripted(right))
    file = path.with_suffix(".jsonl")
    file.write_text(file.read_text().replace('"card 0"', '"another card"'))
    again = rescore(run, load_suite(path))
    assert _value(again, "recall@1") == pytest.approx(0.95)
    assert [result.answer for result in again.results] == [result.answer for result in run.results]
    stale = replace(run, results=(replace(run.results[0], scores={"recall@1": Score(value=0, reason="old")}),))
    assert rescore(stale, load_suite(path)).results[0].scores["mrr"].value is not None


def test_only_what_changed_is_scored_again(make_suite: Make, queries: Cases, right: Right) -> None:
    path = make_suite(queries)
    run = run_suite(path, subject=Scripted(right))
    marked = replace(run, results=tuple(_marked(result) for result in run.results))
    file = path.with_suffix(".jsonl")
    file.write_text(file.read_text().replace('"card 0"', '"another card"'))
    again = {result.case: result.scores for result in rescore(marked, load_suite(path)).results}
    assert again["q01"]["mrr"].reason == "kept"
    assert again["q00"]["mrr"].reason != "kept"
    fresh = rescore(marked, load_suite(path), fresh=True)
    assert not any(score.reason == "kept" for result in fresh.results for score in result.scores.values())
    older = replace(marked, head=replace(run.head, metrics={**run.head.metrics, "mrr": 0}))
    scores = next(result.scores for result in rescore(older, load_suite(path)).results if result.case == "q01")
    assert {name for name, score in scores.items() if score.reason != "kept"} <= {"mrr"}
    assert unsettled(older, load_suite(path))


def _marked(result: Result) -> Result:
    return replace(result, scores={name: replace(score, reason="kept") for name, score in result.scores.items()})


def test_a_thousand_cases_take_less_than_three_seconds(make_suite: Make, tmp_path: Path) -> None:
    cases = [{"id": f"q{n}", "query": f"query {n}", "relevant": [f"card {n}"]} for n in range(1000)]
    path = make_suite(cases)
    started = time.perf_counter()
    run = run_suite(path, subject=Scripted(lambda case: Answer(answerable=True)), journal=Log(tmp_path / "runs"))
    summarise(run)
    assert time.perf_counter() - started < 3
