"""The vectors of all chunks, kept on disk, and the Chroma collection that answers "which are nearest".

The collection is a cache, in our folder or on a Chroma server: built aside by another process, verified, switched in by
one rename, rebuilt when in doubt; meanwhile the kept vectors are searched exactly. Knows nothing of words.
"""

import math
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from threading import RLock

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from corpus.chunk import Chunk
from corpus.collection import SAME, Opened, build_remote, fill, reachable, verify
from corpus.embed import Embedder, WordEmbedder
from corpus.errors import IndexBusyError
from corpus.plan import Plan, hand_over, plan_for
from corpus.rerank import RECIPE, States, embedded, unpack
from corpus.seal import names, point, read_json, seal, sealed, sweep, unseal, write_json
from corpus.vectors import VectorCache, cosines, largest

__all__ = ["Index", "Progress", "Tell"]

Floats = NDArray[np.float32]
# Called with texts embedded so far and texts to embed; not called where there is nothing to embed.
Progress = Callable[[int, int], None]
# A chunk's vector and the states of its words.
Kept = tuple[Floats, States]
# Told a plain sentence when a collection on a server cannot be reached.
Tell = Callable[[str], None]

_BATCH = 512  # texts embedded between two commits
_SMALL = 500  # so few texts are embedded even where another process holds the lock
_KEPT_FOLDERS = 2
_MOST_DIFFERENT = 0.2  # a copy is changed where at most this share of the chunks differs
_WIDE = 300
_MOST_DOUBTS = 3  # then exact search serves for as long as this process lives
_RECENT = 1500  # rows kept in memory, about 17 kB each
_AGAIN, _AGAIN_REMOTE = 2.0, 15.0  # seconds until a collection that is not there is looked for again


