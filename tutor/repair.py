"""Puts a damaged database together again: the newest sound backup, and every row of the damaged file that still chains.

Says first what it would do. The damaged file is kept beside the new one, and rows that were changed in a third.
"""

import json
import shutil
import sqlite3
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

from tutor.backup import keep_damaged, listed, put_in_place
from tutor.database import look_at, own, read_sqlite
from tutor.errors import NewerStoreError, StoreError
from tutor.history import Kind, Row
from tutor.log import Log, chain
from tutor.salvage import salvage

__all__ = ["Repair", "plan_repair", "repair"]

Raw = Mapping[str, Any]
_TEXTS = ("id", "at", "kind", "card", "ask", "body", "chain")
_SHORTEST = 40  # bytes that no row is shorter than


@dataclass(frozen=True, kw_only=True, slots=True)
class Repair:
    """What can be put together: each learner's rows in order, what the damage changed, and the backup that helps."""

    rows: Mapping[str, Sequence[Raw]]
    changed: Sequence[Raw]
    backup: Path | None
    readable: int

    @property
    def text(self) -> str:
        """What would be done, in plain sentences."""
        total = sum(map(len, self.rows.values()))
        stands = f"the backup {self.backup.name}" if self.backup else "no backup, since none is sound"
        changed = f" {len(self.changed)} rows were changed by the damage and go into a file of their own."
        return (
            f"{total} rows can be put together, from {self.readable} that the damaged file still tells and from "
            f"{stands}.{changed if self.changed else ''} The damaged file is kept beside the new one."
        )


def plan_repair(path: Path) -> Repair | None:
    """What can be saved of the database at `path`; None where nothing is wrong with it.

    Raises:
        NewerStoreError: a newer version wrote it; it is not for this one to judge.
        StoreError: neither it nor any backup can be read.
    """
    if _sound(path):
        return None
    names, rows = _salvaged(path)
    backup = next((copy for copy, _ in listed(path.parent / "backups") if _sound(copy)), None)
    old_names, old_rows = _read(backup) if backup else ({}, [])
    if backup is None and not rows:
        raise StoreError(f"nothing can be read in {path}, and no backup in {path.parent / 'backups'} is sound")
    names = {**names, **old_names}
    everything = {row["seq"]: row for row in (*rows, *old_rows)}
    trusted = {row["seq"] for row in old_rows}
    good: dict[str, list[Raw]] = {}
    changed: list[Raw] = []
    for number in sorted({row["learner"] for row in everything.values()}, key=str):
        mine = [everything[seq] for seq in sorted(everything) if everything[seq]["learner"] == number]
        for row, fits in _judged(mine, trusted, everything):
            (good.setdefault(names.get(number, f"recovered-{number}"), []) if fits else changed).append(row)
    return Repair(rows=good, changed=changed, backup=backup, readable=len(rows))


def repair(path: Path, found: Repair, now: datetime) -> Path:
    """Put what was found in place of the database at `path`; the damaged file, kept.

    Raises:
        StoreError: it cannot be written, or another tutor has it open.
    """
    lock = own(path)
    try:
        with tempfile.TemporaryDirectory(prefix=".repair-", dir=path.parent) as folder:
            part = Path(folder) / path.name
            with Log.open(f"sqlite:///{part}") as log:
                for name, rows in found.rows.items():
                    log.append(log.number(name), *map(_row, rows))
                if faults := log.check():
                    raise StoreError(f"what was put together is not sound: {faults[0]}")
            look_at(part)
            kept = keep_damaged(path, now)
            if found.changed:
                lines = (json.dumps(row, ensure_ascii=False, default=repr) + "\n" for row in found.changed)
                kept.with_suffix(".jsonl").write_text("".join(lines), encoding="utf-8", errors="backslashreplace")
            put_in_place(part, path)
        return kept
    except OSError as error:
        raise StoreError(f"{path} could not be replaced: {error}") from error
    finally:
        lock.release()


