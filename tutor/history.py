"""What the rows of a learner's log mean: reviews, the open card, progress. Reads and writes no database itself.

A row is never changed. Taking something back is another row, so the same rows always give the same history.
"""

import json
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, datetime, time, timedelta
from typing import Any, Literal

from corpus.card import Card, text_key
from tutor.grade import Grade, PointGrade
from tutor.hint import Hint
from tutor.schedule import Memory, Review, Scheduler

Kind = Literal[
    "ask",
    "hint",
    "confidence",
    "answer",
    "grade",
    "ticks",
    "appeal",
    "accepted",
    "review",
    "undo",
    "skip",
    "bury",
    "suspend",
    "restore",
    "said",
    "end",
]
# The rows that History folds; the rest belongs to one card in play and is read with it.
FOLDED: tuple[Kind, ...] = ("ask", "review", "undo", "skip", "bury", "suspend", "restore", "end")
_ASIDE = ("skip", "bury", "suspend")


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One row of the log. `ask` is the id of the row that put the card to the learner; `seq` is given by the store."""

    id: str
    at: datetime
    kind: Kind
    card: str = ""
    ask: str = ""
    body: Mapping[str, Any] = field(default_factory=dict)
    seq: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Accepted:
    """Words that the learner won an appeal for, and the ids of the key points that they make."""

    text: str
    made: frozenset[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """Counts read from the log. `new` cards were never reviewed; `new_left` of them may still come today."""

    due: int
    new: int
    learned: int
    reviewed_today: int
    new_left: int = 0
    total: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Play:
    """One card put to the learner, from the question to the rating, as its rows tell it."""

    ask: str
    card: str
    asked_at: datetime
    why: str = ""
    hints: tuple[Hint, ...] = ()
    confidence: int | None = None
    answer: str = ""
    answer_id: str = ""
    answered_at: datetime | None = None
    known: bool = True
    tries: int = 0
    cram: bool = False
    grade: Grade | None = None
    grade_id: str = ""
    ticks: tuple[str, ...] | None = None
    again: Grade | None = None
    again_text: str = ""
    appealed: bool = False
    review: Review | None = None
    away: str = ""
    talk: tuple[tuple[str, str], ...] = ()

    def after(self, row: Row) -> "Play":
        """This play with one more of its rows; rows of other plays, and kinds that say nothing here, change nothing."""
        body = row.body
        match row.kind:
            case _ if row.ask != self.ask:
                return self
            case "hint":
                return replace(
                    self, hints=(*self.hints, Hint(level=body["level"], text=body["text"], point=body.get("point", "")))
                )
            case "confidence":
                return replace(self, confidence=body["value"])
            case "said":
                return replace(self, talk=(*self.talk, (body["role"], body["text"])))
            case "answer":
                return self._answered(row)
            case "grade" | "ticks":
                return self._graded(row)
            case "appeal":
                return replace(self, appealed=True)
            case _:
                return self._closed(row)

    def _answered(self, row: Row) -> "Play":
        if self.answer_id:
            return replace(self, tries=self.tries + 1, again_text=row.body["text"])
        return replace(
            self,
            answer=row.body["text"],
            answer_id=row.id,
            answered_at=row.at,
            known=row.body.get("known", True),
            tries=1,
        )

    def _graded(self, row: Row) -> "Play":
        grade = load_grade(row.body["grade"])
        if row.body.get("feedback_only"):
            return replace(self, again=grade)
        ticks = tuple(row.body["made"]) if row.kind == "ticks" else None
        return replace(self, grade=grade, grade_id=row.id, ticks=ticks)

    def _closed(self, row: Row) -> "Play":
        if row.kind == "review":
            return replace(self, review=load_review(row))
        if row.kind == "undo":
            return replace(self, review=None)
        return replace(self, away=row.kind) if row.kind in _ASIDE else self

    @property
    def hint_level(self) -> int:
        """The highest rung of the hint ladder used, 0 for none."""
        return max((hint.level for hint in self.hints), default=0)

    @classmethod
    def of(cls, rows: Sequence[Row]) -> "Play":
        """The play whose rows these are, in order; the first is its `ask`."""
        first = rows[0]
        why, cram = first.body.get("why", ""), first.body.get("cram", False)
        play = cls(ask=first.id, card=first.card, asked_at=first.at, why=why, cram=cram)
        for row in rows[1:]:
            play = play.after(row)
        return play


def accepted(rows: Iterable[Row]) -> tuple[Accepted, ...]:
    """What one card's rows of kind "accepted" add up to, newest last; later ticks of the same words replace them."""
    found: dict[str, Accepted] = {}
    for row in rows:
        key, made = text_key(row.body["text"]), frozenset(row.body["made"])
        found.pop(key, None)
        if made:
            found[key] = Accepted(text=row.body["text"], made=made)
    return tuple(found.values())


