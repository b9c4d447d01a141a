"""How the scores of a card are put together, and what they say about its answering: the fitted numbers.

Computes no score itself. Fitted by `corpus.fit` on the `tune` halves of tests/corpus/queries.jsonl and asked.jsonl, on
the decks' own questions and, for less, on StackFAQ (Karan and Snajder 2018); each query also with its cards taken away,
as one that nothing answers. The bar refuses one in twenty answered queries out of fold.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from corpus.evidence import Evidence

__all__ = ["BY_MEANING", "BY_STATES", "BY_WORDS", "Blend"]

Floats = NDArray[np.float32]

_STEEP = 8.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Blend:
    """Weights of the fused score, then those of the log odds that the best card answers, and the bar for saying so."""

    late: float = 0.0
    dense: float = 0.0
    lexical: float = 0.0
    keyword_lexical: float = 0.0
    keyword_question: float = 0.0
    odds: Mapping[str, float] = field(default_factory=dict)
    offset: float = 0.0
    bar: float = 0.5
    far: float = -1.0  # a card whose scores come to less answers nothing, whatever else is seen

    def fuse(self, late: Floats, question: Floats, dense: Floats, lexical: Floats) -> Floats:
        """One score a chunk. Words and the question count the more, the better any card meets the query's words."""
        keywords = float(lexical.max(initial=0.0))
        fused: Floats = self.late * late + self.dense * dense + self.lexical * lexical
        fused += keywords * (self.keyword_lexical * lexical + self.keyword_question * question)
        return fused

    def probability(self, seen: Evidence) -> float:
        """That the best card answers the query."""
        odds = self.offset + sum(weight * float(getattr(seen, name)) for name, weight in self.odds.items())
        probability = 1 / (1 + math.exp(-odds))
        return min(probability, self.bar / 2) if seen.late + seen.dense + seen.lexical < self.far else probability

    def chances(self, fused: Sequence[float], probability: float) -> list[float]:
        """A score from 0 to 1 for each card, best first: the probability, falling with the distance to the best."""
        odds = math.log(max(probability, 1e-6) / max(1 - probability, 1e-6))
        return [1 / (1 + math.exp(min(60.0, -odds + _STEEP * (fused[0] - one)))) for one in fused]


# With word states, with vectors alone, with words alone. The last two were fitted on queries.jsonl and StackFAQ: with
# asked.jsonl too, a single rare word of a small deck, met exactly, was refused.
BY_STATES = Blend(
    late=1.0,
    dense=0.3,
    keyword_lexical=0.5,
    keyword_question=0.5,
    odds={
        "asked": 1.944,
        "terse_gap": -2.955,
        "named": 1.381,
        "margin": -2.426,
        "question_worst": 3.326,
        "joins": 1.325,
        "question_gap": -4.147,
        "exact": 0.58,
        "number": -2.885,
        "gap": 2.682,
        "dense": 1.945,
        "strength": 3.359,
        "fact": 0.258,
    },
    offset=-5.543,
    bar=0.192,
    far=0.7,
)
BY_MEANING = Blend(
    dense=1.0,
    lexical=0.2,
    keyword_lexical=0.3,
    odds={"dense": 1.55, "lexical": 1.91, "lead": 6.24, "asked": 1.85},
    offset=-5.23,
    bar=0.2,
)
BY_WORDS = Blend(lexical=1.0, odds={"lexical": 3.09, "lead": 7.42, "asked": 2.73}, offset=-6.09, bar=0.2)
