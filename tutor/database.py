"""Opens the database, SQLite or PostgreSQL: looked at before it is written, brought up to date, owned by one writer.

Knows no row of it; those are in `tutor.log`.
"""

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tutor.errors import NewerStoreError, StoreError
from tutor.migrations import LATEST, READABLE, STEPS

if TYPE_CHECKING:
    from filelock import FileLock
    from sqlalchemy import Connection, Engine
    from sqlalchemy.engine import URL

_ADVICE = "Say tutor doctor --repair to see what can be saved, or bring back a backup with tutor restore."
# Any number will do as long as every version takes the same: two replicas must not run one step twice.
_STEPS_LOCK = 7_214_001


@dataclass(frozen=True, kw_only=True, slots=True)
class Opened:
    """The writing connection, the reading ones, the lock of the file, and its name in messages."""

    writer: "Engine | None"
    reader: "Engine"
    lock: "FileLock | None"
    place: str


def open_database(url: str, *, read_only: bool, save: Callable[[Path], object]) -> Opened:
    """The database at `url`, made or brought up to date; `save` is told of a file before a step changes it.

    Raises:
        StoreError: it cannot be opened, is damaged, was written by a newer version, or another process writes it.
    """
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import SQLAlchemyError

    try:
        address = make_url(url)
        if address.get_backend_name() == "sqlite":
            return _open_sqlite(address, read_only=read_only, save=save)
        return _open_server(address, read_only=read_only)
    except SQLAlchemyError as error:
        raise StoreError(f"the learners' database cannot be opened: {reason(error)}. Look at [store] url.") from error
    except ModuleNotFoundError as error:
        raise StoreError(
            f"[store] url needs the package {error.name}, which is not installed. For PostgreSQL install "
            "flashcard-tutor[postgres] and write postgresql+psycopg://..."
        ) from error


def sqlite_file(url: str) -> Path | None:
    """The file of a SQLite address; None for one in memory and for any other database."""
    from sqlalchemy.engine import make_url

    address = make_url(url)
    path = address.database or ""
    return Path(path) if address.get_backend_name() == "sqlite" and path not in ("", ":memory:") else None


def reason(error: Exception) -> str:
    """The first line of what the database itself said."""
    return str(getattr(error, "orig", None) or error).strip().splitlines()[0]


