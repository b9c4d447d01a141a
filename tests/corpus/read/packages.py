"""Little Anki packages made by hand: both database schemas, both package formats."""

import json
import sqlite3
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import zstandard

Template = tuple[str, str, str]
BASIC: Template = ("Card 1", "{{Front}}", "{{FrontSide}}\n\n<hr id=answer>\n\n{{Back}}")
REVERSED: Template = ("Card 2", "{{Back}}", "{{FrontSide}}\n\n<hr id=answer>\n\n{{Front}}")
CLOZE: Template = ("Cloze", "{{cloze:Text}}", "{{cloze:Text}}<br>\n{{Back Extra}}")


@dataclass
class Kind:
    fields: Sequence[str] = ("Front", "Back")
    templates: Sequence[Template] = (BASIC,)
    cloze: bool = False


@dataclass
class Notes:
    """Notes as (fields, cards' places); cards lie in `deck`."""

    kind: Kind = field(default_factory=Kind)
    rows: Sequence[tuple[Sequence[str], Sequence[int]]] = ()
    deck: str = "Default"
    tags: str = ""


COMMON = """
CREATE TABLE notes (id integer PRIMARY KEY, guid text, mid integer, mod integer, usn integer, tags text, flds text,
  sfld integer, csum integer, flags integer, data text);
CREATE TABLE cards (id integer PRIMARY KEY, nid integer, did integer, ord integer, mod integer, usn integer,
  type integer, queue integer, due integer, ivl integer, factor integer, reps integer, lapses integer, left integer,
  odue integer, odid integer, flags integer, data text);
CREATE TABLE revlog (id integer PRIMARY KEY, cid integer, usn integer, ease integer, ivl integer, lastIvl integer,
  factor integer, time integer, type integer);
CREATE TABLE col (id integer PRIMARY KEY, crt integer, mod integer, scm integer, ver integer, dty integer, usn integer,
  ls integer, conf text, models text, decks text, dconf text, tags text);
"""
MODERN = """
CREATE TABLE notetypes (id integer PRIMARY KEY, name text COLLATE unicase, mtime_secs integer, usn integer,
  config blob);
CREATE TABLE fields (ntid integer, ord integer, name text COLLATE unicase, config blob, PRIMARY KEY (ntid, ord))
  WITHOUT ROWID;
CREATE TABLE templates (ntid integer, ord integer, name text COLLATE unicase, mtime_secs integer, usn integer,
  config blob, PRIMARY KEY (ntid, ord)) WITHOUT ROWID;
CREATE TABLE decks (id integer PRIMARY KEY, name text COLLATE unicase, mtime_secs integer, usn integer, common blob,
  kind blob);
CREATE UNIQUE INDEX idx_decks_name ON decks (name);
"""


def database(path: Path, groups: Sequence[Notes], *, modern: bool, sql: str = "") -> bytes:
    """The bytes of a collection with these notes; `sql` is run last."""
    path.unlink(missing_ok=True)
    base = sqlite3.connect(path)
    base.create_collation(
        "unicase", lambda one, two: (one.casefold() > two.casefold()) - (one.casefold() < two.casefold())
    )
    base.executescript(COMMON + (MODERN if modern else ""))
    names = list(dict.fromkeys(group.deck for group in groups))
    decks = {name: 1000 + at for at, name in enumerate(names)}
    models = {} if modern else {str(at): _model(at, group.kind) for at, group in enumerate(groups, 1)}
    told = {} if modern else {str(number): {"id": number, "name": name} for name, number in decks.items()}
    base.execute(
        "INSERT INTO col VALUES (1, 0, 0, 0, ?, 0, 0, 0, '', ?, ?, '', '')",
        (18 if modern else 11, json.dumps(models) if models else "", json.dumps(told) if told else ""),
    )
    if modern:
        _modern(base, groups, decks)
    number = 0
    for kind, group in enumerate(groups, 1):
        for values, places in group.rows:
            number += 1
            base.execute(
                "INSERT INTO notes VALUES (?, ?, ?, 0, 0, ?, ?, 0, 0, 0, '')",
                (number, f"guid{number}", kind, f" {group.tags} ", "\x1f".join(values)),
            )
            for place in places:
                base.execute(
                    f"INSERT INTO cards VALUES (?, ?, ?, ?, {', '.join('0' * 13)}, '')",
                    (number * 10 + place, number, decks[group.deck], place),
                )
    if sql:
        base.executescript(sql)
    base.commit()
    base.close()
    return path.read_bytes()


def _model(number: int, kind: Kind) -> Mapping[str, object]:
    return {
        "id": number,
        "name": f"Kind {number}",
        "type": int(kind.cloze),
        "flds": [{"name": name, "ord": at} for at, name in enumerate(kind.fields)],
        "tmpls": [{"name": n, "qfmt": q, "afmt": a, "ord": at} for at, (n, q, a) in enumerate(kind.templates)],
    }


def _modern(base: sqlite3.Connection, groups: Sequence[Notes], decks: Mapping[str, int]) -> None:
    for name, number in decks.items():
        base.execute("INSERT INTO decks VALUES (?, ?, 0, 0, x'', x'')", (number, name.replace("::", "\x1f")))
    for number, group in enumerate(groups, 1):
        config = message({1: 1}) if group.kind.cloze else b""
        base.execute("INSERT INTO notetypes VALUES (?, ?, 0, 0, ?)", (number, f"Kind {number}", config))
        for at, name in enumerate(group.kind.fields):
            base.execute("INSERT INTO fields VALUES (?, ?, ?, x'')", (number, at, name))
        for at, (name, question, answer) in enumerate(group.kind.templates):
            sides = message({1: question, 2: answer})
            base.execute("INSERT INTO templates VALUES (?, ?, ?, 0, 0, ?)", (number, at, name, sides))


def message(fields: Mapping[int, int | str | bytes]) -> bytes:
    """A protocol buffer of numbers and strings."""
    out = b""
    for number, value in fields.items():
        if isinstance(value, int):
            out += varint(number << 3) + varint(value)
        else:
            raw = value.encode() if isinstance(value, str) else value
            out += varint(number << 3 | 2) + varint(len(raw)) + raw
    return out


def varint(value: int) -> bytes:
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def package(path: Path, files: Mapping[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


@dataclass
class Maker:
    """Makes packages in one folder."""

    folder: Path

    def __call__(self, *groups: Notes, modern: bool = False, sql: str = "", name: str = "deck.apkg") -> Path:
        data = database(self.folder / "made.db", groups, modern=modern, sql=sql)
        dummy = Notes(rows=[(["Please update to the latest Anki version, then import the file again.", ""], [0])])
        if not modern:
            return package(self.folder / name, {"collection.anki2": data, "media": b"{}"})
        old = database(self.folder / "old.db", [dummy], modern=False)
        files = {
            "meta": message({1: 3}),
            "collection.anki2": old,
            "collection.anki21b": zstandard.compress(data),
            "media": zstandard.compress(b""),
        }
        return package(self.folder / name, files)
