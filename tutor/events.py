"""What goes into a Session (moves) and what comes out of it (events), and View, from which a page can redraw itself.

Decides nothing: `tutor.session` says which move may follow which. Nothing here that is made before an answer is
committed has a place to hold the card's answer.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

from corpus.card import Card

if TYPE_CHECKING:
    from datetime import datetime

    from tutor.explain import Citation, Notice, Reply, Said
    from tutor.grade import Grade
    from tutor.hint import Hint
    from tutor.learner import Progress
    from tutor.schedule import Memory

Phase = Literal["idle", "asked", "tried", "graded", "rated", "ended"]
Depth = Literal["why", "contrast", "example", "simpler", "deeper"]


@dataclass(frozen=True, slots=True)
class Move:
    """Something the learner does. `id` is made by the client: the same id twice is the same move and counts once."""

    id: str = field(default="", kw_only=True)


@dataclass(frozen=True, slots=True)
class Next(Move):
    """Show the next card."""


@dataclass(frozen=True, slots=True)
class Commit(Move):
    """This text is my answer. The first one for a card decides its schedule; a later one is graded for feedback."""

    text: str


@dataclass(frozen=True, slots=True)
class DontKnow(Move):
    """I do not know; tell me."""


@dataclass(frozen=True, slots=True)
class Reveal(Move):
    """Show the answer, instead of a second try."""


@dataclass(frozen=True, slots=True)
class AskHint(Move):
    """Give me the next hint."""


@dataclass(frozen=True, slots=True)
class Ask(Move):
    """This text is a question to the tutor, not an answer."""

    text: str


@dataclass(frozen=True, slots=True)
class Rate(Move):
    """How well I knew it, 1 (not at all) to 5 (perfectly)."""

    value: int


@dataclass(frozen=True, slots=True)
class Skip(Move):
    """Another card; this one later in the sitting."""


@dataclass(frozen=True, slots=True)
class Confidence(Move):
    """How sure I am, 1 to 5, said before the answer is committed."""

    value: int


@dataclass(frozen=True, slots=True)
class Tick(Move):
    """Where a grade is unsettled: the ids of the key points I made. After an appeal these words count the next time."""

    made: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Appeal(Move):
    """The grade is wrong, and why: a claim that the grader looks at. Both grades are kept, and ticks decide."""

    reason: str


@dataclass(frozen=True, slots=True)
class Undo(Move):
    """Take back the last thing done: a rating, or a card set aside, marked or changed; again for the one before it."""


@dataclass(frozen=True, slots=True)
class Explain(Move):
    """Say more about the card that was answered: why, against a card like it, by example, simpler, or deeper."""

    kind: Depth


@dataclass(frozen=True, slots=True)
class Mark(Move):
    """Something is wrong with this card; `note` says what."""

    note: str = ""


@dataclass(frozen=True, slots=True)
class Edit(Move):
    """This card should say so from now on, for me; the deck's file stays as it is. What is empty stays.

    `points` are its key points, one a line; without them those of a changed answer are found anew. `tags` are parted by
    commas.
    """

    question: str = ""
    answer: str = ""
    points: str = ""
    tags: str = ""


@dataclass(frozen=True, slots=True)
class Split(Move):
    """Ask me one card for each point of this card instead of it."""


@dataclass(frozen=True, slots=True)
class Bury(Move):
    """Not this card before tomorrow."""


@dataclass(frozen=True, slots=True)
class Suspend(Move):
    """Never this card again, until it is brought back; `reason` says what is wrong with it, if anything."""

    reason: str = ""


@dataclass(frozen=True, slots=True)
class End(Move):
    """Enough for now."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CardFace:
    """A card as it is shown before the answer. `points` is how many key points its answer has."""

    id: str
    deck: str
    question: str
    tags: tuple[str, ...] = ()
    points: int = 0
    path: str = ""
    line: int = 0

    @classmethod
    def of(cls, card: Card) -> CardFace:
        """The face of `card`."""
        return cls(
            id=card.id,
            deck=card.deck,
            question=card.question,
            tags=card.tags,
            points=len(card.key_points),
            path=card.path,
            line=card.line,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """A card was put to the learner; `why` says in plain words why this one, `focus` what to mind in the answer."""

    card: CardFace
    why: str
    progress: Progress
    focus: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class HintGiven:
    """A hint; it lowers the preset of the rating."""

    hint: Hint


@dataclass(frozen=True, kw_only=True, slots=True)
class ConfidenceKept:
    """The learner's confidence is stored with the card in play."""

    value: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Graded:
    """The answer and its grade are on disk. `first` is false for a grade that does not decide the schedule.

    While a second try is open the grade says of each point only whether it was made, in the learner's own words.
    """

    grade: Grade
    first: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class TryAgain:
    """The answer was not whole and is not shown yet: try once more, with hints or without, or ask to see it."""

    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Revealed:
    """The whole card with words on the answer; `preset` (1 to 5) is the rating that the grade and the hints suggest."""

    card: Card
    feedback: str
    citations: tuple[Citation, ...]
    preset: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Rated:
    """The review is on disk; `due` is when the card comes back."""

    value: int
    due: datetime
    memory: Memory
    progress: Progress
    text: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Undone:
    """The last thing done is taken back; its card is open again where it was. `face` holds no answer, `card` may."""

    card: Card | None
    progress: Progress
    face: CardFace | None = None
    text: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class SetAside:
    """The card was skipped, buried or suspended; no review was made of it."""

    card: str
    text: str
    progress: Progress


@dataclass(frozen=True, kw_only=True, slots=True)
class Amended:
    """The card is marked or changed, for this learner; its id, and what she knows of it, stay."""

    face: CardFace
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Refused:
    """The move may not be made here, in one plain sentence; nothing changed."""

    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """The sitting is over, or there is nothing to study now."""

    summary: str
    progress: Progress


Spoken: TypeAlias = "Said | Notice | Reply"
Shown: TypeAlias = (
    Asked
    | HintGiven
    | ConfidenceKept
    | Graded
    | TryAgain
    | Revealed
    | Rated
    | Undone
    | SetAside
    | Amended
    | Refused
    | Ended
)
Event: TypeAlias = "Shown | Spoken"


@dataclass(frozen=True, kw_only=True, slots=True)
class View:
    """A snapshot of a session: all a page needs to redraw itself after a reload.

    `answer`, `grade` and `feedback` are empty until an answer is committed, `card` and `citations` until the answer is
    shown; while a second try is open `grade` tells of no point what the card says. `again` is the grade of a second try
    and `again_text` its words. `ticks` are the key points that the learner ticked herself, None where she has not;
    `talk` is what was asked and replied beside this card; `leech` says that the card was forgotten again and again, and
    may be split; `marked` is what she said is wrong with it, None where nothing.
    """

    phase: Phase
    allowed: frozenset[type[Move]]
    progress: Progress
    why: str = ""
    focus: str = ""
    face: CardFace | None = None
    hints: tuple[Hint, ...] = ()
    confidence: int | None = None
    answer: str = ""
    grade: Grade | None = None
    ticks: tuple[str, ...] | None = None
    card: Card | None = None
    feedback: str = ""
    citations: tuple[Citation, ...] = ()
    preset: int = 0
    again: Grade | None = None
    again_text: str = ""
    leech: str = ""
    marked: str | None = None
    rated: Rated | None = None
    talk: tuple[tuple[str, str], ...] = ()
    summary: str = ""
    decks: tuple[str, ...] = ()
