"""What stands before the page: only the addresses it needs, from its own pages, by those let in, in bearable numbers.

Decides nothing about studying. Names of hosts are in `tutor.hosts`, bodies in `tutor.bodies`, people in `tutor.access`.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from time import monotonic, time
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs
from uuid import uuid4

from tutor.bodies import Uploads, read, said
from tutor.hosts import Hosts
from tutor.refusal import Refusal, answer
from tutor.ui.login import login, logout
from tutor.ui.words import ENGLISH, Words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from tutor.access import Door

__all__ = ["HEADERS", "ROUTES", "Guard", "Limits"]

log = logging.getLogger(__name__)

# Gradio writes inline scripts and styles and makes functions from text, so 'unsafe-inline' and 'unsafe-eval' have to
# stay; what matters is that nothing can be loaded from, or sent to, any other place.
HEADERS = {
    "content-security-policy": (
        "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data: blob:; font-src 'self' data:; media-src 'self'; connect-src 'self'; "
        "worker-src 'self' blob:; object-src 'none'; base-uri 'self'; form-action 'self'; "
        "frame-src 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}
# (methods, beginning of the path, whether it is the whole path, kind): all that is answered. Gradio has many more.
ROUTES = (
    ("GET", "/healthz", True, "health"),
    ("GET", "/readyz", True, "health"),
    ("GET", "/metrics", True, "metrics"),
    ("GET POST", "/login", True, "login"),
    ("GET POST", "/logout", True, "logout"),
    ("GET HEAD", "/", True, "page"),
    ("GET", "/config", True, "page"),
    ("GET HEAD", "/assets/", False, "asset"),
    ("GET HEAD", "/static/", False, "asset"),
    ("GET HEAD", "/svelte/", False, "asset"),
    ("GET HEAD", "/theme.css", True, "asset"),
    ("GET HEAD", "/favicon.ico", True, "asset"),
    ("GET", "/gradio_api/app_id", True, "page"),
    ("GET", "/gradio_api/heartbeat/", False, "heartbeat"),
    ("POST", "/gradio_api/queue/join", True, "join"),
    ("GET", "/gradio_api/queue/data", True, "data"),
    ("POST", "/gradio_api/cancel", True, "cancel"),
    ("POST", "/gradio_api/reset", True, "cancel"),
    ("POST", "/gradio_api/upload", True, "upload"),
    ("GET", "/gradio_api/upload_progress", True, "asset"),
)
OPEN = ("health", "metrics", "login")
TABS = 10_000
_MOVE = re.compile(r"[\w-]{8,64}", re.ASCII)
OFTEN = "Too many requests in a short time. Wait {seconds} seconds and try again."
BUSY = "The tutor is busy. Try again in a moment."
STOPPING = "The tutor is stopping. What you had saved is safe; open the page again in a moment."


class Limits:
    """How many posts a minute: of one learner, or, where nobody signs in, of one page and ten times that in all."""

    def __init__(self, rate: int) -> None:
        from limits import RateLimitItemPerMinute
        from limits.storage import MemoryStorage
        from limits.strategies import MovingWindowRateLimiter

        self._one, self._all = RateLimitItemPerMinute(rate), RateLimitItemPerMinute(rate * 10)
        self._seen = MovingWindowRateLimiter(MemoryStorage())

    def count(self, who: str, address: str) -> None:
        """Refuse what is too much."""
        for limit, key in ((self._all, address), (self._one, who)):
            if not self._seen.hit(limit, key):
                wait = max(1.0, self._seen.get_window_stats(limit, key).reset_time - time())
                raise Refusal(429, OFTEN.format(seconds=round(wait)), why="rate", wait=wait)


class Guard:
    """The outermost part of the app. Sets HEADERS on responses, and `learner`, `request` and `move` in the scope."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        hosts: Hosts,
        limits: Limits,
        uploads: Uploads,
        door: Door | None,
        busy: Callable[[], bool],
        number: Callable[[str], int],
        counted: Callable[[str, int], None],
        words: Words = ENGLISH,
    ) -> None:
        self.app = app
        self.draining = False
        self.warm = False
        self.streams = 0
        self.open_tabs = 0
        self._hosts = hosts
        self._limits = limits
        self._uploads = uploads
        self._door = door
        self._busy = busy
        self._number = number
        self._counted = counted
        self._words = words
        self._tabs: OrderedDict[str, str] = OrderedDict()
        self._looking = asyncio.Semaphore(2)  # a password takes 64 MB and a tenth of a second to look at, on purpose

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it plainly."""
        if scope["type"] != "http":
            await (self.app(scope, receive, send) if scope["type"] == "lifespan" else _closed(receive, send))
            return
        scope["request"], scope["kind"], began = uuid4().hex[:12], "none", monotonic()
        status = 0

        async def dressed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _dress(message, scope["request"], own=scope["kind"] != "asset")
            await send(message)

        why = None
        try:
            await self._pass(scope, receive, dressed)
        except Refusal as refusal:
            why = refusal.why
            if not status:
                await refusal.answer(scope, dressed)
        except Exception:
            why = "fault"
            log.exception("a request failed", extra={"request": scope["request"]})
            if not status:
                await Refusal(500, "Something went wrong and was written to the log.").answer(scope, dressed)
        self._tell(scope, status, monotonic() - began, why)

    def _tell(self, scope: Scope, status: int, seconds: float, why: str | None) -> None:
        self._counted(scope["kind"], status)
        learner = scope.get("learner")
        more = {
            "request": scope["request"], "method": scope["method"], "route": scope["kind"], "status": status,
            "seconds": round(seconds, 3), "why": why, "learner": self._number(learner) if learner else None,
        }  # fmt: skip
        if why:
            log.warning("refused %s", scope["path"][:200], extra=more)
        elif scope["kind"] not in ("asset", "health"):
            log.info("answered", extra=more)

    async def _pass(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._hosts.check(scope)
        route = scope["kind"] = _route(scope)
        headers: Mapping[bytes, bytes] = dict(scope["headers"])
        if self.draining and route not in ("data", "health", "metrics"):
            raise Refusal(503, STOPPING, why="stopping", wait=5)
        if self._door is None:
            scope["learner"] = "me"
            if route in ("login", "logout"):
                raise Refusal(404, "There is nothing here.", why="no such address")
        elif route not in OPEN:
            scope["learner"] = self._door.learner(headers)
            if scope["learner"] is None:
                await _turned_away(scope, route, send)
                return
        deal: Callable[[Scope, Receive, Send], Any] = getattr(self, f"_{route}", self.app)
        await deal(scope, receive, send)

    def _mine(self, scope: Scope, tab: str) -> None:
        """Refuse what is about a tab that another learner opened; a tab is hers who first speaks of it."""
        owner = self._tabs.setdefault(tab, scope["learner"])
        self._tabs.move_to_end(tab)
        if len(self._tabs) > TABS:
            self._tabs.popitem(last=False)
        if owner != scope["learner"]:
            raise Refusal(403, "This page was opened by somebody else.", why="another learner's tab")

    def _count(self, scope: Scope, tab: str) -> None:
        learner, address = scope["learner"], _address(scope)
        self._limits.count(f"learner {learner}" if self._door is not None else f"tab {tab}", f"from {address}")

    async def _join(self, scope: Scope, receive: Receive, send: Send) -> None:
        body, again = await read(scope, receive)
        tab = said(body)["session_hash"]
        self._mine(scope, tab)
        self._count(scope, tab)
        scope["move"] = _move(scope)
        if self._busy():
            raise Refusal(503, BUSY, why="busy", wait=2)
        await self.app(scope, again, send)

    async def _cancel(self, scope: Scope, receive: Receive, send: Send) -> None:
        body, again = await read(scope, receive)
        self._mine(scope, said(body)["session_hash"])
        await self.app(scope, again, send)

    async def _upload(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._count(scope, "")
        await self.app(scope, await self._uploads.read(scope, receive), send)

    async def _data(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._mine(scope, parse_qs(scope["query_string"].decode("latin-1")).get("session_hash", [""])[0])
        self.streams += 1
        try:
            await self.app(scope, receive, send)
        finally:
            self.streams -= 1

    async def _heartbeat(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._mine(scope, scope["path"].rpartition("/")[2])
        self.open_tabs += 1
        try:
            await self.app(scope, receive, send)
        finally:
            self.open_tabs -= 1

    async def _login(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert self._door is not None, "without a door there is no such route"
        if scope["method"] == "GET":
            await answer(send, 200, login(words=self._words), LOGIN)
            return
        body, _ = await read(scope, receive, 8_000)
        try:
            form = parse_qs(body.decode("utf-8"), max_num_fields=4)
        except ValueError:
            raise Refusal(400, "The request is not one that the page makes.", why="malformed body") from None
        name, password = (form.get(key, [""])[0] for key in ("name", "password"))
        try:
            enter = partial(self._door.sign_in, name, password, _address(scope))
            async with self._looking:
                cookie = await asyncio.to_thread(enter)
        except Refusal as refusal:
            await answer(
                send, 429, login(str(refusal), words=self._words), {**LOGIN, "retry-after": str(round(refusal.wait))}
            )
            log.warning("sign-in refused", extra={"request": scope["request"], "why": refusal.why})
            return
        if cookie is None:
            log.warning("sign-in refused", extra={"request": scope["request"], "why": "wrong name or password"})
            await answer(send, 401, login(wrong=True, words=self._words), LOGIN)
            return
        await answer(send, 303, "", {"location": "/", "set-cookie": cookie})

    async def _logout(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert self._door is not None, "without a door there is no such route"
        if scope["method"] == "GET":
            await answer(send, 200, logout(self._words), LOGIN)
            return
        cookie = self._door.sign_out(dict(scope["headers"]))
        await answer(send, 303, "", {"location": "/login", "set-cookie": cookie})


# A form on a page without referrer would be sent with no origin, and be taken for another site's.
LOGIN = {
    "content-type": "text/html; charset=utf-8",
    "referrer-policy": "same-origin",
    "content-security-policy": (
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
}


def _route(scope: Scope) -> str:
    """The kind of address that is asked for; anything that is not in ROUTES is refused."""
    path, method = scope["path"], scope["method"]
    if ".." in path or "\\" in path or "\0" in path or "//" in path:
        raise Refusal(404, "There is nothing here.", why="odd address")
    for methods, begin, whole, kind in ROUTES:
        if path != begin and (whole or not path.startswith(begin)):
            continue
        if method not in methods.split():
            raise Refusal(405, "This cannot be done here.", why="method")
        return kind
    raise Refusal(404, "There is nothing here.", why="no such address")


def _move(scope: Scope) -> str:
    """The id that the page gave to this move, for a request that is sent again; empty where it gave none."""
    told = dict(scope["headers"]).get(b"x-move", b"").decode("latin-1")
    return told if _MOVE.fullmatch(told) else ""


async def _turned_away(scope: Scope, route: str, send: Send) -> None:
    if scope["path"] != "/" and route != "logout":
        raise Refusal(401, "You are not signed in, or your session has ended. Open the page again.", why="no session")
    await answer(send, 303, "", {"location": "/login"})


def _dress(message: Message, request: str, *, own: bool) -> None:
    kept = [(name, value) for name, value in message["headers"] if name.lower() != b"server"]
    there = {name.lower() for name, _ in kept}
    # Gradio's own are replaced by ours; the stricter policy of the login page is ours already.
    ours = {**HEADERS, "x-request-id": request, **({"cache-control": "no-store"} if own else {})}
    added = [(name.encode(), value.encode()) for name, value in ours.items() if name.encode() not in there]
    message["headers"] = [*kept, *added]


async def _closed(receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "websocket.close", "code": 1008})


def _address(scope: Scope) -> str:
    return str(scope["client"][0]) if scope.get("client") else ""
