import pytest

from evals.case import RetrievalCase
from evals.metrics import METRICS, Tools
from evals.subject import Answer, Found

CASE = RetrievalCase(id="r", query="q", relevant=("What is a net?", "abc123"))
NONE = RetrievalCase(id="n", query="q", unanswerable=True)


def _found(*names: str) -> Answer:
    return Answer(found=tuple(Found(card=name, question=name) for name in names), answerable=True)


def _value(name: str, answer: Answer, case: RetrievalCase = CASE) -> float | None:
    score = METRICS[name].score(case, answer, Tools())
    return score.value if score else None


def test_recall_counts_relevant_cards_by_question_or_id_out_of_those_that_fit() -> None:
    answer = _found("x", "what is  a NET?", "y", "abc123")
    assert [_value(f"recall@{k}", answer) for k in (1, 3, 5)] == [0, 0.5, 1]
    assert _value("recall@1", _found("abc123")) == 1


def test_ranks_and_gains_follow_the_first_places() -> None:
    assert _value("mrr", _found("x", "abc123")) == 0.5
    assert _value("ndcg", _found("abc123", "What is a net?")) == pytest.approx(1.0)
    assert _value("ndcg", _found("x", "abc123")) == pytest.approx(0.38685, abs=1e-4)
    assert _value("mrr", _found("x")) == _value("ndcg", Answer()) == 0


def test_two_cards_with_one_question_count_once() -> None:
    twice = Answer(found=(Found(card="1", question="What is a net?"), Found(card="2", question="What is a net?")))
    assert _value("recall@3", twice) == 0.5
    assert _value("ndcg", twice) is not None
    assert (_value("ndcg", twice) or 0) < 1


def test_unanswerable_queries_are_no_business_of_ranking() -> None:
    assert all(METRICS[name].score(NONE, _found("x"), Tools()) is None for name in ("recall@3", "mrr", "ndcg"))


def test_refusal_is_right_on_unanswerable_and_false_on_answerable_queries() -> None:
    assert _value("refusal", Answer(answerable=False), NONE) == 1
    assert _value("refusal", _found("x"), NONE) == 0
    assert _value("false_refusal", Answer(answerable=False)) == 1
    assert _value("false_refusal", _found("x")) == 0
    assert METRICS["refusal"].score(CASE, _found("x"), Tools()) is None
    unsaid = METRICS["refusal"].score(NONE, Answer(), Tools())
    assert unsaid
    assert unsaid.value is None
