import math

import numpy as np
import pytest
from scipy import stats as scipy_stats

from evals import stats
from evals.metrics.grading import kappa


def test_wilson_and_exact_are_those_of_scipy() -> None:
    for successes, n in ((0, 10), (3, 10), (49, 50), (50, 50)):
        reference = scipy_stats.binomtest(successes, n)
        wilson = reference.proportion_ci(method="wilson")
        exact = reference.proportion_ci(method="exact")
        assert stats.wilson(successes, n) == pytest.approx((wilson.low, wilson.high), abs=1e-9)
        assert stats.exact(successes, n) == pytest.approx((exact.low, exact.high), abs=1e-9)


@pytest.mark.parametrize("n", [30, 50, 200])
@pytest.mark.parametrize("share", [0.5, 0.95, 0.98])
@pytest.mark.parametrize("size", [1, 5])
def test_intervals_cover_the_truth_in_simulated_runs(n: int, share: float, size: int) -> None:
    rng = np.random.default_rng(11)
    names = [str(place // size) for place in range(n)]
    a, b = share * 9, (1 - share) * 9  # intraclass correlation .1
    rounds, hits = 600, 0
    for _ in range(rounds):
        chance = np.repeat(rng.beta(a, b, n // size), size) if size > 1 else np.full(n, share)
        found = stats.mean((rng.random(n) < chance).astype(float), names)
        hits += found.low <= share <= found.high
    assert hits / rounds >= 0.94 - 2 * math.sqrt(0.94 * 0.06 / rounds) * 0.5


def test_no_interval_has_zero_width() -> None:
    for values in ([1.0] * 20, [0.0] * 20, [0.5] * 20, [1.0]):
        found = stats.mean(values)
        assert found.high - found.low > 0.01
        assert found.low <= found.value <= found.high
    found = stats.mean([3.0] * 5, bounds=None)
    assert found.low < 3 < found.high
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


def test_a_gain_of_six_points_is_found_and_no_gain_is_not() -> None:
    rng = np.random.default_rng(3)
    rounds, found, false = 600, 0, 0
    for _ in range(rounds):
        draw = rng.random(200)
        found += stats.paired(draw >= 0.09, (draw < 0.09) | (draw >= 0.12)).low > 0
        false += stats.paired(draw >= 0.06, (draw < 0.06) | (draw >= 0.12)).high < 0
    assert found / rounds >= 0.60
    assert false / rounds <= 0.05


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
