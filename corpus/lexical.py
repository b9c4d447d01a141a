"""BM25 over the chunks, with query words matched softly: other endings and slips of the pen count, for less.

Knows nothing of meaning; `corpus.retrieve` fuses these scores with those of the vectors.
"""

import os
import re
import unicodedata
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from hashlib import sha256
from pathlib import Path
from threading import get_ident
from typing import Any, Protocol
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

__all__ = ["Lexical", "Term", "Text", "split_words"]

Floats = NDArray[np.float32]
Whole = NDArray[np.int64]

_WORD = re.compile(r"([^\W_]+)(?:['’][^\W_]+)*")
# Words that say how a thing is asked, not what is asked for.
STOP_WORDS = frozenset(
    """a about all also an and any are as at be been being but by can could did do does doing done for from get give
    given going had has have having he her his how i if in into is it its just like me my name of on one or our out
    please s she should so some such t tell than that the their them then there these they this those to too up us use
    used was we were what when where which while who whom whose why will with would you your explain describe""".split()
)
_K1, _B = 1.2, 0.6
_RECIPE = "bm25-1"  # changes with anything that changes a score
# The first line of a chunk is the card's question, the part a learner is most likely to recall.
_QUESTION_WEIGHT = 2
# Share of letter triples that two words must have in common to count as one word in two shapes.
_ALIKE = 0.36
_MOST_ALIKE = 8
_SAME_WORD = 0.5  # from here on two words are the same one with another ending
_REMEMBERED = 10_000  # words of queries that are kept as terms
_FEW = 3  # words that a query of keywords has at most


