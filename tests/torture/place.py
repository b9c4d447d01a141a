"""Where torture happens: a folder of its own, a configured tutor in it, and children that can be killed."""

import os
import random
import signal
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tutor.config import load_settings
from tutor.learner import Store
from tutor.settings import Settings

SCALE = float(os.environ.get("TORTURE_SCALE", "1"))
SECONDS = float(os.environ.get("TORTURE_SECONDS", "300"))


def times(count: int) -> int:
    """`count`, or less of it where less was asked for."""
    return max(2, round(count * SCALE))


def draws(name: str) -> random.Random:
    """Chances that are the same every time."""
    return random.Random(f"torture {name}")


@contextmanager
def home(*, vectors: bool = False, more: str = "") -> Iterator[tuple[Path, Settings]]:
    """An empty folder and the settings of a tutor that lies in it, without the model of meaning unless asked for."""
    with tempfile.TemporaryDirectory(prefix="torture-", ignore_cleanup_errors=True) as folder:
        path = Path(folder)
        use = "" if vectors else '[embeddings]\nuse = "none"\n'
        text = f'data_dir = "data"\ncache_dir = "cache"\n{more}\n{use}[study]\nnew_per_day = 100000\n'
        (path / "tutor.toml").write_text(text, encoding="utf-8")
        yield path, load_settings(path / "tutor.toml", environ={})


def child(work: Callable[[Callable[[str], None]], None]) -> tuple[int, int]:
    """Run `work` in a forked process; it tells lines, which can be read from the second number, the end of a pipe."""
    out, into = os.pipe()
    pid = os.fork()
    if pid:
        os.close(into)
        return pid, out
    code = 1
    try:
        os.setpgid(0, 0)
        os.close(out)
        work(lambda line: _tell(into, line))
        code = 0
    except BaseException:  # noqa: BLE001 - a child of a fork must never return into its parent's code
        traceback.print_exc()
    finally:
        os._exit(code)


def _tell(pipe: int, line: str) -> None:
    os.write(pipe, f"{line}\n".encode())


def kill(pid: int, pipe: int, after: float, first: bytes = b"") -> list[str]:
    """Kill a child and all it started, without warning, so many seconds from now: what it told, `first` included."""
    time.sleep(after)
    for target in (os.killpg, os.kill):
        try:
            target(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    os.waitpid(pid, 0)
    return lines(pipe, first)


def lines(pipe: int, first: bytes = b"") -> list[str]:
    """All that was told before the pipe was closed, after what was read of it; the last line may have been cut."""
    with os.fdopen(pipe, "rb") as file:
        return (first + file.read()).decode().split("\n")[:-1]


def every_row(url: str) -> dict[str, list[tuple[object, ...]]]:
    """All rows of all learners; raises StoreError where they cannot be read."""
    with Store.open(url, read_only=True) as store:
        return {
            name: [(r.id, r.at, r.kind, r.card, r.ask, repr(r.body)) for r in store.learner(name).rows()]
            for name in store.learners()
        }
