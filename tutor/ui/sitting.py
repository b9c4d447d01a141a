"""Sitting: what one browser tab holds, its session and its conversation, and how moves become what is painted next.

Knows no widget: `tutor.ui.study` and `tutor.ui.ask` turn what comes out of here into updates.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from statistics import median
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import uuid4

from corpus.card import Deck
from tutor.amend import MADE
from tutor.errors import TutorError
from tutor.events import Amended, Graded, Move, Next, Refused, SetAside, Skip, Undone
from tutor.explain import Notice, Reply, Said
from tutor.rules import kept
from tutor.ui.show import Screen, said_html, screen
from tutor.ui.summary import summary_html
from tutor.ui.words import Words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from corpus.card import Card
    from tutor.assemble import Tutor
    from tutor.keeping import Kept
    from tutor.metrics import Metrics
    from tutor.session import Session

__all__ = ["Shot", "Sitting", "move_id"]

T = TypeVar("T")
log = logging.getLogger(__name__)

# Pieces of a reply come faster than an eye or a socket needs them.
FRAME = 0.05
# Seconds that a card takes beside those until its answer, and what is thought of an answer before there are any.
READING, ANSWERING = 15.0, 30.0


def move_id() -> str:
    """A new id for a move."""
    return uuid4().hex


@dataclass(frozen=True, kw_only=True, slots=True)
class Shot:
    """The screen at one moment of a move, and a plain sentence about the tutor's own state, if there is one."""

    screen: Screen
    notice: str = ""


