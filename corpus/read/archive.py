"""What lies in a zip package, inflated under a byte count that a lying header cannot talk its way past.

Extracts nothing to disk: names in the package are only ever looked up, so paths and links in them lead nowhere.
"""

import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from corpus.errors import DeckError

MAX_COLLECTION = 256 * 2**20
MAX_MEDIA_MAP = 16 * 2**20
MAX_PICTURE = 16 * 2**20
_MAX_DIRECTORY = 24 * 2**20
_MAX_WINDOW = 2**25
_BLOCK = 2**20
_FREE = 8 * 2**20  # below this size, how well the bytes were packed does not matter
_RATIO = 100
_LARGE, _LARGE_RATIO = 96 * 2**20, 20  # real collections of this size hold text, which packs less well than a bomb
_SQLITE = b"SQLite format 3\0"
_FRACTIONS = b"\x40\x20\x20"  # three bytes of a database's head that have one allowed value


class Package:
    """A zip file opened for reading; every fault becomes a DeckError that names the file."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self._path = path
        self._check_directory(file)
        try:
            self._zip = zipfile.ZipFile(file)
        except (zipfile.BadZipFile, NotImplementedError, struct.error, OSError, ValueError) as error:
            raise self.fault(f"a damaged zip file ({error})") from error
        self.names = frozenset(self._zip.namelist())

    def fault(self, found: str) -> DeckError:
        """The error for this file: what was found, and what to do."""
        return DeckError(f"{self._path}: {found}. Expected an Anki package (.apkg, .colpkg); export it again.")

    def collection(self, name: str) -> bytearray:
        """The bytes of a collection database, unpacked from zstd where its name says so.

        Raises:
            DeckError: damaged, encrypted, larger than MAX_COLLECTION, or no database.
        """
        zstd = name.endswith("b")
        data = self._read(name, MAX_COLLECTION, None if zstd else _database_limit)
        data = self._unzstd(data, MAX_COLLECTION, _database_limit) if zstd else data
        if not data.startswith(_SQLITE):
            raise self.fault(f"{name} in it is no database")
        return data

    def read(self, name: str, limit: int) -> bytes:
        """One file of the package, at most `limit` bytes.

        Raises:
            DeckError: damaged, encrypted, or larger than the limit.
        """
        return bytes(self._read(name, limit, None))

    def _read(self, name: str, limit: int, told: Callable[[bytes], int] | None) -> bytearray:
        try:
            entry = self._zip.getinfo(name)
            if entry.file_size > limit:
                raise self.fault(f"{name} in it would unpack to {entry.file_size // 2**20} MB")
            with self._zip.open(entry) as stream:
                return self._counted(stream.read, name, limit, entry.compress_size, told)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError) as error:
            raise self.fault(f"{name} in it is damaged ({error})") from error
        except RuntimeError as error:
            raise self.fault(f"{name} in it cannot be unpacked ({error})") from error

    def unzstd(self, raw: bytes, limit: int) -> bytes:
        """Zstandard data unpacked, at most `limit` bytes.

        Raises:
            DeckError: damaged, or larger than the limit.
        """
        return bytes(self._unzstd(raw, limit, None))

    def _unzstd(self, raw: bytes | bytearray, limit: int, told: Callable[[bytes], int] | None) -> bytearray:
        import zstandard

        try:
            with zstandard.ZstdDecompressor(max_window_size=_MAX_WINDOW).stream_reader(raw) as stream:
                return self._counted(stream.read, "the collection", limit, len(raw), told)
        except zstandard.ZstdError as error:
            raise self.fault(f"the collection in it is damaged ({error})") from error

    def _counted(
        self, read: Callable[[int], bytes], name: str, limit: int, packed: int, told: Callable[[bytes], int] | None
    ) -> bytearray:
        """All that `read` gives, under `limit`; `told` reads a smaller limit off the first block."""
        data = bytearray()
        while block := read(_BLOCK):
            if told and not data:
                limit = min(limit, told(block))
                if not limit:
                    raise self.fault(f"{name} in it is no database")
            data += block
            size = len(data)
            ratio = _RATIO if size <= _LARGE else _LARGE_RATIO
            if size > limit or (size > _FREE and size > ratio * packed):
                raise self.fault(f"{name} in it unpacks to far more than it says (over {size // 2**20} MB)")
        return data

    def _check_directory(self, file: BinaryIO) -> None:
        """Refuses a list of contents that would take too much memory to read."""
        size = file.seek(0, 2)
        file.seek(max(0, size - 66_000))
        tail = file.read()
        at = tail.rfind(b"PK\x05\x06")
        if at < 0 or len(tail) - at < 22:
            raise self.fault("a zip file that is cut off")
        entries, length = struct.unpack("<HI", tail[at + 10 : at + 16])
        if length > _MAX_DIRECTORY or entries == 0xFFFF:
            raise self.fault("a zip file with too many files in it")
        file.seek(0)


def _database_limit(head: bytes) -> int:
    """How large the database says it is, by its header: pages times page size; 0 if it is no database."""
    if not head.startswith(_SQLITE) or head[21:24] != _FRACTIONS:
        return 0
    page = int.from_bytes(head[16:18], "big")
    pages = int.from_bytes(head[28:32], "big")
    return (65536 if page == 1 else page) * pages or MAX_COLLECTION
