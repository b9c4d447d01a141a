"""The tutor as one thing: `open_tutor(settings)` gives a Tutor on decks, a database and the parts of `tutor.parts`.

Decides nothing about studying, and holds no state of a learner beyond the open database.
"""

from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from corpus.card import Card, Deck
from tutor.backup import Backups
from tutor.learner import Learner, Store
from tutor.library import Library
from tutor.log import sqlite_file
from tutor.parts import Parts, Report
from tutor.quiz import next_due
from tutor.settings import Settings

if TYPE_CHECKING:
    from corpus.retrieve import Retriever, SearchResult
    from tutor.explain import Explainer, Notice, Reply, Said
    from tutor.grade import Grade, Grader
    from tutor.match import Matcher
    from tutor.model import ChatModel
    from tutor.session import Session
    from tutor.usage import Ledger


def open_tutor(
    settings: Settings,
    *,
    decks: Sequence[Path] = (),
    progress: Report | None = None,
    read_only: bool = False,
) -> "Tutor":
    """A tutor on `decks`, or on the learner's imported decks, or on the bundled ones. Close it, or use `with`.

    `progress(done, total)` is told how far the index is. With `read_only` the database is only read, so that another
    tutor may be writing it.

    Raises:
        DeckError: a deck cannot be read.
        StoreError: the database cannot be opened.
    """
    store = Store.open(settings.store.url, read_only=read_only)
    try:
        tutor = Tutor(settings, store, decks=decks, progress=progress)
        if not read_only and tutor.backups is not None:
            store.after_write = tutor.backups.keep_up
        return tutor
    except BaseException:
        store.close()
        raise


