"""Which clause of an answer is held against which part of a point, and what clashes there.

What clashes between two clauses is for `contradiction.py`; what it costs is decided in `match.py` and `grade.py`.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from .clauses import Clause
from .contradiction import Clash, clashes
from .likeness import Floats, mean, peak, weigh
from .opposites import alike
from .states import Seen

# For a clause: blended score, word recall, precision, cosine, and the clause.
Score = tuple[float, float, float, float, Clause]
SAME = 0.85  # a word of the same stem, or a slip of the pen
PART_SAID = 0.3  # how much of a half-sentence of a point a clause must say to be compared with it


def reasons_against(
    point: Seen,
    answer: Seen,
    known: frozenset[str],
    scores: Sequence[Score],
    table: Floats,
    tops: Sequence[float],
    stated: Collection[tuple[int, int]],
) -> tuple[Clash, ...]:
    """The clashes of the clause that fits the point best, and weaker ones of the clauses that fit nearly as well.

    `tops` holds how well each clause fits the point that it fits best: what makes another point is hardly against
    this one, and what is `stated` in the words of any point is not.
    """
    found: dict[tuple[str, str], Clash] = {}
    top = max(score[0] for score in scores)
    for score, most in sorted(zip(scores, tops, strict=True), key=lambda pair: -pair[0][0])[:4]:
        blend, clause = score[0], score[4]
        fit = (blend / top) ** 2 if top > 0 else 0.0
        if fit < 0.5:
            break
        if any(first < clause.last and clause.first < last for first, last in stated):
            continue
        fit *= min(1.0, 1.25 * blend / most) ** 2
        for clash in clashes(point.text.words, answer.text.words[clause.first : clause.last], known=known):
            _keep(found, replace(clash, strength=clash.strength * fit))
    for clash in _by_parts(point, answer, known, table, stated):
        _keep(found, clash)
    return tuple(found.values())


def _keep(found: dict[tuple[str, str], Clash], clash: Clash) -> None:
    """The stronger of two clashes of one kind on one word."""
    key = (clash.kind, clash.ours)
    if key not in found or found[key].strength < clash.strength:
        found[key] = clash


def _by_parts(
    point: Seen, answer: Seen, known: frozenset[str], table: Floats, stated: Collection[tuple[int, int]]
) -> Iterator[Clash]:
    """The clashes of each sentence or half-sentence of a long point with the clause that says most of it."""
    parts = [part for part in point.text.clauses if part.last - part.first < len(point.text.words)]
    clauses = [c for c in answer.text.clauses if not any(a < c.last and c.first < b for a, b in stated)]
    for part in parts if clauses else ():
        ours = point.text.words[part.first : part.last]
        weights = weigh(ours)
        shares = [mean(peak(table[part.first : part.last, c.first : c.last]), weights) for c in clauses]
        # Of clauses that say as much of it, the shortest one is meant.
        clause = max(zip(shares, clauses, strict=True), key=lambda pair: (pair[0], pair[1].first - pair[1].last))[1]
        share = max(shares)
        if share >= PART_SAID and sum(word.content for word in ours) >= 2:
            others = (*point.text.words[: part.first], *point.text.words[part.last :])
            for clash in clashes(ours, answer.text.words[clause.first : clause.last], known=known):
                # What stands for a word of another part stands against none of this one.
                taken = clash.kind == "opposed" and any(alike(clash.theirs, word.text) >= SAME for word in others)
                if clash.kind in ("opposed", "negated") and not taken:
                    yield replace(clash, strength=clash.strength * min(1.0, share / 0.6))
