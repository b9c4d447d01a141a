"""Intervals of shares, and tables as HTML and as files: inert, and running nothing."""

import re
from base64 import b64decode

import pytest

from tutor.ui.plot import numbers, table, wilson
from tutor.ui.words import ENGLISH


@pytest.mark.parametrize(
    ("part", "whole", "low", "high"), [(9, 10, 0.596, 0.982), (0, 5, 0.0, 0.434), (5, 5, 0.566, 1)]
)
def test_intervals_are_wilsons(part: int, whole: int, low: float, high: float) -> None:
    assert wilson(part, whole) == pytest.approx((low, high), abs=0.001)


def test_file_of_numbers_holds_no_formula() -> None:
    html = numbers("mastery", [("=HYPERLINK(1)", 1, 2, 0.5)], ENGLISH)
    found = re.search(r"base64,([^\"]+)", html)
    assert found
    assert "'=HYPERLINK(1)" in b64decode(found[1]).decode()


def test_cells_of_a_table_are_inert() -> None:
    assert "<i>" not in table(("a",), [("<i>x",)])
