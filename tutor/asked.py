"""What a language model was asked about each card, once, a handful at a time; what came of it is kept in one file.

Knows no prompt of its own and believes no reply: an `Inquiry` says what is asked and what of the reply counts.
"""

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from secrets import randbelow, token_hex
from typing import Any, Generic, TypeVar

from corpus.card import Card
from prompts import Prompt, render
from tutor.errors import ModelRefusedError
from tutor.model import ChatModel, complete

__all__ = ["CARD", "Asked", "Inquiry", "Kept", "Progress", "ask_about", "numbered", "one_line"]

T = TypeVar("T")
Progress = Callable[[int, int], object]
_AT_ONCE, _LETTERS = 8, 6000  # cards and their letters in one question to the model
CARD = r"^[\s*_`>-]*CARD\s+[\[(<`*]*(?P<number>\d{1,4})[\])>`*]*\s*[:=-]+\s*"
"""How a line of a reply begins that is about one of the cards."""
_TRIES = 2
_PATIENCE = 60.0  # seconds that a server may ask to wait
_WRITING = 0.05  # the share of the time that may go into writing the file again and again


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked(Generic[T]):
    """What was asked about one card, with its content's hash then: by which model and prompt, and what came of it."""

    content: str
    by: str
    found: tuple[T, ...] = ()


class Kept(Generic[T]):
    """What was found about the cards of a learner's library, in one JSON file. Written whole and in one step.

    Args:
        path: the file; one that is damaged is as none, since asking again brings all back.
        name: what is found, as the file calls it.
        load: one thing found, from its JSON value.
        dump: its JSON value.
    """

    def __init__(self, path: Path, name: str, load: Callable[[Any], T], dump: Callable[[T], object]) -> None:
        self._path, self._name, self._dump = path, name, dump
        self._asked: dict[str, Asked[T]] = {}
        self._write_from = 0.0
        self.changes = 0
        """How often something was kept since the file was read."""
        try:
            told = json.loads(path.read_text(encoding="utf-8"))
            self._asked = {
                str(card): Asked(
                    content=str(one["content"]), by=str(one["by"]), found=tuple(load(each) for each in one[name])
                )
                for card, one in told.items()
            }
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            pass

    def of(self, card: Card) -> tuple[T, ...]:
        """What was found about the card as it is now."""
        asked = self._asked.get(card.id)
        # Most cards have nothing; their hash need not be made.
        return asked.found if asked is not None and asked.found and asked.content == card.content_hash else ()

    def keep(self, card: Card, by: str, found: Sequence[T]) -> None:
        """Keep what was found about a card, in place of what was kept before; `write` puts it on disk."""
        self._asked[card.id] = Asked(content=card.content_hash, by=by, found=tuple(found))
        self.changes += 1

    def write(self, *, now: bool = True) -> None:
        """Put all on disk. Without `now` it may wait for a later call, where writing takes long."""
        begun = time.monotonic()
        if not now and begun < self._write_from:
            return
        part = self._path.with_name(f".{self._path.name}.part")
        part.parent.mkdir(parents=True, exist_ok=True)
        plain = {
            card: {"content": asked.content, "by": asked.by, self._name: [self._dump(one) for one in asked.found]}
            for card, asked in self._asked.items()
        }
        part.write_text(json.dumps(plain, ensure_ascii=False), encoding="utf-8")
        part.replace(self._path)
        ended = time.monotonic()
        self._write_from = ended + (ended - begun) / _WRITING

    def open_cards(self, cards: Sequence[Card], by: str, *, found_by_any: bool = False) -> list[Card]:
        """The cards that were not asked about yet as they are now.

        Asked by another model or prompt does not count, unless `found_by_any` and something was found.
        """
        return [card for card in cards if not self._holds(self._asked.get(card.id), card, by, found_by_any)]

    @staticmethod
    def _holds(asked: Asked[T] | None, card: Card, by: str, found_by_any: bool) -> bool:
        if asked is None or not (asked.by == by or (found_by_any and asked.found)):
            return False
        return asked.content == card.content_hash


