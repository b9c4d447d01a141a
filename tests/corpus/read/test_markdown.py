"""Cards in Markdown notes, and code that only looks like cards."""

from pathlib import Path

import pytest

from corpus.card import Deck
from corpus.errors import DeckError
from corpus.read import read_deck


def deck_of(folder: Path, text: str, name: str = "note.md") -> Deck:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return read_deck(path)


def texts(deck: Deck) -> list[tuple[str, str]]:
    return [(card.question, card.answer) for card in deck.cards]


@pytest.mark.parametrize("name", ["note.md", "note.txt"])
def test_q_and_a_lines_are_cards(tmp_path: Path, name: str) -> None:
    text = (
        "# Cells\n\nQ: What is a cell?\nA: a unit\nof life\n\n- one\n\n"
        "**Q:** And DNA?\n**A:** a molecule\n## More\ntext\n"
    )
    deck = deck_of(tmp_path, text, name)
    assert texts(deck) == [("What is a cell?", "a unit\nof life\n\n- one"), ("And DNA?", "a molecule")]
    assert [card.line for card in deck.cards] == [3, 9]
    assert deck.name == "Cells"


def test_double_colons_part_and_triple_ones_ask_both_ways(tmp_path: Path) -> None:
    deck = deck_of(tmp_path, "#flashcards/Biology/Cells\n\nmitosis :: division\n- gato ::: cat\nHauptstadt::Berlin\n")
    assert texts(deck) == [("mitosis", "division"), ("gato", "cat"), ("cat", "gato"), ("Hauptstadt", "Berlin")]
    assert {card.deck for card in deck.cards} == {"Biology::Cells"}


def test_question_mark_lines_part_blocks(tmp_path: Path) -> None:
    text = (
        "#flashcards\n\nWhat is\na ring?\n?\na set\n- with two operations\n\n"
        "up\n??\ndown\n<!--SR:!2024-01-01,3,250-->\n"
    )
    assert texts(deck_of(tmp_path, text)) == [
        ("What is\na ring?", "a set\n- with two operations"), ("up", "down"), ("down", "up"),
    ]  # fmt: skip


def test_deletions_are_cards_only_in_tagged_notes(tmp_path: Path) -> None:
    text = "The ==forget gate== scales the ==cell state==. #lstm\n"
    assert texts(deck_of(tmp_path, f"#flashcards\n\n{text}")) == [
        ("The [...] scales the cell state.", "forget gate"),
        ("The forget gate scales the [...].", "cell state"),
    ]
    assert deck_of(tmp_path, f"#flashcards\n\n{text}").cards[0].tags == ("lstm",)
    with pytest.raises(DeckError, match="no card found"):
        deck_of(tmp_path, text)


def test_code_is_left_alone(tmp_path: Path) -> None:
    text = (
        "#flashcards\n\nUse std::vector for arrays.\nCall `a :: b` often.\nstd::sort(x)\n\n"
        "```haskell\nmap :: (a -> b) -> [a]\n?\n==x==\n```\n\nvector header :: `std::vector` is in <vector>\n"
    )
    assert texts(deck_of(tmp_path, text)) == [("vector header", "`std::vector` is in <vector>")]


def test_headings_ask_where_nothing_else_does(tmp_path: Path) -> None:
    text = (
        "---\ntags: [x]\n---\n# Notes\n\n## What is a ring?\na set\n\nmore\n\n## Aside\nnothing\n\n## Why?\nbecause\n"
    )
    assert texts(deck_of(tmp_path, text)) == [("What is a ring?", "a set\n\nmore"), ("Why?", "because")]


def test_question_without_answer_is_a_finding(tmp_path: Path) -> None:
    deck = deck_of(tmp_path, "Q: one?\nA: yes\nQ: two?\nQ: three?\nA: no\n")
    assert texts(deck) == [("one?", "yes"), ("three?", "no")]
    assert [(finding.kind, finding.line) for finding in deck.findings] == [("no_answer", 3)]


def test_pictures_beside_a_note_are_named_and_those_from_elsewhere_stay_text(tmp_path: Path) -> None:
    path = tmp_path / "note.md"
    path.write_text("Leaf? ![[img/leaf.png|200]] :: oak ![x](oak%20leaf.png) ![y](https://host/z.png)\n#flashcards\n")
    (card,) = read_deck(path).cards
    assert card.question == "Leaf? [image: leaf.png]"
    assert card.answer == "oak [image: oak%20leaf.png] ![y](https://host/z.png)"
