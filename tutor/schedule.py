"""Memory: when a card is due, worked out from its reviews by FSRS (the `fsrs` package).

Stores nothing and asks nothing: reviews come from `tutor.learner`, the choice of a card is made in `tutor.quiz`.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    import fsrs

State = Literal["new", "learning", "review"]

AGAIN, HARD, GOOD, EASY = 1, 2, 3, 4
LEECH = 4  # a card forgotten so often after it was learned eats more time than it gives
DEFAULT_RETENTION = 0.9
# FSRS-6's default forgetting curve: recall falls to 0.9 when the time passed equals the stability.
_DECAY = -0.1542
_FACTOR = 0.9 ** (1 / _DECAY) - 1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SURE = 4


class Judged(Protocol):
    """What the schedule needs to know of a grade."""

    @property
    def verdict(self) -> str:
        """`correct`, `partial`, `wrong` or `ungraded`."""

    @property
    def score(self) -> float:
        """0 to 1."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Review:
    """One rating of one card. `value` is the learner's 1 to 5, `fsrs` what FSRS is told (1 again to 4 easy).

    A `cram` review is practice: it is kept, and it changes no memory. An `imported` one was made in another program.
    """

    id: str
    card: str
    at: datetime
    value: int
    fsrs: int
    hints: int = 0
    verdict: str = "ungraded"
    score: float = 0.0
    confidence: int | None = None
    seconds: float = 0.0
    grade: str = ""
    cram: bool = False
    imported: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Memory:
    """What FSRS makes of a card's reviews; stability is in days, difficulty 1 to 10.

    `learned` means: the card has passed its learning steps and has not been failed since. A failed card is "learning"
    again until it is passed again.
    """

    card: str
    due: datetime = _EPOCH
    stability: float = 0.0
    difficulty: float = 0.0
    state: State = "new"
    last_review: datetime | None = None
    reviews: int = 0
    lapses: int = 0
    step: int = 0
    relearning: bool = False

    @property
    def learned(self) -> bool:
        """Passed its learning steps and not failed since."""
        return self.state == "review"

    def retrievability(self, now: datetime) -> float:
        """The chance of recall at `now`, 0 to 1, by FSRS-6's default forgetting curve; 0 for a card never reviewed."""
        if self.last_review is None or self.stability <= 0:
            return 0.0
        days = max(0.0, (now - self.last_review).total_seconds() / 86400)
        return float((1 + _FACTOR * days / self.stability) ** _DECAY)


