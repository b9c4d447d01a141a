"""An Anki collection database -> notes, cards, note types, deck names and review log; old and new schema.

The database is opened in memory, read-only and untrusted: no function, view or trigger of it runs, and no query for
long.
"""

import json
import sqlite3
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from corpus.read import wire

_TABLES = ("col", "notes", "cards", "revlog", "decks", "notetypes", "fields", "templates")
_SECONDS = 20.0
_LONGEST = 8 * 2**20  # bytes in one value
_ALLOWED = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ}
_FUNCTIONS = {"count"}


class CollectionError(Exception):
    """The database is damaged, of an unknown schema, or tries to do more than hold data."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NoteType:
    """Names of the fields, and (name, question, answer) of each template; `cloze` makes a card a deletion."""

    name: str
    fields: tuple[str, ...]
    templates: tuple[tuple[str, str, str], ...]
    cloze: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Note:
    """A note's fields (HTML), in the order of its note type."""

    guid: str
    type: int
    tags: tuple[str, ...]
    values: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class CardRow:
    """One card of a note: which template or cloze number (from 0), in which deck."""

    id: int
    note: int
    place: int
    deck: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ReviewRow:
    """One row of the review log: milliseconds since 1970, button 1 to 4, milliseconds taken."""

    card: int
    at: int
    button: int
    took: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Collection:
    """All that a package says, by Anki's own numbers."""

    types: Mapping[int, NoteType]
    decks: Mapping[int, str]
    notes: Mapping[int, Note]
    cards: tuple[CardRow, ...]
    reviews: tuple[ReviewRow, ...]


def load(data: bytearray) -> Collection:
    """The collection in the bytes of a database file.

    Raises:
        CollectionError: see there.
    """
    database = _open(data)
    try:
        tables = _tables(database)
        if not {"notes", "cards", "col"} <= tables:
            raise CollectionError("it lacks the tables of a collection (notes, cards, col)")
        modern = {"notetypes", "fields", "templates", "decks"} <= tables
        types, decks = _modern(database) if modern else _classic(database)
        return Collection(
            types=types,
            decks=decks,
            notes=dict(_notes(database)),
            cards=tuple(_cards(database)),
            reviews=tuple(_reviews(database)) if "revlog" in tables else (),
        )
    except (sqlite3.Error, OverflowError) as error:
        raise CollectionError(str(error)) from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise CollectionError(f"note types or decks cannot be understood ({error!r})") from error
    finally:
        database.close()


def _open(data: bytearray) -> sqlite3.Connection:
    # A database in write-ahead mode (bytes 18 and 19) cannot be opened from memory; its file is complete all the same.
    if data[18:20] == b"\2\2":
        data[18:20] = b"\1\1"
    database = sqlite3.connect(":memory:")
    try:
        database.deserialize(data)
        database.execute("PRAGMA trusted_schema = OFF")
        database.execute("PRAGMA query_only = ON")
        database.execute("PRAGMA cell_size_check = ON")
    except (sqlite3.Error, OverflowError) as error:
        database.close()
        raise CollectionError(str(error)) from error
    database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST)
    database.create_collation("unicase", _unicase)
    deadline = time.monotonic() + _SECONDS
    database.set_progress_handler(lambda: int(time.monotonic() > deadline), 100_000)
    database.set_authorizer(_authorize)
    database.text_factory = lambda raw: raw.decode("utf-8", "replace")
    return database


def _unicase(one: str, two: str) -> int:
    left, right = one.casefold(), two.casefold()
    return (left > right) - (left < right)


def _authorize(action: int, one: str | None, two: str | None, _database: str | None, _trigger: str | None) -> int:
    if action in _ALLOWED or (action == sqlite3.SQLITE_FUNCTION and two in _FUNCTIONS):
        return sqlite3.SQLITE_OK
    return sqlite3.SQLITE_DENY


