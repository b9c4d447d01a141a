"""What the best cards show about whether they answer a query at all, as numbers that mean the same in every deck.

Scores nothing and decides nothing: `corpus.blend` weighs these numbers.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from corpus.lexical import STOP_WORDS, Lexical
from corpus.rerank import States, met_words

__all__ = ["Evidence", "Seen", "gather", "lead", "tells"]

Floats = NDArray[np.float32]

_RIVALS = 4
_MOST_ASKED = 12
_SAME_WORD = 0.9
_ASKS_FACT = re.compile(
    r"\b(who|when|where|in which|what year|which (year|paper|company|library|data ?set|one)|"
    r"how (many|much|long|fast|slow|large|often|old|tall)|best|typical|code|python|pytorch|keras|"
    r"invent\w*|published|discover\w*|coined|prove|proof|derive)\b"
)
_JOINS = re.compile(r"\b(and|vs|versus|against|compared?|comparison|differences?|different|or|between)\b|,")
_NUMBER = re.compile(r"\d+")


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """Numbers about a query and the card found first; those from word states are 0 where the embedder gives none.

    `late`, `dense` and `lexical` are the card's scores; `lead` is over the mean of the next four, `margin` over the
    next one; `asked` is the logarithm of one more than the telling words. `gap` is the rarity-weighted miss of the
    word that the card meets worst; `terse_gap` the same times the share of words that tell; `question_gap` times how
    well the card's question meets the query; `question_worst` is the word that this question meets worst. The rest are
    flags (0 or 1): `exact`: the card has every telling word; `joins`: the query joins or compares things; `fact`: it
    asks for a person, a time, an amount; `number`: it has one that the card has not; `named`: it is a few words that
    all stand in the card's question, or are short for words there.
    """

    late: float
    dense: float
    lexical: float
    lead: float
    asked: float
    margin: float = 0.0
    gap: float = 0.0
    terse_gap: float = 0.0
    question_gap: float = 0.0
    question_worst: float = 0.0
    exact: float = 0.0
    joins: float = 0.0
    fact: float = 0.0
    number: float = 0.0
    named: float = 0.0

    @property
    def strength(self) -> float:
        """The lead, which tells the more, the better the words are met."""
        return self.lead * self.late


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """A query, its words with their states, and the best card's text and its states."""

    query: str
    words: Sequence[str]
    states: Floats
    card: str
    told: States


def tells(word: str) -> bool:
    """Whether a word of a query says what is asked for."""
    return word not in STOP_WORDS and any(letter.isalnum() for letter in word) and word != "[UNK]"


def lead(fused: Sequence[float], *, rest_is_zero: bool) -> float:
    """By how much the first is ahead of the mean of the next four; fewer may be filled up with zeros."""
    rivals = fused[1 : 1 + _RIVALS]
    if rest_is_zero:
        return fused[0] - sum(rivals) / _RIVALS
    return fused[0] - sum(rivals) / len(rivals) if rivals else fused[0] / 3


def gather(
    seen: Seen, fused: Sequence[float], scores: tuple[float, float, float], lexical: Lexical, *, by_words: bool
) -> Evidence:
    """The evidence from the fused scores of the best cards, best first, and the first one's late, dense and lexical."""
    late, dense, words = scores
    spoken = [at for at, word in enumerate(seen.words) if any(letter.isalnum() for letter in word)]
    telling = [at for at in spoken if tells(seen.words[at])]
    asked = len({seen.words[at] for at in telling}) or len(lexical.terms(seen.query))
    known = Evidence(
        late=late,
        dense=dense,
        lexical=words,
        lead=lead(fused, rest_is_zero=by_words),
        asked=float(np.log1p(min(asked, _MOST_ASKED))),
    )
    used = telling or spoken
    return _by_states(known, seen, fused, used, len(telling) / max(1, len(spoken)), lexical) if used else known


def _by_states(
    known: Evidence, seen: Seen, fused: Sequence[float], used: list[int], share: float, lexical: Lexical
) -> Evidence:
    """The numbers that need the states of words, and those fitted beside them."""
    query, question = seen.query.casefold(), seen.card.partition("\n")[0]
    whole, by_question = met_words(seen.states, seen.told)
    rare = np.sqrt(np.maximum([lexical.rarity(seen.words[at]) for at in used], 0.05) / lexical.rarest)
    spelled = np.array([lexical.likeness(seen.words[at], seen.card) for at in used])
    gap = float(((1 - np.maximum(whole[used], spelled)) * rare).max())
    by_question = by_question[used]
    return replace(
        known,
        margin=fused[0] - fused[1] if len(fused) > 1 else fused[0] / 3,
        gap=gap,
        terse_gap=gap * share,
        question_gap=gap * float((by_question * rare).sum() / rare.sum()),
        question_worst=float(by_question.min()),
        exact=float(spelled.min() >= _SAME_WORD),
        joins=float(bool(_JOINS.search(query))),
        fact=float(bool(_ASKS_FACT.search(query))),
        number=float(bool(set(_NUMBER.findall(query)) - set(_NUMBER.findall(seen.card)))),
        named=float(lexical.named(seen.query, question)),
    )
