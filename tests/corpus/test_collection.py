"""Collections on a real Chroma server, started here; those in folders are tested with the index."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from corpus.chunk import Chunk
from corpus.collection import _server, reachable
from corpus.index import Index
from tests.loopback import free_port

CHROMA = Path(sys.executable).with_name("chroma")


def chunks(count: int, *, edited: int | None = None) -> tuple[Chunk, ...]:
    texts = [f"What is thing {n} of {n * 7919 % 1009}?\nIt is the {n * n % 997}th of its kind" for n in range(count)]
    if edited is not None:
        texts[edited] += ", as was found out later"
    return tuple(
        Chunk(id=f"c{n}", card=f"c{n}", deck="d", path="deck.txt", part=0, text=text) for n, text in enumerate(texts)
    )


class Server:
    """`chroma run` on a port of its own, which can be stopped and started again on the same data."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._command = [str(CHROMA), "run", "--path", str(folder), "--host", "127.0.0.1", "--port", str(self.port)]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.monotonic() + 30
        while not reachable(self.url) and time.monotonic() < end:
            time.sleep(0.05)

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def names(self) -> set[str]:
        with self.client() as client:
            return {collection.name for collection in client.list_collections()}

    def client(self) -> AbstractContextManager[Any]:
        return _server(self.url)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("chroma"))
    running.start()
    yield running
    running.stop()


Opens = Callable[..., Index]


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def opens(tmp_path: Path, letters: object, server: Server, told: list[str]) -> Iterator[Opens]:
    opened: list[Index] = []

    def open_(made: Sequence[Chunk], folder: str = "index", **more: object) -> Index:
        given = {"url": server.url, "tell": told.append, **more}
        index = Index.open(made, letters, tmp_path / folder, **given)  # type: ignore[arg-type]
        opened.append(index)
        return index

    yield open_
    for index in opened:
        index.close()


def asked(index: Index, letters: Any, made: Sequence[Chunk]) -> list[tuple[str, float]]:
    return index.nearest(letters.embed([made[3].text])[0], 5)


def test_server_is_filled_once_and_answers_as_exact_search_does(
    opens: Opens, letters: object, server: Server, told: list[str]
) -> None:
    made = chunks(60)
    index = opens(made)
    exact = asked(index, letters, made)
    assert index.wait(60)
    assert index.serving == "chroma"
    remote = asked(index, letters, made)
    assert index.serving == "chroma"
    assert remote[0][0] == exact[0][0] == "c3"
    assert {one for one, _ in remote} == {one for one, _ in exact}
    assert np.allclose([near for _, near in remote], [near for _, near in exact], atol=1e-4)
    assert told == []
    assert len([name for name in server.names() if name.startswith("tutor-")]) == 1
    other = opens(made, "elsewhere")
    assert other.serving == "chroma"
    assert other._builder is None


def test_edited_cards_get_a_collection_of_their_own_and_old_ones_go(opens: Opens, server: Server) -> None:
    before = server.names()
    for edited in (7, 8, 9):
        assert opens(chunks(50, edited=edited)).wait(60)
    assert len(server.names() - before) == 2
    assert not [name for name in server.names() if name.count("-") > 1]


def test_server_that_goes_away_is_told_once_and_searched_without(
    opens: Opens, letters: object, server: Server, told: list[str]
) -> None:
    made = chunks(40)
    index = opens(made)
    assert index.wait(60)
    found = asked(index, letters, made)
    server.stop()
    begun = time.monotonic()
    assert [one for one, _ in asked(index, letters, made)] == [one for one, _ in found]
    assert time.monotonic() - begun < 3
    assert index.serving == "exact"
    assert server.url in told[0]
    assert "does not answer" in told[0]
    fresh = opens(made, "fresh")
    assert asked(fresh, letters, made)[0][0] == "c3"
    assert fresh._builder is None
    server.start()
    assert index.wait(60)
    assert index.serving == "chroma"
    assert asked(index, letters, made)[0][0] == "c3"


def test_collection_that_was_tampered_with_is_noticed_and_built_anew(
    opens: Opens, letters: Any, server: Server
) -> None:
    made = chunks(30)
    index = opens(made)
    assert index.wait(60)
    [name] = [name for name in server.names() if index._plan.name in name]
    with server.client() as client:
        collection = client.get_collection(name, embedding_function=None)
        vector = letters.embed([made[3].text])[0]
        collection.update(ids=["c3", "c9"], embeddings=[-vector, vector])
    assert asked(index, letters, made)[0][0] == "c3"
    assert index.wait(60)
    assert index.serving == "chroma"
    assert asked(index, letters, made)[0][0] == "c3"
    assert index.serving == "chroma"


def test_no_text_of_a_card_lies_on_the_server(opens: Opens, server: Server) -> None:
    index = opens(chunks(20))
    assert index.wait(60)
    with server.client() as client:
        kept = client.get_collection(f"tutor-{index._plan.name}", embedding_function=None).get()
    assert not any(kept["documents"] or ())
    assert not any(kept["metadatas"] or ())
    assert "thing" not in repr(kept)