def dump_grade(grade: Grade) -> dict[str, Any]:
    """`grade` as plain values that JSON can hold."""
    plain: dict[str, Any] = json.loads(json.dumps(asdict(grade), default=str))
    return plain


def load_grade(plain: Mapping[str, Any]) -> Grade:
    """A grade back from its plain values; fields that this version does not know are left out."""
    known = {one.name for one in fields(Grade)}
    values = {name: _tupled(value) for name, value in plain.items() if name in known}
    named = {one.name for one in fields(PointGrade)}
    values["key_points"] = tuple(
        PointGrade(**{name: _tupled(value) for name, value in point.items() if name in named})
        for point in plain.get("key_points", ())
    )
    return Grade(**values)


def _tupled(value: Any) -> Any:  # noqa: ANN401 - whatever JSON holds
    return tuple(_tupled(one) for one in value) if isinstance(value, list) else value


def review_body(review: Review) -> dict[str, Any]:
    """What the row of `review` holds beside its id, card and time."""
    return {name: value for name, value in asdict(review).items() if name not in ("id", "card", "at")}


def load_review(row: Row) -> Review:
    """The review a row of kind "review" holds."""
    known = {one.name for one in fields(Review)}
    return Review(id=row.id, card=row.card, at=row.at, **{k: v for k, v in row.body.items() if k in known})


def day_start(now: datetime) -> datetime:
    """The last midnight of this machine's time zone, in UTC."""
    return datetime.combine(now.astimezone().date(), time.min).astimezone(UTC)


def day_end(now: datetime) -> datetime:
    """The next midnight of this machine's time zone, in UTC."""
    local = now.astimezone().date() + timedelta(days=1)
    return datetime.combine(local, time.min).astimezone(UTC)


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
        self.seq = 0

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
                    self._undo(row.body["review"])
                case "skip" | "bury" | "suspend" | "restore":
                    self._set_aside(row)
                case _:
                    pass
            if row.kind in ("review", *_ASIDE) and row.ask == self.open_ask:
                self.open_ask = ""

    def _review(self, review: Review, ask: str) -> None:
        if review.cram:
            self._reviewed.append((review, ask))
            self.crammed[review.card] = review.at
            return
        self._by_card.setdefault(review.card, []).append(review)
        self._reviewed.append((review, ask))
        if review.card in self._memory:
            self._memory[review.card] = self._scheduler.after(self._memory[review.card], review)

    def _undo(self, review_id: str) -> None:
        for place in range(len(self._reviewed) - 1, -1, -1):
            review, ask = self._reviewed[place]
            if review.id == review_id:
                del self._reviewed[place]
                if not review.cram:
                    self._by_card[review.card].remove(review)
                self._memory.pop(review.card, None)
                self.open_ask, self.last_card = ask, review.card
                return

    def _set_aside(self, row: Row) -> None:
        if row.kind == "skip":
            self.skipped[row.card] = row.at
        elif row.kind == "bury":
            self.buried[row.card] = datetime.fromisoformat(row.body["until"])
        elif row.kind == "suspend":
            self.suspended[row.card] = row.body.get("reason", "")
        else:
            self.suspended.pop(row.card, None)
            self.buried.pop(row.card, None)

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
    def last_review(self) -> Review | None:
        """The last review that stands, practice included."""
        with self._lock:
            return self._reviewed[-1][0] if self._reviewed else None

    def ask_of(self, review: str) -> str:
        """The id of the ask that the standing review with this id ended; empty where there is none."""
        with self._lock:
            return next((ask for one, ask in reversed(self._reviewed) if one.id == review), "")

    def away(self, now: datetime) -> frozenset[str]:
        """The ids of cards that must not be asked now: buried until later, or suspended."""
        with self._lock:
            buried = (card for card, until in self.buried.items() if until > now)
            return frozenset((*buried, *self.suspended))

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
