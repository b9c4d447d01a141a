"""Two words: do they say the same, or the opposite? From `opposites.txt`, prefixes, stems and slips of the pen.

Knows single words only; what a whole clause says is for `contradiction.py`.
"""

from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

from .clauses import stem

_FILES = ("opposites.txt", "opposites_wordnet.txt")
# Words of place, which are opposites only where the same thing is said of the place.
PLACES = frozenset("in out on off up down over under".split())
_PREFIXES = (
    ("hyper", "hypo"), ("over", "under"), ("inter", "intra"), ("endo", "exo"), ("micro", "macro"), ("pre", "post"),
    ("homo", "hetero"), ("in", "ex"), ("in", "de"), ("up", "down"), ("super", "sub"), ("pro", "anti"), ("uni", "multi"),
    ("mono", "poly"), ("ana", "cata"), ("en", "de"), ("maxi", "mini"),
)  # fmt: skip
_NEGATIVE = ("non", "un", "in", "im", "ir", "il", "dis", "de", "anti", "a", "mis")


@cache
def _axes() -> tuple[dict[str, frozenset[tuple[int, int]]], dict[str, frozenset[tuple[int, int]]]]:
    """Word -> {(axis, side)}, by form and by stem."""
    forms: dict[str, set[tuple[int, int]]] = {}
    stems: dict[str, set[tuple[int, int]]] = {}
    for axis, sides in enumerate(_lines()):
        for side, words in enumerate(sides):
            for word in words:
                forms.setdefault(word, set()).add((axis, side))
                stems.setdefault(stem(word), set()).add((axis, side))
    return {k: frozenset(v) for k, v in forms.items()}, {k: frozenset(v) for k, v in stems.items()}


@lru_cache(maxsize=50_000)
def poles(word: str) -> frozenset[tuple[int, int]]:
    """The axes on which `word` stands, each with its side."""
    forms, stems = _axes()
    return forms.get(word) or stems.get(stem(word), frozenset())


@cache
def _lines() -> tuple[tuple[tuple[str, ...], ...], ...]:
    texts = (files(__package__).joinpath(name).read_text(encoding="utf-8") for name in _FILES)
    rows = [row for text in texts for row in text.splitlines() if row and not row.startswith("#")]
    return tuple(tuple(tuple(side.split()) for side in row.split("|")) for row in rows)


def opposite(word: str) -> str:
    """A word that means the opposite, in a like form where there is one; "" if none is known.

    >>> opposite("increasing"), opposite("backward")
    ('decreasing', 'forward')
    """
    for axis, side in sorted(poles(word)):
        ours, theirs = _lines()[axis][side], _lines()[axis][1 - side]
        ending = next(
            (end for end in ("ward", "wards", "ing", "ed", "es", "s", "ly", "er", "est") if word.endswith(end)), ""
        )
        like = [other for other in theirs if other.endswith(ending)] if ending else list(theirs)
        if word in ours or like:
            return (like or list(theirs))[0]
    return ""


@lru_cache(maxsize=100_000)
def opposed(a: str, b: str) -> bool:
    """Do two words mean the opposite of each other?

    >>> opposed("hypertension", "hypotension"), opposed("raised", "lowered"), opposed("raised", "grew")
    (True, True, False)
    >>> opposed("maximum", "minimum")
    True
    """
    if a == b or stem(a) == stem(b):
        return False
    if not ((ours := poles(a)) and (theirs := poles(b))):
        return _prefixed(a, b)
    # `maximum` and `minimum` stand on one side beside `mean`, and on two on more axes.
    together, apart = len(ours & theirs), len(ours & {(axis, 1 - side) for axis, side in theirs})
    return apart > together or (not together and _prefixed(a, b))


@dataclass(frozen=True, slots=True)
class _Cut:
    """What is left of a word without a prefix that denies, and without either prefix of a pair of opposites."""

    denied: frozenset[str]  # as stems
    left: frozenset[tuple[int, str]]  # the pair's number, with the rest of the word or its stem
    right: frozenset[tuple[int, str]]


@lru_cache(maxsize=50_000)
def _cut(word: str) -> _Cut:
    rests = [word[len(prefix) :] for prefix in _NEGATIVE if word.startswith(prefix)]
    sides: tuple[set[tuple[int, str]], ...] = (set(), set())
    for number, pair in enumerate(_PREFIXES):
        for prefix, found in zip(pair, sides, strict=True):
            if word.startswith(prefix) and len(rest := word[len(prefix) :]) >= 3:
                found.update({(number, rest), (number, stem(rest))})
    return _Cut(frozenset(stem(rest) for rest in rests if len(rest) >= 4), *map(frozenset, sides))


def _prefixed(a: str, b: str) -> bool:
    one, other = _cut(a), _cut(b)
    if (one.denied and stem(b) in one.denied) or (other.denied and stem(a) in other.denied):
        return True
    return not (one.left.isdisjoint(other.right) and other.left.isdisjoint(one.right))


def _near(a: str, b: str, most: int) -> bool:
    """Is the edit distance (with neighbouring letters swapped counting one) at most `most`?"""
    if abs(len(a) - len(b)) > most:
        return False
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        older, before, row = before, row, [i]
        for j, y in enumerate(b, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return False
    return row[-1] <= most


@lru_cache(maxsize=200_000)
def alike(a: str, b: str) -> float:
    """How far two words say the same: 1 same stem, .85 a slip of the pen, .8 one side of an axis, 0 otherwise.

    >>> alike("weights", "weight"), alike("gradient", "gradeint"), alike("increase", "decrease")
    (1.0, 0.85, 0.0)
    """
    if a == b or stem(a) == stem(b):
        return 1.0
    # Most words are not alike at all, so what is dearest to tell comes last.
    likeness = 0.8 if not poles(a).isdisjoint(poles(b)) else _spelled(a, b)
    return 0.0 if likeness and opposed(a, b) else likeness


def _spelled(a: str, b: str) -> float:
    """How far two words of different stems are spelled alike: .85 a slip of the pen, .7 a long beginning, 0 else."""
    if a[:1] != b[:1] or not (a.isalpha() and b.isalpha()):
        return 0.0
    short = min(len(a), len(b))
    if short >= 5 and _near(a, b, 1 if short < 8 else 2):
        return 0.85
    shared = next((n for n, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), short)
    return 0.7 if shared >= 5 and shared >= 0.6 * max(len(a), len(b)) else 0.0
