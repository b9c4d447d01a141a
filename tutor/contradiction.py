"""Does a clause of the learner's say the opposite of a key point? Opposed terms, negation, numbers, swapped roles.

Looks only at a key point and the words that were aligned with it; whether a point was made at all is for `match.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import Literal

from .clauses import Word
from .opposites import alike, opposed, poles

Kind = Literal["opposed", "negated", "number", "swapped", "subject", "exchanged", "replaced"]

_SOFT_NEGATORS = frozenset(
    """prevent prevents preventing avoid avoids avoiding lack lacks lacking fail fails failing unable stop stops
    stopping bad wrong reduce reduces reducing limit limits limited less fewer little hard difficult without instead
    rather only except regardless ignore ignores block blocks unlike against zero free minimise minimize""".split()
)
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
        best, place = 0.0, -1
        for j, theirs in enumerate(clause):
            likeness = alike(ours.text, theirs.text)
            if likeness >= 0.7:
                likeness += 0.1 * _context(point, i, clause, j)
                if likeness > best:
                    best, place = likeness, j
        partners.append(place)
    return partners


def _around(words: Sequence[Word], at: int, reach: int = WINDOW) -> list[Word]:
    """The words that mean something within `reach` such words of `at`."""
    found = []
    for step in (-1, 1):
        left, place = reach, at + step
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
    found = [
        *_opposed_terms(point, clause, partners),
        *_negations(point, clause, partners),
        *_numbers(point, clause, known),
        *_swaps(point, clause),
    ]
    return tuple(found)


def _opposed_terms(point: Sequence[Word], clause: Sequence[Word], partners: Sequence[int]) -> list[Clash]:
    """Words of the point that the clause lacks and that an opposite stands in for, in a like neighbourhood."""
    alone = sum(word.content for word in point) <= 2
    taken = {place for place in partners if place >= 0}
    found = []
    for i, ours in enumerate(point):
        if partners[i] >= 0 or (not poles(ours.text) and ours.weight < 1):
            continue
        best = 0.0
        word = ""
        for j, theirs in enumerate(clause):
            if j in taken or not opposed(ours.text, theirs.text) or ours.negated != theirs.negated:
                continue
            near = max(_context(point, i, clause, j), 0.8 if alone else 0.0)
            strength = (0.35 + 0.6 * near) * (1.0 if ours.content and theirs.content else 0.7)
            if strength > best:
                best, word = strength, theirs.text
        if best:
            found.append(Clash("opposed", min(best, 0.95), ours.text, word))
    return found


def _negations(point: Sequence[Word], clause: Sequence[Word], partners: Sequence[int]) -> list[Clash]:
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
    strength = (0.55 + 0.4 * share) * (0.4 if softened else 1.0) * (0.3 if turned else 1.0)
    return [Clash("negated", strength, differ[0][0].text, differ[0][1].text)]


def _numbers(point: Sequence[Word], clause: Sequence[Word], known: frozenset[str]) -> list[Clash]:
    ours = {word.text: i for i, word in enumerate(point) if word.text[0].isdigit()}
    theirs = {word.text: j for j, word in enumerate(clause) if word.text[0].isdigit() and word.text not in known}
    lost = [(text, i) for text, i in ours.items() if text not in theirs and text not in known]
    new = [(text, j) for text, j in theirs.items() if text not in ours]
    found = []
    for text, i in lost:
        near = max(((_context(point, i, clause, j), other) for other, j in new), default=None)
        if near is not None:
            found.append(Clash("number", 0.4 + 0.5 * near[0], text, near[1]))
    return found


def _once(words: Sequence[Word]) -> dict[str, int]:
    places: dict[str, list[int]] = {}
    for at, word in enumerate(words):
        if word.content or poles(word.text):
            places.setdefault(word.stem, []).append(at)
    return {key: at[0] for key, at in places.items() if len(at) == 1}


def _swaps(point: Sequence[Word], clause: Sequence[Word]) -> list[Clash]:
    """Two words of the point that stand in each other's place in the clause, among the other's neighbours."""
    if len(point) > 60 or len(clause) > 120:
        return []
    point, clause = _compounded(point, clause), _compounded(clause, point)
    ours, theirs = _once(point), _once(clause)
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
            best = Clash("swapped", gain, point[ours[u]].text, point[ours[v]].text)
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


def _ring(words: Sequence[Word], at: int) -> dict[str, tuple[int, float]]:
    """Stem -> (side, nearness from 1 down) of the nearest words around `at`, `from`, `before` and the like included."""
    ring: dict[str, tuple[int, float]] = {}
    for step in (-1, 1):
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


_JOINS = frozenset("from to before after than by into".split())
_Ring = dict[str, tuple[int, float]]


def _gain(a: dict[str, _Ring], b: dict[str, _Ring], u: str, v: str, passive: bool) -> float:
    """How much better the neighbours fit when `u` and `v` change places, as a strength; 0 where they do not."""
    crossed_fits = (_fit(a[u], b[v], u, v, passive), _fit(a[v], b[u], u, v, passive))
    straight = (_fit(a[u], b[u], u, v, passive), _fit(a[v], b[v], u, v, passive))
    if min(crossed_fits) <= 0 or any(new <= old for new, old in zip(crossed_fits, straight, strict=True)):
        return 0.0  # a word that fits where it stands has changed places with none
    gain = sum(crossed_fits) - sum(straight)
    return min(0.95, 0.3 + 0.6 * gain) if gain >= 0.5 else 0.0


def _fit(left: _Ring, right: _Ring, u: str, v: str, passive: bool) -> float:
    ours = {key: place for key, place in left.items() if key not in (u, v)}
    theirs = {key: place for key, place in right.items() if key not in (u, v)}
    total = min(sum(near for _, near in ours.values()), sum(near for _, near in theirs.values()))
    shared = 0.0
    for key, (side, near) in ours.items():
        if key in theirs:
            other, far = theirs[key]
            shared += min(near, far) * (1.0 if passive or side == other else 0.5)
    return shared / total if total else 0.0


@dataclass(frozen=True, slots=True)
class Parts:
    """A point's subject and what it says of it: stems and pairs of stems that no other point has there."""

    subject: frozenset[str]
    predicate: frozenset[str]


