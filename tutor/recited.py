"""A point that is recited nearly word by word: what stands in it in place of what the card says.

Sees only answers that keep most of a point's words in their order. There a changed number, two words exchanged, an
opposite or a denial is no other wording. What says a point in words of its own is for `contradiction.py`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from difflib import SequenceMatcher

from .clauses import Word
from .contradiction import Clash
from .opposites import opposed, poles

_FEWEST, _MOST = 4, 400  # words of a point that can be recited, and of an answer that is looked through
_KEPT = 0.7  # the share of a point's words that stand in the answer in their order
_LONGEST = 3  # words in a row that others may stand for
_WHEN = frozenset("when whenever if as while".split())
_JOINING = frozenset("across along against toward towards within without over under".split())
_COORDINATED = frozenset("and or + / as well nor vs versus is are = be equals means called".split())

Put = tuple[int, Word, Word]


def misquoted(point: Sequence[Word], answer: Sequence[Word], known: frozenset[str] = frozenset()) -> tuple[Clash, ...]:
    """What in an answer that recites `point` turns it into something else; () where it does not recite it.

    `known` holds the stems of the question: a number that the question gives is no claim.
    """
    point, answer = _joined(point), _joined(answer)
    ours, theirs = [word.text for word in point], [word.text for word in answer]
    if len(ours) < _FEWEST or len(theirs) > _MOST or len({*ours} & {*theirs}) < _KEPT * len({*ours}):
        return ()
    found = SequenceMatcher(None, ours, theirs, autojunk=False)
    same = [(point[a + at], answer[b + at]) for a, b, size in found.get_matching_blocks() for at in range(size)]
    if len(same) < _KEPT * len(ours):
        return ()
    put = [
        (at, point[at], answer[to])
        for tag, i, k, j, end in found.get_opcodes()
        if tag == "replace" and k - i <= _LONGEST
        for at, to in zip(range(i, k), _stand_ins(i, k, j, end, len(ours)), strict=False)
    ]
    exchanged = _exchanged(point, put) or _moved(point, answer, found.get_opcodes())
    if exchanged:
        return (exchanged,)
    denied = _first_denied(point) | _first_denied(answer)
    return (*_renumbered(put, ours, theirs, known), *_turned(put, same, denied))


def _joined(words: Sequence[Word]) -> list[Word]:
    """`words` with the parts of a number as one: `1,500` as 1500, `2,5` as 2.5."""
    found: list[Word] = []
    for word in words:
        last = found[-1] if found else word
        if found and word.start == last.end + 1 and word.text.isdecimal() and last.text.isdecimal():
            mark = "" if len(word.text) == 3 else "."
            found[-1] = replace(last, text=f"{last.text}{mark}{word.text}", end=word.end)
        else:
            found.append(word)
    return found


def coordinated(between: Iterable[Word]) -> bool:
    """Whether words that have only these between them may change places: `inputs and outputs`, `past/current`."""
    return all(word.text in _COORDINATED for word in between)


def _tells(word: Word) -> bool:
    return (word.content or bool(poles(word.text))) and word.text not in _JOINING


def _stand_ins(first: int, last: int, start: int, end: int, whole: int) -> range:
    """The places of the answer that stand for `first` to `last` of the point: as many, at its ends the nearest."""
    size = last - first
    if end - start == size or last == whole:
        return range(start, min(end, start + size))
    return range(end - size, end) if first == 0 and end - start > size else range(0)


def _moved(
    point: Sequence[Word], answer: Sequence[Word], steps: Sequence[tuple[str, int, int, int, int]]
) -> Clash | None:
    """`same across different` for `different across same`, which looks as if `across same` had been moved."""
    for (tag, i, k, j, end), middle, (back, m, n, o, stop) in zip(steps, steps[1:], steps[2:], strict=False):
        if {tag, back} != {"insert", "delete"} or middle[2] - middle[1] > _LONGEST:
            continue
        gone, come = (point[i:k], answer[o:stop]) if tag == "delete" else (point[m:n], answer[j:end])
        telling = [word for word in gone if _tells(word)]
        stayed = [word for word in point[middle[1] : middle[2]] if _tells(word)]
        like = sorted(word.text for word in gone) == sorted(word.text for word in come)
        if (
            like
            and len(telling) == len(stayed) == 1
            and len(gone) > 1
            and not coordinated(w for w in gone if w not in telling)
        ):
            return Clash("exchanged", 0.95, stayed[0].text, telling[0].text)
    return None


def _exchanged(point: Sequence[Word], put: Sequence[Put]) -> Clash | None:
    """Two words that stand in each other's place.

    Not where they are but named in the other order (`inputs and outputs`), nor where two opposites change places and
    the relation stays: what `rises when the other falls` also falls when the other rises.
    """
    for at, ours, theirs in put:
        for other, one, two in put:
            crossed = other > at and ours.stem == two.stem != theirs.stem == one.stem
            if not crossed or not _tells(ours) or not _tells(theirs):
                continue
            between = point[at + 1 : other]
            related = opposed(ours.text, theirs.text) and any(word.text in _WHEN for word in between)
            if not related and not coordinated(between):
                return Clash("exchanged", 0.95, ours.text, theirs.text)
    return None


def _renumbered(put: Sequence[Put], ours: Sequence[str], theirs: Sequence[str], known: frozenset[str]) -> list[Clash]:
    """Numbers of the point that another stands for; not where the unit is another too."""
    changed = {at for at, _, _ in put}
    return [
        Clash("misquoted", 0.9, one.text, other.text)
        for at, one, other in put
        if _is_number(one.text) and _is_number(other.text) and one.text not in theirs and other.text not in ours
        if one.text not in known and other.text not in known and at + 1 not in changed
    ]


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).isdecimal()


def _first_denied(words: Sequence[Word]) -> set[Word]:
    """The first telling word of each stretch that is denied; how far the stretch reaches is a guess."""
    found, inside = set(), False
    for word in words:
        if word.negated and word.content and not inside:
            found.add(word)
        inside = word.negated and (inside or word.content)
    return found


def _turned(put: Sequence[Put], same: Sequence[tuple[Word, Word]], denied: set[Word]) -> list[Clash]:
    """An opposite that stands for a word, or a denial of what is else the same; both together say the same again."""
    opposites = [(one, other) for _, one, other in put if opposed(one.text, other.text)]
    if len(opposites) == 2 and any(word.text in _WHEN for word, _ in same):
        return []  # `falls when the other rises` for `rises when the other falls`
    turned = [(one, other) for one, other in same if one.negated != other.negated and {one, other} & denied]
    if bool(opposites) == bool(turned):
        return []
    one, other = (opposites or turned)[0]
    return [] if opposites and one.negated != other.negated else [Clash("misquoted", 0.9, one.text, other.text)]
