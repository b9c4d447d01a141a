"""Facts in cards that a specialist would dispute: asked of a language model, checked against the card, kept on disk.

Changes no card and no deck file. A doubt holds for a card as it was when it was asked about; an edited card has none.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from secrets import randbelow, token_hex
from typing import Any

from corpus.card import Card, Deck, Doubt, Finding
from prompts import Prompt, render
from tutor.errors import ModelRefusedError
from tutor.model import ChatModel, complete
from tutor.verdicts import quoted

__all__ = ["Doubts", "review"]

_AT_ONCE, _LETTERS = 8, 6000  # cards and their letters in one question to the model
_LONGEST = 1000
_CONTROLS = (("How many days does a week have?", "Seven."), ("What is three times four?", "Twelve."))
_LINE = re.compile(
    r"^[\s*_`>-]*CARD\s+[\[(<`*]*(?P<number>\d{1,4})[\])>`*]*\s*[:=-]+\s*[\"'*`_]*(?P<word>sound|dispute)d?\b[\"'*`_.]*"
    r"\s*(?:\|\s*(?P<quote>[^|\n]*)\|(?P<reason>[^|\n]*)\|(?P<better>[^|\n]*)\|?)?\s*$",
    re.IGNORECASE | re.MULTILINE,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What was asked about one card: by which model and prompt, and the doubts that came of it, if any."""

    content: str
    by: str
    doubts: tuple[Doubt, ...] = ()


class Doubts:
    """The doubts of a learner's library, in one file of her data folder. Written whole and in one step."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._asked: dict[str, Asked] = {}
        try:
            told = json.loads(path.read_text(encoding="utf-8"))
            self._asked = {str(card): _load(one) for card, one in told.items()}
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            pass  # none yet, or a damaged file: asking again brings them back

    def on(self, deck: Deck) -> Deck:
        """The deck with the doubts about its cards as they are now, each with a finding."""
        cards = tuple(self._doubted(card) for card in deck.cards)
        found = tuple(_finding(card, doubt) for card in cards for doubt in card.disputed)
        return replace(deck, cards=cards, findings=(*deck.findings, *found)) if found else deck

    def _doubted(self, card: Card) -> Card:
        asked = self._asked.get(card.id)
        fits = asked is not None and asked.doubts and asked.content == card.content_hash
        return replace(card, doubts=asked.doubts) if asked is not None and fits else card

    def keep(self, card: Card, by: str, doubts: Sequence[Doubt]) -> None:
        """Keep what came of asking about a card, in place of what was kept before; `write` puts it on disk."""
        self._asked[card.id] = Asked(content=card.content_hash, by=by, doubts=tuple(doubts))

    def write(self) -> None:
        """Put all on disk."""
        part = self._path.with_name(f".{self._path.name}.part")
        part.parent.mkdir(parents=True, exist_ok=True)
        plain = {card: asdict(asked) for card, asked in self._asked.items()}
        part.write_text(json.dumps(plain, ensure_ascii=False), encoding="utf-8")
        part.replace(self._path)

    def open_cards(self, cards: Sequence[Card], by: str) -> list[Card]:
        """The cards that this model was not asked about yet as they are now."""
        known = {card: (asked.content, asked.by) for card, asked in self._asked.items()}
        return [card for card in cards if known.get(card.id) != (card.content_hash, by)]


def _load(told: Mapping[str, Any]) -> Asked:
    doubts = tuple(Doubt(**{name: str(value) for name, value in one.items()}) for one in told["doubts"])
    return Asked(content=str(told["content"]), by=str(told["by"]), doubts=doubts)


def _finding(card: Card, doubt: Doubt) -> Finding:
    better = f" Better: {doubt.better}" if doubt.better else ""
    text = f"Card {card.index} says {doubt.quote!r}, which may be disputed: {doubt.reason}{better}"
    return Finding(kind="disputed", message=text, path=card.path, line=card.line, card=card.id, index=card.index)


def review(
    model: ChatModel, cards: Sequence[Card], kept: Doubts, progress: Callable[[int, int], object] = lambda *_: None
) -> int:
    """Ask the model about every card it was not asked about yet, and keep what it disputes; how many got no answer.

    Each answered handful is on disk before the next is asked about, so that stopping loses none.

    Raises:
        ModelError: the model failed; what was kept before stands.
    """
    by = f"{model.name} {_prompt((), '').fingerprint}"
    waiting = kept.open_cards(cards, by)
    silent = done = 0
    for handful in _handfuls(waiting):
        said = _ask(model, handful)
        for card in handful:
            if card.id in said:
                kept.keep(card, by, said[card.id])
        kept.write()
        silent += len(handful) - len(said)
        done += len(handful)
        progress(done, len(waiting))
    return silent


def _handfuls(cards: Sequence[Card]) -> Iterator[list[Card]]:
    handful: list[Card] = []
    for card in cards:
        if handful and (len(handful) == _AT_ONCE or sum(len(one.text) for one in (*handful, card)) > _LETTERS):
            yield handful
            handful = []
        handful.append(card)
    if handful:
        yield handful


def _ask(model: ChatModel, cards: Sequence[Card]) -> dict[str, tuple[Doubt, ...]]:
    """What the model disputes, by card id; cards that got no readable line are asked about once more, then left out."""
    said: dict[str, tuple[Doubt, ...]] = {}
    for _ in range(2):
        left = [card for card in cards if card.id not in said]
        if not left:
            break
        place = randbelow(len(left) + 1)
        question, answer = _CONTROLS[randbelow(len(_CONTROLS))]
        control = Card(id="control", deck="", index=0, question=question, answer=answer)
        shown = [*left[:place], control, *left[place:]]
        fence = f"=====cards {token_hex(8)}====="
        found = read(complete(model, _prompt(shown, fence)).text, shown)
        if found.pop("control", ()):
            raise ModelRefusedError("The model disputes that a week has seven days, so its doubts do not count.")
        said |= found
    return said


def _prompt(cards: Sequence[Card], fence: str) -> Prompt:
    texts = [
        f"CARD {number}\nQuestion: {card.question[:_LETTERS]}\nAnswer: {card.answer[:_LETTERS]}"
        for number, card in enumerate(cards, 1)
    ]
    body = "\n\n".join(texts).replace("=====", "= = =")
    return render("dispute", fence=fence, cards=body, numbers=", ".join(map(str, range(1, len(cards) + 1))))


def read(text: str, cards: Sequence[Card]) -> dict[str, tuple[Doubt, ...]]:
    """The lines in a reply, by card id: () for a sound card. A line that cannot count leaves its card out.

    A dispute counts with a reason and words that are in the card; where two lines of one card differ, neither does.
    """
    found: dict[str, tuple[Doubt, ...] | None] = {}
    for line in _LINE.finditer(text):
        number = int(line["number"])
        if not 1 <= number <= len(cards):
            continue
        card = cards[number - 1]
        said = () if line["word"].lower() == "sound" else _disputed(line, card)
        found[card.id] = said if found.get(card.id, said) == said else None
    return {card: said for card, said in found.items() if said is not None}


def _disputed(line: re.Match[str], card: Card) -> tuple[Doubt, ...] | None:
    quote = quoted(line["quote"] or "", card.text)
    reason, better = (_told(line[name]) for name in ("reason", "better"))
    if not quote or not reason:
        return None
    return (Doubt(quote=quote, reason=reason, better=better, content=card.content_hash),)


def _told(text: str | None) -> str:
    bare = " ".join("".join(sign if sign.isprintable() else " " for sign in text or "").split())
    return bare.strip('"“”`* ')[:_LONGEST]
