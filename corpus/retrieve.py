"""Finds the cards that answer a query, by words and by meaning, and says how likely it is that any does.

Embeds through `corpus.index`, matches words through `corpus.lexical`; calls no language model and writes no reply.
"""

import math
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property, partial
from itertools import islice
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING
from weakref import finalize

import numpy as np
from numpy.typing import NDArray

from corpus.blend import BY_MEANING, BY_STATES, BY_WORDS, Blend
from corpus.card import Card, deck_files
from corpus.chunk import Chunk, chunk_cards
from corpus.cores import BESIDE
from corpus.embed import Embedder, WordEmbedder
from corpus.errors import DeckError, EmbeddingError
from corpus.evidence import Evidence, Seen, gather
from corpus.index import Index, Progress, Tell
from corpus.lexical import Lexical
from corpus.reason import reason
from corpus.rerank import NO_STATES, SIZE, words_and_states
from corpus.rerank import score as late_score
from corpus.similar import shown_once, tells_the_same
from corpus.tokens import trim
from corpus.vectors import cosines, largest
from corpus.wording import Wording, short_forms

if TYPE_CHECKING:
    from langchain_core.retrievers import BaseRetriever

__all__ = ["Retrieved", "Retriever", "SearchResult"]

Floats = NDArray[np.float32]

_QUERY_TOKENS = 240
_NEAREST = 40  # candidates; of 1,256 queries on 138 cards more of them found no card that these did not
_LEXICAL = 25
_COMPARED = 5  # cards that the best one is compared with to tell whether it answers
_PAUSE = 30.0  # seconds without an embedder that failed
_WAY = 0.00005  # seconds in which the thread beside gets going; the two share one interpreter
_NOTHING = (0.0, 0.0, 0.0)
_MANY = 5_000  # from so many chunks on the word index is kept on disk


