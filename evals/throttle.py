"""How many cases may be under way at once, learnt from a server that says it is busy. Knows no case."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Throttle:
    """How many cases may be under way: halved when a server says it is busy, one more after a row of successes."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.limit = most
        self._active = 0
        self._good = 0
        self._free = threading.Condition()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for a place, and give it back afterwards."""
        with self._free:
            while self._active >= self.limit:
                self._free.wait()
            self._active += 1
        try:
            yield
        finally:
            with self._free:
                self._active -= 1
                self._free.notify_all()

    def tell(self, *, busy: bool) -> None:
        """Learn from one call."""
        with self._free:
            self._good = 0 if busy else self._good + 1
            if busy:
                self.limit = max(1, self.limit // 2)
            elif self._good >= 2 * self.limit and self.limit < self._most:
                self.limit, self._good = self.limit + 1, 0
                self._free.notify_all()
