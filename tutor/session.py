"""One conversation as a state machine: moves in, events out; every state follows from the learner's log.

Shows nothing, and holds nothing that the log does not: a Session opened again goes on where the last one stopped.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any, Protocol

from corpus.card import Card
from tutor import rules, showing
from tutor.aside import Replies, Talk
from tutor.deepen import deepen
from tutor.desk import Desk, Neighbours
from tutor.errors import StoreError
from tutor.events import (
    Amended,
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
    Edit,
    End,
    Ended,
    Event,
    Explain,
    Graded,
    HintGiven,
    Mark,
    Move,
    Next,
    Phase,
    Rate,
    Rated,
    Refused,
    Reveal,
    Revealed,
    SetAside,
    Skip,
    Split,
    Suspend,
    Tick,
    TryAgain,
    Undo,
    Undone,
    View,
)
from tutor.explain import Notice, Reply, Said
from tutor.hint import Hint, hint
from tutor.history import Kind, Play, Progress
from tutor.keeping import Keeping, Kept
from tutor.learner import Learner
from tutor.marking import Grades, Marking
from tutor.quiz import to_study
from tutor.schedule import Review
from tutor.turns import Turns, new_id, wall_clock

__all__ = [
    "Amended", "Appeal", "Ask", "AskHint", "Asked", "Bury", "CardFace", "Commit", "Confidence", "ConfidenceKept",
    "DontKnow", "Edit", "End", "Ended", "Event", "Explain", "Graded", "Hint", "HintGiven", "Mark", "Move", "Next",
    "Notice", "Parts", "Rate", "Rated", "Refused", "Reply", "Reveal", "Revealed", "Said", "Session", "SetAside", "Skip",
    "Split", "Suspend", "Tick", "TryAgain", "Undo", "Undone", "View",
]  # fmt: skip


class Parts(Replies, Neighbours, Protocol):
    """What a session works with; `tutor.assemble.Tutor` has these."""

    @property
    def grader(self) -> Grades:
        """Grades answers."""


class Session:
    """One learner's conversation with the tutor. Safe to use from several threads; one move is made at a time.

    `desk` holds the cards; what is set there (`cram`, `exam`) counts from the next card on.
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
        self.desk = Desk(learner, cards, study, parts)
        self._parts = parts
        self.speech = self.desk.speech
        self._clock = clock
        self._new_id = new_id
        self._play: Play | None = None
        self._ended: Ended | None = None
        self._began = clock()
        self._marking = Marking(learner, lambda: parts.grader, clock, self.desk.other_answers)
        self._keeping = Keeping(learner, self.desk, clock, new_id)
        self._talk = Talk(learner, parts, clock, new_id, self.progress, self.speech)
        self._turns = Turns(self._answer)
        self._does: dict[type[Move], Callable[..., Iterator[Event]]] = {
            Next: self._next,
            Commit: self._commit,
            DontKnow: self._commit,
            Reveal: self._reveal,
            AskHint: self._hint,
            Ask: self._ask,
            Explain: self._explain,
            Confidence: self._confidence,
            Tick: self._tick,
            Appeal: self._appeal,
            Rate: self._rate,
            Undo: self._undo,
            End: self._end,
            **dict.fromkeys((Skip, Bury, Suspend, Split, Mark, Edit), self._keep),
        }
        self._adopt(learner.open_card())

    @property
    def decks(self) -> tuple[str, ...]:
        """The names or file stems of the decks to study; () for all."""
        return self.desk.decks

    @decks.setter
    def decks(self, names: Sequence[str]) -> None:
        self.desk.decks = tuple(names)

    @property
    def phase(self) -> Phase:
        """Where the conversation stands."""
        return rules.phase_of(self._play, ended=self._ended is not None)

    @property
    def allowed(self) -> frozenset[type[Move]]:
        """The moves that may be made now."""
        play, history = self._play, self.learner.history
        last = history.last_action
        return rules.allowed(
            self.phase,
            play,
            rungs=self.desk.rungs,
            can_undo=last is not None and last.card in self.desk.by_id,
            elsewhere=play is not None and not to_study(play.card, self.desk.chosen, history, self._clock()),
        )

    def act(self, move: Move) -> Iterator[Event]:
        """Make a move and yield what comes of it, on disk already; it ends the reply to an earlier one."""
        yield from self._turns.make(move)

    def progress(self) -> Progress:
        """Counts over the chosen decks, read from the log now."""
        return self.desk.progress(self._clock())

    def view(self) -> View:
        """All a page needs to redraw itself; until the answer may be seen it holds nothing of it."""
        play, ended = self._play, self._ended
        view = View(
            phase=self.phase,
            allowed=self.allowed,
            progress=self.progress(),
            decks=self.decks,
            talk=self._talk.loose,
            summary=ended.summary if ended is not None else "",
        )
        if play is None or view.phase in ("idle", "ended"):
            return view
        rated = self._rated(play.review) if play.review is not None else None
        return showing.with_play(self.speech, view, play, self._open_card, rated, self.learner.history)

    @property
    def _open(self) -> Play:
        assert self._play is not None, "this move needs an open card; the rules let it through without one"
        return self._play

    @property
    def _open_card(self) -> Card:
        return self.desk.by_id[self._open.card]

    def _write(self, kind: Kind, id: str, **body: Any) -> None:  # noqa: ANN401 - what JSON holds
        self.learner.record(kind, id=id, at=self._clock(), card=self._open.card, ask=self._open.ask, body=body)
        self._reload()

    def _answer(self, move: Move) -> Iterator[Event]:
        try:
            yield from self._checked(move)
        except StoreError as error:
            self._reload()
            yield Refused(text=self.speech.of(error.plain))

    def _checked(self, move: Move) -> Iterator[Event]:
        self.desk.refresh()
        if self._moved_elsewhere():
            yield Refused(text=self.speech.elsewhere)
            yield from self._standing()
        elif move.id and self.learner.has(move.id):
            yield from self._standing()
        elif type(move) not in self.allowed:
            yield Refused(text=rules.refusal(self.speech, move, self.phase))
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
        if play is None or play.card not in self.desk.by_id:
            return
        self._play, self._ended = play, None
        if play.answer_id and play.grade is None:
            # Stopped between the answer and its grade: the answer is safe, so it is graded now.
            self._marking.first(play, self.desk.by_id[play.card])
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
            case "tried" | "graded" if play is not None:
                yield from showing.outcome_events(self.speech, play, self._open_card)
            case "rated" if play is not None and play.review is not None:
                yield self._rated(play.review)

    def _rated(self, review: Review) -> Rated:
        memory = self.learner.history.memory(review.card)
        return showing.rated(self.speech, review, memory, self.progress(), self._clock())

    def _next(self, move: Next) -> Iterator[Event]:
        if self._ended is not None:
            self._ended, self._began = None, self._clock()
            if self.phase in ("asked", "tried", "graded"):
                yield from self._standing()
                return
        elif self.phase == "asked" and self._play is not None:
            self._write("skip", self._new_id())
        now, learner = self._clock(), self.learner
        if over := self.desk.spent(self._began, now):
            yield from self._finish(f"{over} {self._summary(now)}")
            return
        choice = self.desk.next(now)
        if choice is None:
            left = showing.nothing_left(self.speech, learner.history, now, self.desk.chosen, self.desk.new_per_day(now))
            yield from self._finish(left)
            return
        ask, points = move.id or self._new_id(), learner.points(choice.card)
        why = rules.with_points(self.speech, choice.why, points)
        focus = rules.focus(self.speech, choice.card, points, choice.apart)
        body = {"why": why, "focus": focus, "cram": self.desk.cram}
        learner.record("ask", id=ask, at=now, card=choice.card.id, body=body)
        self._play = learner.play(ask)
        yield from self._standing()

    def _commit(self, move: Commit | DontKnow) -> Iterator[Event]:
        known, id = isinstance(move, Commit), move.id or self._new_id()
        text = move.text.strip() if isinstance(move, Commit) else ""
        if known and (unfit := rules.unfit(self.speech, text)):
            yield Refused(text=unfit)
            return
        play, card = self._open, self._open_card
        self._marking.keep(play, id, text, known=known)
        self._reload()
        if play.grade is not None:
            grade = self._marking.again(play, card, id, text)
            self._reload()
            yield Graded(grade=grade, first=False)
            yield showing.revealed(self.speech, self._open, card, grade, again=True)
            return
        grade = self._marking.first(self._open, card)
        self._reload()
        if known and grade.verdict == "wrong" and (other := self.desk.meant(card, text, self._parts.leaks)):
            self._write("confused", self._new_id(), other=other.id, question=other.question)
        if grade.note:
            yield Notice(text=self.speech.of(grade.note))
        yield from self._standing()

    def _reveal(self, move: Move) -> Iterator[Event]:
        if rules.hidden(self._open):
            self._write("reveal", move.id if isinstance(move, Reveal) and move.id else self._new_id())
            yield from self._standing()

    def _hint(self, move: AskHint) -> Iterator[Event]:
        play, card = self._open, self._open_card
        missing = [one.point for one in self.learner.points(card) if one.missed_last]
        if play.grade is not None:
            missing = [point.id for point in play.grade.key_points if point.verdict != "made"]
        given = hint(card, play.hint_level + 1, missing=missing, related=self.desk.known_near(card), speech=self.speech)
        self._write("hint", move.id or self._new_id(), level=given.level, text=given.text, point=given.point)
        yield HintGiven(hint=given)

    def _confidence(self, move: Confidence) -> Iterator[Event]:
        if move.value not in (1, 2, 3, 4, 5):
            yield Refused(text=self.speech.confidence_range)
            return
        self._write("confidence", move.id or self._new_id(), value=move.value)
        yield ConfidenceKept(value=move.value)

    def _ask(self, move: Ask) -> Iterator[Event]:
        question = move.text.strip()
        if not question or len(question) > rules.LONGEST:
            yield Refused(text=self.speech.question_range.format(most=rules.LONGEST))
            return
        play = None if self.phase in ("idle", "ended") else self._play
        secret = self._open_card if self.phase in ("asked", "tried") else None
        try:
            yield from self._talk.ask(question, id=move.id, play=play, secret=secret, decks=self.decks)
        finally:
            self._reload()

    def _explain(self, move: Explain) -> Iterator[Event]:
        if move.kind not in self.speech.asked:
            yield Refused(text=self.speech.depths.format(names=", ".join(self.speech.asked)))
            return
        near = [self.desk.by_id[id] for id in self.desk.confusable(self._open.card, wait=True)]
        question, said = deepen(self.speech, self._parts, move.kind, self._open_card, near)
        try:
            yield from self._talk.keep(question, said, id=move.id, play=self._open)
        finally:
            self._reload()

    def _tick(self, move: Tick) -> Iterator[Event]:
        grade = self._open.grade
        if grade is None or not set(move.made) <= {point.id for point in grade.key_points}:
            yield Refused(text=self.speech.only_points)
            return
        self._marking.tick(self._open, grade, move.id or self._new_id(), move.made)
        self._reload()
        yield from self._standing()

    def _appeal(self, move: Appeal) -> Iterator[Event]:
        yield from self._reveal(move)
        grade, reason = self._open.grade, move.reason.strip()[: rules.LONGEST]
        said = self.speech.appealed
        if grade is not None:
            again = self._marking.appeal(self._open, self._open_card, grade, move.id or self._new_id(), reason)
            said = f"{self.speech.of(again.note)} {said}".strip() if reason else said
            self._reload()
        yield Notice(text=said)
        yield from self._standing()

    def _rate(self, move: Rate) -> Iterator[Event]:
        if move.value not in (1, 2, 3, 4, 5):
            yield Refused(text=self.speech.rating_range)
            return
        yield from self._reveal(move)
        play = self._open
        review = rules.review(play, move.id or self._new_id(), self._clock(), move.value)
        self.learner.record_review(review, ask=play.ask)
        self._reload()
        rated = self._rated(review)
        yield rated
        if advice := rules.leech_now(self.speech, rated.memory, review, self._open_card):
            yield Notice(text=advice)

    def _undo(self, move: Undo) -> Iterator[Event]:
        last = self._keeping.take_back(move)
        if last is None:
            yield Refused(text=self.speech.refused_move["Undo"])
            return
        self._adopt(self.learner.open_card())
        yield showing.undone(self.speech, self.desk.by_id[last.card], last.kind, self.progress(), self.phase)
        yield from self._standing()

    def _keep(self, move: Kept) -> Iterator[Event]:
        event = self._keeping.put(self._open, move)
        self._reload()
        yield event

    def _end(self, move: End) -> Iterator[Event]:
        yield from self._finish(self._summary(self._clock()))

    def _summary(self, now: datetime) -> str:
        return showing.summary(self.speech, self.learner.history, self._began, now, self.desk.chosen)

    def _finish(self, text: str) -> Iterator[Event]:
        self._ended = Ended(summary=text, progress=self.progress())
        yield self._ended