def _tables(database: sqlite3.Connection) -> set[str]:
    rows = database.execute("SELECT name, type, sql FROM sqlite_master").fetchall()
    odd = [name for name, kind, sql in rows if name in _TABLES and (kind != "table" or _virtual(sql))]
    if odd:
        raise CollectionError(f"{odd[0]} in it is no plain table")
    return {name for name, kind, _ in rows if kind == "table"}


def _virtual(sql: object) -> bool:
    return str(sql).split()[:2] != ["CREATE", "TABLE"] or "GENERATED" in str(sql).upper()


def _modern(database: sqlite3.Connection) -> tuple[dict[int, NoteType], dict[int, str]]:
    names: dict[int, dict[int, str]] = {}
    for kind, place, name in database.execute("SELECT ntid, ord, name FROM fields"):
        names.setdefault(kind, {})[place] = str(name)
    templates: dict[int, dict[int, tuple[str, str, str]]] = {}
    for kind, place, name, config in database.execute("SELECT ntid, ord, name, config FROM templates"):
        templates.setdefault(kind, {})[place] = (str(name), wire.text(config, 1), wire.text(config, 2))
    types = {
        kind: NoteType(
            name=str(name),
            fields=_in_order(names.get(kind, {})),
            templates=_in_order(templates.get(kind, {})),
            cloze=wire.number(config, 1) == 1,
        )
        for kind, name, config in database.execute("SELECT id, name, config FROM notetypes")
    }
    decks = {number: str(name).replace("\x1f", "::") for number, name in database.execute("SELECT id, name FROM decks")}
    return types, decks


def _in_order(numbered: Mapping[int, Any]) -> tuple[Any, ...]:
    return tuple(numbered[place] for place in sorted(numbered))


def _classic(database: sqlite3.Connection) -> tuple[dict[int, NoteType], dict[int, str]]:
    row = database.execute("SELECT models, decks FROM col LIMIT 1").fetchone()
    if row is None or not row[0]:
        raise CollectionError("it names no note types (perhaps made by a newer Anki)")
    types = {int(number): note_type(model) for number, model in json.loads(row[0]).items()}
    decks = {int(number): str(deck.get("name", "")) for number, deck in json.loads(row[1] or "{}").items()}
    return types, decks


def note_type(model: Mapping[str, Any]) -> NoteType:
    """A note type from Anki's JSON, as old collections and CrowdAnki files hold it."""
    by_place = sorted(model.get("flds", []), key=lambda one: one.get("ord", 0))
    templates = sorted(model.get("tmpls", []), key=lambda one: one.get("ord", 0))
    return NoteType(
        name=str(model.get("name", "")),
        fields=tuple(str(one["name"]) for one in by_place),
        templates=tuple((str(one.get("name", "")), str(one["qfmt"]), str(one["afmt"])) for one in templates),
        cloze=model.get("type") == 1,
    )


def _notes(database: sqlite3.Connection) -> Iterator[tuple[int, Note]]:
    for number, guid, kind, tags, values in database.execute("SELECT id, guid, mid, tags, flds FROM notes"):
        yield number, Note(guid=str(guid), type=kind, tags=tuple(str(tags).split()), values=_values(values))


def _values(raw: object) -> tuple[str, ...]:
    return tuple(str(raw).replace("\0", "").split("\x1f"))


def _cards(database: sqlite3.Connection) -> Iterator[CardRow]:
    # A card in a filtered deck (odid) belongs to the deck it came from.
    rows = database.execute("SELECT id, nid, ord, did, odid FROM cards ORDER BY nid, ord, id")
    for number, note, place, deck, home in rows:
        yield CardRow(id=number, note=note, place=place, deck=home or deck)


def _reviews(database: sqlite3.Connection) -> Iterator[ReviewRow]:
    # Practice in a filtered deck (kind 3 without a factor) changed no schedule there either.
    rows = "SELECT cid, id, ease, time FROM revlog WHERE NOT (type = 3 AND factor = 0) ORDER BY id"
    for card, at, button, took in database.execute(rows):
        if isinstance(button, int) and 1 <= button <= 4 and isinstance(at, int):
            yield ReviewRow(card=card, at=at, button=button, took=took if isinstance(took, int) else 0)
