"""A learner's own cards: those she made, her corrections of the decks' text, and smaller cards where she split one.

Changes no deck file. What she changed is read from her log, so it outlives an import, and a card keeps its id.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from corpus.card import Card, card_id
from corpus.keypoints import made, split
from tutor.clauses import prepare
from tutor.hint import cloze
from tutor.history import History

MADE = "own-cards.jsonl"
"""Where a card that a learner made says it is from; `tutor.library` names the files of such cards alike."""


def laid(cards: Iterable[Card], history: History) -> tuple[Card, ...]:
    """`cards` as this learner has them, and after them those that she made for herself alone."""
    there = tuple(cards)
    ids = {card.id for card in there}
    own = [(id, change["deck"]) for id, change in history.edited.items() if "deck" in change and id not in ids]
    made = (Card(id=id, deck=deck, index=n, question="", answer="", path=MADE) for n, (id, deck) in enumerate(own, 1))
    return tuple(one for card in (*there, *made) for one in _laid(card, history))


def _laid(card: Card, history: History) -> Iterator[Card]:
    card = edited(card, history.edited.get(card.id, {}))
    yield card
    if card.id in history.split:
        yield from smaller(card)


def edited(card: Card, change: Mapping[str, str]) -> Card:
    """`card` with the question, the answer, the key points and the tags of `change`, where it has them."""
    question = change.get("question") or card.question
    answer = change.get("answer") or card.answer
    remark = card.remark if card.remark and answer.endswith(card.remark) else ""
    changed = replace(card, question=question, answer=answer, remark=remark)
    points = split(changed.reference, question) if answer != card.answer else card.key_points
    if told := change.get("points"):
        points = made((line.strip(), "") for line in told.splitlines() if line.strip())
    tags = tuple(tag.strip() for tag in change.get("tags", "").split(",") if tag.strip()) or card.tags
    return replace(changed, key_points=points, tags=tags)


def smaller(card: Card) -> tuple[Card, ...]:
    """One card for each point of `card`: its question, and the point with gaps."""
    known = prepare(card.question).stems
    found = []
    for place, point in enumerate(card.key_points, 1):
        head = f"{point.head.rstrip(': ')}: " if point.head else ""
        question = f"{card.question}\nPoint {place} of {len(card.key_points)}: {head}{cloze(point.text, known)}"
        id = card_id(card.question, card.id, point.id)
        found.append(
            replace(card, id=id, question=question, answer=point.text, remark="", key_points=(point,), guid=card.id)
        )
    return tuple(found)
