"""The pictures of a deck: `[image: name]` in a card -> its bytes, kept beside the deck, in its package, or beside it.

Reads one file at a time, never outside of the deck's own folder or package, and fetches nothing. Only PNG, JPEG, GIF
and WebP are pictures, told by their content.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from urllib.parse import unquote

from corpus.card import Card
from corpus.errors import DeckError
from corpus.read import wire
from corpus.read.archive import MAX_MEDIA_MAP, MAX_PICTURE, Package
from corpus.read.source import opened

__all__ = ["ENDING", "MARK", "keep", "named", "picture"]

MARK = re.compile(r"\[image: ([^\[\]\n]{1,200})\]")
_KINDS = ((b"\x89PNG\r\n\x1a\n", "image/png"), (b"\xff\xd8\xff", "image/jpeg"), (b"GIF8", "image/gif"))
ENDING = ".pictures"
_MOST, _MOST_BYTES = 5_000, 512 * 2**20


def named(cards: Iterable[Card]) -> tuple[str, ...]:
    """The names of all pictures that cards show, each once."""
    return tuple(dict.fromkeys(name for card in cards for name in MARK.findall(card.text)))


def picture(deck: str | Path, name: str) -> tuple[str, bytes] | None:
    """The media type and the bytes of a deck's picture; None if there is no such PNG, JPEG, GIF or WebP.

    Raises:
        DeckError: the deck file cannot be read, or its package is damaged.
    """
    kept = _beside(Path(f"{deck}{ENDING}"), _safe(name))
    kind = _kind(kept)
    if kind:
        return kind, kept
    with _found(Path(deck)) as find:
        data = find(name) or find(unquote(name))
    kind = _kind(data)
    return (kind, data) if kind else None


def keep(source: Path, names: Iterable[str], deck: Path) -> int:
    """Copy the pictures that lie beside the deck file `source` beside its copy `deck`; how many there are.

    They are called by the hashes of their names, so that none can lead elsewhere. The first 5,000 pictures and 512 MB
    are kept. A package holds its own pictures, so none are copied.

    Raises:
        DeckError: the deck file cannot be read, or its package is damaged.
    """
    folder = Path(f"{deck}{ENDING}")
    count = size = 0
    with opened(source) as file:
        packed = file.read(2) == b"PK"
    for name in () if packed else list(names)[:_MOST]:
        data = _beside(source.parent, name) or _beside(source.parent, unquote(name))
        size += len(data)
        if not _kind(data) or size > _MOST_BYTES:
            continue
        folder.mkdir(exist_ok=True)
        part = folder / f".{_safe(name)}.part"
        part.write_bytes(data)
        part.replace(folder / _safe(name))
        count += 1
    return count


def _safe(name: str) -> str:
    return sha256(name.encode("utf-8", "replace")).hexdigest()[:32]


def _kind(data: bytes) -> str:
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for start, kind in _KINDS if data.startswith(start)), "")


@contextmanager
def _found(path: Path) -> Iterator[Callable[[str], bytes]]:
    """Where the pictures of a deck file are looked up by name; what is not there is empty."""
    with opened(path) as file:
        head = file.read(2)
        file.seek(0)
        if head == b"PK":
            package = Package(path, file)
            yield _packed(path, package)
        else:
            yield lambda name: _beside(path.parent, name)


def _beside(folder: Path, name: str) -> bytes:
    if not name or name != Path(name).name or "\\" in name or "\0" in name:
        return b""
    file = folder / name
    try:
        if file.is_symlink() or not file.is_file() or file.stat().st_size > MAX_PICTURE:
            return b""
        return file.read_bytes()
    except OSError:  # a name too long for this system, or a file that may not be read
        return b""


def _packed(path: Path, package: Package) -> Callable[[str], bytes]:
    if "media" not in package.names:
        return lambda _: b""
    raw = package.read("media", MAX_MEDIA_MAP)
    modern = raw.startswith(b"\x28\xb5\x2f\xfd")
    try:
        names = _modern_names(package.unzstd(raw, MAX_MEDIA_MAP)) if modern else _classic_names(raw)
    except (ValueError, AttributeError, RecursionError) as error:
        raise DeckError(f"{path}: its list of pictures is damaged ({error}). Export the deck again.") from error

    def find(name: str) -> bytes:
        entry = names.get(name, "")
        if entry not in package.names:
            return b""
        data = package.read(entry, MAX_PICTURE)
        return package.unzstd(data, MAX_PICTURE) if modern else data

    return find


def _classic_names(raw: bytes) -> dict[str, str]:
    """Old packages: a JSON mapping of entry names to file names."""
    return {str(name): str(entry) for entry, name in json.loads(raw).items()}


def _modern_names(raw: bytes) -> dict[str, str]:
    """New packages: a message with the file names in the order of the entries."""
    entries = [value for number, value in wire.fields(raw) if number == 1 and isinstance(value, bytes)]
    return {wire.text(entry, 1): str(place) for place, entry in enumerate(entries)}
