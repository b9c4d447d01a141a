"""Streams you can stop: a background event loop, a closable iterator over what runs there, thinking filtered out.

Knows no model and no protocol. One daemon thread runs the loop for the whole process, started at first use.
"""

import asyncio
import atexit
import contextlib
import queue
import re
import threading
import time
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Iterator
from concurrent.futures import Future
from functools import partial
from typing import Any, Generic, TypeAlias, TypeVar

__all__ = ["Stream", "ThinkFilter", "background"]

T = TypeVar("T")

_OPEN = re.compile(r"<(think|thinking|reasoning)>", re.IGNORECASE)
_CLOSE = re.compile(r"</(think|thinking|reasoning)>", re.IGNORECASE)
_LONGEST_TAG = len("</reasoning>")
_BEAT = 0.25
_WAY = 0.00005  # seconds that the background gives way to a thread that waits; the two share one interpreter
_END: Any = object()
_Batches: TypeAlias = "queue.SimpleQueue[list[T] | BaseException]"

Close = Callable[[], Awaitable[object]]


class _Background:
    """One event loop in one daemon thread, and what must be closed there before the process ends."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._open: dict[int, Close] = {}

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The running loop, started if need be."""
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(target=self._loop.run_forever, name="tutor-model", daemon=True)
                self._thread.start()
                atexit.register(self._stop)
            return self._loop

    def start(self, work: Coroutine[Any, Any, T]) -> "Future[T]":
        """Run `work` there."""
        return asyncio.run_coroutine_threadsafe(work, self.loop)

    def keep(self, close: Close) -> int:
        """Remember that `close` must run one day; gives the number to `release` it by."""
        number = id(close)
        self._open[number] = close
        return number

    def release(self, number: int) -> None:
        """Run the `close` of that number soon, once."""
        close, loop = self._open.pop(number, None), self._loop
        if close is not None and loop is not None and loop.is_running():
            with contextlib.suppress(RuntimeError):  # the loop was stopped meanwhile
                asyncio.run_coroutine_threadsafe(self._shut(close), loop)

    @staticmethod
    async def _shut(*closes: Close) -> None:
        for close in closes:
            with contextlib.suppress(OSError, RuntimeError):
                await close()

    async def _end(self) -> None:
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)
        await self._shut(*self._open.values())
        await asyncio.sleep(0)  # transports close on the next turn of the loop

    def _stop(self) -> None:
        loop, thread = self._loop, self._thread
        if loop is None or thread is None:
            return
        with contextlib.suppress(TimeoutError):
            self.start(self._end()).result(1)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(1)
        if not thread.is_alive():
            loop.close()


background = _Background()


class Stream(Generic[T], Iterator[T]):
    """What an async generator yields, as a plain iterator. `close` may be called from any thread, at any moment.

    With `idle`, that value comes a few times a second while there is nothing else, so that whoever wraps this in a
    generator of its own can be stopped.
    An error that the generator raises is raised here without its context, which may hold requests with keys.
    """

    def __init__(self, make: Callable[[], AsyncGenerator[T, None]], *, idle: T | None = None) -> None:
        self._idle = idle
        self._queue: _Batches[T] = queue.SimpleQueue()
        self._ready: deque[T] = deque()
        self._over = False
        self._task = background.start(self._pump(make, self._queue))
        self._task.add_done_callback(partial(self._done, self._queue))  # not bound: a stream nobody holds must go

    @staticmethod
    async def _pump(make: Callable[[], AsyncGenerator[T, None]], out: "_Batches[T]") -> None:
        """Hand over the first word alone, then all that one turn of the loop brings: each hand-over wakes a thread."""
        loop, batch, first = asyncio.get_running_loop(), list[T](), True

        def hand_over() -> None:
            nonlocal batch
            if batch:
                out.put(batch)
                batch = []

        try:
            async with contextlib.aclosing(make()) as pieces:
                async for piece in pieces:
                    if not batch:
                        loop.call_soon(hand_over)
                    batch.append(piece)
                    if first and piece:  # the first word is shown before what came with it is read
                        first = False
                        hand_over()
                        time.sleep(_WAY)
        finally:
            hand_over()

    @staticmethod
    def _done(out: "_Batches[T]", task: "Future[None]") -> None:
        out.put(_END if task.cancelled() else task.exception() or _END)

    def __iter__(self) -> Iterator[T]:
        return self

    def __next__(self) -> T:
        if self._over:
            raise StopIteration
        if self._ready:
            return self._ready.popleft()
        try:
            got = self._queue.get(timeout=None if self._idle is None else _BEAT)
        except queue.Empty:
            assert self._idle is not None
            return self._idle
        if got is _END:
            self._over = True
            raise StopIteration
        if isinstance(got, BaseException):
            self._over = True
            got.__cause__ = got.__context__ = None
            raise got.with_traceback(None)
        self._ready.extend(got)
        return self._ready.popleft()

    def close(self) -> None:
        """Stop what runs in the background, and end a `next` that waits in another thread."""
        self._over = True
        self._task.cancel()
        self._queue.put(_END)

    def __del__(self) -> None:
        task = getattr(self, "_task", None)
        if task is not None and not task.done():
            task.cancel()


class ThinkFilter:
    """Leaves out `<think>...</think>` from a text that comes in pieces, wherever the pieces break.

    A closing tag with none before it means that all before it was thinking; `stray` then says so, since that part may
    be on the screen already.
    """

    def __init__(self) -> None:
        self._held = ""
        self._inside = False
        self.thought = False
        self.stray = False

    def feed(self, piece: str) -> str:
        """The part of `piece`, and of what was held back before, that is no thinking."""
        text, shown = self._held + piece, ""
        while True:
            tag = (_CLOSE if self._inside else _OPEN).search(text)
            if tag is None:
                break
            shown += "" if self._inside else text[: tag.start()]
            text, self._inside, self.thought = text[tag.end() :], not self._inside, True
        if not self._inside and (tag := _CLOSE.search(text)):
            shown, text, self.stray, self.thought = "", text[tag.end() :], True, True
        keep = self._tail(text)
        self._held = text[len(text) - keep :]
        return shown if self._inside else shown + text[: len(text) - keep]

    def finish(self) -> str:
        """What was held back because it might have become a tag."""
        held, self._held = self._held, ""
        return "" if self._inside else held

    @staticmethod
    def _tail(text: str) -> int:
        """How many last characters of `text` may be the beginning of a tag."""
        start = text.rfind("<", max(0, len(text) - _LONGEST_TAG))
        if start < 0:
            return 0
        end = text[start:].lower()
        tags = [f"<{slash}{word}>" for slash in ("", "/") for word in ("think", "thinking", "reasoning")]
        return len(end) if any(tag.startswith(end) for tag in tags) else 0
