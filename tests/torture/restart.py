"""Stopped and started under load: threads write, SIGTERM, the next starts at once; nothing acknowledged is lost."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Event

from tests.torture.place import child, draws, home, lines, times
from tutor.errors import StoreError
from tutor.learner import Store

THREADS = 8


def rows() -> Iterator[tuple[str, str, bool]]:
    draw, turns, told, slowest = draws("restart"), times(30), set[str](), 0.0
    lost = refused = 0
    with home() as (_, settings):
        for turn in range(turns):
            pid, pipe = child(load(settings.store.url, turn))
            first = os.read(pipe, 65_536)  # it is under load once it has told something
            time.sleep(draw.uniform(0.0, 0.5))
            os.kill(pid, signal.SIGTERM)
            begun = time.monotonic()
            os.waitpid(pid, 0)
            slowest = max(slowest, time.monotonic() - begun)
            said = lines(pipe, first)
            refused += any(line.startswith("refused") for line in said)
            told |= {line for line in said if not line.startswith("refused")}
        with Store.open(settings.store.url) as store:
            stored = {row.id for name in store.learners() for row in store.learner(name).rows()}
            lost, faults = len(told - stored), store.check()
    yield (
        f"{turns} x stopped and started under load: rows lost",
        f"{lost} of {len(told)}, bar 0",
        lost == 0 and bool(told) and not faults,
    )
    yield f"{turns} x stopped and started under load: starts refused", f"{refused}, bar 0", refused == 0
    yield f"{turns} x stopped and started under load: slowest stop", f"{slowest:.2f} s, bar 5 s", slowest < 5


def load(url: str, turn: int) -> Callable[[Callable[[str], None]], None]:
    def work(tell: Callable[[str], None]) -> None:
        stop = Event()
        signal.signal(signal.SIGTERM, lambda *_: stop.set())
        try:
            with Store.open(url) as store, ThreadPoolExecutor(THREADS) as pool:
                list(pool.map(lambda thread: write(store, turn, thread, stop, tell), range(THREADS)))
        except StoreError as error:
            tell(f"refused {error}")

    return work


def write(store: Store, turn: int, thread: int, stop: Event, tell: Callable[[str], None]) -> None:
    learner, place = store.learner(f"learner-{thread}"), 0
    while not stop.is_set():
        id, place = f"{turn}-{thread}-{place}", place + 1
        learner.record("said", id=id, at=datetime.now(UTC), body={"role": "learner", "text": "x"})
        tell(id)
