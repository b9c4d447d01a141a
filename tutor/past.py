"""Study in another program, as an imported deck tells it: one row of a learner's log, from which her schedule starts.

Writes nothing, and rates nothing: a button pressed in Anki is kept as the rating it was.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import TypeAlias

from corpus.card import Deck
from tutor.play import Row
from tutor.schedule import Review

Past: TypeAlias = dict[str, list[tuple[int, int, int]]]
"""By card: milliseconds since 1970, button 1 (again) to 4 (easy), milliseconds taken."""

_PRESSED = {1: 1, 2: 2, 3: 4, 4: 5}


def new_past(known: Callable[[str], Iterable[Review]], decks: Iterable[Deck], now: datetime) -> Past:
    """The reviews that `decks` bring and a log lacks, whose reviews of a card are `known`.

    They are the body of a row of kind "imported", under "reviews".
    """
    seen: dict[str, set[int]] = {}
    found: Past = {}
    for deck in decks:
        for review in deck.reviews:
            if review.card not in seen:
                seen[review.card] = {_milliseconds(one.at) for one in known(review.card) if one.imported}
            at = _milliseconds(review.when)
            if at not in seen[review.card] and review.when <= now:
                seen[review.card].add(at)
                found.setdefault(review.card, []).append((at, review.button, round(review.seconds * 1000)))
    return found


def load_past(row: Row) -> Iterator[Review]:
    """The reviews in a row of kind "imported"."""
    for card, reviews in row.body["reviews"].items():
        for at, button, took in reviews:
            yield Review(
                id=f"imported-{card}-{at}",
                card=card,
                at=datetime.fromtimestamp(at / 1000, UTC),
                value=_PRESSED[button],
                fsrs=button,
                seconds=took / 1000,
                imported=True,
            )


def _milliseconds(at: datetime) -> int:
    return round(at.timestamp() * 1000)
