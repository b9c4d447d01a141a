"""The processor cores this process may use, and how threads that work together are kept on different ones.

Threads are left alone where the operating system cannot keep them on a core (macOS, Windows).
"""

import os
from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from threading import Lock

__all__ = ["BESIDE", "Lane", "any_core", "cores", "usable_cores"]

_MOST = 8


def cores() -> tuple[int, ...]:
    """The numbers of the cores this thread may run on, lowest first; empty where they are not known."""
    return tuple(sorted(os.sched_getaffinity(0))) if hasattr(os, "sched_getaffinity") else ()


_ALL = cores()


def usable_cores() -> int:
    """How many cores this process may run on, at most 8."""
    return max(1, min(len(cores()) or os.cpu_count() or 1, _MOST))


def any_core() -> AbstractContextManager[None]:
    """Lets the calling thread run on every core of this process meanwhile, and so what it starts then, for good."""
    return _moved(_ALL)


class Lane:
    """The cores of helper threads; a thread that works with the helpers keeps off them meanwhile.

    A helper that slept is often woken on the core of the thread that wakes it, where the two then take turns, though
    another core is idle: embedding one question after a pause took 13.6 ms so on two cores, and 6.8 with a core each.
    """

    def __init__(self, kept: Collection[int]) -> None:
        self.cores = frozenset(kept)
        self._taken = Lock()

    def stay(self) -> None:
        """Keeps the calling thread on these cores for good."""
        _move(self.cores)

    def kept_on(self) -> AbstractContextManager[None]:
        """Keeps the calling thread on these cores meanwhile, and what it starts then for good."""
        return _moved(self.cores)

    @contextmanager
    def kept_off(self) -> Iterator[None]:
        """Keeps the calling thread off these cores; only one at a time, lest all callers crowd on those that are left.

        A thread that has no other core to run on is left where it is.
        """
        own = set(cores())
        if self.cores.isdisjoint(own) or not self._taken.acquire(blocking=False):
            yield
            return
        try:
            with _moved(own - self.cores):
                yield
        finally:
            self._taken.release()


# Where Chroma looks, and the thread that waits for it, while the searching thread compares: the upper half.
BESIDE = Lane(_ALL[(len(_ALL) + 1) // 2 :])


@contextmanager
def _moved(to: Collection[int]) -> Iterator[None]:
    """Keeps the calling thread on these cores meanwhile."""
    own = cores()
    _move(to)
    try:
        yield
    finally:
        _move(own)


def _move(to: Collection[int]) -> None:
    """To these cores; nowhere where the operating system has no such thing."""
    if to and hasattr(os, "sched_setaffinity"):
        with suppress(OSError):  # none that this process may use
            os.sched_setaffinity(0, to)
