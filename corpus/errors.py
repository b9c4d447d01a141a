"""What can go wrong with decks, vectors and indexes; every message says where, what was found and what to do.

CorpusError
├── DeckError            a deck file cannot be read, or holds no card
├── EmbeddingError       vectors cannot be made: weights missing or damaged, server wrong
├── IndexBusyError       another process is writing the index
└── VocabularyError      tokens cannot be counted exactly
"""


class CorpusError(Exception):
    """Base of every error this package raises on purpose."""


class DeckError(CorpusError):
    """A deck file cannot be read at all, or holds no card."""


class EmbeddingError(CorpusError):
    """Vectors cannot be made: the weights are missing or damaged, or the embedding server answered wrongly."""


class IndexBusyError(CorpusError):
    """Another process holds the lock of this index folder."""


class VocabularyError(CorpusError):
    """There is no vocabulary to count a model's tokens with, or it could not be fetched; they are estimated."""
