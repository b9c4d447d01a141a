"""A learner's decks: those named, else those she imported, else the bundled ones; found by name, copied in on import.

Reads decks through `corpus.read` and never changes one.
"""

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from corpus.card import Card, Deck, Doubt, card_id, reconcile
from corpus.errors import DeckError
from tutor.asked import Kept
from tutor.doubt import doubted, kept_doubts
from tutor.errors import NotFoundError
from tutor.expand import expanded, kept_queries

_IDS = "library.ids"
OWN = "own-cards"
"""How the files of cards that learners made themselves are called; beside them the bundled decks stay."""


class Library:
    """The decks in use. `folder` holds the imported ones; `named` paths go before them.

    `before` is the same library as it was read earlier. An imported file that can no longer be read is left out, and
    `faults` says why. In the folder's `library.ids` stand the imported files in the order they came, and the card ids
    that were changed because an earlier file had them.

    Raises:
        DeckError: a named deck cannot be read.
    """

    def __init__(self, folder: Path, named: Sequence[Path] = (), *, before: "Library | None" = None) -> None:
        from corpus.read import bundled_decks, read_decks

        self.folder = folder
        self.named = tuple(named)
        faults: list[str] = []
        self._order, self._given = _recalled(folder)
        files = self._imported() if not self.named else ()
        if not self.named and all(file.name.startswith(OWN) for file in files):
            files = (*bundled_decks(), *files)
        imported = read_decks(files, on_fault=faults.append, name=self._set_apart)
        self.faults = tuple(faults)
        # What was told is kept by one object however often the decks are read, since a model may be telling more.
        self.doubts: Kept[Doubt] = before.doubts if before else kept_doubts(folder.parent / "doubts.json")
        self.queries: Kept[str] = before.queries if before else kept_queries(folder.parent / "queries.json")
        self._read = imported or read_decks(self.named or bundled_decks())
        self.take_told()

    def take_told(self) -> None:
        """Go on with what a model has told of the cards by now: doubts about them, and learners' questions."""
        self.decks: tuple[Deck, ...] = tuple(doubted(expanded(deck, self.queries), self.doubts) for deck in self._read)
        self.all_cards: tuple[Card, ...] = tuple(card for deck in self.decks for card in deck.cards)
        one_each: dict[str, Card] = {}
        for card in self.all_cards:
            one_each.setdefault(card.id, card)
        self.cards: tuple[Card, ...] = tuple(one_each.values())

    def read_again(self) -> "Library":
        """The library as its files are now."""
        return Library(self.folder, self.named, before=self)

    def _imported(self) -> tuple[Path, ...]:
        from corpus.read import SUFFIXES

        if not self.folder.is_dir():
            return ()
        found = sorted(path for path in self.folder.iterdir() if path.suffix.lower() in SUFFIXES)
        place = {name: at for at, name in enumerate(self._order)}
        return tuple(sorted(found, key=lambda path: place.get(path.name, len(place))))

    def _set_apart(self, decks: Sequence[Deck]) -> tuple[Deck, ...]:
        named = reconcile(decks, self._given)
        self._order = list(dict.fromkeys([*self._order, *(Path(deck.path).name for deck in decks)]))
        for before, after in zip(decks, named, strict=True):
            file = Path(before.path).name
            pairs = ((one.id, two.id) for one, two in zip(before.cards, after.cards, strict=True))
            self._given.update({(file, own): id for own, id in pairs if own != id})
        return named

    def _remember(self) -> None:
        given: dict[str, dict[str, str]] = {}
        for (file, own), id in self._given.items():
            given.setdefault(file, {})[own] = id
        part = self.folder / f".{_IDS}.part"
        part.write_text(json.dumps({"order": self._order, "ids": given}), encoding="utf-8")
        part.replace(self.folder / _IDS)

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

    def with_own(self, question: str, answer: str, deck: str) -> tuple[Card, ...]:
        """The cards of the learner's own deck, called `deck` if this is its first, and behind them a new one.

        Raises:
            DeckError: it lacks a question or an answer.
        """
        if not question or not answer:
            raise DeckError("A card needs a question and an answer.")
        own = next((one for one in self.decks if Path(one.path).stem == OWN), None)
        cards, name = (own.cards, own.name) if own is not None else ((), deck)
        card = Card(id=card_id(question), deck=name, index=len(cards) + 1, question=question, answer=answer)
        return (*cards, card)

    def take_in(
        self, paths: Sequence[Path], before: Callable[[list[str]], object]
    ) -> tuple["Library", tuple[Deck, ...]]:
        """Copy deck files into the folder, in place of files of the same name: the library after that, and what came.

        `before` is told the names that will be written, once all decks were read and before the first is.

        Raises:
            DeckError: one of them cannot be read; then none is copied.
        """
        from corpus.read import read_decks
        from corpus.read.override import ENDING as POINTS
        from corpus.read.pictures import keep, named

        self.folder.mkdir(parents=True, exist_ok=True)
        copies = set()
        sources = {Path(deck.path): named(deck.cards) for deck in read_decks(paths)}
        before([source.name for source in sources])
        for source, pictures in sources.items():
            target = self.folder / source.name
            copies.add(target.resolve())
            keep(source, pictures, target)
            for suffix in ("", POINTS):
                _copy(source.with_name(source.name + suffix), target.with_name(target.name + suffix))
        library = self.read_again()
        library._remember()
        return library, tuple(deck for deck in library.decks if Path(deck.path).resolve() in copies)


def _recalled(folder: Path) -> tuple[list[str], dict[tuple[str, str], str]]:
    """The imported files in order, and (file, id) -> the id given here; nothing where that file is gone or damaged."""
    try:
        told = json.loads((folder / _IDS).read_text(encoding="utf-8"))
        given = {(str(file), str(own)): str(id) for file, ids in told["ids"].items() for own, id in ids.items()}
        return [str(name) for name in told["order"]], given
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return [], {}


def _copy(source: Path, target: Path) -> None:
    if source.exists() and not (target.exists() and target.samefile(source)):
        part = target.with_name(f".{target.name}.part")
        shutil.copyfile(source, part)
        part.replace(target)
