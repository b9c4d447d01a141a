"""The values everything else is made of: Card, KeyPoint, Deck, Finding, and how they are told apart.

Does no input or output and knows no file format: readers are in `corpus.read`, points are found in `corpus.keypoints`.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from pathlib import PurePath
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
    "disputed",
]

_OWN_ID = re.compile(r"[0-9a-f]{12}")
_BULLET = re.compile(r"^\s*(?:[-*+•·‣◦–—]|\(?\d{1,3}[.)]|\([a-z]\))\s+", re.MULTILINE)


@dataclass(frozen=True, kw_only=True, slots=True)
class KeyPoint:
    """One thing an answer must say. `head` is the line it stands under, where the point alone says too little."""

    id: str
    text: str
    head: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Doubt:
    """Words of a card that a specialist may dispute, why, and the better answer; `content` is the card's hash then."""

    quote: str
    reason: str
    better: str = ""
    content: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Card:
    """A question with its reference answer.

    `index` is the place in the file from 1, counting faulty cards too; `line` is the line of the question from 1.
    `uncertain` says that the reader had to guess where this card begins or ends; `guid` is Anki's name for its note.
    `remark` is the end of the answer that nobody has to say: a source, or what a cloze note tells beside its gap.
    `queries` are questions of learners that this card answers, for search alone.
    """

    id: str
    deck: str
    index: int
    question: str
    answer: str
    remark: str = ""
    key_points: tuple[KeyPoint, ...] = ()
    tags: tuple[str, ...] = ()
    path: str = ""
    line: int = 0
    uncertain: bool = False
    guid: str = ""
    doubts: tuple[Doubt, ...] = ()
    queries: tuple[str, ...] = ()

    @property
    def disputed(self) -> tuple[Doubt, ...]:
        """The doubts that hold for the card as it is now."""
        return tuple(doubt for doubt in self.doubts if doubt.content == self.content_hash)

    @property
    def reference(self) -> str:
        """What an answer is graded by: the card's answer without the remark."""
        return self.answer.removesuffix(self.remark).rstrip() if self.remark else self.answer

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


def own_id(name: str) -> bool:
    """Whether a file's name for a card is an id that this tutor gave it."""
    return _OWN_ID.fullmatch(name) is not None


def identify(cards: Sequence[Card], keys: Sequence[str] = ()) -> tuple[Card, ...]:
    """The cards of one file with their ids set; `keys` is what the file itself calls each card, empty where nothing.

    A key decides alone, so that an edited question keeps the id; one of this tutor's own ids is taken as it is. Without
    a key the question decides. Another card of the same name, with other words, is a second one, told apart by its
    place among them.
    """
    answers: dict[str, dict[str, int]] = {}
    named = []
    for card, key in zip(cards, keys or [""] * len(cards), strict=True):
        asked = text_key(card.question)
        name = f"\x1e{key}" if key else asked
        places = answers.setdefault(name, {})
        place = places.setdefault(f"{asked}\x1f{text_key(card.answer)}", len(places))
        own = key and not place and own_id(key)
        named.append(replace(card, id=key if own else _named(name, str(place)) if place else _named(name)))
    return tuple(named)


def reconcile(decks: Sequence[Deck], given: Mapping[tuple[str, str], str] | None = None) -> tuple[Deck, ...]:
    """The decks of one library with ids that clash set apart; `given` maps (file name, id) to the id it has here.

    A card in two decks with the same question and answer is one thing to learn and keeps one id, the first. Where a
    later deck uses an id for another card, that card's id is made from its deck's name too. So a library that only
    grows at its end keeps every id, and one that remembers what it gave keeps them when an early deck goes.
    """
    given = given or {}
    owners: dict[str, tuple[str, str]] = {}
    firsts: dict[tuple[str, str], str] = {}
    library = []
    for deck in decks:
        file = PurePath(deck.path).name
        moved: dict[str, str] = {}
        cards = []
        for card in deck.cards:
            texts = text_key(card.question), text_key(card.answer)
            id = given.get((file, card.id)) or firsts.get(texts) or card.id
            if owners.get(id, texts) != texts:
                id = firsts.get(texts) or _named(card.id, deck.name)
            owners.setdefault(id, texts)
            firsts.setdefault(texts, id)
            moved[card.id] = id
            cards.append(card if id == card.id else replace(card, id=id))
        findings = tuple(replace(finding, card=moved.get(finding.card, finding.card)) for finding in deck.findings)
        reviews = tuple(replace(review, card=moved.get(review.card, review.card)) for review in deck.reviews)
        library.append(replace(deck, cards=tuple(cards), findings=findings, reviews=reviews))
    return tuple(library)


def deck_files(cards: Iterable[Card]) -> dict[str, frozenset[str]]:
    """The files of the decks of these cards, by each name a deck may be called: its own, its path, file name, stem."""
    named: dict[str, set[str]] = {}
    for deck, path in {(card.deck, card.path) for card in cards}:
        for name in {deck, path, PurePath(path).name, PurePath(path).stem}:
            named.setdefault(name.casefold(), set()).add(path)
    return {name: frozenset(files) for name, files in named.items()}
