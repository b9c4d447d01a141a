"""One move at a time, and the same move once: what stands between a session and impatient clients.

Knows nothing of what a move does. A new move ends the reply to the one before it, as closing a page does.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Generator, Iterator
from datetime import UTC, datetime
from uuid import uuid4

from tutor.events import Event, Move, Refused

_REMEMBERED = 64


def wall_clock() -> datetime:
    """The time now, in UTC."""
    return datetime.now(UTC)


def new_id() -> str:
    """An id that no other move has."""
    return uuid4().hex


class Turns:
    """Makes moves through `answer`, which is only ever run by one thread at a time."""

    def __init__(self, answer: Callable[[Move], Iterator[Event]]) -> None:
        self._answer = answer
        self._lock = threading.RLock()
        self._running: Generator[Event] | None = None
        self._made: OrderedDict[str, tuple[Event, ...]] = OrderedDict()

    def make(self, move: Move) -> Iterator[Event]:
        """What comes of `move`; a move with an id that was made before gives the same events and is not made again."""
        steps = self._steps(move)
        with self._lock:
            self._stop(self._running)
            self._running = steps
        try:
            while True:
                with self._lock:
                    event = next(steps, None) if self._running is steps else None
                if event is None:
                    return
                yield event
        finally:
            with self._lock:
                self._stop(steps)

    def _steps(self, move: Move) -> Generator[Event]:
        if move.id in self._made:
            yield from self._made[move.id]
            return
        shown: list[Event] = []
        for event in self._answer(move):
            shown.append(event)
            yield event
        if move.id and not any(isinstance(event, Refused) for event in shown):
            self._made[move.id] = tuple(shown)
            if len(self._made) > _REMEMBERED:
                self._made.popitem(last=False)

    def _stop(self, steps: Generator[Event] | None) -> None:
        if steps is not None and self._running is steps:
            self._running = None
            steps.close()
