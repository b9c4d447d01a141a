from collections.abc import Callable
from pathlib import Path

from evals.lint import lint
from evals.metrics import FITS
from evals.suite import bundled_suites, load_suite

Make = Callable[..., Path]


def test_doubled_and_leaking_queries_are_found(make_suite: Make) -> None:
    cases = [
        {"id": "a", "query": "what is a net", "relevant": ["What is a net?"]},
        {"id": "b", "query": "What is  a net", "relevant": ["What is a net?"]},
        {"id": "c", "query": "What is a net?", "relevant": ["What is a net?"], "tags": ["learner"]},
    ]
    found = lint(load_suite(make_suite(cases)))
    assert [(finding.case, finding.kind) for finding in found] == [("b", "double"), ("c", "leak")]
    assert "same as a on line 1" in found[0].message


def test_references_that_leak_or_forbid_themselves_are_found(make_suite: Make) -> None:
    cases = [
        {"id": "a", "question": "is it a loop of gates?", "reference": "a loop of gates"},
        {"id": "b", "question": "what?", "reference": "it is red", "must_not": ["is red"]},
        {"id": "c", "question": "who?", "unanswerable": True},
    ]
    found = lint(load_suite(make_suite(cases, subject="answer", metrics=("coverage",))))
    assert [(finding.case, finding.kind) for finding in found] == [("a", "leak"), ("b", "contradiction")]


def test_the_same_answer_with_two_marks_is_a_contradiction(make_suite: Make) -> None:
    same = {"question": "why?", "reference": "because of it"}
    cases = [
        {"id": "a", **same, "answer": "so", "score": 0.0},
        {"id": "b", **same, "answer": "So", "score": 0.5},
        {"id": "c", **same, "answer": "so", "score": 0.0},
        {"id": "d", **same, "answer": "because of it", "score": 0.5},
    ]
    found = lint(load_suite(make_suite(cases, subject="grading", metrics=("qwk",))))
    assert [(f.case, f.kind) for f in found] == [("b", "contradiction"), ("c", "double"), ("d", "contradiction")]


def test_bundled_suites_have_no_finding() -> None:
    for path in bundled_suites():
        assert lint(load_suite(path, metrics=FITS)) == ()
