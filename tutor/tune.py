"""FSRS fitted to one learner: parameters from her earlier reviews, kept only where they foretell the later ones better.

Reads reviews and gives parameters; writes no log and moves no card.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tutor.schedule import AGAIN, Review, Scheduler

ENOUGH = 300  # reviews a day or more apart; with fewer, FSRS's own parameters foretell better
_EARLIER = 0.7
_MOST = 6_000
_FREE = (0, 1, 2, 3, 8, 11)  # first stabilities, growth after a success, what a lapse leaves: the rest is shape
_PULL = 0.02  # towards FSRS's own values, which thousands of learners gave
_ROUNDS = 12


@dataclass(frozen=True, kw_only=True, slots=True)
class Tuned:
    """What a fit found: mean log loss on the later reviews with the parameters of before and with the new ones."""

    parameters: tuple[float, ...]
    reviews: int
    before: float
    after: float

    @property
    def better(self) -> bool:
        """Whether the new parameters foretell the later reviews better."""
        return self.after < self.before


def log_loss(foretold: Iterable[tuple[Review, float]]) -> float:
    """Mean of minus the logarithm of the chance given to what happened; not a number where there is nothing."""
    losses = [-math.log(_within(chance if review.fsrs > AGAIN else 1 - chance)) for review, chance in foretold]
    return sum(losses) / len(losses) if losses else math.nan


def tune(reviews: Sequence[Review], scheduler: Scheduler) -> Tuned | None:
    """Parameters for the learner whose reviews these are, oldest first; None where there are too few."""
    by_card: dict[str, list[Review]] = defaultdict(list)
    for review in reviews[-_MOST:]:
        by_card[review.card].append(review)
    histories = tuple(by_card.values())
    counted = sorted(review.at for one in histories for review, _ in scheduler.foretold(one))
    if len(counted) < ENOUGH:
        return None
    cut = counted[int(_EARLIER * len(counted))]
    earlier = [[review for review in one if review.at < cut] for one in histories]
    found = _fit(earlier, scheduler)

    def later(one: Scheduler) -> float:
        return log_loss((r, chance) for history in histories for r, chance in one.foretold(history) if r.at >= cut)

    return Tuned(parameters=found.parameters, reviews=len(counted), before=later(scheduler), after=later(found))


def _fit(histories: Sequence[Sequence[Review]], scheduler: Scheduler) -> Scheduler:
    from scipy.optimize import minimize

    start = scheduler.parameters

    def moved(steps: Sequence[float]) -> Scheduler:
        values = list(start)
        for place, step in zip(_FREE, steps, strict=True):
            values[place] = start[place] * math.exp(step)
        return scheduler.fitted(values)

    def cost(steps: Sequence[float]) -> float:
        one = moved(steps)
        loss = log_loss(told for history in histories for told in one.foretold(history))
        return loss + _PULL * sum(step * step for step in steps)

    best = minimize(
        cost, [0.0] * len(_FREE), method="L-BFGS-B", bounds=[(-2.0, 2.0)] * len(_FREE),
        options={"maxiter": _ROUNDS, "eps": 1e-3},
    )  # fmt: skip
    return moved(best.x)


def _within(chance: float) -> float:
    return min(1 - 1e-6, max(1e-6, chance))
