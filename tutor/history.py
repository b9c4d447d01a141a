"""What the rows of a learner's log mean: reviews, the open card, progress. Reads and writes no database itself.

A row is never changed. Taking something back is another row, so the same rows always give the same history.
"""

import threading
from bisect import insort
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

from corpus.card import Card
from tutor.past import load_past
from tutor.play import (
    ASIDE,
    Accepted,
    Kind,
    Play,
    Row,
    accepted,
    dump_grade,
    load_grade,
    load_review,
    review_body,
)
from tutor.schedule import Memory, Review, Scheduler

__all__ = [
    "FOLDED",
    "Accepted",
    "Action",
    "History",
    "Kind",
    "Play",
    "Progress",
    "Row",
    "accepted",
    "day_end",
    "day_start",
    "dump_grade",
    "load_grade",
    "load_review",
    "review_body",
]  # fmt: skip

# The rows that History folds; the rest belongs to one card in play and is read with it.
FOLDED: tuple[Kind, ...] = (
    "ask", "review", "undo", "skip", "bury", "suspend", "restore", "end", "edit", "mark", "split", "confused", "fit",
    "imported",
)  # fmt: skip
UNDOABLE = 30


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """Counts read from the log. `new` cards were never reviewed; `new_left` of them may still come today."""

    due: int
    new: int
    learned: int
    reviewed_today: int
    new_left: int = 0
    total: int = 0


def day_start(now: datetime) -> datetime:
    """The last midnight of this machine's time zone, in UTC."""
    return datetime.combine(now.astimezone().date(), time.min).astimezone(UTC)


