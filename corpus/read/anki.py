"""Anki packages (.apkg, .colpkg) and bare collections -> cards as Anki would show them, as text.

Nothing is unpacked to disk and no script of a template runs. Pictures stay in the package; `corpus.read.pictures` gets
them.
"""

import os
from pathlib import Path
from typing import BinaryIO

from corpus.card import Finding
from corpus.errors import DeckError
from corpus.read import wire
from corpus.read.archive import MAX_COLLECTION, MAX_MEDIA_MAP, Package
from corpus.read.collection import CardRow, Collection, CollectionError, load
from corpus.read.source import Pair, PastReview, Reading
from corpus.read.template import by_name, render

_COLLECTIONS = ("collection.anki21b", "collection.anki21", "collection.anki2")
_NEWEST = 3
_PLEASE_UPDATE = "Please update to the latest Anki version"


def read_package(path: Path, file: BinaryIO) -> Reading:
    """The cards of a package.

    Raises:
        DeckError: it is damaged, hostile, made by a newer Anki, or no Anki package.
    """
    package = Package(path, file)
    name = next((one for one in _COLLECTIONS if one in package.names), "")
    if not name:
        raise package.fault("a zip file without an Anki collection")
    version = _version(package)
    if version > _NEWEST:
        raise DeckError(
            f"{path}: made by a newer Anki (package format {version}; this reads up to {_NEWEST}). "
            "Export it again with 'Support older Anki versions' ticked."
        )
    return _to_reading(path, package.collection(name), f"Anki package ({name.removeprefix('collection.')})")


def read_collection(path: Path, file: BinaryIO) -> Reading:
    """The cards of a bare collection file.

    Raises:
        DeckError: it is damaged, too large, or another kind of database.
    """
    if os.fstat(file.fileno()).st_size > MAX_COLLECTION:
        raise DeckError(f"{path}: a database of more than {MAX_COLLECTION // 2**20} MB. Export single decks instead.")
    return _to_reading(path, bytearray(file.read(MAX_COLLECTION)), "Anki collection")


def _version(package: Package) -> int:
    if "meta" not in package.names:
        return 0
    try:
        return wire.number(package.read("meta", MAX_MEDIA_MAP), 1)
    except ValueError:
        return 0


def _to_reading(path: Path, data: bytearray, form: str) -> Reading:
    try:
        collection = load(data)
    except CollectionError as error:
        raise DeckError(f"{path}: the Anki collection cannot be read: {error}. Export the deck again.") from error
    if _is_dummy(collection):
        raise DeckError(
            f"{path}: holds only Anki's note that asks to update. "
            "Export it again with 'Support older Anki versions' ticked."
        )
    findings: list[Finding] = []
    pairs: list[Pair] = []
    indexes: dict[int, int] = {}
    for index, row in enumerate(collection.cards, 1):
        try:
            pairs.append(_pair(collection, row, index))
            indexes[row.id] = index
        except LookupError as error:
            text = f"Card {index} is an orphan in the package: {error.args[0]}. It was left out."
            findings.append(Finding(kind="skipped", message=text, path=str(path), index=index))
    reviews = tuple(
        PastReview(index=indexes[row.card], at=row.at / 1000, button=row.button, seconds=row.took / 1000)
        for row in collection.reviews
        if row.card in indexes
    )
    return Reading(format=form, name=_name(pairs), pairs=pairs, findings=tuple(findings), reviews=reviews)


def _is_dummy(collection: Collection) -> bool:
    return len(collection.notes) == 1 and all(
        value.startswith(_PLEASE_UPDATE) for note in collection.notes.values() for value in note.values[:1]
    )


def _pair(collection: Collection, row: CardRow, index: int) -> Pair:
    note = collection.notes.get(row.note)
    if note is None:
        raise LookupError("its note is gone")
    kind = collection.types.get(note.type)
    if kind is None:
        raise LookupError("its note type is gone")
    deck = collection.decks.get(row.deck, "")
    try:
        values = by_name(kind, note.values)
        return render(kind, row.place, values, index=index, deck=deck, guid=note.guid, tags=note.tags)
    except IndexError as error:
        raise LookupError("its template is gone") from error


def _name(pairs: list[Pair]) -> str:
    """The one deck that holds all cards, itself or as the deck above them; empty if there is none."""
    names = {pair.deck for pair in pairs}
    tops = {name.split("::")[0] for name in names}
    if len(tops) != 1:
        return ""
    return (names if len(names) == 1 else tops).pop()
