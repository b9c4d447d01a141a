"""What a sitting came to: read from the log, of rated cards alone."""

from datetime import UTC, datetime, timedelta

import pytest

from corpus.card import Card, KeyPoint
from tutor.grade import Grade, PointGrade
from tutor.learner import Learner, Store
from tutor.schedule import Review
from tutor.ui.summary import summary_html
from tutor.ui.words import ENGLISH

NOW = datetime.now(UTC)
POINT = KeyPoint(id="p1", text="they see each other")
CARDS = tuple(
    Card(id=id, deck="Birds", index=1, question=f"Why {id} <b>?", answer=POINT.text, key_points=(POINT,))
    for id in "abc"
)


@pytest.fixture
def learner(tmp_path: object) -> object:
    with Store.open(f"sqlite:///{tmp_path}/tutor.db") as store:
        yield store.learner()


def answered(learner: Learner, card: str, *, right: bool, rated: bool = True, at: datetime = NOW) -> None:
    verdict = "made" if right else "missed"
    point = PointGrade(id="p1", text=POINT.text, verdict=verdict, evidence="", weight=1, confidence=1)  # type: ignore[arg-type]
    grade = Grade(score=float(right), verdict="correct" if right else "wrong", settled=True, key_points=(point,))
    ask = f"{card} {at}"
    learner.record("ask", id=ask, at=at, card=card)
    learner.commit_answer(id=f"{ask} a", at=at, card=card, ask=ask, text="x")
    learner.record_grade(id=f"{ask} g", at=at, card=card, ask=ask, answer=f"{ask} a", grade=grade)
    if rated:
        fsrs = 3 if right else 1
        review = Review(id=f"{ask} r", card=card, at=at, value=4, fsrs=fsrs, verdict=grade.verdict)
        learner.record_review(review, ask=ask)


def test_summary_says_what_went_well_and_what_to_look_at_again(learner: Learner) -> None:
    answered(learner, "a", right=True)
    answered(learner, "b", right=False)
    html = summary_html(learner, CARDS, NOW - timedelta(minutes=1), ENGLISH)
    well, again = html.split(ENGLISH.look_again)
    assert "Why a &lt;b&gt;?" in well
    assert "Why b &lt;b&gt;? – they see each other" in again
    assert ENGLISH.comes_back in again


def test_summary_keeps_quiet_about_a_card_that_was_not_rated_yet(learner: Learner) -> None:
    answered(learner, "a", right=True)
    answered(learner, "c", right=False, rated=False)
    assert "they see each other" not in summary_html(learner, CARDS, NOW - timedelta(minutes=1), ENGLISH)


def test_earlier_sittings_are_not_summed_up_again(learner: Learner) -> None:
    answered(learner, "a", right=True, at=NOW - timedelta(days=1))
    assert summary_html(learner, CARDS, NOW, ENGLISH) == ""