class Index:
    """Chunks by their vectors. `open` it; it may be used from several threads and by several processes."""

    def __init__(self, chunks: Sequence[Chunk], embedder: Embedder, cache: VectorCache, plan: Plan) -> None:
        self._chunks = tuple(chunks)
        self._embedder = embedder
        self._cache = cache
        self._plan = plan
        self._places = {chunk.id: place for place, chunk in enumerate(chunks)}
        self._vectors: Floats | None = None
        self._recent: dict[bytes, Kept] = {}
        self._store: Opened | None = None
        self._tell: Tell | None = None
        self._doubts = 0
        self._good = False  # verified, and not opened since
        self._look_again = 0.0
        self._builder: subprocess.Popen[bytes] | None = None
        self._lock = RLock()

    @classmethod
    def open(
        cls,
        chunks: Sequence[Chunk],
        embedder: Embedder,
        folder: Path,
        progress: Progress | None = None,
        *,
        build: bool = True,
        url: str = "",
        tell: Tell | None = None,
    ) -> "Index":
        """The index of these chunks in `folder`. Embeds what was never embedded; goes on where a killed run stopped.

        `build=False` starts no build of the collection, where a caller wants none running after its exit. With `url`
        the collection lies on that Chroma server; `tell` is told in a sentence while it cannot be reached.

        Raises:
            EmbeddingError: vectors cannot be made.
            IndexBusyError: much is to be embedded and another process is at it.
        """
        recipe = f"{embedder.identity}/{RECIPE}" if isinstance(embedder, WordEmbedder) else embedder.identity
        cache = VectorCache(folder / "vectors.sqlite3", recipe)
        plan = plan_for(chunks, cache, embedder, folder, url)
        index = cls(chunks, embedder, cache, plan)
        index._tell = tell
        index._fill(progress)
        index._good = not url and _verified(plan)
        if build and chunks and not url and not index._good:
            index._start_build()  # one on a server is looked for at the first search
        return index

    def close(self) -> None:
        """Closes the files. A build that runs goes on by itself and ends by itself."""
        with self._lock:
            if self._store is not None:
                self._store.close()
                self._store = None
            self._cache.close()

    def wait(self, seconds: float = 600.0) -> bool:
        """Waits for a build that this index started; whether the collection is there to answer."""
        self._look_again = 0.0
        if self._opened() is not None:
            return True
        if self._builder is not None:
            with suppress(subprocess.TimeoutExpired):
                self._builder.wait(seconds)
        self._look_again = 0.0
        return self._opened() is not None

    @property
    def serving(self) -> str:
        """What would answer now: "chroma" or "exact"."""
        return "chroma" if self._opened() is not None else "exact"

    @property
    def vectors(self) -> Floats:
        """All vectors in the chunks' order, shape (n, dimensions), read from disk once."""
        with self._lock:
            if self._vectors is None:
                found, missing = self._cache.matrix(self._plan.hashes, self._plan.dimensions)
                lost = set(missing)
                for place, name in enumerate(self._plan.hashes if lost else ()):
                    if name in lost:
                        found[place] = self.kept([self._chunks[place].id])[0][0]
                self._vectors = found
            return self._vectors

    def place(self, chunk_id: str) -> int:
        """Where a chunk stands among those that were given."""
        return self._places[chunk_id]

    def nearest(self, vector: Floats, k: int, inside: NDArray[np.bool_] | None = None) -> list[tuple[str, float]]:
        """The ids of the `k` nearest chunks with their cosine similarity, best first.

        `inside` says which chunks to look at, shape (n,). Chroma's own filters are slower than looking at every vector,
        so it is asked for more and, where few of them are left, the search is exact.
        """
        store = self._opened()
        if store is not None:
            wide = k if inside is None else max(_WIDE, 4 * k)
            found = store.nearest(vector, min(len(self._chunks), wide))
            if found is None and self._plan.url:
                self._lost(store)
            elif found is None or not self._agrees(vector, found, k):
                self._doubt()
            else:
                chosen = [(one, near) for one, near in found if inside is None or inside[self._places[one]]]
                if inside is None or len(chosen) >= k or len(found) == len(self._chunks):
                    return chosen[:k]
        return self.exact(vector, k, inside)

    def kept(self, ids: Sequence[str]) -> list[Kept]:
        """Vector and word states of each chunk; a row that was damaged on disk is embedded again."""
        names = {one: self._plan.hashes[self._places[one]] for one in ids}
        with self._lock:
            if len(self._recent) > _RECENT:
                self._recent.clear()
            if wanted := [name for name in names.values() if name not in self._recent]:
                self._remember(self._cache.fetch(wanted))
            lost = {
                name: self._chunks[self._places[one]].text for one, name in names.items() if name not in self._recent
            }
            if lost:
                vectors, states = embedded(self._embedder, list(lost.values()))
                self._remember(dict(zip(lost, zip(vectors, states, strict=True), strict=True)))
            return [self._recent[names[one]] for one in ids]

    def _remember(self, rows: Mapping[bytes, tuple[Floats, bytes]]) -> None:
        states = unpack([packed for _, packed in rows.values()])
        self._recent.update((name, (row[0], told)) for (name, row), told in zip(rows.items(), states, strict=True))

    def exact(self, vector: Floats, k: int, inside: NDArray[np.bool_] | None = None) -> list[tuple[str, float]]:
        """What `nearest` gives, by a look at every vector."""
        similar = cosines(self.vectors, vector)
        if inside is not None:
            similar = np.where(inside, similar, -np.inf)
        best = largest(similar, k)
        near = zip(best.tolist(), similar[best].tolist(), strict=True)
        return [(self._chunks[at].id, alike) for at, alike in near if math.isfinite(alike)]

    def _agrees(self, vector: Floats, found: Sequence[tuple[str, float]], k: int) -> bool:
        """Whether Chroma's best results are as near as it says, by the vectors that we keep.

        All that will be asked for next is read at once.
        """
        if not found or any(one not in self._places for one, _ in found):
            return False
        kept = self.kept([one for one, _ in found[:k]])
        return all(
            abs(float(row @ vector) - near) <= SAME for (row, _), (_, near) in zip(kept[:3], found, strict=False)
        )

    def _fill(self, progress: Progress | None) -> None:
        """Embeds what has no vector yet, a batch and a commit at a time."""
        first = {name: chunk.text for name, chunk in zip(self._plan.hashes, self._chunks, strict=True)}
        missing = self._cache.missing(self._plan.hashes)
        if not missing:
            return
        todo = [name for name in first if name in missing]
        try:
            with FileLock(self._plan.folder / "write.lock", timeout=0):
                for start in range(0, len(todo), _BATCH):
                    part = todo[start : start + _BATCH]
                    self._cache.put(part, *embedded(self._embedder, [first[name] for name in part]))
                    if progress is not None:
                        progress(min(start + _BATCH, len(todo)), len(todo))
                self._cache.forget_others(self._plan.hashes)
        except Timeout:
            if len(todo) > _SMALL:
                raise IndexBusyError(
                    f"Another process is indexing in {self._plan.folder}, and {len(todo)} cards are not embedded yet. "
                    "Wait for it to finish, or close it, and start again."
                ) from None
            self._cache.put(todo, *embedded(self._embedder, [first[name] for name in todo]))

    def _opened(self) -> Opened | None:
        """The verified collection, opened at the first need and looked for again after some seconds."""
        with self._lock:
            if self._store is None and time.monotonic() > self._look_again and self._chunks:
                self._look_again = time.monotonic() + (_AGAIN_REMOTE if self._plan.url else _AGAIN)
                self._store = self._open_remote() if self._plan.url else self._open_folder()
            return self._store

    def _open_folder(self) -> Opened | None:
        good, self._good = self._good, False
        if not good and not _verified(self._plan):
            return None
        store = Opened.folder(self._plan)
        if store is None:
            self._doubt()
        return store

    def _open_remote(self) -> Opened | None:
        if not reachable(self._plan.url):
            self._say_unreachable()
            return None
        store = Opened.remote(self._plan)
        if store is None and self._doubts <= _MOST_DOUBTS:
            self._look_again = time.monotonic() + _AGAIN
            self._start_build()
        return store

    def _say_unreachable(self) -> None:
        if self._tell is not None:
            self._tell(
                f"The Chroma server at {self._plan.url} does not answer. Searches go on over the vectors kept on this "
                "machine, with the same results; look at [index] url, or start the server."
            )

    def _lost(self, store: Opened) -> None:
        """Goes on without a server that stopped answering, and looks for it again later."""
        with self._lock:
            store.close()
            self._store = None
            self._look_again = time.monotonic() + _AGAIN_REMOTE
        self._say_unreachable()

    def _doubt(self) -> None:
        """Gives the collection up and has it built anew."""
        with self._lock:
            if self._store is not None:
                if self._plan.url:
                    self._store.discard()
                self._store.close()
                self._store = None
            unseal(self._plan.home)
            self._doubts += 1
            if self._doubts <= _MOST_DOUBTS:
                self._start_build()

    def _start_build(self) -> None:
        with self._lock:
            if self._builder is not None and self._builder.poll() is None:
                return
            self._builder = hand_over(self._plan, "corpus.index", "build")


