"""CrowdAnki's JSON -> cards: notes and note types without cards, which are made as Anki would make them.

Reads decks within decks; the list of cards that Anki itself keeps is not in this format.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from corpus.card import Finding
from corpus.errors import DeckError
from corpus.read.collection import NoteType, note_type
from corpus.read.source import Pair, Reading, Source
from corpus.read.template import by_name, cloze_numbers, render, shows_a_field

_DEEPEST = 20


def is_deck(data: Any) -> bool:  # noqa: ANN401  JSON
    """Whether parsed JSON is a CrowdAnki deck."""
    return isinstance(data, dict) and data.get("__type__") == "Deck" and isinstance(data.get("notes"), list)


def read(source: Source, data: Mapping[str, Any]) -> Reading:
    """The cards of a CrowdAnki deck.

    Raises:
        DeckError: note types or notes are not as CrowdAnki writes them.
    """
    name = str(data.get("name", ""))
    pairs: list[Pair] = []
    findings: list[Finding] = []
    try:
        kinds = {str(model["crowdanki_uuid"]): note_type(model) for model in _models(data, 0)}
        for number, (deck, note) in enumerate(_notes(data, name, 0), 1):
            kind = kinds.get(str(note["note_model_uuid"]))
            if kind is None:
                text = f"Note {number} has a note type that is not in the file. It was left out; export the deck again."
                findings.append(Finding(kind="skipped", message=text, path=str(source.path)))
                continue
            pairs += _pairs(kind, note, deck, len(pairs))
    except (KeyError, TypeError, AttributeError, IndexError, ValueError, RecursionError) as error:
        raise DeckError(f"{source.path}: not as CrowdAnki writes it ({error!r}). Export the deck again.") from error
    return Reading(format="CrowdAnki", name=name, pairs=pairs, findings=tuple(findings))


def _models(deck: Mapping[str, Any], depth: int) -> Iterator[Mapping[str, Any]]:
    yield from deck.get("note_models") or []
    for child in (deck.get("children") or []) if depth < _DEEPEST else []:
        yield from _models(child, depth + 1)


def _notes(deck: Mapping[str, Any], name: str, depth: int) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for note in deck.get("notes") or []:
        yield name, note
    for child in (deck.get("children") or []) if depth < _DEEPEST else []:
        own = str(child.get("name", ""))
        yield from _notes(child, own if own.startswith(f"{name}::") else f"{name}::{own}", depth + 1)


def _pairs(kind: NoteType, note: Mapping[str, Any], deck: str, before: int) -> Iterator[Pair]:
    values = by_name(kind, map(str, note["fields"]))
    guid, tags = str(note.get("guid", "")), tuple(map(str, note.get("tags") or []))
    for index, place in enumerate(_places(kind, values), before + 1):
        yield render(kind, place, values, index=index, deck=deck, guid=guid, tags=tags)


def _places(kind: NoteType, values: Mapping[str, str]) -> list[int]:
    """Which cards Anki makes of a note: at least one, so that a note with nothing to show is seen to be blank."""
    if kind.cloze:
        return [number - 1 for number in cloze_numbers(values)] or [0]
    return [at for at, sides in enumerate(kind.templates) if shows_a_field(sides[1], values)] or [0]
