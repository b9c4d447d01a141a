"""The fitted numbers of `match.json`: measured features in, calibrated probabilities out.

Measures nothing and decides nothing; `python -m tutor.fit` makes the numbers.
"""

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class Model:
    """A fitted model: logistic regressions for a point and for an answer, and trees averaged with the latter."""

    spec: dict[str, Any]

    def points(self, rows: Floats) -> Floats:
        """Support for each row of point numbers."""
        return _sigmoid(_linear(self.spec["point"], rows))

    def against(self, rows: Floats) -> Floats:
        """The chance that each point is contradicted."""
        return _sigmoid(_linear(self.spec["against"], rows)) * (rows[:, 5] > 0)

    def some(self, row: Floats) -> float:
        """The calibrated chance that the answer is at least partly right."""
        return float(_sigmoid(_linear(self.spec["some"], row[None, :]))[0])

    def answer(self, row: Floats) -> float:
        """The calibrated chance that the answer would be accepted."""
        logit = (_linear(self.spec["answer"], row[None, :]) + forest(self.spec["trees"], row)) / 2
        return float(_sigmoid(logit)[0])


def _linear(spec: dict[str, Any], rows: Floats) -> Floats:
    chosen = rows[:, spec["columns"]]
    scaled = (chosen - np.array(spec["mean"])) / np.array(spec["scale"])
    result: Floats = np.clip(scaled, -4, 4) @ np.array(spec["weights"]) + spec["bias"]
    return result


def _sigmoid(x: Floats) -> Floats:
    result: Floats = 1 / (1 + np.exp(-np.clip(x, -30, 30)))
    return result


def forest(trees: dict[str, Any], row: Floats) -> float:
    """The sum over all trees for one row; every tree walks one step at a time, all trees together."""
    feature, threshold, left, right, value = (
        trees[name] for name in ("feature", "threshold", "left", "right", "value")
    )
    at = trees["roots"].copy()
    while True:
        inner = feature[at] >= 0
        if not inner.any():
            return float(value[at].sum())
        go = row[feature[at]] <= threshold[at]
        at = np.where(inner, np.where(go, left[at], right[at]), at)


def arrays(trees: dict[str, Any]) -> dict[str, Any]:
    """Trees as lists, the form they are kept in, in the form that `forest` walks."""
    fractions = ("threshold", "value")
    return {key: np.array(one, np.float64 if key in fractions else np.int64) for key, one in trees.items()}


@cache
def coefficients() -> dict[str, Model]:
    """The shipped models: `vectors` with the embedder, `words` without."""
    raw = json.loads(files(__package__).joinpath("match.json").read_text(encoding="utf-8"))
    return {name: Model({**spec, "trees": arrays(spec["trees"])}) for name, spec in raw["models"].items()}
