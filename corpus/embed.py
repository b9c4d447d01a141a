"""What makes vectors: the Embedder protocol, and embeddings of any OpenAI-compatible server, whose replies are checked.

The built-in embedder is `corpus.minilm`; vectors are kept by `corpus.index`, never here.
"""

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from .errors import EmbeddingError

__all__ = ["Embedder", "OpenAIEmbedder", "Pieces", "WordEmbedder"]

Floats = NDArray[np.float32]

# A text must get the same vector alone as among others; servers on half-precision hardware stay above this.
_SAME = 0.98


class Embedder(Protocol):
    """Turns texts into vectors. Two embedders with one `identity` give the same vectors for the same text."""

    @property
    def identity(self) -> str:
        """Names the weights and everything else that changes a vector."""

    @property
    def dimensions(self) -> int:
        """Length of every vector."""

    def embed(self, texts: Sequence[str]) -> Floats:
        """One row of unit length a text, shape (n, dimensions); raises EmbeddingError."""


class Pieces(Protocol):
    """The word pieces of one text and their states, as `corpus.minilm.TokenVectors` holds them."""

    @property
    def words(self) -> tuple[str, ...]:
        """Word pieces; those that carry a word on begin with `##`."""

    @property
    def spans(self) -> tuple[tuple[int, int], ...]:
        """Where in the text each piece begins and ends."""

    @property
    def vectors(self) -> Floats:
        """A row of unit length a piece."""


@runtime_checkable
class WordEmbedder(Protocol):
    """An Embedder that also gives the states of a text's words, as `corpus.minilm.MiniLM` does."""

    def embed_words(self, texts: Sequence[str]) -> tuple[Floats, Sequence[Pieces]]:
        """Vectors and, for each text, its word pieces with their states."""


class OpenAIEmbedder:
    """Embeddings from `POST {base_url}/embeddings`. Sends text, never token ids, which local servers refuse."""

    def __init__(
        self,
        model: str,
        base_url: str,
        api_key: str = "",
        *,
        timeout: float = 30.0,
        batch: int = 64,
        dimensions: int | None = None,
    ) -> None:
        self.model = model
        self.base_url = base_url.rstrip("/")
        self._key = api_key or "none"
        self._timeout = timeout
        self._batch = batch
        self._asked = dimensions
        self._dimensions = 0
        self._order_checked = False
        self._client: Any = None

    @property
    def identity(self) -> str:
        """Server, model and asked dimensions: the same model name on another server may be another model."""
        return f"{self.base_url} {self.model}" + (f" {self._asked}" if self._asked else "")

    @property
    def dimensions(self) -> int:
        """Length of the server's vectors; asks it once."""
        if not self._dimensions:
            self.embed(["dimensions"])
        return self._dimensions

    def embed(self, texts: Sequence[str]) -> Floats:
        """One row of unit length a text.

        Raises:
            EmbeddingError: no answer, or one with too few, repeated, zero, non-finite, swapped or resized vectors.
        """
        parts = [self._part(texts[start : start + self._batch]) for start in range(0, len(texts), self._batch)]
        return np.vstack(parts) if parts else np.zeros((0, self.dimensions), dtype=np.float32)

    def _part(self, texts: Sequence[str]) -> Floats:
        rows = self._checked(texts, self._ask(texts))
        if not self._order_checked and len(set(texts)) > 1:
            last = self._checked(texts[-1:], self._ask(texts[-1:]))[0]
            if float(rows[-1] @ last) < _SAME:
                raise EmbeddingError(
                    f"{self.base_url} gives {self.model!r} vectors in another order than the texts: the last of "
                    f"{len(texts)} texts has another vector when it is sent alone. Use another embedding server."
                )
            self._order_checked = True
        return rows

    def _ask(self, texts: Sequence[str]) -> Any:  # noqa: ANN401  what a server sends is only known after the checks
        import openai

        if self._client is None:
            self._client = openai.OpenAI(
                base_url=self.base_url, api_key=self._key, timeout=self._timeout, max_retries=2
            )
        # Some servers answer 400 to an empty text.
        given = [text if text.strip() else "." for text in texts]
        more: dict[str, Any] = {"dimensions": self._asked} if self._asked else {}
        try:
            # Base64, the client's default, is unknown to some local servers.
            asked_once = self._client.with_options(max_retries=0 if len(texts) == 1 else 2)  # a learner waits for one
            return asked_once.embeddings.create(model=self.model, input=given, encoding_format="float", **more)
        except (openai.OpenAIError, OSError, ValueError, TypeError, AttributeError) as error:
            raise EmbeddingError(
                f"The embedding server at {self.base_url} gave no vectors from {self.model!r}: {_brief(error)}. "
                "Check [embeddings] in tutor.toml and that the server runs."
            ) from error

    def _checked(self, texts: Sequence[str], reply: Any) -> Floats:  # noqa: ANN401
        where = f"The embedding server at {self.base_url}"
        data = getattr(reply, "data", None)
        if not isinstance(data, list) or len(data) != len(texts):
            found = len(data) if isinstance(data, list) else "no list of"
            raise EmbeddingError(f"{where} sent {found} vectors for {len(texts)} texts. Use another server.")
        places = [getattr(one, "index", None) for one in data]
        if sorted(place if isinstance(place, int) else -1 for place in places) != list(range(len(texts))):
            raise EmbeddingError(f"{where} numbered {len(texts)} vectors {places[:5]}..., expected each from 0 once.")
        try:
            rows: Floats = np.array(
                [one.embedding for one in sorted(data, key=lambda one: int(one.index))], dtype=np.float32
            )
        except (ValueError, TypeError, AttributeError) as error:
            raise EmbeddingError(f"{where} sent vectors that are no lists of as many numbers each.") from error
        if rows.ndim != 2 or (self._dimensions and rows.shape[1] != self._dimensions):
            raise EmbeddingError(
                f"{where} sent vectors of shape {rows.shape}, expected {self._dimensions or 'some'} numbers each. "
                "Was the model behind it changed? Give it another name in tutor.toml."
            )
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        if not np.isfinite(rows).all() or not (lengths > 0).all():
            raise EmbeddingError(f"{where} sent a vector that is zero or not finite. Try another model or server.")
        self._dimensions = int(rows.shape[1])
        rows /= lengths
        return rows


def _brief(error: Exception) -> str:
    text = " ".join(str(error).split())
    return text if len(text) <= 200 else text[:197] + "..."
