"""The values everything else is made of: Card, KeyPoint, Deck, Finding, and how they are told apart.

Does no input or output and knows no file format: readers are in `corpus.read`, points are found in `corpus.keypoints`.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Literal

FindingKind = Literal[
    "blank",
    "no_answer",
    "no_question",
    "duplicate",
    "near_duplicate",
    "contradiction",
    "damage",
    "uncertain",
    "cut",
    "crowded",
    "encoding",
    "skipped",
]

_BULLET = re.compile(r"^\s*(?:[-*+•·‣◦–—]|\(?\d{1,3}[.)]|\([a-z]\))\s+", re.MULTILINE)


@dataclass(frozen=True, kw_only=True, slots=True)
class KeyPoint:
    """One thing an answer must say. `head` is the line it stands under, where the point alone says too little."""

    id: str
    text: str
    head: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Card:
    """A question with its reference answer.

    `index` is the place in the file from 1, counting faulty cards too; `line` is the line of the question from 1.
    `uncertain` says that the reader had to guess where this card begins or ends; `guid` is Anki's name for its note.
    """

    id: str
    deck: str
    index: int
    question: str
    answer: str
    key_points: tuple[KeyPoint, ...] = ()
    tags: tuple[str, ...] = ()
    path: str = ""
    line: int = 0
    uncertain: bool = False
    guid: str = ""

    @property
    def text(self) -> str:
        """Question and answer, as they are embedded and searched."""
        return f"{self.question}\n{self.answer}"

    @property
    def content_hash(self) -> str:
        """64 hex digits that change when the question or the answer does, and with nothing else."""
        return sha256(f"{self.question}\x1f{self.answer}".encode()).hexdigest()


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """A fault a deck check found, in plain words; `card` is a card id, empty where the fault made no card."""

    kind: FindingKind
    message: str
    path: str = ""
    line: int = 0
    card: str = ""
    index: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Review:
    """A review of a card in another program: when (UTC), its button (1 Again to 4 Easy), and the seconds it took."""

    card: str
    when: datetime
    button: int
    seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Deck:
    """The cards of one file. Two decks may carry the same name; `path` tells them apart.

    `reviews` is what the file tells of earlier study, oldest first.
    """

    name: str
    path: str
    format: str
    cards: tuple[Card, ...]
    findings: tuple[Finding, ...] = ()
    skipped: int = 0
    reviews: tuple[Review, ...] = ()

    def __len__(self) -> int:
        return len(self.cards)


def text_key(text: str) -> str:
    """`text` as it is compared: NFC, without bullets, with single spaces, case folded.

    >>> text_key("  • Memory of\\n  • the network ")
    'memory of the network'
    """
    plain = text if text.isascii() else unicodedata.normalize("NFC", text)
    # One line that begins with a letter has no bullet: most questions, so this is worth a look first.
    if "\n" in plain or not plain[:1].isalpha():
        plain = _BULLET.sub("", plain)
    return " ".join(plain.split()).casefold()


def card_id(question: str, *distinguish: str) -> str:
    """12 hex digits made from the question alone, so that an edited answer or a renamed file keeps the card's id."""
    return _named(text_key(question), *distinguish)


def _named(key: str, *distinguish: str) -> str:
    return sha256("\x1f".join((key, *distinguish)).encode()).hexdigest()[:12]


def identify(cards: Iterable[Card]) -> tuple[Card, ...]:
    """The cards of one file with their ids set.

    The same question with the same answer is the same card; with another answer it is a second card, told apart by its
    place among them.
    """
    answers: dict[str, dict[str, int]] = {}
    named = []
    for card in cards:
        question = text_key(card.question)
        places = answers.setdefault(question, {})
        place = places.setdefault(text_key(card.answer), len(places))
        named.append(replace(card, id=_named(question, str(place)) if place else _named(question)))
    return tuple(named)


def reconcile(decks: Sequence[Deck]) -> tuple[Deck, ...]:
    """The decks of one library with ids that clash set apart.

    A card in two decks with the same question and answer is one thing to learn and keeps one id. Where a later deck
    gives the same question another answer, the later card's id is made from its deck's name too. So a library that only
    grows at its end keeps every id.
    """
    owners: dict[str, str] = {}
    library = []
    for deck in decks:
        cards = []
        for card in deck.cards:
            key = text_key(card.answer)
            if owners.setdefault(card.id, key) != key:
                card = replace(card, id=card_id(card.question, deck.name, card.id))
                owners.setdefault(card.id, key)
            cards.append(card)
        moved = {old.id: new.id for old, new in zip(deck.cards, cards, strict=True)}
        findings = tuple(replace(finding, card=moved.get(finding.card, finding.card)) for finding in deck.findings)
        reviews = tuple(replace(review, card=moved.get(review.card, review.card)) for review in deck.reviews)
        library.append(replace(deck, cards=tuple(cards), findings=findings, reviews=reviews))
    return tuple(library)
