"""Heaps of words in an answer: stretches that nothing joins, or that are the words of the card in no order of its own.

Finds them by the words alone; what a heap costs is decided by who asks.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .clauses import Prepared

__all__ = ["LEAST", "heaps", "misplaced"]

Whole = NDArray[np.int64]

LEAST = 8  # words; fewer are no heap
_MARKS = frozenset(",;:\n.•")
_STOPS = frozenset(".!?;:,)\n•")
# Words that lead to a noun, and those of them that may stand for one: `each is a layer`, `bulb A is on`.
_LEAD, _FREE = frozenset("the an its their our your every".split()), frozenset({"a", "each"})
_GOVERN = frozenset("of with from into by for between".split())  # they govern what follows, and are no adverbs
_PLACED = frozenset("of with from into by for at on in to via per during".split())
_JOIN = frozenset({"and", "or", "but"})
_HELP = frozenset("is are was were do does did has have had will would can could may might should".split())
_PAIRED = frozenset({("from", "within"), ("for", "in"), ("for", "at"), ("by", "in"), ("with", "in")})


class _Window(NamedTuple):
    """A stretch of `size` words is a heap with at most so many neighbours that are neighbours in the card.

    Of its words, at most `others` are none of the card's, at least `misplaced` stand where no such word can, and the
    card has at most `card` words: the longer it is, the more answers are made of its words by chance.
    """

    size: int
    kept: int
    others: int
    misplaced: int = 0
    card: int = 1_000_000


_WINDOWS = (
    _Window(12, 1, 0),
    _Window(16, 2, 0),
    _Window(24, 3, 1),
    _Window(10, 1, 0, card=80),
    _Window(8, 0, 0, card=60),
    _Window(8, 2, 0, misplaced=1, card=150),
)
_END = re.compile(r"[.!?](?=\s|$)|\n")
_STRANGE = 24  # so many words, whatever they are, of which two and more are misplaced
_LOOSE = 12  # so many words without one that joins them, and hardly a mark between them


def heaps(card: Prepared, text: Prepared) -> NDArray[np.bool_]:
    """Which words of `text` lie in a heap, shape (words,)."""
    pairs = set(pairwise(word.stem for word in card.words))
    kept = _sums(pair in pairs for pair in pairwise(word.stem for word in text.words))
    wrong = _sums(misplaced(text))
    sentence = _sentences(text)
    strange = _strange(text, wrong) & (np.bincount(sentence, np.diff(wrong)) > 0)[sentence]
    found = _shuffled(card, text, kept, wrong) | _loose(text, kept) | strange
    # What it takes of a sentence most of which lies outside is that sentence's own: the heap was hung on to it.
    share = np.bincount(sentence, found) / np.bincount(sentence)
    return found & (share[sentence] > 0.5)


def _shuffled(card: Prepared, text: Prepared, kept: Whole, wrong: Whole) -> NDArray[np.bool_]:
    """The card's own words in no order of its own."""
    known = {word.stem for word in card.words}
    own = _sums(word.stem in known for word in text.words)
    found = np.zeros(len(text.words), bool)
    for size, most, others, least, longest in _WINDOWS:
        if len(card.words) <= longest:
            at, end = _stretches(text, size)
            few = (kept[end - 1] - kept[at] <= most) & (wrong[end] - wrong[at] >= least)
            found |= _covered(text, at, end, few & (own[end] - own[at] >= size - others))
    return found


def _loose(text: Prepared, kept: Whole) -> NDArray[np.bool_]:
    """Words that nothing joins."""
    at, end = _stretches(text, _LOOSE)
    joined = _sums(word.weight < 0.5 for word in text.words)
    marks = _sums(not _MARKS.isdisjoint(gap) for gap in _gaps(text))
    bare = (joined[end] == joined[at]) & (marks[end - 1] - marks[at] < _LOOSE // 3)
    return _covered(text, at, end, bare & (kept[end - 1] - kept[at] <= 1))


def _strange(text: Prepared, wrong: Whole) -> NDArray[np.bool_]:
    """Words of which several stand where they cannot."""
    at, end = _stretches(text, min(_STRANGE, len(text.words)))
    return _covered(text, at, end, wrong[end] - wrong[at] >= 2)


def _sentences(text: Prepared) -> Whole:
    """Which sentence each word is in, from 0."""
    ends = np.array([bool(_END.search(gap)) for gap in [*_gaps(text), ""]], np.int64)
    return ends.cumsum() - ends


def _stretches(text: Prepared, size: int) -> tuple[Whole, Whole]:
    at = np.arange(max(0, len(text.words) - size + 1))
    return at, at + size


def _covered(text: Prepared, at: Whole, end: Whole, found: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which words lie in any of the stretches that were found."""
    edges = np.zeros(len(text.words) + 1, np.int64)
    np.add.at(edges, at[found], 1)
    np.add.at(edges, end[found], -1)
    return edges.cumsum()[:-1] > 0


def misplaced(text: Prepared) -> Iterator[bool]:
    """For each word whether what follows cannot follow it: `the of`, `with into`, `and or`, a closing `the`."""
    for (word, after), gap in zip(pairwise(text.words), _gaps(text), strict=True):
        stopped = not _STOPS.isdisjoint(gap) or " - " in gap
        yield word.text in _LEAD if stopped else _clash(word.text, after.text)
    yield from (word.text in _LEAD for word in text.words[-1:])


def _clash(one: str, two: str) -> bool:
    if one in _LEAD or one in _FREE:
        return two in _LEAD or two in _FREE or (one in _LEAD and two in _PLACED | _JOIN | _HELP)
    if one in _GOVERN:
        return two in _JOIN | _HELP or (two in _PLACED and (one, two) not in _PAIRED)
    return (one in _JOIN and two in _JOIN) or (one == two and one in _HELP | _PLACED)


def _gaps(text: Prepared) -> list[str]:
    return [text.text[a.end : b.start] for a, b in pairwise(text.words)]


def _sums(flags: Iterable[bool]) -> Whole:
    return np.cumsum([0, *flags])
