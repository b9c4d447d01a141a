"""The Progress view's table and bars, from counts to HTML."""

from datetime import date, datetime, timedelta

from tutor.history import Progress
from tutor.ui.progress import bars_html, by_day, table_html
from tutor.ui.words import ENGLISH

MONDAY = date(2026, 3, 2)


def noon(days: int) -> datetime:
    return (datetime(2026, 3, 2, 12) + timedelta(days=days)).astimezone()


def test_days_are_counted_and_what_is_overdue_counts_today() -> None:
    counts = by_day([noon(-9), noon(0), noon(2), noon(2), noon(99)], MONDAY, 4, MONDAY, ENGLISH)
    assert counts == [("today", 2), ("3.3.", 0), ("4.3.", 2), ("5.3.", 0)]


def test_bars_are_scaled_to_the_highest_and_named() -> None:
    html = bars_html("Coming <back>", [("today", 4), ("3.3.", 1), ("4.3.", 0)], "{count} cards on {day}")
    assert "Coming &lt;back&gt;" in html
    assert 'title="4 cards on today"' in html
    assert "height:70%" in html
    assert "height:18%" in html
    assert "height:0%" in html


def test_table_has_a_row_a_deck_and_counts_each_card_once_in_all() -> None:
    one = Progress(due=1, new=2, learned=3, reviewed_today=4)
    html = table_html(
        [("A <b>", 6, one), ("B", 6, one)], Progress(due=1, new=2, learned=3, reviewed_today=4, total=6), ENGLISH
    )
    assert html.count("<tr") == 4
    assert "A &lt;b&gt;" in html
    assert html.count("<td>6</td>") == 3
