"""A learner's log by name: answers, grades and ratings go in once, memories and progress come out.

The database is in `tutor.log`, what the rows mean in `tutor.history`. Decides nothing about studying.
"""

import threading
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any

from corpus.card import Card
from tutor.grade import Grade
from tutor.history import (
    FOLDED,
    Accepted,
    Action,
    History,
    Kind,
    Play,
    Progress,
    Row,
    accepted,
    dump_grade,
    review_body,
)
from tutor.log import Log
from tutor.points import PointRecord, point_records
from tutor.schedule import DEFAULT_RETENTION, Memory, Review, Scheduler

__all__ = ["Learner", "Progress", "Store"]


class Learner:
    """One learner's log. Every write has an id made by the client and happens once, however often it is sent."""

    def __init__(self, store: Log, name: str = "me", *, retention: float = DEFAULT_RETENTION) -> None:
        self.name = name
        self._store = store
        self._number = store.number(name)
        self._history = History(Scheduler(retention))
        self._folded: int | None = None
        self._played: tuple[str, int | None, Play | None] = ("", None, None)
        self._lock = threading.RLock()

    def record(
        self, kind: Kind, *, id: str, at: datetime, card: str = "", ask: str = "", body: Mapping[str, Any] | None = None
    ) -> bool:
        """Append a row of any kind; `tutor.history` says what the body of each holds. False where it is there already.

        Raises:
            StoreError: the row could not be written, and was not.
        """
        return self._store.append(self._number, Row(id=id, at=at, kind=kind, card=card, ask=ask, body=body or {}))

    def record_all(self, rows: Iterable[Row]) -> bool:
        """Append rows of one batch, all or none; False where every one is there already."""
        return self._store.append(self._number, *rows)

    def commit_answer(self, *, id: str, at: datetime, card: str, ask: str, text: str, known: bool = True) -> bool:
        """Store an answer, before anything grades it; `known` is False for "I don't know"."""
        return self.record("answer", id=id, at=at, card=card, ask=ask, body={"text": text, "known": known})

    def record_grade(
        self, *, id: str, at: datetime, card: str, ask: str, answer: str, grade: Grade, feedback_only: bool = False
    ) -> bool:
        """Store a grade of the answer with the id `answer`; an answer may get several, and all are kept."""
        body = {"answer": answer, "grade": dump_grade(grade), "feedback_only": feedback_only}
        return self.record("grade", id=id, at=at, card=card, ask=ask, body=body)

    def record_review(self, review: Review, *, ask: str) -> bool:
        """Store a rating; from it, and those before it, follows when the card is due."""
        return self.record("review", id=review.id, at=review.at, card=review.card, ask=ask, body=review_body(review))

    def has(self, id: str) -> bool:
        """Whether a row with this id is in the log."""
        return bool(self._store.rows(self._number, id=id))

    def row(self, id: str) -> Row | None:
        """The row with this id."""
        return next(iter(self._store.rows(self._number, id=id)), None)

    def rows(self, *, ask: str = "", card: str = "", kinds: Sequence[Kind] = (), after: int = 0) -> tuple[Row, ...]:
        """Rows in the order of the log: of one play, of one card, of some kinds, after a place in the log."""
        return self._store.rows(self._number, ask=ask, card=card, kinds=kinds, after=after)

    def points(self, card: Card) -> tuple[PointRecord, ...]:
        """What became of each key point of a card so far, in the order of its answer."""
        records = point_records(self.rows(card=card.id, kinds=("grade", "ticks")))
        found = (records.get((card.id, point.id)) for point in card.key_points)
        return tuple(record for record in found if record is not None)

    def accepted(self, card: str) -> tuple[Accepted, ...]:
        """The words that count for a card beside its own, as won by appeals; the newest last."""
        return accepted(self.rows(card=card, kinds=("accepted",)))

    @property
    def history(self) -> History:
        """The log as it is now, folded; only rows that came since the last look are read."""
        with self._lock:
            writes = self._store.writes(self._number)  # before the rows: one that comes meanwhile is read next time
            if writes is None or writes != self._folded:
                for row in self.rows(kinds=FOLDED, after=self._history.seq):
                    self._history.fold(row)
                self._folded = writes
            return self._history

    def reviews(self, card: str | None = None) -> tuple[Review, ...]:
        """The ratings that stand, oldest first."""
        return self.history.reviews(card)

    def memories(self, cards: Iterable[Card]) -> dict[str, Memory]:
        """The memory of each card by its id; twin cards share one id and so one memory."""
        history = self.history
        return {card.id: history.memory(card.id) for card in cards}

    def progress(self, cards: Iterable[Card], now: datetime, *, new_per_day: int = 20) -> Progress:
        """Counts read from the log at this moment."""
        return self.history.progress(cards, now, new_per_day)

    def suspended(self) -> dict[str, str]:
        """The ids of suspended cards with what was said to be wrong with each."""
        return dict(self.history.suspended)

    def bring_back(self, card: str, *, id: str, at: datetime) -> bool:
        """Let a card that was suspended or put away be asked again."""
        return self.record("restore", id=id, at=at, card=card)

    def take_back(self, action: Action, *, id: str, at: datetime) -> bool:
        """Take back what was done last, as `History.last_action` has it."""
        body = {"review" if action.kind == "review" else "action": action.id}
        return self.record("undo", id=id, at=at, card=action.card, ask=action.ask, body=body)

    def open_card(self) -> Play | None:
        """The card that was asked and neither rated nor put away, with all that happened since."""
        ask = self.history.open_ask
        return self.play(ask) if ask else None

    def play(self, ask: str) -> Play | None:
        """All that happened from the row `ask` on, which put a card to the learner; None where there is none."""
        with self._lock:
            writes = self._store.writes(self._number)
            if writes is None or self._played[:2] != (ask, writes):
                rows = self.rows(ask=ask)
                self._played = (ask, writes, Play.of(rows) if rows else None)
            return self._played[2]


class Store(Log):
    """The learners' database; `retention` is what their memories are worked out with where none is given."""

    retention: float = DEFAULT_RETENTION

    @cached_property
    def _learners(self) -> dict[tuple[str, float], Learner]:
        return {}

    def learner(self, name: str = "me", *, retention: float | None = None) -> Learner:
        """The learner of this name, made where there is none yet; her log is folded once, whoever asks."""
        key = (name, self.retention if retention is None else retention)
        with self._lock:
            if key not in self._learners:
                self._learners[key] = Learner(self, name, retention=key[1])
            return self._learners[key]
