"""One conversation as a state machine: moves in, events out; every state follows from the learner's log.

Shows nothing, and holds nothing that the log does not: a Session opened again goes on where the last one stopped.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any, Protocol

from corpus.card import Card
from tutor import rules, showing
from tutor.aside import Replies, Talk
from tutor.errors import StoreError
from tutor.events import (
    Appeal,
    Ask,
    Asked,
    AskHint,
    Bury,
    CardFace,
    Commit,
    Confidence,
    ConfidenceKept,
    DontKnow,
    End,
    Ended,
    Event,
    Graded,
    HintGiven,
    Move,
    Next,
    Phase,
    Rate,
    Rated,
    Refused,
    Revealed,
    SetAside,
    Skip,
    Suspend,
    Tick,
    Undo,
    Undone,
    View,
)
from tutor.explain import Notice, Reply, Said
from tutor.hint import LEVELS, Hint, hint
from tutor.history import Kind, Play, Progress, day_end
from tutor.learner import Learner
from tutor.marking import Grades, Marking
from tutor.quiz import choose, cram, in_decks, new_before, same_question, to_study
from tutor.schedule import Review
from tutor.turns import Turns, new_id, wall_clock

__all__ = [
    "Appeal", "Ask", "AskHint", "Asked", "Bury", "CardFace", "Commit", "Confidence", "ConfidenceKept", "DontKnow",
    "End", "Ended", "Event", "Graded", "Hint", "HintGiven", "Move", "Next", "Notice", "Parts", "Rate", "Rated",
    "Refused", "Reply", "Revealed", "Said", "Session", "SetAside", "Skip", "Suspend", "Tick", "Undo", "Undone", "View",
]  # fmt: skip


class Parts(Replies, Protocol):
    """What a session works with; `tutor.assemble.Tutor` has these."""

    @property
    def grader(self) -> Grades:
        """Grades answers."""


class Session:
    """One learner's conversation with the tutor. Safe to use from several threads; one move is made at a time.

    With `cram` set, cards come whether they are due or not, and ratings change no schedule; with `exam` set to a day,
    cards that would be forgotten by then come early. Both count from the next card on.
    """

    def __init__(
        self,
        parts: Parts,
        learner: Learner,
        cards: Sequence[Card],
        study: rules.Study,
        *,
        clock: Callable[[], datetime] = wall_clock,
        new_id: Callable[[], str] = new_id,
    ) -> None:
        self.learner = learner
        self._cards = tuple(cards)
        self._by_id = {card.id: card for card in reversed(self._cards)}
        self._study = study
        self._clock = clock
        self._new_id = new_id
        self._decks: tuple[str, ...] = ()
        self._chosen = in_decks(self._cards, ())
        self._alike = same_question(self._cards)
        self.cram = False
        self.exam: datetime | None = None
        self._play: Play | None = None
        self._ended: Ended | None = None
        self._began = clock()
        self._marking = Marking(learner, lambda: parts.grader, clock)
        self._talk = Talk(learner, parts, clock, new_id)
        self._turns = Turns(self._answer)
        self._does: dict[type[Move], Callable[..., Iterator[Event]]] = {
            Next: self._next,
            Commit: self._commit,
            DontKnow: self._dont_know,
            AskHint: self._hint,
            Ask: self._ask,
            Confidence: self._confidence,
            Tick: self._tick,
            Appeal: self._appeal,
            Rate: self._rate,
            Undo: self._undo,
            Skip: self._set_aside,
            Bury: self._set_aside,
            Suspend: self._set_aside,
            End: self._end,
        }
        self._adopt(learner.open_card())

    @property
    def decks(self) -> tuple[str, ...]:
        """The names or file stems of the decks to study; () for all."""
        return self._decks

    @decks.setter
    def decks(self, names: Sequence[str]) -> None:
        self._chosen = in_decks(self._cards, names)
        self._decks = tuple(names)

    @property
    def phase(self) -> Phase:
        """Where the conversation stands."""
        return rules.phase_of(self._play, ended=self._ended is not None)

    @property
    def allowed(self) -> frozenset[type[Move]]:
        """The moves that may be made now."""
        play, history = self._play, self.learner.history
        last = history.last_review
        return rules.allowed(
            self.phase,
            play,
            rungs=self._rungs,
            can_undo=last is not None and last.card in self._by_id,
            elsewhere=play is not None and not to_study(play.card, self._chosen, history, self._clock()),
        )

    def act(self, move: Move) -> Iterator[Event]:
        """Make a move and yield what comes of it. What is yielded as done is on disk already.

        A move made while an earlier one is still being replied to ends that reply.
        """
        yield from self._turns.make(move)

    def progress(self) -> Progress:
        """Counts over the chosen decks, read from the log now."""
        return self.learner.progress(self._chosen, self._clock(), new_per_day=self._new_per_day())

    def _new_per_day(self) -> int:
        return new_before(self.exam, self._clock(), self._chosen, self.learner.history, self._study.new_per_day)

    def view(self) -> View:
        """All a page needs to redraw itself; before an answer is committed it holds nothing of the card's answer."""
        play, ended = self._play, self._ended
        view = View(
            phase=self.phase,
            allowed=self.allowed,
            progress=self.progress(),
            decks=self._decks,
            talk=self._talk.loose,
            summary=ended.summary if ended is not None else "",
        )
        if play is None or view.phase in ("idle", "ended"):
            return view
        rated = self._rated(play.review) if play.review is not None else None
        return showing.with_play(view, play, self._by_id[play.card], rated)

    @property
    def _rungs(self) -> int:
        return min(LEVELS, self._study.hints)

    @property
    def _open(self) -> Play:
        assert self._play is not None, "this move needs an open card; the rules let it through without one"
        return self._play

    @property
    def _open_card(self) -> Card:
        return self._by_id[self._open.card]

    def _write(self, kind: Kind, id: str, **body: Any) -> None:  # noqa: ANN401 - what JSON holds
        self.learner.record(kind, id=id, at=self._clock(), card=self._open.card, ask=self._open.ask, body=body)
        self._reload()

    def _answer(self, move: Move) -> Iterator[Event]:
        try:
            yield from self._checked(move)
        except StoreError as error:
            self._reload()
            yield Refused(text=error.plain)

    def _checked(self, move: Move) -> Iterator[Event]:
        if self._moved_elsewhere():
            yield Refused(text="You went on in another window. Here is where you are now.")
            yield from self._standing()
        elif move.id and self.learner.has(move.id):
            yield from self._standing()
        elif type(move) not in self.allowed:
            yield Refused(text=rules.refusal(move, self.phase))
        else:
            yield from self._does[type(move)](move)

    def _moved_elsewhere(self) -> bool:
        play, ask = self._play, self.learner.history.open_ask
        if ask and (play is None or ask != play.ask):
            self._adopt(self.learner.open_card())
            if self._play is not play:
                return True
        before = self.phase
        self._reload()
        return before != self.phase

    def _adopt(self, play: Play | None) -> None:
        if play is None or play.card not in self._by_id:
            return
        self._play, self._ended = play, None
        if play.answer_id and play.grade is None:
            # Stopped between the answer and its grade: the answer is safe, so it is graded now.
            self._marking.first(play, self._by_id[play.card])
            self._reload()

    def _reload(self) -> None:
        if self._play is not None:
            self._play = self.learner.play(self._play.ask)

    def _standing(self) -> Iterator[Event]:
        """What there is to show where the conversation stands."""
        play = self._play
        match self.phase:
            case "ended" if self._ended is not None:
                yield self._ended
            case "asked" if play is not None:
                yield from showing.question_events(play, self._open_card, self.progress())
            case "graded" if play is not None:
                yield from showing.outcome_events(play, self._open_card)
            case "rated" if play is not None and play.review is not None:
                yield self._rated(play.review)

    def _rated(self, review: Review) -> Rated:
        memory = self.learner.history.memory(review.card)
        return showing.rated(review, memory, self.progress(), self._clock())

    def _next(self, move: Next) -> Iterator[Event]:
        if self._ended is not None:
            self._ended, self._began = None, self._clock()
            if self.phase in ("asked", "graded"):
                yield from self._standing()
                return
        elif self.phase == "asked" and self._play is not None:
            self._write("skip", self._new_id())
        now, cards = self._clock(), self._chosen
        history, exam = self.learner.history, self.exam
        if self.cram:
            choice = cram(cards, history, now, alike=self._alike)
        else:
            choice = choose(cards, history, now, new_per_day=self._new_per_day(), exam=exam, alike=self._alike)
        if choice is None:
            left = showing.nothing_left(history, now, cards, self._new_per_day())
            yield from self._finish(left)
            return
        ask = move.id or self._new_id()
        why = rules.with_points(choice.why, self.learner.points(choice.card))
        self.learner.record("ask", id=ask, at=now, card=choice.card.id, body={"why": why, "cram": self.cram})
        self._play = self.learner.play(ask)
        yield from self._standing()

    def _commit(self, move: Commit) -> Iterator[Event]:
        text = move.text.strip()
        if unfit := rules.unfit(text):
            yield Refused(text=unfit)
        else:
            yield from self._committed(move.id or self._new_id(), text)

    def _dont_know(self, move: DontKnow) -> Iterator[Event]:
        yield from self._committed(move.id or self._new_id(), "", known=False)

    def _committed(self, id: str, text: str, *, known: bool = True) -> Iterator[Event]:
        play, card = self._open, self._open_card
        self._marking.keep(play, id, text, known=known)
        self._reload()
        if play.grade is not None:
            grade = self._marking.again(play, card, id, text)
            self._reload()
            yield Graded(grade=grade, first=False)
            yield showing.revealed(self._open, card, grade, again=True)
            return
        grade = self._marking.first(self._open, card)
        self._reload()
        if grade.note:
            yield Notice(text=grade.note)
        yield from self._standing()

    def _hint(self, move: AskHint) -> Iterator[Event]:
        play = self._open
        missing = [one.point for one in self.learner.points(self._open_card) if one.missed_last]
        given = hint(self._open_card, play.hint_level + 1, missing=missing)
        self._write("hint", move.id or self._new_id(), level=given.level, text=given.text, point=given.point)
        yield HintGiven(hint=given)

    def _confidence(self, move: Confidence) -> Iterator[Event]:
        if move.value not in (1, 2, 3, 4, 5):
            yield Refused(text="Confidence is a number from 1 to 5.")
            return
        self._write("confidence", move.id or self._new_id(), value=move.value)
        yield ConfidenceKept(value=move.value)

    def _ask(self, move: Ask) -> Iterator[Event]:
        question = move.text.strip()
        if not question or len(question) > rules.LONGEST:
            yield Refused(text=f"A question has 1 to {rules.LONGEST} characters.")
            return
        play = None if self.phase in ("idle", "ended") else self._play
        secret = self._open_card if self.phase == "asked" else None
        try:
            yield from self._talk.ask(question, id=move.id, play=play, secret=secret, decks=self._decks)
        finally:
            self._reload()

    def _tick(self, move: Tick) -> Iterator[Event]:
        grade = self._open.grade
        if grade is None or not set(move.made) <= {point.id for point in grade.key_points}:
            yield Refused(text="Tick only points of this card.")
            return
        self._marking.tick(self._open, grade, move.id or self._new_id(), move.made)
        self._reload()
        yield from self._standing()

    def _appeal(self, move: Appeal) -> Iterator[Event]:
        grade, reason = self._open.grade, move.reason.strip()[: rules.LONGEST]
        said = "Both grades are kept. Tick the points you made; your ticks decide."
        if grade is not None:
            again = self._marking.appeal(self._open, self._open_card, grade, move.id or self._new_id(), reason)
            said = f"{again.note} {said}".strip() if reason else said
            self._reload()
        yield Notice(text=said)
        yield from self._standing()

    def _rate(self, move: Rate) -> Iterator[Event]:
        play = self._open
        if move.value not in (1, 2, 3, 4, 5) or play.grade is None:
            yield Refused(text="A rating is a number from 1 (not at all) to 5 (perfectly).")
            return
        review = rules.review(play, move.id or self._new_id(), self._clock(), move.value)
        self.learner.record_review(review, ask=play.ask)
        self._reload()
        rated = self._rated(review)
        yield rated
        if advice := rules.leech(rated.memory, review, self._by_id[review.card]):
            yield Notice(text=advice)

    def _undo(self, move: Undo) -> Iterator[Event]:
        last = self.learner.history.last_review
        if last is None or last.card not in self._by_id:
            yield Refused(text="There is no rating to take back.")
            return
        ask = self.learner.history.ask_of(last.id)
        self.learner.record(
            "undo", id=move.id or self._new_id(), at=self._clock(), card=last.card, ask=ask, body={"review": last.id}
        )
        self._adopt(self.learner.open_card())
        yield Undone(card=self._by_id[last.card], progress=self.progress())
        yield from self._standing()

    def _set_aside(self, move: Skip | Bury | Suspend) -> Iterator[Event]:
        kind, text = rules.aside(move)
        body: dict[str, str] = {}
        if isinstance(move, Bury):
            body["until"] = day_end(self._clock()).isoformat()
        elif isinstance(move, Suspend):
            body["reason"] = move.reason.strip()[: rules.LONGEST]
        card = self._open.card
        self._write(kind, move.id or self._new_id(), **body)
        yield SetAside(card=card, text=text, progress=self.progress())

    def _end(self, move: End) -> Iterator[Event]:
        yield from self._finish(showing.summary(self.learner.history, self._began, self._clock(), self._chosen))

    def _finish(self, text: str) -> Iterator[Event]:
        self._ended = Ended(summary=text, progress=self.progress())
        yield self._ended
