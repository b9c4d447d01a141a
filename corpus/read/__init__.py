"""`read_deck(path)`: any deck file to a Deck; the reader is chosen by the file's content first and its name second.

Reads only; nothing in a deck is executed, fetched or written to disk.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib.resources import files
from pathlib import Path

from corpus.card import Deck, reconcile
from corpus.errors import DeckError
from corpus.read import anki, brainscape, delimited, markdown, override, structured
from corpus.read.source import Reading, Source, make_deck, opened, read_text

__all__ = ["SUFFIXES", "bundled_decks", "read_deck", "read_decks"]

SUFFIXES = frozenset({".txt", ".csv", ".tsv", ".json", ".jsonl", ".yaml", ".yml", ".md", ".apkg", ".colpkg"})
"""Names a folder is searched for; a file that is named itself may be called anything."""


def read_deck(path: str | Path) -> Deck:
    """The deck in the file `path`, with the key points that a person wrote for it beside it.

    Raises:
        DeckError: the file cannot be read, is not a deck, or holds no card.
    """
    return override.apply(_read_file(Path(path)))


def _read_file(path: Path) -> Deck:
    with opened(path) as file:
        head = file.read(16)
        file.seek(0)
        if head.startswith(b"PK"):
            return make_deck(Source(path=path, text=""), anki.read_package(path, file))
        if head == b"SQLite format 3\0":
            return make_deck(Source(path=path, text=""), anki.read_collection(path, file))
        source = read_text(path, file)
    return make_deck(source, _read_text(source))


def _read_text(source: Source) -> Reading:
    """The text read by whichever reader its content calls for; the file's name decides where content does not."""
    ending = source.path.suffix.lower()
    if ending in (".json", ".jsonl", ".ndjson") or structured.looks_structured(source):
        return structured.read(source)
    if ending in (".yaml", ".yml"):
        return structured.read_yaml(source)
    if brainscape.is_numbered(source):
        return brainscape.read(source)
    if delimited.looks_delimited(source, named=ending in (".csv", ".tsv")):
        return delimited.read(source)
    if ending in (".md", ".markdown") or markdown.looks_like_notes(source):
        return markdown.read(source)
    return brainscape.read(source)


def read_decks(
    paths: Iterable[str | Path],
    *,
    on_fault: Callable[[str], None] | None = None,
    name: Callable[[Sequence[Deck]], tuple[Deck, ...]] = reconcile,
) -> tuple[Deck, ...]:
    """The decks of all `paths`, folders expanded, with card ids set apart across decks and the deck check's findings.

    A file that cannot be read is told to `on_fault`, where that is given, and left out; `name` sets the ids apart.

    Raises:
        DeckError: as `read_deck`, or a folder without a deck file; it names every file that failed.
    """
    from corpus.lint import check

    decks: list[Deck] = []
    faults: list[str] = []
    for path in _expanded(paths):
        try:
            decks.append(_read_file(path))
        except DeckError as error:
            (on_fault or faults.append)(str(error))
    if faults:
        raise DeckError("\n".join(faults))
    return check([override.apply(deck) for deck in name(decks)])


def _expanded(paths: Iterable[str | Path]) -> Iterator[Path]:
    for path in map(Path, paths):
        if not path.is_dir():
            yield from [] if path.name.endswith(override.ENDING) else [path]
            continue
        found = sorted(one for one in path.rglob("*") if _is_deck(one, path))
        if not found:
            raise DeckError(f"{path}: the folder holds no deck file ({', '.join(sorted(SUFFIXES))}). Name another.")
        yield from found


def _is_deck(path: Path, folder: Path) -> bool:
    hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
    known = path.suffix.lower() in SUFFIXES and not path.name.endswith(override.ENDING)
    return known and not hidden and path.is_file()


def bundled_decks() -> tuple[Path, ...]:
    """The deck files that come with the tutor, sorted."""
    folder = Path(str(files("corpus"))) / "decks"
    return tuple(sorted(folder.glob("*.txt")))
