"""A deck written for other programs: Anki text, CSV, JSON Lines (lossless, the native form), and .apkg through genanki.

Chooses the format by the file's ending. Writes the whole file or nothing, and never over the deck that it came from.
"""

import csv
import html
import io
import json
import os
import re
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import Any

from corpus.card import Card, Deck
from corpus.errors import DeckError
from corpus.read.columns import FORMULA, WRITTEN

__all__ = ["FORMATS", "write_deck"]

_CLOZE_LIKE = re.compile(r"\{\{(?=c\d)")


def write_deck(deck: Deck, path: str | Path) -> Path:
    """Writes the cards of `deck` to `path` (.txt for Anki, .csv, .jsonl or .apkg) and returns the path.

    Raises:
        DeckError: the ending is unknown, the file cannot be written or is the deck's own, or genanki is missing.
    """
    path = Path(path)
    make = FORMATS.get(path.suffix.lower())
    if make is None:
        raise DeckError(
            f"{path}: a deck cannot be written as {path.suffix or 'a file without ending'}. Use .txt (Anki), "
            ".csv, .jsonl or .apkg."
        )
    if path.exists() and Path(deck.path).is_file() and path.samefile(deck.path):
        raise DeckError(f"{path}: this is the deck's own file. Choose another name.")
    _replace(path, make(deck))
    return path


def _replace(path: Path, data: bytes) -> None:
    """Puts the data in place in one step, so that a full disk or a crash leaves the old file."""
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:40]}.")
    except OSError as error:
        raise DeckError(f"{path}: cannot be written ({error.strerror}). Choose a folder you may write to.") from error
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except OSError as error:
        Path(name).unlink(missing_ok=True)
        raise DeckError(f"{path}: cannot be written ({error.strerror}). Choose another place.") from error


def _anki_text(deck: Deck) -> bytes:
    """Anki's own text format: its importer reads the header lines and asks nothing."""
    header = ["#separator:tab", "#html:false", "#guid column:1", "#deck column:2", "#tags column:5"]
    guids = _guids(deck)
    rows = (
        [guid, card.deck, card.question, card.answer, _tag_words(card)]
        for guid, card in zip(guids, deck.cards, strict=True)
    )
    return ("\n".join(header) + "\n" + _table(rows, "\t")).encode()


def _guids(deck: Deck) -> list[str]:
    """A guid for each card: Anki's own; the card's id where it has none, or where a note made several cards.

    Anki would take the second card of one guid for an update of the first.
    """
    times = Counter(card.guid for card in deck.cards)
    return [card.guid if card.guid and times[card.guid] == 1 else card.id for card in deck.cards]


def _tag_words(card: Card) -> str:
    # Anki parts tags by spaces.
    return " ".join(re.sub(r"\s+", "_", tag) for tag in card.tags)


def _csv(deck: Deck) -> bytes:
    """Comma-separated, with the mark that makes spreadsheets read it as UTF-8, and no cell that they would run."""
    rows = ([card.question, card.answer, _tag_list(card), card.deck, card.guid, card.id] for card in deck.cards)
    inert = ([FORMULA.sub(r"'\g<0>", cell) for cell in row] for row in rows)
    return _table([WRITTEN, *inert], ",").encode("utf-8-sig")


def _tag_list(card: Card) -> str:
    mark = ";" if any(" " in tag for tag in card.tags) else " "
    return mark.join(card.tags) + (";" if mark == ";" else "")


def _table(rows: Iterable[Sequence[str]], mark: str) -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=mark, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(rows)
    return out.getvalue()


def _json_lines(deck: Deck) -> bytes:
    return "".join(json.dumps(_fields(card), ensure_ascii=False) + "\n" for card in deck.cards).encode()


def _fields(card: Card) -> dict[str, object]:
    points = [{"id": one.id, "text": one.text, **({"head": one.head} if one.head else {})} for one in card.key_points]
    return {
        "id": card.id,
        "deck": card.deck,
        "index": card.index,
        "question": card.question,
        "answer": card.answer,
        **({"remark": card.remark} if card.remark else {}),
        "key_points": points,
        "tags": list(card.tags),
        "guid": card.guid,
        "uncertain": card.uncertain,
    }


def _package(deck: Deck) -> bytes:
    """An Anki package; needs genanki, which is not installed with the tutor."""
    try:
        genanki = import_module("genanki")
    except ImportError as error:
        raise DeckError(
            "Writing .apkg needs the package genanki. Install it (pip install genanki), or use .txt."
        ) from error
    front_back = [{"name": "Front"}, {"name": "Back"}]
    sides = [{"name": "Card 1", "qfmt": "{{Front}}", "afmt": "{{FrontSide}}<hr id=answer>{{Back}}"}]
    model = genanki.Model(
        _number("flashcard-tutor basic"), "Basic (flashcard-tutor)", fields=front_back, templates=sides
    )
    decks: dict[str, Any] = {}
    for guid, card in zip(_guids(deck), deck.cards, strict=True):
        note = genanki.Note(
            model=model,
            fields=[_markup(card.question), _markup(card.answer)],
            tags=_tag_words(card).split(),
            guid=guid,
        )
        one = decks.setdefault(card.deck, genanki.Deck(_number(card.deck), card.deck))
        one.add_note(note)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "deck.apkg"
        genanki.Package(list(decks.values())).write_to_file(str(file))
        return file.read_bytes()


def _markup(text: str) -> str:
    """Plain text as the HTML of an Anki field: signs escaped, lines and indentation kept, no cloze by accident."""
    lines = html.escape(text, quote=False).split("\n")
    shown = "<br>".join("&nbsp;" * (len(line) - len(line.lstrip(" "))) + line.lstrip(" ") for line in lines)
    return _CLOZE_LIKE.sub("{<!-- -->{", shown)


def _number(name: str) -> int:
    """A number for Anki that is the same every time, so that a second import updates the first."""
    return 2**30 + int.from_bytes(sha256(name.encode()).digest()[:4], "big") % 2**30


FORMATS: dict[str, Callable[[Deck], bytes]] = {
    ".txt": _anki_text,
    ".csv": _csv,
    ".jsonl": _json_lines,
    ".apkg": _package,
}
"""How each file ending is written."""
