"""Whether "nothing in the decks answers this" is said when it is true, and only then. No model needed."""

from evals.case import AnswerCase, RetrievalCase
from evals.metrics.score import Metric, Score, Tools
from evals.subject import Answer


def _said(case: AnswerCase | RetrievalCase, answer: Answer, *, wanted: bool) -> Score | None:
    if case.unanswerable is not wanted:
        return None
    if answer.answerable is None:
        return Score(value=None, reason="the subject did not say whether the decks answer it")
    first = f"; first was {answer.found[0].question!r}" if answer.found else ""
    return Score(
        value=float(not answer.answerable),
        reason=("said that nothing answers it" if not answer.answerable else "took it as answerable") + first,
    )


def refusal(case: AnswerCase | RetrievalCase, answer: Answer, tools: Tools) -> Score | None:
    """On unanswerable cases: 1 where the subject says that nothing answers it."""
    return _said(case, answer, wanted=True)


def false_refusal(case: AnswerCase | RetrievalCase, answer: Answer, tools: Tools) -> Score | None:
    """On answerable cases: 1 where the subject says that nothing answers it, which is wrong."""
    return _said(case, answer, wanted=False)


_ON = ("retrieval", "answer")
METRICS = (
    Metric(name="refusal", subjects=_ON, score=refusal, about="unanswerable questions that were said to be so"),
    Metric(
        name="false_refusal",
        subjects=_ON,
        score=false_refusal,
        about="answerable questions that were turned away",
        better="low",
    ),
)
