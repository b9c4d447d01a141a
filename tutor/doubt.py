"""Facts in cards that a specialist would dispute: asked of a language model, checked against the card, kept on disk.

Changes no card and no deck file. A doubt holds for a card as it was when it was asked about; an edited card has none.
"""

import re
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from corpus.card import Card, Deck, Doubt, Finding
from tutor.asked import CARD, Inquiry, Kept, Progress, ask_about, numbered, one_line
from tutor.model import ChatModel
from tutor.verdicts import quoted

__all__ = ["doubted", "kept_doubts", "read", "review"]

_LONGEST = 1000
_CONTROLS = (("How many days does a week have?", "Seven."), ("What is three times four?", "Twelve."))
_LINE = re.compile(
    CARD + r"[\"'*`_]*(?P<word>sound|dispute)d?\b[\"'*`_.]*\s*"
    r"(?:\|\s*(?P<quote>[^|\n]*)\|(?P<reason>[^|\n]*)\|(?P<better>[^|\n]*)\|?)?\s*$",
    re.IGNORECASE | re.MULTILINE,
)


def kept_doubts(path: Path) -> Kept[Doubt]:
    """The doubts of a learner's library, kept in this file."""
    return Kept(path, "doubts", _load, asdict)


def _load(told: dict[str, Any]) -> Doubt:
    return Doubt(**{name: str(value) for name, value in told.items()})


def doubted(deck: Deck, kept: Kept[Doubt]) -> Deck:
    """The deck with the doubts about its cards as they are now, each with a finding."""
    cards = tuple(replace(card, doubts=doubts) if (doubts := kept.of(card)) else card for card in deck.cards)
    found = tuple(_finding(card, doubt) for card in cards for doubt in card.disputed)
    return replace(deck, cards=cards, findings=(*deck.findings, *found)) if found else deck


def _finding(card: Card, doubt: Doubt) -> Finding:
    better = f" Better: {doubt.better}" if doubt.better else ""
    text = f"Card {card.index} says {doubt.quote!r}, which may be disputed: {doubt.reason}{better}"
    return Finding(kind="disputed", message=text, path=card.path, line=card.line, card=card.id, index=card.index)


def review(model: ChatModel, cards: Sequence[Card], kept: Kept[Doubt], progress: Progress = lambda *_: None) -> int:
    """Ask the model about every card it was not asked about yet, and keep what it disputes; how many got no answer.

    Raises:
        ModelError: the model failed; what was kept before stands.
    """
    inquiry = Inquiry(prompt="dispute", read=read, controls=_CONTROLS, distrust=_distrust)
    by = inquiry.asked_by(model)
    waiting = kept.open_cards(cards, by)
    return ask_about(waiting, lambda handful: inquiry.ask(model, handful), kept, by, progress)


def _distrust(control: Card, said: tuple[Doubt, ...] | None) -> str:
    return (
        f"The model disputes that {control.question!r} is {control.answer!r}, so its doubts do not count."
        if said
        else ""
    )


def read(text: str, cards: Sequence[Card]) -> dict[str, tuple[Doubt, ...]]:
    """The lines in a reply, by card id: () for a sound card. A line that cannot count leaves its card out.

    A dispute counts with a reason and words that are in the card; where two lines of one card differ, neither does.
    """
    found: dict[str, tuple[Doubt, ...] | None] = {}
    for line, card in numbered(text, _LINE, cards):
        said = () if line["word"].lower() == "sound" else _disputed(line, card)
        found[card.id] = said if found.get(card.id, said) == said else None
    return {card: said for card, said in found.items() if said is not None}


def _disputed(line: re.Match[str], card: Card) -> tuple[Doubt, ...] | None:
    quote = quoted(line["quote"] or "", card.text)
    reason, better = (one_line(line[name] or "").strip('"“”`* ')[:_LONGEST] for name in ("reason", "better"))
    if not quote or not reason:
        return None
    return (Doubt(quote=quote, reason=reason, better=better, content=card.content_hash),)
