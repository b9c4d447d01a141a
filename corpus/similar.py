"""Which texts and cards ask the same in other words: candidate pairs by shared words, then what differs.

Knows words, not meanings: a difference in any word that carries content makes two texts different.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Literal, TypeVar

from corpus.card import Card, text_key

T = TypeVar("T")

_WORD = re.compile(r"[^\W_]+(?:[.'’][^\W_]+)*|[+\-−*/^=<>≤≥≠∂∇%#$&|~!]+")
_CONTRACTED = re.compile(r"(?<=\w)['’](?:s|re)\b")
# Words that only frame a question; none that could tell two cards apart.
_SOFT = frozenset(
    "a an the is are was were be been being do does did of for to in on at by with from as that this these those "
    "there it its their and or what which how please briefly main some any play plays s - / & =".split()
)
# These frame it only where they come first: the hidden state is a state.
_OPENING = frozenset("name list describe explain define give state tell mention outline summarize summarise".split())
_CROWD = 20
_SLIP_LETTERS = 7
_WORD_SHARE = 0.6  # answers that share this much of their words tell the same
_QUESTION_SHARE = 0.8
_SAME_MEANING = 0.95


def words(text: str) -> tuple[str, ...]:
    """The words of a text as they are compared: case folded, plural s off, no framing words."""
    found = _WORD.findall(_CONTRACTED.sub("", text.casefold()))
    found = found[1:] if found[:1] == ["please"] else found
    told = found[1:] if found and found[0] in _OPENING else found
    return tuple(_singular(word) for word in told if word not in _SOFT) or tuple(found)


def _singular(word: str) -> str:
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is", "as", "os")):
        return word[:-1].rstrip("'’")
    return word


def overlap(one: Sequence[str], two: Sequence[str]) -> float:
    """Shared words as a share of all words of both (Jaccard on multisets), 0 to 1."""
    left, right = Counter(one), Counter(two)
    total = sum((left | right).values())
    return sum((left & right).values()) / total if total else 1.0


def _answers_the_same(one: Card, two: Card) -> bool:
    return overlap(words(one.answer), words(two.answer)) >= _WORD_SHARE


def shown_once(found: Iterable[T], card: Callable[[T], Card]) -> Iterator[T]:
    """What was found less that whose card shows the same as an earlier one's."""
    shown: dict[str, list[Card]] = {}  # by question
    for one in found:
        known = shown.setdefault(text_key(card(one).question), [])
        if not any(_answers_the_same(card(one), other) for other in known):
            known.append(card(one))
            yield one


def tells_the_same(one: Card, two: Card, meaning: float) -> bool:
    """Whether one card gives the other away; `meaning` is how near they are in meaning, at most 1."""
    if text_key(one.question) == text_key(two.question) or meaning >= _SAME_MEANING:
        return True
    if _answers_the_same(one, two) and len(words(one.answer)) > 2:
        return True
    return overlap(words(one.question), words(two.question)) >= _QUESTION_SHARE and meaning >= _QUESTION_SHARE


def alike(one: Sequence[str], two: Sequence[str]) -> Literal["yes", "spelling", "no"]:
    """Whether two texts hold the same words in nearly the same order; "spelling" if they do but for one slip."""
    left, right = Counter(one), Counter(two)
    only_left, only_right = list((left - right).elements()), list((right - left).elements())
    if not only_left and not only_right:
        return "yes" if _same_order(one, two) else "no"
    if len(only_left) == len(only_right) == 1 and _slip(only_left[0], only_right[0]):
        return "spelling"
    return "no"


def _same_order(one: Sequence[str], two: Sequence[str]) -> bool:
    """Whether most neighbours in one text are neighbours in the other: "from C to F" is not "from F to C"."""
    if list(one) == list(two):
        return True
    left, right = set(pairwise(one)), set(pairwise(two))
    return len(left & right) >= 0.5 * max(len(left), len(right))


def _slip(one: str, two: str) -> bool:
    """Whether one long word is the other but for letters left out or swapped; a changed letter may mean more."""
    if min(len(one), len(two)) < _SLIP_LETTERS or one[:2] != two[:2] or any(c.isdigit() for c in one + two):
        return False
    if len(one) == len(two):
        differ = [at for at in range(len(one)) if one[at] != two[at]]
        return len(differ) == 2 and differ[1] == differ[0] + 1 and one[differ[0]] == two[differ[1]]
    short, long = sorted((one, two), key=len)
    return len(long) - len(short) <= 2 and _inside(short, long)


def _inside(short: str, long: str) -> bool:
    letters = iter(long)
    return all(letter in letters for letter in short)


def candidates(texts: Sequence[tuple[str, ...]]) -> Iterator[tuple[int, int]]:
    """Pairs of places (smaller first) that `alike` may not call "no"; each pair once, in order.

    Two texts meet if they have the same words, or the same but for one long word with the same first letters. Of a
    crowd that meets, only neighbours in order of words are paired.
    """
    meetings: dict[int, list[int]] = defaultdict(list)
    for at, text in enumerate(texts):
        ordered = sorted(text)
        meetings[hash(tuple(ordered))].append(at)
        for place, word in enumerate(ordered):
            if len(word) >= _SLIP_LETTERS and not (place and ordered[place - 1] == word):
                rest = (*ordered[:place], *ordered[place + 1 :])
                meetings[hash((word[:2], rest))].append(at)
    pairs: set[tuple[int, int]] = set()
    for crowd in meetings.values():
        near = crowd if len(crowd) <= _CROWD else sorted(crowd, key=lambda at: (sorted(texts[at]), at))
        for place, one in enumerate(near[:-1]):
            pairs.update((min(one, two), max(one, two)) for two in near[place + 1 : place + 1 + _CROWD])
    yield from sorted(pairs)
