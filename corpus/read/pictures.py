"""The pictures of a deck: `[image: name]` in a card -> its bytes, out of the package or from beside the deck file.

Reads one file at a time, never outside of the deck's own folder or package, and fetches nothing.
"""

import json
from pathlib import Path
from typing import BinaryIO

from corpus.errors import DeckError
from corpus.read import wire
from corpus.read.archive import MAX_MEDIA_MAP, MAX_PICTURE, Package
from corpus.read.source import opened

_KINDS = ((b"\x89PNG\r\n\x1a\n", "image/png"), (b"\xff\xd8\xff", "image/jpeg"), (b"GIF8", "image/gif"))


def picture(deck: str | Path, name: str) -> tuple[str, bytes] | None:
    """The media type and the bytes of a deck's picture; None if there is no such PNG, JPEG, GIF or WebP.

    Raises:
        DeckError: the deck file cannot be read, or its package is damaged.
    """
    path = Path(deck)
    if not name or name != Path(name).name or "\\" in name or "\0" in name:
        return None
    with opened(path) as file:
        head = file.read(2)
        file.seek(0)
        data = _packed(path, file, name) if head == b"PK" else _beside(path, name)
    kind = _kind(data)
    return (kind, data) if kind else None


def _kind(data: bytes) -> str:
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for start, kind in _KINDS if data.startswith(start)), "")


def _beside(path: Path, name: str) -> bytes:
    file = path.parent / name
    if file.is_symlink() or not file.is_file() or file.stat().st_size > MAX_PICTURE:
        return b""
    return file.read_bytes()


def _packed(path: Path, file: BinaryIO, name: str) -> bytes:
    package = Package(path, file)
    if "media" not in package.names:
        return b""
    raw = package.read("media", MAX_MEDIA_MAP)
    modern = raw.startswith(b"\x28\xb5\x2f\xfd")
    try:
        names = _modern_names(package.unzstd(raw, MAX_MEDIA_MAP)) if modern else _classic_names(raw)
    except (ValueError, AttributeError, RecursionError) as error:
        raise DeckError(f"{path}: its list of pictures is damaged ({error}). Export the deck again.") from error
    entry = names.get(name, "")
    if entry not in package.names:
        return b""
    data = package.read(entry, MAX_PICTURE)
    return package.unzstd(data, MAX_PICTURE) if modern else data


def _classic_names(raw: bytes) -> dict[str, str]:
    """Old packages: a JSON mapping of entry names to file names."""
    return {str(name): str(entry) for entry, name in json.loads(raw).items()}


def _modern_names(raw: bytes) -> dict[str, str]:
    """New packages: a message with the file names in the order of the entries."""
    entries = [value for number, value in wire.fields(raw) if number == 1 and isinstance(value, bytes)]
    return {wire.text(entry, 1): str(place) for place, entry in enumerate(entries)}
