"""How far a learner has come, counted in her log: recall by week, what is coming, calibration, time, weakest points.

Plain dicts and lists out, for the page, the terminal and files; no opinion, no plot, and no number without its count.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from corpus.card import Card, Deck
from tutor.history import History, Row
from tutor.points import PointRecord, point_records
from tutor.schedule import AGAIN, LEECH, Review

DAYS_AHEAD = 14
_WEAKEST = 10
_ENOUGH = 2


def stats(
    history: History, grades: Iterable[Row], decks: Sequence[Deck], now: datetime, *, new_per_day: int = 20
) -> dict[str, Any]:
    """Everything below in one dict; `grades` are the log's rows of the kinds "grade" and "ticks", in order."""
    cards = {card.id: card for deck in decks for card in deck.cards}
    reviews = [review for review in history.reviews() if review.card in cards]
    progress = history.progress(cards.values(), now, new_per_day)
    return {
        "cards": progress.total,
        "learned": progress.learned,
        "due": progress.due,
        "new": progress.new,
        "reviews": len(reviews),
        "reviewed_today": progress.reviewed_today,
        "days_in_a_row": streak(reviews, now),
        "minutes": round(sum(review.seconds for review in reviews) / 60, 1),
        "retention_by_week": retention_by_week(history, cards),
        "coming_days": coming_days(history, cards.values(), now),
        "decks": [mastery(deck, history, now) for deck in decks],
        "calibration": calibration(reviews),
        "brier": brier(reviews),
        "over_confidence": over_confidence(reviews),
        "topics": [topic(name, ids, reviews, history, now) for name, ids in topics(cards.values()).items()],
        "leeches": leeches(cards.values(), history),
        "weakest_points": [
            {"card": one.card, "question": cards[one.card].question, "point": one.text, "asked": one.asked}
            | {"missed": one.missed}
            for one in weakest(point_records(grades), cards)
        ],
    }


def day_of(at: datetime) -> date:
    """The day of this machine's time zone that `at` falls on."""
    return at.astimezone().date()


def streak(reviews: Sequence[Review], now: datetime) -> int:
    """Days in a row with a review, up to today, or up to yesterday where today has none yet."""
    days = {day_of(review.at) for review in reviews}
    day = day_of(now)
    if day not in days:
        day -= timedelta(days=1)
    count = 0
    while day in days:
        count, day = count + 1, day - timedelta(days=1)
    return count


def retention_by_week(history: History, cards: Iterable[str]) -> list[dict[str, Any]]:
    """Of the reviews of cards learned before, the share that was recalled, for each week with any, oldest first.

    Cards in their learning steps do not count: they were shown minutes ago.
    """
    asked: Counter[str] = Counter()
    recalled: Counter[str] = Counter()
    for card in cards:
        for before, review in history.steps(card):
            if before.learned:
                year, week, _ = day_of(review.at).isocalendar()
                label = f"{year}-W{week:02}"
                asked[label] += 1
                recalled[label] += review.fsrs > AGAIN
    return [
        {"week": week, "reviews": asked[week], "recalled": recalled[week], "share": _share(recalled[week], asked[week])}
        for week in sorted(asked)
    ]


def coming_days(history: History, cards: Iterable[Card], now: datetime) -> list[dict[str, Any]]:
    """How many cards come due on each of the next days, as things stand; today's count includes what is overdue."""
    away = history.away(now)
    counts: Counter[date] = Counter()
    for card in cards:
        memory = history.memory(card.id)
        if memory.state != "new" and card.id not in away:
            counts[day_of(max(memory.due, now))] += 1
    today = day_of(now)
    days = [today + timedelta(days=ahead) for ahead in range(DAYS_AHEAD)]
    return [{"day": day.isoformat(), "due": counts[day]} for day in days]


def mastery(deck: Deck, history: History, now: datetime) -> dict[str, Any]:
    """Counts of one deck, and the share of all its cards expected to be recalled now; a new card counts as not."""
    memories = [history.memory(id) for id in dict.fromkeys(card.id for card in deck.cards)]
    states = Counter(memory.state for memory in memories)
    expected = sum(memory.retrievability(now) for memory in memories)
    return {
        "deck": deck.name,
        "cards": len(memories),
        "new": states["new"],
        "learning": states["learning"],
        "learned": states["review"],
        "expected_recall": round(expected / len(memories), 3) if memories else None,
    }


