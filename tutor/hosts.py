"""Under which names the page may be asked for, and from which pages: no other site's, whatever its name points to.

Reads the headers Host, Origin, Referer and Sec-Fetch-Site, and nothing else of a request.
"""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tutor.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Collection

    from starlette.types import Scope

__all__ = ["ANYWHERE", "Hosts", "loopback"]

ANYWHERE = ("0.0.0.0", "::", "")
SAFE = ("GET", "HEAD", "OPTIONS")
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?)(?::(\d{1,5}))?", re.ASCII)


def loopback(host: str) -> bool:
    """Whether only this machine can reach what listens on `host`."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _parted(host: str) -> tuple[str, str]:
    """(name, port) of `name:port` as one writes them to compare them; two empty texts for anything else."""
    found = _HOST.fullmatch(host.lower())
    return (found[1].rstrip(".").strip("[]"), found[2] or "") if found else ("", "")


class Hosts:
    """The names of this machine, `host` that is listened on, and those of `[server] allowed_hosts`."""

    def __init__(self, host: str, allowed: Collection[str]) -> None:
        names = {*_LOOPBACK, host, *allowed} - set(ANYWHERE)
        self._names = {name.lower().rstrip(".").strip("[]") for name in names if not name.startswith("*")}
        self._below = tuple(name[1:].lower() for name in allowed if name.startswith("*."))
        self._any = "*" in allowed
        self._anywhere = host in ANYWHERE

    def check(self, scope: Scope) -> None:
        """Refuse a request for another name than ours, and one that another site's page made."""
        sent: dict[bytes, list[str]] = {}
        for name, value in scope["headers"]:
            sent.setdefault(name.lower(), []).append(value.decode("latin-1").strip())
        hosts = sent.get(b"host", [])
        name, port = _parted(hosts[0]) if len(hosts) == 1 else ("", "")
        if not name or not self._known(name, scope):
            raise Refusal(400, "This is not the address of the flashcard tutor.", why="foreign host")
        own = (name, port or {"https": "443"}.get(scope["scheme"], "80"))
        origins = sent.get(b"origin", [])
        if any(not self._same(origin, own) for origin in origins):
            raise Refusal(403, "Another site may not ask the flashcard tutor for anything.", why="foreign origin")
        if scope["method"] in SAFE:
            return
        foreign = any(not self._same(page, own) for page in sent.get(b"referer", [])) and not origins
        if foreign or "cross-site" in sent.get(b"sec-fetch-site", []):
            raise Refusal(403, "Another site may not ask the flashcard tutor for anything.", why="foreign referer")

    def _known(self, name: str, scope: Scope) -> bool:
        # Whoever listens everywhere is also asked for by the number the connection came in on, and a number cannot be
        # pointed elsewhere as a name can.
        here = self._anywhere and bool(scope.get("server")) and name == str(scope["server"][0])
        return self._any or here or name in self._names or name.endswith(self._below or ("\0",))

    def _same(self, page: str, own: tuple[str, str]) -> bool:
        """Whether an Origin or Referer is of our own page: the same name and port."""
        try:
            parts = urlsplit(page)
            port = str(parts.port or {"https": 443}.get(parts.scheme, 80))
        except ValueError:
            return False
        name = (parts.hostname or "").rstrip(".")
        # Before a proxy that ends TLS the page's port is not the one that we are asked on.
        listed = name in self._names and name not in _LOOPBACK
        return parts.scheme in ("http", "https") and ((name, port) == own or (listed and name == own[0]))
