"""Score and Metric: the values every metric family is made of, and what a metric may lean on. Measures nothing."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from evals.case import Case, subjects_of
from evals.judge import Judge
from evals.subject import Answer

if TYPE_CHECKING:
    from tutor.match import Matcher

Array = NDArray[np.float64]
Statistic = Callable[[Array, Array], float]


@dataclass(frozen=True, kw_only=True, slots=True)
class Score:
    """What a metric says about one answer. No value means unscored, which is not wrong; the reason says why.

    `truth` is there for metrics that compare with people's marks over the whole run (kappa, correlation).
    """

    value: float | None
    reason: str
    truth: float | None = None

    def as_json(self) -> dict[str, Any]:
        """The fields that are set."""
        return {key: value for key, value in asdict(self).items() if value is not None or key == "value"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Tools:
    """What a metric may lean on beyond the case and the answer. Without them it does what exact words allow."""

    matcher: "Matcher | None" = None
    judge: Judge | None = None


Scorer = Callable[[Any, Answer, Tools], Score | None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Metric:
    """A named, versioned way to score; `score` gives None where the case is not its business.

    `statistic` turns the pairs (value, truth) of a whole run into one number; without it the number is the mean.
    """

    name: str
    subjects: tuple[str, ...]
    score: Scorer
    about: str
    version: int = 1
    better: Literal["high", "low", "none"] = "high"
    bounds: tuple[float, float] = (0.0, 1.0)
    statistic: Statistic | None = None


def score_all(metrics: Mapping[str, Metric], case: Case, answer: Answer, tools: Tools) -> dict[str, Score]:
    """The scores of one answer by every metric whose business the case is."""
    scores = {}
    for name, metric in metrics.items():
        score = metric.score(case, answer, tools) if subjects_of(case) & set(metric.subjects) else None
        if score is not None:
            scores[name] = score
    return scores
