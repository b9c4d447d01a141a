import math

import numpy as np
import pytest

from evals.simulate import ICC, NUMBERS, SHARES, covered, paired

RUNS = 600


@pytest.mark.parametrize("n", NUMBERS)
@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("icc", [0.0, ICC])
def test_intervals_cover_the_truth_in_simulated_runs(n: int, share: float, icc: float) -> None:
    found = covered(n, share, icc, RUNS, np.random.default_rng(11))
    assert found >= 0.94 - 2 * math.sqrt(0.94 * 0.06 / RUNS) * 0.5


def test_a_gain_of_six_points_is_found_and_no_gain_is_not() -> None:
    rng = np.random.default_rng(3)
    assert paired(0.06, 200, RUNS, rng)[0] >= 0.60
    alarms, failed = paired(0.0, 200, RUNS, rng)
    assert alarms <= 0.05
    assert failed <= 0.05