@dataclass(frozen=True, kw_only=True, slots=True)
class Inquiry(Generic[T]):
    """One thing to ask about cards.

    `prompt` is the name of a prompt with the slots `fence`, `cards` and `numbers`. `read` gives what a reply says by
    card id; a card that is not in it got no answer that counts. `controls` are questions and answers of cards put among
    the others, and `distrust` says why a reply that tells this of one of them does not count at all, or "".
    """

    prompt: str
    read: Callable[[str, Sequence[Card]], dict[str, tuple[T, ...]]]
    controls: Sequence[tuple[str, str]]
    distrust: Callable[[Card, tuple[T, ...] | None], str]

    def asked_by(self, model: ChatModel) -> str:
        """What the answers are told apart by: the model and the prompt's make."""
        return f"{model.name} {self._rendered((), '').fingerprint}"

    def ask(self, model: ChatModel, cards: Sequence[Card]) -> dict[str, tuple[T, ...]]:
        """What the model says, by card id; cards that got no readable line are asked about once more, then left out.

        Raises:
            ModelError: the model failed, or was wrong about a control.
        """
        said: dict[str, tuple[T, ...]] = {}
        for _ in range(_TRIES):
            left = [card for card in cards if card.id not in said]
            if not left:
                break
            place = randbelow(len(left) + 1)
            question, answer = self.controls[randbelow(len(self.controls))]
            control = Card(id="control", deck="", index=0, question=question, answer=answer)
            shown = [*left[:place], control, *left[place:]]
            prompt = self._rendered(shown, f"=====cards {token_hex(8)}=====")
            found = self.read(complete(model, prompt, patience=_PATIENCE).text, shown)
            if why := self.distrust(control, found.pop("control", None)):
                raise ModelRefusedError(why)
            said |= found
        return said

    def _rendered(self, cards: Sequence[Card], fence: str) -> Prompt:
        texts = [
            f"CARD {number}\nQuestion: {card.question[:_LETTERS]}\nAnswer: {card.answer[:_LETTERS]}"
            for number, card in enumerate(cards, 1)
        ]
        body = "\n\n".join(texts).replace("=====", "= = =")
        return render(self.prompt, fence=fence, cards=body, numbers=", ".join(map(str, range(1, len(cards) + 1))))


def ask_about(
    cards: Sequence[Card],
    ask: Callable[[Sequence[Card]], Mapping[str, Sequence[T]]],
    kept: Kept[T],
    by: str,
    progress: Progress,
) -> int:
    """Ask about these cards, a handful at a time, and keep what is found; how many got no answer.

    What was answered is on disk soon, and when this ends or fails, so that stopping loses little.

    Raises:
        ModelError: the model failed; what was kept before stands.
    """
    silent = done = 0
    try:
        for handful in _handfuls(cards):
            said = ask(handful)
            for card in handful:
                if card.id in said:
                    kept.keep(card, by, said[card.id])
            kept.write(now=False)
            silent += len(handful) - len(said)
            done += len(handful)
            progress(done, len(cards))
    finally:
        if done:
            kept.write()
    return silent


def numbered(text: str, said: re.Pattern[str], cards: Sequence[Card]) -> Iterator[tuple[re.Match[str], Card]]:
    """The lines of a reply that `said` finds, each with the card that its `number` names; others are left out."""
    for line in said.finditer(text):
        if 1 <= int(line["number"]) <= len(cards):
            yield line, cards[int(line["number"]) - 1]


def one_line(text: str) -> str:
    """`text` in one line, without signs that cannot be printed."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())


def _handfuls(cards: Sequence[Card]) -> Iterator[list[Card]]:
    handful: list[Card] = []
    for card in cards:
        if handful and (len(handful) == _AT_ONCE or sum(len(one.text) for one in (*handful, card)) > _LETTERS):
            yield handful
            handful = []
        handful.append(card)
    if handful:
        yield handful
