"""What a collection holds and what made it: the hash of all that names its folder.

Reads and writes no vectors; `corpus.index` carries plans out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

from corpus.chunk import Chunk
from corpus.embed import Embedder
from corpus.vectors import VectorCache, text_hash

__all__ = ["DISTANCE", "Plan", "plan_for", "plan_from_json", "plan_to_json"]

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

    @property
    def home(self) -> Path:
        """The folder of the collection once it is built."""
        return self.folder / f"index-{self.name}"


def plan_for(chunks: Sequence[Chunk], cache: VectorCache, embedder: Embedder, folder: Path) -> Plan:
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
    )


def plan_to_json(plan: Plan) -> dict[str, Any]:
    """The plan as a value that JSON can hold."""
    return {
        "folder": str(plan.folder),
        "cache": str(plan.cache),
        "embedder": plan.embedder,
        "dimensions": plan.dimensions,
        "ids": plan.ids,
        "hashes": [name.hex() for name in plan.hashes],
        "made_by": plan.made_by,
        "name": plan.name,
    }


def plan_from_json(raw: dict[str, Any]) -> Plan:
    """The plan that `plan_to_json` wrote."""
    return Plan(
        folder=Path(raw["folder"]),
        cache=Path(raw["cache"]),
        embedder=raw["embedder"],
        dimensions=raw["dimensions"],
        ids=tuple(raw["ids"]),
        hashes=tuple(bytes.fromhex(name) for name in raw["hashes"]),
        made_by=raw["made_by"],
        name=raw["name"],
    )
