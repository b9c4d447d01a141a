"""How the scores of a card are put together, and what they say about its answering: the fitted numbers.

Computes no score itself. Fitted by `corpus.fit` on the `tune` half of tests/corpus/queries.jsonl and, at a tenth of the
weight, on StackFAQ (Karan and Snajder 2018); each query also with its cards taken away, as one that nothing answers.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["BY_MEANING", "BY_STATES", "BY_WORDS", "Blend", "Evidence", "lead"]

Floats = NDArray[np.float32]

_RIVALS = 4
_STEEP = 8.0
_MOST_ASKED = 12


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """What the best card shows: its scores, its least met query word, its lead over the next ones, words asked for.

    `named` where the query is but a few words and all of them stand in the card's question, as keywords do.
    """

    late: float
    dense: float
    lexical: float
    worst: float
    lead: float
    asked: int
    named: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Blend:
    """Weights of the fused score, then those of the log odds that the best card answers, and the bar for saying so."""

    late: float = 0.0
    dense: float = 0.0
    lexical: float = 0.0
    keyword_lexical: float = 0.0
    keyword_question: float = 0.0
    odds_late: float = 0.0
    odds_dense: float = 0.0
    odds_lexical: float = 0.0
    odds_worst: float = 0.0
    odds_lead: float = 0.0
    odds_asked: float = 0.0
    odds_named: float = 0.0
    offset: float = 0.0
    bar: float = 0.5

    def fuse(self, late: Floats, question: Floats, dense: Floats, lexical: Floats) -> Floats:
        """One score a chunk. Words and the question count the more, the better any card meets the query's words."""
        keywords = float(lexical.max(initial=0.0))
        fused: Floats = self.late * late + self.dense * dense + self.lexical * lexical
        fused += keywords * (self.keyword_lexical * lexical + self.keyword_question * question)
        return fused

    def probability(self, seen: Evidence) -> float:
        """That the best card answers the query."""
        odds = self.offset + self.odds_late * seen.late + self.odds_dense * seen.dense
        odds += self.odds_lexical * seen.lexical + self.odds_worst * seen.worst + self.odds_lead * seen.lead
        odds += self.odds_asked * math.log1p(min(seen.asked, _MOST_ASKED)) + self.odds_named * seen.named
        return 1 / (1 + math.exp(-odds))

    def chances(self, fused: Sequence[float], probability: float) -> list[float]:
        """A score from 0 to 1 for each card, best first: the probability, falling with the distance to the best."""
        odds = math.log(max(probability, 1e-6) / max(1 - probability, 1e-6))
        return [1 / (1 + math.exp(min(60.0, -odds + _STEEP * (fused[0] - one)))) for one in fused]


def lead(fused: Sequence[float], *, rest_is_zero: bool) -> float:
    """By how much the first is ahead of the mean of the next four; fewer may be filled up with zeros."""
    rivals = fused[1 : 1 + _RIVALS]
    if rest_is_zero:
        return fused[0] - sum(rivals) / _RIVALS
    return fused[0] - sum(rivals) / len(rivals) if rivals else fused[0] / 3


# With word states, with vectors alone, with words alone.
BY_STATES = Blend(
    late=1.0,
    dense=0.3,
    keyword_lexical=0.5,
    keyword_question=0.5,
    odds_late=3.06,
    odds_worst=2.33,
    odds_lead=2.32,
    odds_asked=1.9,
    odds_named=2.6,
    offset=-6.9,
    bar=0.186,
)
BY_MEANING = Blend(
    dense=1.0,
    lexical=0.2,
    keyword_lexical=0.3,
    odds_dense=1.55,
    odds_lexical=1.91,
    odds_lead=6.24,
    odds_asked=1.85,
    offset=-5.23,
    bar=0.2,
)
BY_WORDS = Blend(lexical=1.0, odds_lexical=3.09, odds_lead=7.42, odds_asked=2.73, offset=-6.09, bar=0.2)
