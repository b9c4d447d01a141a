"""A real HTTP server on 127.0.0.1 that speaks the OpenAI protocol as told, faults included, and keeps every request.

Knows nothing of the tutor. `with Loopback() as server:` starts it; `server.play(...)` says what the next requests get.
"""

import base64
import json
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import quote

__all__ = ["FAULTS", "Loopback", "Play", "Request", "echoed", "fault", "free_port", "says", "vectors_fault"]


@dataclass(frozen=True, kw_only=True)
class Play:
    """What one chat request gets: streamed pieces by default, or a plain HTTP answer where `body` is set."""

    pieces: tuple[str | dict[str, Any] | bytes, ...] = ()  # text, a whole `delta`, or raw bytes on the wire
    finish: str | None = "stop"
    usage: tuple[int, int] | None = (0, 0)  # (0, 0) counts words; None sends no usage
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    wait: float = 0.0  # before the status line
    first: float = 0.0  # between the headers and the first piece
    gap: float = 0.0  # between pieces
    beat: float = 0.0  # seconds between keep-alive comments while waiting
    end: str = "clean"  # clean | undone (no [DONE]) | cut | reset | hang | mute (reset before the status line)


@dataclass(frozen=True, kw_only=True)
class Request:
    """One request as it came in."""

    method: str
    path: str
    headers: dict[str, str]
    json: dict[str, Any]
    at: float

    @property
    def text(self) -> str:
        """All that the messages of a chat request say, joined by blank lines."""
        return "\n\n".join(str(message.get("content")) for message in self.json.get("messages", ()))


def says(text: str, **how: Any) -> Play:
    """A good reply, streamed word by word."""
    words = text.split(" ")
    return Play(pieces=tuple(word if i == 0 else f" {word}" for i, word in enumerate(words)), **how)


def _error(status: int, message: str, code: str | None = None, **headers: str) -> Play:
    body = json.dumps({"error": {"message": message, "type": "error", "param": None, "code": code}}).encode()
    return Play(status=status, body=body, headers={"Content-Type": "application/json", **headers})


def _page(status: int) -> Play:
    html = b"<!doctype html><html><head><title>Sign in</title></head><body>Welcome to the gateway</body></html>"
    return Play(status=status, body=html, headers={"Content-Type": "text/html"})


_HALF = ("The heart", " pumps", " blood")
_LATER = formatdate(time.time() + 5, usegmt=True)