def _verified(plan: Plan) -> bool:
    return plan.name in names(plan.folder) and sealed(plan.home, plan.home / "chroma", plan.name)


def build(plan: Plan) -> None:
    """Builds the collection that a plan describes, in a process of its own: aside, verified, switched in.

    A killed build leaves nothing that is read; the next one starts where the kept vectors are.
    """
    with FileLock(plan.folder / "write.lock", timeout=600):
        if plan.url:
            build_remote(plan)
        elif not _verified(plan):
            _build_folder(plan)


def _build_folder(plan: Plan) -> None:
    aside = plan.folder / f"building-{plan.name}-{os.getpid()}"
    sweep(plan.folder, _KEPT_FOLDERS)
    fill(plan, aside / "chroma", _start_from(plan, aside / "chroma"))
    verify(plan, aside / "chroma")
    rows = dict(zip(plan.ids, (name.hex() for name in plan.hashes), strict=True))
    write_json(aside / "rows.json", rows)
    seal(aside, aside / "chroma", {"name": plan.name, "made_by": plan.made_by, "count": len(plan.ids)})
    shutil.rmtree(plan.home, ignore_errors=True)
    os.replace(aside, plan.home)
    point(plan.folder, plan.name, _KEPT_FOLDERS)
    sweep(plan.folder, _KEPT_FOLDERS)


def _start_from(plan: Plan, path: Path) -> dict[str, str]:
    """Copies a good collection of the same make to `path` where few cards differ; ids with their hashes, or nothing."""
    wanted = dict(zip(plan.ids, plan.hashes, strict=True))
    for name in names(plan.folder):
        home = plan.folder / f"index-{name}"
        rows = read_json(home / "rows.json")
        differ = sum(rows.get(one) != content.hex() for one, content in wanted.items())
        gone = sum(one not in wanted for one in rows)
        same_make = read_json(home / "manifest.json").get("made_by") == plan.made_by
        if same_make and differ + gone <= len(wanted) * _MOST_DIFFERENT and sealed(home, home / "chroma", name):
            shutil.copytree(home / "chroma", path)
            return rows
    path.mkdir(parents=True)
    return {}
