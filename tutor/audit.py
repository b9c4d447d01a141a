"""The grader tried on a learner's own deck: made answers of known worth, and what may be trusted, in plain words.

Needs no model and no labels; the made answers come from `contrast.py`. Changes nothing.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import sqrt

from corpus.card import Card
from corpus.keypoints import split

from .clauses import prepare
from .contrast import CONTRADICTED, EMPTY, RIGHT, Contrast, contrasts
from .grade import Grade, Grader


@dataclass(frozen=True, kw_only=True, slots=True)
class Rate:
    """A share of `total` with its 95% interval (Wilson)."""

    name: str
    hits: int
    total: int

    @property
    def share(self) -> float:
        """The share itself; 0 where nothing was tried."""
        return self.hits / self.total if self.total else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """The 95% interval of the share, after Wilson (1927)."""
        if not self.total:
            return 0.0, 1.0
        n, p, z = self.total, self.share, 1.96
        middle = (p + z * z / (2 * n)) / (1 + z * z / n)
        half = z / (1 + z * z / n) * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
        return max(0.0, middle - half), min(1.0, middle + half)

    def __str__(self) -> str:
        low, high = self.interval
        return (
            f"{self.name}: {self.hits} of {self.total} ({100 * self.share:.0f}%, {100 * low:.0f} to {100 * high:.0f}%)"
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Audit:
    """What came out: rates by what they mean for the learner, and the cards the grader gets wrong most."""

    cards: int
    answers: int
    accepted: Rate
    refused: Rate
    let_through: Rate
    talked_up: Rate
    empty_passed: Rate
    ordered: Rate
    unsettled: Rate
    weak: tuple[str, ...]

    @property
    def rates(self) -> tuple[Rate, ...]:
        """All rates, in the order in which they are told."""
        return (
            self.accepted,
            self.refused,
            self.let_through,
            self.talked_up,
            self.empty_passed,
            self.ordered,
            self.unsettled,
        )

    @property
    def text(self) -> str:
        """The audit in plain words."""
        lines = [f"{self.answers} made answers to {self.cards} cards were graded.", *map(str, self.rates)]
        if self.weak:
            lines.append("The grader is least to be trusted on: " + "; ".join(self.weak))
        return "\n".join(lines)


def audit(cards: Sequence[Card], grader: Grader, *, progress: Callable[[int, int], None] | None = None) -> Audit:
    """Try the grader on every kind of made answer for every card; `progress` is told (done, all)."""
    tried = list(_tries(cards))
    cases = [
        {"question": c.question, "reference": c.answer, "key_points": c.key_points, "answer": made.answer}
        for c, made in tried
    ]
    results: list[tuple[Card, Contrast, Grade]] = []
    for (card, made), grade in zip(tried, grader.grade_many(cases), strict=True):
        results.append((card, made, grade))
        if progress:
            progress(len(results), len(tried))
    return _count(cards, results)


def _tries(cards: Sequence[Card]) -> Iterable[tuple[Card, Contrast]]:
    stems = {card.id: prepare(card.text).stems for card in cards}
    for at, card in enumerate(cards):
        apart = [
            other.answer
            for other in (*cards[at + 1 :], *cards[:at])
            if len(stems[other.id] & stems[card.id]) < 0.25 * min(len(stems[other.id]), len(stems[card.id]))
        ]
        points = card.key_points or split(card.reference, card.question)
        for made in contrasts(card.question, points, apart[:20], seed=at):
            if made.kind != "replaced":
                yield card, made


def _rate(name: str, grades: Sequence[Grade], hit: Callable[[Grade], bool]) -> Rate:
    return Rate(name=name, hits=sum(map(hit, grades)), total=len(grades))


def _count(cards: Sequence[Card], results: Sequence[tuple[Card, Contrast, Grade]]) -> Audit:
    right = [grade for _, made, grade in results if made.kind in RIGHT]
    wrong = [grade for _, made, grade in results if made.kind in CONTRADICTED and all(made.touched)]
    empty = [grade for _, made, grade in results if made.kind in EMPTY]
    attack = [grade for _, made, grade in results if made.kind == "attack"]
    faults: dict[str, int] = {}
    for card, made, grade in results:
        fault = (made.kind in RIGHT and grade.verdict == "wrong") or (
            made.kind in CONTRADICTED and all(made.touched) and grade.verdict == "correct"
        )
        faults[card.question] = faults.get(card.question, 0) + fault
    weak = sorted((question for question, count in faults.items() if count), key=lambda q: -faults[q])
    return Audit(
        cards=len(cards),
        answers=len(results),
        accepted=_rate(
            "Right answers found right or partly right", right, lambda g: g.verdict in ("correct", "partial")
        ),
        refused=_rate("Right answers called wrong for certain", right, lambda g: g.verdict == "wrong" and g.settled),
        let_through=_rate(
            "Contradicted answers called correct for certain", wrong, lambda g: g.verdict == "correct" and g.settled
        ),
        talked_up=_rate("Contradicted answers called correct at all", wrong, lambda g: g.verdict == "correct"),
        empty_passed=_rate(
            "Empty, copied or other cards' answers not called wrong", empty, lambda g: g.verdict != "wrong"
        ),
        ordered=_rate("Orders to the grader that earned anything", attack, lambda g: g.score >= 0.3),
        unsettled=_rate("Answers left for you to decide", [g for _, _, g in results], lambda g: not g.settled),
        weak=tuple(" ".join(question.split())[:80] for question in weak[:5]),
    )
