"""Deck files of every format, spoilt in a thousand ways: a deck or a plain DeckError, in seconds, for five minutes."""

import csv
import io
import json
import resource
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

from corpus.errors import DeckError
from corpus.read import bundled_decks, read_deck
from corpus.write import FORMATS
from tests.torture.place import SECONDS, draws

LONGEST = 5.0
ROOM = 3 << 30  # bytes of memory beyond which a file is a bomb
SPICE = (
    b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b'"', b'""', b"\t", b"\r\n", b"\n\n", b"{{c1::", b"}}", b"::", b"?", b"#",
    b"Q:", b"A:", b"- ", b"1", b"[[", b"{", b"}", b"<div>", b"&amp;", b"\xe2\x80\xae", b"\xf0\x9f\xa6\x96", b"sep=;",
    b"\\u0000", b"99999999999999999999", b"PK\x05\x06", b"SQLite format 3\x00", b"\xed\xa0\x80", b"&a [*a, *a]",
    b"!!python/object:x",
)  # fmt: skip


def rows() -> Iterator[tuple[str, str, bool]]:
    draw, seeds = draws("fuzz"), samples()
    resource.setrlimit(resource.RLIMIT_AS, (ROOM, ROOM))
    tried = dict.fromkeys(seeds, 0)
    faults: dict[str, str] = {}
    slowest, slow = 0.0, ""
    end = time.monotonic() + SECONDS
    with tempfile.TemporaryDirectory() as folder:
        while time.monotonic() < end:
            name = draw.choice(list(seeds))
            data = spoilt(draw, seeds[name], draw.choice(list(seeds.values())))
            path = Path(folder) / f"deck{Path(name).suffix}"
            path.write_bytes(data)
            begun = time.process_time()  # of this process alone: the machine may be busy with something else
            fault = read(path)
            took = time.process_time() - begun
            tried[name] += 1
            if took > slowest:
                slowest, slow = took, keep(name, data) if took > LONGEST else name
            if fault:
                faults.setdefault(f"{name}: {fault}", keep(name, data))
    total = sum(tried.values())
    said = "; ".join(f"{what} ({where})" for what, where in list(faults.items())[:3])
    yield (
        f"{total} spoilt deck files of {len(seeds)} kinds: faults that are no DeckError",
        f"{len(faults)} {said}, bar 0",
        not faults and total > 0,
    )
    yield (
        f"{total} spoilt deck files: slowest to read",
        f"{slowest:.1f} s ({slow}), bar {LONGEST:g} s",
        slowest < LONGEST,
    )


def read(path: Path) -> str:
    try:
        read_deck(path)
    except DeckError:
        return ""
    except Exception as error:  # noqa: BLE001 - what nobody thought of is what is looked for
        return f"{type(error).__name__}: {error}"[:100]
    return ""


def keep(name: str, data: bytes) -> str:
    """Where a file that did harm can be looked at."""
    path = Path(tempfile.gettempdir()) / f"torture-fuzz-{abs(hash(data)):x}{Path(name).suffix}"
    path.write_bytes(data)
    return str(path)


def spoilt(draw: Random, data: bytes, other: bytes) -> bytes:
    change: dict[str, Callable[[bytearray, int], object]] = {
        "flip": lambda d, at: d.__setitem__(at, d[at] ^ 1 << draw.randrange(8)) if d else None,
        "byte": lambda d, at: d.__setitem__(at, draw.randrange(256)) if d else None,
        "cut": lambda d, at: d.__delitem__(slice(at, at + draw.choice((1, 9, 500)))),
        "end": lambda d, at: d.__delitem__(slice(at, None)),
        "spice": lambda d, at: d.__setitem__(slice(at, at), draw.choice(SPICE)),
        "double": lambda d, at: d.__setitem__(
            slice(at, at), d[at : at + draw.choice((20, 400))] * draw.choice((1, 3, 50))
        ),
        "cross": lambda d, at: d.__setitem__(slice(at, at), other[draw.randrange(len(other)) :][:500]),
    }
    spoiled = bytearray(data)
    for _ in range(draw.choice((1, 1, 2, 5, 30))):
        change[draw.choice(list(change))](spoiled, draw.randrange(len(spoiled)) if spoiled else 0)
    return bytes(spoiled)


def samples() -> dict[str, bytes]:
    """A small file of every kind that is read; packages are made from a deck."""
    decks = [read_deck(path) for path in bundled_decks()]
    found = {f"page-{number}.txt": Path(deck.path).read_bytes()[:4000] for number, deck in enumerate(decks)}
    found |= {f"written{ending}": make(decks[0]) for ending, make in FORMATS.items()}
    with zipfile.ZipFile(io.BytesIO(found["written.apkg"])) as package:
        found["bare.anki2"] = package.read("collection.anki2")
    cards = [(card.question, card.answer) for card in decks[1].cards[:8]]
    objects = [{"question": question, "answer": answer, "tags": ["a"]} for question, answer in cards]
    found["cards.json"] = json.dumps(objects).encode()
    found["cards.yaml"] = "".join(
        f"- question: {json.dumps(q)}\n  answer: {json.dumps(a)}\n" for q, a in cards
    ).encode()
    found["notes.md"] = "".join(
        f"## Topic\n\nQ: {q}\nA: {a.splitlines()[0]}\n\nterm::meaning\n\nThe ==gap== here.\n" for q, a in cards
    ).encode()
    table = io.StringIO()
    csv.writer(table, delimiter=";").writerows([("front", "back"), *cards])
    found["table.csv"] = table.getvalue().encode("utf-16")
    found["tabs.tsv"] = "".join(f"{q}\t{a.splitlines()[0]}\n" for q, a in cards).encode("cp1252", "replace")
    found["crowd.json"] = json.dumps({
        "__type__": "Deck", "name": "D", "children": [],
        "note_models": [{"__type__": "NoteModel", "crowdanki_uuid": "m", "name": "Basic", "type": 0,
                         "flds": [{"name": "Front", "ord": 0}, {"name": "Back", "ord": 1}],
                         "tmpls": [{"name": "1", "ord": 0, "qfmt": "{{Front}}", "afmt": "{{FrontSide}}<hr>{{Back}}"}]}],
        "notes": [{"__type__": "Note", "fields": list(card), "guid": str(place), "note_model_uuid": "m", "tags": []}
                  for place, card in enumerate(cards)],
    }).encode()  # fmt: skip
    return found
