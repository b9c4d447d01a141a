"""Why a card was found, in a few words: which words of the query its fields have, and how near it is in meaning."""

from corpus.card import Card
from corpus.lexical import STOP_WORDS, Lexical

__all__ = ["reason"]

_MOST_WORDS = 6
_CLOSE, _SOME = 0.5, 0.3


def reason(query: str, card: Card, lexical: Lexical, meaning: float | None) -> str:
    """The reason; `meaning` is the cosine of query and card, None where nothing was embedded."""
    parts, told = [], set(STOP_WORDS)
    fields = {"question": card.question, "answer": card.answer, "learners' questions": " ".join(card.queries)}
    for where, text in fields.items():
        shared = [word for word in lexical.shared(query, text) if word not in told]
        if shared:
            parts.append(f"{where} {'have' if where.endswith('s') else 'has'} {', '.join(shared[:_MOST_WORDS])}")
        told.update(shared)
    if meaning is not None:
        nearness = "close" if meaning >= _CLOSE else "some" if meaning >= _SOME else "little"
        parts.append(f"{nearness} likeness in meaning ({meaning:.2f})")
    return "; ".join(parts) or "no shared words"