FAULTS: dict[str, Play] = {
    "bad key": _error(401, "Incorrect API key provided.", "invalid_api_key"),
    "key echoed": _error(401, "Incorrect API key provided: {key}.", "invalid_api_key"),
    "key encoded": _error(500, "Upstream sent Authorization: Basic {key64}, x-api-key={keyurl}, {keyhex}."),
    "key in part": _error(400, "Unknown key {keyhead}***{keytail}; see {keyhead} or {keytail}."),
    "forbidden": _error(403, "You are not allowed to use this model."),
    "no such model": _error(404, "The model `x` does not exist.", "model_not_found"),
    "no such path": Play(status=404, body=b"404 page not found", headers={"Content-Type": "text/plain"}),
    "bad request": _error(400, "Unsupported parameter: 'max_tokens'."),
    "context overflow": _error(400, "This model's maximum context length is 512 tokens.", "context_length_exceeded"),
    "busy 5 s": _error(429, "Rate limit reached.", "rate_limit_exceeded", **{"Retry-After": "5"}),
    "busy an hour": _error(429, "Rate limit reached.", "rate_limit_exceeded", **{"Retry-After": "3600"}),
    "busy until": _error(429, "Rate limit reached.", "rate_limit_exceeded", **{"Retry-After": _LATER}),
    "no quota": _error(429, "You exceeded your current quota.", "insufficient_quota"),
    "server error": _error(500, "Internal error."),
    "bad gateway": _page(502),
    "overloaded": _error(503, "The server is overloaded."),
    "html with 200": _page(200),
    "error with 200": replace(_error(200, "model runner has stopped"), status=200),
    "error in stream": Play(
        pieces=(*_HALF, b'data: {"error": {"message": "out of memory", "code": 500}}\n\n'), finish=None
    ),
    "error first": Play(pieces=(b'data: {"error": {"message": "out of memory", "code": 500}}\n\n',), finish=None),
    "no choices": Play(
        pieces=(b'data: {"id": "x", "object": "chat.completion.chunk", "choices": []}\n\n',), finish=None
    ),
    "not json": Play(pieces=("The", b"data: {oops\n\n"), finish=None),
    "bad utf-8": Play(pieces=("The", b'data: {"choices": [{"delta": {"content": "\xff\xfe"}}]}\n\n'), finish=None),
    "json without stream": Play(
        body=json.dumps(
            {
                "id": "x",
                "object": "chat.completion",
                "model": "x",
                "created": 0,
                "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop"}],
            }
        ).encode(),
        headers={"Content-Type": "application/json"},
    ),
    "cut cleanly": Play(pieces=_HALF, finish=None, end="undone"),
    "done without finish": Play(pieces=_HALF, finish=None),
    "cut": Play(pieces=_HALF, finish=None, end="cut"),
    "reset": Play(pieces=_HALF, finish=None, end="reset"),
    "reset at once": Play(end="mute"),
    "silence": Play(wait=30),
    "silence after headers": Play(first=30),
    "silence midway": Play(pieces=_HALF, finish=None, end="hang"),
    "keep-alive only": Play(first=30, beat=0.1),
    "keep-alive midway": Play(pieces=_HALF, finish=None, end="hang", beat=0.1),
    "drip": Play(pieces=("drip ",) * 500, gap=0.1),
    "length": Play(pieces=_HALF, finish="length"),
    "filter": Play(pieces=_HALF, finish="content_filter"),
    "filter at once": Play(finish="content_filter"),
    "refusal": Play(pieces=({"refusal": "I can't help with that."},)),
    "empty": Play(),
    "blank": Play(pieces=(" \n", "\n ")),
    "thinking only": Play(pieces=("<think>", "The learner asks", " about hearts.")),
    "thinking closed": Play(pieces=("<think>The learner asks", "</think>", "\n")),
    "reasoning only": Play(pieces=({"reasoning_content": "The learner"}, {"reasoning_content": " asks"})),
    "tool call": Play(
        pieces=(
            {"tool_calls": [{"index": 0, "id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}]},
        ),
        finish="tool_calls",
    ),
    "redirect": Play(status=302, body=b"", headers={"Location": "http://127.0.0.1:9/v1/chat/completions"}),
}


def fault(name: str, **changes: Any) -> Play:
    """One of FAULTS, with `changes`."""
    return replace(FAULTS[name], **changes)


def echoed(key: str) -> dict[str, str]:
    """A key as servers give it back in their errors."""
    return {
        "key": key,
        "key64": base64.b64encode(f"me:{key}".encode()).decode(),
        "keyurl": quote(key, safe=""),
        "keyhex": key.encode().hex(),
        "keyhead": key[:8],
        "keytail": key[-8:],
    }


def free_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


VectorsFault = Callable[[list[dict[str, Any]]], list[dict[str, Any]]]


def vectors_fault(name: str) -> VectorsFault:
    """A change to the list of vectors: short, reordered, nan, dimension, empty."""
    changes: dict[str, VectorsFault] = {
        "short": lambda rows: rows[:-1],
        "reordered": lambda rows: rows[::-1],
        "nan": lambda rows: [{**row, "embedding": [float("nan"), *row["embedding"][1:]]} for row in rows],
        "dimension": lambda rows: [{**row, "embedding": row["embedding"][: 5 + i]} for i, row in enumerate(rows)],
        "empty": lambda rows: [{**row, "embedding": []} for row in rows],
    }
    return changes[name]


class Loopback:
    """The server. `answer` makes a Play of any chat request that no `play` was queued for."""

    def __init__(
        self, answer: Callable[[Request], Play] | None = None, models: Sequence[str] = ("test-model",)
    ) -> None:
        self.answer = answer or (lambda request: says("The cards say so [1]."))
        self.models = tuple(models)
        self.listed: dict[str, Any] = {}  # what else the list says of each model
        self.dimensions = 8
        self.vectors: VectorsFault = lambda rows: rows
        self.embedding_play: Play | None = None
        self.requests: list[Request] = []
        self.gone: list[float] = []  # when a client hung up before its reply was complete
        self._plays: deque[Play] = deque()
        self._lock = threading.Lock()
        self.stopping = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _Talk)
        self._server.double = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> "Loopback":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """What belongs in a profile's `base_url`."""
        return f"http://127.0.0.1:{self.port}/v1"

    def play(self, *plays: Play | str) -> "Loopback":
        """Queue what the next chat requests get; a text is a good reply."""
        with self._lock:
            self._plays.extend(says(play) if isinstance(play, str) else play for play in plays)
        return self

    @property
    def chats(self) -> list[Request]:
        """The chat requests so far."""
        return [request for request in self.requests if "/chat/completions" in request.path]

    def next_play(self, request: Request) -> Play:
        """The queued Play, else one that `answer` makes."""
        with self._lock:
            if self._plays:
                return self._plays.popleft()
        return self.answer(request)

    def note(self, request: Request) -> None:
        """Remember a request."""
        with self._lock:
            self.requests.append(request)


class _Server(ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = True
    block_on_close = False
    double: Loopback

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is no news."""


class _GoneError(Exception):
    """The client hung up, or the server stops."""


class _Talk(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: Any) -> None:
        """Tests are quiet."""

    def do_GET(self) -> None:  # the base class looks for this name
        request = self._take(b"{}")
        if request.path.endswith("/models"):
            rows = [
                {"id": name, "object": "model", "created": 0, "owned_by": "test", **self.server.double.listed}
                for name in self.server.double.models
            ]
            self._whole(Play(body=json.dumps({"object": "list", "data": rows}).encode()))
        else:
            self._whole(FAULTS["no such path"])

    def do_POST(self) -> None:  # the base class looks for this name
        request = self._take(self.rfile.read(int(self.headers.get("Content-Length", 0))))
        double = self.server.double
        try:
            path = request.path.split("?")[0]
            if path.endswith("/chat/completions"):
                self._chat(double.next_play(request), request)
            elif path.endswith("/responses"):
                self._respond(double.next_play(request), request)
            elif path.endswith("/embeddings"):
                play = double.embedding_play or Play(body=self._vectors(request))
                self._pause(play.wait)
                self._whole(play)
            else:
                self._whole(FAULTS["no such path"])
        except (OSError, _GoneError):
            if not double.stopping.is_set():
                double.gone.append(time.monotonic())
            self.close_connection = True

    def _take(self, raw: bytes) -> Request:
        try:
            content = json.loads(raw or b"{}")
        except ValueError:
            content = {"raw": raw.decode(errors="replace")}
        request = Request(
            method=self.command, path=self.path, headers=dict(self.headers.items()), json=content, at=time.monotonic()
        )
        self.server.double.note(request)
        return request

    def _vectors(self, request: Request) -> bytes:
        texts = request.json.get("input", [])
        texts = [texts] if isinstance(texts, str) else texts
        size = self.server.double.dimensions
        rows = [
            {
                "object": "embedding",
                "index": i,
                "embedding": [((hash_of(text) >> (4 * d)) % 16 - 7.5) / 8 for d in range(size)],
            }
            for i, text in enumerate(texts)
        ]
        rows = self.server.double.vectors(rows)
        usage = {"prompt_tokens": len(texts), "total_tokens": len(texts)}
        return json.dumps({"object": "list", "data": rows, "model": request.json.get("model"), "usage": usage}).encode()

    def _whole(self, play: Play) -> None:
        body = play.body or b""
        key = self.headers.get("Authorization", "").removeprefix("Bearer ")
        for name, form in echoed(key).items():
            body = body.replace(f"{{{name}}}".encode(), form.encode())
        self.send_response(play.status)
        headers = {"Content-Type": "application/json", **play.headers, "Content-Length": str(len(body))}
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _chat(self, play: Play, request: Request) -> None:
        self._pause(play.wait)
        if play.end == "mute":
            self._reset()
        elif play.body is not None:
            self._whole(play)
        elif not request.json.get("stream"):
            self._whole(replace(play, body=json.dumps(_completion(play, request)).encode()))
        else:
            self._stream(play, request)

    def _respond(self, play: Play, request: Request) -> None:
        """The same play in the events of the Responses API."""
        if play.body is not None:
            self._whole(play)
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        head = {"id": "r", "object": "response", "created_at": 0, "model": request.json["model"], "output": []}
        head |= {"parallel_tool_calls": True, "tool_choice": "auto", "tools": []}
        at = {"output_index": 0, "content_index": 0, "item_id": "m"}
        item = {"id": "m", "type": "message", "role": "assistant", "content": [], "status": "in_progress"}
        text = {"type": "output_text", "text": "", "annotations": []}
        events: list[dict[str, Any]] = [
            {"type": "response.created", "response": {**head, "status": "in_progress"}},
            {"type": "response.output_item.added", "output_index": 0, "item": item},
            {"type": "response.content_part.added", **at, "part": text},
            *({"type": "response.output_text.delta", **at, "delta": piece, "logprobs": []} for piece in play.pieces),
        ]
        cut = play.finish == "length"
        end = {**head, "status": "incomplete" if cut else "completed"}
        end["incomplete_details"] = {"reason": "max_output_tokens"} if cut else None
        end["usage"] = {"input_tokens": 7, "output_tokens": 3, "total_tokens": 10}
        end["usage"] |= {"input_tokens_details": {"cached_tokens": 0}, "output_tokens_details": {"reasoning_tokens": 0}}
        if play.finish is not None:
            events.append({"type": "response.incomplete" if cut else "response.completed", "response": end})
        for number, event in enumerate(events):
            named = {**event, "sequence_number": number}
            self._chunk(f"event: {event['type']}\ndata: {json.dumps(named)}\n\n".encode())
        self.wfile.write(b"0\r\n\r\n")

    def _stream(self, play: Play, request: Request) -> None:
        self.send_response(play.status)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self._pause(play.first, play.beat)
        for number, piece in enumerate(play.pieces):
            if number:
                self._pause(play.gap, play.beat)
            self._piece(piece, request)
        if play.end == "hang":
            self._pause(30, play.beat)
        elif play.end == "reset":
            self._pause(0.05)
            self._reset()
        elif play.end == "cut":
            self.close_connection = True  # no last chunk: the body is shorter than announced
        else:
            self._finish(play, request)

    def _finish(self, play: Play, request: Request) -> None:
        if play.finish is not None:
            self._event({"choices": [{"index": 0, "delta": {}, "finish_reason": play.finish}]}, request)
        if play.usage is not None and (request.json.get("stream_options") or {}).get("include_usage"):
            self._event({"choices": [], "usage": _usage(play, request)}, request)
        if play.end == "clean":
            self._chunk(b"data: [DONE]\n\n")
        self.wfile.write(b"0\r\n\r\n")

    def _piece(self, piece: str | dict[str, Any] | bytes, request: Request) -> None:
        if isinstance(piece, bytes):
            self._chunk(piece)
            return
        delta = {"content": piece} if isinstance(piece, str) else piece
        self._event({"choices": [{"index": 0, "delta": delta, "finish_reason": None}]}, request)

    def _event(self, content: dict[str, Any], request: Request) -> None:
        head = {"id": "x", "object": "chat.completion.chunk", "created": 0, "model": request.json.get("model", "")}
        self._chunk(b"data: " + json.dumps({**head, **content}).encode() + b"\n\n")

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.wfile.flush()

    def _pause(self, seconds: float, beat: float = 0.0) -> None:
        """Wait, watching for a client that hangs up; with `beat`, send keep-alive comments meanwhile."""
        end = time.monotonic() + seconds
        tick = time.monotonic() + beat
        while (left := end - time.monotonic()) > 0:
            self._look()
            if beat and time.monotonic() >= tick:
                self._chunk(b": still here\n\n")
                tick += beat
            time.sleep(min(left, 0.02))

    def _look(self) -> None:
        if self.server.double.stopping.is_set():
            raise _GoneError
        self.connection.setblocking(False)
        try:
            if self.connection.recv(1, socket.MSG_PEEK) == b"":
                raise _GoneError
        except BlockingIOError:
            pass
        finally:
            self.connection.setblocking(True)

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()


def hash_of(text: str) -> int:
    """A number that is the same in every process."""
    value = 14695981039346656037
    for byte in text.encode():
        value = ((value ^ byte) * 1099511628211) % 2**64
    return value


def _usage(play: Play, request: Request) -> dict[str, int]:
    prompt, reply = play.usage or (0, 0)
    prompt = prompt or len(request.text.split())
    reply = reply or sum(isinstance(piece, str) for piece in play.pieces)
    return {"prompt_tokens": prompt, "completion_tokens": reply, "total_tokens": prompt + reply}


def _completion(play: Play, request: Request) -> dict[str, Any]:
    text = "".join(piece for piece in play.pieces if isinstance(piece, str))
    extra = {key: value for piece in play.pieces if isinstance(piece, dict) for key, value in piece.items()}
    message = {"role": "assistant", "content": text or None, **extra}
    return {
        "id": "x",
        "object": "chat.completion",
        "created": 0,
        "model": request.json.get("model", ""),
        "choices": [{"index": 0, "message": message, "finish_reason": play.finish or "stop"}],
        "usage": _usage(play, request),
    }
