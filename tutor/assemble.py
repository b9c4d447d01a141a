"""The tutor as one thing: `open_tutor(settings)` gives a Tutor on decks, a database and the parts of `tutor.parts`.

Decides nothing about studying, and holds no state of a learner beyond the open database.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from uuid import uuid4

from corpus.card import Card, Deck, card_id
from corpus.tokens import keep_in
from tutor.backup import Backups
from tutor.batch import Batch, Batches
from tutor.database import sqlite_file
from tutor.errors import ConfigError, ModelKeyError
from tutor.learner import Learner, Store
from tutor.library import OWN, Library
from tutor.parts import Parts, Report, Watch
from tutor.past import new_past
from tutor.quiz import what_is_due
from tutor.settings import NONE, Settings

if TYPE_CHECKING:
    from corpus.retrieve import Retriever, SearchResult
    from tutor.asked import Kept
    from tutor.explain import Explainer, Notice, Reply, Said
    from tutor.grade import Grade, Grader
    from tutor.match import Matcher
    from tutor.model import ChatModel
    from tutor.session import Session
    from tutor.tune import Tuned
    from tutor.usage import Ledger

# Of 552 questions written for the bundled cards 93 % have their own card among so many nearest, and 16 % another one.
_LEADS = 20


def open_tutor(
    settings: Settings,
    *,
    decks: Sequence[Path] = (),
    progress: Report | None = None,
    read_only: bool = False,
    watch: Watch | None = None,
) -> "Tutor":
    """A tutor on `decks`, or on the learner's imported decks, or on the bundled ones. Close it, or use `with`.

    `progress(done, total)` is told how far the index is. With `read_only` the database is only read, so that another
    tutor may be writing it. `watch` is put around every language model, to note or to answer its calls.

    Raises:
        DeckError: a deck cannot be read.
        StoreError: the database cannot be opened.
    """
    store = Store.open(settings.store.url, read_only=read_only)
    try:
        tutor = Tutor(settings, store, decks=decks, progress=progress, watch=watch)
        if not read_only and tutor.backups is not None:
            store.after_write = tutor.backups.keep_up
        return tutor
    except BaseException:
        store.close()
        raise


class Tutor:
    """Decks, database and parts that belong together. Safe to use from several threads."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        *,
        decks: Sequence[Path] = (),
        progress: Report | None = None,
        watch: Watch | None = None,
    ) -> None:
        self.settings = settings
        self.store = store
        store.retention = settings.study.retention
        file = sqlite_file(settings.store.url)
        self.backups = Backups(file, file.parent / "backups") if file is not None else None
        keep_in(settings.cache_dir / "tiktoken")
        self._library = Library(settings.data_dir / "decks", decks)
        self.batches = Batches(settings.data_dir / "imports", self._library.folder)
        self._parts = Parts(settings, self._library, progress, watch)
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

    def import_decks(self, paths: Sequence[Path], learner: str = "me", *, history: bool = True) -> tuple[Deck, ...]:
        """Copy deck files into the library and open it; a file of the same name is replaced.

        With `history`, reviews that came with them go into the log of `learner`. It is one batch, which can be taken
        back.

        Raises:
            DeckError: one of them cannot be read; then none is copied.
        """
        if self.backups is not None:
            self.backups.now()
        now, begun = datetime.now(UTC), list[Batch]()
        try:
            library, came = self._library.take_in(paths, lambda names: begun.append(self.batches.begin(names, now)))
            if history:
                self.batches.take_reviews(begun[0], came, self.learner(learner))
        except BaseException:
            for batch in begun:
                self.batches.undo(batch, self.store, now)
            raise
        self._use(library)
        return came

    def add_card(self, question: str, answer: str, deck: str, learner: str = "me") -> Card:
        """Put a card into the learner's own deck, called `deck` if it is her first; an import that can be taken back.

        A learner who signed in shares the library with others, so a card of hers is a row of her log instead.

        Raises:
            DeckError: it lacks a question or an answer.
        """
        from corpus.write import write_deck

        cards = self._library.with_own(question.strip(), answer.strip(), deck)
        card = cards[-1]
        if learner != "me":
            card = replace(card, deck=deck, id=card_id(question, learner))
            body = {"question": card.question, "answer": card.answer, "deck": deck}
            self.learner(learner).record("edit", id=uuid4().hex, at=datetime.now(UTC), card=card.id, body=body)
            return card
        with TemporaryDirectory() as folder:
            file = Path(folder) / f"{OWN}.jsonl"
            write_deck(Deck(name=card.deck, path="", format="jsonl", cards=cards), file)
            (came,) = self.import_decks([file], learner)
        return came.cards[-1]

    def take_past(self, learner: str = "me") -> None:
        """Put the reviews that came with the decks in use, and that the learner's log lacks, into it."""
        log, now = self.learner(learner), datetime.now(UTC)
        if past := new_past(log.reviews, self.decks, now):
            log.record("imported", id=f"past-{now:%Y%m%dT%H%M%S%f}", at=now, body={"reviews": past})

    def review(self, progress: Report = lambda *_: None) -> int:
        """Ask the model which facts in the decks a specialist would dispute; how many cards got no answer.

        Raises:
            ConfigError: no model is in use.
            ModelError: the model failed; what it said before is kept.
        """
        from tutor.doubt import review

        return self._have_told(kept := self._library.doubts, lambda model: review(model, self.cards, kept, progress))

    def expand(self, progress: Report = lambda *_: None) -> int:
        """Have the model write learners' questions, for search, where a card has none; how many cards got none.

        It raises what `review` does.
        """
        from tutor.expand import expand

        kept = self._library.queries
        return self._have_told(kept, lambda model: expand(model, self.cards, kept, self._leads, progress))

    def _have_told(self, kept: "Kept[Any]", ask: "Callable[[ChatModel], int]") -> int:
        if self.settings.profile is None:
            said = "no language model is in use, so none was asked and nothing is claimed about any card."
            raise ConfigError(f"{said} Set [model] use in tutor.toml, or say --model NAME.")
        if self.model is None:
            raise ModelKeyError(self.notices[-1])
        before = kept.changes
        try:
            return ask(self.model)
        finally:
            if kept.changes != before:
                self._library.take_told()
                self._parts.stock(self._library)

    def _leads(self, query: str, card: Card) -> bool:
        """Whether a search for `query` comes near enough to `card`; words alone cannot tell."""
        return self.retriever.index is None or self.related(query, card, _LEADS)

    def undo_import(self, batch: Batch) -> None:
        """Take back an import: its decks and its reviews.

        Raises:
            StoreError: a later import stands on it.
        """
        if self.backups is not None:
            self.backups.now()
        self.batches.undo(batch, self.store, datetime.now(UTC))
        self._use(self._library.read_again())

    def _use(self, library: Library) -> None:
        self._library = library
        self._parts.stock(library)

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
        from tutor.german_speech import SPEECH

        known = self.notices
        secret = next((card for card in self.cards if card.id in exclude), None) if exclude else None
        if secret is None:
            events = self.explainer.ask(question, decks=decks, exclude=exclude, history=history)
        else:
            events = aside(
                self, question, InPlay(card=secret, talk=tuple(history)), SPEECH[self.settings.study.language]
            )
        for event in events:  # a part may have something to say once it is used
            yield from (Notice(text=notice) for notice in self.notices if notice not in known)
            known = self.notices
            yield event

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

    def related(self, question: str, card: Card, k: int = 5) -> bool:
        """Whether `question` comes near `card`: it, or one that asks the same, is among the `k` nearest."""
        near = {card.id, *self.retriever.near_duplicates(card.id)}
        return any(found.card.id in near for found in self.search(question, k).results)

    def near(self, text: str, card: Card, *, wait: bool = False) -> Sequence[Card]:
        """The cards nearest to `text`, best first, without `card` and its twins; none before the index is up."""
        retriever = self.retriever if wait else self._parts.retriever.made
        return self._parts.near(text, card.id) if retriever is not None and text.strip() else ()

    def twins(self, card: Card) -> Collection[str]:
        """The ids of cards that ask or tell the same as `card`; none before the index is up."""
        retriever = self._parts.retriever.made
        return retriever.near_duplicates(card.id) if retriever is not None else ()

    def leaks(self, text: str, card: Card) -> Collection[str]:
        """The ids of the key points of `card` that `text` tells, or comes close to telling."""
        from tutor.hint import CLOSE, leaks

        return leaks(text, card, self.matcher, told_from=CLOSE)

    # What it is made of.

    def describe_model(self) -> str:
        """One or two plain sentences: which model is in use, where it runs, and what leaves this machine."""
        from tutor.german_speech import SPEECH

        speech, profile = SPEECH[self.settings.study.language], self.settings.profile
        if profile is None:
            return speech.model_none
        line, lead = (speech.model_here, "on this machine") if profile.local else (speech.model_there, "at ")
        return line.format(model=profile.model, where=profile.where.removeprefix(lead))

    def use(self, name: str) -> None:
        """Go on with the model profile of this name, or with none, until this tutor is closed.

        Raises:
            ConfigError: there is no such profile.
        """
        if name != NONE and name not in self.settings.models:
            there = ", ".join(self.settings.models) or "none"
            raise ConfigError(f"there is no model profile {name!r}. There are: {there}.")
        chosen = self.settings.model.model_copy(update={"use": name})
        self.settings = self.settings.model_copy(update={"model": chosen})
        self._parts.change(self.settings)

    def warm(self, cards: int = 0) -> None:
        """Open every part, so that the first answer and question need not wait, and look at the first `cards` cards."""
        _ = self.grader, self.explainer, self.retriever.index, self.retriever.lexical
        for card in self.cards[:cards]:
            self.leaks(card.question, card)
            self.twins(card)

    def due(self, learner: str = "me") -> dict[str, Any]:
        """What is due now, all in all and deck by deck."""
        history = self.learner(learner).history
        return what_is_due(history, self.cards, self.decks, datetime.now(UTC), self.settings.study.new_per_day)

    def stats(self, learner: str = "me") -> dict[str, Any]:
        """How far the learner has come, counted in her log."""
        from tutor.stats import stats

        log = self.learner(learner)
        grades = log.rows(kinds=("grade", "ticks"))
        limit = self.settings.study.new_per_day
        facts = stats(log.history, grades, self.decks, datetime.now(UTC), new_per_day=limit)
        return {**facts, "spending": self.ledger.rows()}

    def tune(self, learner: str = "me") -> "Tuned | None":
        """Fit FSRS to the learner's reviews, and go on with that where it foretells better; None with too few."""
        from tutor.tune import tune

        log = self.learner(learner)
        found = tune(log.reviews(), log.history.scheduler)
        if found is not None and found.better:
            log.record("fit", id=uuid4().hex, at=datetime.now(UTC), body=asdict(found))
        return found

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