@dataclass(slots=True)
class Sitting:
    """One tab: a session of its own, the conversation of its Ask view, the replies' citations, what is on screen."""

    tutor: Tutor
    words: Words
    session: Session
    learner: str = "me"
    chat: list[tuple[str, str]] = field(default_factory=list)
    replies: dict[int, str] = field(default_factory=dict)
    cited: dict[int, tuple[str, ...]] = field(default_factory=dict)
    answered: dict[int, bool] = field(default_factory=dict)
    beside_card: dict[str, str] = field(default_factory=dict)
    partial: str = ""
    painted: dict[Any, Any] = field(default_factory=dict)
    began: datetime = field(default_factory=lambda: datetime.now(UTC))
    metrics: Metrics | None = None
    request: str = ""
    move: str = ""

    @classmethod
    def open(cls, tutor: Tutor, words: Words, learner: str = "me") -> Sitting:
        """A new sitting of `learner`; the card she left open is open in it."""
        return cls(tutor=tutor, words=words, session=tutor.session(learner), learner=learner)

    @property
    def decks(self) -> tuple[Deck, ...]:
        """The tutor's decks, and that of the cards which only this learner has."""
        own = tuple(card for card in self.session.desk.cards if card.path == MADE)
        made = (Deck(name=own[0].deck, path=MADE, format="jsonl", cards=own),) if own else ()
        return (*self.tutor.decks, *made)

    def anew(self) -> None:
        """A new session, on the decks as they are now."""
        self.session = self.tutor.session(self.learner)

    def shot(self, notice: str = "", said: str = "") -> Shot:
        """The screen as it is now."""
        view, ended = self.session.view(), ""
        if view.phase == "ended":
            ended = summary_html(self.session.learner, self.session.desk.cards, self.began, self.words)
        seen = screen(view, self.words, said=said, pace=self.pace(), ended=ended, kept=self.beside_card)
        return Shot(screen=seen, notice=notice)

    def pace(self) -> float:
        """Seconds that a card takes this learner, by her last answers."""
        last = [review.seconds for review in self.session.learner.reviews()[-30:] if review.seconds > 0]
        return READING + (median(last) if last else ANSWERING)

    def watched(self, events: Iterator[T], move: str, text: str = "") -> Iterator[T]:
        """The events of a move, counted, and a line in the log when they are over."""
        began, first = monotonic(), True
        try:
            for event in events:
                if self.metrics is not None and first and not isinstance(event, Notice):
                    first = False
                    self.metrics.first_words(monotonic() - began)
                if self.metrics is not None and isinstance(event, Graded):
                    self.metrics.grade(event.grade.verdict)
                yield event
        finally:
            if log.isEnabledFor(logging.INFO):
                seconds, learner = round(monotonic() - began, 3), self.tutor.store.number(self.learner)
                told = {"request": self.request, "learner": learner, "move": move, "seconds": seconds}
                log.info("moved", extra={**told, "text": text or None})

    def known(self, move: Move) -> Move:
        """`move` under the id that the page gave its request, so that one that is sent again is made once."""
        return replace(move, id=f"{self.move}-{type(move).__name__}") if self.move else move

    def play(self, move: Move) -> Iterator[Shot]:
        """Make a move and show what comes of it; a fault becomes a plain sentence, and what was saved stays."""
        said, move = "", self.known(move)
        notices: list[str] = []
        shown = monotonic()
        if isinstance(move, Next):
            self.beside_card.clear()
            self.began = datetime.now(UTC) if self.session.phase == "ended" else self.began
        try:
            for event in self.watched(self.session.act(move), type(move).__name__, getattr(move, "text", "")):
                match event:
                    case Said(text=text):
                        said += text
                    case Notice(text=text) | Refused(text=text) | SetAside(text=text) | Amended(text=text):
                        notices.append(text)
                    case Undone(text=text):
                        notices.append(text)
                    case Graded():
                        yield self.shot(" ".join(notices))
                if isinstance(event, Said) and monotonic() - shown > FRAME:
                    shown = monotonic()
                    yield self.shot(" ".join(notices), said)
        except TutorError as error:
            log.warning("a move failed: %s", error)
            notices.append(error.plain)
        except Exception:
            log.exception("a move failed")
            notices.append(self.words.trouble)
        yield self.shot(" ".join(notices))

    def then_next(self, move: Move) -> Iterator[Shot]:
        """Make a move that may put the card away, and put the next one where it did."""
        last: Shot | None = None
        for last in self.play(move):
            if last.screen.phase != "idle":
                yield last
        if last is not None and last.screen.phase == "idle":
            for shot in self.play(Next(id=move_id())):
                yield Shot(screen=shot.screen, notice=" ".join(filter(None, (last.notice, shot.notice))))

    def beside(self, move: Move) -> Iterator[tuple[str, str]]:
        """Ask about something else, or for more about the card: the reply so far as HTML, and a notice."""
        said, move = "", self.known(move)
        notice = ""
        html = ""
        shown = monotonic()
        try:
            for event in self.watched(self.session.act(move), type(move).__name__, getattr(move, "text", "")):
                match event:
                    case Said(text=piece):
                        said += piece
                        if monotonic() - shown > FRAME:
                            shown = monotonic()
                            yield said_html(said, (), self.words), notice
                    case Notice(text=line) | Refused(text=line):
                        notice = line
                    case Reply():
                        html = said_html(event.text, event.citations, self.words)
                        self.beside_card[event.text] = html
        except TutorError as error:
            log.warning("a side question failed: %s", error)
            notice = error.plain
        except Exception:
            log.exception("a side question failed")
            notice = self.words.trouble
        yield html or (said_html(said, (), self.words) if said else ""), notice

    def keep(self, text: str, html: str, cards: tuple[str, ...] = (), *, answered: bool = True) -> None:
        """Put the tutor's reply into the conversation, as it is shown, with the ids of the cards it stands on."""
        self.chat.append(("tutor", text))
        self.replies[len(self.chat) - 1] = html
        self.cited[len(self.chat) - 1] = cards
        self.answered[len(self.chat) - 1] = answered

    def put(self, move: Kept | None, card: str) -> str:
        """Change a card, or put it away, that is not in play; without a move it is brought back. What to say of it."""
        learner, now = self.session.learner, datetime.now(UTC)
        if move is None:
            learner.bring_back(card, id=move_id(), at=now)
            return ""
        kind, body, told = kept(move, self.session.speech)
        if told:
            learner.record(kind, id=move_id(), at=now, card=card, body=body)
        return told or self.words.no_answer_yet

    def quiz(self, cards: Iterable[str]) -> Iterator[Shot]:
        """Ask these cards next, each once; the card that waits for an answer comes back later."""
        self.session.desk.picked = list(cards)
        if Skip in self.session.allowed:
            yield from self.then_next(Skip(id=move_id()))
        elif Next in self.session.allowed:
            yield from self.play(Next(id=move_id()))
        else:
            yield self.shot()

    def open_card(self, card: str) -> Card | None:
        """The card with this id as this learner has it, unless it is the one that waits for an answer."""
        if self.in_play(card):
            return None
        self.session.desk.refresh()
        return self.session.desk.by_id.get(card)

    def in_play(self, card: str) -> bool:
        """Whether this card was put and its answer must not be shown yet; a part of it holds its answer too."""
        view = self.session.view()
        if view.face is None or view.card is not None:
            return False
        part = self.session.desk.by_id.get(view.face.id)
        return card == view.face.id or (part is not None and bool(part.guid) and card == part.guid)

    def hidden(self) -> tuple[str, ...]:
        """Ids of cards that no reply may stand on now: the one in play."""
        face = self.session.view().face
        return (face.id,) if face is not None and self.in_play(face.id) else ()
