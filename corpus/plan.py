"""What a collection holds and what made it: the hash of all that names its folder; and its way to another process.

Reads and writes no vectors; `corpus.index` carries plans out.
"""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, fields
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryFile
from threading import Thread
from typing import Any

from corpus.chunk import Chunk
from corpus.cores import any_core
from corpus.embed import Embedder
from corpus.vectors import VectorCache, text_hash

__all__ = ["DISTANCE", "Plan", "hand_over", "plan_for", "plan_from_json", "plan_to_json"]

DISTANCE = "cosine"
_FORMAT = "1"


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """Chunk ids with the hashes of their texts, the embedder that makes their vectors, and where all of it lies."""

    folder: Path
    cache: Path
    embedder: str
    dimensions: int
    ids: tuple[str, ...]
    hashes: tuple[bytes, ...]
    made_by: str
    name: str
    url: str = ""  # of a Chroma server; empty where the collection lies in the folder

    @property
    def home(self) -> Path:
        """The folder of the collection once it is built."""
        return self.folder / f"index-{self.name}"


def plan_for(chunks: Sequence[Chunk], cache: VectorCache, embedder: Embedder, folder: Path, url: str = "") -> Plan:
    """The plan for these chunks; the same chunks, embedder and versions give the same name."""
    hashes = tuple(text_hash(chunk.text) for chunk in chunks)
    ids = tuple(chunk.id for chunk in chunks)
    made_by = " | ".join((_FORMAT, DISTANCE, cache.embedder, str(embedder.dimensions), version("chromadb")))
    content = sha256(made_by.encode())
    for one, name in zip(ids, hashes, strict=True):
        content.update(one.encode() + b"\x1f" + name)
    return Plan(
        folder=folder,
        cache=cache.path,
        embedder=cache.embedder,
        dimensions=embedder.dimensions,
        ids=ids,
        hashes=hashes,
        made_by=made_by,
        name=content.hexdigest()[:24],
        url=url,
    )


def plan_to_json(plan: Plan) -> dict[str, Any]:
    """The plan as a value that JSON can hold."""
    raw = {one.name: getattr(plan, one.name) for one in fields(plan)}
    return {**raw, "folder": str(plan.folder), "cache": str(plan.cache), "hashes": [name.hex() for name in plan.hashes]}


def plan_from_json(raw: dict[str, Any]) -> Plan:
    """The plan that `plan_to_json` wrote."""
    paths = {name: Path(raw[name]) for name in ("folder", "cache")}
    return Plan(**{**raw, **paths, "ids": tuple(raw["ids"]), "hashes": tuple(map(bytes.fromhex, raw["hashes"]))})


def hand_over(plan: Plan, module: str, function: str) -> "subprocess.Popen[bytes]":
    """Calls `function` of `module` with the plan in another process, which outlives this one if need be.

    The plan goes over as standard input, in a file without a name that nobody else can come upon. A thread waits for
    the process as long as this one lives and owns it: a process object that is dropped while its process runs warns.
    """
    code = (
        "import json, sys; from corpus.plan import plan_from_json; "
        f"from {module} import {function}; {function}(plan_from_json(json.load(sys.stdin)))"
    )
    paths = [str(Path(__file__).parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])]
    with TemporaryFile() as order, any_core():
        order.write(json.dumps(plan_to_json(plan)).encode("ascii"))
        order.seek(0)
        process = subprocess.Popen(
            [sys.executable, "-c", code],
            stdin=order,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        )
    Thread(target=process.wait, name=f"waits for {function}", daemon=True).start()
    return process
