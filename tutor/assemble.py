"""The only place where Settings meet constructors: `open_tutor(settings)` gives a Tutor whose heavy parts open on use.

Decides nothing about studying, and holds no state of a learner beyond the open database.
"""

import logging
import os
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from corpus.card import Card, Deck
from corpus.errors import EmbeddingError
from tutor.backup import Backups
from tutor.errors import ModelError
from tutor.learner import Learner, Store
from tutor.library import Library
from tutor.log import sqlite_file
from tutor.quiz import next_due
from tutor.settings import OPENAI, Profile, Settings

if TYPE_CHECKING:
    from corpus.embed import Embedder
    from corpus.minilm import MiniLM
    from corpus.retrieve import Retriever, SearchResult
    from tutor.explain import Explainer, Notice, Reply, Said
    from tutor.grade import Grade, Grader
    from tutor.match import Matcher
    from tutor.model import ChatModel
    from tutor.session import Session
    from tutor.usage import Ledger

T = TypeVar("T")
Report = Callable[[int, int], None]
log = logging.getLogger(__name__)


class Once(Generic[T]):
    """A part that is made when it is first asked for, by one thread while the others wait."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._made: list[T] = []

    def get(self) -> T:
        """The part."""
        if not self._made:
            with self._lock:
                if not self._made:
                    self._made.append(self._make())
        return self._made[0]

    @property
    def made(self) -> T | None:
        """The part if it was made already."""
        return self._made[0] if self._made else None


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
        self.notices: tuple[str, ...] = ()
        self._paths = tuple(decks)
        self._progress = progress
        self._closing: list[Callable[[], None]] = []
        file = sqlite_file(settings.store.url)
        self.backups = Backups(file, file.parent / "backups") if file is not None else None
        self._stock(Library(settings.data_dir / "decks", decks))
        for fault in self._library.faults:
            self._note(fault)
        self._minilm: Once[MiniLM | None] = Once(self._make_minilm)
        self._embedder: Once[Embedder | None] = Once(self._make_embedder)
        self._ledger: Once[Ledger] = Once(self._make_ledger)
        self._model: Once[ChatModel | None] = Once(lambda: self._make_model(settings.profile))
        self._matcher: Once[Matcher] = Once(self._make_matcher)
        self._grader: Once[Grader] = Once(self._make_grader)

    def _stock(self, library: Library) -> None:
        self._library = library
        self._retriever: Once[Retriever] = Once(self._make_retriever)
        self._explainer: Once[Explainer] = Once(self._make_explainer)
        self._quoter: Once[Explainer] = Once(self._make_quoter)

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
        library, came = self._library.take_in(paths)
        if self._retriever.made is not None:
            self._retriever.made.close()
        self._stock(library)
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
        return self._grader.get()

    @property
    def matcher(self) -> "Matcher":
        """Matches answers with key points."""
        return self._matcher.get()

    @property
    def explainer(self) -> "Explainer":
        """Answers questions from the cards, with the model where one is in use."""
        return self._explainer.get()

    @property
    def quoter(self) -> "Explainer":
        """Answers questions in the cards' own words."""
        return self._quoter.get()

    @property
    def retriever(self) -> "Retriever":
        """Finds cards."""
        return self._retriever.get()

    @property
    def model(self) -> "ChatModel | None":
        """The language model in use; None where there is none."""
        return self._model.get()

    @property
    def ledger(self) -> "Ledger":
        """What the models have cost."""
        return self._ledger.get()

    def close(self) -> None:
        """Let go of the database, the index and the model's connections."""
        if self._retriever.made is not None:
            self._retriever.made.close()
        for close in self._closing:
            close()
        self.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # How the parts are made.

    def _note(self, sentence: str) -> None:
        log.warning("%s", sentence)
        if sentence not in self.notices:
            self.notices = (*self.notices, sentence)

    def _fresh_notices(self) -> Iterator[str]:
        known = self.notices
        _ = self.explainer
        yield from (notice for notice in self.notices if notice not in known)

    def _make_minilm(self) -> "MiniLM | None":
        from corpus.minilm import MiniLM

        try:
            return MiniLM.load(self.settings.cache_dir)
        except EmbeddingError as error:
            self._note(f"Search and grading go by words alone: {error}")
            return None

    def _make_embedder(self) -> "Embedder | None":
        chosen = self.settings.embeddings
        if chosen.use == "none":
            return None
        if chosen.use == "minilm":
            return self._minilm.get()
        from corpus.embed import OpenAIEmbedder

        key = os.environ.get(chosen.api_key_env, "") if chosen.api_key_env else ""
        return OpenAIEmbedder(chosen.model, chosen.base_url or OPENAI, key, timeout=chosen.timeout)

    def _make_ledger(self) -> "Ledger":
        from tutor.usage import Ledger

        return Ledger(self.settings.models, caps=self.settings.model, path=self.settings.data_dir / "usage.jsonl")

    def _make_model(self, profile: Profile | None) -> "ChatModel | None":
        from tutor.model import Fallback

        if profile is None:
            return None
        models = []
        for one in (profile, *self.settings.fallbacks):
            try:
                models.append(self._metered(one))
            except ModelError as error:
                self._note(error.plain)
        if len(models) > 1:
            return Fallback(models)
        return models[0] if models else None

    def _metered(self, profile: Profile) -> "ChatModel":
        from tutor.model import open_model
        from tutor.usage import Metered

        client = open_model(profile, tracing=self.settings.model.tracing)
        self._closing.append(client.close)
        return Metered(client, self.ledger, profile)

    def _make_matcher(self) -> "Matcher":
        from tutor.match import Matcher

        return Matcher(self._minilm.get())

    def _make_grader(self) -> "Grader":
        from tutor.grade import Grader

        profile = self.settings.grade_profile
        same = profile == self.settings.profile
        model = self.model if same else self._make_model(profile)
        return Grader(self.matcher, model, limit=1 - self.settings.study.settle)

    def _make_retriever(self) -> "Retriever":
        from corpus.retrieve import Retriever

        folder = self.settings.data_dir / "index"
        return Retriever(self._library.all_cards, self._embedder.get(), folder, self._progress)

    def _make_quoter(self) -> "Explainer":
        from tutor.explain import Explainer

        return Explainer(self.retriever, None)

    def _make_explainer(self) -> "Explainer":
        from tutor.explain import Explainer
        from tutor.replies import KeptReplies

        profile = self.settings.profile
        if profile is None or self.model is None:
            return Explainer(self.retriever, None)
        cache = KeptReplies(self.settings.cache_dir / "replies.db") if self.settings.model.cache else None
        if cache is not None:
            self._closing.append(cache.close)
        return Explainer(
            self.retriever, self.model, context=profile.context, max_tokens=profile.max_tokens, cache=cache
        )
