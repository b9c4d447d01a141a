"""A disk that is full, or may not be written: a plain refusal, nothing acknowledged is lost, and it goes on later."""

import os
import resource
import signal
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from tests.torture.place import child, home, lines, times
from tutor.backup import backup
from tutor.errors import StoreError
from tutor.learner import Store

NOBODY = 65534


def rows() -> Iterator[tuple[str, str, bool]]:
    lost = plain = healed = 0
    turns = times(20)
    for turn in range(turns):
        told, told_plainly, went_on = fill_up(20_000 + 9_000 * turn)
        lost, plain, healed = lost + told, plain + told_plainly, healed + went_on
    yield f"{turns} x disk full: answers lost of those acknowledged", f"{lost}, bar 0", lost == 0
    yield f"{turns} x disk full: refused in a plain line", f"{plain} of {turns}, bar {turns}", plain == turns
    yield f"{turns} x disk full: saved again once there was room", f"{healed} of {turns}, bar {turns}", healed == turns
    yield from read_only()


def fill_up(room: int) -> tuple[int, bool, bool]:
    """Rows lost; whether the refusal was plain; whether writing went on in the same process when there was room."""
    with home() as (_, settings):
        Path(settings.data_dir).mkdir()

        def work(tell: Callable[[str], None]) -> None:
            # A file that may grow no further fails like a disk that is full, for root too.
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            with Store.open(settings.store.url) as store:
                resource.setrlimit(resource.RLIMIT_FSIZE, (room, resource.RLIM_INFINITY))
                for place in range(10_000):
                    try:
                        note(store, f"n{place}")
                        tell(f"n{place}")
                    except StoreError as error:
                        tell(f"refused {error.plain}")
                        break
                resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
                note(store, "after")
                tell("after")

        pid, pipe = child(work)
        said = lines(pipe)
        os.waitpid(pid, 0)
        told = {line for line in said if not line.startswith("refused")}
        with Store.open(settings.store.url) as store:
            stored = {row.id for row in store.learner().rows()}
            sound = not store.check()
        refused = [line for line in said if line.startswith("refused")]
        plain = len(refused) == 1 and "Nothing was saved." in refused[0] and "Traceback" not in refused[0]
        return len(told - stored), plain, "after" in stored and sound


def note(store: Store, id: str) -> None:
    body = {"role": "learner", "text": "x" * 500}
    store.learner().record("said", id=id, at=datetime.now(UTC), body=body)


def read_only() -> Iterator[tuple[str, str, bool]]:
    with home() as (path, settings):
        with Store.open(settings.store.url) as store:
            note(store, "kept")
        backup(settings.data_dir / "tutor.db", settings.data_dir / "backups", datetime.now(UTC))
        path.chmod(0o755)
        settings.data_dir.chmod(0o555)

        def work(tell: Callable[[str], None]) -> None:
            if os.getuid() == 0:
                os.setgid(NOBODY)
                os.setuid(NOBODY)
            begun = time.monotonic()
            try:
                Store.open(settings.store.url)
            except StoreError as error:
                plain = "cannot be written" in str(error) and time.monotonic() - begun < 1
                tell("refused" if plain else str(error))
            with Store.open(settings.store.url, read_only=True) as store:
                tell(f"read {len(store.learner().rows())}")

        pid, pipe = child(work)
        said = lines(pipe)
        os.waitpid(pid, 0)
        settings.data_dir.chmod(0o755)
    yield (
        "read-only folder: writing refused in a plain line, within 1 s",
        " ".join(said[:1]) + ", bar refused",
        said[:1] == ["refused"],
    )
    yield "read-only folder: reading works", " ".join(said[1:]) + ", bar read 1", said[1:] == ["read 1"]