def preset(grade: Judged, hints: int) -> int:
    """The rating 1 to 5 that a grade suggests; `hints` is the highest rung of the hint ladder used, 0 to 5.

    A correct answer gives 5 or, just correct, 4; a partial one 3 or 2; a wrong one 1; one that nobody graded 3. Hints
    lower it: rungs 1 and 2 by one, 3 and 4 by two, the last by three, but never below 2 unless the answer was wrong.
    """
    if grade.verdict == "wrong":
        return 1
    if grade.verdict == "correct":
        value = 5 if grade.score >= 0.8 else 4
    elif grade.verdict == "partial":
        value = 3 if grade.score >= 0.5 else 2
    else:
        value = 3
    return max(2, value - (max(0, min(hints, 5)) + 1) // 2)


def fsrs_rating(rating: int, grade: Judged) -> int:
    """What FSRS is told: 1 again, 2 hard, 3 good, 4 easy.

    The learner has the last word: 1 is always "again", 4 always "good" and 5 always "easy". Between, the grade decides:
    2 is "again" after a wrong answer and "hard" otherwise; 3 is "good" after a correct answer and "hard" otherwise.

    Raises:
        ValueError: the rating is not 1 to 5.
    """
    if rating not in (1, 2, 3, 4, 5):
        raise ValueError(f"a rating is 1 to 5, not {rating!r}")
    if rating == 2:
        return AGAIN if grade.verdict == "wrong" else HARD
    if rating == 3:
        return GOOD if grade.verdict == "correct" else HARD
    return {1: AGAIN, 4: GOOD, 5: EASY}[rating]


def clamp_retention(value: float) -> float:
    """`value` within what FSRS can work with, 0.70 to 0.99; anything that is no number becomes 0.9."""
    if not isinstance(value, int | float) or not math.isfinite(value):
        return DEFAULT_RETENTION
    return min(0.99, max(0.70, float(value)))


def clamp_parameters(parameters: Iterable[float]) -> tuple[float, ...]:
    """FSRS parameters within their bounds; FSRS's own where one is no number or their count is wrong."""
    from fsrs.scheduler import DEFAULT_PARAMETERS, LOWER_BOUNDS_PARAMETERS, UPPER_BOUNDS_PARAMETERS

    given = tuple(parameters)
    if len(given) != len(DEFAULT_PARAMETERS) or not all(
        isinstance(value, int | float) and math.isfinite(value) for value in given
    ):
        return tuple(DEFAULT_PARAMETERS)
    bounds = zip(given, LOWER_BOUNDS_PARAMETERS, UPPER_BOUNDS_PARAMETERS, strict=True)
    return tuple(min(high, max(low, float(value))) for value, low, high in bounds)


class Scheduler:
    """FSRS-6 with clamped inputs and no randomness: the same reviews give the same memory on every machine."""

    def __init__(self, retention: float = DEFAULT_RETENTION, *, parameters: Iterable[float] = ()) -> None:
        from fsrs import Scheduler as Fsrs

        self.retention = clamp_retention(retention)
        self.parameters = clamp_parameters(parameters)
        self._fsrs = Fsrs(self.parameters, desired_retention=self.retention, enable_fuzzing=False)

    def fitted(self, parameters: Iterable[float]) -> "Scheduler":
        """This scheduler with other parameters of FSRS."""
        return Scheduler(self.retention, parameters=parameters)

    def foretold(self, reviews: Iterable[Review]) -> Iterator[tuple[Review, float]]:
        """Each review of one card that came a day or more after the last one, with the chance of recall foretold."""
        memory = Memory(card="")
        for review in reviews:
            if memory.last_review is not None and review.at - memory.last_review >= timedelta(days=1):
                yield review, memory.retrievability(review.at)
            memory = self.after(memory, review)

    def replay(self, reviews: Iterable[Review], card: str) -> Memory:
        """The memory of `card` after `reviews`, in the order they were made.

        A clock set back does no harm: a review counts as made no earlier than the one before it.
        """
        memory = Memory(card=card)
        for review in reviews:
            memory = self.after(memory, review)
        return memory

    def after(self, memory: Memory, review: Review) -> Memory:
        """`memory` with one more review."""
        from fsrs import Rating, State

        at = _utc(review.at)
        if memory.last_review is not None:
            at = max(at, memory.last_review)
        before = self._card(memory)
        card, _ = self._fsrs.review_card(before, Rating(max(AGAIN, min(EASY, review.fsrs))), at)
        due = max(card.due, at)
        if _confidently_wrong(review):
            due = min(due, at + timedelta(days=1))
        lapsed = memory.state == "review" and review.fsrs <= AGAIN
        return replace(
            memory,
            due=due,
            stability=float(card.stability or 0.0),
            difficulty=float(card.difficulty or 0.0),
            state="review" if card.state is State.Review else "learning",
            last_review=at,
            reviews=memory.reviews + 1,
            lapses=memory.lapses + lapsed,
            step=card.step or 0,
            relearning=card.state is State.Relearning,
        )

    def _card(self, memory: Memory) -> "fsrs.Card":
        from fsrs import Card, State

        if memory.last_review is None:
            return Card(card_id=0, due=_EPOCH)
        state = State.Review
        if memory.state == "learning":
            state = State.Relearning if memory.relearning else State.Learning
        return Card(
            card_id=0,
            state=state,
            step=None if state is State.Review else memory.step,
            stability=memory.stability,
            difficulty=memory.difficulty,
            due=memory.due,
            last_review=memory.last_review,
        )


def _confidently_wrong(review: Review) -> bool:
    return (
        review.verdict == "wrong"
        and review.value < _SURE
        and review.confidence is not None
        and review.confidence >= _SURE
    )


def _utc(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError("a time without a time zone cannot be scheduled")
    return at.astimezone(UTC)
