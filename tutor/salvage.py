"""Rows out of a damaged SQLite file, page by page: what SQLite cannot reach because the tree above a page is broken.

Reads bytes as https://www.sqlite.org/fileformat2.html lays them out, and only leaves of tables. Trusts nothing: whoever
calls judges the rows, by their hashes.
"""

import struct
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

__all__ = ["salvage"]

Value = int | str | bytes | float | None
Page = Callable[[int], bytes]

_LEAF, _SIZE = 0x0D, 4096
_LOG = ("seq", "learner", "id", "at", "kind", "card", "ask", "body", "chain")
_WIDTHS = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}
_FRAME = struct.Struct(">IIIIII")


def salvage(path: Path) -> tuple[dict[int, str], list[dict[str, Any]]]:
    """The learners by number and the rows of the log that lie in any leaf of the file at `path` or of its `-wal`."""
    names: dict[int, str] = {}
    rows: dict[int, dict[str, Any]] = {}
    for page, number, total in _pages(path):
        for id, values in _cells(page, number, total):
            if len(values) == len(_LOG):
                rows.setdefault(id, dict(zip(_LOG, (id, *values[1:]), strict=True)))
            elif len(values) == 4 and isinstance(values[1], str) and values[1] == values[3]:
                names[id] = values[1]
    return names, [rows[seq] for seq in sorted(rows)]


def _pages(path: Path) -> Iterator[tuple[Page, int, int]]:
    """How to get at a page, the number of one of them, and how many there are: of the file, then of its changes."""
    data = path.read_bytes()
    total = len(data) // _SIZE
    for number in range(1, total + 1):
        yield (lambda at: data[(at - 1) * _SIZE : at * _SIZE]), number, total
    wal = path.with_name(f"{path.name}-wal")
    changed: dict[int, bytes] = {}
    late = wal.read_bytes() if wal.exists() else b""
    for at in range(32, len(late) - _FRAME.size - _SIZE + 1, _FRAME.size + _SIZE):
        number = _FRAME.unpack_from(late, at)[0]
        changed[number] = late[at + _FRAME.size : at + _FRAME.size + _SIZE]
        yield (lambda at: changed.get(at) or data[(at - 1) * _SIZE : at * _SIZE]), number, total + len(changed)


def _cells(page: Page, number: int, total: int) -> Iterator[tuple[int, Sequence[Value]]]:
    """The rows of one leaf with their numbers; one that cannot be read is left out."""
    leaf, head = page(number), 100 if number == 1 else 0
    if len(leaf) < _SIZE or leaf[head] != _LEAF:
        return
    for at in range(head + 8, min(head + 8 + 2 * int.from_bytes(leaf[head + 3 : head + 5]), _SIZE), 2):
        with suppress(IndexError, ValueError, struct.error):
            size, place = _varint(leaf, int.from_bytes(leaf[at : at + 2]))
            row, place = _varint(leaf, place)
            yield row, _values(_payload(page, leaf, place, size, total))


def _payload(page: Page, leaf: bytes, place: int, size: int, total: int) -> bytes:
    """The bytes of a row: what lies in its leaf, then what lies in pages of its own."""
    most, least = _SIZE - 35, (_SIZE - 12) * 32 // 255 - 23
    if size <= most:
        return leaf[place : place + size]
    local = least + (size - least) % (_SIZE - 4)
    local = local if local <= most else least
    found, following = [leaf[place : place + local]], int.from_bytes(leaf[place + local : place + local + 4])
    for _ in range(min(total, size // (_SIZE - 4) + 1)):
        if not following:
            break
        more = page(following)
        following = int.from_bytes(more[:4])
        found.append(more[4:])
    return b"".join(found)[:size]


def _values(record: bytes) -> list[Value]:
    """The columns of a record; raises ValueError or IndexError for what is none."""
    end, at = _varint(record, 0)
    kinds = []
    while at < end:
        kind, at = _varint(record, at)
        kinds.append(kind)
    found: list[Value] = []
    for kind in kinds:
        width = (kind - 12) // 2 if kind >= 12 else _WIDTHS.get(kind, 8 if kind == 7 else 0)
        piece = record[at : at + width]
        if len(piece) < width:
            raise ValueError("cut short")
        at += width
        found.append(_value(kind, piece))
    return found


def _value(kind: int, piece: bytes) -> Value:
    if kind >= 12:
        return piece.decode("utf-8", "surrogateescape") if kind % 2 else piece
    if kind == 7:
        return float(struct.unpack(">d", piece)[0])
    return {0: None, 8: 0, 9: 1}.get(kind, int.from_bytes(piece, signed=True))


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """A number of one to nine bytes, and the place after it."""
    value = 0
    for place in range(at, at + 8):
        value = value << 7 | data[place] & 0x7F
        if data[place] < 0x80:
            return value, place + 1
    return value << 8 | data[at + 8], at + 9
