"""What a learner does with a card itself: puts it aside, splits, marks or changes it, and takes that back.

Writes rows of her log; no deck is changed, and what is written is never deleted.
"""

from collections.abc import Callable
from datetime import datetime

from tutor import rules
from tutor.desk import Desk
from tutor.events import Amended, Bury, CardFace, Edit, Mark, Refused, SetAside, Skip, Split, Suspend, Undo
from tutor.history import Action, Play, day_end
from tutor.learner import Learner

Kept = Skip | Bury | Suspend | Split | Mark | Edit


class Keeping:
    """Makes these moves for one learner; every one of them is on disk when it returns."""

    def __init__(self, learner: Learner, desk: Desk, clock: Callable[[], datetime], new_id: Callable[[], str]) -> None:
        self._learner = learner
        self._desk = desk
        self._clock = clock
        self._new_id = new_id

    def put(self, play: Play, move: Kept) -> SetAside | Amended | Refused:
        """Put the card in play aside, mark it, or change it."""
        now = self._clock()
        kind, body, text = rules.kept(move, self._desk.speech)
        if not text:
            return Refused(text=self._desk.speech.card_range.format(most=rules.LONGEST))
        if isinstance(move, Bury):
            body = {"until": day_end(now).isoformat()}
        self._learner.record(kind, id=move.id or self._new_id(), at=now, card=play.card, ask=play.ask, body=body)
        self._desk.refresh()
        if isinstance(move, Mark | Edit):
            return Amended(face=CardFace.of(self._desk.by_id[play.card]), text=text)
        return SetAside(card=play.card, text=text, progress=self._desk.progress(now))

    def take_back(self, move: Undo) -> Action | None:
        """Take the last thing back; None where there is nothing, or its card is in no deck any more."""
        last = self._learner.history.last_action
        if last is None or last.card not in self._desk.by_id:
            return None
        self._learner.take_back(last, id=move.id or self._new_id(), at=self._clock())
        self._desk.refresh()
        return last
