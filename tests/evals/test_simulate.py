import numpy as np

from evals.simulate import covered, paired


def test_intervals_hold_the_truth_and_the_gate_gives_no_false_alarm() -> None:
    rng = np.random.default_rng(1)
    assert covered(50, 0.95, 0.0, 200, rng) > 0.93
    assert covered(50, 0.5, 0.1, 200, rng) > 0.91
    gain, _ = paired(0.06, 200, 200, rng)
    assert gain > 0.6
    assert paired(0.0, 200, 200, rng)[1] <= 0.05
