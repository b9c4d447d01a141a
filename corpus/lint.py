"""What is wrong with decks, in plain words: duplicates, near-duplicates, contradictions, damage, cut and crowded cards.

Changes no card. What no reader could make a card of (blank, no answer) is found while reading.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from corpus.card import Card, Deck, Finding, FindingKind, text_key
from corpus.keypoints import broken_lines, literal_breaks
from corpus.similar import alike, candidates, overlap, words

_MANY_POINTS = 9
_MANY_WORDS = 150
_SAME_ANSWER = 0.6
"""From this overlap of words on, two answers to one question say the same in other words."""

_TAG = re.compile(
    r"</[A-Za-z][\w-]{0,30}>|<(?:br|div|span|p|li|ul|ol|b|i|u|font|img|td|tr)(?:\s[^<>]{0,200})?/?>", re.I
)
_ENTITY = re.compile(r"&(?:nbsp|amp|lt|gt|quot|#\d{1,6}|#x[0-9a-f]{1,5});", re.IGNORECASE)
_MARKUP_TALK = re.compile(r"\b(?:html|xml|jsx|css|svg|markup|tags?|elements?)\b", re.IGNORECASE)
_BROKEN_ARROW = re.compile(r"[–—]\s?>")
_MOJIBAKE = re.compile(r"\ufffd|Ã[\x80-\xbf©¨¤¶¼]|â€[™œ\x9d“”¦]?|Â[\xa0°·»«]")
_CUT = re.compile(r"(?:[,(\[]|\b(?:and|or|the|an|of|with|because|which|are|is))$", re.IGNORECASE)


def check(decks: Sequence[Deck]) -> tuple[Deck, ...]:
    """The same decks with findings added about each card and about cards that repeat or contradict each other.

    Look-alikes that differ in one decisive word (input gate and output gate) are no duplicates.
    """
    placed = [(number, card) for number, deck in enumerate(decks) for card in deck.cards]
    found: dict[int, list[Finding]] = defaultdict(list)
    for number, card in placed:
        found[number] += _faults(card)
    for number, finding in _between(placed):
        found[number].append(finding)
    return tuple(
        replace(deck, findings=(*deck.findings, *sorted(found[number], key=lambda one: (one.line, one.index))))
        for number, deck in enumerate(decks)
    )


def _finding(card: Card, kind: FindingKind, message: str) -> Finding:
    return Finding(kind=kind, message=message, path=card.path, line=card.line, card=card.id, index=card.index)


def _faults(card: Card) -> Iterator[Finding]:
    damage = list(_damage(card))
    if damage:
        yield _finding(card, "damage", f"Card {card.index} looks damaged: {'; '.join(damage)}. Mend it in the file.")
    answer = card.answer.rstrip()
    if _CUT.search(answer[-12:]) and len(answer.split()) > 3:
        text = f"The answer of card {card.index} seems cut short; it ends with {answer[-30:]!r}. Complete it."
        yield _finding(card, "cut", text)
    points, length = len(card.key_points), len(card.answer.split())
    if points >= _MANY_POINTS or length > _MANY_WORDS:
        text = f"Card {card.index} asks for much at once: {points} points, {length} words. Split it into several cards."
        yield _finding(card, "crowded", text)


def _damage(card: Card) -> Iterator[str]:
    text = card.text
    tags = _TAG.findall(text) + _ENTITY.findall(text)
    if tags and not _MARKUP_TALK.search(text):
        yield f"left-over HTML ({' '.join(list(dict.fromkeys(tags))[:3])})"
    if _MOJIBAKE.search(text):
        yield "letters garbled by a wrong encoding"
    if _BROKEN_ARROW.search(text):
        yield "an arrow turned into '–>'"
    if text.count("«") != text.count("»"):
        yield "a lone '«' or '»' (perhaps << or >>)"
    if text_key(card.question) == text_key(card.answer):
        yield "the answer only repeats the question"
    lines = card.answer.count("\n") + 1
    literal = literal_breaks(card.answer)
    swallowed = len(broken_lines(card.answer)) - lines - literal
    if literal > 0:
        yield r"a line break written as '\n'"
    if swallowed > 0:
        yield "a list line swallowed by the line before it (' - ' in mid-line)"


def _between(placed: Sequence[tuple[int, Card]]) -> Iterator[tuple[int, Finding]]:
    """Findings about pairs of cards, each given to the deck of the later card."""
    exact: dict[tuple[str, str], tuple[int, Card]] = {}
    firsts: list[tuple[int, Card]] = []
    for number, card in placed:
        key = (text_key(card.question), text_key(card.answer))
        if key in exact:
            yield number, _finding(card, "duplicate", _repeated(card, *exact[key], number))
        else:
            exact[key] = (number, card)
            firsts.append((number, card))
    asked = [words(card.question) for _, card in firsts]
    told: set[int] = set()
    for one, two in candidates(asked):
        if two in told:
            continue
        (where, first), (number, card) = firsts[one], firsts[two]
        kind = _relation(first, card, asked[one], asked[two])
        if kind:
            told.add(two)
            yield number, _finding(card, kind, _related(kind, card, first, where != number))


def _relation(first: Card, card: Card, asked: tuple[str, ...], asked_too: tuple[str, ...]) -> FindingKind | None:
    same = text_key(first.question) == text_key(card.question)
    likeness = alike(asked, asked_too)
    if not same and likeness == "no":
        return None
    answers = words(first.answer), words(card.answer)
    shared = overlap(*answers)
    if likeness == "spelling" and not same:
        return "near_duplicate" if alike(*answers) in ("yes", "spelling") else None
    if shared >= _SAME_ANSWER:
        return "near_duplicate"
    return "contradiction" if same else None


def _where(card: Card, elsewhere: bool) -> str:
    line = f"line {card.line}" if card.line else ""
    if elsewhere:
        return f"card {card.index} of {card.deck!r} ({' '.join(filter(None, (Path(card.path).name, line)))})"
    return f"card {card.index}{f' ({line})' if line else ''}"


def _repeated(card: Card, where: int, first: Card, number: int) -> str:
    if where != number:
        return (
            f"Card {card.index} is the same as {_where(first, True)}. It counts as one thing to learn; nothing to do."
        )
    return f"Card {card.index} is the same as {_where(first, False)}. Delete one of them."


def _related(kind: FindingKind, card: Card, first: Card, elsewhere: bool) -> str:
    place = _where(first, elsewhere)
    if kind == "near_duplicate":
        return f"Card {card.index} asks and answers almost the same as {place}. Keep the better one."
    return (
        f"Card {card.index} has the same question as {place} but another answer. Check that they agree, or join them."
    )
