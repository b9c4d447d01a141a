"""The words after an answer: what was right, what was missing or against the card, and one thing to do next.

Grades nothing and asks no model; every word follows from the grade. A wrong answer is never praised.
"""

from collections.abc import Iterable, Sequence

from corpus.card import Card, KeyPoint
from tutor.grade import Grade, PointGrade

_LONGEST = 160


def feedback(card: Card, grade: Grade, *, known: bool = True, ticked: bool = False) -> str:
    """A few short lines on a committed answer; `[1]` cites the card itself.

    `known` is False where the learner said that she did not know; `ticked` says that the points are her own ticks.
    """
    if not known:
        return "Here is what the card says [1].\nNext: read it, look away, and say it once in your own words."
    if grade.verdict == "ungraded":
        return "Nobody could grade this, so it counts neither for nor against you.\nNext: compare it with the card [1]."
    lines = [_opening(grade), *_right(grade, ticked), *_against(card, grade), *_missing(card, grade), _next(grade)]
    return "\n".join(line for line in lines if line)


def with_doubts(words: str, card: Card) -> str:
    """The words with what may be disputed in the card, before what is to be done next."""
    *lines, last = words.split("\n")
    doubts = [
        f"Disputed: the card says “{_short(doubt.quote)}”, but {_short(doubt.reason)}."
        + (f" Better: {_short(doubt.better)}." if doubt.better else "")
        for doubt in card.disputed
    ]
    return "\n".join([*lines, *doubts, last])


def first_look(grade: Grade) -> str:
    """Words on a first answer that was not whole, telling nothing of what the card says: a second try is open."""
    points = _asked(grade)
    made = [point for point in points if point.verdict == "made"]
    count = f"{len(made)} of {len(points)} points" if len(points) > 1 else ""
    lines = [
        f"Partly: {count or 'some of it is there'}."
        if grade.verdict == "partial"
        else f"Not yet{f': {count}' if count else ''}."
    ]
    if grade.verdict == "partial":
        lines += _right(grade, ticked=False)
    return "\n".join([*lines, "Next: try once more, take a hint, or have the answer shown."])


def _asked(grade: Grade) -> list[PointGrade]:
    """The points that count: all, or the best so many where the question asks for fewer than there are."""
    return [point for point in grade.key_points if point.weight]


def _opening(grade: Grade) -> str:
    points = _asked(grade)
    made = sum(1 for point in points if point.verdict == "made")
    count = f"{made} of {len(points)} points" if len(points) > 1 else ""
    if not grade.settled:
        seems = {"correct": "the answer", "partial": "a part of the answer"}.get(grade.verdict, "something else")
        return f"This seems to be {seems}, but I am not sure."
    if grade.verdict == "wrong":
        return f"Not yet{f': {count}' if count else ''}."
    if grade.verdict == "partial":
        return f"Partly: {count or 'some of it is there'}."
    whole = made == len(points)
    return (
        "Correct: your answer says what the card says [1]." if whole else f"Correct in the main: {count or 'not all'}."
    )


def _right(grade: Grade, ticked: bool) -> Iterable[str]:
    if grade.verdict == "wrong":
        return
    made = [point for point in grade.key_points if point.verdict == "made"]
    if ticked:
        told = [_short(point.text) for point in made]
    else:
        told = list(dict.fromkeys(f"“{_short(point.evidence)}”" for point in made if point.evidence))
    if told and len(grade.key_points) > 1:
        yield f"{'You ticked' if ticked else 'Right, in your words'}: {'; '.join(told)}."


def _against(card: Card, grade: Grade) -> Iterable[str]:
    for point in grade.key_points:
        if point.verdict == "contradicted":
            said = f"you said “{_short(point.evidence)}”, but " if point.evidence else ""
            yield f"Against the card{_weighs(grade, [point])}: {said}the card says “{_told(card, point)}” [1]."


def _missing(card: Card, grade: Grade) -> Iterable[str]:
    groups = (("missed", "Missing"), ("partly", "Only in part"), ("unsure", "Not sure whether you said"))
    for verdict, word in groups:
        points = [point for point in _asked(grade) if point.verdict == verdict]
        if points and not (verdict == "unsure" and grade.verdict == "correct"):
            told = "; ".join(_told(card, point) for point in points)
            weighs = "" if verdict == "unsure" else _weighs(grade, points)
            yield f"{word} [1]{weighs}: {told}."


def _weighs(grade: Grade, points: Sequence[PointGrade]) -> str:
    """Why it matters: how much of the whole answer these points are."""
    if len(grade.key_points) < 2:
        return ""
    share = sum(point.weight for point in points) / (sum(point.weight for point in grade.key_points) or 1.0)
    return f", about {round(100 * share, -1):.0f}% of the answer" if 0.1 <= share < 0.95 else ""


def _next(grade: Grade) -> str:
    points = _asked(grade)
    if not grade.settled:
        return "Next: tick the points you made."
    if any(point.verdict == "contradicted" for point in grade.key_points):
        return "Next: find the word in your answer that turns it round, and say it the card's way."
    open_points = sum(1 for point in points if point.verdict != "made")
    if grade.verdict == "correct":
        return "Next: rate how well you knew it."
    if grade.verdict == "wrong":
        return "Next: read the card, look away, and say it once in your own words."
    return f"Next: say {'the missing point' if open_points == 1 else 'the missing points'} once in your own words."


def _told(card: Card, point: PointGrade) -> str:
    key = next((one for one in card.key_points if one.id == point.id), None)
    return _short(_with_head(key) if key is not None else point.text)


def _with_head(point: KeyPoint) -> str:
    return f"{point.head.rstrip(': ')}: {point.text}" if point.head else point.text


def _short(text: str) -> str:
    text = " ".join(text.split()).rstrip(".;,: ")
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1].rsplit(" ", 1)[0] + " …"
