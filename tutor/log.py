"""Every learner's append-only log: rows that are chained, written once, and on disk when a write returns.

Knows rows, not what they mean: that is in `tutor.history`, and `tutor.learner` reads and writes them by name. The
database behind it is opened in `tutor.database`.
"""

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from hashlib import sha256
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from tutor.backup import save_before_step
from tutor.database import Opened, open_database, reason
from tutor.errors import NotFoundError, StoreError
from tutor.history import Kind, Row
from tutor.migrations.m002_kept import GUARD, UNGUARD

if TYPE_CHECKING:
    from sqlalchemy import Connection

_INSERT = (
    "INSERT INTO log (learner, id, at, kind, card, ask, body, chain) "
    "VALUES (:learner, :id, :at, :kind, :card, :ask, :body, :chain)"
)
_NEW_LEARNER = "INSERT INTO learners (name, made, again) VALUES (:name, :made, :name) ON CONFLICT (name) DO NOTHING"
_CHAINED = ("id", "at", "kind", "card", "ask", "body")
_COLUMNS = "SELECT seq, id, at, kind, card, ask, body, chain FROM log WHERE learner = :learner"


class Log:
    """An open database of logs. One process writes at a time, through one connection; others may read beside it."""

    def __init__(self, opened: Opened) -> None:
        self._writer = opened.writer
        self._reader = opened.reader
        self._file_lock = opened.lock
        self._lock = threading.RLock()
        self._writes: Counter[int] = Counter()
        self.place = opened.place
        self.after_write: Callable[[], object] | None = None

    @classmethod
    def open(cls, url: str, *, read_only: bool = False) -> Self:
        """Open the database at `url` (any SQLAlchemy address), making or upgrading it where needed.

        Raises:
            StoreError: it cannot be opened, is damaged, was written by a newer version, or another process writes it.
        """
        return cls(open_database(url, read_only=read_only, save=save_before_step))

    def number(self, name: str) -> int:
        """The number of the learner of this name, made where there is none yet; 0 where nothing may be written."""
        with self.reading() as connection:
            number = _find_learner(connection, name)
        if number is not None:
            return number
        return 0 if self._writer is None else self._make_learner(name)

    def _make_learner(self, name: str) -> int:
        from sqlalchemy import text

        values = {"name": name, "made": datetime.now(UTC).isoformat()}
        with self.writing() as connection:
            connection.execute(text(_NEW_LEARNER), values)
            number = _find_learner(connection, name)
        assert number is not None
        return number

    def learners(self) -> tuple[str, ...]:
        """The names of all learners, in the order they came."""
        from sqlalchemy import text

        with self.reading() as connection:
            return tuple(row[0] for row in connection.execute(text("SELECT name FROM learners ORDER BY id")))

    def append(self, learner: int, *rows: Row) -> bool:
        """Put rows at the end of a learner's log, all or none; False where every one was there already, by its id."""
        with self.writing() as connection:
            if connection.dialect.name == "postgresql":
                _wait_for(connection, learner)
            # A list, since each row must be written, whatever came of the one before.
            new = any([_put(connection, learner, row) for row in rows])
        if new:
            with self._lock:  # once it is on disk: who sees the new count finds the new rows
                self._writes[learner] += 1
            if self.after_write is not None:
                self.after_write()
        return new

    def writes(self, learner: int) -> int | None:
        """How often a learner's log has grown while this was open; None where another process may write it too."""
        return self._writes[learner] if self._file_lock is not None else None

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
        """What is wrong with the data, in plain sentences: rows that were changed, names that no row belongs to.

        Empty is good.
        """
        return (*self._check_names(), *(fault for name in self.learners() for fault in self._check(name)))

    def _check_names(self) -> Iterator[str]:
        from sqlalchemy import inspect, text

        with self.reading() as connection:
            twice = any(column["name"] == "again" for column in inspect(connection).get_columns("learners"))
            for name, again in connection.execute(text("SELECT name, again FROM learners")) if twice else ():
                if name != again:
                    yield f"{name}: this name of a learner was changed; it was {again}."
            nobody = "SELECT count(*) FROM log WHERE learner NOT IN (SELECT id FROM learners)"
            if lost := connection.execute(text(nobody)).scalar():
                yield f"{lost} rows belong to no learner."

    def _check(self, name: str) -> Iterator[str]:
        for row, good in self.chained(name):
            if not good:
                yield f"{name}: row {row['seq']} or one before it was changed after it was written."
                return

    def chained(self, name: str) -> Iterator[tuple[Mapping[str, Any], bool]]:
        """A learner's rows as they lie in the database, each with whether its hash follows from the row before."""
        from sqlalchemy import text

        before = ""
        with self.reading() as connection:
            key = {"learner": _find_learner(connection, name)}
            for found in connection.execute(text(f"{_COLUMNS} ORDER BY seq"), key).mappings():
                row = {column: found[column] for column in ("seq", *_CHAINED, "chain")}
                yield row, chain(before, row) == row["chain"]
                before = row["chain"]

    def erase(self, name: str) -> int:
        """Delete a learner and every row of hers, so that their bytes are gone too; gives how many rows there were.

        Raises:
            NotFoundError: there is no such learner.
            StoreError: the database could not be written, and she is still there.
        """
        from sqlalchemy import text

        with self.writing() as connection:
            kind, number = connection.dialect.name, _find_learner(connection, name)
            if number is None:
                raise NotFoundError(f"there is no learner {name!r}; there are: {', '.join(self.learners()) or 'none'}")
            if kind == "sqlite":
                connection.execute(text("PRAGMA secure_delete = ON"))
            for statement in UNGUARD[kind]:
                connection.execute(text(statement))
            gone = connection.execute(text("DELETE FROM log WHERE learner = :number"), {"number": number}).rowcount
            connection.execute(text("DELETE FROM learners WHERE id = :number"), {"number": number})
            for statement in GUARD[kind]:
                connection.execute(text(statement))
        self._rewrite()
        return gone

    def _rewrite(self) -> None:
        """Write the file anew from what is still in it: deleted rows lie in no free page and in no log of changes."""
        assert self._writer is not None
        with self._lock, self._writer.connect() as connection:
            raw = connection.execution_options(isolation_level="AUTOCOMMIT").connection.driver_connection
            assert raw is not None
            if connection.dialect.name == "sqlite":
                raw.execute("VACUUM")
                raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            else:
                raw.execute("VACUUM FULL log")
                raw.execute("VACUUM FULL learners")

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
                raise StoreError(f"{self.place} could not be written: {reason(error)}. Nothing was saved.") from error

    def check_writable(self) -> None:
        """Try to write, and take it back; raises StoreError where the database cannot be written."""
        from sqlalchemy import text
        from sqlalchemy.exc import SQLAlchemyError

        if self._writer is None:
            raise StoreError(f"{self.place} was opened for reading only")
        try:
            with self._lock, self._writer.connect() as connection:
                connection.execute(text("UPDATE learners SET made = made WHERE id < 0"))
                connection.rollback()
        except SQLAlchemyError as error:
            raise StoreError(f"{self.place} could not be written: {reason(error)}.") from error

    @contextmanager
    def reading(self) -> "Iterator[Connection]":
        """A connection to read from.

        Raises:
            StoreError: the read failed.
        """
        from sqlalchemy.exc import SQLAlchemyError

        try:
            with self._lock if self._reader is self._writer else nullcontext(), self._reader.begin() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise StoreError(f"{self.place} could not be read: {reason(error)}") from error

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


