"""Key points that a person wrote beside a deck."""

import json
from pathlib import Path

import pytest

from corpus.card import card_id
from corpus.read import read_deck, read_decks


@pytest.fixture
def deck_file(tmp_path: Path) -> Path:
    path = tmp_path / "deck.csv"
    path.write_text("question,answer\nWhat is DNA?,a molecule that stores genes\nWhat is RNA?,another one\n")
    return path


def override(deck_file: Path, told: object) -> None:
    Path(f"{deck_file}.points.json").write_text(told if isinstance(told, str) else json.dumps(told))


def test_points_by_question_or_id_replace_the_split_ones(deck_file: Path) -> None:
    override(deck_file, {"what is  DNA?": ["a molecule", {"text": "stores genes", "head": "what for"}],
                         card_id("What is RNA?"): ["like DNA"]})  # fmt: skip
    deck = read_deck(deck_file)
    assert [[(p.text, p.head) for p in card.key_points] for card in deck.cards] == [
        [("a molecule", ""), ("stores genes", "what for")],
        [("like DNA", "")],
    ]
    assert not deck.findings


def test_points_outlive_a_new_answer(deck_file: Path) -> None:
    override(deck_file, {"What is RNA?": ["mine"]})
    deck_file.write_text("question,answer\nNew?,yes\nWhat is RNA?,an acid\n")
    assert [point.text for card in read_deck(deck_file).cards for point in card.key_points] == ["yes", "mine"]


def test_points_for_no_card_are_a_finding(deck_file: Path) -> None:
    override(deck_file, {"What is XNA?": ["x"]})
    deck = read_deck(deck_file)
    assert [finding.kind for finding in deck.findings] == ["uncertain"]
    assert "What is XNA?" in deck.findings[0].message


@pytest.mark.parametrize("told", ["{", "[1]", {"What is DNA?": "one"}, {"What is DNA?": [1]}, "[" * 100_000])
def test_damaged_override_is_a_finding_and_the_deck_is_read(deck_file: Path, told: object) -> None:
    override(deck_file, told)
    deck = read_deck(deck_file)
    assert len(deck) == 2
    assert [finding.kind for finding in deck.findings] == ["skipped"]


def test_override_files_are_no_decks_of_a_folder(deck_file: Path) -> None:
    override(deck_file, {"What is DNA?": ["a molecule"]})
    assert [deck.name for deck in read_decks([deck_file.parent])] == ["deck"]