@dataclass(frozen=True, kw_only=True, slots=True)
class Retrieved:
    """A card found for a query: `score` from 0 to 1, and in `reason` which words or what likeness brought it."""

    card: Card
    score: float
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class SearchResult:
    """What was found, best first; `probability` that it answers the query at all, `answerable` where that is enough."""

    query: str
    answerable: bool
    probability: float
    results: tuple[Retrieved, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Found:
    """A card's best chunk for a query, with the scores it was ranked by."""

    card: str
    chunk: int
    fused: float
    meaning: float
    late: float
    lexical: float


@dataclass(kw_only=True, slots=True)
class _Asked:
    """A query as it is searched, with its words and their states once it is embedded."""

    text: str
    inside: NDArray[np.bool_] | None  # of the chunks, those to look at
    k: int  # cards that are wanted
    left_out: frozenset[str]
    by_words: bool = False
    vector: Floats = field(default_factory=lambda: np.zeros(0, dtype=np.float32))
    words: list[str] = field(default_factory=list)
    states: Floats = field(default_factory=lambda: np.zeros((0, SIZE), dtype=np.float32))
    weights: Floats = field(default_factory=lambda: np.zeros(0, dtype=np.float32))  # of the words

    @property
    def more(self) -> int:
        """Candidates beyond the usual number."""
        return self.k + len(self.left_out)


class Retriever:
    """Search over cards. Opens its index at the first need; may be used from several threads."""

    def __init__(
        self,
        cards: Iterable[Card],
        embedder: Embedder | None,
        folder: Path,
        progress: Progress | None = None,
        *,
        url: str = "",
        tell: Tell | None = None,
    ) -> None:
        given = tuple(cards)
        self.cards: dict[str, Card] = {}
        for card in given:
            self.cards.setdefault(card.id, card)
        self._decks = deck_files(given)
        self._chunks = chunk_cards(given)
        self._embedder = embedder
        self._words = embedder if isinstance(embedder, WordEmbedder) else None
        self._folder = folder
        self._open = partial(Index.open, folder=folder, progress=progress, url=url, tell=tell)
        self._tell = tell
        self._again = 0.0  # when an embedder that failed is tried again
        self._index: Index | None = None
        self._lexical: Lexical | None = None
        self._lock = RLock()
        self._last_inside: dict[tuple[frozenset[str], frozenset[str]], NDArray[np.bool_]] = {}  # by decks and tags
        self._beside = ThreadPoolExecutor(1, "tutor-index", initializer=BESIDE.stay)
        self._same: dict[tuple[str, bool], frozenset[str]] = {}  # by card, and whether meaning was looked at

    @property
    def index(self) -> Index | None:
        """The index, opened; None without an embedder."""
        with self._lock:
            if self._index is None and self._embedder is not None and self._chunks:
                self._index = self._open(chunks=self._chunks, embedder=self._embedder)
            return self._index

    @property
    def lexical(self) -> Lexical:
        """The word index, made at the first need."""
        with self._lock:
            if self._lexical is None:
                many = len(self._chunks) > _MANY
                path = self._folder / "words.npz"
                self._lexical = Lexical.kept(self._chunks, path) if many else Lexical(self._chunks)
            return self._lexical

    def close(self) -> None:
        """Closes the index; a later search opens it again."""
        with self._lock:
            if self._index is not None:
                self._index.close()
                self._index = None

    def retire(self) -> None:
        """Closes the index as soon as nobody holds this retriever any more."""
        with self._lock:
            if self._index is not None:
                finalize(self, self._index.close)

    def search(
        self,
        query: str,
        k: int = 5,
        *,
        decks: Sequence[str] = (),
        tags: Sequence[str] = (),
        exclude: Collection[str] = (),
    ) -> SearchResult:
        """The `k` best cards for a query, near-duplicates of each other once.

        `decks` are names, file stems or paths; `tags` keeps cards with any of them; `exclude` leaves out these card
        ids and what nearly duplicates them.

        Where the embedder fails and there is a `tell`, that is told, and words alone decide.

        Raises:
            DeckError: a deck that was named is not there.
            EmbeddingError: the embedder fails, and nobody can be told.
        """
        asked, chosen, evidence = self._find(query, k, decks, tags, exclude)
        if evidence is None:
            return SearchResult(query=query, answerable=False, probability=0.0, results=())
        blend = self._blend(asked)
        probability = blend.probability(evidence)
        chances = blend.chances([one.fused for one in chosen], probability)
        results = tuple(
            Retrieved(card=self.cards[one.card], score=round(chance, 4), reason=self._reason(asked, one))
            for one, chance in zip(chosen[:k], chances, strict=False)
        )
        answers = probability >= blend.bar
        return SearchResult(query=query, answerable=answers, probability=round(probability, 4), results=results)

    def evidence(self, query: str, *, exclude: Collection[str] = ()) -> Evidence | None:
        """What `search` judges by whether the query is answerable; None where no card is found."""
        return self._find(query, 1, (), (), exclude)[2]

    def near_duplicates(self, card_id: str) -> frozenset[str]:
        """Other cards that ask or tell the same as this one; a quiz keeps them out of sight while it is in play."""
        card = self.cards.get(card_id)
        if card is None:
            return frozenset()
        index = self._usable()
        key = (card_id, index is not None)
        if key not in self._same:
            near = self._neighbours(card, index)
            same = (other for other, meaning in near.items() if tells_the_same(card, self.cards[other], meaning))
            self._same[key] = frozenset(same) - {card_id}
        return self._same[key]

    def deck_paths(self, decks: Sequence[str]) -> frozenset[str]:
        """The files of decks given by name, file stem or path.

        Raises:
            DeckError: one is not there.
        """
        found: set[str] = set()
        for deck in decks:
            paths = self._decks.get(str(deck).casefold())
            if paths is None:
                known = ", ".join(sorted({repr(card.deck) for card in self.cards.values()}))
                raise DeckError(f"There is no deck {str(deck)!r}. There are {known}.")
            found |= paths
        return frozenset(found)

    def as_langchain(self, k: int = 5) -> "BaseRetriever":
        """This retriever as LangChain knows one: each card a Document with its text, id, deck, score and reason."""
        from corpus.chain import card_retriever

        return card_retriever(self.search, k)

    def _blend(self, asked: _Asked) -> Blend:
        if asked.by_words:
            return BY_WORDS
        return BY_MEANING if self._words is None else BY_STATES

    def _by_words(self, error: EmbeddingError) -> None:
        """Goes by words alone for a while, and says so; raises where there is nobody to say it to."""
        if self._tell is None:
            raise error
        self._again = time.monotonic() + _PAUSE
        self._tell(f"Search goes by words alone for now. {error}")

    def _usable(self) -> Index | None:
        """The index; None without an embedder, or while it fails."""
        if time.monotonic() < self._again:
            return None
        try:
            return self.index
        except EmbeddingError as error:
            self._by_words(error)
            return None

    @cached_property
    def _wording(self) -> Wording:
        texts = [chunk.text for chunk in self._chunks] if len(self._chunks) <= _MANY else []  # every text is read
        return Wording(self.lexical, getattr(self._embedder, "vocabulary", None), short_forms(texts))

    def _find(
        self, query: str, k: int, decks: Sequence[str], tags: Sequence[str], exclude: Collection[str]
    ) -> tuple[_Asked, list[_Found], Evidence | None]:
        asked = _Asked(
            text=self._wording.rewrite(trim(" ".join(query.split()), _QUERY_TOKENS)),
            inside=self._inside(self.deck_paths(decks), frozenset(tag.casefold() for tag in tags)),
            k=k,
            left_out=frozenset(exclude).union(*(self.near_duplicates(one) for one in exclude)),
        )
        index = self._usable()
        try:
            with BESIDE.kept_off():
                return asked, *self._rank(asked, index)
        except EmbeddingError as error:
            self._by_words(error)
            return asked, *self._rank(asked, None)

    def _inside(self, paths: frozenset[str], tags: frozenset[str]) -> NDArray[np.bool_] | None:
        """Which chunks to look at; the last answer is remembered, since a learner stays with her decks."""
        if not paths and not tags:
            return None
        last, wanted = self._last_inside, (paths, tags)
        if wanted not in last:
            inside = np.array([self._allowed(chunk, paths, tags) for chunk in self._chunks], dtype=np.bool_)
            self._last_inside = last = {wanted: inside}
        return last[wanted]

    def _allowed(self, chunk: Chunk, paths: frozenset[str], tags: frozenset[str]) -> bool:
        tagged = not tags or any(tag.casefold() in tags for tag in self.cards[chunk.card].tags)
        return tagged and (not paths or chunk.path in paths)

    def _rank(self, asked: _Asked, index: Index | None) -> tuple[list[_Found], Evidence | None]:
        """The best cards, best first, and what the first one shows; None where there is none."""
        if not self._chunks or not asked.text:
            return [], None
        asked.by_words = index is None
        near = self._ask(asked, index) if index is not None else None
        lexical = self.lexical.scores(asked.text)
        shown = lexical if asked.inside is None else np.where(asked.inside, lexical, 0)
        worded = np.flatnonzero(shown > 0)
        places = set(worded[largest(shown[worded], _LEXICAL + asked.more)].tolist())
        if index is None or near is None:
            return self._judge(asked, dict.fromkeys(places, _NOTHING), lexical)
        foreseen = self._foreseen(asked, index)
        scores = self._compare(asked, index, places | foreseen)  # while the index looks
        judged = self._judge(asked, scores, lexical) if foreseen else None
        places |= {index.place(one) for one, _ in near.result()}
        if judged is not None and places == scores.keys():
            return judged
        scores |= self._compare(asked, index, places.difference(scores))
        return self._judge(asked, {place: scores[place] for place in places}, lexical)

    def _judge(
        self, asked: _Asked, scores: Mapping[int, tuple[float, float, float]], lexical: Floats
    ) -> tuple[list[_Found], Evidence | None]:
        ranked = self._cards_at(asked, {place: (*told, float(lexical[place])) for place, told in scores.items()})
        wanted = (one for one in ranked if one.card not in asked.left_out)
        chosen = list(islice(shown_once(wanted, lambda one: self.cards[one.card]), max(asked.k, _COMPARED)))
        return chosen, self._evidence(asked, chosen) if chosen else None

    def _foreseen(self, asked: _Asked, index: Index) -> set[int]:
        """What the index will find, where a look at every vector takes less time than the index does."""
        if len(self._chunks) > _MANY:
            return set()
        return {index.place(one) for one, _ in index.exact(asked.vector, _NEAREST + asked.more, asked.inside)}

    def _cards_at(self, asked: _Asked, scores: Mapping[int, tuple[float, ...]]) -> Iterator[_Found]:
        """The cards at these places once, best first, from their dense, late, question and lexical scores."""
        dense, late, question, lexical = np.array([*scores.values()], dtype=np.float32).reshape(-1, 4).T
        fused = self._blend(asked).fuse(late, question, dense, lexical).tolist()
        seen: set[str] = set()
        for whole, at in sorted(zip(fused, scores, strict=True), key=lambda one: (-one[0], one[1])):
            if (card := self._chunks[at].card) not in seen:
                seen.add(card)
                meaning, near, _, words = scores[at]
                yield _Found(card=card, chunk=at, fused=whole, meaning=meaning, late=near, lexical=words)

    def _ask(self, asked: _Asked, index: Index) -> Future[list[tuple[str, float]]]:
        """Embeds the query and has the index look for the nearest chunks, beside what this thread does meanwhile."""
        pieces = None
        if self._words is not None:
            [asked.vector], [pieces] = self._words.embed_words([asked.text])
        elif self._embedder is not None:
            [asked.vector] = self._embedder.embed([asked.text])
        near = self._beside.submit(index.nearest, asked.vector, _NEAREST + asked.more, asked.inside)
        time.sleep(_WAY)
        if pieces is not None:
            asked.words, asked.states = words_and_states(pieces)
            asked.weights = np.array([self._weight(word) for word in asked.words], dtype=np.float32)
        return near

    def _compare(self, asked: _Asked, index: Index, places: Collection[int]) -> dict[int, tuple[float, float, float]]:
        """The scores of the chunks at these places: dense, late, late by the question alone."""
        if not places:
            return {}
        kept = index.kept([self._chunks[at].id for at in places])
        dense = cosines(np.array([vector for vector, _ in kept]), asked.vector)
        late, question = late_score(asked.states, asked.weights, [told for _, told in kept])
        return dict(zip(places, zip(dense.tolist(), late.tolist(), question.tolist(), strict=True), strict=True))

    def _evidence(self, asked: _Asked, chosen: Sequence[_Found]) -> Evidence:
        best, told = chosen[0], NO_STATES
        if not asked.by_words and (index := self._usable()) is not None:
            [(_, told)] = index.kept([self._chunks[best.chunk].id])
        seen = Seen(
            query=asked.text,
            words=asked.words,
            states=asked.states,
            card=self._chunks[best.chunk].text,
            told=told,
        )
        scores = (best.late, best.meaning, best.lexical)
        return gather(seen, [one.fused for one in chosen], scores, self.lexical, by_words=asked.by_words)

    def _weight(self, word: str) -> float:
        """How much a word of the query counts: the rarer the more, and nothing where the embedder cannot read it."""
        return 0.0 if word == "[UNK]" else math.sqrt(max(self.lexical.rarity(word), 0.05))

    def _neighbours(self, card: Card, index: Index | None) -> dict[str, float]:
        """Cards that might tell the same, with how near they are in meaning."""
        scores = self.lexical.scores(card.question)
        near = {self._chunks[at].card: 0.0 for at in largest(scores, 20) if scores[at] > 0}
        if index is not None:
            own = next(chunk.id for chunk in self._chunks if chunk.card == card.id)
            [(vector, _)] = index.kept([own])
            for one, meaning in index.nearest(vector, 20):
                other = self._chunks[index.place(one)].card
                near[other] = max(near.get(other, 0.0), meaning)
        return near

    def _reason(self, asked: _Asked, found: _Found) -> str:
        meaning = None if self._embedder is None else found.meaning
        return reason(asked.text, self.cards[found.card], self.lexical, meaning)
