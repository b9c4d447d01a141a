"""Plots and tables as HTML and inline SVG: bars by day, shares with their intervals, numbers to look at and to keep.

Asks no address for anything and knows no learner; every plot comes with its numbers as a table and a CSV.
"""

from __future__ import annotations

import csv
import io
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import sqrt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tutor.ui.words import Words

__all__ = ["PERCENT", "Share", "bars", "chart", "data_link", "shares", "table", "wilson"]

PERCENT = 95
_Z = 1.959964
_BOM = "\ufeff"


@dataclass(frozen=True, kw_only=True, slots=True)
class Share:
    """One line of a plot of shares: 0 to 1, with its interval where it has one; `told` is how it is read out."""

    name: str
    value: float
    told: str
    low: float | None = None
    high: float | None = None


def wilson(part: int, whole: int) -> tuple[float, float]:
    """Wilson's interval for a share."""
    share, square = part / whole, _Z * _Z
    middle = (share + square / (2 * whole)) / (1 + square / whole)
    half = _Z * sqrt(share * (1 - share) / whole + square / (4 * whole * whole)) / (1 + square / whole)
    return max(0.0, middle - half), min(1.0, middle + half)


def table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A plain table; cells are text."""
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in heads)
    body = "".join(f"<tr>{''.join(f'<td dir=auto>{escape(str(cell))}</td>' for cell in row)}</tr>" for row in rows)
    return f'<div class="scroll"><table class="plain"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def data_link(text: str | bytes, file: str, kind: str, name: str) -> str:
    """A link that saves `text` as `file`; it is in the page itself, so no address is asked for it."""
    data = text.encode() if isinstance(text, str) else text
    address = f"data:{kind};base64,{b64encode(data).decode()}"
    return f'<a class="save" download="{escape(file)}" href="{address}">{escape(name)}</a>'


def chart(title: str, plot: str, name: str, rows: Sequence[Sequence[object]], words: Words) -> str:
    """A plot under its title, with its numbers folded away; `name` says which heads and which file they get."""
    heads = words.csv_heads[name]
    if not rows:
        return (
            f'<section class="chart"><h3>{escape(title)}</h3><p class="note">{escape(words.nothing_yet)}</p></section>'
        )
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([heads, *([_cell(one) for one in row] for row in rows)])
    link = data_link(_BOM + out.getvalue(), f"{name}.csv", "text/csv", words.csv)
    numbers = f"<details><summary>{escape(words.numbers)}</summary>{table(heads, rows)}{link}</details>"
    return f'<section class="chart"><h3>{escape(title)}</h3>{plot}{numbers}</section>'


def bars(counts: Sequence[tuple[str, int]], name: str) -> str:
    """A bar for each (day, count) with the count above it; `name` is how a bar is read out."""
    most = max((count for _, count in counts), default=0) or 1
    rows = "".join(
        f'<li title="{escape(name.format(count=count, day=day))}"><span>{count or ""}</span>'
        f'<div class="column" style="height:{round(70 * count / most)}%"></div>'
        f'<span class="day">{escape(day) if place % 7 == 0 else ""}</span></li>'
        for place, (day, count) in enumerate(counts)
    )
    return f'<ol class="bars">{rows}</ol>'


def shares(lines: Sequence[Share]) -> str:
    """A line for each share: its name, a bar up to it, the interval over it, and the percentage."""
    return f'<ul class="shares">{"".join(map(_share, lines))}</ul>'


def _share(line: Share) -> str:
    span = ""
    if line.low is not None and line.high is not None:
        left, width = round(100 * line.low, 1), round(100 * (line.high - line.low), 1)
        span = f'<i class="span" style="left:{left}%;width:{width}%"></i>'
    return (
        f'<li title="{escape(line.told)}"><bdi class="what">{escape(line.name)}</bdi>'
        f'<div class="rail"><i class="full" style="width:{round(100 * line.value, 1)}%"></i>{span}</div>'
        f"<b>{round(100 * line.value)}%</b></li>"
    )


def _cell(value: object) -> object:
    """A cell that a spreadsheet will not run as a formula."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value
