"""How well the schedule foretells recall: log loss and AUC on reviews, simulated and imported, against two rivals.

The simulated learners forget by a curve of their own, not FSRS's: recall falls off exponentially, each learner and each
card at a pace of its own. Changes no log.
"""

import math
import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from corpus.card import Deck
from tutor.schedule import AGAIN, GOOD, HARD, Review, Scheduler
from tutor.tune import EARLIER, log_loss, share, tune

_DAY = timedelta(days=1)
_BEGAN = datetime(2026, 1, 5, 8, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class Recall:
    """How one way of foretelling did on the later reviews of a log; `auc` is None where all ended alike."""

    way: str
    reviews: int
    log_loss: float
    auc: float | None


def simulated(seed: int, *, cards: int = 200, days: int = 180) -> list[Review]:
    """The log of a learner who follows the schedule, and whose true memory is a half-life with rules of its own."""
    draw = random.Random(seed)
    scheduler = Scheduler()
    log: list[Review] = []
    pace = math.exp(draw.gauss(0.0, 0.5))
    memories = {f"c{place}": scheduler.replay((), f"c{place}") for place in range(cards)}
    half = {card: pace * math.exp(draw.gauss(1.0, 0.9)) for card in memories}
    for day in range(days):
        due = [card for card, memory in memories.items() if memory.state != "new" and memory.due <= _BEGAN + day * _DAY]
        new = [card for card, memory in memories.items() if memory.state == "new"][:10]
        for place, card in enumerate([*due, *new]):
            at = _BEGAN + day * _DAY + timedelta(seconds=20 * place)
            last = memories[card].last_review
            gone = (at - last) / _DAY if last is not None else math.inf
            knows = draw.random() < 2 ** (-gone / half[card])
            half[card] *= draw.uniform(1.2, 2.4) if knows else 0.5
            half[card] = max(0.7, half[card])
            fsrs = (HARD if draw.random() < 0.2 else GOOD) if knows else AGAIN
            review = Review(id=f"{len(log)}", card=card, at=at, value=fsrs, fsrs=fsrs)
            log.append(review)
            memories[card] = scheduler.after(memories[card], review)
    return log


def imported(decks: Iterable[Deck]) -> list[Review]:
    """The reviews that deck files tell of, as the schedule knows them, oldest first."""
    found = [
        Review(id=f"{deck.path} {place}", card=one.card, at=one.when, value=one.button, fsrs=one.button)
        for deck in decks
        for place, one in enumerate(deck.reviews)
        if 1 <= one.button <= 4
    ]
    return sorted(found, key=lambda review: review.at)


def compare_ways(reviews: Sequence[Review]) -> list[Recall]:
    """A constant, FSRS's own parameters, and a fit, each on the later reviews of a log.

    The fit sees only the earlier reviews, and by the later ones of those it was kept or not: so the last row says what
    the learner would have had, and a fit that was not kept is named so.
    """
    default = Scheduler()
    by_card: dict[str, list[Review]] = defaultdict(list)
    for review in reviews:
        by_card[review.card].append(review)
    told = sorted((pair for one in by_card.values() for pair in default.foretold(one)), key=lambda pair: pair[0].at)
    if not told:
        return []
    since = told[int(EARLIER * len(told))][0].at
    later = [pair for pair in told if pair[0].at >= since]
    constant = share((review for review, _ in told), since)
    found = [_recall("constant", [(review, constant) for review, _ in later]), _recall("FSRS defaults", later)]
    if (tuned := tune([review for review in reviews if review.at < since], default)) is not None:
        fitted = default.fitted(tuned.parameters)
        pairs = [pair for one in by_card.values() for pair in fitted.foretold(one) if pair[0].at >= since]
        found.append(_recall("fitted" if tuned.better else "fitted (not kept)", pairs))
    return found


def report(decks: Sequence[Deck], seeds: Iterable[int] = range(4)) -> list[dict[str, Any]]:
    """One row for each log and way, simulated learners first."""
    logs = {f"simulated {seed}": simulated(seed) for seed in seeds}
    if real := imported(decks):
        logs["imported"] = real
    return [{"log": name, **asdict(one)} for name, reviews in logs.items() for one in compare_ways(reviews)]


def _recall(way: str, pairs: Sequence[tuple[Review, float]]) -> Recall:
    return Recall(way=way, reviews=len(pairs), log_loss=round(log_loss(pairs), 4), auc=auc(pairs))


def auc(pairs: Sequence[tuple[Review, float]]) -> float | None:
    """The chance that a recalled review was given a higher chance than a forgotten one; ties count half."""
    from scipy.stats import rankdata

    known = [review.fsrs > AGAIN for review, _ in pairs]
    good, bad = sum(known), len(known) - sum(known)
    if not good or not bad:
        return None
    ranks = rankdata([chance for _, chance in pairs])
    total = sum(rank for rank, one in zip(ranks, known, strict=True) if one)
    return round(float((total - good * (good + 1) / 2) / (good * bad)), 4)
