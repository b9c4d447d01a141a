"""FSRS fitted to one learner: parameters from her earlier reviews, kept only where they foretell the later ones better,
than the parameters of before and than one constant chance for all.

Reads reviews and gives parameters; writes no log and moves no card.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import fmean, stdev

from tutor.schedule import AGAIN, DEFAULT_RETENTION, Review, Scheduler

ENOUGH = 300  # reviews a day or more apart; with fewer, FSRS's own parameters foretell better
EARLIER = 0.7
_MOST = 6_000
_FREE = (0, 1, 2, 3, 8, 11)  # first stabilities, growth after a success, what a lapse leaves: the rest is shape
_PULL = 0.02  # towards FSRS's own values, which thousands of learners gave
_ROUNDS = 12
_SURE = 1.645


@dataclass(frozen=True, kw_only=True, slots=True)
class Tuned:
    """What a fit found: mean log loss on the later reviews with the parameters of before and with the new ones.

    `constant` is that of the share recalled earlier, foretold for every review; what does no better knows nothing.
    `sure` is how much the new ones gain over the better of both at the least: the lower end of a 90% interval.
    """

    parameters: tuple[float, ...]
    reviews: int
    before: float
    after: float
    constant: float
    sure: float

    @property
    def better(self) -> bool:
        """Whether the new parameters foretell the later reviews better, by more than chance would have it."""
        return self.sure > 0


def log_loss(foretold: Iterable[tuple[Review, float]]) -> float:
    """Mean of minus the logarithm of the chance given to what happened; not a number where there is nothing."""
    losses = _losses(foretold)
    return fmean(losses) if losses else math.nan


def _losses(foretold: Iterable[tuple[Review, float]]) -> list[float]:
    return [-math.log(_within(chance if review.fsrs > AGAIN else 1 - chance)) for review, chance in foretold]


def tune(reviews: Sequence[Review], scheduler: Scheduler) -> Tuned | None:
    """Parameters for the learner whose reviews these are, oldest first; None where there are too few."""
    by_card: dict[str, list[Review]] = defaultdict(list)
    for review in reviews[-_MOST:]:
        by_card[review.card].append(review)
    histories = tuple(by_card.values())
    counted = sorted((review for one in histories for review, _ in scheduler.foretold(one)), key=lambda one: one.at)
    if len(counted) < ENOUGH:
        return None
    cut = counted[int(EARLIER * len(counted))].at
    found = _fit([[review for review in one if review.at < cut] for one in histories], scheduler)

    def later(one: Scheduler) -> list[tuple[Review, float]]:
        return [pair for history in histories for pair in one.foretold(history) if pair[0].at >= cut]

    before, after, chance = _losses(later(scheduler)), _losses(later(found)), share(counted, cut)
    constant = _losses((review, chance) for review, _ in later(scheduler))
    return Tuned(
        parameters=found.parameters,
        reviews=len(counted),
        before=fmean(before),
        after=fmean(after),
        constant=fmean(constant),
        sure=min(_gain(before, after), _gain(constant, after)),
    )


def _gain(before: Sequence[float], after: Sequence[float]) -> float:
    """The lower end of a 90% interval for the mean gain, review by review."""
    gains = [one - two for one, two in zip(before, after, strict=True)]
    return fmean(gains) - _SURE * (stdev(gains) if len(gains) > 1 else math.inf) / math.sqrt(len(gains))


def share(reviews: Iterable[Review], before: datetime) -> float:
    """The share of the reviews made `before` that was recalled; FSRS's own aim where there are none."""
    known = [review.fsrs > AGAIN for review in reviews if review.at < before]
    return sum(known) / len(known) if known else DEFAULT_RETENTION


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
