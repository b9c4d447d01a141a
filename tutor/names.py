"""Who may sign in: a file of `name:argon2hash` lines, kept from other eyes and read again whenever it changes.

Knows no session and no request; those are in `tutor.access`.
"""

import os
import re
import stat
import unicodedata
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from tutor.errors import ConfigError

if TYPE_CHECKING:
    from argon2 import PasswordHasher

__all__ = ["Names", "fold"]

SHORTEST, LONGEST = 8, 1024
_NAME = re.compile(r"[\w.@-]{1,64}")
_HASH = re.compile(r"\$argon2id?\$v=\d+\$m=\d+,t=\d+,p=\d+\$[A-Za-z0-9+/]+\$[A-Za-z0-9+/]+")


def fold(text: str) -> str:
    """`text` in the one form in which names and passwords are compared, whatever keyboard wrote them."""
    return unicodedata.normalize("NFKC", text)


class Names:
    """The file at `path`, which may hold nobody yet."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen: tuple[int, int, int] | None = None
        self._hashes: Mapping[str, str] = {}

    def hashes(self) -> Mapping[str, str]:
        """The names with their hashes, as the file is now.

        Raises:
            ConfigError: it is not there, others may read it, or a line is none.
        """
        try:
            found = self.path.stat()
        except OSError as error:
            raise ConfigError(
                f"[server] auth: {self.path} cannot be read ({error.strerror}). Say tutor user add NAME to make it."
            ) from None
        mode = stat.S_IMODE(found.st_mode)
        if os.name == "posix" and mode & 0o077:
            raise ConfigError(
                f"[server] auth: {self.path} may be read by others (mode {mode:o}, expected 600). "
                f"Say chmod 600 {self.path}."
            )
        seen = (found.st_mtime_ns, found.st_size, found.st_ino)
        if seen != self._seen:
            self._hashes = self._read()
            self._seen = seen
        return self._hashes

    def _read(self) -> dict[str, str]:
        hashes: dict[str, str] = {}
        try:
            lines = self.path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError):
            raise ConfigError(f"[server] auth: {self.path} is not a text file that can be read.") from None
        for number, line in enumerate(lines, 1):
            name, _, hashed = line.strip().partition(":")
            if not name and not hashed:
                continue
            if not _NAME.fullmatch(name) or not _HASH.fullmatch(hashed) or name in hashes:
                twice = f"names {name} again" if name in hashes else "is not name:hash"
                raise ConfigError(
                    f"[server] auth: {self.path} line {number} {twice}. Lines are made by tutor user add NAME."
                )
            hashes[name] = hashed
        return hashes

    @cached_property
    def _hasher(self) -> "PasswordHasher":
        from argon2 import PasswordHasher

        return PasswordHasher()

    @cached_property
    def _nobody(self) -> str:
        return self._hasher.hash(os.urandom(16))

    def right(self, name: str, password: str) -> bool:
        """Whether this is the password of `name`; it takes as long for a name that does not exist."""
        from argon2.exceptions import VerificationError

        hashed = self.hashes().get(name)
        try:
            self._hasher.verify(hashed or self._nobody, fold(password)[:LONGEST])
        except VerificationError:
            return False
        return hashed is not None

    def add(self, name: str, password: str) -> bool:
        """Let `name` in with this password, or give her a new one; False where she was there already.

        Raises:
            ConfigError: the name or the password will not do.
        """
        name = fold(name)
        if not _NAME.fullmatch(name):
            raise ConfigError(f"{name!r} is no name to sign in with. Take letters, digits, and . _ @ - (at most 64).")
        if not SHORTEST <= len(fold(password)) <= LONGEST:
            raise ConfigError(f"A password has {SHORTEST} to {LONGEST} characters; this one has {len(password)}.")
        hashes = dict(self.hashes()) if self.path.exists() else {}
        new = name not in hashes
        self._write({**hashes, name: self._hasher.hash(fold(password))})
        return new

    def remove(self, name: str) -> bool:
        """Let `name` in no more; her history stays. False where she was not there."""
        hashes = dict(self.hashes())
        gone = hashes.pop(fold(name), None)
        if gone is not None:
            self._write(hashes)
        return gone is not None

    def _write(self, hashes: Mapping[str, str]) -> None:
        aside = self.path.with_name(f".{self.path.name}.new")
        aside.unlink(missing_ok=True)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.writelines(f"{name}:{hashed}\n" for name, hashed in sorted(hashes.items()))
            file.flush()
            os.fsync(file.fileno())
        aside.replace(self.path)