def _sound(path: Path) -> bool:
    try:
        look_at(path)
        with closing(read_sqlite(path)) as raw:
            whole = [row[0] for row in raw.execute("PRAGMA integrity_check(1)")] == ["ok"]
        if whole and path.is_file():
            with Log.open(f"sqlite:///{path}", read_only=True) as log:
                whole = not log.check()
        return whole
    except NewerStoreError:
        raise
    except (StoreError, sqlite3.Error, ValueError):
        return False


def _judged(mine: Sequence[Raw], trusted: Collection[int], all_rows: Collection[int]) -> Iterator[tuple[Raw, bool]]:
    """A learner's rows in order, each with whether it is as it was written, as far as hashes and neighbours tell."""
    before, place = "", 0
    for row, following in zip(mine, [*mine[1:], None], strict=True):
        said = chain(before, row)
        lost = any(seq not in all_rows for seq in range(place + 1, min(row["seq"], place + 10_000)))
        # Where only a hash was damaged, the row after it still follows from what the hash should be.
        own_hash = following is not None and following["chain"] == chain(said, following)
        # Where rows before it are lost, nothing speaks against a row that can be read.
        fits = row["seq"] in trusted or row["chain"] == said or own_hash or lost
        yield row, fits and _loads(row)
        before, place = (said if own_hash and row["seq"] not in trusted else row["chain"]), row["seq"]


def _loads(row: Raw) -> bool:
    try:
        return _row(row).kind in get_args(Kind)
    except (ValueError, TypeError):
        return False


def _row(raw: Raw) -> Row:
    body, at = json.loads(raw["body"]), datetime.fromisoformat(raw["at"])
    if not isinstance(body, dict) or at.tzinfo is None:
        raise ValueError("not a row of the log")
    return Row(id=raw["id"], at=at.astimezone(UTC), kind=raw["kind"], card=raw["card"], ask=raw["ask"], body=body)


def _salvaged(path: Path) -> tuple[dict[int, str], list[Raw]]:
    """What can be read of a damaged file, from a copy: by SQLite, then page by page what it cannot reach."""
    if not path.is_file():
        return {}, []
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy.db"
        for ending in ("", "-wal"):
            if (there := path.with_name(path.name + ending)).exists():
                shutil.copyfile(there, copy.with_name(copy.name + ending))
        names, rows = salvage(copy)
        highest = max(copy.stat().st_size // _SHORTEST, 1)
        found = {row["seq"]: row for row in rows if _plain(row) and 0 < row["seq"] <= highest}
        told, read = _read(copy)
    return {**names, **told}, list({**found, **{row["seq"]: row for row in read}}.values())


def _read(path: Path) -> tuple[dict[int, str], list[Raw]]:
    names: dict[int, str] = {}
    rows: list[Raw] = []
    with suppress(sqlite3.Error), closing(sqlite3.connect(path)) as raw:
        raw.text_factory = lambda data: data.decode("utf-8", "surrogateescape")
        raw.row_factory = sqlite3.Row
        raw.execute("PRAGMA writable_schema = ON")  # read on, whatever the schema says of tables that are not asked for
        with suppress(sqlite3.Error):
            names = {row["id"]: row["name"] for row in raw.execute("SELECT id, name FROM learners NOT INDEXED")}
        highest = max(path.stat().st_size // _SHORTEST, 1)
        with suppress(sqlite3.Error):
            highest = max(highest, raw.execute("SELECT max(seq) FROM log NOT INDEXED").fetchone()[0] or 0)
        rows = [row for row in _between(raw, 1, highest) if _plain(row)]
    return names, rows


def _between(raw: sqlite3.Connection, low: int, high: int) -> Iterator[Raw]:
    """The rows with these numbers; where a page between them is broken, those before and after it."""
    try:
        query = "SELECT * FROM log NOT INDEXED WHERE seq BETWEEN ? AND ? ORDER BY seq"
        yield from [dict(row) for row in raw.execute(query, (low, high))]
    except sqlite3.Error:
        if low < high:
            middle = (low + high) // 2
            yield from _between(raw, low, middle)
            yield from _between(raw, middle + 1, high)


def _plain(row: Raw) -> bool:
    return all(isinstance(row[name], str) for name in _TEXTS) and isinstance(row["learner"], int)
