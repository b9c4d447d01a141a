"""Takes back what was done last, newest first: ratings, cards set aside or changed, and imports.

Nothing is deleted from the log: what is taken back is another row.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import uuid4

from tutor.assemble import Tutor
from tutor.errors import NotFoundError
from tutor.history import UNDOABLE

__all__ = ["undo"]

_WORDS = {
    "review": "the rating of",
    "skip": "skipping",
    "bury": "putting away",
    "suspend": "suspending",
    "edit": "the change of",
    "mark": "the mark on",
    "split": "splitting",
}


def undo(tutor: Tutor, name: str = "me", count: int = 1) -> Iterator[str]:
    """Take back the last `count` things that this learner did, thirty at most; says each when it is done."""
    log = tutor.learner(name)
    for _ in range(min(count, UNDOABLE)):
        action, batch = log.history.last_action, next(iter(tutor.batches.all()), None)
        done = log.row(action.id) if action is not None else None
        if batch is not None and (done is None or batch.at >= done.at):
            tutor.undo_import(batch)
            yield batch.text
        elif action is not None:
            log.take_back(action, id=uuid4().hex, at=datetime.now(UTC))
            yield f"{_WORDS.get(action.kind, action.kind)} {_question(tutor, action.card)}"
        else:
            return


def _question(tutor: Tutor, card: str) -> str:
    try:
        return f'"{tutor.card(card).question}"'
    except NotFoundError:
        return f"a card that is in no deck any more ({card})"