def parts(points: Sequence[tuple[Sequence[Word], int]]) -> tuple[Parts, ...]:
    """The parts of each point of a card, given its words and how many of them stand before its colon (0: no colon)."""
    subjects, predicates = [], []
    for words, colon in points:
        cut = colon or _verb(words)
        subjects.append(_keys(words[:cut]))
        predicates.append(_keys(words[cut:]))
    return tuple(Parts(_own(subjects, at), _own(predicates, at)) for at in range(len(subjects)))


def _verb(words: Sequence[Word]) -> int:
    """Where a point without a colon stops naming its subject: after its second word that means something."""
    seen = 0
    for at, word in enumerate(words):
        seen += word.content
        if seen == 2:
            return at + 1
    return len(words)


def _keys(words: Sequence[Word]) -> frozenset[str]:
    strong = [word.stem for word in words if word.content or poles(word.text)]
    return frozenset([*strong, *(f"{a} {b}" for a, b in pairwise(strong))])


def _own(keys: Sequence[frozenset[str]], at: int) -> frozenset[str]:
    others = (
        frozenset().union(*(key for place, key in enumerate(keys) if place != at)) if len(keys) > 1 else frozenset()
    )
    return keys[at] - others


def crossed(card: Sequence[Parts], clause: Sequence[Word]) -> tuple[int, int, Clash] | None:
    """Does a clause say of one point's subject what another says of its own? (first point, second, clash)"""
    strong = [word.stem for word in clause if word.content or poles(word.text)]
    pairs = [f"{a} {b}" for a, b in pairwise(strong)]
    named: list[tuple[int, int]] = []
    for at, part in enumerate(card):
        places = [n + 1 for n, key in enumerate(pairs) if key in part.subject]
        places += [n for n, key in enumerate(strong) if key in part.subject]
        if places and min(places) < 4:
            named.append((min(places), at))
    named.sort()
    if not named or (len(named) > 1 and named[0][0] == named[1][0]):
        return None
    place, own = named[0]
    said = frozenset(strong[place + 1 :])

    def share(part: Parts) -> float:
        singles = [key for key in part.predicate if " " not in key]
        return sum(key in said for key in singles) / len(singles) if singles else 0.0

    best = max((at for at in range(len(card)) if at != own), key=lambda at: share(card[at]), default=own)
    gain = share(card[best]) - share(card[own])
    if best == own or gain < 0.3 or not card[own].predicate:
        return None
    return own, best, Clash("subject", min(0.95, 0.5 + 0.6 * gain), strong[place], "")


def crossings(card: Sequence[Parts], clauses: Sequence[Sequence[Word]]) -> dict[int, tuple[Clash, ...]]:
    """Point -> clashes, where the answer says of one point's subject what belongs to another's.

    Where two subjects are each given what is the other's, that is an exchange, which leaves no doubt of the kind.
    """
    found: dict[int, tuple[Clash, ...]] = {}
    strengths: dict[tuple[int, int], float] = {}
    for clause in clauses if len(card) > 1 else ():
        cross = crossed(card, clause)
        if cross:
            own, other, clash = cross
            strengths[own, other] = max(clash.strength, strengths.get((own, other), 0.0))
            found[own] = (*found.get(own, ()), clash)
            found[other] = (*found.get(other, ()), clash)
    for (own, other), strength in strengths.items():
        if (other, own) in strengths:
            both = Clash("exchanged", min(strength, strengths[other, own]), "its subject", "another's")
            found[own] = (*found[own], both)
    return found


def together(found: Sequence[Clash]) -> float:
    """The clashes taken together, 0 to 1: the chance that at least one is real if each were so on its own."""
    left = 1.0
    for clash in found:
        left *= 1.0 - clash.strength
    return 1.0 - left
