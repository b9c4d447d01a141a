"""Refusal: a request that is not answered, and the plain answer it gets instead. Decides nothing about who gets one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import Scope, Send

__all__ = ["Refusal", "answer"]


class Refusal(Exception):
    """Why a request is refused: a sentence for whoever asked, and a word or two for the log."""

    def __init__(self, status: int, text: str, *, why: str = "", wait: float = 0) -> None:
        super().__init__(text)
        self.status = status
        self.why = why or text
        self.wait = wait

    async def answer(self, scope: Scope, send: Send) -> None:
        """Say it: as JSON where Gradio's script reads it, else as text."""
        headers = {"retry-after": str(max(1, round(self.wait)))} if self.wait else {}
        if scope["path"].startswith("/gradio_api/"):
            body, kind = json.dumps({"detail": str(self)}), "application/json"
        else:
            body, kind = str(self), "text/plain; charset=utf-8"
        # A body that was not read to its end would be taken for the next request.
        await answer(send, self.status, body, {**headers, "content-type": kind, "connection": "close"})


async def answer(send: Send, status: int, body: str, headers: Mapping[str, str]) -> None:
    """A whole response."""
    sent = body.encode()
    lines = {"content-length": str(len(sent)), "cache-control": "no-store", **headers}
    pairs = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in lines.items()]
    await send({"type": "http.response.start", "status": status, "headers": pairs})
    await send({"type": "http.response.body", "body": sent})
