"""Finds the cards that answer a query, by words and by meaning, and says how likely it is that any does.

Embeds through `corpus.index`, matches words through `corpus.lexical`; calls no language model and writes no reply.
"""

import math
import time
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from corpus.blend import BY_MEANING, BY_STATES, BY_WORDS, Blend, Evidence, lead
from corpus.card import Card, text_key
from corpus.chunk import chunk_cards
from corpus.embed import Embedder, WordEmbedder
from corpus.errors import DeckError, EmbeddingError
from corpus.index import Index, Progress, Tell
from corpus.lexical import STOP_WORDS, Lexical
from corpus.rerank import SIZE, met, words_and_states
from corpus.rerank import score as late_score
from corpus.similar import overlap, words
from corpus.tokens import trim
from corpus.vectors import largest
from corpus.wording import Wording

if TYPE_CHECKING:
    from langchain_core.retrievers import BaseRetriever

__all__ = ["Retrieved", "Retriever", "SearchResult"]

Floats = NDArray[np.float32]

_QUERY_TOKENS = 240
_NEAREST = 60
_LEXICAL = 40
_COMPARED = 5  # cards that the best one is compared with to tell whether it answers
_PAUSE = 30.0  # seconds without an embedder that failed
_MANY = 5_000  # from so many chunks on the word index is kept on disk
_WORD_SHARE = 0.6  # answers that share this much of their words tell the same
_QUESTION_SHARE = 0.8
_SAME_MEANING = 0.95


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
    by_words: bool = False
    words: list[str] = field(default_factory=list)
    states: Floats = field(default_factory=lambda: np.zeros((0, SIZE), dtype=np.float32))


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
        self._decks = _deck_names(given)
        alone = {path: frozenset({path}) for path in {card.path for card in given}}
        self._paths: dict[str, frozenset[str]] = {}
        for card in given:
            self._paths[card.id] = self._paths.get(card.id, alone[card.path]) | alone[card.path]
        self._chunks = chunk_cards(given)
        self._embedder = embedder
        self._folder = folder
        self._open = partial(Index.open, folder=folder, progress=progress, url=url, tell=tell)
        self._tell = tell
        self._again = 0.0  # when an embedder that failed is tried again
        self._index: Index | None = None
        self._lexical: Lexical | None = None
        self._lock = RLock()

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
        asked, chosen = self._find(query, k, decks, tags, exclude)
        if not chosen:
            return SearchResult(query=query, answerable=False, probability=0.0, results=())
        blend = self._blend(asked)
        probability = blend.probability(self._evidence(asked, chosen))
        chances = blend.chances([one.fused for one in chosen], probability)
        results = tuple(
            Retrieved(card=self.cards[one.card], score=round(chance, 4), reason=self._reason(asked, one))
            for one, chance in zip(chosen[:k], chances, strict=False)
        )
        answers = probability >= blend.bar
        return SearchResult(query=query, answerable=answers, probability=round(probability, 4), results=results)

    def evidence(self, query: str, *, exclude: Collection[str] = ()) -> Evidence | None:
        """What `search` judges by whether the query is answerable; None where no card is found."""
        asked, chosen = self._find(query, 1, (), (), exclude)
        return self._evidence(asked, chosen) if chosen else None

    def near_duplicates(self, card_id: str) -> frozenset[str]:
        """Other cards that ask or tell the same as this one; a quiz keeps them out of sight while it is in play."""
        card = self.cards.get(card_id)
        if card is None:
            return frozenset()
        near = self._neighbours(card)
        return frozenset(
            other
            for other, meaning in near.items()
            if other != card_id and _tells_the_same(card, self.cards[other], meaning)
        )

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
        return BY_STATES if isinstance(self._embedder, WordEmbedder) else BY_MEANING

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

    @property
    def _wording(self) -> Wording:
        return Wording(self.lexical, getattr(self._embedder, "vocabulary", None))

    def _find(
        self, query: str, k: int, decks: Sequence[str], tags: Sequence[str], exclude: Collection[str]
    ) -> tuple[_Asked, list[_Found]]:
        asked = _Asked(text=self._wording.rewrite(trim(" ".join(query.split()), _QUERY_TOKENS)))
        paths = self.deck_paths(decks)
        left_out = set(exclude).union(*(self.near_duplicates(one) for one in exclude))
        try:
            ranked = self._rank(asked, paths, self._usable())
        except EmbeddingError as error:
            self._by_words(error)
            ranked = self._rank(asked, paths, None)
        allowed = [one for one in ranked if self._allowed(one.card, paths, tags, left_out)]
        return asked, self._collapse(allowed, max(k, _COMPARED))

    def _rank(self, asked: _Asked, paths: frozenset[str], index: Index | None) -> list[_Found]:
        """Every candidate card once, by its best chunk, best first."""
        if not self._chunks or not asked.text:
            return []
        lexical = self.lexical.scores(asked.text)
        asked.by_words = index is None
        shown = lexical
        if paths:
            inside = index.within(paths) if index else [chunk.path in paths for chunk in self._chunks]
            shown = np.where(inside, lexical, 0)
        places = {int(at) for at in largest(shown, _LEXICAL) if shown[at] > 0}
        dense, late, question = (np.zeros(len(self._chunks), dtype=np.float32) for _ in range(3))
        if index is not None:
            places = self._by_meaning(asked, index, paths, places, (dense, late, question))
        fused = self._blend(asked).fuse(late, question, dense, lexical)
        best: dict[str, _Found] = {}
        for at in sorted(places, key=lambda place: (-fused[place], place)):
            best.setdefault(
                self._chunks[at].card,
                _Found(
                    card=self._chunks[at].card,
                    chunk=at,
                    fused=float(fused[at]),
                    meaning=float(dense[at]),
                    late=float(late[at]),
                    lexical=float(lexical[at]),
                ),
            )
        return list(best.values())

    def _by_meaning(
        self,
        asked: _Asked,
        index: Index,
        paths: frozenset[str],
        places: set[int],
        scores: tuple[Floats, Floats, Floats],
    ) -> set[int]:
        """`places` and those of the nearest chunks; fills in their scores: dense, late, late by the question alone."""
        dense, late, question = scores
        embedder = self._embedder
        if isinstance(embedder, WordEmbedder):
            vectors, [pieces] = embedder.embed_words([asked.text])
            asked.words, asked.states = words_and_states(pieces)
        else:
            assert embedder is not None
            vectors = embedder.embed([asked.text])
        near = index.nearest(vectors[0], _NEAREST, paths)
        every = sorted(places.union(index.place(one) for one, _ in near))
        kept = index.kept([self._chunks[at].id for at in every])
        dense[every] = np.array([vector for vector, _ in kept]) @ vectors[0]
        weights = np.array([self._weight(word) for word in asked.words], dtype=np.float32)
        late[every], question[every] = late_score(asked.states, weights, [packed for _, packed in kept])
        return set(every)

    def _evidence(self, asked: _Asked, chosen: Sequence[_Found]) -> Evidence:
        best = chosen[0]
        worst, telling = 0.0, [at for at, word in enumerate(asked.words) if _tells(word)]
        if telling and (index := self._usable()) is not None:
            [(_, packed)] = index.kept([self._chunks[best.chunk].id])
            worst = float(met(asked.states, packed)[telling].min())
        return Evidence(
            late=best.late,
            dense=best.meaning,
            lexical=best.lexical,
            worst=worst,
            lead=lead([one.fused for one in chosen], rest_is_zero=asked.by_words),
            asked=len({asked.words[at] for at in telling}) or len(self.lexical.terms(asked.text)),
            named=self.lexical.named(asked.text, self.cards[best.card].question),
        )

    def _weight(self, word: str) -> float:
        """How much a word of the query counts: the rarer the more, and nothing where the embedder cannot read it."""
        return 0.0 if word == "[UNK]" else math.sqrt(max(self.lexical.rarity(word), 0.05))

    def _allowed(self, card: str, paths: frozenset[str], tags: Sequence[str], left_out: Collection[str]) -> bool:
        if card in left_out or (paths and not paths & self._paths[card]):
            return False
        return not tags or bool({tag.casefold() for tag in tags} & {tag.casefold() for tag in self.cards[card].tags})

    def _collapse(self, found: Sequence[_Found], k: int) -> list[_Found]:
        chosen: list[_Found] = []
        for one in found:
            if len(chosen) == k:
                break
            if not any(_same_card(self.cards[one.card], self.cards[other.card]) for other in chosen):
                chosen.append(one)
        return chosen

    def _neighbours(self, card: Card) -> dict[str, float]:
        """Cards that might tell the same, with how near they are in meaning."""
        scores = self.lexical.scores(card.question)
        near = {self._chunks[at].card: 0.0 for at in largest(scores, 20) if scores[at] > 0}
        index = self._usable()
        if index is not None:
            own = next(chunk.id for chunk in self._chunks if chunk.card == card.id)
            [(vector, _)] = index.kept([own])
            for one, meaning in index.nearest(vector, 20):
                other = self._chunks[index.place(one)].card
                near[other] = max(near.get(other, 0.0), meaning)
        return near

    def _reason(self, asked: _Asked, found: _Found) -> str:
        card = self.cards[found.card]
        in_question = self.lexical.shared(asked.text, card.question)
        in_answer = [word for word in self.lexical.shared(asked.text, card.answer) if word not in in_question]
        parts = []
        for where, shared in (("question", in_question), ("answer", in_answer)):
            telling = [word for word in shared if word not in STOP_WORDS][:6]
            if telling:
                parts.append(f"{where} has " + ", ".join(telling))
        if self._embedder is not None:
            nearness = "close" if found.meaning >= 0.5 else "some" if found.meaning >= 0.3 else "little"
            parts.append(f"{nearness} likeness in meaning ({found.meaning:.2f})")
        return "; ".join(parts) or "no shared words"


def _deck_names(cards: Iterable[Card]) -> dict[str, set[str]]:
    named: dict[str, set[str]] = {}
    for deck, path in {(card.deck, card.path) for card in cards}:
        for name in {deck, path, Path(path).name, Path(path).stem}:
            named.setdefault(name.casefold(), set()).add(path)
    return named


def _tells(word: str) -> bool:
    return word not in STOP_WORDS and any(letter.isalnum() for letter in word) and word != "[UNK]"


def _same_card(one: Card, two: Card) -> bool:
    """Whether showing both would show one thing twice."""
    if text_key(one.question) != text_key(two.question):
        return False
    return overlap(words(one.answer), words(two.answer)) >= _WORD_SHARE


def _tells_the_same(one: Card, two: Card, meaning: float) -> bool:
    if text_key(one.question) == text_key(two.question) or meaning >= _SAME_MEANING:
        return True
    if overlap(words(one.answer), words(two.answer)) >= _WORD_SHARE and len(words(one.answer)) > 2:
        return True
    return overlap(words(one.question), words(two.question)) >= _QUESTION_SHARE and meaning >= _QUESTION_SHARE
