"""Numbers to look at and to keep, as HTML: tables, files that the page itself holds, intervals of shares.

Asks no address for anything and knows no learner.
"""

from __future__ import annotations

import csv
import io
from base64 import b64encode
from collections.abc import Sequence
from html import escape
from math import sqrt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tutor.ui.words import Words

__all__ = ["PERCENT", "data_link", "numbers", "table", "wilson"]

PERCENT = 95
_Z = 1.959964
_BOM = "\ufeff"


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


def numbers(name: str, rows: Sequence[Sequence[object]], words: Words) -> str:
    """The numbers of a plot, folded away, as a table and a CSV; `name` says which heads and which file they get."""
    heads = words.csv_heads[name]
    if not rows:
        return f'<p class="note">{escape(words.nothing_yet)}</p>'
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([heads, *([_cell(one) for one in row] for row in rows)])
    link = data_link(_BOM + out.getvalue(), f"{name}.csv", "text/csv", words.csv)
    return f"<details><summary>{escape(words.numbers)}</summary>{table(heads, rows)}{link}</details>"


def _cell(value: object) -> object:
    """A cell that a spreadsheet will not run as a formula."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value