def calibration(reviews: Iterable[Review]) -> list[dict[str, Any]]:
    """For each confidence said before the answer: how many graded answers, and the share that was correct."""
    graded: dict[int, list[bool]] = defaultdict(list)
    for review in _sure(reviews):
        graded[review.confidence or 0].append(review.verdict == "correct")
    return [
        {"confidence": value, "answers": len(found), "correct": sum(found), "share": _share(sum(found), len(found))}
        for value, found in sorted(graded.items())
    ]


def brier(reviews: Iterable[Review]) -> float | None:
    """Mean squared distance of confidence (1 to 5 read as 0 to 1) from the outcome; 0 is perfect, None without any."""
    gaps = _gaps(reviews)
    return _share(sum(gap**2 for gap in gaps), len(gaps))


def over_confidence(reviews: Iterable[Review]) -> float | None:
    """Mean confidence (1 to 5 read as 0 to 1) less the share correct: above 0 is too sure; None without any."""
    gaps = _gaps(reviews)
    return _share(sum(gaps), len(gaps))


def topics(cards: Iterable[Card]) -> dict[str, set[str]]:
    """The ids of the cards of each topic: a tag, or the deck's name where a card has none."""
    found: dict[str, set[str]] = defaultdict(set)
    for card in cards:
        for name in card.tags or (card.deck,):
            found[name].add(card.id)
    return dict(sorted(found.items()))


def topic(
    name: str, ids: Collection[str], reviews: Sequence[Review], history: History, now: datetime
) -> dict[str, Any]:
    """Mastery and calibration of one topic."""
    own = [review for review in reviews if review.card in ids]
    memories = [history.memory(id) for id in ids]
    expected = sum(memory.retrievability(now) for memory in memories)
    return {
        "topic": name,
        "cards": len(ids),
        "learned": sum(memory.learned for memory in memories),
        "expected_recall": round(expected / len(ids), 3) if ids else None,
        "reviews": len(own),
        "answers_with_confidence": sum(1 for _ in _sure(own)),
        "brier": brier(own),
        "over_confidence": over_confidence(own),
    }


def leeches(cards: Iterable[Card], history: History) -> list[dict[str, Any]]:
    """The cards forgotten again and again, the worst first, with how many smaller cards each would make."""
    found = [(history.memory(card.id).lapses, card) for card in cards if card.id not in history.split]
    return [
        {"card": card.id, "question": card.question, "forgotten": lapses, "smaller_cards": len(card.key_points)}
        for lapses, card in sorted(found, key=lambda pair: (-pair[0], pair[1].id))
        if lapses >= LEECH
    ]


def rows(facts: Mapping[str, Any]) -> Iterator[dict[str, object]]:
    """The same facts as rows for a spreadsheet: table, row (its first cell), field, value."""
    for table, value in facts.items():
        if not isinstance(value, list):
            yield {"table": table, "row": "", "field": table, "value": value}
            continue
        for place, line in enumerate(value, 1):
            name = next(iter(line.values()), place)
            yield from ({"table": table, "row": name, "field": field, "value": cell} for field, cell in line.items())


def _sure(reviews: Iterable[Review]) -> Iterator[Review]:
    return (review for review in reviews if review.confidence is not None and review.verdict != "ungraded")


def _gaps(reviews: Iterable[Review]) -> list[float]:
    return [((one.confidence or 1) - 1) / 4 - (one.verdict == "correct") for one in _sure(reviews)]


def weakest(
    records: Mapping[tuple[str, str], PointRecord], cards: Mapping[str, Card], count: int = _WEAKEST
) -> list[PointRecord]:
    """The points missed most often that the cards still have: asked at least twice, missed at least once."""
    there = {(card.id, point.id) for card in cards.values() for point in card.key_points}
    found = [one for key, one in records.items() if key in there and one.asked >= _ENOUGH and one.missed]
    return sorted(found, key=lambda one: (-one.missed / one.asked, -one.missed, one.card, one.point))[:count]


def _share(part: float, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
