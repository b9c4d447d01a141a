"""Puts a learner's query nearer to the words of the cards: slips mended, plain phrases put as cards put them.

Changes only what is embedded and matched, never what is shown. Short forms that the cards use are left as they are:
written out, they cost recall (measured on keyword queries over the bundled decks). One that no card uses is written out
where the cards have the words that it is made of.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, lru_cache
from typing import Protocol

from corpus.lexical import STOP_WORDS

__all__ = ["Known", "Wording", "short_forms"]

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_WORD = re.compile(r"[^\W\d_]+")
_TOKEN = re.compile(r"[^\W_]+")
_SHORT = range(3, 6)  # letters of a short form; with two, too many phrases begin with them
_REMEMBERED = 5_000  # words of queries, most of which come again
_MENDED_FROM = 4  # shorter words are never mended: too many others are one letter away
# What learners say for what cards say, whatever the subject.
_PLAIN = {
    "good sides": "advantages",
    "good side": "advantages",
    "good things": "advantages",
    "upsides": "advantages",
    "plus points": "advantages",
    "perks": "advantages",
    "bad sides": "disadvantages",
    "bad side": "disadvantages",
    "bad things": "disadvantages",
    "downsides": "disadvantages",
    "minus points": "disadvantages",
    "weak spots": "limitations",
    "weak points": "limitations",
    "bad at": "limitations of",
    "good for": "purpose of",
    "what for": "purpose",
    "how come": "why",
    "real life": "real-world applications",
    "stuff": "things",
}
_PHRASE = re.compile(r"\b(" + "|".join(sorted(map(re.escape, _PLAIN), key=len, reverse=True)) + r")\b", re.IGNORECASE)


class Known(Protocol):
    """Which words the cards hold, and how much each tells; `corpus.lexical.Lexical` is one."""

    def knows(self, word: str) -> bool:
        """Whether a folded word stands in any card."""

    def rarity(self, word: str) -> float:
        """The higher, the fewer cards hold the word."""


class Wording:
    """Rewrites queries for one set of cards. `common` gives the rank of words of the language, where there is one.

    `written_out` gives the phrase behind a short form, or "".
    """

    def __init__(
        self,
        known: Known,
        common: Mapping[str, int] | None = None,
        written_out: Callable[[str], str] | None = None,
    ) -> None:
        self._known = known
        self._common = common or {}
        self._written_out = written_out
        self._put = lru_cache(maxsize=_REMEMBERED)(self._mend)

    def rewrite(self, query: str) -> str:
        """The query with slips mended and plain phrases put as cards put them."""
        mended = _WORD.sub(lambda found: self._put(found.group()), query)
        return _PHRASE.sub(lambda found: _PLAIN[found.group().casefold()], mended)

    def _mend(self, word: str) -> str:
        folded = word.casefold()
        if self._written_out and not self._known.knows(folded) and (phrase := self._written_out(folded)):
            return phrase
        if len(folded) < _MENDED_FROM or not folded.isascii() or self._is_word(folded):
            return word
        near = [one for one in _one_slip(folded) if self._known.knows(one)]
        if near:
            return min(near, key=self._known.rarity)
        ranked = [one for one in _one_slip(folded) if one in self._common]
        return min(ranked, key=self._common.__getitem__) if ranked else word

    def _is_word(self, folded: str) -> bool:
        """Whether it is a word already, in this shape or another."""
        return any(self._known.knows(one) or one in self._common for one in _shapes(folded))


def short_forms(texts: Sequence[str]) -> Callable[[str], str]:
    """Gives the words in `texts` that a short form stands for, "" where none begin with its letters.

    >>> short_forms(["generative adversarial network", "Generative adversarial network"])("gans")
    'generative adversarial network'
    """

    @cache
    def initials() -> list[str]:
        return ["".join(word[0] for word in _TOKEN.findall(text.casefold())) for text in texts]

    @lru_cache(maxsize=500)
    def written_out(short: str) -> str:
        for letters in (short, short.removesuffix("s")):
            if len(letters) not in _SHORT or not letters.isascii() or not letters.isalpha() or letters in STOP_WORDS:
                continue
            holding = [text for text, firsts in zip(texts, initials(), strict=True) if letters in firsts]
            if not holding:
                continue
            pattern = re.compile(r"\b" + r"[\s-]+".join(rf"{letter}[a-z]{{2,}}" for letter in letters) + r"\b", re.I)
            found: Counter[str] = Counter(phrase.casefold() for text in holding for phrase in pattern.findall(text))
            phrases = [
                one
                for one, times in found.most_common()
                if times > 1 and not STOP_WORDS & set(re.split(r"[\s-]+", one))
            ]
            if phrases:
                return phrases[0]
        return ""

    return written_out


def _shapes(word: str) -> Iterator[str]:
    yield word
    yield from (word + ending for ending in ("s", "d", "ed", "er", "r", "ing", "ion", "or", "ment"))
    for ending in ("s", "es", "ed", "d", "ing", "ly", "er", "r", "y"):
        stem = word.removesuffix(ending)
        if stem != word and len(stem) >= 3:
            yield from (stem, stem + "e")
            if stem[-1] == stem[-2]:
                yield stem[:-1]


def _one_slip(word: str) -> Iterator[str]:
    """Every word that is one letter left out, put in, changed or swapped away; the first letter mostly stays right."""
    for at in range(len(word)):
        yield word[:at] + word[at + 1 :]
        if at + 1 < len(word):
            yield word[:at] + word[at + 1] + word[at] + word[at + 2 :]
        for letter in _LETTERS:
            yield word[:at] + letter + word[at + 1 :]
            yield word[: at + 1] + letter + word[at + 1 :]
