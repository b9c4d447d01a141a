"""Key points that a person wrote, from the file `<deck file>.points.json` beside a deck; they replace the split ones.

Outlives a re-import of the deck: cards are named by id or by question. Writes nothing.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from corpus.card import Card, Deck, Finding, KeyPoint, text_key
from corpus.keypoints import made

ENDING = ".points.json"
_MOST_BYTES = 8 * 2**20


def apply(deck: Deck) -> Deck:
    """The deck with the key points of its override file; what in that file fits no card becomes a finding."""
    path = Path(f"{deck.path}{ENDING}")
    if not path.is_file():
        return deck
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ValueError(f"larger than {_MOST_BYTES // 2**20} MB")
        told = json.loads(path.read_text(encoding="utf-8"))
        wanted = {str(name): tuple(_points(points)) for name, points in told.items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        text = f"The key points in {path.name} were left out: {error}. Expected {{question or card id: [points]}}."
        return _with(deck, deck.cards, [Finding(kind="skipped", message=text, path=str(path))])
    keys = {text_key(name): points for name, points in wanted.items() if points}
    cards = [replace(card, key_points=_for(card, keys)) for card in deck.cards]
    known = {key for card in deck.cards for key in (card.id, text_key(card.question))}
    lost = [name for name in wanted if text_key(name) not in known]
    return _with(deck, cards, [_lost(name, path) for name in lost])


def _points(told: Any) -> Iterator[KeyPoint]:  # noqa: ANN401  JSON
    if not isinstance(told, list):
        raise ValueError(f"{told!r} is no list of points")
    pieces = [(one, "") if isinstance(one, str) else (str(one["text"]), str(one.get("head", ""))) for one in told]
    yield from made((text.strip(), head.strip()) for text, head in pieces if text.strip())


def _for(card: Card, keys: Mapping[str, tuple[KeyPoint, ...]]) -> tuple[KeyPoint, ...]:
    return keys.get(card.id) or keys.get(text_key(card.question)) or card.key_points


def _lost(name: str, path: Path) -> Finding:
    text = f"{path.name} has key points for {name[:80]!r}, which is no card of the deck. Mend the name or delete it."
    return Finding(kind="uncertain", message=text, path=str(path))


def _with(deck: Deck, cards: Sequence[Card], findings: Sequence[Finding]) -> Deck:
    return replace(deck, cards=tuple(cards), findings=(*deck.findings, *findings))
