"""A Chroma collection, in a folder or on a server: filled, verified, and asked which chunks are nearest.

Trusts nothing it is told: the caller compares with the kept vectors. Holds ids and vectors, no text.
"""

import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from itertools import count
from pathlib import Path
from secrets import token_hex
from threading import RLock
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from corpus.cores import BESIDE
from corpus.errors import EmbeddingError
from corpus.plan import DISTANCE, Plan
from corpus.seal import read_json, write_json
from corpus.vectors import VectorCache

__all__ = ["SAME", "Opened", "build_remote", "fill", "reachable", "verify"]

Floats = NDArray[np.float32]

SAME = 2e-3  # Chroma's similarities may differ from exact ones by this much

_COLLECTION = "cards"
_BATCH = 5000  # Chroma takes 5461 at most
_SELF_QUERIES = 25
_KEPT = 2
_ROLL = "remote.json"  # the names of the collections that this folder had built on a server
_CONNECT, _REPLY = 1.0, 5.0  # seconds that a server is waited for
_OPENINGS = count()  # one collection may be open several times in one process


class Opened:
    """The opened collection of one plan; only read."""

    def __init__(self, client: Any, collection: Any, mark: Path | None) -> None:  # noqa: ANN401  Chroma is imported late
        self._client = client
        self._collection = collection
        self._mark = mark
        self._lock = RLock()

    @classmethod
    def folder(cls, plan: Plan) -> "Opened | None":
        """The collection in the plan's folder, which was verified; None where Chroma fails on it."""
        mark = plan.home / f"open-{os.getpid()}-{next(_OPENINGS)}"
        with _faults(), BESIDE.kept_on():
            mark.write_text("opening")
            client = _local(plan.home / "chroma")
            collection = client.get_collection(_COLLECTION, embedding_function=None)
            if collection.count() == len(plan.ids):
                mark.write_text("open")
                return cls(client, collection, mark)
        return None

    @classmethod
    def remote(cls, plan: Plan) -> "Opened | None":
        """The collection on the plan's server; None where it is not there, or not as the plan says."""
        with _faults(), ExitStack() as stack:
            client = _connect(plan.url)
            stack.callback(_close, client)
            if (collection := _find(client, plan)) is not None:
                stack.pop_all()
                return cls(client, collection, None)
        return None

    def nearest(self, vector: Floats, k: int) -> list[tuple[str, float]] | None:
        """Chunk ids with their cosine similarity, best first; None on any fault."""
        with self._lock, _faults():
            found = self._collection.query(query_embeddings=[vector], n_results=k, include=["distances"])
            return [(one, 1 - far) for one, far in zip(found["ids"][0], found["distances"][0], strict=True)]
        return None

    def discard(self) -> None:
        """Takes a collection that answered wrongly off its server."""
        with self._lock, _faults():
            self._client.delete_collection(self._collection.name)

    def close(self) -> None:
        """Closes the files or connections."""
        with self._lock, _faults():
            _close(self._client)
        if self._mark is not None:
            self._mark.unlink(missing_ok=True)


@contextmanager
def _faults() -> Iterator[None]:
    """Swallows what Chroma raises, its native panics included, which are no `Exception`; the caller sees no result."""
    try:
        yield
    except BaseException as error:
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise


def reachable(url: str) -> bool:
    """Whether anybody takes connections at `url`; Chroma's own client would wait for ever."""
    parts = urlsplit(url)
    with suppress(OSError), socket.create_connection((parts.hostname or "", _port(url)), timeout=_CONNECT):
        return True
    return False


def _port(url: str) -> int:
    parts = urlsplit(url)
    return parts.port or (443 if parts.scheme == "https" else 8000)


def _local(path: Path) -> Any:  # noqa: ANN401
    import chromadb
    from chromadb.config import Settings

    return chromadb.PersistentClient(str(path), settings=Settings(anonymized_telemetry=False))


def _connect(url: str) -> Any:  # noqa: ANN401
    """A client of the server at `url`, which is given up on after seconds where Chroma's own default is never."""
    import chromadb
    from chromadb.config import Settings

    parts = urlsplit(url)
    client = chromadb.HttpClient(
        host=parts.hostname or "",
        port=_port(url),
        ssl=parts.scheme == "https",
        settings=Settings(anonymized_telemetry=False),
    )
    _wait_at_most(client, _REPLY)
    return client


@contextmanager
def _server(url: str) -> Iterator[Any]:
    client = _connect(url)
    try:
        yield client
    finally:
        _close(client)


def _sessions(client: Any) -> list[Any]:  # noqa: ANN401
    """The connections of a server's client, for which it has neither a deadline nor an end; none in a folder."""
    servers = (getattr(client, "_server", None), getattr(getattr(client, "_admin_client", None), "_server", None))
    return [server._session for server in servers if server is not None and hasattr(server, "_session")]


