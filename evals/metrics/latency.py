"""How long the learner waits: for the whole answer, and for the first words of it. Seconds, cut off at a minute."""

from evals.case import Case
from evals.metrics.score import Metric, Score, Tools
from evals.subject import Answer

MOST = 60.0


def seconds(case: Case, answer: Answer, tools: Tools) -> Score | None:
    """Seconds until the answer was whole."""
    return Score(value=min(answer.seconds, MOST), reason=f"{answer.seconds:.3f} s in all")


def first_words(case: Case, answer: Answer, tools: Tools) -> Score | None:
    """Seconds until the first words could be read."""
    if answer.first_seconds is None:
        return Score(value=None, reason="nothing was streamed")
    return Score(value=min(answer.first_seconds, MOST), reason=f"{answer.first_seconds:.3f} s to the first words")


_ALL = ("retrieval", "answer", "grading", "dialogue")
METRICS = (
    Metric(
        name="seconds",
        subjects=_ALL,
        score=seconds,
        about="seconds for the whole answer",
        better="low",
        bounds=(0.0, MOST),
    ),
    Metric(
        name="first_words",
        subjects=("answer",),
        score=first_words,
        about="seconds to the first words",
        better="low",
        bounds=(0.0, MOST),
    ),
)
