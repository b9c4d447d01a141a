"""Folders that are written once, sealed with the size and CRC of every file, and checked before anything opens them.

Knows nothing of what the files mean, but that Chroma notes each opening in its SQLite file.
"""

import json
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from threading import get_ident
from typing import Any
from zlib import crc32

__all__ = ["names", "point", "read_json", "seal", "sealed", "sweep", "unseal", "write_json"]

_PAGE = 4096
_NOTED_WITHIN = 64  # the pages that change at every opening are among the first of the file
_POINTER = "current.json"
_MANIFEST = "manifest.json"


def write_json(path: Path, value: object) -> None:
    """Writes a file in one step: whoever reads it sees the old one or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}-{get_ident()}.part")
    with part.open("w", encoding="utf-8") as file:
        json.dump(value, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, path)


def read_json(path: Path) -> dict[str, Any]:
    """The object in a file; empty where there is none, or another thing."""
    try:
        value = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def names(folder: Path) -> list[str]:
    """The names of the indexes that the pointer of `folder` says are good, the newest first."""
    found = read_json(folder / _POINTER).get("names", [])
    return [one for one in found if isinstance(one, str)] if isinstance(found, list) else []


def point(folder: Path, name: str, keep: int) -> None:
    """Switches `name` in as the newest of `keep`."""
    write_json(folder / _POINTER, {"names": [name, *(one for one in names(folder) if one != name)][:keep]})


def seal(home: Path, content: Path, facts: dict[str, Any]) -> None:
    """Writes the manifest of `home`: `facts`, and every file below `content` as it is now."""
    write_json(home / _MANIFEST, {**facts, "files": _fingerprints(content)})


def sealed(home: Path, content: Path, name: str) -> bool:
    """Whether every file is byte for byte as it was when `home` was sealed, and no process died while opening it."""
    try:
        if any(_died_opening(mark) for mark in home.glob("open-*")):
            return False
        manifest = read_json(home / _MANIFEST)
        return manifest.get("name") == name and manifest.get("files") == _fingerprints(content)
    except OSError:
        return False  # unreadable, or replaced by another process while it was looked at


def unseal(home: Path) -> None:
    """Takes the manifest away: nothing opens `home` any more."""
    (home / _MANIFEST).unlink(missing_ok=True)


def sweep(folder: Path, keep: int) -> None:
    """Removes indexes that the pointer does not name and no living process has open, and what killed builds left."""
    good = {f"index-{name}" for name in names(folder)[:keep]}
    for home in folder.glob("index-*"):
        if home.name not in good and not any(_alive(mark) for mark in home.glob("open-*")):
            shutil.rmtree(home, ignore_errors=True)
    for left in folder.glob("building-*"):
        shutil.rmtree(left, ignore_errors=True)


def _died_opening(mark: Path) -> bool:
    try:
        return mark.read_text() == "opening" and not _alive(mark)
    except OSError:
        return False


def _alive(mark: Path) -> bool:
    try:
        os.kill(int(mark.name.split("-")[1]), 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:
        return True
    return True


def _fingerprints(content: Path) -> dict[str, list[int]]:
    found = {}
    for path in sorted(content.rglob("*")):
        if path.is_file() and not path.name.endswith(("-journal", "-wal", "-shm")):
            found[path.relative_to(content).as_posix()] = [path.stat().st_size, _crc(path)]
    return found


def _crc(path: Path) -> int:
    noted = _noted_pages(path) if path.suffix == ".sqlite3" else frozenset()
    total, place = 0, 0
    with path.open("rb") as file:
        while part := file.read(_PAGE if noted and place < _NOTED_WITHIN else 1 << 20):
            if place in noted:
                part = b"" if place else part[:24] + part[28:92] + part[100:]
            total = crc32(part, total)
            place += 1
    return total


def _noted_pages(path: Path) -> frozenset[int]:
    """Pages, counted from 0, that Chroma changes when it opens: the first (two counters), those of one small table."""
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as base:
            rows = base.execute("SELECT rootpage FROM sqlite_master WHERE name = 'acquire_write'").fetchall()
    except sqlite3.Error:
        return frozenset()
    return frozenset({0, *(row[0] - 1 for row in rows)})