def own(path: Path) -> "FileLock":
    """The right to write this file, until it is released.

    Raises:
        StoreError: another process has it, or the folder cannot be written.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(f"{path}.lock", timeout=0.3)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout:
        raise StoreError(f"{path} is in use by another tutor. Close that one, or use its page.") from None
    except OSError as error:
        raise StoreError(f"{path.parent} cannot be written: {error.strerror}. Choose another folder.") from error
    return lock


def check_free(url: str) -> None:
    """Raise StoreError where another process writes the file of `url`; needs nothing heavy, so it is said at once."""
    path = Path(url.removeprefix("sqlite:///"))
    if url.startswith("sqlite:///") and path.is_file():
        own(path).release()


def read_sqlite(path: Path) -> sqlite3.Connection:
    """A connection that cannot change the file, not even by tidying up after a killed writer."""
    wal = path.with_name(f"{path.name}-wal")
    # A folder that cannot be written has no room for the index of a WAL; without a WAL none is needed.
    still = not os.access(path.parent, os.W_OK) and not wal.exists()
    address = f"{path.absolute().as_uri()}?mode=ro{'&immutable=1' if still else ''}"
    return sqlite3.connect(address, uri=True, check_same_thread=False)


def look_at(path: Path) -> int:
    """Check a database file without changing it: the number of its schema, 0 for a file that is empty or not there.

    Raises:
        StoreError: it is damaged, of something else, or of a newer version.
    """
    if not path.is_file() or path.stat().st_size == 0:
        return 0
    try:
        with closing(read_sqlite(path)) as connection:
            found = [row[0] for row in connection.execute("PRAGMA quick_check(1)")]
            if found != ["ok"]:
                raise StoreError(f"{path} is damaged: {found[0]}. {_ADVICE}")
            tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            query = "SELECT coalesce(max(number), 0) FROM steps"
            version = connection.execute(query).fetchone()[0] if "steps" in tables else 0
    except sqlite3.DatabaseError as error:
        raise StoreError(f"{path} is not a sound database: {error}. {_ADVICE}") from error
    if not isinstance(version, int):
        raise StoreError(f"{path} is damaged: its schema has no number. {_ADVICE}")
    _refuse_newer(version, path)
    if tables and "steps" not in tables:
        raise StoreError(f"{path} is a database of something else. Choose another file in [store] url.")
    return version


def _refuse_newer(version: int, place: object) -> None:
    if version > LATEST:
        found = f"step {version}, this one knows {LATEST}"
        raise NewerStoreError(f"{place} was written by a newer version ({found}). Install the newer version.")


def _refuse_old(version: int, place: object) -> None:
    if version < READABLE:
        raise StoreError(f"{place} is from an older version. Start the tutor once (tutor chat) to bring it up to date.")


def _open_sqlite(address: "URL", *, read_only: bool, save: Callable[[Path], object]) -> Opened:
    name = address.database or ""
    path = Path(name)
    if name in ("", ":memory:") or (read_only and not path.is_file()):
        return _in_memory(read_only=read_only)
    lock = None if read_only else own(path)
    try:
        version = look_at(path)
        if lock is None:
            _refuse_old(version, path)
            return Opened(writer=None, reader=_reader(path), lock=None, place=name)
        if 0 < version < LATEST:
            save(path)
        writer = _writer(path)
        _migrate(writer)
    except BaseException:
        if lock is not None:
            lock.release()
        raise
    return Opened(writer=writer, reader=_reader(path), lock=lock, place=name)


def _in_memory(*, read_only: bool) -> Opened:
    """A database that is not kept; where nothing was ever studied it reads the same, and leaves no file behind."""
    engine = _writer(":memory:")
    _migrate(engine)
    return Opened(writer=None if read_only else engine, reader=engine, lock=None, place="the database in memory")


def _open_server(address: "URL", *, read_only: bool) -> Opened:
    from sqlalchemy import create_engine

    if address.drivername == "postgresql":
        address = address.set(drivername="postgresql+psycopg")
    place = address.render_as_string(hide_password=True)
    engine = create_engine(address, pool_pre_ping=True)
    try:
        with engine.begin() as connection:
            version = _version(connection)
        _refuse_newer(version, place)
        if read_only and version == 0:
            engine.dispose()
            return _in_memory(read_only=True)
    except BaseException:
        engine.dispose()
        raise
    if not read_only:
        _migrate(engine)
    return Opened(writer=None if read_only else engine, reader=engine, lock=None, place=place)


def _reader(path: Path) -> "Engine":
    from sqlalchemy import create_engine
    from sqlalchemy.pool import QueuePool

    engine = create_engine("sqlite://", creator=lambda: read_sqlite(path), poolclass=QueuePool, max_overflow=-1)
    _take_over(engine, "BEGIN", "busy_timeout = 5000")
    return engine


def _writer(path: Path | str) -> "Engine":
    from sqlalchemy import create_engine
    from sqlalchemy.pool import StaticPool

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(path, check_same_thread=False)

    engine = create_engine("sqlite://", creator=connect, poolclass=StaticPool)
    pragmas = ("busy_timeout = 5000", "foreign_keys = ON", "journal_mode = WAL", "synchronous = FULL")
    _take_over(engine, "BEGIN IMMEDIATE", *pragmas)
    return engine


def _take_over(engine: "Engine", begin: str, *pragmas: str) -> None:
    """Let the driver neither begin nor commit by itself: a step of the schema is one transaction, tables included."""
    from sqlalchemy import event

    def prepare(connection: Any, _: object) -> None:  # noqa: ANN401 - a sqlite3 connection
        connection.isolation_level = None
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")

    event.listen(engine, "connect", prepare)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(begin))


def _version(connection: "Connection") -> int:
    from sqlalchemy import inspect, text

    if not inspect(connection).has_table("steps"):
        return 0
    return int(connection.execute(text("SELECT max(number) FROM steps")).scalar() or 0)


def _migrate(engine: "Engine") -> None:
    """Run each missing step in a transaction of its own, so that a kill leaves the old schema or the new one.

    A database whose step fails is not used, so its connections are closed.
    """
    from sqlalchemy import text

    try:
        for step in STEPS:
            with engine.begin() as connection:
                if engine.dialect.name == "postgresql":
                    connection.execute(text(f"SELECT pg_advisory_xact_lock({_STEPS_LOCK})"))
                if _version(connection) >= step.number:
                    continue
                if step.number == 1:
                    connection.execute(text("CREATE TABLE steps (number INTEGER PRIMARY KEY, at TEXT NOT NULL)"))
                for statement in step.statements[engine.dialect.name]:
                    connection.execute(text(statement))
                values = {"number": step.number, "at": datetime.now(UTC).isoformat()}
                connection.execute(text("INSERT INTO steps (number, at) VALUES (:number, :at)"), values)
    except BaseException:
        engine.dispose()
        raise
