"""The database: every learner's append-only log, through SQLAlchemy, on disk when a write returns.

Knows rows, not what they mean: that is in `tutor.history`, and `tutor.learner` reads and writes them by name.
"""

import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeAlias

from tutor.errors import StoreError
from tutor.history import Kind, Row
from tutor.migrations import LATEST, STEPS

if TYPE_CHECKING:
    from filelock import FileLock
    from sqlalchemy import Connection, Engine
    from sqlalchemy.engine import URL

# The writing connection, the reading ones, the lock of the file, and its name in messages.
Opened: TypeAlias = "tuple[Engine | None, Engine, FileLock | None, str]"

_INSERT = (
    "INSERT INTO log (learner, id, at, kind, card, ask, body, chain) "
    "VALUES (:learner, :id, :at, :kind, :card, :ask, :body, :chain)"
)
_CHAINED = ("id", "at", "kind", "card", "ask", "body")
_COLUMNS = "SELECT seq, id, at, kind, card, ask, body, chain FROM log WHERE learner = :learner"


class Log:
    """An open database of logs. One process writes at a time, through one connection; others may read beside it."""

    def __init__(self, writer: "Engine | None", reader: "Engine", lock: "FileLock | None", place: str) -> None:
        self._writer = writer
        self._reader = reader
        self._file_lock = lock
        self._lock = threading.RLock()
        self.place = place
        self.after_write: Callable[[], object] | None = None

    @classmethod
    def open(cls, url: str, *, read_only: bool = False) -> Self:
        """Open the database at `url` (any SQLAlchemy address), making or upgrading it where needed.

        Raises:
            StoreError: it cannot be opened, is damaged, was written by a newer version, or another process writes it.
        """
        from sqlalchemy.engine import make_url
        from sqlalchemy.exc import SQLAlchemyError

        try:
            address = make_url(url)
            if address.get_backend_name() == "sqlite":
                return cls(*_open_sqlite(address, read_only=read_only))
            return cls(*_open_server(address, read_only=read_only))
        except SQLAlchemyError as error:
            raise StoreError(
                f"the learners' database cannot be opened: {_reason(error)}. Look at [store] url."
            ) from error

    def number(self, name: str) -> int:
        """The number of the learner of this name, made where there is none yet; 0 where nothing may be written."""
        with self.reading() as connection:
            number = _find_learner(connection, name)
        if number is not None:
            return number
        return 0 if self._writer is None else self._make_learner(name)

    def _make_learner(self, name: str) -> int:
        from sqlalchemy import text

        with self.writing() as connection:
            number = _find_learner(connection, name)
            if number is None:
                made = datetime.now(UTC).isoformat()
                connection.execute(
                    text("INSERT INTO learners (name, made) VALUES (:name, :made)"), {"name": name, "made": made}
                )
                number = _find_learner(connection, name)
        assert number is not None
        return number

    def learners(self) -> tuple[str, ...]:
        """The names of all learners, in the order they came."""
        from sqlalchemy import text

        with self.reading() as connection:
            return tuple(row[0] for row in connection.execute(text("SELECT name FROM learners ORDER BY id")))

    def append(self, learner: int, row: Row) -> bool:
        """Put one row at the end of a learner's log; False, and no change, where one with this id is there already."""
        from sqlalchemy import text

        body = json.dumps(row.body, ensure_ascii=False, sort_keys=True)
        plain = {"id": row.id, "at": _stamp(row.at), "kind": row.kind, "card": row.card, "ask": row.ask, "body": body}
        key = {"learner": learner, "id": row.id}
        with self.writing() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT id FROM learners WHERE id = :learner FOR UPDATE"), key)
            if connection.execute(text("SELECT 1 FROM log WHERE learner = :learner AND id = :id"), key).first():
                return False
            last = text("SELECT chain FROM log WHERE learner = :learner ORDER BY seq DESC LIMIT 1")
            chain = _chain(connection.execute(last, key).scalar() or "", plain)
            connection.execute(text(_INSERT), {"learner": learner, "chain": chain, **plain})
        if self.after_write is not None:
            self.after_write()
        return True

    def rows(
        self,
        learner: int,
        *,
        id: str = "",
        ask: str = "",
        card: str = "",
        kinds: Sequence[Kind] = (),
        after: int = 0,
    ) -> tuple[Row, ...]:
        """A learner's rows in order: one by its id, those of a play, of a card, of some kinds, after a place."""
        from sqlalchemy import bindparam, text

        where, values = " AND seq > :after", {"learner": learner, "after": after, "id": id, "ask": ask, "card": card}
        where += " AND id = :id" if id else ""
        where += " AND (id = :ask OR ask = :ask)" if ask else ""
        where += " AND card = :card" if card else ""
        where += " AND kind IN :kinds" if kinds else ""
        statement = text(f"{_COLUMNS}{where} ORDER BY seq")
        if kinds:
            statement = statement.bindparams(bindparam("kinds", list(kinds), expanding=True))
        with self.reading() as connection:
            return tuple(_row(found) for found in connection.execute(statement, values))

    def check(self) -> tuple[str, ...]:
        """What is wrong with the data, in plain sentences: rows whose hash chain does not fit. Empty is good."""
        return tuple(fault for name in self.learners() for fault in self._check(name))

    def _check(self, name: str) -> Iterator[str]:
        from sqlalchemy import text

        chain = ""
        with self.reading() as connection:
            key = {"learner": _find_learner(connection, name)}
            for found in connection.execute(text(f"{_COLUMNS} ORDER BY seq"), key).mappings():
                chain = _chain(chain, {column: found[column] for column in _CHAINED})
                if chain != found["chain"]:
                    yield f"{name}: row {found['seq']} or one before it was changed after it was written."
                    return

    @contextmanager
    def writing(self) -> "Iterator[Connection]":
        """One transaction on the writing connection; on disk when it ends.

        Raises:
            StoreError: opened for reading only, or the write failed and nothing of it was kept.
        """
        from sqlalchemy.exc import SQLAlchemyError

        if self._writer is None:
            raise StoreError(f"{self.place} was opened for reading only")
        with self._lock:
            try:
                with self._writer.begin() as connection:
                    yield connection
            except SQLAlchemyError as error:
                raise StoreError(f"{self.place} could not be written: {_reason(error)}. Nothing was saved.") from error

    @contextmanager
    def reading(self) -> "Iterator[Connection]":
        """A connection to read from.

        Raises:
            StoreError: the read failed.
        """
        from sqlalchemy.exc import SQLAlchemyError

        try:
            if self._reader is self._writer:
                with self._lock, self._reader.begin() as connection:
                    yield connection
            else:
                with self._reader.begin() as connection:
                    yield connection
        except SQLAlchemyError as error:
            raise StoreError(f"{self.place} could not be read: {_reason(error)}") from error

    def close(self) -> None:
        """Let go of the database and of the right to write it."""
        with self._lock:
            self._reader.dispose()
            if self._writer is not None:
                self._writer.dispose()
            if self._file_lock is not None:
                self._file_lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def sqlite_file(url: str) -> Path | None:
    """The file of a SQLite address; None for one in memory and for any other database."""
    from sqlalchemy.engine import make_url

    address = make_url(url)
    path = address.database or ""
    return Path(path) if address.get_backend_name() == "sqlite" and path not in ("", ":memory:") else None


