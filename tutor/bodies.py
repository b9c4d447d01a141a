"""The body of a request: read whole, in time and within a limit, and looked into before anything else sees it.

Knows what Gradio's page sends, and refuses what it would never send. Keeps nothing.
"""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, Any

from tutor.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection

    from starlette.types import Message, Receive, Scope

__all__ = ["BODY_LIMIT", "UPLOAD_LIMIT", "Uploads", "read", "said"]

BODY_LIMIT = 1_000_000
UPLOAD_LIMIT = 50_000_000
PATIENCE = 30.0  # seconds for a body of the common kind; an upload has this long for every megabyte
FILES = 20
_HASH = re.compile(r"[\w-]{1,64}", re.ASCII)
_NAMED = re.compile(rb'filename\*?\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;\s]*))', re.IGNORECASE)


async def _pieces(receive: Receive, limit: int, seconds: float) -> AsyncIterator[bytes]:
    """The body as it comes; too much or too late is a Refusal."""
    left = limit
    try:
        async with asyncio.timeout(seconds):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise Refusal(400, "The request ended before it was complete.", why="cut body")
                piece = message.get("body", b"")
                left -= len(piece)
                if left < 0:
                    raise Refusal(413, f"The request is larger than {limit:,} bytes.", why="large body")
                yield piece
                if not message.get("more_body", False):
                    return
    except TimeoutError:
        raise Refusal(408, "The request came too slowly.", why="slow body") from None


def _told(scope: Scope, limit: int) -> None:
    """Refuse by the length that is announced, before a byte is read."""
    told = [value for name, value in scope["headers"] if name == b"content-length"]
    if told and told[0].isdigit() and int(told[0]) > limit:
        raise Refusal(413, f"The request is larger than {limit:,} bytes.", why="large body")


async def read(scope: Scope, receive: Receive, limit: int = BODY_LIMIT) -> tuple[bytes, Receive]:
    """The whole body, and a `receive` that gives it again."""
    _told(scope, limit)
    body = b"".join([piece async for piece in _pieces(receive, limit, PATIENCE)])
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return body, again


def said(body: bytes) -> dict[str, Any]:
    """The object of a JSON body, its `session_hash` among others."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise Refusal(400, "The request is not JSON.", why="malformed body") from None
    if not isinstance(found, dict) or not _HASH.fullmatch(str(found.get("session_hash", ""))):
        raise Refusal(400, "The request is not one that the page makes.", why="malformed body")
    if not isinstance(found.get("data", []), list) or not isinstance(found.get("fn_index", 0), int):
        raise Refusal(400, "The request is not one that the page makes.", why="malformed body")
    return found


@dataclass(frozen=True, kw_only=True, slots=True)
class Uploads:
    """What may be uploaded: files whose names end in one of `suffixes`, so many at once, so many bytes together."""

    suffixes: Collection[str]
    files: int = FILES
    limit: int = UPLOAD_LIMIT

    async def read(self, scope: Scope, receive: Receive) -> Receive:
        """A `receive` that gives an upload that was looked at from beginning to end; large ones wait on disk."""
        from python_multipart.exceptions import MultipartParseError
        from python_multipart.multipart import MultipartParser, parse_options_header

        _told(scope, self.limit)
        kind, options = parse_options_header(dict(scope["headers"]).get(b"content-type", b""))
        boundary = options.get(b"boundary", b"")
        if kind != b"multipart/form-data" or not 0 < len(boundary) <= 256:
            raise Refusal(400, "The request is no upload.", why="malformed upload")
        seen = _Seen(self)
        parser = MultipartParser(boundary, {"on_header_value": seen.header, "on_header_end": seen.whole})
        file = SpooledTemporaryFile(max_size=BODY_LIMIT)
        try:
            async for piece in _pieces(receive, self.limit, PATIENCE * (1 + self.limit / 1e6)):
                parser.write(piece)
                file.write(piece)
            parser.finalize()
            if not seen.names:
                raise Refusal(400, "The upload holds no file.", why="malformed upload")
        except MultipartParseError:
            file.close()
            raise Refusal(400, "The request is no upload.", why="malformed upload") from None
        except BaseException:
            file.close()
            raise
        file.seek(0)

        async def again() -> Message:
            if file.closed:
                return await receive()
            piece = file.read(65_536)
            if not piece:
                file.close()
            return {"type": "http.request", "body": piece, "more_body": bool(piece)}

        return again


class _Seen:
    """The names of the files of an upload, as they come by."""

    def __init__(self, rule: Uploads) -> None:
        self.rule = rule
        self.names: list[str] = []
        self._value = b""

    def header(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def whole(self) -> None:
        named = [quoted or plain for quoted, plain in _NAMED.findall(self._value)]
        self._value = b""
        for raw in named:
            name = raw.decode("utf-8", "replace").lower()
            self.names.append(name)
            if not name.endswith(tuple(self.rule.suffixes)):
                known = ", ".join(sorted(self.rule.suffixes))
                raise Refusal(415, f"This kind of file is no deck. Decks end in {known}.", why="upload type")
        if len(self.names) > self.rule.files:
            raise Refusal(413, f"At most {self.rule.files} files can be uploaded at once.", why="upload count")
