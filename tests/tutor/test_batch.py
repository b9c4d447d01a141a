from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from corpus.card import Review
from corpus.read import read_deck
from tutor.assemble import Tutor, open_tutor
from tutor.batch import Batches
from tutor.config import load_settings
from tutor.errors import StoreError
from tutor.learner import Store

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.fixture
def tutor(home: Path) -> Iterator[Tutor]:
    with open_tutor(load_settings()) as opened:
        yield opened


def deck(home: Path, name: str, answer: str) -> Path:
    path = home / name
    path.write_text(f"What is basalt?\t{answer}\nWhat is granite?\tAn igneous rock\n")
    return path


def test_import_taken_back_removes_what_it_added(tutor: Tutor, home: Path) -> None:
    before = [one.path for one in tutor.decks]
    tutor.import_decks([deck(home, "rocks.tsv", "A rock"), deck(home, "stones.tsv", "A stone")])
    assert len(tutor.decks) == 2
    (batch,) = tutor.batches.all()
    assert batch.text == "import of rocks.tsv, stones.tsv"
    tutor.undo_import(batch)
    assert [one.path for one in tutor.decks] == before
    assert tutor.batches.all() == []


def test_import_taken_back_restores_what_it_replaced(tutor: Tutor, home: Path) -> None:
    (home / "rocks.tsv.points.json").write_text("{}")
    tutor.import_decks([deck(home, "rocks.tsv", "first")])
    (home / "rocks.tsv.points.json").unlink()
    tutor.import_decks([deck(home, "rocks.tsv", "second")])
    assert tutor.decks[0].cards[0].answer == "second"
    newest, first = tutor.batches.all()
    assert newest.text == "import of rocks.tsv (replaced)"
    with pytest.raises(StoreError, match="A later import stands on this one"):
        tutor.undo_import(first)
    tutor.undo_import(newest)
    assert tutor.decks[0].cards[0].answer == "first"
    assert (tutor.settings.data_dir / "decks" / "rocks.tsv.points.json").exists()


def test_import_that_fails_midway_leaves_the_library_as_it_was(tutor: Tutor, home: Path) -> None:
    tutor.import_decks([deck(home, "rocks.tsv", "first")])
    # A folder stands where the second file should go, so it cannot be copied after the first one was.
    (tutor.settings.data_dir / "decks" / "stones.tsv").mkdir()
    with pytest.raises(OSError, match="stones"):
        tutor.import_decks([deck(home, "rocks.tsv", "second"), deck(home, "stones.tsv", "x")])
    assert read_deck(tutor.settings.data_dir / "decks" / "rocks.tsv").cards[0].answer == "first"
    assert len(tutor.batches.all()) == 1


def test_reviews_that_came_along_count_until_the_import_is_taken_back(store: Store, tmp_path: Path, home: Path) -> None:
    cards = read_deck(deck(home, "rocks.tsv", "A rock"))
    told = tuple(
        Review(card=cards.cards[place % 2].id, when=NOW - timedelta(days=9 - place), button=3, seconds=4.0)
        for place in range(6)
    )
    learner = store.learner()
    learner.record("ask", id="open", at=NOW, card="x")
    batches = Batches(tmp_path / "imports", tmp_path / "decks")
    batch = batches.take_reviews(batches.begin(["rocks.tsv"], NOW), [replace(cards, reviews=told)], learner)
    assert len(learner.reviews()) == 6
    assert [review.at for review in learner.reviews(cards.cards[0].id)] == [told[place].when for place in (0, 2, 4)]
    assert learner.memories(cards.cards)[cards.cards[0].id].reviews == 3
    assert learner.history.last_action is None, "the session's own undo does not take them one by one"
    assert learner.history.open_ask == "open"
    second = batches.begin(["rocks.tsv"], NOW + timedelta(days=9))
    again = batches.take_reviews(second, [replace(cards, reviews=told)], learner)
    assert again.reviews == (), "all of them are in her log already"
    for one in (again, batch):
        batches.undo(one, store, NOW)
    assert learner.reviews() == ()
    assert learner.history.open_ask == "open"
    assert store.check() == ()
    anew = batches.begin(["rocks.tsv"], NOW + timedelta(days=10))
    batches.take_reviews(anew, [replace(cards, reviews=told)], learner)
    assert len(learner.reviews()) == 6, "imported once more they count once more"


def test_thirty_imports_can_be_taken_back(tmp_path: Path) -> None:
    batches = Batches(tmp_path / "imports", tmp_path / "decks")
    for place in range(35):
        batches.begin([f"deck-{place}.txt"], NOW + timedelta(seconds=place))
    assert [batch.added[0] for batch in batches.all()] == [f"deck-{place}.txt" for place in range(34, 4, -1)]


def test_description_that_was_damaged_hides_one_import_only(tmp_path: Path) -> None:
    batches = Batches(tmp_path / "imports", tmp_path / "decks")
    for place in range(3):
        batches.begin([f"deck-{place}.txt"], NOW + timedelta(seconds=place))
    (tmp_path / "imports" / batches.all()[1].id / "batch.json").write_text("{")
    assert [batch.added[0] for batch in batches.all()] == ["deck-2.txt", "deck-0.txt"]