class Tutor:
    """Decks, database and parts that belong together. Safe to use from several threads."""

    def __init__(
        self, settings: Settings, store: Store, *, decks: Sequence[Path] = (), progress: Report | None = None
    ) -> None:
        self.settings = settings
        self.store = store
        store.retention = settings.study.retention
        file = sqlite_file(settings.store.url)
        self.backups = Backups(file, file.parent / "backups") if file is not None else None
        self._library = Library(settings.data_dir / "decks", decks)
        self._parts = Parts(settings, self._library, progress)
        for fault in self._library.faults:
            self._parts.note(fault)

    @property
    def notices(self) -> tuple[str, ...]:
        """What is to be said about the tutor's own parts, in plain sentences."""
        return self._parts.notices

    @property
    def decks(self) -> tuple[Deck, ...]:
        """The decks in use."""
        return self._library.decks

    @property
    def cards(self) -> tuple[Card, ...]:
        """Their cards, one for each thing to learn."""
        return self._library.cards

    def card(self, id: str) -> Card:
        """The card with this id; raises NotFoundError where there is none."""
        return self._library.card(id)

    def deck(self, name: str) -> Deck:
        """The deck with this name or file stem; raises NotFoundError where there is none, or several."""
        return self._library.deck(name)

    def import_decks(self, paths: Sequence[Path]) -> tuple[Deck, ...]:
        """Copy deck files into the learner's library and open it; a file of the same name is replaced.

        Raises:
            DeckError: one of them cannot be read; then none is copied.
        """
        if self.backups is not None:
            self.backups.now()
        self._library, came = self._library.take_in(paths)
        self._parts.stock(self._library)
        return came

    # What the tutor does.

    def search(self, query: str, k: int = 5, **filters: Any) -> "SearchResult":  # noqa: ANN401 - decks=, exclude=
        """The cards nearest to `query`; filters are `decks` (names or stems) and `exclude` (card ids)."""
        return self.retriever.search(query, k, **filters)

    def ask(
        self,
        question: str,
        *,
        decks: Sequence[str] = (),
        exclude: Collection[str] = (),
        history: Sequence[tuple[str, str]] = (),
    ) -> "Iterator[Said | Notice | Reply]":
        """Answer a question from the cards; the last event is a Reply.

        A card named in `exclude` waits for an answer: nothing said may give it away.
        """
        from tutor.aside import InPlay, aside
        from tutor.explain import Notice

        yield from (Notice(text=notice) for notice in self._fresh_notices())
        secret = next((card for card in self.cards if card.id in exclude), None)
        if secret is None:
            yield from self.explainer.ask(question, decks=decks, exclude=exclude, history=history)
        else:
            yield from aside(self, question, InPlay(card=secret, talk=tuple(history)))

    def grade(self, card: Card | str, answer: str) -> "Grade":
        """Grade `answer` against a card, or against a reference text."""
        if isinstance(card, Card):
            return self.grader.grade_card(card, answer)
        return self.grader.grade(question="", reference=card, answer=answer)

    def session(self, learner: str = "me") -> "Session":
        """A conversation with this learner; the card she left open is open in it."""
        from tutor.session import Session

        return Session(self, self.learner(learner), self._library.all_cards, self.settings.study)

    def learner(self, name: str = "me") -> Learner:
        """The log of this learner."""
        return self.store.learner(name)

    def related(self, question: str, card: Card) -> bool:
        """Whether `question` comes near `card`: it, or one that asks the same, is among the five nearest."""
        near = {card.id, *self.retriever.near_duplicates(card.id)}
        return any(found.card.id in near for found in self.search(question).results)

    def leaks(self, text: str, card: Card) -> Collection[str]:
        """The ids of the key points of `card` that `text` tells."""
        from tutor.hint import leaks

        return leaks(text, card, self.matcher)

    # What it is made of.

    def describe_model(self) -> str:
        """One or two plain sentences: which model is in use, where it runs, and what leaves this machine."""
        profile = self.settings.profile
        if profile is None:
            return "No language model is in use: the tutor grades by key points and explains by quoting your cards."
        leaves = (
            "Nothing leaves this machine."
            if profile.local
            else "Your questions and answers, and the cards they are about, are sent there."
        )
        return f"The language model {profile.model} is in use, {profile.where}. {leaves}"

    def warm(self) -> None:
        """Open every part, so that the first answer and the first question need not wait for it."""
        _ = self.grader, self.explainer, self.retriever.index, self.retriever.lexical

    def due(self, learner: str = "me") -> dict[str, Any]:
        """What is due now, all in all and deck by deck."""
        log, now = self.learner(learner), datetime.now(UTC)
        limit = self.settings.study.new_per_day
        total = log.progress(self.cards, now, new_per_day=limit)
        coming = next_due(self.cards, log.history, now)
        by_deck = []
        for deck in self.decks:
            counts = log.progress(deck.cards, now, new_per_day=limit)
            by_deck.append({"deck": deck.name, "due": counts.due, "new": counts.new, "learned": counts.learned})
        return {
            "due": total.due,
            "new": total.new,
            "new_today": total.new_left,
            "next_due": coming.isoformat() if coming else None,
            "decks": by_deck,
        }

    def stats(self, learner: str = "me") -> dict[str, Any]:
        """How far the learner has come, counted in her log."""
        from tutor.stats import stats

        log = self.learner(learner)
        grades = log.rows(kinds=("grade", "ticks"))
        limit = self.settings.study.new_per_day
        return stats(log.history, grades, self.decks, datetime.now(UTC), new_per_day=limit)

    @property
    def grader(self) -> "Grader":
        """Grades answers."""
        return self._parts.grader.get()

    @property
    def matcher(self) -> "Matcher":
        """Matches answers with key points."""
        return self._parts.matcher.get()

    @property
    def explainer(self) -> "Explainer":
        """Answers questions from the cards, with the model where one is in use."""
        return self._parts.explainer.get()

    @property
    def quoter(self) -> "Explainer":
        """Answers questions in the cards' own words."""
        return self._parts.quoter.get()

    @property
    def retriever(self) -> "Retriever":
        """Finds cards."""
        return self._parts.retriever.get()

    @property
    def model(self) -> "ChatModel | None":
        """The language model in use; None where there is none."""
        return self._parts.model.get()

    @property
    def ledger(self) -> "Ledger":
        """What the models have cost."""
        return self._parts.ledger.get()

    def close(self) -> None:
        """Let go of the database, the index and the models' connections."""
        self._parts.close()
        self.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _fresh_notices(self) -> Iterator[str]:
        known = self.notices
        _ = self.explainer
        yield from (notice for notice in self.notices if notice not in known)
