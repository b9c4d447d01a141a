"""A learner's decks: those named, else those she imported, else the bundled ones; found by name, copied in on import.

Reads decks through `corpus.read` and never changes one.
"""

import shutil
from collections.abc import Sequence
from pathlib import Path

from corpus.card import Card, Deck
from tutor.errors import NotFoundError


class Library:
    """The decks in use. `folder` holds the imported ones; `named` paths go before them.

    An imported file that can no longer be read is left out, and `faults` says why.

    Raises:
        DeckError: a named deck cannot be read.
    """

    def __init__(self, folder: Path, named: Sequence[Path] = ()) -> None:
        from corpus.read import bundled_decks, read_decks

        self.folder = folder
        self.named = tuple(named)
        faults: list[str] = []
        imported = read_decks(self._imported(), on_fault=faults.append) if not self.named else ()
        self.faults = tuple(faults)
        self.decks: tuple[Deck, ...] = imported or read_decks(self.named or bundled_decks())
        self.all_cards: tuple[Card, ...] = tuple(card for deck in self.decks for card in deck.cards)
        one_each: dict[str, Card] = {}
        for card in self.all_cards:
            one_each.setdefault(card.id, card)
        self.cards: tuple[Card, ...] = tuple(one_each.values())

    def _imported(self) -> tuple[Path, ...]:
        from corpus.read import SUFFIXES

        if not self.folder.is_dir():
            return ()
        return tuple(sorted(path for path in self.folder.iterdir() if path.suffix.lower() in SUFFIXES))

    def card(self, id: str) -> Card:
        """The card with this id.

        Raises:
            NotFoundError: there is none.
        """
        found = next((card for card in self.cards if card.id == id), None)
        if found is None:
            raise NotFoundError(f"there is no card {id!r} in your decks; `tutor cards` lists them")
        return found

    def deck(self, name: str) -> Deck:
        """The deck with this name or file stem.

        Raises:
            NotFoundError: there is none, or there are several.
        """
        by_stem = [deck for deck in self.decks if Path(deck.path).stem == name]
        found = by_stem or [deck for deck in self.decks if deck.name == name]
        if len(found) != 1:
            stems = ", ".join(Path(deck.path).stem for deck in found or self.decks)
            what = f"there are {len(found)} decks" if found else "there is no deck"
            raise NotFoundError(f"{what} called {name!r}; name one by its file: {stems}")
        return found[0]

    def take_in(self, paths: Sequence[Path]) -> tuple["Library", tuple[Deck, ...]]:
        """Copy deck files into the folder, in place of files of the same name: the library after that, and what came.

        Raises:
            DeckError: one of them cannot be read; then none is copied.
        """
        from corpus.read import read_decks
        from corpus.read.override import ENDING as POINTS

        self.folder.mkdir(parents=True, exist_ok=True)
        copies = set()
        for source in [Path(deck.path) for deck in read_decks(paths)]:
            target = self.folder / source.name
            copies.add(target.resolve())
            for suffix in ("", POINTS):
                _copy(source.with_name(source.name + suffix), target.with_name(target.name + suffix))
        library = Library(self.folder, self.named)
        return library, tuple(deck for deck in library.decks if Path(deck.path).resolve() in copies)


def _copy(source: Path, target: Path) -> None:
    if source.exists() and not (target.exists() and target.samefile(source)):
        part = target.with_name(f".{target.name}.part")
        shutil.copyfile(source, part)
        part.replace(target)
