"""Vectors kept in SQLite by the hash of their text and what made them, so that a text is embedded once.

Embeds nothing and searches nothing. A damaged row counts as missing, a damaged file is begun anew: it is a cache.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from threading import RLock
from typing import Any
from zlib import crc32

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

__all__ = ["VectorCache", "cosines", "largest", "text_hash"]

Floats = NDArray[np.float32]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS vectors (
    embedder TEXT NOT NULL, hash BLOB NOT NULL, vector BLOB NOT NULL, states BLOB NOT NULL, crc INTEGER NOT NULL,
    PRIMARY KEY (embedder, hash)
)
"""
_AT_ONCE = 500
_ROWS = 10_000
_PATIENCE = 30  # seconds that another process is waited for


def text_hash(text: str) -> bytes:
    """16 bytes that name a text."""
    return sha256(text.encode(errors="replace")).digest()[:16]


def cosines(rows: Floats, vector: Floats) -> Floats:
    """The likeness of each row to a vector, all of unit length.

    OpenBLAS wakes threads for such a product, which then spin for some 30 ms on the cores that the embedder and Chroma
    need: worth it for many rows only.
    """
    similar: Floats = rows @ vector if len(rows) > _ROWS else np.einsum("ij,j->i", rows, vector)
    return similar


def largest(scores: Floats, count: int) -> NDArray[np.int64]:
    """The places of the largest scores, largest first, the earlier of two equal ones first."""
    count = min(count, len(scores))
    best = np.sort(np.argpartition(-scores, count - 1)[:count]) if count > 0 else np.zeros(0, dtype=np.int64)
    return best[np.argsort(-scores[best], kind="stable")]


class VectorCache:
    """The vectors of one embedder in a file that may hold those of several. May be used from several threads."""

    def __init__(self, path: Path, embedder: str) -> None:
        self.path = path
        self.embedder = embedder
        self._lock = RLock()
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = 0
        self._base = self._open()

    def _open(self, damaged: int = 0) -> sqlite3.Connection:
        """Opens the file, begun anew where it is found damaged or still is the one whose number is `damaged`.

        One at a time: SQLite does not wait for another that switches a new file to its journal.
        """
        with FileLock(self.path.with_name(f"{self.path.name}.lock"), timeout=_PATIENCE):
            if damaged and self.path.exists() and self.path.stat().st_ino == damaged:
                self._remove()
            try:
                base = self._connect()
            except sqlite3.OperationalError:
                raise  # busy or full, not damaged
            except sqlite3.DatabaseError:
                self._remove()
                base = self._connect()
            self._file = self.path.stat().st_ino
            return base

    def _remove(self) -> None:
        for suffix in ("", "-wal", "-shm"):
            self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)

    def _connect(self) -> sqlite3.Connection:
        base = sqlite3.connect(self.path, timeout=_PATIENCE, check_same_thread=False, isolation_level=None)
        try:
            base.execute("PRAGMA journal_mode=WAL")
            base.execute("PRAGMA synchronous=NORMAL")
            base.execute(_SCHEMA)
            base.execute("SELECT count(*) FROM (SELECT 1 FROM vectors LIMIT 1)").fetchone()
        except sqlite3.DatabaseError:
            base.close()
            raise
        return base

    def close(self) -> None:
        """Closes the file; what was put is on disk already."""
        with self._lock:
            self._base.close()

    def missing(self, hashes: Sequence[bytes]) -> set[bytes]:
        """Which of these have no vector yet."""
        wanted = set(hashes)
        with self._lock:
            if len(wanted) > 4 * _AT_ONCE:
                rows = self._rows("SELECT hash FROM vectors WHERE embedder = ?", (self.embedder,))
                return wanted.difference(row[0] for row in rows)
            return wanted.difference(row[0] for row in self._select("hash", list(wanted)))

    def put(self, hashes: Sequence[bytes], vectors: Floats, states: Sequence[bytes]) -> None:
        """Keeps vectors, all or none of them, on disk when it returns."""
        rows = []
        for name, vector, packed in zip(hashes, vectors, states, strict=True):
            raw = np.ascontiguousarray(vector, dtype=np.float32).tobytes()
            rows.append((self.embedder, name, raw, packed, crc32(packed, crc32(raw))))
        with self._lock:
            self._base.execute("BEGIN IMMEDIATE")
            try:
                self._base.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?, ?, ?, ?)", rows)
                self._base.execute("COMMIT")
            except sqlite3.Error:
                self._base.execute("ROLLBACK")
                raise

    def fetch(self, hashes: Sequence[bytes]) -> dict[bytes, tuple[Floats, bytes]]:
        """The vectors, and packed states where the embedder gives them, that are there and undamaged."""
        with self._lock:
            rows = list(self._select("hash, vector, states, crc", list(dict.fromkeys(hashes))))
        return {
            name: (np.frombuffer(raw, dtype=np.float32), packed)
            for name, raw, packed, crc in rows
            if crc32(packed, crc32(raw)) == crc
        }

    def matrix(self, hashes: Sequence[bytes], dimensions: int) -> tuple[Floats, list[bytes]]:
        """The vectors as rows in the order of `hashes`, and the hashes that have none or a damaged one (zero rows)."""
        places: dict[bytes, list[int]] = {}
        for place, name in enumerate(hashes):
            places.setdefault(name, []).append(place)
        found = np.zeros((len(hashes), dimensions), dtype=np.float32)
        names = list(places)
        for start in range(0, len(names), _AT_ONCE):
            for name, (vector, _) in self.fetch(names[start : start + _AT_ONCE]).items():
                if len(vector) == dimensions:
                    found[places.pop(name)] = vector
        return found, list(places)

    def forget_others(self, hashes: Sequence[bytes], spare: int = 20_000) -> None:
        """Drops the vectors of texts that are gone, once they outnumber those in use by `spare`."""
        with self._lock:
            [count] = self._base.execute("SELECT count(*) FROM vectors").fetchone()
            if count <= 2 * len(hashes) + spare:
                return
            keep = set(hashes)
            rows = self._base.execute("SELECT rowid, embedder, hash FROM vectors").fetchall()
            gone = [(row,) for row, embedder, name in rows if embedder != self.embedder or name not in keep]
            self._base.execute("BEGIN IMMEDIATE")
            self._base.executemany("DELETE FROM vectors WHERE rowid = ?", gone)
            self._base.execute("COMMIT")

    def _select(self, columns: str, hashes: Sequence[bytes]) -> Iterator[tuple[Any, ...]]:
        for start in range(0, len(hashes), _AT_ONCE):
            part = hashes[start : start + _AT_ONCE]
            marks = ",".join("?" * len(part))
            query = f"SELECT {columns} FROM vectors WHERE embedder = ? AND hash IN ({marks})"
            yield from self._rows(query, (self.embedder, *part))

    def _rows(self, query: str, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        """The rows; none, and the file begun anew, where it is damaged."""
        try:
            return self._base.execute(query, values).fetchall()
        except sqlite3.OperationalError:
            raise  # locked or full, not damaged
        except sqlite3.DatabaseError:
            self._base.close()
            self._base = self._open(damaged=self._file)
            return []
