"""Late interaction: how well each word of a query is met by some word of a card, from the states of both.

Takes the states that an embedder such as `corpus.minilm` gives and packs those of a card into about 3 kB.
"""

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from io import BytesIO

import numpy as np
from numpy.typing import NDArray

from corpus.embed import Embedder, Pieces, WordEmbedder

__all__ = ["RECIPE", "SIZE", "embedded", "merged", "met_words", "pack", "score", "unpack", "words_and_states"]

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


def _product(left: Floats, right: Floats) -> Floats:
    """`left @ right`, on one core."""
    step = max(1, _ONE_CORE // max(1, right.size))
    if len(left) <= step:
        return left @ right
    return np.vstack([left[at : at + step] @ right for at in range(0, len(left), step)])


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


def unpack(packed: bytes) -> Floats:
    """The states as `pack` was given them, to about one part in a hundred."""
    states = _states(packed[2:])
    states /= _lengths(states)
    return states


def _states(signed: bytes) -> Floats:
    """Rows of 64 signed bytes as numbers, of whatever length."""
    return np.frombuffer(signed, dtype=np.int8).reshape(-1, SIZE).astype(np.float32)


def _lengths(states: Floats) -> Floats:
    """The length of each row, as a column; `norm` would write the squares down first and take twice the time."""
    lengths: Floats = np.sqrt(np.einsum("ij,ij->i", states, states))
    return np.maximum(lengths, 1e-9)[:, None]


def score(query: Floats, weights: Floats, cards: Sequence[bytes]) -> tuple[Floats, Floats]:
    """How well each card meets the query, by all of its words and by those of its question, both from -1 to 1.

    That is the weighted mean, over the words of the query, of the likeness to the card's most alike word.
    """
    whole = np.zeros(len(cards), dtype=np.float32)
    question = np.zeros(len(cards), dtype=np.float32)
    filled = [place for place, packed in enumerate(cards) if len(packed) > SIZE]
    total = float(weights.sum())
    if not filled or total <= 0:
        return whole, question
    lengths = np.array([(len(cards[place]) - 2) // SIZE for place in filled])
    asked = np.array([int.from_bytes(cards[place][:2], "little") for place in filled])
    states = _states(b"".join(cards[place][2:] for place in filled))
    likeness = _product(states, query.T) / _lengths(states)  # far fewer numbers to divide than the states
    # Each card in two parts, its question and the rest; a question alone is counted to its last word, once more.
    starts = np.cumsum(lengths) - lengths
    parts = np.stack([starts, starts + np.minimum(np.maximum(asked, 1), lengths - 1)], axis=1).ravel()
    met = np.maximum.reduceat(likeness, parts)
    by_question, rest = met[::2], met[1::2]
    alone = asked >= lengths
    by_question[alone] = np.maximum(by_question[alone], rest[alone])
    whole[filled] = np.maximum(by_question, rest) @ weights / total
    question[filled] = by_question @ weights / total
    return whole, question


def met_words(query: Floats, packed: bytes) -> tuple[Floats, Floats]:
    """For each word of the query the likeness to the card's most alike word, and to that of the card's question."""
    if len(packed) <= SIZE or not len(query):
        nothing = np.zeros(len(query), dtype=np.float32)
        return nothing, nothing
    likeness: Floats = query @ unpack(packed).T
    question = likeness[:, : max(1, int.from_bytes(packed[:2], "little"))]
    return likeness.max(axis=1), question.max(axis=1)
