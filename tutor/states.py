"""A prepared text as the embedder sees it: a state for each word, one for the whole, one for each clause.

Embeds nothing itself, and compares nothing: `features.py` does.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from .clauses import Prepared

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Seen:
    """A prepared text and, where there is an embedder, a vector of unit length for each word (0 where unseen)."""

    text: Prepared
    states: Floats | None = None
    whole: Floats | None = None

    @cached_property
    def clauses(self) -> Floats:
        """The mean state of each clause, of unit length, shape (clauses, dimensions)."""
        assert self.states is not None
        sums = np.vstack([np.zeros((1, self.states.shape[1]), np.float32), self.states.cumsum(axis=0)])
        rows = np.array([sums[c.last] - sums[c.first] for c in self.text.clauses], np.float32)
        unit: Floats = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
        return unit


def _unit(vector: Floats) -> Floats:
    norm = float(np.linalg.norm(vector))
    return vector / norm if norm > 1e-9 else vector


def attach(text: Prepared, spans: Sequence[tuple[int, int]], vectors: Floats, offset: int, states: Floats) -> None:
    """Add the vectors of word pieces (places in characters from `offset`) to the rows of the words they belong to."""
    starts = [word.start for word in text.words]
    for (start, end), vector in zip(spans, vectors, strict=True):
        at = bisect_right(starts, start + offset) - 1
        if end > start and at >= 0 and start + offset < text.words[at].end:
            states[at] += vector


def seen(text: Prepared, states: Floats | None) -> Seen:
    """A text with the states of its words made unit length."""
    if states is None:
        return Seen(text)
    norms = np.linalg.norm(states, axis=1, keepdims=True)
    unit = states / np.maximum(norms, 1e-9)
    return Seen(text, unit, _unit(unit.sum(axis=0)) if len(unit) else np.zeros(states.shape[1], np.float32))