def chain(before: str, row: Mapping[str, Any]) -> str:
    """The hash of a row, given that of the row before it; empty for a learner's first."""
    plain = json.dumps([row[column] for column in _CHAINED], ensure_ascii=False)
    return sha256(f"{before}\n{plain}".encode(errors="surrogatepass")).hexdigest()


def _wait_for(connection: "Connection", learner: int) -> None:
    """Where several processes write, the learner's row is the gate: who holds it knows the end of her chain."""
    from sqlalchemy import text

    key = {"learner": learner}
    if connection.execute(text("SELECT id FROM learners WHERE id = :learner FOR UPDATE"), key).first() is None:
        raise StoreError("This learner was erased. Nothing was saved.")


def _put(connection: "Connection", learner: int, row: Row) -> bool:
    from sqlalchemy import text

    key = {"learner": learner, "id": row.id}
    if connection.execute(text("SELECT 1 FROM log WHERE learner = :learner AND id = :id"), key).first():
        return False
    body = json.dumps(row.body, ensure_ascii=False, sort_keys=True)
    plain = {"id": row.id, "at": _stamp(row.at), "kind": row.kind, "card": row.card, "ask": row.ask, "body": body}
    last = text("SELECT chain FROM log WHERE learner = :learner ORDER BY seq DESC LIMIT 1")
    before = connection.execute(last, key).scalar() or ""
    connection.execute(text(_INSERT), {"learner": learner, "chain": chain(before, plain), **plain})
    return True


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
