import math

import numpy as np
import pytest
from scipy import stats as scipy_stats

from evals.case import GradingCase
from evals.metrics import METRICS, Score, Tools
from evals.metrics.grading import kappa, pearson, rmse
from evals.subject import Answer


def _score(name: str, mark: float | None, people: float, *, settled: bool = True) -> Score | None:
    case = GradingCase(id="g", question="q", reference="r", answer="a", score=people)
    return METRICS[name].score(case, Answer(score=mark, settled=settled), Tools())


def _value(name: str, mark: float | None, people: float, *, settled: bool = True) -> float | None:
    score = _score(name, mark, people, settled=settled)
    return score.value if score else None


def test_agreement_and_leniency_are_signed_distances() -> None:
    assert _value("agreement", 0.75, 0.5) == 0.75
    assert _value("leniency", 0.75, 0.5) == 0.25
    assert _value("leniency", 0.25, 0.5) == -0.25
    assert _value("middle_agreement", 1.0, 0.5) == 0.5
    assert _score("middle_agreement", 1.0, 1.0) is None


def test_full_marks_for_a_poor_answer_count_only_when_sure() -> None:
    assert _value("false_full_marks", 1.0, 0.25) == 1
    assert _value("false_full_marks", 1.0, 0.25, settled=False) == 0
    assert _score("false_full_marks", 1.0, 1.0) is None


def test_settled_accuracy_looks_at_settled_marks_only() -> None:
    assert _value("settled_accuracy", 0.75, 1.0) == 1
    assert _value("settled_accuracy", 0.5, 1.0) == 0
    assert _score("settled_accuracy", 0.5, 1.0, settled=False) is None
    assert _value("settled_rate", 0.5, 1.0, settled=False) == 0


def test_an_ungraded_answer_is_unscored_and_not_wrong() -> None:
    for name in ("qwk", "agreement", "leniency", "false_full_marks"):
        score = _score(name, None, 0.25)
        assert score
        assert score.value is None


def _kappa_by_table(x: list[int], y: list[int], steps: int) -> float:
    """Quadratic weighted kappa as it is defined, from the confusion table."""
    observed = np.zeros((steps, steps))
    for a, b in zip(x, y, strict=True):
        observed[a, b] += 1
    weights = np.array([[(a - b) ** 2 for b in range(steps)] for a in range(steps)])
    expected = np.outer(observed.sum(1), observed.sum(0)) / observed.sum()
    return float(1 - (weights * observed).sum() / (weights * expected).sum())


def test_kappa_is_that_of_the_confusion_table() -> None:
    rng = np.random.default_rng(5)
    x, y = rng.integers(0, 5, 80), rng.integers(0, 5, 80)
    assert kappa(x / 4, y / 4) == pytest.approx(_kappa_by_table(x.tolist(), y.tolist(), 5))
    assert kappa(x / 4, x / 4) == 1.0
    assert math.isnan(kappa(np.ones(3), np.ones(3)))


def test_correlation_and_error_are_those_of_scipy() -> None:
    rng = np.random.default_rng(6)
    x, y = rng.random(40), rng.random(40)
    assert pearson(x, y) == pytest.approx(scipy_stats.pearsonr(x, y).statistic)
    assert rmse(x, y) == pytest.approx(math.sqrt(((x - y) ** 2).mean()))
    assert math.isnan(pearson(np.ones(4), y[:4]))
