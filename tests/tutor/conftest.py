"""A clock that the test turns, a learner's real database, and a few plain cards."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from corpus.card import Card, KeyPoint, card_id
from tests import postgres
from tests.stocked import CACHE, with_graph
from tutor.learner import Learner, Store


class Clock:
    """Time that passes only when told to."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, **time: float) -> datetime:
        self.now += timedelta(**time)
        return self.now


def make_card(question: str, *points: str, deck: str = "Birds", index: int = 1) -> Card:
    return Card(
        id=card_id(question),
        deck=deck,
        index=index,
        question=question,
        answer="\n".join(points),
        key_points=tuple(KeyPoint(id=f"{at:06x}", text=point) for at, point in enumerate(points, 1)),
        path=f"/decks/{deck.lower()}.txt",
        line=index * 3,
    )


CARDS = (
    make_card("What does a hummingbird eat?", "nectar from flowers", "small insects", index=1),
    make_card("Where do puffins nest?", "in burrows on sea cliffs", index=2),
    make_card("Why do geese fly in a V?", "it saves energy", "they see each other", index=3),
    make_card("What is basalt?", "a dark volcanic rock", deck="Rocks", index=1),
    make_card("What is granite made of?", "quartz", "feldspar", "mica", deck="Rocks", index=2),
)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def cards() -> tuple[Card, ...]:
    return CARDS


@pytest.fixture(scope="session")
def cluster() -> Iterator[str]:
    """A PostgreSQL of one's own; the folder of its socket."""
    if postgres.programs() is None:
        pytest.skip(postgres.MISSING)
    with postgres.cluster() as folder:
        yield folder


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'tutor.db'}"


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    with Store.open(url) as opened:
        yield opened


@pytest.fixture
def learner(store: Store) -> Learner:
    return store.learner("me")


@pytest.fixture(scope="session")
def shared_cache(tmp_path_factory: pytest.TempPathFactory, graph_home: Path) -> Path:
    """A cache folder for all tests of a worker, with the embedder's graph."""
    return with_graph(tmp_path_factory.mktemp("home"), graph_home) / CACHE