def _chain(before: str, row: Mapping[str, str]) -> str:
    plain = json.dumps([row[column] for column in _CHAINED], ensure_ascii=False)
    return sha256(f"{before}\n{plain}".encode()).hexdigest()


def _stamp(at: datetime) -> str:
    if at.tzinfo is None:
        raise ValueError("a time in the log needs a time zone")
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _row(found: Any) -> Row:  # noqa: ANN401 - SQLAlchemy's row
    return Row(
        seq=found.seq,
        id=found.id,
        at=datetime.fromisoformat(found.at),
        kind=found.kind,
        card=found.card,
        ask=found.ask,
        body=json.loads(found.body),
    )


def _find_learner(connection: "Connection", name: str) -> int | None:
    from sqlalchemy import text

    found: int | None = connection.execute(text("SELECT id FROM learners WHERE name = :name"), {"name": name}).scalar()
    return found


def _reason(error: Exception) -> str:
    return str(getattr(error, "orig", None) or error).strip().splitlines()[0]


def _open_sqlite(address: "URL", *, read_only: bool) -> Opened:
    path = address.database or ""
    in_memory = path in ("", ":memory:")
    if read_only and (in_memory or not Path(path).is_file()):
        # Nothing was ever studied here: an empty database that is not kept reads the same, and leaves no file behind.
        address, in_memory = address.set(database=":memory:"), True
    if in_memory:
        engine = _sqlite_engine(address, shared=True)
        _migrate(engine)
        return None if read_only else engine, engine, None, "the database in memory"
    lock = None if read_only else own(Path(path))
    try:
        look_at(Path(path))
        if read_only:
            reader = _sqlite_engine(address, read_only=True)
            _refuse_old(reader, path)
            return None, reader, None, path
        writer = _sqlite_engine(address, shared=True)
        _migrate(writer)
    except BaseException:
        if lock is not None:
            lock.release()
        raise
    return writer, _sqlite_engine(address, read_only=True), lock, path


