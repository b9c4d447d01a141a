"""Bars, shares and tables as HTML: to scale, named, inert, and as files that run nothing."""

import re
from base64 import b64decode

import pytest

from tutor.ui.plot import Share, bars, chart, shares, table, wilson
from tutor.ui.words import ENGLISH


def test_bars_are_scaled_to_the_highest_and_named() -> None:
    html = bars([("today", 4), ("3.3.", 1), ("4.3.", 0)], "{count} cards on {day}")
    assert 'title="4 cards on today"' in html
    assert [int(height) for height in re.findall(r"height:(\d+)%", html)] == [70, 18, 0]


def test_share_shows_its_value_and_its_interval() -> None:
    html = shares([Share(name="<b>", value=0.9, told="nine of ten", low=0.6, high=0.98)])
    assert "width:90.0%" in html
    assert "left:60.0%;width:38.0%" in html
    assert "&lt;b&gt;" in html


@pytest.mark.parametrize(
    ("part", "whole", "low", "high"), [(9, 10, 0.596, 0.982), (0, 5, 0.0, 0.434), (5, 5, 0.566, 1)]
)
def test_intervals_are_wilsons(part: int, whole: int, low: float, high: float) -> None:
    assert wilson(part, whole) == pytest.approx((low, high), abs=0.001)


def test_file_of_numbers_holds_no_formula() -> None:
    html = chart("T", "", "mastery", [("=HYPERLINK(1)", 1, 2, 0.5)], ENGLISH)
    found = re.search(r"base64,([^\"]+)", html)
    assert found
    assert "'=HYPERLINK(1)" in b64decode(found[1]).decode()


def test_cells_of_a_table_are_inert() -> None:
    assert "<i>" not in table(("a",), [("<i>x",)])
