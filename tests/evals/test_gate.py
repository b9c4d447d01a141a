from collections.abc import Callable, Set
from dataclasses import replace
from pathlib import Path

import pytest

from evals import run_suite
from evals.case import SuiteError
from evals.compare import compare
from evals.gate import gate, gate_at_least
from evals.report import as_data, comparison_markdown, markdown
from evals.result import Run
from evals.subject import Answer, Found, Scripted

Runner = Callable[..., Run]


@pytest.fixture
def run_of(make_suite: Callable[..., Path]) -> Runner:
    """A run over 200 queries on which those in `wrong` go wrong."""
    cases = [{"id": f"q{n}", "query": f"query {n}", "relevant": [f"card {n}"]} for n in range(200)]

    def run(wrong: Set[int], errors: Set[int] = frozenset(), more: str = "") -> Run:
        script: dict[str, Answer | Exception] = {}
        for n in range(200):
            question = "another" if n in wrong else f"card {n}"
            script[f"q{n}"] = Answer(found=(Found(card="", question=question),), answerable=True)
            if n in errors:
                script[f"q{n}"] = ValueError("away")
        return run_suite(make_suite(cases, more=more), subject=Scripted(script))

    return run


def test_the_same_answers_pass(run_of: Runner) -> None:
    wrong = set(range(20))
    found = gate(run_of(wrong), run_of(wrong))
    assert (found.outcome, found.exit_code) == ("pass", 0)


def test_a_clear_loss_fails_and_says_what_flipped(run_of: Runner) -> None:
    before, after = run_of(set()), run_of(set(range(30)))
    found = gate(after, before)
    assert (found.outcome, found.exit_code) == ("fail", 1)
    change = compare(before, after).of("recall@1")
    assert change
    assert (change.better, change.worse) == (0, 30)
    assert change.p < 1e-6
    assert change.change.value == pytest.approx(-0.15)
    assert len(compare(before, after).flips) == 30


def test_a_loss_near_the_margin_is_inconclusive_and_says_how_many_cases_it_needs(run_of: Runner) -> None:
    found = gate(run_of(set(range(8))), run_of(set()))
    assert (found.outcome, found.exit_code) == ("inconclusive", 4)
    assert found.more > 50
    assert f"{found.more} more cases" in found.reasons[0]


def test_too_many_errors_cannot_be_judged(run_of: Runner) -> None:
    found = gate(run_of(set(), errors=set(range(30))), run_of(set()))
    assert (found.outcome, found.exit_code) == ("cannot judge", 3)
    assert "30 errors" in found.reasons[0]


def test_an_unfinished_run_cannot_be_judged(run_of: Runner) -> None:
    run = run_of(set())
    found = gate(replace(run, results=run.results[:100]), run)
    assert found.outcome == "cannot judge"
    assert "100 of 200" in found.reasons[0]


def test_one_new_failure_of_a_hard_metric_fails(run_of: Runner) -> None:
    hard = 'hard = ["recall@1"]\n'
    found = gate(run_of({0, 1}, more=hard), run_of({0}, more=hard))
    assert found.outcome == "fail"
    assert "newly fails on q1" in found.reasons[0]


def test_a_run_alone_is_held_against_a_number(run_of: Runner) -> None:
    run = run_of(set(range(20)))
    assert gate_at_least(run, 0.8).outcome == "pass"
    assert gate_at_least(run, 0.97).outcome == "fail"
    assert gate_at_least(run, 0.9).outcome == "inconclusive"


def test_runs_of_two_suites_are_not_compared(run_of: Runner, make_suite: Callable[..., Path]) -> None:
    cases = [{"id": "q", "query": "q", "relevant": ["c"]}]
    other = run_suite(make_suite(cases, name="other"), subject=Scripted({}))
    with pytest.raises(SuiteError, match="compare two runs of one suite"):
        compare(run_of(set()), other)


def test_a_changed_suite_is_warned_about_and_only_shared_cases_count(run_of: Runner) -> None:
    before, after = run_of(set()), run_of({1})
    after = replace(after, head=replace(after.head, fingerprint="changed", judge="other"), results=after.results[:50])
    found = compare(before, after)
    assert len(found.warnings) == 2
    change = found.of("recall@1")
    assert change
    assert change.change.n == 50


def test_reports_hold_numbers_with_intervals_slices_and_the_worst_cases(run_of: Runner) -> None:
    run = run_of({7}, errors={3})
    page = markdown(run)
    assert "| recall@1 | 0.995 [0.972, 1.000] | 199 | 0 | 1 |" in page
    assert "**q7** recall@1 0.00: query 7" in page
    assert "`q3`: ValueError: away" in page
    assert "With the 1 that have no recall@1: between 0.990 and 0.995." in page
    assert "prompts: " in page
    data = as_data(run)
    assert data["counts"] == {"scored": 199, "unscored": 0, "error": 1}
    page = comparison_markdown(compare(run_of(set()), run))
    assert "| recall@1 | 1.000 | 0.995 |" in page
    assert "before: card 7" in page
    assert "after: another" in page


def test_a_hard_failure_fails_the_gate_also_without_a_baseline(run_of: Runner) -> None:
    run = run_of({3}, more='hard = ["recall@1"]\n')
    found = gate_at_least(run, 0.5)
    assert (found.outcome, found.exit_code) == ("fail", 1)
    assert found.reasons[0].startswith("recall@1 fails on q3; at most")
    assert gate_at_least(run_of({3}), 0.5).outcome == "pass"
