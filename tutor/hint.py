"""The hint ladder, built from the card without a model, and the leak check for anything said before an answer.

Decides nothing about when a hint may be given; that is `session.py`'s.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache

from corpus.card import Card, KeyPoint
from corpus.keypoints import split

from .clauses import Word, clean, prepare, words
from .match import Matcher, PointMatch
from .speech import ENGLISH, Speech

LEVELS = 5
TOLD = 0.6
CLOSE = 0.45  # the tutor itself keeps this far away from telling, for what was said before may add to it
_SIZES = (2, 6, 15)  # telling words of a point that is a word or two, short, a sentence
_SPELLED = re.compile(r"\b(?:[^\W\d_][ .\-_·*/|]{1,3}){3,}[^\W\d_]\b")


@dataclass(frozen=True, kw_only=True, slots=True)
class Hint:
    """One rung: its level from 1 to 5, what it says, and the point it is about ("" for the first two rungs)."""

    level: int
    text: str
    point: str = ""


def hint(
    card: Card, level: int, *, missing: Sequence[str] = (), related: Sequence[str] = (), speech: Speech = ENGLISH
) -> Hint:
    """Rung `level` (1 to 5; beyond is taken as 1 or 5) for a card, aimed at the first of the `missing` point ids.

    Rungs 1 to 4 tell no point. `related` holds questions of cards the learner already knows.
    """
    level = min(max(level, 1), LEVELS)
    points = card.key_points or split(card.answer, card.question)
    point = next((p for p in points if p.id in missing), points[0])
    known = prepare(card.question).stems
    match level:
        case 1:
            return Hint(level=1, text=_where(speech, card, related))
        case 2:
            return Hint(level=2, text=_shape(speech, points, known))
        case 3:
            return Hint(level=3, text=_cue(speech, point, known), point=point.id)
        case 4:
            return Hint(level=4, text=speech.gaps.format(cloze=cloze(point.text, known)), point=point.id)
        case _:
            head = f"{point.head}: " if point.head else ""
            return Hint(level=5, text=speech.told.format(point=f"{head}{point.text}"), point=point.id)


def _where(speech: Speech, card: Card, related: Sequence[str]) -> str:
    secret = prepare(card.answer).stems - prepare(card.question).stems
    tags = [tag for tag in card.tags if not prepare(tag).stems & secret][:3]
    topics = speech.topics.format(topics=", ".join(tags)) if tags else ""
    told = not card.deck or tells(card.deck, card)
    line = speech.where.format(topics=topics) if told else speech.where_deck.format(deck=card.deck, topics=topics)
    safe = [speech.quote.format(text=" ".join(text.split())) for text in related if not tells(text, card)]
    return f"{line} {speech.related.format(questions=', '.join(safe[:2]))}" if safe else line


def tells(text: str, card: Card) -> bool:
    """Does `text` hold a word of the answer that the question does not? One is enough beside what else is said."""
    new = prepare(card.answer).stems - prepare(card.question).stems
    return any(not stem.isdigit() for stem in prepare(text).stems & new)


def _shape(speech: Speech, points: Sequence[KeyPoint], known: frozenset[str]) -> str:
    count = len(points)
    sizes = [sum(word.content for word in words(point.text)) for point in points]
    size = speech.sizes[sum(max(sizes) > limit for limit in _SIZES)]
    even = max(sizes) - min(sizes) < 6
    shape = speech.shape_one if count == 1 else speech.shape_each if even else speech.shape_most
    heads = list(dict.fromkeys(p.head for p in points if p.head and prepare(p.head).stems <= known))
    line = shape.format(count=count, size=size)
    return f"{line} {speech.heads.format(heads=', '.join(heads))}" if heads else line


def _cue(speech: Speech, point: KeyPoint, known: frozenset[str]) -> str:
    """The first letters of the words that carry the point, in order."""
    every = list(words(clean(point.text)))
    strong = [word for word in every if word.content]
    new = [word for word in strong if word.stem not in known] or strong or every
    letters = ", ".join(_letter(speech, word) for word in new[:6]) + (" ..." if len(new) > 6 else "")
    head = speech.cue_head.format(head=point.head) if point.head and prepare(point.head).stems <= known else ""
    return (speech.cue_one if len(new) == 1 else speech.cue_many).format(head=head, count=len(new), letters=letters)


def _letter(speech: Speech, word: Word) -> str:
    first = word.text[0]
    return speech.number if first.isdigit() else first.upper() if first.isalpha() else first


def cloze(text: str, known: Collection[str]) -> str:
    """`text` with its telling words, but those of the question, blanked to their first letter; numbers wholly.

    >>> cloze("memory of the network", frozenset())
    'm_____ of the n______'
    """
    tidy = clean(" ".join(text.split()))
    out, at = [], 0
    for word in words(tidy):
        piece, number = tidy[word.start : word.end], word.text[0].isdigit()
        if word.stem not in known and (word.content or number):
            piece = re.sub(r"\w", "_", piece) if number else piece[0] + re.sub(r"\w", "_", piece[1:])
        out += [tidy[at : word.start], piece]
        at = word.end
    return "".join([*out, tidy[at:]])


def leaks(text: str, card: Card, matcher: Matcher, *, told_from: float = TOLD) -> tuple[str, ...]:
    """The ids of the key points of `card` that `text` tells to somebody who knows only the question.

    Judged by the matcher itself, told from `told_from` on; letters set apart (`t-h-r-e-s-h-o-l-d`) are read together.
    """
    points = card.key_points or split(card.answer, card.question)
    plain = _SPELLED.sub(lambda found: re.sub(r"[\W_]", "", found.group()), clean(text))
    before = _told(matcher, card.question, points, card.answer, clean(card.question))
    return tuple(
        now.id
        for now, then in zip(_told(matcher, card.question, points, card.answer, plain), before, strict=True)
        if now.alone >= told_from and now.fresh >= 0.5 and now.alone > then.alone + 0.1
    )


# What was said before is looked at again with every reply, and the question with every text.
@lru_cache(maxsize=1024)
def _told(
    matcher: Matcher, question: str, points: tuple[KeyPoint, ...], answer: str, text: str
) -> tuple[PointMatch, ...]:
    return matcher.told(question, points, answer, text)
