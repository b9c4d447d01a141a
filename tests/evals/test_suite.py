from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from corpus.card import text_key
from corpus.read import bundled_decks, read_decks
from evals.case import AnswerCase, GradingCase, RetrievalCase, SuiteError
from evals.metrics import FITS
from evals.suite import bundled_suites, find_suite, load_suite, load_suites

Cases = list[dict[str, Any]]


def test_a_suite_anywhere_on_disk_is_loaded_with_its_cases(make_suite: Callable[..., Path], queries: Cases) -> None:
    suite = load_suite(make_suite(queries), metrics=FITS)
    assert (suite.name, suite.primary, len(suite.cases)) == ("small", "recall@1", 25)


def test_all_faults_of_a_suite_are_told_with_their_lines(make_suite: Callable[..., Path], queries: Cases) -> None:
    path = make_suite([*queries, {"id": "bad"}], more='marign = 1\ncoverge = 2\nhard = "x"\n')
    with pytest.raises(SuiteError) as caught:
        load_suite(path, metrics=FITS)
    told = str(caught.value)
    assert f"{path} line 9: `marign` is not known; did you mean `margin`?" in told
    assert "line 10: `coverge` is not known" in told
    assert "line 11: `hard` is 'x', expected a list of texts" in told
    assert "small.jsonl line 26: `query` is missing" in told


def test_unknown_metrics_subjects_and_margins_are_refused(make_suite: Callable[..., Path], queries: Cases) -> None:
    path = make_suite(queries, metrics=("recall@1", "qwk"), primary="recal@1", more='hard = ["mrr"]\n')
    with pytest.raises(SuiteError) as caught:
        load_suite(path, metrics=FITS)
    assert "there is no metric 'qwk' for retrieval" in str(caught.value)
    assert "primary names 'recal@1', which is not among the metrics" in str(caught.value)
    assert "hard names 'mrr'" in str(caught.value)
    path.write_text(path.read_text().replace("retrieval", "telepathy").replace("0.05", "5"))
    with pytest.raises(SuiteError, match=r"(?s)subject is 'telepathy'.*margin is 5"):
        load_suite(path, metrics=FITS)
    path.write_text("name = ")
    with pytest.raises(SuiteError, match="not TOML"):
        load_suite(path)


def test_a_name_that_is_no_suite_gets_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(SuiteError, match="did you mean retrieval"):
        find_suite("retreival")
    with pytest.raises(SuiteError, match="no such suite file"):
        find_suite(tmp_path / "none.toml")
    with pytest.raises(SuiteError, match=r"(?s)retreival.*telepathy"):
        load_suites(["retreival", "telepathy"])


def test_the_fingerprint_changes_with_cases_and_rules_and_not_with_lines(
    make_suite: Callable[..., Path], queries: Cases
) -> None:
    path = make_suite(queries)
    first = load_suite(path).fingerprint
    file = path.with_suffix(".jsonl")
    file.write_text("\n\n" + file.read_text())
    assert load_suite(path).fingerprint == first
    path.write_text(path.read_text().replace("0.05", "0.04"))
    second = load_suite(path).fingerprint
    file.write_text(file.read_text().replace("query 3", "query three"))
    assert len({first, second, load_suite(path).fingerprint}) == 3


def test_a_suite_is_cut_by_tag_by_id_and_evenly(make_suite: Callable[..., Path], queries: Cases) -> None:
    suite = load_suite(make_suite(queries))
    assert len(suite.select(tags=["odd"]).cases) == 10
    assert [case.id for case in suite.select(ids=["q03"]).cases] == ["q03"]
    assert [case.id for case in suite.select(limit=5).cases] == ["q00", "q05", "q10", "q15", "none0"]
    with pytest.raises(SuiteError, match="no case with the tags prime"):
        load_suites([str(suite.path)], tags=["prime"])


def test_bundled_suites_are_sound_and_name_cards_that_exist() -> None:
    questions = {text_key(card.question) for deck in read_decks(bundled_decks()) for card in deck.cards}
    names = {path.stem for path in bundled_suites()}
    assert {"retrieval", "answers", "grading"} <= names
    for name in names:
        for case in load_suite(name, metrics=FITS).cases:
            named: tuple[str, ...] = ()
            if isinstance(case, RetrievalCase):
                named = case.relevant
            elif isinstance(case, AnswerCase):
                named = case.cards
            elif isinstance(case, GradingCase):
                named = (case.question,)
            for question in named:
                assert text_key(question) in questions, f"{name} {case.id}: {question}"


def test_bundled_suites_are_large_enough_to_mean_something() -> None:
    retrieval = load_suite("retrieval").cases
    assert sum("learner" in case.tags for case in retrieval) >= 60
    assert sum("keyword" in case.tags for case in retrieval) >= 30
    assert sum("unanswerable" in case.tags for case in retrieval) >= 20
    assert len(load_suite("answers").cases) >= 60
    assert len(load_suite("grading").cases) >= 120
