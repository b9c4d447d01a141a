"""Citations: the marks [1], [2] in a reply, checked against the cards that were retrieved while it streams.

Judges no statement: that a mark names a retrieved card does not prove that the card says it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from corpus.card import Card

__all__ = ["Citation", "CitationGate", "cite", "numbered", "unmarked", "words"]

_MARK = re.compile(
    r"(?:\[|【)\s*\^?\s*(?:cards?\s*)?(\d{1,2}(?:\s*(?:,|;|and|-|–|to)\s*\d{1,2})*)\s*(?:\]|】)", re.IGNORECASE
)
_BEGUN = re.compile(r"(?:\[|【)[\s^cards\d,;\-–andto]{0,24}$", re.IGNORECASE)
_RANGE = re.compile(r"(\d{1,2})\s*(?:-|–|to)\s*(\d{1,2})")
_LOOKALIKE = re.compile(r"(?<!\w)\[(\d{1,2})\]")
_WORD = re.compile(r"[^\W_]+")
_DULL = frozenset(
    "a an and are as at be been but by can could did do does for from had has have how i if in into is it its me my of "
    "on one or our she should so some than that the their them then there these they this those to us use used using "
    "was we were what when where which who whose why will with would you your about between explain tell describe "
    "define mean means meaning give name list".split()
)
_QUOTE = 300


@dataclass(frozen=True, kw_only=True, slots=True)
class Citation:
    """The card behind the mark `[number]`; `card` is its id, `quote` what it says to the point."""

    number: int
    card: str
    deck: str
    question: str
    quote: str


def words(text: str) -> frozenset[str]:
    """The words of `text` that carry meaning, case folded, with plain plurals cut."""
    found = (word.casefold() for word in _WORD.findall(text))
    return frozenset(_stem(word) for word in found if word not in _DULL)


def _stem(word: str) -> str:
    if len(word) > 4 and word.endswith("ies"):
        return f"{word[:-3]}y"
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


class CitationGate:
    """Lets a streamed text through with its marks made uniform, and takes out those that name no retrieved card."""

    def __init__(self, cards: int) -> None:
        self._cards = cards
        self._held = ""
        self.used: list[int] = []
        self.invented: list[int] = []

    def feed(self, piece: str) -> str:
        """The part of the text that can be shown now; a mark that has only begun is held back."""
        text = self._held + piece
        begun = _BEGUN.search(text)
        keep = begun.start() if begun else len(text)
        self._held = text[keep:]
        return _MARK.sub(self._mark, text[:keep])

    def finish(self) -> str:
        """What was held back to the last."""
        text, self._held = self._held, ""
        return _MARK.sub(self._mark, text)

    def _mark(self, found: re.Match[str]) -> str:
        numbers = [int(number) for number in re.findall(r"\d+", found[1])]
        if 0 in numbers:
            return found[0]  # [0, 1] is an interval or an index: cards are counted from 1
        for low, high in _RANGE.findall(found[1]):
            numbers.extend(range(int(low), int(high) + 1) if int(high) - int(low) < self._cards else ())
        known = sorted({number for number in numbers if number <= self._cards})
        self.invented.extend(sorted({number for number in numbers if number > self._cards}))
        self.used.extend(number for number in known if number not in self.used)
        return "".join(f"[{number}]" for number in known)


def cite(number: int, card: Card, text: str = "") -> Citation:
    """The citation of `card`, quoting the key point that shares most words with `text`."""
    wanted = words(text)
    points = [f"{point.head} {point.text}".strip() for point in card.key_points]
    best = max(points, key=lambda point: _overlap(words(point), wanted), default=card.answer)
    return Citation(number=number, card=card.id, deck=card.deck, question=card.question, quote=_short(best))


def _overlap(point: frozenset[str], wanted: frozenset[str]) -> float:
    return len(point & wanted) / (len(point) + 4) if point else 0.0


def _short(text: str, limit: int = _QUOTE) -> str:
    text = " ".join(text.split())
    return text if len(text) <= limit else f"{text[: limit - 1].rsplit(' ', 1)[0]}…"


@lru_cache(maxsize=256)  # a card is put into a prompt again and again
def unmarked(text: str) -> str:
    """A card's text with what looks like a mark of ours, such as `[2]`, in round brackets; `x[2]` stays."""
    return _LOOKALIKE.sub(r"(\1)", text)


def numbered(cards: Sequence[Card]) -> str:
    """The cards as a prompt shows them, numbered from 1."""
    return "\n\n".join(
        f"[{i}] {unmarked(card.question)}\n{unmarked(card.answer)}" for i, card in enumerate(cards, start=1)
    )
