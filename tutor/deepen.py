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
from tutor.speech import Speech

_EXAMPLE = re.compile(r"\b(?:e\.g\.?|for example|for instance|such as|like|example)\b", re.IGNORECASE)
_FIRST = re.compile(r"^.{12,}?(?=[;:(]|, (?:which|where|so|because|while|and)\b|\.\s)")
_ALIKE = 0.5
_MOST = 4


Saying = Generator[Said | Notice | Reply]


def deepen(speech: Speech, parts: Replies, kind: Depth, card: Card, near: Sequence[Card]) -> tuple[str, Saying]:
    """The question that is asked about `card`, and the reply; `near` holds cards like it, the likeliest first."""
    other = _line(near[0].question) if near else "…"
    question = speech.asked[kind].format(question=_line(card.question), other=other)
    return question, _reply(speech, parts, kind, question, card, near)


def _reply(speech: Speech, parts: Replies, kind: Depth, question: str, card: Card, near: Sequence[Card]) -> Saying:
    if parts.model is not None and (near or kind != "contrast"):
        yield from parts.explainer.ask(question)
        return
    text, cited = _BUILT[kind](speech, card, near)
    yield Said(text=text)
    citations = tuple(cite(place, one, card.question) for place, one in enumerate(cited, 1))
    yield Reply(text=text, citations=citations, answerable=True)


Told = tuple[str, Sequence[Card]]


def _why(speech: Speech, card: Card, near: Sequence[Card]) -> Told:
    own = _listed(_points(card), 1)
    if not near:
        return f"{speech.why_alone}\n{own}", [card]
    return f"{speech.why_near}\n{_quoted(speech, near[:2], 2)}\n{speech.this_one}\n{own}", [card, *near[:2]]


def _contrast(speech: Speech, card: Card, near: Sequence[Card]) -> Told:
    """The two cards' points side by side, without those that both make."""
    if not near:
        return f"{speech.contrast_alone}\n{_listed(_points(card), 1)}", [card]
    other = near[0]
    ours, theirs = _points(card), _points(other)
    only = [point for point in ours if not _said_in(point, theirs)] or ours
    back = [point for point in theirs if not _said_in(point, ours)] or theirs
    one, two = (speech.says.format(question=_line(each.question)) for each in (card, other))
    return "\n".join([one, _listed(only, 1), two, _listed(back, 2)]), [card, other]


def _example(speech: Speech, card: Card, near: Sequence[Card]) -> Told:
    for place, one in enumerate((card, *near)):
        found = [point for point in _points(one) if _EXAMPLE.search(point.text)]
        if found:
            cited = [card] if not place else [card, one]
            return f"{speech.from_card.format(question=_line(one.question))}\n{_listed(found, len(cited))}", cited
    return speech.no_example, [card]


def _simpler(speech: Speech, card: Card, near: Sequence[Card]) -> Told:
    short = [KeyPoint(id=point.id, text=_first(point.text), head=point.head) for point in _points(card)]
    return f"{speech.heart}\n{_listed(short, 1)}", [card]


def _deeper(speech: Speech, card: Card, near: Sequence[Card]) -> Told:
    if not near:
        return speech.no_deeper, [card]
    return f"{speech.go_on}\n{_quoted(speech, near[:3], 2)}", [card, *near[:3]]


_BUILT = {"why": _why, "contrast": _contrast, "example": _example, "simpler": _simpler, "deeper": _deeper}


def _points(card: Card) -> Sequence[KeyPoint]:
    return card.key_points or split(card.reference, card.question)


def _listed(points: Sequence[KeyPoint], number: int) -> str:
    heads = [f"{point.head.rstrip(': ')}: " if point.head else "" for point in points]
    return "\n".join(f"- {head}{_line(point.text)} [{number}]" for head, point in zip(heads, points, strict=True))


def _quoted(speech: Speech, cards: Sequence[Card], first: int) -> str:
    return "\n".join(
        f"{speech.quote.format(text=_line(card.question))}\n{_listed(_points(card)[:_MOST], number)}"
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
