"""A learner at the page as her browser is: raw HTTP, Gradio's queue and its event stream, with no script in between."""

import contextlib
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from http.client import HTTPConnection, HTTPResponse
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

JSON = {"Content-Type": "application/json"}


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Visitor:
    """One browser tab at `place` (host:port)."""

    place: str
    tab: str = field(default_factory=lambda: uuid4().hex[:11])
    cookie: str = ""
    timeout: float = 60.0

    def ask(self, method: str, path: str, body: bytes | str | None = None, **headers: str) -> Answer:
        """One request; `headers` as keywords, with _ for -."""
        connection, response = self._send(method, path, body, {n.replace("_", "-"): v for n, v in headers.items()})
        with contextlib.closing(connection):
            told = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, told, response.read())

    def _send(
        self, method: str, path: str, body: bytes | str | None, headers: Mapping[str, str]
    ) -> tuple[HTTPConnection, HTTPResponse]:
        connection = HTTPConnection(self.place, timeout=self.timeout)
        cookie = {"Cookie": self.cookie} if self.cookie else {}
        try:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # refused before all of it was sent
                connection.request(method, path, body, {**cookie, **headers})
            return connection, connection.getresponse()
        except BaseException:
            connection.close()
            raise

    def sign_in(self, name: str, password: str) -> Answer:
        """Send the form; keeps the cookie."""
        form = urlencode({"name": name, "password": password})
        told = self.ask("POST", "/login", form, Content_Type="application/x-www-form-urlencoded")
        if told.status == 303:
            self.cookie = told.headers["set-cookie"].partition(";")[0]
        return told

    @cached_property
    def config(self) -> Any:
        """The page's own description of itself."""
        return self.ask("GET", "/config").json

    def event(self, element: str, event: str) -> int:
        """The number of what happens at `event` of the widget with this id; the page itself is ''."""
        ids = {c["props"].get("elem_id"): c["id"] for c in self.config["components"]}
        for one in self.config["dependencies"]:
            for target, name in one["targets"]:
                if name == event and (not element or target == ids[element]):
                    return int(one["id"])
        raise KeyError(f"{element}.{event}")

    def join(self, element: str, event: str, *values: object, move: str = "") -> Answer:
        """Make a move, under the id `move`; the state is the server's, so None is sent for it."""
        body = {"data": [None, *values], "fn_index": self.event(element, event), "session_hash": self.tab}
        headers = {"Content_Type": JSON["Content-Type"], "X_Move": move or uuid4().hex}
        return self.ask("POST", "/gradio_api/queue/join?", json.dumps(body), **headers)

    def heard(self, tab: str = "") -> Iterator[dict[str, Any]]:
        """The messages of the event stream until it closes."""
        connection, response = self._send("GET", f"/gradio_api/queue/data?session_hash={tab or self.tab}", None, {})
        with contextlib.closing(connection):
            if response.status != 200:
                yield {"msg": "refused", "status": response.status, "said": response.read().decode()}
                return
            while line := response.readline():
                if line.startswith(b"data:"):
                    message = json.loads(line[5:])
                    if message["msg"] == "close_stream":
                        return
                    yield message

    def do(self, element: str, event: str, *values: object, move: str = "") -> "Done":
        """Make a move and wait for all that comes of it."""
        began = time.monotonic()
        joined = self.join(element, event, *values, move=move)
        if joined.status != 200:
            return Done(joined.status, 0.0, joined.body.decode())
        first, text, good = 0.0, "", False
        for message in self.heard():
            if message["msg"] in ("process_generating", "process_completed"):
                first = first or time.monotonic() - began
                good = good or bool(message.get("success"))
                text += json.dumps(message["output"], ensure_ascii=False)
        return Done(200 if good else 500, first, text)

    def open(self) -> "Done":
        """Load the page as the script does."""
        return self.do("", "load")


@dataclass
class Done:
    """What came of a move: whether it was done, seconds to its first words, and all that was sent."""

    status: int
    first: float
    text: str
