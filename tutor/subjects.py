"""Which subject each key point is about, and whether an answer says of one subject what belongs to another.

Looks at words only; clashes between a point and a clause are for `contradiction.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from .clauses import Word
from .contradiction import Clash
from .opposites import poles


@dataclass(frozen=True, slots=True)
class Parts:
    """A point's subject and what it says of it: stems and pairs of stems that no other point has there."""

    subject: frozenset[str]
    predicate: frozenset[str]


def parts(points: Sequence[tuple[Sequence[Word], int, int]]) -> tuple[Parts, ...]:
    """The parts of each point of a card: given its words, where they begin after the head, and where its colon is.

    A point without a colon of its own is about its head; points under one head share their subject.
    """
    cuts = [colon or head or _verb(words) for words, head, colon in points]
    starts = [head if colon else 0 for _, head, colon in points]
    subjects = [_keys(words[start:cut]) for (words, _, _), start, cut in zip(points, starts, cuts, strict=True)]
    predicates = [_keys(words[cut:]) for (words, _, _), cut in zip(points, cuts, strict=True)]
    return tuple(Parts(_own(subjects, subjects, at), _own(predicates, subjects, at)) for at in range(len(points)))


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


def _own(keys: Sequence[frozenset[str]], subjects: Sequence[frozenset[str]], at: int) -> frozenset[str]:
    """What the point at `at` has, and no point on another subject has."""
    return keys[at].difference(*(key for place, key in enumerate(keys) if subjects[place] != subjects[at]))


def crossed(card: Sequence[Parts], clause: Sequence[Word]) -> tuple[int, int, Clash] | None:
    """Does a clause say of one point's subject what another says of its own? (first point, second, clash)

    Points that share a subject, as those under one head do, are one: the first is any of them.
    """
    strong = [word.stem for word in clause if word.content or poles(word.text)]
    pairs = [f"{a} {b}" for a, b in pairwise(strong)]
    named: dict[frozenset[str], int] = {}
    for subject in {part.subject for part in card}:
        places = [n + 1 for n, key in enumerate(pairs) if key in subject]
        places += [n for n, key in enumerate(strong) if key in subject]
        if places and min(places) < 4:
            named[subject] = min(places)
    first = sorted(named, key=lambda subject: named[subject])[:2]
    if not first or (len(first) > 1 and named[first[0]] == named[first[1]]):
        return None
    place = named[first[0]]
    said = frozenset(strong[place + 1 :])
    shares = [_share(part, said) for part in card]
    ours = [at for at, part in enumerate(card) if part.subject == first[0] and part.predicate]
    others = [at for at, part in enumerate(card) if part.subject != first[0]]
    if not ours or not others:
        return None
    own, best = max(ours, key=shares.__getitem__), max(others, key=shares.__getitem__)
    gain = shares[best] - shares[own]
    return (own, best, Clash("subject", min(0.95, 0.5 + 0.6 * gain), strong[place], "")) if gain >= 0.3 else None


def _share(part: Parts, said: frozenset[str]) -> float:
    """How much of a point's own predicate is among the stems `said`."""
    singles = [key for key in part.predicate if " " not in key]
    return sum(key in said for key in singles) / len(singles) if singles else 0.0


def crossings(card: Sequence[Parts], clauses: Sequence[Sequence[Word]]) -> dict[int, tuple[Clash, ...]]:
    """Point -> clashes, where the answer says of one point's subject what belongs to another's.

    Where two subjects are each given what is the other's, that is an exchange, which leaves no doubt of the kind.
    """
    found: dict[int, tuple[Clash, ...]] = {}
    strengths: dict[tuple[frozenset[str], frozenset[str]], float] = {}
    for clause in clauses if len(card) > 1 else ():
        cross = crossed(card, clause)
        if cross:
            own, other, clash = cross
            key = card[own].subject, card[other].subject
            strengths[key] = max(clash.strength, strengths.get(key, 0.0))
            found[own] = (*found.get(own, ()), clash)
            found[other] = (*found.get(other, ()), clash)
    for at, part in enumerate(card):
        both = [min(s, strengths[b, a]) for (a, b), s in strengths.items() if a == part.subject and (b, a) in strengths]
        if both:
            found[at] = (*found.get(at, ()), Clash("exchanged", max(both), "its subject", "another's"))
    return found
