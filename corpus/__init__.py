"""Decks in, retrieved cards out: reading, key points, deck check, chunks, vectors, index, search.

Names are loaded when first used, so that importing this package costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from corpus.card import Card, Deck, Finding, KeyPoint
    from corpus.chunk import Chunk, chunk_cards
    from corpus.errors import CorpusError, DeckError, EmbeddingError, IndexBusyError
    from corpus.lint import check
    from corpus.read import bundled_decks, read_deck, read_decks
    from corpus.retrieve import Retrieved, Retriever, SearchResult

_HOMES = {
    "Card": "card",
    "Chunk": "chunk",
    "CorpusError": "errors",
    "Deck": "card",
    "DeckError": "errors",
    "EmbeddingError": "errors",
    "Finding": "card",
    "IndexBusyError": "errors",
    "KeyPoint": "card",
    "Retrieved": "retrieve",
    "Retriever": "retrieve",
    "SearchResult": "retrieve",
    "bundled_decks": "read",
    "check": "lint",
    "chunk_cards": "chunk",
    "read_deck": "read",
    "read_decks": "read",
}

__all__ = [
    "Card",
    "Chunk",
    "CorpusError",
    "Deck",
    "DeckError",
    "EmbeddingError",
    "Finding",
    "IndexBusyError",
    "KeyPoint",
    "Retrieved",
    "Retriever",
    "SearchResult",
    "bundled_decks",
    "check",
    "chunk_cards",
    "read_deck",
    "read_decks",
]


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(import_module(f"corpus.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'corpus' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
