"""An answer without a language model: the key points of the cards that answer the question, quoted and cited.

Writes no sentence of its own about the subject. Whether the cards answer at all is for `corpus.retrieve` to say.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from corpus.card import Card, KeyPoint
from corpus.keypoints import split
from tutor.cite import Citation, cite, unmarked, words
from tutor.speech import ENGLISH, Speech

__all__ = ["Ranked", "not_in_cards", "quote"]

NEAREST = 3  # so many cards are named where none answers
_WHOLE = 6  # an answer of so many points is quoted whole
_MOST = 12  # so many points of one card at most
_SIDE = 3  # so many points of a card that is not the first
_CARDS = 3
_NEAR = 0.8  # a further card is quoted when its score is this share of the first one's
_ASKED = 0.6  # this share of the question's words in the card's question: the card's whole answer is asked for


@dataclass(frozen=True, kw_only=True, slots=True)
class Ranked:
    """A retrieved card with its score, 0 to 1."""

    card: Card
    score: float


def quote(question: str, found: Sequence[Ranked], speech: Speech = ENGLISH) -> tuple[str, tuple[Citation, ...]]:
    """Text with marks [1], [2], and the citations behind them; the best card leads."""
    blocks: list[str] = []
    citations: list[Citation] = []
    top = found[0]
    for ranked in found[:_CARDS]:
        leads = ranked is top
        points = _choose(question, ranked.card, leads=leads)
        if not leads and (ranked.score < _NEAR * top.score or not points):
            continue
        number = len(citations) + 1
        blocks.append(_block(speech, ranked.card, points, number, leads=leads))
        citations.append(cite(number, ranked.card, question))
    return "\n\n".join(blocks), tuple(citations)


def not_in_cards(near: Sequence[Ranked], speech: Speech = ENGLISH) -> str:
    """Says that the cards do not answer, and names the nearest ones by their questions."""
    if not near:
        return speech.unanswered
    lines = "\n".join(f"- {' '.join(ranked.card.question.split())} ({ranked.card.deck})" for ranked in near[:NEAREST])
    return f"{speech.unanswered} {speech.nearest}\n{lines}"


def _points(card: Card) -> tuple[KeyPoint, ...]:
    return card.key_points or split(card.reference, card.question) or (KeyPoint(id="", text=card.answer),)


def _choose(question: str, card: Card, *, leads: bool) -> list[KeyPoint]:
    """The points of the card that answer the question, in the card's order."""
    points = list(_points(card))
    asked, title = words(question), words(card.question)
    whole = bool(asked) and len(asked & title) >= _ASKED * len(asked)
    if leads and (len(points) <= _WHOLE or whole):
        return points[:_MOST]
    if not leads and whole and len(points) <= _SIDE:
        return points
    gain = {id(point): _gain(point, asked, title) for point in points}
    best = sorted(points, key=lambda point: -gain[id(point)])[: _WHOLE if leads else _SIDE]
    chosen = [point for point in points if point in best and gain[id(point)] > 0]
    return chosen or (points[:_WHOLE] if leads else [])


def _gain(point: KeyPoint, asked: frozenset[str], title: frozenset[str]) -> float:
    """How much of what the question adds to the card's own question this point takes up."""
    own = words(f"{point.head} {point.text}")
    return 2 * len(own & (asked - title)) + len(own & asked & title) / (1 + len(own))


def _block(speech: Speech, card: Card, points: Sequence[KeyPoint], number: int, *, leads: bool) -> str:
    title = unmarked(" ".join(card.question.split()))
    also = speech.see_also.format(question=title)
    if len(points) == 1 and not points[0].head:
        said = f"{unmarked(points[0].text)} [{number}]"
        return said if leads else f"{also} {said}"
    lines = [speech.from_card.format(question=title) if leads else also]
    head = ""
    for point in points:
        if point.head and point.head != head:
            lines.append(f"- {point.head.rstrip(':')}:")
        head = point.head
        lines.append(f"{'  ' if head else ''}- {unmarked(point.text)} [{number}]")
    return "\n".join(lines)
