"""More about a card that was answered: why, against a card like it, by example, in simpler words, deeper.

With a model it is asked and checked like any question; without one the cards are quoted. Nothing uncited is said.
"""

import re
from collections.abc import Generator, Sequence

from corpus.card import Card, KeyPoint
from corpus.keypoints import split
from tutor.aside import Replies
from tutor.cite import cite
from tutor.clauses import prepare
from tutor.events import Depth
from tutor.explain import Notice, Reply, Said

ASKED: dict[Depth, str] = {
    "why": "Why is this so: {question}",
    "contrast": "What is the difference between these two: “{question}” and “{other}”?",
    "example": "What is an example of this: {question}",
    "simpler": "In the simplest words: {question}",
    "deeper": "What more do the cards say about this: {question}",
}
_EXAMPLE = re.compile(r"\b(?:e\.g\.?|for example|for instance|such as|like|example)\b", re.IGNORECASE)
_FIRST = re.compile(r"^.{12,}?(?=[;:(]|, (?:which|where|so|because|while|and)\b|\.\s)")
_ALIKE = 0.5
_MOST = 4


Saying = Generator[Said | Notice | Reply]


def deepen(parts: Replies, kind: Depth, card: Card, near: Sequence[Card]) -> tuple[str, Saying]:
    """The question that is asked about `card`, and the reply; `near` holds cards like it, the likeliest first."""
    question = ASKED[kind].format(question=_line(card.question), other=_line(near[0].question) if near else "…")
    return question, _reply(parts, kind, question, card, near)


def _reply(parts: Replies, kind: Depth, question: str, card: Card, near: Sequence[Card]) -> Saying:
    if parts.model is not None and (near or kind != "contrast"):
        yield from parts.explainer.ask(question)
        return
    text, cited = _BUILT[kind](card, near)
    reply = Reply(
        text=text,
        citations=tuple(cite(place, one, card.question) for place, one in enumerate(cited, 1)),
        answerable=True,
        model="",
        usage=None,
        seconds=0.0,
    )
    yield Said(text=text)
    yield reply


Told = tuple[str, Sequence[Card]]


def _why(card: Card, near: Sequence[Card]) -> Told:
    if not near:
        return f"No other card of yours says why. This one says [1]:\n{_listed(_points(card), 1)}", [card]
    text = f"Your cards near this one say:\n{_quoted(near[:2], 2)}\nThis one says [1]:\n{_listed(_points(card), 1)}"
    return text, [card, *near[:2]]


def _contrast(card: Card, near: Sequence[Card]) -> Told:
    """The two cards' points side by side, without those that both make."""
    if not near:
        return f"None of your cards is easily taken for this one, which says [1]:\n{_listed(_points(card), 1)}", [card]
    other = near[0]
    ours, theirs = _points(card), _points(other)
    only = [point for point in ours if not _said_in(point, theirs)] or ours
    back = [point for point in theirs if not _said_in(point, ours)] or theirs
    rows = [f"“{_line(card.question)}” says:", _listed(only, 1), f"“{_line(other.question)}” says:", _listed(back, 2)]
    return "\n".join(rows), [card, other]


def _example(card: Card, near: Sequence[Card]) -> Told:
    for place, one in enumerate((card, *near)):
        found = [point for point in _points(one) if _EXAMPLE.search(point.text)]
        if found:
            cited = [card] if not place else [card, one]
            return f"From the card “{_line(one.question)}”:\n{_listed(found, len(cited))}", cited
    return "None of your cards gives an example of this. The card says [1], and one from your own life is best.", [card]


def _simpler(card: Card, near: Sequence[Card]) -> Told:
    short = [KeyPoint(id=point.id, text=_first(point.text), head=point.head) for point in _points(card)]
    return f"The heart of each point:\n{_listed(short, 1)}", [card]


def _deeper(card: Card, near: Sequence[Card]) -> Told:
    if not near:
        return "No other card of yours goes further than this one [1].", [card]
    return f"Your cards go on from here [1]:\n{_quoted(near[:3], 2)}", [card, *near[:3]]


_BUILT = {"why": _why, "contrast": _contrast, "example": _example, "simpler": _simpler, "deeper": _deeper}


def _points(card: Card) -> Sequence[KeyPoint]:
    return card.key_points or split(card.reference, card.question)


def _listed(points: Sequence[KeyPoint], number: int) -> str:
    heads = [f"{point.head.rstrip(': ')}: " if point.head else "" for point in points]
    return "\n".join(f"- {head}{_line(point.text)} [{number}]" for head, point in zip(heads, points, strict=True))


def _quoted(cards: Sequence[Card], first: int) -> str:
    return "\n".join(
        f"“{_line(card.question)}”\n{_listed(_points(card)[:_MOST], number)}"
        for number, card in enumerate(cards, first)
    )


def _said_in(point: KeyPoint, others: Sequence[KeyPoint]) -> bool:
    own = prepare(point.text).stems
    return any(len(own & prepare(one.text).stems) > _ALIKE * max(1, len(own)) for one in others)


def _first(text: str) -> str:
    found = _FIRST.match(_line(text))
    return found[0].rstrip(" ,") if found else _line(text)


def _line(text: str) -> str:
    return " ".join(text.split())
