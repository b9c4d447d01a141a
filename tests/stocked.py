"""Homes where a tutor was at work before: what its first start takes seconds to make is copied, and not made anew.

Most tests are about something else than the first start; those that are about it begin in an empty home.
"""

import os
import shutil
from pathlib import Path

from corpus.minilm import MiniLM
from tutor.assemble import open_tutor
from tutor.config import load_settings

CACHE, INDEX = Path("cache", "flashcard-tutor"), Path("data", "flashcard-tutor", "index")


def make_graph(home: Path) -> None:
    """The embedder's graph, where there is none yet."""
    if not any((home / CACHE / "minilm").glob("*.json")):
        MiniLM.load(home / CACHE)


def make_index(home: Path) -> None:
    """The index of the bundled decks, where there is none yet: vectors, and the collection that is built aside."""
    if not (home / INDEX / "current.json").exists():
        folders = {f"XDG_{name}_HOME": str(home / name.lower()) for name in ("DATA", "CACHE")}
        with open_tutor(load_settings(environ=folders)) as tutor:
            assert tutor.retriever.index is not None
            assert tutor.retriever.index.wait(90)


def with_graph(home: Path, made: Path) -> Path:
    """`home`, with the graph that lies in the home `made`; it is 90 MB and never written to, so it is linked."""
    shutil.copytree(made / CACHE / "minilm", home / CACHE / "minilm", copy_function=os.link)
    return home


def with_index(home: Path, made: Path) -> Path:
    """`home`, with the graph and the index that lie in the home `made`."""
    shutil.copytree(made / INDEX, home / INDEX)
    return with_graph(home, made)
