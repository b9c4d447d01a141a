"""Replies of a model kept on disk by what was asked: the same question on the same cards costs nothing again.

Holds explanations only, never a grade. The file may be deleted at any time, and a damaged one is made anew.
"""

import sqlite3
import threading
from collections.abc import Iterator, MutableMapping
from pathlib import Path

__all__ = ["KeptReplies"]

_MOST = 10_000


class KeptReplies(MutableMapping[str, str]):
    """A mapping in one SQLite file, for several threads and processes; the oldest replies go when it is full."""

    def __init__(self, path: Path, *, most: int = _MOST) -> None:
        self._most = most
        self._lock = threading.Lock()
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._file = self._opened(path)
        except sqlite3.DatabaseError:
            path.unlink(missing_ok=True)
            self._file = self._opened(path)

    @staticmethod
    def _opened(path: Path) -> sqlite3.Connection:
        file = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=5)
        try:
            file.execute("PRAGMA journal_mode = WAL")
            file.execute("CREATE TABLE IF NOT EXISTS reply (key TEXT PRIMARY KEY, text TEXT NOT NULL)")
        except sqlite3.Error:
            file.close()
            raise
        return file

    def __getitem__(self, key: str) -> str:
        with self._lock:
            row = self._file.execute("SELECT text FROM reply WHERE key = ?", (key,)).fetchone()
        if row is None:
            raise KeyError(key)
        return str(row[0])

    def __setitem__(self, key: str, text: str) -> None:
        with self._lock:
            self._file.execute("INSERT OR REPLACE INTO reply VALUES (?, ?)", (key, text))
            self._file.execute(
                "DELETE FROM reply WHERE rowid <= (SELECT rowid FROM reply ORDER BY rowid DESC LIMIT 1 OFFSET ?)",
                (self._most,),
            )

    def __delitem__(self, key: str) -> None:
        with self._lock:
            if self._file.execute("DELETE FROM reply WHERE key = ?", (key,)).rowcount == 0:
                raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        with self._lock:
            rows = self._file.execute("SELECT key FROM reply ORDER BY rowid").fetchall()
        return iter([str(row[0]) for row in rows])

    def __len__(self) -> int:
        with self._lock:
            return int(self._file.execute("SELECT count(*) FROM reply").fetchone()[0])

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._file.close()
