"""What every test shares: a shut network, private folders, the bundled decks, and what is slow to make, made once."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock
from pytest_socket import disable_socket, enable_socket, socket_allow_hosts

from corpus.minilm import MiniLM
from tests import stocked


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes() -> None:
    """What the workers, and the hundreds of processes that they start, find in their environment."""
    # The workers share the cores, and the threads of one would spin on those that another needs.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    # Else each of these processes would compile every module of ours anew.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


@pytest.fixture(autouse=True)
def _shut_network() -> Iterator[None]:
    """Only loopback and Unix sockets may be used; anything else fails the test at once."""
    disable_socket(allow_unix_socket=True)
    enable_socket()
    socket_allow_hosts(["127.0.0.1", "::1", "localhost"], allow_unix_socket=True)
    yield
    enable_socket()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home for one test: user folders lie in it, and no variable of the real one is seen."""
    for name in ("DATA", "CONFIG", "CACHE", "STATE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def bundled() -> tuple[Path, ...]:
    """The deck files that ship with the product."""
    return tuple(sorted((Path(__file__).parents[1] / "corpus" / "decks").glob("*.txt")))


@pytest.fixture(scope="session")
def graph_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the embedder's graph, for `tests.stocked`; the workers of one run share it."""
    base = tmp_path_factory.getbasetemp()
    home = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "stocked"
    home.mkdir(exist_ok=True)
    with FileLock(home / "graph.lock"):
        stocked.make_graph(home)
    return home


@pytest.fixture(scope="session")
def index_home(graph_home: Path) -> Path:
    """The same home once the bundled decks are indexed in it."""
    with FileLock(graph_home / "index.lock"):
        stocked.make_index(graph_home)
    return graph_home


@pytest.fixture
def indexed(tmp_path: Path, index_home: Path) -> Path:
    """The test's own folder as a home in which the bundled decks are indexed already."""
    return stocked.with_index(tmp_path, index_home)


@pytest.fixture(scope="session")
def minilm_cache(graph_home: Path) -> Path:
    """The folder that the built-in embedder is opened from."""
    return graph_home / stocked.CACHE


@pytest.fixture(scope="session")
def minilm(minilm_cache: Path) -> MiniLM:
    """The built-in embedder, opened once."""
    return MiniLM.load(minilm_cache)
