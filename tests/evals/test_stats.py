import numpy as np
import pytest
from scipy import stats as scipy_stats

from evals import stats
from evals.metrics.grading import kappa


def test_exact_is_that_of_scipy() -> None:
    for successes, n in ((0, 10), (3, 10), (49, 50), (50, 50)):
        reference = scipy_stats.binomtest(successes, n).proportion_ci(method="exact")
        assert stats.exact(successes, n) == pytest.approx((reference.low, reference.high), abs=1e-9)


def test_no_interval_has_zero_width() -> None:
    for values in ([1.0] * 20, [0.0] * 20, [0.5] * 20, [1.0]):
        found = stats.mean(values)
        assert found.high - found.low > 0.01
        assert found.low <= found.value <= found.high
    found = stats.paired([1.0] * 30, [1.0] * 30)
    assert found.low < 0 < found.high
    found = stats.paired([0.2] * 30, [0.3] * 30)
    assert found.low < 0.1 < found.high
    marks = np.linspace(0, 1, 12)
    found = stats.resample(kappa, marks, marks, [str(n) for n in range(12)])
    assert found.low < found.value == 1.0
    found = stats.resample_difference(kappa, marks, marks, marks, [str(n) for n in range(12)])
    assert found.low < 0 < found.high


def test_clusters_that_agree_within_widen_the_interval() -> None:
    values = [1.0] * 40 + [0.0] * 10
    alone = stats.mean(values)
    together = stats.mean(values, [str(place // 10) for place in range(50)])
    assert together.high - together.low > 1.5 * (alone.high - alone.low)
    assert (alone.clusters, together.clusters) == (50, 5)


def test_mcnemar_is_exact_and_symmetric() -> None:
    assert stats.mcnemar(0, 0) == 1.0
    assert stats.mcnemar(5, 0) == pytest.approx(2 * 0.5**5)
    assert stats.mcnemar(3, 9) == stats.mcnemar(9, 3)


def test_signs_are_flipped_fairly() -> None:
    assert stats.sign_flip([0.0, 0.0]) == 1.0
    assert stats.sign_flip([0.1] * 12) < 0.01
    assert stats.sign_flip([0.5, -0.5, 0.25, -0.25]) > 0.9


def test_holm_is_between_nothing_and_bonferroni() -> None:
    adjusted = stats.holm({"a": 0.01, "b": 0.04, "c": 0.03})
    assert adjusted == pytest.approx({"a": 0.03, "b": 0.06, "c": 0.06})


def test_more_cases_detect_less() -> None:
    assert stats.detectable(100) > stats.detectable(400) > 0.02
    assert stats.detectable(3) == 0.12
    assert 0.6 < stats.power(0.06, 200) < 0.8


def test_unscored_cases_open_the_bounds() -> None:
    assert stats.unscored_bounds([1.0, 1.0], 2, (0.0, 1.0)) == (0.5, 1.0)