def _wait_at_most(client: Any, seconds: float) -> None:  # noqa: ANN401
    for session in _sessions(client):
        session.timeout = seconds


def _close(client: Any) -> None:  # noqa: ANN401
    sessions = _sessions(client)
    client.close()
    for session in sessions:
        session.close()


def _remote_name(plan: Plan) -> str:
    return f"tutor-{plan.name}"


def _find(client: Any, plan: Plan) -> Any:  # noqa: ANN401
    """The server's collection of this plan, if it is there and as large as it should be."""
    from chromadb.errors import NotFoundError

    try:
        collection = client.get_collection(_remote_name(plan), embedding_function=None)
    except NotFoundError:
        return None
    right = (collection.metadata or {}).get("made_by") == plan.made_by and collection.count() == len(plan.ids)
    return collection if right else None


def fill(plan: Plan, path: Path, there: Mapping[str, str]) -> None:
    """Fills the collection in the folder `path`, which holds the chunks `there` already: ids with their hashes."""
    client = _local(path)
    if there:
        collection = client.get_collection(_COLLECTION, embedding_function=None)
    else:
        batches = {"sync_threshold": 2, "batch_size": 2}
        collection = client.create_collection(_COLLECTION, embedding_function=None, configuration=_hnsw(**batches))
    _put(plan, collection, there)
    client.close()


def _hnsw(**more: object) -> dict[str, Any]:
    return {"hnsw": {"space": DISTANCE, "ef_search": 400, **more}}


def _put(plan: Plan, collection: Any, there: Mapping[str, str]) -> None:  # noqa: ANN401
    cache = VectorCache(plan.cache, plan.embedder)
    wanted = dict(zip(plan.ids, plan.hashes, strict=True))
    gone = [one for one in there if one not in wanted]
    new = [one for one in plan.ids if there.get(one) != wanted[one].hex()]
    for start in range(0, len(gone), _BATCH):
        collection.delete(ids=gone[start : start + _BATCH])
    for start in range(0, len(new), _BATCH):
        part = new[start : start + _BATCH]
        vectors, missing = cache.matrix([wanted[one] for one in part], plan.dimensions)
        if missing:
            raise EmbeddingError(f"{plan.cache} lacks {len(missing)} vectors. Start the tutor again to make them.")
        collection.upsert(ids=part, embeddings=vectors)
    cache.close()


def verify(plan: Plan, path: Path) -> None:
    """Opens the collection in `path` afresh, counts it and asks for vectors that must come back first."""
    client = _local(path)
    _check(plan, client.get_collection(_COLLECTION, embedding_function=None), str(path))
    client.close()


def _check(plan: Plan, collection: Any, where: str) -> None:  # noqa: ANN401
    if collection.count() != len(plan.ids):
        raise EmbeddingError(f"{where} holds {collection.count()} chunks, expected {len(plan.ids)}.")
    cache = VectorCache(plan.cache, plan.embedder)
    step = max(1, len(plan.ids) // _SELF_QUERIES)
    vectors, _ = cache.matrix(plan.hashes[::step], plan.dimensions)
    cache.close()
    for one, vector in zip(plan.ids[::step], vectors, strict=True):
        found = collection.query(query_embeddings=[vector], n_results=1, include=["distances"])
        if found["ids"][0] != [one] and not (found["ids"][0] and found["distances"][0][0] < SAME):
            raise EmbeddingError(f"{where} does not find chunk {one} by its own vector.")


def build_remote(plan: Plan) -> None:
    """Builds the collection on the plan's server under another name, verifies it, and gives it its own by one call.

    What this folder had built before is deleted, but for the newest; so is what a killed build left.
    """
    from chromadb.errors import NotFoundError

    roll, name = plan.folder / _ROLL, _remote_name(plan)
    with _server(plan.url) as client:
        _wait_at_most(client, 60.0)  # a batch of vectors takes longer than a question
        if _find(client, plan) is not None:
            return
        known = [one for one in read_json(roll).get(plan.url, []) if isinstance(one, str)]
        aside = f"{name}-{token_hex(4)}"
        write_json(roll, {**read_json(roll), plan.url: [*known, aside]})
        made = client.create_collection(
            aside, embedding_function=None, metadata={"made_by": plan.made_by}, configuration=_hnsw()
        )
        _put(plan, made, {})
        _check(plan, made, f"{aside} at {plan.url}")
        kept = [one for one in known if one != name and "-" not in one.removeprefix("tutor-")][-(_KEPT - 1) :]
        for old in {name, *known} - set(kept):
            with suppress(NotFoundError):
                client.delete_collection(old)
        made.modify(name=name)
        write_json(roll, {**read_json(roll), plan.url: [*kept, name]})
