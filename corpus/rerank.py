"""Late interaction: how well each word of a query is met by some word of a card, from the states of both.

Takes the states that an embedder such as `corpus.minilm` gives and packs those of a card into about 3 kB.
"""

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from io import BytesIO
from itertools import accumulate
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from corpus.embed import Embedder, Pieces, WordEmbedder

__all__ = [
    "NO_STATES",
    "RECIPE",
    "SIZE",
    "States",
    "embedded",
    "merged",
    "met_words",
    "pack",
    "score",
    "unpack",
    "words_and_states",
]

Floats = NDArray[np.float32]

# Changes with the packing or the basis, so that packed states of an older version are not used.
RECIPE = "words64-4"
SIZE = 64
# OpenBLAS keeps a product of so many steps on one core. A larger one it splits, and where the other core is busy the
# half done here waits for the other a whole time slice: 8 ms instead of 0.8.
_ONE_CORE = 2**18


@cache
def _basis() -> Floats:
    """The directions in which the states of words differ most, and last the mean state in them: shape (385, 64)."""
    raw = files(__package__).joinpath("states.npy").read_bytes()
    basis: Floats = np.load(BytesIO(raw)).astype(np.float32)
    return basis


def _product(left: Floats, right: Floats, out: Floats | None = None) -> Floats:
    """`left @ right`, on one core."""
    out = np.empty((len(left), right.shape[1]), dtype=np.float32) if out is None else out
    step = max(1, _ONE_CORE // max(1, right.size))
    for at in range(0, len(left), step):
        np.matmul(left[at : at + step], right, out=out[at : at + step])
    return out


class States(NamedTuple):
    """The states of a card's words, rows of unit length, shape (words, 64), of which so many stand in its question."""

    rows: Floats
    question: int


NO_STATES = States(np.zeros((0, SIZE), dtype=np.float32), 0)


def merged(pieces: Pieces) -> tuple[list[str], Floats]:
    """Whole words and their states, as the embedder gives them, rows of unit length."""
    starts = [at for at, piece in enumerate(pieces.words) if at == 0 or not piece.startswith("##")]
    if not starts:
        return [], np.zeros((0, len(_basis()) - 1), dtype=np.float32)
    words = [
        "".join(piece.removeprefix("##") if at else piece for at, piece in enumerate(pieces.words[start:end]))
        for start, end in zip(starts, [*starts[1:], len(pieces.words)], strict=True)
    ]
    states = np.add.reduceat(pieces.vectors, starts, axis=0)
    states /= _lengths(states)
    return words, states


def words_and_states(pieces: Pieces) -> tuple[list[str], Floats]:
    """Whole words and their states, projected, rows of unit length, shape (words, 64)."""
    words, whole = merged(pieces)
    states = _product(whole, _basis()[:-1]) + _basis()[-1]
    states /= _lengths(states)
    return words, states


def pack(pieces: Pieces, text: str) -> bytes:
    """The states of a text's words: how many stand in its first line (2 bytes), then 64 signed bytes a word."""
    _, states = words_and_states(pieces)
    starts = [span[0] for span, piece in zip(pieces.spans, pieces.words, strict=True) if not piece.startswith("##")]
    in_question = sum(start < len(text.partition("\n")[0]) for start in starts)
    largest = np.abs(states).max(axis=1, keepdims=True, initial=1e-9)
    packed: bytes = np.rint(states * (127 / largest)).astype(np.int8).tobytes()
    return min(in_question, len(states)).to_bytes(2, "little") + packed


def embedded(embedder: Embedder, texts: Sequence[str]) -> tuple[Floats, list[bytes]]:
    """Vectors and packed states of texts; no states where the embedder gives none."""
    if isinstance(embedder, WordEmbedder):
        vectors, pieces = embedder.embed_words(texts)
        return vectors, [pack(one, text) for one, text in zip(pieces, texts, strict=True)]
    return embedder.embed(texts), [b""] * len(texts)


def unpack(packed: Sequence[bytes]) -> list[States]:
    """The states as `pack` was given them, to about one part in a hundred; none where it was given none."""
    rows = np.frombuffer(b"".join(one[2:] for one in packed), dtype=np.int8).reshape(-1, SIZE).astype(np.float32)
    rows /= _lengths(rows)
    ends = list(accumulate((len(one) // SIZE for one in packed), initial=0))
    return [
        States(rows[start:end], int.from_bytes(one[:2], "little"))
        for one, start, end in zip(packed, ends, ends[1:], strict=False)
    ]


def _lengths(states: Floats) -> Floats:
    """The length of each row, as a column; `norm` would write the squares down first and take twice the time."""
    lengths: Floats = np.sqrt(np.einsum("ij,ij->i", states, states))
    return np.maximum(lengths, 1e-9)[:, None]


def score(query: Floats, weights: Floats, cards: Sequence[States]) -> tuple[Floats, Floats]:
    """How well each card meets the query, by all of its words and by those of its question, both from -1 to 1.

    That is the weighted mean, over the words of the query, of the likeness to the card's most alike word.
    """
    whole = np.zeros(len(cards), dtype=np.float32)
    question = np.zeros(len(cards), dtype=np.float32)
    filled = [place for place, card in enumerate(cards) if len(card.rows)]
    total = float(weights.sum())
    if not filled or total <= 0:
        return whole, question
    given = [cards[place] for place in filled]
    lengths = np.array([len(card.rows) for card in given])
    asked = np.array([card.question for card in given])
    starts = np.cumsum(lengths) - lengths
    likeness, words = np.empty((int(lengths.sum()), len(query)), dtype=np.float32), np.ascontiguousarray(query.T)
    for card, start in zip(given, starts.tolist(), strict=True):  # putting the states in one block first takes longer
        _product(card.rows, words, likeness[start : start + len(card.rows)])
    # Each card in two parts, its question and the rest; a question alone is counted to its last word, once more.
    parts = np.stack([starts, starts + np.minimum(np.maximum(asked, 1), lengths - 1)], axis=1).ravel()
    met = np.maximum.reduceat(likeness, parts)
    by_question, rest = met[::2], met[1::2]
    alone = asked >= lengths
    by_question[alone] = np.maximum(by_question[alone], rest[alone])
    whole[filled] = np.maximum(by_question, rest) @ weights / total
    question[filled] = by_question @ weights / total
    return whole, question


def met_words(query: Floats, card: States) -> tuple[Floats, Floats]:
    """For each word of the query the likeness to the card's most alike word, and to that of the card's question."""
    if not len(card.rows) or not len(query):
        nothing = np.zeros(len(query), dtype=np.float32)
        return nothing, nothing
    likeness: Floats = query @ card.rows.T
    return likeness.max(axis=1), likeness[:, : max(1, card.question)].max(axis=1)
