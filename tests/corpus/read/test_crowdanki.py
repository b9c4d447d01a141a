"""CrowdAnki's JSON: notes become the cards that Anki would make."""

import json
from pathlib import Path
from typing import Any

import pytest

from corpus.errors import DeckError
from corpus.read import read_deck

MODEL = {
    "crowdanki_uuid": "m1",
    "name": "Two ways",
    "type": 0,
    "flds": [{"name": "Back", "ord": 1}, {"name": "Front", "ord": 0}, {"name": "Reverse", "ord": 2}],
    "tmpls": [
        {"name": "2", "ord": 1, "qfmt": "{{#Reverse}}{{Back}}{{/Reverse}}", "afmt": "{{Front}}"},
        {"name": "1", "ord": 0, "qfmt": "{{Front}}", "afmt": "{{FrontSide}}<hr id=answer>{{Back}}"},
    ],
}
CLOZE = {
    "crowdanki_uuid": "m2",
    "name": "Cloze",
    "type": 1,
    "flds": [{"name": "Text", "ord": 0}],
    "tmpls": [{"name": "Cloze", "ord": 0, "qfmt": "{{cloze:Text}}", "afmt": "{{cloze:Text}}"}],
}


def deck_file(folder: Path, **changes: Any) -> Path:
    notes = [
        {"fields": ["q1", "a1", ""], "guid": "g1", "note_model_uuid": "m1", "tags": ["t"]},
        {"fields": ["q2", "a2", "y"], "guid": "g2", "note_model_uuid": "m1", "tags": []},
    ]
    inner = {
        "__type__": "Deck", "name": "Inner",
        "notes": [{"fields": ["a {{c1::b}} {{c3::d}}"], "guid": "g3", "note_model_uuid": "m2", "tags": []}],
    }  # fmt: skip
    data = {"__type__": "Deck", "name": "Top", "children": [inner], "note_models": [MODEL, CLOZE], "notes": notes}
    path = folder / "deck.json"
    path.write_text(json.dumps({**data, **changes}))
    return path


def test_templates_conditions_and_deletions_make_the_cards(tmp_path: Path) -> None:
    deck = read_deck(deck_file(tmp_path))
    assert deck.name == "Top"
    assert [(card.deck, card.question, card.answer, card.guid) for card in deck.cards] == [
        ("Top", "q1", "a1", "g1"),
        ("Top", "q2", "a2", "g2"),
        ("Top", "a2", "q2", "g2"),
        ("Top::Inner", "a [...] d", "b", "g3"),
        ("Top::Inner", "a b [...]", "d", "g3"),
    ]


def test_notes_of_unknown_type_are_findings(tmp_path: Path) -> None:
    deck = read_deck(deck_file(tmp_path, note_models=[MODEL]))
    assert len(deck) == 3
    assert [finding.kind for finding in deck.findings] == ["skipped"]


def test_other_shapes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DeckError, match="not as CrowdAnki writes it"):
        read_deck(deck_file(tmp_path, notes=[{"x": 1}]))
