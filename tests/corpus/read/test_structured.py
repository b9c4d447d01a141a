"""JSON in the shapes people have, and JSON that is not what it should be."""

import json
from pathlib import Path

import pytest

from corpus.card import Deck
from corpus.errors import DeckError
from corpus.read import read_deck


def deck_of(folder: Path, text: str, name: str = "deck.json") -> Deck:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return read_deck(path)


@pytest.mark.parametrize(
    "data",
    [
        [{"question": "q1", "answer": "a1"}, {"question": "q2", "answer": "a2"}],
        {"name": "N", "cards": [{"front": "q1", "back": "a1"}, {"front": "q2", "back": "a2"}]},
        {"deck": {"cards": 1}, "flashcards": [{"term": "q1", "definition": "a1"}, {"term": "q2", "definition": "a2"}]},
        [["q1", "a1"], ["q2", "a2"]],
        {"q1": "a1", "q2": "a2"},
    ],
)
def test_common_shapes_are_read(tmp_path: Path, data: object) -> None:
    for text in (json.dumps(data), json.dumps(data, indent=2)):
        deck = deck_of(tmp_path, text)
        assert [(card.question, card.answer) for card in deck.cards] == [("q1", "a1"), ("q2", "a2")]


def test_lists_become_list_lines_and_tags_stay_tags(tmp_path: Path) -> None:
    deck = deck_of(tmp_path, '[{"question": "q", "answer": ["one", "two"], "tags": ["a b", "c"]}]')
    assert deck.cards[0].answer == "- one\n- two"
    assert deck.cards[0].tags == ("a b", "c")


def test_lines_know_where_their_cards_begin(tmp_path: Path) -> None:
    text = '{\n "cards": [\n  {"question": "q1",\n   "answer": "a {"},\n  {"question": "q2", "answer": "b"}\n ]\n}\n'
    assert [card.line for card in deck_of(tmp_path, text).cards] == [3, 5]


def test_bad_line_is_a_finding_and_the_others_are_kept(tmp_path: Path) -> None:
    text = '{"question": "q1", "answer": "a1"}\n{"question": "q2", \n\n{"question": "q3", "answer": "a3"}\n'
    deck = deck_of(tmp_path, text, "deck.jsonl")
    assert [(card.question, card.line) for card in deck.cards] == [("q1", 1), ("q3", 4)]
    assert [(f.kind, f.line) for f in deck.findings] == [("skipped", 2)]
    assert deck.skipped == 1


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{"a": ' * 100_000, "nested too deeply|not valid JSON"),
        ('[{"question": "q", "answer": }]', "line 1, column 30"),
        ("17", "no list of cards"),
        ("[1, 2]", "no card found"),
        ("[]", "no card found"),
    ],
)
def test_json_that_holds_no_cards_is_refused(tmp_path: Path, text: str, found: str) -> None:
    with pytest.raises(DeckError, match=found):
        deck_of(tmp_path, text)


def test_yaml_values_are_strings_and_nothing_else(tmp_path: Path) -> None:
    text = (
        "name: N\ncards:\n- question: Is it on?\n  answer: yes\n"
        "- question: When?\n  answer: 2020-01-01\n  tags: [a, b]\n"
    )
    deck = deck_of(tmp_path, text, "deck.yaml")
    assert [(card.question, card.answer) for card in deck.cards] == [("Is it on?", "yes"), ("When?", "2020-01-01")]
    assert deck.cards[1].tags == ("a", "b")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("- !!python/object/apply:os.system ['true']", "line 1 has a YAML tag"),
        ("a: &a [x]\n" + "".join(f"b{n}: &b{n} [*a, *a]\n" for n in range(40)), "tag or alias"),
        ("a: [\n", "not valid YAML at line 2"),
        ("just text", "no list of cards"),
    ],
)
def test_yaml_tricks_are_refused(tmp_path: Path, text: str, found: str) -> None:
    with pytest.raises(DeckError, match=found):
        deck_of(tmp_path, text, "deck.yml")