def day_end(now: datetime) -> datetime:
    """The next midnight of this machine's time zone, in UTC."""
    local = now.astimezone().date() + timedelta(days=1)
    return datetime.combine(local, time.min).astimezone(UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class Action:
    """Something that can be taken back; `before` is what was kept for the card until then, None for nothing."""

    id: str
    kind: Kind
    card: str
    ask: str
    before: Any = None


class History:
    """A learner's log folded row by row: which reviews stand, what each card's memory is, which card is open.

    Safe to read from several threads while another one folds a row.
    """

    def __init__(self, scheduler: Scheduler) -> None:
        self._lock = threading.RLock()
        self._scheduler = scheduler
        self._by_card: dict[str, list[Review]] = {}
        self._memory: dict[str, Memory] = {}
        self._reviewed: list[tuple[Review, str]] = []
        self.open_ask = ""
        self.last_card = ""
        self.last_asked: datetime | None = None
        self.skipped: dict[str, datetime] = {}
        self.crammed: dict[str, datetime] = {}
        self.buried: dict[str, datetime] = {}
        self.suspended: dict[str, str] = {}
        self.edited: dict[str, Mapping[str, str]] = {}
        self.marked: dict[str, str] = {}
        self.split: dict[str, datetime] = {}
        self.confused: dict[str, frozenset[str]] = {}
        self.amended = 0
        self._actions: deque[Action] = deque(maxlen=UNDOABLE)
        self._imports: dict[str, frozenset[str]] = {}
        self.seq = 0

    @property
    def scheduler(self) -> Scheduler:
        """What memories are worked out with: FSRS as it was fitted last."""
        return self._scheduler

    def fold(self, row: Row) -> None:
        """Take in one more row, in the order of the log."""
        with self._lock:
            self.seq = max(self.seq, row.seq)
            match row.kind:
                case "ask":
                    self.open_ask, self.last_card, self.last_asked = row.id, row.card, row.at
                case "review":
                    self._review(load_review(row), row.ask)
                case "undo":
                    self._undo(row.body.get("action") or row.body["review"])
                case "skip" | "bury" | "suspend" | "restore" | "edit" | "mark" | "split":
                    self._set_aside(row)
                case "confused":
                    for one, other in ((row.card, row.body["other"]), (row.body["other"], row.card)):
                        self.confused[one] = self.confused.get(one, frozenset()) | {other}
                case "imported":
                    self._import(row.id, load_past(row))
                case "fit":
                    self._scheduler = self._scheduler.fitted(row.body["parameters"])
                    self._memory.clear()
            if row.kind in ("review", *ASIDE) and row.ask == self.open_ask:
                self.open_ask = ""

    def _review(self, review: Review, ask: str) -> None:
        self._reviewed.append((review, ask))
        if ask:  # one that came with an import is taken back with that import
            self._actions.append(Action(id=review.id, kind="review", card=review.card, ask=ask))
        if review.cram:
            self.crammed[review.card] = review.at
            return
        self._by_card.setdefault(review.card, []).append(review)
        if review.card in self._memory:
            self._memory[review.card] = self._scheduler.after(self._memory[review.card], review)

    def _import(self, row: str, reviews: Iterable[Review]) -> None:
        """Take in reviews made elsewhere, each in its place in time; there is nothing to take back in them."""
        found = sorted(reviews, key=lambda review: review.at)
        self._imports[row] = frozenset(review.id for review in found)
        self._reviewed[:0] = [(review, "") for review in found]
        for review in found:
            insort(self._by_card.setdefault(review.card, []), review, key=lambda one: one.at)
            self._memory.pop(review.card, None)

    def _expel(self, ids: frozenset[str]) -> None:
        gone = {review.card for review, _ in self._reviewed if review.id in ids}
        self._reviewed = [one for one in self._reviewed if one[0].id not in ids]
        for card in gone:
            self._by_card[card] = [review for review in self._by_card[card] if review.id not in ids]
            self._memory.pop(card, None)

    def _undo(self, id: str) -> None:
        if id in self._imports:
            self._expel(self._imports.pop(id))
            return
        action = next((one for one in self._actions if one.id == id), None)
        if action is not None:
            self._actions.remove(action)
        if action is not None and action.kind != "review":
            self._put(action.kind, action.card, action.before)
            if action.kind in ASIDE and action.ask:  # without one it was put away while another card was open
                self.open_ask, self.last_card = action.ask, action.card
            return
        for place in range(len(self._reviewed) - 1, -1, -1):
            review, ask = self._reviewed[place]
            if review.id == id:
                del self._reviewed[place]
                if not review.cram:
                    self._by_card[review.card].remove(review)
                self._memory.pop(review.card, None)
                if ask:
                    self.open_ask, self.last_card = ask, review.card
                return

    def _set_aside(self, row: Row) -> None:
        if row.kind == "restore":
            self.suspended.pop(row.card, None)
            self.buried.pop(row.card, None)
            self.split.pop(row.card, None)
            self.amended += 1
            return
        value: Any = row.body.get("reason", "")
        if row.kind == "bury":
            value = datetime.fromisoformat(row.body["until"])
        elif row.kind in ("skip", "split"):
            value = row.at
        elif row.kind == "edit":
            # A card of her own stays in its deck through every change.
            deck = self.edited.get(row.card, {}).get("deck")
            value = {**row.body, "deck": deck} if deck else dict(row.body)
        before = self._put(row.kind, row.card, value)
        if "deck" in row.body:  # a card she made is put away like any other, not taken back
            return
        self._actions.append(Action(id=row.id, kind=row.kind, card=row.card, ask=row.ask, before=before))

    def _put(self, kind: Kind, card: str, value: Any) -> Any:  # noqa: ANN401 - what each of them holds
        """Keep `value` for a card, None to keep nothing; gives back what was kept before."""
        places: dict[str, Any] = {
            "skip": self.skipped, "bury": self.buried, "suspend": self.suspended, "edit": self.edited,
            "mark": self.marked, "split": self.split,
        }  # fmt: skip
        kept: dict[str, Any] = places[kind]
        before = kept.pop(card, None)
        if value is not None:
            kept[card] = value
        self.amended += kind in ("edit", "split")
        return before

    def memory(self, card: str) -> Memory:
        """The memory of the card with this id."""
        with self._lock:
            if card not in self._memory:
                self._memory[card] = self._scheduler.replay(self._by_card.get(card, ()), card)
            return self._memory[card]

    def reviews(self, card: str | None = None, *, crammed: bool = False) -> tuple[Review, ...]:
        """The reviews that stand, in order: all, or those of one card; `crammed` adds practice to all of them."""
        with self._lock:
            if card is not None:
                return tuple(self._by_card.get(card, ()))
            return tuple(review for review, _ in self._reviewed if crammed or not review.cram)

    def steps(self, card: str) -> Iterator[tuple[Memory, Review]]:
        """Each standing review of a card with the memory it met."""
        memory = Memory(card=card)
        for review in self.reviews(card):
            yield memory, review
            memory = self._scheduler.after(memory, review)

    @property
    def last_action(self) -> "Action | None":
        """The last thing that can be taken back: a rating, or a card set aside, marked or changed."""
        with self._lock:
            return self._actions[-1] if self._actions else None

    def away(self, now: datetime) -> frozenset[str]:
        """The ids of cards that must not be asked now: buried until later, or suspended."""
        with self._lock:
            buried = (card for card, until in self.buried.items() if until > now)
            return frozenset((*buried, *self.suspended, *self.split))

    def new_since(self, start: datetime) -> int:
        """How many cards were reviewed for the first time since `start`."""
        with self._lock:
            return sum(1 for reviews in self._by_card.values() if reviews and reviews[0].at >= start)

    def progress(self, cards: Iterable[Card], now: datetime, new_per_day: int) -> Progress:
        """Counts over `cards` at `now`; cards set aside are neither due nor new."""
        away = self.away(now)
        ids = {card.id for card in cards}
        memories = [self.memory(card) for card in ids]
        new = sum(1 for one in memories if one.state == "new" and one.card not in away)
        start = day_start(now)
        return Progress(
            due=sum(1 for one in memories if one.state != "new" and one.due <= now and one.card not in away),
            new=new,
            learned=sum(1 for one in memories if one.learned),
            reviewed_today=sum(1 for one in self.reviews() if one.at >= start and one.card in ids),
            new_left=max(0, min(new, new_per_day - self.new_since(start))),
            total=len(ids),
        )
