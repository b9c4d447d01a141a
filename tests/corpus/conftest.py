"""What the corpus tests share: an embedder made of letters alone."""

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray


class LetterEmbedder:
    """Vectors from hashed character trigrams: instant, deterministic, and it counts the texts it was given."""

    identity = "letters/64"
    dimensions = 64

    def __init__(self) -> None:
        self.embedded = 0

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.embedded += len(texts)
        rows = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for at in range(len(text) - 2):
                row[sum(ord(c) * p for c, p in zip(text[at : at + 3].lower(), (1, 31, 961), strict=True)) % 64] += 1
            row /= max(float(np.linalg.norm(row)), 1e-9)
        return rows


@pytest.fixture
def letters() -> LetterEmbedder:
    return LetterEmbedder()
