from dataclasses import replace

import pytest

from corpus.card import Card
from tutor import rules
from tutor.grade import Grade
from tutor.speech import ENGLISH


@pytest.fixture
def missed(cards: tuple[Card, ...]) -> Grade:
    """A grade of three points of which none was made."""
    return rules.not_known(cards[4])


def of(grade: Grade, *verdicts: str, credit: float = 0.0) -> Grade:
    points = (
        replace(point, verdict=verdict, credit=1.0 if verdict == "made" else credit)  # type: ignore[arg-type]
        for point, verdict in zip(grade.key_points, verdicts, strict=True)
    )
    return replace(grade, key_points=tuple(points))


def test_second_look_never_takes_a_made_point_away_and_never_makes_one(missed: Grade) -> None:
    old = replace(of(missed, "made", "missed", "missed"), score=0.3333, verdict="partial")
    after = rules.appealed(old, of(missed, "missed", "made", "unsure", credit=0.5))
    assert [point.verdict for point in after.key_points] == ["made", "missed", "unsure"]
    assert (after.score, after.verdict, after.settled) == (0.5, "partial", False)


def test_second_look_at_points_that_the_card_no_longer_has_changes_nothing(missed: Grade) -> None:
    other = tuple(replace(point, id=f"x{point.id}", verdict="unsure", credit=0.5) for point in missed.key_points)
    assert rules.appealed(missed, replace(missed, key_points=other)).key_points == missed.key_points


def test_points_won_before_count_and_a_contradicted_one_keeps_the_answer_from_being_correct(missed: Grade) -> None:
    ids = [point.id for point in missed.key_points]
    assert rules.credited(missed, ids[:1]).verdict == "partial"
    assert rules.credited(missed, ids).verdict == "correct"
    against = rules.credited(of(missed, "missed", "missed", "contradicted"), ids[:2])
    assert (against.verdict, against.flags) == ("partial", ("accepted",))


def test_points_won_before_leave_a_grade_that_has_them_as_it_is(missed: Grade) -> None:
    made = of(missed, "made", "missed", "missed")
    assert rules.credited(made, [made.key_points[0].id]) is made
    assert rules.credited(missed, ()) is missed


@pytest.mark.parametrize(("text", "why"), [("", "no answer yet"), ("x" * 10_001, "10001 characters"), ("x", "")])
def test_text_that_cannot_be_an_answer_is_told_why(text: str, why: str) -> None:
    assert why in rules.unfit(ENGLISH, text)
    assert bool(rules.unfit(ENGLISH, text)) == bool(why)
