"""The Progress view, from the log's facts to HTML."""

from datetime import UTC, date, datetime

from tutor.schedule import Review
from tutor.ui.progress import by_day, charts
from tutor.ui.words import ENGLISH

MONDAY = date(2026, 3, 2)
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
FACTS = {
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


def test_every_plot_comes_with_its_numbers_and_a_file_of_them() -> None:
    html = charts(FACTS, [review(130)], NOW, ENGLISH)
    assert html.count('<section class="chart">') == html.count("<table") == html.count('download="') == 7
    assert "9 of 10 recalled, 90% (60 to 98)" in html
    assert "certain: 1 of 4 right, 25%" in html
    assert "A &lt;b&gt;" in html
    assert 'href="#card-c1"' in html
    assert "2 minutes on today" in html


def test_log_without_reviews_says_so_instead_of_empty_plots() -> None:
    html = charts({**FACTS, "retention_by_week": [], "calibration": [], "weakest_points": []}, [], NOW, ENGLISH)
    assert html.count(ENGLISH.nothing_yet) == 5
