"""Does a clause of the learner's say the opposite of a key point? Opposed terms, negation, numbers, swapped roles.

Looks only at a key point and the words that were aligned with it; whether a point was made at all is for `match.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise, product
from math import prod
from typing import Literal

from .clauses import Word
from .opposites import PLACES, alike, opposed, poles

Kind = Literal["opposed", "negated", "number", "swapped", "subject", "exchanged", "misquoted", "formula"]

_SOFT_NEGATORS = frozenset(
    """prevent prevents preventing avoid avoids avoiding lack lacks lacking fail fails failing unable stop stops
    stopping bad wrong reduce reduces reducing limit limits limited less fewer little hard difficult without instead
    rather only except regardless ignore ignores block blocks unlike against zero free minimise minimize""".split()
)
_AMOUNTS = frozenset("all every each some several many few both any most".split())
WINDOW = 3


@dataclass(frozen=True, slots=True)
class Clash:
    """One reason to think that a clause contradicts a point: how strong (0 to 1), our word and theirs."""

    kind: Kind
    strength: float
    ours: str
    theirs: str


def align(point: Sequence[Word], clause: Sequence[Word]) -> list[int]:
    """For each word of the point, the place of its best partner in the clause, or -1; neighbours break ties."""
    partners = []
    for i, ours in enumerate(point):
        likes = [alike(ours.text, theirs.text) for theirs in clause]
        # With one candidate, or none, nothing is left to choose.
        near = [j for j, likeness in enumerate(likes) if likeness >= 0.7]
        best, place = 0.0, near[0] if near else -1
        for j in near if len(near) > 1 else ():
            # A word that stands there denied and undenied is taken as it is meant here.
            likeness = likes[j] + 0.1 * _context(point, i, clause, j) + 0.05 * (ours.negated == clause[j].negated)
            if likeness > best:
                best, place = likeness, j
        partners.append(place)
    return partners


def _around(words: Sequence[Word], at: int) -> list[Word]:
    """The words that mean something within `WINDOW` such words of `at`."""
    found = []
    for step in (-1, 1):
        left, place = WINDOW, at + step
        while left and 0 <= place < len(words):
            if words[place].content:
                found.append(words[place])
                left -= 1
            place += step
    return found


def _context(point: Sequence[Word], i: int, clause: Sequence[Word], j: int) -> float:
    """The share of the words around place `i` of the point that stand around place `j` of the clause too (0 to 1)."""
    ours, theirs = _around(point, i), _around(clause, j)
    if not ours or not theirs:
        return 0.0
    shared = sum(any(alike(a.text, b.text) >= 0.8 for b in theirs) for a in ours)
    return shared / min(len(ours), len(theirs))


def clashes(point: Sequence[Word], clause: Sequence[Word], *, known: frozenset[str] = frozenset()) -> tuple[Clash, ...]:
    """Every reason to think that `clause` says the opposite of `point`.

    `known` holds the stems of the question: a number that the question gives is no claim of the learner's.
    """
    if not point or not clause:
        return ()
    partners = align(point, clause)
    turned = _compared(point, clause)
    found = [
        *([Clash("swapped", 0.8, *turned)] if turned else ()),
        *(_opposed_terms(point, clause, partners) if turned != () else ()),
        *_negations(point, clause, partners, known),
        *_numbers(point, clause, known),
        *(_swaps(point, clause) if turned != () else ()),
    ]
    return tuple(found)


def _compared(point: Sequence[Word], clause: Sequence[Word]) -> tuple[str, str] | tuple[()] | None:
    """`A is more than B` beside `B is more than A`: the words that changed sides.

    (): they changed sides, and the comparison is turned round as well, so all is as it was. None: nothing compared.
    """
    ours, theirs = _sides(point), _sides(clause)
    if not ours or not theirs:
        return None
    left, right = ours[0] & theirs[1], ours[1] & theirs[0]
    if not left or not right or (ours[0] & theirs[0] and ours[1] & theirs[1]):
        return None
    turned = any(opposed(a.text, b.text) for a in point if poles(a.text) for b in clause)
    return () if turned else (min(left), min(right))


def _sides(words: Sequence[Word]) -> tuple[frozenset[str], frozenset[str]] | None:
    """The stems on either side of a `than` that stand on one side only; None without one."""
    at = next((place for place, word in enumerate(words) if word.text == "than"), -1)
    if at < 0:
        return None
    left, right = ({word.stem for word in part if word.weight >= 1} for part in (words[:at], words[at + 1 :]))
    return frozenset(left - right), frozenset(right - left)


def _opposed_terms(point: Sequence[Word], clause: Sequence[Word], partners: Sequence[int]) -> list[Clash]:
    """Words of the point that the clause lacks and that an opposite stands in for, in a like neighbourhood."""
    alone = sum(word.content for word in point) <= 2
    taken = {place for place in partners if place >= 0}
    # What one side denies with a verb (`prevent domination`) the other may deny with a word (`none dominates`).
    denied = any(j >= 0 and clause[j].negated and not ours.negated for ours, j in zip(point, partners, strict=True))
    found = []
    for i, ours in enumerate(point):
        if partners[i] >= 0 or (not poles(ours.text) and ours.weight < 1):
            continue
        best = 0.0
        word = ""
        for j, theirs in enumerate(clause):
            if j in taken or not opposed(ours.text, theirs.text) or ours.negated != theirs.negated:
                continue
            if (ours.text in _SOFT_NEGATORS and denied) or not _of_the_same(point, i, clause, j):
                continue
            near = max(_context(point, i, clause, j), 0.8 if alone else 0.0)
            strength = (0.35 + 0.6 * near) * (1.0 if ours.content and theirs.content else 0.7)
            if strength > best:
                best, word = strength, theirs.text
        if best:
            found.append(Clash("opposed", min(best, 0.95), ours.text, word))
    return found


def _of_the_same(point: Sequence[Word], i: int, clause: Sequence[Word], j: int) -> bool:
    """False where two amounts (`all`, `some`) or places (`in`, `out`) are of different things."""
    after = _alike_content(point[i + 1 :], clause[j + 1 :])
    if point[i].text in _AMOUNTS and clause[j].text in _AMOUNTS:
        return after
    if point[i].text in PLACES and clause[j].text in PLACES:
        return after or _alike_content(point[:i][::-1], clause[:j][::-1])
    return True


def _alike_content(ours: Sequence[Word], theirs: Sequence[Word]) -> bool:
    """Whether the first telling words of both are alike; True where one side has none."""
    one, other = (next((word for word in words if word.content), None) for words in (ours, theirs))
    return one is None or other is None or alike(one.text, other.text) >= 0.7


def _negations(
    point: Sequence[Word], clause: Sequence[Word], partners: Sequence[int], known: frozenset[str]
) -> list[Clash]:
    """Words that both sides use, denied on one side only, where no opposite and no `prevents` makes up for it."""
    matched = [(ours, clause[j]) for ours, j in zip(point, partners, strict=True) if j >= 0 and ours.content]
    differ = [(a, b) for a, b in matched if a.negated != b.negated]
    if not differ:
        return []
    plain_side = clause if differ[0][0].negated else point
    softened = any(word.text in _SOFT_NEGATORS for word in plain_side)
    turned = any(
        opposed(a.text, b.text) and a.negated != b.negated
        for a in point
        if poles(a.text)
        for b in clause
        if b.negated or a.negated
    )
    share = sum(a.weight for a, _ in differ) / sum(a.weight for a, _ in matched)
    both = sum(a.weight for a, b in matched if a.negated and b.negated)
    # Denied on both sides, only with other words between: how far a denial reaches beyond its first word is a guess.
    first = _first_denied(point) | _first_denied(clause)
    reached = both >= sum(a.weight for a, _ in differ) and first.isdisjoint(word for pair in differ for word in pair)
    # Where only words of the question are denied, something else is said of them: `no gap` beside `connected`.
    topic = all(a.stem in known for a, _ in matched)
    strength = (0.55 + 0.4 * share) * (0.4 if softened or topic else 1.0) * (0.3 if turned or reached else 1.0)
    return [Clash("negated", strength, differ[0][0].text, differ[0][1].text)]


def _first_denied(words: Sequence[Word]) -> set[Word]:
    """The words that stand right behind what denies them."""
    return {word for before, word in pairwise(words) if word.negated and not before.negated}


def _numbers(point: Sequence[Word], clause: Sequence[Word], known: frozenset[str]) -> list[Clash]:
    """Numbers of the point that the clause lacks and gives another in place of; `L2` for `L1` is one too.

    A number that stands twice must be said twice before the second can stand for another.
    """
    ours, theirs = _figures(point), _figures(clause)
    for text in {word.text for _, word in ours}:
        for _ in range(min(_count(ours, text), _count(theirs, text))):
            i, j = max(
                ((i, j) for i, a in ours for j, b in theirs if a.text == b.text == text),
                key=lambda pair: _context(point, pair[0], clause, pair[1]),
            )
            ours, theirs = [x for x in ours if x[0] != i], [x for x in theirs if x[0] != j]
    found = []
    for i, word in ours:
        new = [(j, b) for j, b in theirs if b.text not in known and _letters(b.text) == _letters(word.text)]
        if new and word.text not in known:
            near, other = max((_context(point, i, clause, j), b.text) for j, b in new)
            found.append(Clash("number", 0.4 + 0.5 * near, word.text, other))
    return found


def _figures(words: Sequence[Word]) -> list[tuple[int, Word]]:
    """The words that hold a figure, with their places."""
    return [(at, word) for at, word in enumerate(words) if any(map(str.isdigit, word.text))]


def _count(figures: Sequence[tuple[int, Word]], text: str) -> int:
    return sum(word.text == text for _, word in figures)


def _letters(text: str) -> str:
    return "".join(c for c in text if c.isalpha())


def _seldom(words: Sequence[Word]) -> dict[str, list[int]]:
    """Stem -> its places, for words that mean something and stand there once or twice."""
    places: dict[str, list[int]] = {}
    for at, word in enumerate(words):
        if word.content or poles(word.text):
            places.setdefault(word.stem, []).append(at)
    return {key: at for key, at in places.items() if len(at) <= 2}


def _swaps(point: Sequence[Word], clause: Sequence[Word]) -> list[Clash]:
    """Two words of the point that stand in each other's place in the clause, among the other's neighbours."""
    if len(point) > 60 or len(clause) > 120:
        return []
    point, clause = _compounded(point, clause), _compounded(clause, point)
    ours, theirs = _seldom(point), _seldom(clause)
    both = [key for key in ours if key in theirs]
    passive = any(word.text == "by" for word in (*point, *clause))
    if len(both) < 2:
        return []
    rings_a = {key: _ring(point, ours[key]) for key in both}
    rings_b = {key: _ring(clause, theirs[key]) for key in both}
    best: Clash | None = None
    for u, v in combinations(both, 2):
        gain = _gain(rings_a, rings_b, u, v, passive)
        if gain > 0 and (best is None or gain > best.strength):
            best = Clash("swapped", gain, point[ours[u][0]].text, point[ours[v][0]].text)
    return [best] if best else []


def _compounded(words: Sequence[Word], other: Sequence[Word]) -> Sequence[Word]:
    """`words` with `flow of information` put as `information flow` where the other text has it so."""
    if not any(word.text == "of" for word in words):
        return words
    stems = [word.stem for word in other]
    places = {(a, b) for a, b in pairwise(stems)}
    result = list(words)
    for at, word in enumerate(words):
        if word.text != "of" or at == 0 or not words[at - 1].content:
            continue
        first = next((place for place in range(at + 1, len(words)) if words[place].content), len(words))
        last = next((place for place in range(first, len(words)) if not words[place].content), len(words))
        for end in range(first + 1, min(last, first + 3) + 1):
            if (words[end - 1].stem, words[at - 1].stem) in places:
                result[at - 1 : end] = [*words[at:end], words[at - 1]]
    return result


def _ring(words: Sequence[Word], places: Sequence[int]) -> dict[str, tuple[int, float]]:
    """Stem -> (side, nearness from 1 down) of the nearest words around `places`, `from`, `before` and the like too."""
    ring: dict[str, tuple[int, float]] = {}
    for at, step in product(places, (-1, 1)):
        steps, place = 1, at + step
        while steps <= WINDOW and 0 <= place < len(words):
            word = words[place]
            if word.content or word.text in _JOINS:
                near = (step, 1 / steps)
                if word.stem not in ring or ring[word.stem][1] < near[1]:
                    ring[word.stem] = near
                steps += 1
            place += step
    return ring


_JOINS = frozenset("from to before after than by into instead rather unlike".split())
_Ring = dict[str, tuple[int, float]]


def _gain(a: dict[str, _Ring], b: dict[str, _Ring], u: str, v: str, passive: bool) -> float:
    """How much better the neighbours fit when `u` and `v` change places, as a strength; 0 where they do not."""
    pairs = (((a[u], b[v]), (a[u], b[u])), ((a[v], b[u]), (a[v], b[v])))
    gain = 0.0
    for crossed, straight in pairs:
        new = _fit(*crossed, u, v, passive)
        # A word that fits where it stands has changed places with none.
        if new <= 0 or new <= (old := _fit(*straight, u, v, passive)):
            return 0.0
        gain += new - old
    return min(0.95, 0.3 + 0.6 * gain) if gain >= 0.5 else 0.0


def _fit(left: _Ring, right: _Ring, u: str, v: str, passive: bool) -> float:
    shared = 0.0
    for key, (side, near) in left.items():
        if key in right and key not in (u, v):
            other, far = right[key]
            shared += min(near, far) * (1.0 if passive or side == other else 0.5)
    if not shared:
        return 0.0
    return shared / min(sum(near for key, (_, near) in ring.items() if key not in (u, v)) for ring in (left, right))


def together(found: Sequence[Clash]) -> float:
    """The clashes taken together, 0 to 1: the chance that at least one is real if each were so on its own."""
    return 1.0 - prod(1.0 - clash.strength for clash in found)
