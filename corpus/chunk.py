"""A card is one chunk unless it is too long for the embedder; then it is cut at its points, the question said again.

Learners' questions that a card answers stand at its end, or in a chunk of their own where there is no room.
Makes no vectors. A card that lies in two decks gives a chunk in each, so that search within one deck finds it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256

from corpus.card import Card
from corpus.sentences import sentences
from corpus.tokens import count_tokens, trim

_QUESTION_SHARE = 2  # the question may take up one part in this many of a chunk


@dataclass(frozen=True, kw_only=True, slots=True)
class Chunk:
    """A text to embed and search. `card` is the card's id, `part` counts from 0, `id` is unique in one call."""

    id: str
    card: str
    deck: str
    path: str
    part: int
    text: str


def chunk_cards(cards: Iterable[Card], *, max_tokens: int = 200) -> tuple[Chunk, ...]:
    """The chunks of all cards, none longer than `max_tokens`; the same card twice in one file is taken once."""
    seen: set[tuple[str, str]] = set()
    ids: set[str] = set()
    chunks = []
    for card in cards:
        if (card.id, card.path) in seen:
            continue
        seen.add((card.id, card.path))
        name = card.id if card.id not in ids else f"{card.id}@{sha256(card.path.encode()).hexdigest()[:6]}"
        ids.add(name)
        for part, text in enumerate(_texts(card, max_tokens)):
            whole = f"{name}-{part}" if part else name
            chunks.append(Chunk(id=whole, card=card.id, deck=card.deck, path=card.path, part=part, text=text))
    return tuple(chunks)


def _texts(card: Card, max_tokens: int) -> Iterator[str]:
    asked = "\n".join(card.queries)
    if asked and _fits(whole := f"{card.text}\n{asked}", max_tokens):
        yield whole
        return
    if _fits(card.text, max_tokens):
        yield card.text
    else:
        yield from _parts(card, max_tokens)
    if asked:
        yield trim(f"{trim(card.question, max_tokens // _QUESTION_SHARE)}\n{asked}", max_tokens)


def _fits(text: str, max_tokens: int) -> bool:
    # A character is seldom more than one token, so short cards need no count.
    return len(text) <= max_tokens // 2 or count_tokens(text) <= max_tokens


def _parts(card: Card, max_tokens: int) -> Iterator[str]:
    before = f"{trim(card.question, max_tokens // _QUESTION_SHARE)}\n"
    packed = ""
    for piece in _pieces(card.answer, before, max_tokens):
        joined = f"{packed}\n{piece}" if packed else piece
        if packed and count_tokens(before + joined) > max_tokens:
            yield before + packed
            joined = piece
        packed = joined
    yield before + packed


def _pieces(answer: str, before: str, most: int) -> Iterator[str]:
    """Lines, or where a line has no room after the question sentences, or where a sentence has none words."""
    for line in (line.strip() for line in answer.split("\n") if line.strip()):
        if count_tokens(before + line) <= most:
            yield line
            continue
        for sentence in sentences(line):
            yield from _by_words(sentence, before, most)


def _by_words(text: str, before: str, most: int) -> Iterator[str]:
    while text:
        piece = trim(before + text, most)[len(before) :] or text[:1]
        yield piece
        text = text[len(piece) :].lstrip()
