"""The words after an answer: what was right, what was missing or against the card, and one thing to do next.

Grades nothing and asks no model; every word follows from the grade. A wrong answer is never praised.
"""

from collections.abc import Iterable, Sequence

from corpus.card import Card, KeyPoint
from tutor.grade import Grade, PointGrade
from tutor.speech import ENGLISH, Speech

_LONGEST = 160


def feedback(card: Card, grade: Grade, *, known: bool = True, ticked: bool = False, speech: Speech = ENGLISH) -> str:
    """A few short lines on a committed answer; `[1]` cites the card itself.

    `known` is False where the learner said that she did not know; `ticked` says that the points are her own ticks.
    """
    if not known:
        return f"{speech.not_known}\n{_next(speech, 'read_it')}"
    if grade.verdict == "ungraded":
        return f"{speech.ungraded}\n{_next(speech, 'compare')}"
    lines = [_opening(speech, grade), *_right(speech, grade, ticked), *_against(speech, card, grade)]
    return "\n".join([*lines, *_missing(speech, card, grade), _next(speech, _step(grade))])


def with_doubts(words: str, card: Card, speech: Speech = ENGLISH) -> str:
    """The words with what may be disputed in the card, before what is to be done next."""
    doubts = [
        speech.disputed.format(quote=short(doubt.quote), reason=short(doubt.reason))
        + (f" {speech.better.format(better=short(doubt.better))}" if doubt.better else "")
        for doubt in card.disputed
    ]
    return before_next(words, doubts)


def before_next(words: str, lines: Sequence[str]) -> str:
    """The words with more lines before what is to be done next."""
    *before, last = words.split("\n")
    return "\n".join([*before, *lines, last])


def first_look(grade: Grade, speech: Speech = ENGLISH) -> str:
    """Words on a first answer that was not whole, telling nothing of what the card says: a second try is open."""
    right = _right(speech, grade, ticked=False) if grade.verdict == "partial" else ()
    return "\n".join([_counted(speech, grade), *right, _next(speech, "again")])


def first_looks(points: int, speech: Speech = ENGLISH) -> tuple[str, ...]:
    """All that the tutor itself says in a first look at an answer to a card of so many points."""
    next_ = _next(speech, "again")
    if points < 2:
        return (speech.opening["wrong"], speech.opening["partial"], next_)
    lines = speech.opening["wrong_of"], speech.opening["partial_of"]
    counted = (line.format(made=made, all=points) for line in lines for made in range(points))
    return (*counted, speech.opening["partial"], next_)


def _asked(grade: Grade) -> list[PointGrade]:
    """The points that count: all, or the best so many where the question asks for fewer than there are."""
    return [point for point in grade.key_points if point.weight]


def _counted(speech: Speech, grade: Grade) -> str:
    points = _asked(grade)
    if len(points) < 2:
        return speech.opening[grade.verdict]
    made = sum(point.verdict == "made" for point in points)
    if not made and grade.verdict != "wrong":  # right in part, and no point of it in whole
        return speech.opening[grade.verdict]
    return speech.opening[f"{grade.verdict}_of"].format(made=made, all=len(points))


def _opening(speech: Speech, grade: Grade) -> str:
    if not grade.settled:
        return speech.seems[grade.verdict]
    if grade.verdict == "correct" and all(point.verdict == "made" for point in _asked(grade)):
        return speech.opening["whole"]
    return _counted(speech, grade)


def _right(speech: Speech, grade: Grade, ticked: bool) -> Iterable[str]:
    if grade.verdict == "wrong":
        return
    made = [point for point in grade.key_points if point.verdict == "made"]
    if ticked:
        told = [short(point.text) for point in made]
    else:
        told = list(dict.fromkeys(speech.quote.format(text=short(one.evidence)) for one in made if one.evidence))
    if told and len(grade.key_points) > 1:
        yield (speech.ticked if ticked else speech.right).format(told="; ".join(told))


def _against(speech: Speech, card: Card, grade: Grade) -> Iterable[str]:
    for point in grade.key_points:
        if point.verdict == "contradicted":
            line = speech.against_said if point.evidence else speech.against
            weighs, said = _weighs(speech, grade, [point]), short(point.evidence)
            yield line.format(weighs=weighs, said=said, told=_told(card, point))


def _missing(speech: Speech, card: Card, grade: Grade) -> Iterable[str]:
    for verdict, line in speech.missing.items():
        points = [point for point in _asked(grade) if point.verdict == verdict]
        if points and not (verdict == "unsure" and grade.verdict == "correct"):
            weighs = "" if verdict == "unsure" else _weighs(speech, grade, points)
            yield line.format(weighs=weighs, told="; ".join(_told(card, point) for point in points))


def _weighs(speech: Speech, grade: Grade, points: Sequence[PointGrade]) -> str:
    """Why it matters: how much of the whole answer these points are."""
    if len(grade.key_points) < 2:
        return ""
    share = sum(point.weight for point in points) / (sum(point.weight for point in grade.key_points) or 1.0)
    return speech.weighs.format(percent=f"{round(100 * share, -1):.0f}") if 0.1 <= share < 0.95 else ""


def _next(speech: Speech, step: str) -> str:
    return speech.next + speech.next_step[step]


def _step(grade: Grade) -> str:
    if not grade.settled:
        return "tick"
    if any(point.verdict == "contradicted" for point in grade.key_points):
        return "turn"
    if grade.verdict in ("correct", "wrong"):
        return "rate" if grade.verdict == "correct" else "read"
    return "one" if sum(point.verdict != "made" for point in _asked(grade)) == 1 else "many"


def _told(card: Card, point: PointGrade) -> str:
    key = next((one for one in card.key_points if one.id == point.id), None)
    return short(_with_head(key) if key is not None else point.text)


def _with_head(point: KeyPoint) -> str:
    return f"{point.head.rstrip(': ')}: {point.text}" if point.head else point.text


def short(text: str) -> str:
    """`text` in one line without its last mark, cut at a word where it is long: as feedback quotes it."""
    text = " ".join(text.split()).rstrip(".;,: ")
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1].rsplit(" ", 1)[0] + " …"
