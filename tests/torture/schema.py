"""Kill -9 in the middle of a schema step: the old schema or the new, every row as it was, the next start goes on."""

import os
import shutil
import signal
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.torture.place import child, draws, home, lines, times
from tutor.database import look_at
from tutor.learner import Store
from tutor.migrations import LATEST

RELEASED = Path(__file__).parents[1] / "tutor" / "released"


def rows() -> Iterator[tuple[str, str, bool]]:
    draw, turns, bad, between = draws("schema"), times(50), 0, 0
    seen: dict[int, int] = {}
    calls = int(upgraded(0)[0])
    for _ in range(turns):
        _, number, same, sound = upgraded(draw.randint(1, calls))
        seen[number] = seen.get(number, 0) + 1
        bad += number not in (1, LATEST) or not same
        between += not sound
    found = ", ".join(f"{count} x schema {number}" for number, count in sorted(seen.items()))
    what = f"{turns} x kill -9 in a schema step"
    yield f"{what}: neither old nor new, or rows changed", f"{bad} ({found}), bar 0", bad == 0
    yield f"{what}: next start did not finish it", f"{between}, bar 0", between == 0


def upgraded(at: int) -> tuple[str, int, bool, bool]:
    """A file of the oldest schema opened by a child that dies at its call number `at` within the steps, 0 for never.

    What the child told; the number of the schema then; whether the rows are the same; whether the next start finishes.
    """
    with home() as (path, _):
        file = path / "tutor.db"
        shutil.copyfile(RELEASED / "schema1.db", file)
        before = chains(file)

        def work(tell: Callable[[str], None]) -> None:
            count, inside = 0, False

            def watch(frame: Any, event: str, _: Any) -> None:
                nonlocal count, inside
                if frame.f_code.co_name == "_migrate" and event in ("call", "return"):
                    inside = event == "call"
                count += inside and event == "c_call"
                if at and count == at:
                    os.kill(os.getpid(), signal.SIGKILL)

            sys.setprofile(watch)
            Store.open(f"sqlite:///{file}").close()
            sys.setprofile(None)
            tell(str(count))

        pid, pipe = child(work)
        told = lines(pipe)
        os.waitpid(pid, 0)
        number, same = look_at(file), chains(file) == before
        with Store.open(f"sqlite:///{file}") as store:
            sound = not store.check()
        return "".join(told), number, same, sound and look_at(file) == LATEST


def chains(file: Path) -> list[str]:
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as raw:
        return [row[0] for row in raw.execute("SELECT chain FROM log ORDER BY seq")]
