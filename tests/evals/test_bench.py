import numpy as np

from evals.bench import Dice, Figure, _run_bare, _run_harness
from evals.echo import echo


def test_the_free_embedder_gives_the_same_unit_row_for_the_same_text() -> None:
    rows = Dice().embed(["one", "two", "one"])
    assert rows.shape == (3, 384)
    assert np.allclose(np.linalg.norm(rows, axis=1), 1)
    assert np.array_equal(rows[0], rows[2])
    assert not np.array_equal(rows[0], rows[1])


def test_harness_and_bare_loop_make_the_same_calls_to_the_echo() -> None:
    with echo(tokens=4) as url:
        assert _run_harness(url, 6, 3) > 1
        assert _run_bare(url, 6, 3) > 1


def test_a_figure_without_a_rival_has_no_ratio() -> None:
    assert Figure(name="x", value=1.0, unit="ms").ratio is None
