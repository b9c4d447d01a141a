"""Copies of the learners' database: made while it is in use, each checked by opening it, thinned like rings of a tree.

Copies SQLite files only; a database server has tools of its own. Never changes the database but to restore one.
"""

import logging
import os
import re
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tutor.database import look_at, own
from tutor.errors import StoreError

__all__ = [
    "Backups",
    "backup",
    "keep_damaged",
    "listed",
    "put_in_place",
    "restore",
    "save_before_step",
    "set_aside",
    "thin",
]  # fmt: skip

EVERY = 30 * 60.0
DAYS, WEEKS, MONTHS = 12, 10, 9
_NAME = re.compile(r"^tutor-(\d{8}T\d{6})(?:-\d+)?\.db$")
_DAMAGED = "-damaged-"
_STAMP = "%Y%m%dT%H%M%S"
log = logging.getLogger(__name__)


def backup(path: Path, folder: Path, now: datetime) -> Path:
    """Copy the database at `path` into `folder` while it may be in use, check the copy, and thin the older ones.

    Raises:
        StoreError: there is no database, the folder cannot be written, or the copy is not sound.
    """
    if not path.is_file():
        raise StoreError(f"{path} is not there, so there is nothing to back up yet")
    target = _free(folder, now)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _part(target) as part:
            _copy(path, part)
            look_at(part)
            part.replace(target)
            _sync(folder)
        kept = set(thin([made for _, made in listed(folder)], now))
        for old, made in listed(folder):
            if made not in kept and old != target:
                old.unlink(missing_ok=True)
    except (OSError, sqlite3.Error) as error:
        raise StoreError(f"no backup could be written to {folder}: {error}") from error
    return target


def save_before_step(path: Path) -> Path:
    """A backup of a database whose schema is about to change.

    Raises:
        StoreError: it could not be made, so the schema must not be changed.
    """
    return backup(path, path.parent / "backups", datetime.now(UTC))


def restore(copy: Path, path: Path, now: datetime) -> Path | None:
    """Put the backup `copy` in place of the database at `path`: the backup of what was there before, if anything was.

    The copy is checked beside the target first and then renamed into place, so that a fault or a kill leaves the old
    database or the new one.

    Raises:
        StoreError: the copy is not sound, or another tutor is using the database.
    """
    if not copy.is_file() or not copy.stat().st_size:
        raise StoreError(f"{copy} is not there, or empty. Backups lie in {path.parent / 'backups'}.")
    lock = own(path)
    try:
        with _part(path) as part:
            shutil.copyfile(copy, part)
            look_at(part)
            before = _save_old(path, now)
            put_in_place(part, path)
        return before
    except OSError as error:
        raise StoreError(f"{path} could not be replaced: {error}") from error
    finally:
        lock.release()


def put_in_place(part: Path, path: Path) -> None:
    """Make the checked database `part` the one at `path`; whoever calls this owns `path`."""
    _sync(part)
    # What lies in the old file's log of changes belongs to the old file: it was copied before.
    for leftover in ("-wal", "-shm"):
        path.with_name(path.name + leftover).unlink(missing_ok=True)
    part.replace(path)
    _sync(path.parent)


def listed(folder: Path) -> list[tuple[Path, datetime]]:
    """The backups in `folder` with when they were made, the newest first."""
    if not folder.is_dir():
        return []
    named = ((path, _NAME.match(path.name)) for path in folder.iterdir())
    made = [(path, datetime.strptime(name[1], _STAMP).replace(tzinfo=UTC)) for path, name in named if name]
    return sorted(made, key=lambda pair: (pair[1], pair[0].name), reverse=True)


def thin(made: Sequence[datetime], now: datetime) -> list[datetime]:
    """Which to keep: all of the last day, then the last one of each of 12 days, of 10 weeks and of 9 months."""
    kept = {one for one in made if now - one < timedelta(days=1)}
    newest_first = sorted(made, reverse=True)
    kept |= _last_of_each(newest_first, DAYS, lambda one: one.date())
    kept |= _last_of_each(newest_first, WEEKS, lambda one: one.isocalendar()[:2])
    kept |= _last_of_each(newest_first, MONTHS, lambda one: (one.year, one.month))
    return sorted(kept)


def _last_of_each(newest_first: Iterable[datetime], count: int, label: Callable[[datetime], object]) -> set[datetime]:
    last: dict[object, datetime] = {}
    for one in newest_first:
        if label(one) not in last and len(last) == count:
            break
        last.setdefault(label(one), one)
    return set(last.values())


class Backups:
    """Makes a backup after every half hour of use; to be told of every write."""

    def __init__(self, path: Path, folder: Path, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._folder = folder
        self._clock = clock
        self._lock = threading.Lock()
        self._last = clock() - EVERY

    def keep_up(self) -> Path | None:
        """Make a backup if the last one is half an hour old; one that fails is logged, and studying goes on."""
        with self._lock:
            if self._clock() - self._last < EVERY:
                return None
            self._last = self._clock()
        return self.now()

    def now(self) -> Path | None:
        """Make a backup now, if there is anything to copy; one that fails is logged."""
        try:
            return backup(self._path, self._folder, datetime.now(UTC)) if self._path.is_file() else None
        except StoreError as error:
            log.warning("%s", error)
            return None


@contextmanager
def _part(target: Path) -> Iterator[Path]:
    """A name beside `target` to write to first; gone afterwards, whatever happens."""
    part = target.with_name(f".{target.name}.part")
    try:
        yield part
    finally:
        for left in ("", "-wal", "-shm", "-journal"):
            part.with_name(part.name + left).unlink(missing_ok=True)


def _free(folder: Path, now: datetime) -> Path:
    stamp = now.astimezone(UTC).strftime(_STAMP)
    names = [f"tutor-{stamp}.db", *(f"tutor-{stamp}-{number}.db" for number in range(2, 100))]
    return next((folder / name for name in names if not (folder / name).exists()), folder / names[-1])


def _copy(path: Path, target: Path) -> None:
    """SQLite's own copy, which is whole even while somebody writes; copying the file would lose what is in its WAL."""
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(target)) as copy:
        source.backup(copy)
        # Without a WAL of its own a copy is one file that can be carried anywhere.
        copy.execute("PRAGMA journal_mode = DELETE")
    _sync(target)


def _save_old(path: Path, now: datetime) -> Path | None:
    """A backup of the database that is being replaced; a damaged one is set aside as it is."""
    if not path.is_file():
        return None
    try:
        return backup(path, path.parent / "backups", now)
    except StoreError:
        return keep_damaged(path, now)


def keep_damaged(path: Path, now: datetime) -> Path:
    """Copy a damaged database beside itself as it is, with what was not yet in the file; the copy."""
    aside = path.with_name(f"{path.stem}{_DAMAGED}{now.astimezone(UTC).strftime(_STAMP)}{path.suffix}")
    for ending in ("-wal", ""):
        if (there := path.with_name(path.name + ending)).exists():
            shutil.copyfile(there, aside.with_name(aside.name + ending))
    return aside


def set_aside(path: Path) -> list[Path]:
    """What restoring and repairing the database at `path` kept of damaged ones."""
    return sorted(path.parent.glob(f"{path.stem}{_DAMAGED}*"))


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
