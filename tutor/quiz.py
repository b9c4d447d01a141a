"""Which card next, and why: due cards first, the least remembered before others, then new ones, mixed across decks.

Puts no card to anyone and writes nothing; reasons are facts read from the log.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from corpus.card import Card
from tutor.errors import NotFoundError
from tutor.history import History, day_start
from tutor.schedule import Memory, span

# A card in its learning steps may come this much before its time, rather than end the sitting.
AHEAD = timedelta(minutes=20)
_SITTING = timedelta(hours=1)
_NEAR = timedelta(days=14)
_READY = 0.9


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """The next card, and why this one, in plain words."""

    card: Card
    why: str


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


def choose(
    cards: Sequence[Card], history: History, now: datetime, *, new_per_day: int = 20, exam: datetime | None = None
) -> Choice | None:
    """The card to ask at `now`; None where nothing is due and no new card is left for today.

    The same card never comes twice in a row while another one is there, and decks take turns where they can. In the
    two weeks before `exam`, cards that would be forgotten by then come early, which FSRS bears: it counts the days.
    """
    ranked = _ranked(cards, history, now, new_per_day, exam)
    if not ranked:
        return None
    card = next((card for card in ranked if card.id != _just_asked(history, now)), ranked[0])
    return Choice(card=card, why=why(card, history, now, new_per_day=new_per_day, exam=exam))


def cram(cards: Sequence[Card], history: History, now: datetime) -> Choice | None:
    """The next card to practise whether it is due or not: not practised yet today first, the least remembered first."""
    away = history.away(now)
    start = day_start(now)

    def order(card: Card) -> tuple[bool, datetime, float]:
        practised = max(start, history.crammed.get(card.id, start))
        return card.id == _just_asked(history, now), practised, history.memory(card.id).retrievability(now)

    card = min((card for card in cards if card.id not in away), key=order, default=None)
    return Choice(card=card, why="Practice: your schedule does not change.") if card is not None else None


def new_before(exam: datetime | None, now: datetime, new: int, new_per_day: int) -> int:
    """How many new cards a day: as set, or more where the exam would come before the last of them."""
    if exam is None or exam <= now:
        return new_per_day
    days = max(1, (exam.astimezone().date() - now.astimezone().date()).days)
    return max(new_per_day, -(-new // days))


def why(card: Card, history: History, now: datetime, *, new_per_day: int = 20, exam: datetime | None = None) -> str:
    """Why this card is asked now, in plain words, from the log alone."""
    memory = history.memory(card.id)
    if memory.state == "new":
        place = history.new_since(day_start(now)) + 1
        return f"New to you: number {place} of up to {new_per_day} new cards today."
    last = history.reviews(card.id)[-1]
    rated = f"You rated it {last.value} of 5 {span(now - last.at)} ago"
    if memory.due > now and memory.state == "review" and exam is not None:
        chance = round(100 * memory.retrievability(exam))
        return (
            f"Your exam is in {span(exam - now)}; by then you would know it with a chance of about {chance}%. {rated}."
        )
    if memory.due > now:
        return f"You are still learning it. {rated}, and nothing else is waiting."
    chance = round(100 * memory.retrievability(now))
    return f"Due since {span(now - memory.due)}. {rated}; the chance that you still know it is about {chance}%."


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
    cards: Sequence[Card], history: History, now: datetime, new_per_day: int, exam: datetime | None
) -> list[Card]:
    away = history.away(now)
    start = day_start(now)
    new_left = new_per_day - history.new_since(start)
    studied = Counter(card.deck for card in cards if history.memory(card.id).state != "new")
    last_deck = next((card.deck for card in cards if card.id == _just_asked(history, now)), "")
    ranked: list[tuple[tuple[object, ...], Card]] = []
    for place, card in enumerate(cards):
        memory = history.memory(card.id)
        group = _group(memory, now, new_left, exam)
        if card.id in away or group is None:
            continue
        later = history.skipped.get(card.id, start) > start and not _reviewed_since(memory, history.skipped[card.id])
        own_turn = card.deck == last_deck
        order = (memory.retrievability(now), place) if group != 1 else (studied[card.deck], place)
        ranked.append(((later, group, own_turn, *order), card))
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


def _reviewed_since(memory: Memory, at: datetime) -> bool:
    return memory.last_review is not None and memory.last_review > at
