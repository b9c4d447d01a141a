"""`[image: name]` in the HTML of a card's side -> the picture itself, in the page; a name where there is none.

The page asks no address for it. Called for what is shown anyway: a picture comes with its side of the card.
"""

from __future__ import annotations

from base64 import b64encode
from functools import lru_cache
from html import escape, unescape
from pathlib import Path
from typing import TYPE_CHECKING

from corpus.errors import DeckError
from corpus.read.pictures import MARK, picture

if TYPE_CHECKING:
    import re

__all__ = ["pictured"]

_LARGEST = 2 * 2**20
_MOST = 8
"""Pictures of one side; each travels with every redrawing of the page."""


def pictured(html: str, path: str) -> str:
    """`html` with the pictures of the deck file `path` in it."""
    left, changed = _MOST, _changed(path) if path and "[image: " in html else 0

    def show(found: re.Match[str]) -> str:
        nonlocal left
        left -= 1
        name = unescape(found[1])
        address = _address(path, name, changed) if left >= 0 and changed else ""
        return f'<img class="picture" src="{address}" alt="{escape(name)}">' if address else found[0]

    return MARK.sub(show, html) if changed else html


def _changed(path: str) -> int:
    try:
        return Path(path).stat().st_mtime_ns
    except OSError:
        return 0


@lru_cache(maxsize=32)
def _address(path: str, name: str, changed: int) -> str:
    """The picture as a `data:` address, empty where there is none; `changed` makes a new deck file ask anew."""
    try:
        found = picture(path, name)
    except DeckError:
        return ""
    if found is None or len(found[1]) > _LARGEST:
        return ""
    return f"data:{found[0]};base64,{b64encode(found[1]).decode()}"
