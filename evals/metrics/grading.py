"""How near the tutor's marks are to people's: agreement, kappa, correlation, error, leniency, how often settled.

Kappa, correlation and error are numbers of a whole run; the others are means of cases.
"""

import math
from collections.abc import Callable

import numpy as np

from evals.case import GradingCase
from evals.metrics.score import Array, Metric, Score, Tools
from evals.subject import Answer

STEPS = 4


def _pair(case: GradingCase, answer: Answer, value: Callable[[float], float] = lambda mark: mark) -> Score:
    if answer.score is None:
        return Score(value=None, reason="nobody could grade it", truth=case.score)
    shown = f"{answer.score:.2f} against {case.score:.2f} from people"
    return Score(value=value(answer.score), reason=shown, truth=case.score)


def mark(case: GradingCase, answer: Answer, tools: Tools) -> Score | None:
    """The mark itself, with people's as the truth; the statistics of a whole run are made of these."""
    return _pair(case, answer)


def agreement(case: GradingCase, answer: Answer, tools: Tools) -> Score | None:
    """1 less the distance between the two marks."""
    return _pair(case, answer, lambda mark: 1 - abs(mark - case.score))


def leniency(case: GradingCase, answer: Answer, tools: Tools) -> Score | None:
    """The tutor's mark less people's: above 0 is too kind, below 0 too strict."""
    return _pair(case, answer, lambda mark: mark - case.score)


def false_full_marks(case: GradingCase, answer: Answer, tools: Tools) -> Score | None:
    """On answers that people gave at most half: 1 where the tutor gives full marks and is sure of it."""
    if case.score > 0.5:
        return None
    return _pair(case, answer, lambda mark: float(mark >= 0.9 and answer.settled is not False))


def settled_rate(case: GradingCase, answer: Answer, tools: Tools) -> Score | None:
    """1 where the tutor is sure of its mark and does not ask the learner."""
    return Score(value=float(bool(answer.settled)), reason="settled" if answer.settled else "left to the learner")


def settled_accuracy(case: GradingCase, answer: Answer, tools: Tools) -> Score | None:
    """Among settled marks: 1 where it is within a quarter of people's."""
    if not answer.settled:
        return None
    return _pair(case, answer, lambda mark: float(abs(mark - case.score) <= 0.25 + 1e-9))


def middle_agreement(case: GradingCase, answer: Answer, tools: Tools) -> Score | None:
    """Agreement on answers that people found neither right nor wrong (0.25 to 0.75)."""
    return agreement(case, answer, tools) if 0.25 <= case.score <= 0.75 else None


def kappa(marks: Array, truths: Array) -> float:
    """Cohen's kappa with quadratic weights on marks in quarters (0, 1/4, 1/2, 3/4, 1); nan without any spread."""
    x, y = np.round(marks * STEPS) / STEPS, np.round(truths * STEPS) / STEPS
    chance = x.var() + y.var() + (x.mean() - y.mean()) ** 2
    return math.nan if chance == 0 else float(1 - np.square(x - y).mean() / chance)


def pearson(marks: Array, truths: Array) -> float:
    """Pearson's correlation; nan where one side has no spread."""
    spread = marks.std() * truths.std()
    if spread < 1e-12:
        return math.nan
    return float(((marks - marks.mean()) * (truths - truths.mean())).mean() / spread)


def rmse(marks: Array, truths: Array) -> float:
    """The root of the mean squared distance."""
    return float(np.sqrt(np.square(marks - truths).mean()))


_ON = ("grading",)
METRICS = (
    Metric(
        name="qwk",
        subjects=_ON,
        score=mark,
        statistic=kappa,
        about="quadratic weighted kappa, in quarters",
        bounds=(-1.0, 1.0),
    ),
    Metric(
        name="pearson",
        subjects=_ON,
        score=mark,
        statistic=pearson,
        about="correlation with people's marks",
        bounds=(-1.0, 1.0),
    ),
    Metric(name="rmse", subjects=_ON, score=mark, statistic=rmse, about="root mean squared error", better="low"),
    Metric(name="agreement", subjects=_ON, score=agreement, about="1 less the distance of the marks"),
    Metric(name="middle_agreement", subjects=_ON, score=middle_agreement, about="agreement on half-right answers"),
    Metric(
        name="leniency",
        subjects=_ON,
        score=leniency,
        about="the tutor's mark less people's",
        bounds=(-1.0, 1.0),
        better="none",
    ),
    Metric(
        name="false_full_marks", subjects=_ON, score=false_full_marks, about="full marks for poor answers", better="low"
    ),
    Metric(name="settled_rate", subjects=_ON, score=settled_rate, about="marks the tutor is sure of"),
    Metric(name="settled_accuracy", subjects=_ON, score=settled_accuracy, about="sure marks within a quarter"),
)