class Text(Protocol):
    """What is searched: anything with a text, in practice a Chunk."""

    @property
    def text(self) -> str:
        """The question, then the answer on further lines."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Term:
    """A word of the query and the words of the chunks it stands for, with how alike they are (0 to 1), best first."""

    word: str
    matches: tuple[tuple[int, float], ...]
    words: tuple[str, ...]  # those of the matches


def split_words(text: str) -> list[str]:
    """The words of a text, folded: no case, no accents, no possessive ending.

    >>> split_words("The LSTM’s naïve gates, x=0")
    ['the', 'lstm', 'naive', 'gates', 'x', '0']
    """
    if not text.isascii():
        decomposed = unicodedata.normalize("NFKD", text)
        text = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return _WORD.findall(text.casefold())


@lru_cache(maxsize=1024)  # the cards of one search are looked at once for every word of the query
def _bag(text: str) -> frozenset[str]:
    return frozenset(split_words(text))


class Lexical:
    """Scores chunks for a query by the words they share. Chunks keep the places they were given in."""

    def __init__(self, chunks: Sequence[Text]) -> None:
        self._count = len(chunks)
        self._terms: dict[str, int] = {}
        terms, lengths = self._read(chunks)
        self._index(terms, lengths)
        self.words = list(self._terms)

    @classmethod
    def kept(cls, chunks: Sequence[Text], path: Path) -> "Lexical":
        """The same as `Lexical(chunks)`, from the file `path` if it was made there from these very texts."""
        digest = sha256()
        for chunk in chunks:
            digest.update(chunk.text.encode(errors="replace") + b"\0")
        made_from = f"{_RECIPE} {digest.hexdigest()}"
        try:
            with np.load(path, allow_pickle=False) as saved:
                if str(saved["made_from"]) == made_from:
                    return cls._restored(len(chunks), saved)
        except (OSError, ValueError, KeyError, EOFError, BadZipFile):
            pass  # not there, or damaged: made anew below
        made = cls(chunks)
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f"{path.name}.{os.getpid()}-{get_ident()}.part")
        with part.open("wb") as file:
            words = np.array("\n".join(made.words))
            np.savez(
                file,
                made_from=np.array(made_from),
                words=words,
                places=made._places,
                gains=made._gains,
                starts=made._starts,
                idf=made.idf,
            )
        os.replace(part, path)
        return made

    @classmethod
    def _restored(cls, count: int, saved: Mapping[str, NDArray[Any]]) -> "Lexical":
        made = cls.__new__(cls)
        made._count = count
        made.words = str(saved["words"]).split("\n") if saved["words"].size else []
        made._terms = {word: term for term, word in enumerate(made.words)}
        made._places, made._gains, made._starts = saved["places"], saved["gains"], saved["starts"]
        made.idf = saved["idf"]
        return made

    # The last query with its terms: one search asks for them several times.
    _last: tuple[str, tuple[Term, ...]] = ("", ())

    @cached_property
    def _triples(self) -> dict[str, Whole]:
        found: dict[str, list[int]] = {}
        for word, term in self._terms.items():
            for triple in _triples(word):
                found.setdefault(triple, []).append(term)
        return {triple: np.array(terms, dtype=np.int64) for triple, terms in found.items()}

    @cached_property
    def _triple_counts(self) -> Whole:
        return np.array([len(_triples(word)) for word in self.words], dtype=np.int64)

    def _read(self, chunks: Iterable[Text]) -> tuple["array[int]", "array[int]"]:
        """The term of each word of all chunks, one after another, and how many words each chunk has; 4 bytes each."""
        terms, lengths = array("i"), array("i")
        known = self._terms
        for chunk in chunks:
            question, _, answer = chunk.text.partition("\n")
            words = split_words(question) * _QUESTION_WEIGHT + split_words(answer)
            terms.extend([known.setdefault(word, len(known)) for word in words])
            lengths.append(len(words))
        return terms, lengths

    def _index(self, terms: "array[int]", lengths: "array[int]") -> None:
        """Postings sorted by term: places of chunks and what each adds to a score (Robertson and Zaragoza 2009).

        Sorts and counts in place: at 100,000 cards each further copy of the keys costs tens of megabytes.
        """
        sizes, count = np.frombuffer(lengths, dtype=np.intc), max(self._count, 1)
        keys = np.frombuffer(terms, dtype=np.intc).astype(np.int64)
        keys *= count
        keys += np.repeat(np.arange(self._count, dtype=np.int32), sizes)
        keys.sort()
        first = np.flatnonzero(np.diff(keys, prepend=-1)).astype(np.int64)
        counts = np.diff(first, append=len(keys)).astype(np.float32)
        keys = keys[first]
        self._places: NDArray[np.int32] = (keys % count).astype(np.int32)
        keys //= count
        term_of = keys.astype(np.int32)
        self._starts: Whole = np.searchsorted(term_of, np.arange(len(self._terms) + 1, dtype=np.int32))
        found = np.diff(self._starts)
        self.idf: Floats = np.log1p((self._count - found + 0.5) / (found + 0.5)).astype(np.float32)
        size = (1 - _B + _B * sizes / max(sizes.mean() if self._count else 1.0, 1e-9)).astype(np.float32)
        gains = counts * np.float32(_K1 + 1) / (counts + np.float32(_K1) * size[self._places])
        self._gains: Floats = (gains * self.idf[term_of]).astype(np.float32, copy=False)

    def knows(self, word: str) -> bool:
        """Whether a folded word stands in any chunk."""
        return word in self._terms

    def rarity(self, word: str) -> float:
        """How much a word tells (inverse document frequency); an unknown word as much as the rarest known one."""
        term = self._terms.get(word)
        return self.rarest if term is None else float(self.idf[term])

    @property
    def rarest(self) -> float:
        """The rarity of a word that no chunk holds."""
        return float(np.log1p(2 * self._count + 1))

    def likeness(self, word: str, text: str) -> float:
        """How much alike (0 to 1) a word of a query and the most alike word of a chunk's text are, as `scores` goes."""
        there = _bag(text)
        near = (pair for term in self._match(word) for pair in zip(term.words, term.matches, strict=True))
        return max((alike for other, (_, alike) in near if other in there), default=0.0)

    def terms(self, query: str) -> tuple[Term, ...]:
        """The telling words of a query, each once, with the words of the chunks that it matches."""
        asked, terms = self._last
        if asked != query:
            terms = self._match(query)
            self._last = (query, terms)
        return terms

    def _match(self, query: str) -> tuple[Term, ...]:
        words = dict.fromkeys(split_words(query))
        telling = [word for word in words if word not in STOP_WORDS] or list(words)
        return tuple(self._term(word) for word in telling)

    @cached_property
    def _known(self) -> dict[str, Term]:
        return {}

    def _term(self, word: str) -> Term:
        found = self._known.get(word)
        if found is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            matches = tuple(self._alike(word))
            found = Term(word=word, matches=matches, words=tuple(self.words[match] for match, _ in matches))
            self._known[word] = found
        return found

    def scores(self, query: str) -> Floats:
        """One score of 0 or more a chunk, in the chunks' order; the share of the query's weight that a chunk covers."""
        terms = self.terms(query)
        total, best = (np.zeros(self._count, dtype=np.float32) for _ in range(2))
        most = sum(max(self.rarity(term.word), 0.1) for term in terms) * (_K1 + 1)
        for term in terms:
            for at, (match, alike) in enumerate(term.matches):
                part = slice(self._starts[match], self._starts[match + 1])
                places, gains = self._places[part], alike * self._gains[part]
                best[places] = np.maximum(best[places], gains) if at else gains
            total += best
            best.fill(0)
        total /= np.float32(max(most, 1e-6))
        return total

    def shared(self, query: str, text: str) -> tuple[str, ...]:
        """The words of `text` that answer to words of the query, in the query's order."""
        there, found = _bag(text), dict[str, None]()
        for term in self.terms(query):
            if not there.isdisjoint(term.words):
                found.setdefault(next(word for word in term.words if word in there))
        return tuple(found)

    def named(self, query: str, question: str) -> bool:
        """Whether the query is a few telling words that all stand in `question`, or are short for words in it."""
        there = split_words(question)
        short = _initials(there)
        terms = self.terms(query)
        return 0 < len(terms) <= _FEW and all(
            {term.word, term.word.removesuffix("s")} & short
            or any(
                other in there and alike >= _SAME_WORD
                for other, (_, alike) in zip(term.words, term.matches, strict=True)
            )
            for term in terms
        )

    def _alike(self, word: str) -> Iterator[tuple[int, float]]:
        exact = self._terms.get(word)
        if exact is not None:
            yield exact, 1.0
        triples = _triples(word)
        if len(word) < 4:
            return
        lists = [self._triples[triple] for triple in triples if triple in self._triples]
        if not lists:
            return
        counts = np.bincount(np.concatenate(lists))
        near = np.flatnonzero(counts)
        shared = counts[near]
        alike = shared / (self._triple_counts[near] + len(triples) - shared)
        near, alike = near[alike >= _ALIKE], alike[alike >= _ALIKE]
        order = np.argsort(-alike, kind="stable")[: _MOST_ALIKE + 1]
        for at in order:
            if near[at] != exact:
                yield int(near[at]), float(alike[at])


def _initials(words: Sequence[str]) -> set[str]:
    """Short forms of three or four letters that telling words side by side may have.

    >>> sorted(_initials(["a", "generative", "adversarial", "network"]))
    ['gan']
    """
    firsts = "".join(word[0] for word in words if word not in STOP_WORDS)
    return {firsts[at : at + size] for size in (3, 4) for at in range(len(firsts) - size + 1)}


def _triples(word: str) -> frozenset[str]:
    padded = f"^{word}$"
    return frozenset(padded[at : at + 3] for at in range(len(padded) - 2))
