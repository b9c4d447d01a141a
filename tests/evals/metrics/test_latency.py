from evals.case import AnswerCase
from evals.metrics import METRICS, Score, Tools
from evals.subject import Answer

CASE = AnswerCase(id="a", question="why?", reference="because")


def _score(name: str, answer: Answer) -> Score:
    score = METRICS[name].score(CASE, answer, Tools())
    assert score
    return score


def test_waits_are_seconds_cut_off_at_a_minute() -> None:
    assert _score("seconds", Answer(seconds=1.5)).value == 1.5
    assert _score("seconds", Answer(seconds=300)).value == 60
    assert _score("first_words", Answer(first_seconds=0.2)).value == 0.2


def test_what_was_not_streamed_has_no_first_words() -> None:
    assert _score("first_words", Answer()).value is None
