"""The rows of a learner's log, and Play: one card put to her, from the question to the rating, as its rows tell it.

Reads and writes no database. What all rows together mean is in `tutor.history`.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import datetime
from typing import Any, Literal

from corpus.card import text_key
from tutor.grade import Grade, PointGrade
from tutor.hint import Hint
from tutor.schedule import Review

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
    "reveal",
    "edit",
    "mark",
    "split",
    "confused",
    "fit",
    "imported",
]
ASIDE: tuple[Kind, ...] = ("skip", "bury", "suspend", "split")


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
class Play:
    """One card put to the learner, from the question to the rating, as its rows tell it.

    `meant` is the question of the other card that a wrong answer answers; "" where it answers none.
    """

    ask: str
    card: str
    asked_at: datetime
    why: str = ""
    focus: str = ""
    hints: tuple[Hint, ...] = ()
    confidence: int | None = None
    answer: str = ""
    answer_id: str = ""
    answered_at: datetime | None = None
    known: bool = True
    counted: int = 0
    tries: int = 0
    shown: bool = False
    cram: bool = False
    grade: Grade | None = None
    grade_id: str = ""
    ticks: tuple[str, ...] | None = None
    again: Grade | None = None
    again_text: str = ""
    appealed: bool = False
    review: Review | None = None
    away: str = ""
    meant: str = ""
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
            case "reveal":
                return replace(self, shown=True)
            case "confused":
                return replace(self, meant=row.body.get("question", ""))
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
            counted=self.hint_level,
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
            return replace(self, review=None, away="")
        return replace(self, away=row.kind) if row.kind in ASIDE else self

    @property
    def hint_level(self) -> int:
        """The highest rung of the hint ladder used, 0 for none."""
        return max((hint.level for hint in self.hints), default=0)

    @property
    def hints_counted(self) -> int:
        """The highest rung used before the answer that decides the schedule."""
        return self.counted if self.answer_id else self.hint_level

    @classmethod
    def of(cls, rows: Sequence[Row]) -> "Play":
        """The play whose rows these are, in order; the first is its `ask`."""
        first = rows[0]
        told = {name: first.body[name] for name in ("why", "focus", "cram") if name in first.body}
        play = cls(ask=first.id, card=first.card, asked_at=first.at, **told)
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
