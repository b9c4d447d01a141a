"""The only place where Settings meet constructors: each part of a tutor is made when it is first asked for, and kept.

Knows how parts are put together, and nothing of what they do.
"""

import logging
import os
import threading
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Generic, TypeVar

from corpus.errors import EmbeddingError
from tutor.errors import ModelError
from tutor.german_speech import SPEECH
from tutor.library import Library
from tutor.settings import OPENAI, Profile, Settings

if TYPE_CHECKING:
    from corpus.card import Card
    from corpus.embed import Embedder
    from corpus.minilm import MiniLM
    from corpus.retrieve import Retriever
    from tutor.explain import Explainer
    from tutor.grade import Grader
    from tutor.match import Matcher
    from tutor.model import ChatModel
    from tutor.speech import Speech
    from tutor.usage import Ledger

__all__ = ["Once", "Parts", "Report", "Watch"]

T = TypeVar("T")
Report = Callable[[int, int], None]
Watch = Callable[["ChatModel", Profile], "ChatModel"]
_NEAR = 0.4  # the score from which on a card is near enough to another to be taken for it
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


class Parts:
    """The parts by name; those that stand on the decks are made anew after `stock`."""

    def __init__(
        self, settings: Settings, library: Library, progress: Report | None = None, watch: Watch | None = None
    ) -> None:
        self.settings = settings
        self._watch = watch
        self.notices: tuple[str, ...] = ()
        self._progress = progress
        self._closing: list[Callable[[], None]] = []
        self._minilm: Once[MiniLM | None] = Once(self._make_minilm)
        self.embedder: Once[Embedder | None] = Once(self._make_embedder)
        self.ledger: Once[Ledger] = Once(self._make_ledger)
        self.matcher: Once[Matcher] = Once(self._make_matcher)
        self.change(settings)
        self._lay_out(library)

    @property
    def _speech(self) -> "Speech":
        return SPEECH[self.settings.study.language]

    def change(self, settings: Settings) -> None:
        """Go on with other settings of the language model; what stands on it is made again when it is asked for."""
        self.settings = settings
        self.model: Once[ChatModel | None] = Once(lambda: self._make_model(settings.profile))
        self.grader: Once[Grader] = Once(self._make_grader)
        self.explainer: Once[Explainer] = Once(self._make_explainer)

    def _lay_out(self, library: Library) -> None:
        self._library = library
        self.retriever: Once[Retriever] = Once(self._make_retriever)
        self.explainer = Once(self._make_explainer)
        self.quoter: Once[Explainer] = Once(self._make_quoter)
        # The same few cards are compared again and again while they are studied.
        self.near = lru_cache(2048)(self._near)

    def _near(self, text: str, card: str) -> "tuple[Card, ...]":
        found = self.retriever.get().search(text, 3, exclude={card}).results
        return tuple(one.card for one in found if one.score >= _NEAR)

    def stock(self, library: Library) -> None:
        """Go on with other decks; what stood on the ones before is made again when it is asked for.

        The retriever before is closed once the searches that are under way in it have ended.
        """
        before = self.retriever.made
        self._lay_out(library)
        if before is not None:
            before.retire()

    def note(self, sentence: str) -> None:
        """Log a sentence about the parts themselves, and keep it for whoever is told."""
        log.warning("%s", sentence)
        if sentence not in self.notices:
            self.notices = (*self.notices, sentence)

    def close(self) -> None:
        """Let go of the index and the models' connections."""
        self._close_retriever()
        for close in self._closing:
            close()

    def _close_retriever(self) -> None:
        if self.retriever.made is not None:
            self.retriever.made.close()

    def _make_minilm(self) -> "MiniLM | None":
        from corpus.minilm import MiniLM

        try:
            return MiniLM.load(self.settings.cache_dir)
        except EmbeddingError as error:
            self.note(f"Search and grading go by words alone: {error}")
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
                self.note(error.plain)
        if len(models) > 1:
            return Fallback(models)
        return models[0] if models else None

    def _metered(self, profile: Profile) -> "ChatModel":
        from tutor.model import open_model
        from tutor.usage import Metered

        client = open_model(profile, tracing=self.settings.model.tracing)
        self._closing.append(client.close)
        metered = Metered(client, self.ledger.get(), profile)
        return self._watch(metered, profile) if self._watch else metered

    def _make_matcher(self) -> "Matcher":
        from tutor.match import Matcher

        return Matcher(self._minilm.get())

    def _make_grader(self) -> "Grader":
        from tutor.grade import Grader

        profile = self.settings.grade_profile
        same = profile == self.settings.profile
        model = self.model.get() if same else self._make_model(profile)
        return Grader(self.matcher.get(), model, limit=1 - self.settings.study.settle)

    def _make_retriever(self) -> "Retriever":
        from corpus.retrieve import Retriever

        folder = self.settings.data_dir / "index"
        url = self.settings.index.url
        return Retriever(self._library.all_cards, self.embedder.get(), folder, self._progress, url=url, tell=self.note)

    def _make_quoter(self) -> "Explainer":
        from tutor.explain import Explainer

        return Explainer(self.retriever.get(), None, speech=self._speech)

    def _make_explainer(self) -> "Explainer":
        from tutor.explain import Explainer
        from tutor.replies import KeptReplies

        profile, model = self.settings.profile, self.model.get()
        if profile is None or model is None:
            return Explainer(self.retriever.get(), None, speech=self._speech)
        cache = KeptReplies(self.settings.cache_dir / "replies.db") if self.settings.model.cache else None
        if cache is not None:
            self._closing.append(cache.close)
        tightest = min((profile, *self.settings.fallbacks), key=lambda one: one.context - one.reply_limit)
        return Explainer(
            self.retriever.get(), model, context=tightest.context, max_tokens=tightest.reply_limit, cache=cache,
            speech=self._speech,
        )  # fmt: skip