def _open_server(address: "URL", *, read_only: bool) -> Opened:
    from sqlalchemy import create_engine

    engine = create_engine(address, pool_pre_ping=True)
    if not read_only:
        _migrate(engine)
    return None if read_only else engine, engine, None, address.render_as_string(hide_password=True)


def own(path: Path) -> "FileLock":
    """The right to write this file, until it is released.

    Raises:
        StoreError: another process has it, or the folder cannot be written.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(f"{path}.lock", timeout=0.5)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout:
        raise StoreError(f"{path} is in use by another tutor. Close that one, or use its page.") from None
    except OSError as error:
        raise StoreError(f"{path.parent} cannot be written: {error.strerror}. Choose another folder.") from error
    return lock


def look_at(path: Path) -> None:
    """Check a database file before anything is written to it.

    Raises:
        StoreError: it is damaged, of something else, or of a newer version.
    """
    import sqlite3

    if not path.is_file() or path.stat().st_size == 0:
        return
    advice = "Restore a backup (tutor restore), or move the file away."
    connection = sqlite3.connect(path)
    try:
        connection.execute("PRAGMA query_only = ON")
        found = [row[0] for row in connection.execute("PRAGMA quick_check(1)")]
        if found != ["ok"]:
            raise StoreError(f"{path} is damaged: {found[0]}. {advice}")
        tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        version = connection.execute("SELECT max(number) FROM steps").fetchone()[0] if "steps" in tables else 0
    except sqlite3.DatabaseError as error:
        raise StoreError(f"{path} is not a sound database: {error}. {advice}") from error
    finally:
        connection.close()
    if version > LATEST:
        found_step = f"step {version}, this one knows {LATEST}"
        raise StoreError(f"{path} was written by a newer version ({found_step}). Install the newer version.")
    if tables and "steps" not in tables:
        raise StoreError(f"{path} is a database of something else. Choose another file in [store] url.")


def _sqlite_engine(address: "URL", *, shared: bool = False, read_only: bool = False) -> "Engine":
    from sqlalchemy import create_engine, event
    from sqlalchemy.pool import NullPool, StaticPool

    # A reader's connection is closed when its read ends: none is left for the garbage collector to find.
    engine = create_engine(
        address, poolclass=StaticPool if shared else NullPool, connect_args={"check_same_thread": False}
    )

    def prepare(connection: Any, _: object) -> None:  # noqa: ANN401 - a sqlite3 connection
        # The driver must not begin or commit by itself: a step of the schema is one transaction, tables included.
        connection.isolation_level = None
        connection.execute("PRAGMA busy_timeout = 5000")
        connection.execute("PRAGMA foreign_keys = ON")
        if read_only:
            connection.execute("PRAGMA query_only = ON")
        else:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")

    def begin(connection: "Connection") -> None:
        connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")

    event.listen(engine, "connect", prepare)
    event.listen(engine, "begin", begin)
    return engine


def _version(connection: "Connection") -> int:
    from sqlalchemy import inspect, text

    if not inspect(connection).has_table("steps"):
        return 0
    return int(connection.execute(text("SELECT max(number) FROM steps")).scalar() or 0)


def _refuse_old(engine: "Engine", path: str) -> None:
    with engine.begin() as connection:
        version = _version(connection)
    if version < LATEST:
        raise StoreError(f"{path} is from an older version. Start the tutor once (tutor chat) to bring it up to date.")


def _migrate(engine: "Engine") -> None:
    """Run each missing step in a transaction of its own, so that a kill leaves the old schema or the new one.

    A database whose step fails is not used, so its connections are closed.
    """
    from sqlalchemy import text

    try:
        for step in STEPS:
            with engine.begin() as connection:
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
