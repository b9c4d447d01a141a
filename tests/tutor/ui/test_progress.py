"""The Progress view, from the log's facts to plots."""

from datetime import UTC, date, datetime
from typing import Any

from tutor.schedule import Review
from tutor.ui.plot import numbers
from tutor.ui.progress import by_day, charts, weakest_html
from tutor.ui.words import ENGLISH

MONDAY = date(2026, 3, 2)
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
FACTS: dict[str, Any] = {
    "coming_days": [{"day": "2026-03-02", "due": 4}, {"day": "2026-03-03", "due": 0}],
    "retention_by_week": [{"week": "2026-W08", "reviews": 10, "recalled": 9, "share": 0.9}],
    "calibration": [{"confidence": 5, "answers": 4, "correct": 1, "share": 0.25}],
    "topics": [{"topic": "A <b>", "cards": 6, "learned": 2, "expected_recall": 0.4}],
    "weakest_points": [{"card": "c1", "question": "Q <i>?", "point": "=1+1", "asked": 3, "missed": 2}],
}


def review(seconds: float) -> Review:
    return Review(id="r", card="c1", at=NOW, value=4, fsrs=3, seconds=seconds)


def test_days_without_anything_are_shown_too() -> None:
    counts = by_day({MONDAY: 2, date(2026, 3, 4): 1}, MONDAY, 3, MONDAY, ENGLISH)
    assert counts == [("today", 2), ("3.3.", 0), ("4.3.", 1)]


def test_every_plot_is_made_of_its_own_numbers() -> None:
    made = charts(FACTS, [review(130)], NOW, ENGLISH)
    assert made["coming"].marks == [("today", 4), ("3.3.", 0)]
    assert made["coming"].rows == [("2026-03-02", 4), ("2026-03-03", 0)]
    assert made["minutes"].marks[-1] == ("today", 2)
    assert made["mastery"].marks == [("A <b>", 40)]
    assert made["mastery"].labels == ["A <b>"]


def test_where_no_card_comes_back_there_is_nothing_to_show() -> None:
    days = [{"day": "2026-03-02", "due": 0}, {"day": "2026-03-03", "due": 0}]
    made = charts({**FACTS, "coming_days": days}, [], NOW, ENGLISH)
    assert not made["coming"].marks
    assert ENGLISH.nothing_yet in numbers("coming", made["coming"].rows, ENGLISH)


def test_decks_of_which_nothing_was_reviewed_have_no_bars() -> None:
    topics = [{**topic, "learned": 0, "expected_recall": 0.0} for topic in FACTS["topics"]]
    made = charts({**FACTS, "topics": topics}, [], NOW, ENGLISH)["mastery"]
    assert (made.marks, made.rows, made.note) == ((), (), "")


def test_shares_are_drawn_between_the_ends_of_their_intervals() -> None:
    weeks = [{"week": f"2026-W0{week}", "reviews": 10, "recalled": 9, "share": 0.9} for week in (8, 9)]
    shown = charts({**FACTS, "retention_by_week": weeks}, [], NOW, ENGLISH)["retention"]
    assert shown.marks[:3] == [("W08", 90, "yours"), ("W08", 60, "at least"), ("W08", 98, "at most")]
    assert shown.note.startswith("W09: 9 of 10 recalled, 90% (60 to 98).")


def test_one_share_alone_is_told_in_words_instead_of_a_line() -> None:
    shown = charts(FACTS, [], NOW, ENGLISH)["calibration"]
    assert not shown.marks
    assert shown.note.startswith("When you said “certain”, 1 of 4 were right, 25% (5 to 70).")


def test_topics_that_begin_alike_are_told_apart() -> None:
    topics = [
        {"topic": f"Deep learning, part {part}", "cards": 1, "learned": 1, "expected_recall": 0.9} for part in "ab"
    ]
    labels = charts({**FACTS, "topics": topics}, [], NOW, ENGLISH)["mastery"].labels
    assert len(labels) == 2


def test_weakest_points_open_their_cards_and_are_inert() -> None:
    html = weakest_html(FACTS, ENGLISH)
    assert 'href="#card-c1"' in html
    assert "Q &lt;i&gt;?" in html
    assert 'download="weakest.csv"' in html
    assert ENGLISH.nothing_yet in weakest_html({"weakest_points": []}, ENGLISH)
