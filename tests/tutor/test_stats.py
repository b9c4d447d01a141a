import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from corpus.card import Card, Deck
from tutor.history import History, Row, day_end, day_start, review_body
from tutor.learner import Learner
from tutor.points import point_records
from tutor.schedule import Review, Scheduler
from tutor.stats import brier, calibration, coming_days, mastery, retention_by_week, stats, streak, weakest

SPRING, AUTUMN = datetime(2026, 3, 29, 12, tzinfo=UTC), datetime(2026, 10, 25, 12, tzinfo=UTC)
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)  # a Monday


def reviewed(*steps: tuple[str, float, int], **more: Any) -> History:
    """A history of (card, days after noon, fsrs rating)."""
    history = History(Scheduler())
    for seq, (card, days, fsrs) in enumerate(steps, 1):
        review = Review(id=f"r{seq}", card=card, at=NOON + timedelta(days=days), value=fsrs + 1, fsrs=fsrs, **more)
        history.fold(Row(id=review.id, at=review.at, kind="review", card=card, body=review_body(review), seq=seq))
    return history


@pytest.fixture
def copenhagen(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Europe/Copenhagen")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("copenhagen")
@pytest.mark.parametrize(("noon", "hours"), [(SPRING, 23), (AUTUMN, 25), (NOON, 24)])
def test_day_on_which_the_clocks_change_is_one_day(noon: datetime, hours: int) -> None:
    start, end = day_start(noon), day_end(noon)
    assert (end - start, start < noon < end) == (timedelta(hours=hours), True)
    daily = [Review(id=f"{day}", card="c", at=noon + timedelta(days=day), value=4, fsrs=3) for day in (-2, -1, 0, 1)]
    assert streak(daily, noon + timedelta(days=1)) == 4
    assert streak(daily, noon + timedelta(days=2)) == 4
    memory = Scheduler().replay(daily, "c")
    assert memory.due > daily[-1].at


def test_retention_counts_only_cards_learned_before() -> None:
    history = reviewed(("a", 0, 4), ("b", 0, 3), ("b", 0.01, 3), ("a", 7, 1), ("a", 7.01, 3), ("b", 8, 3))
    assert retention_by_week(history, ["a", "b"]) == [
        {"week": "2026-W11", "reviews": 2, "recalled": 1, "share": 0.5},
    ]


def test_retention_says_nothing_where_nothing_was_due() -> None:
    assert retention_by_week(reviewed(("a", 0, 1), ("a", 0.01, 3)), ["a"]) == []


def test_days_in_a_row_end_at_a_gap_and_bear_a_day_that_is_not_over() -> None:
    reviews = reviewed(("a", 0, 3), ("a", 2, 3), ("a", 3, 3), ("a", 4, 3)).reviews()
    assert streak(reviews, NOON + timedelta(days=4)) == 3
    assert streak(reviews, NOON + timedelta(days=5)) == 3
    assert streak(reviews, NOON + timedelta(days=6)) == 0
    assert streak((), NOON) == 0


def test_coming_days_hold_every_studied_card_once(cards: tuple[Card, ...]) -> None:
    history = reviewed((cards[0].id, 0, 4), (cards[1].id, 0, 3), (cards[2].id, 0, 1))
    coming = coming_days(history, cards, NOON)
    assert len(coming) == 14
    assert [day["due"] for day in coming][:9] == [2, 0, 0, 0, 0, 0, 0, 0, 1]
    overdue = coming_days(history, cards, NOON + timedelta(days=99))
    assert (overdue[0]["due"], sum(day["due"] for day in overdue)) == (3, 3)


def test_mastery_counts_a_new_card_as_not_recalled(cards: tuple[Card, ...]) -> None:
    deck = Deck(name="Birds", path="birds.txt", format="text", cards=cards[:3])
    found = mastery(deck, reviewed((cards[0].id, 0, 4)), NOON)
    assert found == {"deck": "Birds", "cards": 3, "new": 2, "learning": 0, "learned": 1, "expected_recall": 0.333}
    assert mastery(Deck(name="x", path="", format="", cards=()), reviewed(), NOON)["expected_recall"] is None


def test_calibration_compares_what_was_said_with_what_came() -> None:
    sure_and_right = reviewed(("a", 0, 3), confidence=5, verdict="correct").reviews()
    sure_and_wrong = reviewed(("a", 0, 3), confidence=5, verdict="wrong").reviews()
    unsaid = reviewed(("a", 0, 3), verdict="wrong").reviews()
    ungraded = reviewed(("a", 0, 3), confidence=5).reviews()
    both = [*sure_and_right, *sure_and_wrong, *unsaid, *ungraded]
    assert calibration(both) == [{"confidence": 5, "answers": 2, "correct": 1, "share": 0.5}]
    assert (brier(sure_and_right), brier(sure_and_wrong), brier(both), brier(unsaid)) == (0, 1, 0.5, None)


def grade_row(seq: int, card: Card, ask: str, verdicts: list[str], kind: Any = "grade", **more: Any) -> Row:
    points = [
        {"id": point.id, "text": point.text, "verdict": verdict}
        for point, verdict in zip(card.key_points, verdicts, strict=True)
    ]
    body = {"grade": {"key_points": points}, **more}
    return Row(id=f"g{seq}", at=NOON, kind=kind, card=card.id, ask=ask, body=body, seq=seq)


def test_weakest_points_are_those_missed_most_in_first_answers(cards: tuple[Card, ...]) -> None:
    hum, granite = cards[0], cards[4]
    rows = [
        grade_row(1, hum, "a1", ["made", "missed"]),
        grade_row(2, hum, "a1", ["made", "made"], feedback_only=True),
        grade_row(3, hum, "a2", ["made", "contradicted"]),
        grade_row(4, granite, "a3", ["missed", "made", "unsure"]),
        grade_row(5, granite, "a4", ["missed", "made", "missed"]),
        grade_row(6, granite, "a4", ["made", "made", "missed"], kind="ticks"),
    ]
    records = point_records(rows)
    found = [(one.text, one.missed, one.asked) for one in weakest(records, {card.id: card for card in cards})]
    assert found == [("small insects", 2, 2), ("quartz", 1, 2)]
    assert not records[granite.id, "000001"].missed_last
    assert weakest(records, {}) == []


def test_everything_is_plain_values_that_json_can_hold(learner: Learner, cards: tuple[Card, ...], clock: Any) -> None:
    import json

    decks = [Deck(name="All", path="all.txt", format="text", cards=cards)]
    empty = stats(learner.history, (), decks, clock())
    assert json.loads(json.dumps(empty)) == empty
    assert (empty["cards"], empty["new"], empty["reviews"], empty["brier"]) == (5, 5, 0, None)
