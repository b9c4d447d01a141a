"""Which card next, and why: due cards first, the least remembered before others, then new ones, mixed across decks.

Puts no card to anyone and writes nothing; reasons are facts read from the log.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeAlias

from corpus.card import Card, Deck, text_key
from tutor.errors import NotFoundError
from tutor.history import History, day_start
from tutor.schedule import Memory
from tutor.speech import ENGLISH, Speech

# A card in its learning steps may come this much before its time, rather than end the sitting.
AHEAD = timedelta(minutes=20)
_SITTING = timedelta(hours=1)
_NEAR = timedelta(days=14)
_READY = 0.9
_WORDS, _LIST = 3, 0.9

# For a card's id, the ids of other cards that ask much the same.
Alike: TypeAlias = Mapping[str, Collection[str]]
_NONE_ALIKE: Alike = MappingProxyType({})


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """The next card, and why this one, in plain words; `apart` is the card before, where the two are confused."""

    card: Card
    why: str
    apart: Card | None = None


def in_decks(cards: Sequence[Card], decks: Sequence[str]) -> tuple[Card, ...]:
    """The cards of decks given by name or file stem, () for all; one card for each thing to learn.

    Raises:
        NotFoundError: a deck that was named is not there.
    """
    keys = [(frozenset({card.deck, Path(card.path).stem} - {""}), card) for card in cards]
    known = frozenset().union(*(names for names, _ in keys)) if keys else frozenset()
    if unknown := [name for name in decks if name not in known]:
        raise NotFoundError(f"there is no deck {unknown[0]!r}; there are {', '.join(sorted(known))}")
    chosen: dict[str, Card] = {}
    for names, card in keys:
        if not decks or names & set(decks):
            chosen.setdefault(card.id, card)
    return tuple(chosen.values())


def same_question(cards: Sequence[Card]) -> dict[str, frozenset[str]]:
    """For each card whose question others ask too, or that one note made with others: the ids of those."""
    groups: dict[str, set[str]] = defaultdict(set)
    for card in cards:
        groups[text_key(card.question)].add(card.id)
        if card.guid:
            groups[f"{card.path}\x1f{card.guid}"].add(card.id)
    alike: dict[str, frozenset[str]] = {}
    for ids in groups.values():
        if len(ids) > 1:
            alike.update({id: alike.get(id, frozenset()) | (ids - {id}) for id in ids})
    return alike


def word_lists(cards: Sequence[Card]) -> frozenset[str]:
    """The names of decks that are plain lists of words: nearly all their questions and answers are a word or three."""
    short: dict[str, list[bool]] = defaultdict(list)
    for card in cards:
        short[card.deck].append(max(len(card.question.split()), len(card.answer.split())) <= _WORDS)
    return frozenset(deck for deck, all_short in short.items() if sum(all_short) >= _LIST * len(all_short))


def choose(
    cards: Sequence[Card],
    history: History,
    now: datetime,
    *,
    new_per_day: int = 20,
    exam: datetime | None = None,
    alike: Alike = _NONE_ALIKE,
    apart: Collection[str] = (),
    lists: Collection[str] = (),
    speech: Speech = ENGLISH,
) -> Choice | None:
    """The card to ask at `now`; None where nothing is due and no new card is left for today.

    The same card never comes twice in a row while another one is there, and decks take turns where they can. A card
    that is `alike` to one rated today waits until the others are done: its answer was just seen. In the two weeks
    before `exam`, cards that would be forgotten by then come early, which FSRS bears: it counts the days. The ids in
    `apart` are of cards confused with the one asked last, so they follow it; decks named in `lists` stay together.
    """
    before = _just_asked(history, now)
    ranked = _ranked(cards, history, now, new_per_day, exam, alike, apart if before else (), lists)
    if not ranked:
        return None
    card = next((card for card in ranked if card.id != before), ranked[0])
    other = next((one for one in cards if one.id == before), None) if card.id in apart and before else None
    return Choice(card=card, why=why(speech, card, history, now, new_per_day=new_per_day, exam=exam), apart=other)


def cram(
    cards: Sequence[Card], history: History, now: datetime, *, alike: Alike = _NONE_ALIKE, speech: Speech = ENGLISH
) -> Choice | None:
    """The next card to practise whether it is due or not: not practised yet today first, the least remembered first.

    A card counts as practised when one `alike` was; among those, the one that was not practised itself comes first.
    """
    away = history.away(now)
    start = day_start(now)

    def practised(id: str) -> datetime:
        return max(start, history.crammed.get(id, start))

    def order(card: Card) -> tuple[bool, datetime, datetime, float]:
        own = practised(card.id)
        latest = max((practised(other) for other in alike.get(card.id, ())), default=own)
        chance = history.memory(card.id).retrievability(now)
        return card.id == _just_asked(history, now), max(own, latest), own, chance

    card = min((card for card in cards if card.id not in away), key=order, default=None)
    return Choice(card=card, why=speech.why_practice) if card is not None else None


def new_before(exam: datetime | None, now: datetime, cards: Sequence[Card], history: History, new_per_day: int) -> int:
    """How many new cards a day: as set, or more where the exam would come before the last of them."""
    if exam is None or exam <= now:
        return new_per_day
    new = sum(1 for card in cards if history.memory(card.id).state == "new")
    days = max(1, (exam.astimezone().date() - now.astimezone().date()).days)
    return max(new_per_day, -(-new // days))


def to_study(id: str, cards: Sequence[Card], history: History, now: datetime) -> bool:
    """Whether the card with this id is one of `cards` and neither put away nor suspended."""
    return id not in history.away(now) and any(card.id == id for card in cards)


def why(
    speech: Speech, card: Card, history: History, now: datetime, *, new_per_day: int = 20, exam: datetime | None = None
) -> str:
    """Why this card is asked now, in plain words, from the log alone."""
    memory = history.memory(card.id)
    if memory.state == "new":
        return speech.why_new.format(place=history.new_since(day_start(now)) + 1, most=new_per_day)
    last = history.reviews(card.id)[-1]
    rated = speech.why_rated.format(value=last.value, span=speech.span(now - last.at))
    line, span, at = speech.why_due, now - memory.due, now
    if memory.due > now and memory.state == "review" and exam is not None:
        line, span, at = speech.why_exam, exam - now, exam
    elif memory.due > now:
        line = speech.why_learning
    return line.format(span=speech.span(span), chance=round(100 * memory.retrievability(at)), rated=rated)


def next_due(cards: Sequence[Card], history: History, now: datetime) -> datetime | None:
    """When the next card comes back that was studied before; None where there is none."""
    away = history.away(now)
    memories = (history.memory(card.id) for card in cards if card.id not in away)
    return min((memory.due for memory in memories if memory.state != "new"), default=None)


def _just_asked(history: History, now: datetime) -> str:
    """The id of the card asked last, unless that was in another sitting."""
    recent = history.last_asked is not None and now - history.last_asked < _SITTING
    return history.last_card if recent else ""


def _ranked(
    cards: Sequence[Card], history: History, now: datetime, new_per_day: int, exam: datetime | None, alike: Alike,
    apart: Collection[str], lists: Collection[str],
) -> list[Card]:  # fmt: skip
    away = history.away(now)
    start = day_start(now)
    new_left = new_per_day - history.new_since(start)
    studied = Counter(card.deck for card in cards if history.memory(card.id).state != "new")
    last_deck = next((card.deck for card in cards if card.id == _just_asked(history, now)), "")
    seen = _seen(history, start, alike)
    ranked: list[tuple[tuple[object, ...], Card]] = []
    for place, card in enumerate(cards):
        memory = history.memory(card.id)
        group = _group(memory, now, new_left, exam)
        if card.id in away or group is None:
            continue
        skipped = history.skipped.get(card.id, start)
        later = (skipped > start and not _reviewed_since(memory, skipped)) or (
            card.id in seen and not _reviewed_since(memory, start)
        )
        own_turn = (card.deck == last_deck) != (last_deck in lists)
        order = (memory.retrievability(now), place) if group != 1 else (studied[card.deck], place)
        ranked.append(((later, group, card.id not in apart, own_turn, *order), card))
    return [card for _, card in sorted(ranked, key=lambda pair: pair[0])]


def _group(memory: Memory, now: datetime, new_left: int, exam: datetime | None) -> int | None:
    if memory.state == "new":
        return 1 if new_left > 0 else None
    if memory.due <= now:
        return 0
    if exam is not None and memory.learned and _fades(memory, now, exam):
        return 2
    return 3 if memory.state == "learning" and memory.due <= now + AHEAD else None


def _fades(memory: Memory, now: datetime, exam: datetime) -> bool:
    """Whether a card is better repeated before an exam that is near, and was not repeated today or yesterday."""
    rested = memory.last_review is not None and now - memory.last_review > timedelta(days=1)
    return rested and now < exam <= now + _NEAR and memory.retrievability(exam) < _READY


def _seen(history: History, start: datetime, alike: Alike) -> set[str]:
    """The ids of cards like one that was rated since `start`: their answers were just seen."""
    pairs = [(id, other) for id, others in alike.items() for other in others]
    rated = {id for id in {*alike, *(other for _, other in pairs)} if _reviewed_since(history.memory(id), start)}
    return {one for pair in pairs for one, other in (pair, pair[::-1]) if other in rated}


def _reviewed_since(memory: Memory, at: datetime) -> bool:
    return memory.last_review is not None and memory.last_review > at


def what_is_due(
    history: History, cards: Sequence[Card], decks: Sequence[Deck], now: datetime, new_per_day: int
) -> dict[str, Any]:
    """What is due now, all in all and deck by deck, as plain values."""
    total = history.progress(cards, now, new_per_day)
    coming = next_due(cards, history, now)
    by_deck = []
    for deck in decks:
        counts = history.progress(deck.cards, now, new_per_day)
        by_deck.append({"deck": deck.name, "due": counts.due, "new": counts.new, "learned": counts.learned})
    return {
        "due": total.due,
        "new": total.new,
        "new_today": total.new_left,
        "next_due": coming.isoformat() if coming else None,
        "decks": by_deck,
    }
