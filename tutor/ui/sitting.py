"""Sitting: what one browser tab holds, its session and its conversation, and how moves become what is painted next.

Knows no widget: `tutor.ui.study` and `tutor.ui.ask` turn what comes out of here into updates.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING
from uuid import uuid4

from tutor.errors import TutorError
from tutor.events import Ask, Graded, Move, Refused
from tutor.explain import Notice, Reply, Said
from tutor.ui.show import Screen, said_html, screen
from tutor.ui.words import Words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from corpus.card import Card
    from tutor.assemble import Tutor
    from tutor.session import Session

__all__ = ["Shot", "Sitting", "move_id"]

log = logging.getLogger(__name__)

# Pieces of a reply come faster than an eye or a socket needs them.
FRAME = 0.05


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
    """One tab: a session of its own, the conversation of its Ask view, and the replies' citations."""

    tutor: Tutor
    words: Words
    session: Session
    learner: str = "me"
    chat: list[tuple[str, str]] = field(default_factory=list)
    replies: dict[int, str] = field(default_factory=dict)
    partial: str = ""

    @classmethod
    def open(cls, tutor: Tutor, words: Words, learner: str = "me") -> Sitting:
        """A new sitting of `learner`; the card she left open is open in it."""
        return cls(tutor=tutor, words=words, session=tutor.session(learner), learner=learner)

    def anew(self) -> None:
        """A new session, on the decks as they are now."""
        self.session = self.tutor.session(self.learner)

    def shot(self, notice: str = "", said: str = "") -> Shot:
        """The screen as it is now."""
        return Shot(screen=screen(self.session.view(), self.words, said=said), notice=notice)

    def play(self, move: Move) -> Iterator[Shot]:
        """Make a move and show what comes of it; a fault becomes a plain sentence, and what was saved stays."""
        said = ""
        notices: list[str] = []
        shown = monotonic()
        try:
            for event in self.session.act(move):
                match event:
                    case Said(text=text):
                        said += text
                    case Notice(text=text) | Refused(text=text):
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

    def beside(self, text: str) -> Iterator[tuple[str, str]]:
        """Ask about something else: the reply so far as HTML, and a notice; the last is the whole reply."""
        said = ""
        notice = ""
        html = ""
        shown = monotonic()
        try:
            for event in self.session.act(Ask(text, id=move_id())):
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
        except TutorError as error:
            log.warning("a side question failed: %s", error)
            notice = error.plain
        except Exception:
            log.exception("a side question failed")
            notice = self.words.trouble
        yield html or said_html(said, (), self.words), notice

    def keep(self, text: str, html: str) -> None:
        """Put the tutor's reply into the conversation, as it is shown."""
        self.chat.append(("tutor", text))
        self.replies[len(self.chat) - 1] = html

    def open_card(self, card: str) -> Card | None:
        """The card with this id, unless it is the one that waits for an answer."""
        if self.in_play(card):
            return None
        return next((one for one in self.tutor.cards if one.id == card), None)

    def in_play(self, card: str) -> bool:
        """Whether this card was put and its answer must not be shown yet."""
        view = self.session.view()
        return view.face is not None and view.card is None and view.face.id == card

    def hidden(self) -> tuple[str, ...]:
        """Ids of cards that no reply may stand on now: the one in play."""
        face = self.session.view().face
        return (face.id,) if face is not None and self.in_play(face.id) else ()
