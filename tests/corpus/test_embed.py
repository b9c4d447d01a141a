import json
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import numpy as np
import pytest

from corpus.embed import OpenAIEmbedder
from corpus.errors import EmbeddingError

Twist = Callable[[list[dict[str, Any]]], Any]


class EmbeddingServer:
    """A loopback server that speaks /v1/embeddings; `twist` changes what it sends."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.twist: Twist = lambda data: data
        self.status = 200
        outer = self

        class Web(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.requests.append(asked)
                data = [
                    {
                        "object": "embedding",
                        "index": i,
                        "embedding": [float(len(t) - 2), float(ord(t[0]) - 98), 1.0, 0.5],
                    }
                    for i, t in enumerate(asked["input"])
                ]
                body = {"object": "list", "model": asked["model"], "data": outer.twist(data), "usage": {}}
                raw = json.dumps(body).encode()
                self.send_response(outer.status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Web)
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"
        Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def server() -> Iterator[EmbeddingServer]:
    server = EmbeddingServer()
    yield server
    server.close()


@pytest.fixture
def embedder(server: EmbeddingServer) -> OpenAIEmbedder:
    return OpenAIEmbedder("small", server.url, batch=2)


def test_texts_are_sent_as_text_in_batches_and_come_back_as_unit_rows(
    server: EmbeddingServer, embedder: OpenAIEmbedder
) -> None:
    rows = embedder.embed(["a", "bb", "ccc"])
    assert rows.shape == (3, 4)
    assert np.allclose(np.linalg.norm(rows, axis=1), 1)
    assert [request["input"] for request in server.requests] == [["a", "bb"], ["bb"], ["ccc"]]
    assert {request["encoding_format"] for request in server.requests} == {"float"}
    assert embedder.dimensions == 4
    assert embedder.identity == f"{server.url} small"


def test_numbered_vectors_are_put_in_the_order_of_the_texts(server: EmbeddingServer, embedder: OpenAIEmbedder) -> None:
    straight = embedder.embed(["a", "bb"])
    server.twist = lambda data: data[::-1]
    assert np.array_equal(embedder.embed(["a", "bb"]), straight)
    assert not np.allclose(straight[0], straight[1])


def _renumbered(data: list[dict[str, Any]]) -> list[dict[str, Any]]:
    vectors = [one["embedding"] for one in data][::-1]
    return [{**one, "embedding": vector} for one, vector in zip(data, vectors, strict=True)]


@pytest.mark.parametrize(
    ("twist", "message"),
    [
        (lambda data: data[:-1], "1 vectors for 2 texts|0 vectors for 1 texts"),
        (lambda data: [{**one, "index": 0} for one in data], "numbered 2 vectors"),
        (_renumbered, "in another order than the texts"),
        (lambda data: [{**one, "embedding": [float("nan")] * 4} for one in data], "zero or not finite"),
        (lambda data: [{**one, "embedding": [0.0] * 4} for one in data], "zero or not finite"),
        (
            lambda data: [{**one, "embedding": [1.0] * (4 - one["index"])} for one in data],
            "no lists of as many numbers",
        ),
        (lambda data: [{**one, "embedding": "text"} for one in data], "no lists|gave no vectors"),
        (lambda data: [{**one, "embedding": [1.0]} for one in data] if len(data) == 1 else data, "shape"),
        (lambda data: None, "no list of|gave no vectors"),
        (lambda data: "?", "no list of|gave no vectors"),
    ],
)
def test_a_wrong_reply_is_refused(
    twist: Twist, message: str, server: EmbeddingServer, embedder: OpenAIEmbedder
) -> None:
    server.twist = twist
    with pytest.raises(EmbeddingError, match=message):
        embedder.embed(["a", "bb"])


def test_vectors_of_another_length_later_on_are_refused(server: EmbeddingServer, embedder: OpenAIEmbedder) -> None:
    embedder.embed(["a", "bb"])
    server.twist = lambda data: [{**one, "embedding": [1.0] * 8} for one in data]
    with pytest.raises(EmbeddingError, match="expected 4 numbers"):
        embedder.embed(["a", "bb"])


def test_a_refusing_server_gives_one_plain_error(server: EmbeddingServer, embedder: OpenAIEmbedder) -> None:
    server.status = 401
    with pytest.raises(EmbeddingError, match=r"gave no vectors from 'small'.*tutor\.toml"):
        embedder.embed(["a"])


def test_an_unreachable_server_gives_one_plain_error() -> None:
    with pytest.raises(EmbeddingError, match="gave no vectors"):
        OpenAIEmbedder("small", "http://127.0.0.1:9/v1", timeout=2).embed(["a"])
