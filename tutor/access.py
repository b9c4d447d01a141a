"""Who is asking: names and passwords at the door, a random token in a cookie afterwards, and an end to every session.

Names and hashes are in `tutor.names`. What a learner may do once she is in is not decided here.
"""

from __future__ import annotations

import logging
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from hashlib import sha256
from http.cookies import CookieError, SimpleCookie
from time import monotonic

from tutor.errors import ConfigError
from tutor.names import Names, fold
from tutor.refusal import Refusal

__all__ = ["Door", "Lockout", "Sessions"]

log = logging.getLogger(__name__)

SESSIONS = 10_000
EACH = 20  # sessions of one name
REMEMBERED = 10_000
FREE = {"name": 5, "address": 20}  # wrong passwords before the first wait
LONGEST_WAIT = 900.0
FORGOTTEN = 3600.0  # seconds after which wrong passwords no longer count

Clock = Callable[[], float]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Held:
    name: str
    hashed: str
    made: float
    seen: float


class Sessions:
    """Signed-in browsers by the hash of their token; each ends after `idle` seconds of silence and `whole` in all."""

    def __init__(self, names: Names, *, idle: float, whole: float, clock: Clock = monotonic) -> None:
        self._names = names
        self._idle = idle
        self._whole = whole
        self._clock = clock
        self._held: OrderedDict[str, _Held] = OrderedDict()
        self._lock = threading.RLock()

    def __len__(self) -> int:
        return len(self._held)

    def begin(self, name: str) -> str:
        """The token of a new session of `name`."""
        token, now = secrets.token_urlsafe(32), self._clock()
        held = _Held(name=name, hashed=self._names.hashes()[name], made=now, seen=now)
        with self._lock:
            mine = [key for key, one in self._held.items() if one.name == name]
            for key in mine[: max(0, len(mine) - EACH + 1)]:
                del self._held[key]
            self._held[_key(token)] = held
            while len(self._held) > SESSIONS:
                self._held.popitem(last=False)
        return token

    def name(self, token: str) -> str | None:
        """Whose session this is; None where there is none, it has ended, or her password is no longer the one."""
        now = self._clock()
        with self._lock:
            held = self._held.get(_key(token))
            if held is None:
                return None
            ended = now - held.seen > self._idle or now - held.made > self._whole
            if ended or self._names.hashes().get(held.name) != held.hashed:
                del self._held[_key(token)]
                return None
            self._held[_key(token)] = replace(held, seen=now)
            return held.name

    def end(self, token: str) -> None:
        """Forget a session."""
        with self._lock:
            self._held.pop(_key(token), None)


def _key(token: str) -> str:
    return sha256(token.encode()).hexdigest()


class Lockout:
    """Wrong passwords by name and by address: after the first few, each doubles the wait for the next try."""

    def __init__(self, clock: Clock = monotonic) -> None:
        self._clock = clock
        self._wrong: OrderedDict[tuple[str, str], tuple[int, float]] = OrderedDict()
        self._lock = threading.Lock()

    def wait(self, name: str, address: str) -> float:
        """Seconds until this name may be tried from this address."""
        now = self._clock()
        return max(self._until("name", name, now), self._until("address", address, now)) - now

    def _until(self, kind: str, who: str, now: float) -> float:
        count, last = self._wrong.get((kind, who), (0, now))
        over = count - FREE[kind]
        return now if over < 0 or now - last > FORGOTTEN else last + min(LONGEST_WAIT, 2.0 ** min(over, 12))

    def wrong(self, name: str, address: str) -> None:
        """Count a wrong password; also called before a password is looked at, so that many at once are no way round."""
        now = self._clock()
        with self._lock:
            for key in (("name", name), ("address", address)):
                count, last = self._wrong.pop(key, (0, now))
                self._wrong[key] = (1 if now - last > FORGOTTEN else count + 1, now)
            while len(self._wrong) > REMEMBERED:
                self._wrong.popitem(last=False)

    def right(self, name: str, address: str) -> None:
        """Take back the last count; the name starts anew, the address does not."""
        with self._lock:
            self._wrong.pop(("name", name), None)
            count, last = self._wrong.get(("address", address), (0, 0.0))
            if count:
                self._wrong["address", address] = (count - 1, last)


@contextmanager
def _relied_on() -> Iterator[None]:
    try:
        yield
    except (ConfigError, KeyError) as error:
        log.error("nobody is let in: %s", error)
        raise Refusal(503, "Nobody can be let in now; the log says why.", why="file of names", wait=60) from None


class Door:
    """Lets learners in by name and password and tells them by their cookie afterwards."""

    def __init__(self, names: Names, sessions: Sessions, *, secure: bool, clock: Clock = monotonic) -> None:
        self.sessions = sessions
        self.lockout = Lockout(clock)
        self._names = names
        self._cookie = "__Host-tutor" if secure else "tutor"
        self._secure = secure

    def learner(self, headers: Mapping[bytes, bytes]) -> str | None:
        """Whose request this is, by its cookie; None where it has no session.

        Raises:
            Refusal: the file of names cannot be relied on.
        """
        with _relied_on():
            return self.sessions.name(self._token(headers))

    def sign_in(self, name: str, password: str, address: str) -> str | None:
        """The cookie that lets `name` in; None where the password is not hers. Takes a while on purpose.

        Raises:
            Refusal: this name or address has been wrong too often.
        """
        name = fold(name.strip())[:64]
        if (wait := self.lockout.wait(name, address)) > 0:
            raise Refusal(
                429,
                f"Too many wrong passwords. Try again in {round(wait) + 1} seconds.",
                why="locked out",
                wait=wait + 1,
            )
        self.lockout.wrong(name, address)
        with _relied_on():
            if not self._names.right(name, password):
                return None
            token = self.sessions.begin(name)
        self.lockout.right(name, address)
        return self._set(token)

    def sign_out(self, headers: Mapping[bytes, bytes]) -> str:
        """End the session of a request; the cookie that takes its token away."""
        self.sessions.end(self._token(headers))
        return f"{self._set('')}; Max-Age=0"

    def _set(self, token: str) -> str:
        return f"{self._cookie}={token}; Path=/; HttpOnly; SameSite=Strict{'; Secure' if self._secure else ''}"

    def _token(self, headers: Mapping[bytes, bytes]) -> str:
        try:
            found = SimpleCookie(headers.get(b"cookie", b"").decode("latin-1")).get(self._cookie)
        except CookieError:
            return ""
        return found.value if found is not None else ""
