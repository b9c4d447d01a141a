"""Text copied from flashcard web pages: numbered `1 / Q / ... / A / ...`, `- question` lines, or plain lines.

Keeps every answer line as it is, damage included. Lines with nothing to mark a question are told apart in
`corpus.read.alternating`.
"""

import re
from collections.abc import Sequence
from itertools import pairwise

from corpus.card import Finding
from corpus.read.alternating import Boundary, Line, find_questions, is_title
from corpus.read.source import Pair, Reading, Source

_RATING = "How well did you know this?"
_SCALE = {"1", "2", "3", "4", "5", "Not at all", "Perfectly", ""}
_NUMBER = re.compile(r"\d{1,6}")
_DASH = re.compile(r"[-–—•*]\s+(?=\S)")
_INDENT = re.compile(r"[ \t]*")


def read(source: Source) -> Reading:
    """The deck in a page text of any of the three layouts; the text must hold at least one line that is not blank."""
    lines = [row.rstrip() for row in source.text.split("\n")]
    starts = _numbered_starts(lines)
    if starts:
        return _read_numbered(source, lines, starts)
    first = next((at for at, row in enumerate(lines) if row.strip()), 0)
    name = lines[first].strip() if not _DASH.match(lines[first]) and is_title(lines, first) else ""
    body = first + 1 if name else first
    opening = next((row for row in lines[body:] if row.strip()), "")
    if _DASH.match(opening):
        return _read_dashed(source, lines, body, name)
    return _read_plain(source, lines, body, name)


def is_numbered(source: Source) -> bool:
    """Whether the text has the layout with numbers, `Q` and `A`, which nothing else looks like."""
    return bool(_numbered_starts([row.rstrip() for row in source.text.split("\n")]))


def _numbered_starts(lines: Sequence[str]) -> list[int]:
    """Places of the lines that open a card: a number that goes on counting, with `Q` on the next line."""
    starts: list[int] = []
    last = 0
    for at, row in enumerate(lines[:-1]):
        if lines[at + 1].strip() != "Q" or not _NUMBER.fullmatch(row.strip()):
            continue
        number = int(row)
        if number > last or number == 1:
            starts.append(at)
            last = number
    return starts if any(row.strip() == "A" for row in lines) or len(starts) > 1 else []


def _read_numbered(source: Source, lines: list[str], starts: list[int]) -> Reading:
    title = " ".join(row.strip() for row in lines[: starts[0]] if row.strip())
    findings = []
    if cut := _cut_number(lines, starts):
        lines = lines[:cut]
        message = "The text breaks off after a card's number. Copy the end of the page again."
        findings.append(Finding(kind="cut", message=message, path=str(source.path), line=cut + 1))
    pairs = []
    for index, (start, end) in enumerate(zip(starts, [*starts[1:], len(lines)], strict=True), 1):
        rows = lines[start + 2 : end]
        mark = _answer_mark(rows)
        question, answer = rows[:mark], _without_rating(rows[mark + 1 :])
        line = start + 3 + next((at for at, row in enumerate(question) if row), -2)
        pairs.append(Pair(question=tidy(question), answer=tidy(answer), index=index, line=line))
    return Reading(format="page text, numbered", name=title, pairs=pairs, findings=tuple(findings))


def _cut_number(lines: Sequence[str], starts: Sequence[int]) -> int:
    """The place of a number that would open the next card, if the text ends right there; else 0."""
    last = max((at for at, row in enumerate(lines) if row.strip()), default=0)
    rows = lines[starts[-1] + 2 : last]
    mark = _answer_mark(rows)
    says_something = any(row.strip() for row in rows[mark + 1 :])
    follows = lines[last].strip() == str(int(lines[starts[-1]]) + 1)
    return last if follows and says_something and _RATING not in rows[mark + 1 :] else 0


def _answer_mark(rows: Sequence[str]) -> int:
    """The place of the line `A` that ends the question; the number of rows if there is none.

    Pages set a blank line before that mark, so where this card has blank lines an `A` without one is text.
    """
    marks = [at for at, row in enumerate(rows) if row.strip() == "A"]
    spaced = [at for at in marks if at and not rows[at - 1]]
    if rows and not rows[0] and spaced:
        return spaced[0]
    return marks[0] if marks else len(rows)


def _without_rating(rows: Sequence[str]) -> Sequence[str]:
    marks = [at for at, row in enumerate(rows) if row.strip() == _RATING]
    if marks and all(row.strip() in _SCALE for row in rows[marks[-1] + 1 :]):
        return rows[: marks[-1]]
    return rows


def _read_dashed(source: Source, lines: Sequence[str], body: int, name: str) -> Reading:
    places = [at for at in range(body, len(lines)) if lines[at].strip()]
    marked = [at for at in places if _DASH.match(lines[at])]
    follows = dict(pairwise(places))
    if any(follows.get(at) in set(marked) for at in marked):
        texts = [Line(text=_DASH.sub("", lines[at], count=1), at=at, marked=True) for at in marked]
        boundary = find_questions(texts)
    else:
        boundary = Boundary(questions=tuple(marked), near=())
    pairs, findings = _cut_at(source, lines, boundary)
    return Reading(format="page text, dashes", name=name, pairs=pairs, findings=findings)


def _read_plain(source: Source, lines: Sequence[str], body: int, name: str) -> Reading:
    texts = [
        Line(text=lines[at].strip(), at=at, after_blank=at > body and not lines[at - 1].strip())
        for at in range(body, len(lines))
        if lines[at].strip()
    ]
    pairs, findings = _cut_at(source, lines, find_questions(texts))
    return Reading(format="page text, plain", name=name, pairs=pairs, findings=findings)


def _cut_at(source: Source, lines: Sequence[str], boundary: Boundary) -> tuple[list[Pair], tuple[Finding, ...]]:
    """One pair for each question line; the lines up to the next one are its answer."""
    pairs = []
    findings = []
    if boundary.turns:
        text = (
            "Nothing marks the questions here; the lines were taken in turns as question and answer. Check the cards."
        )
        findings.append(Finding(kind="uncertain", message=text, path=str(source.path), line=boundary.questions[0] + 1))
    ends = [*boundary.questions, len(lines)][1:]
    for index, (start, end) in enumerate(zip(boundary.questions, ends, strict=True), 1):
        doubts = [at for at in boundary.near if start <= at <= end]
        question = _DASH.sub("", lines[start].strip(), count=1)
        answer = tidy(lines[start + 1 : end])
        pairs.append(
            Pair(
                question=question, answer=answer, index=index, line=start + 1, uncertain=boundary.turns or bool(doubts)
            )
        )
        for at in (at for at in doubts if at < end):
            what = "was taken for a question" if at == start else "was taken for a part of this answer"
            text = f"Line {at + 1} {what}, but that is a guess: {lines[at].strip()[:80]!r}. Join or split the card."
            findings.append(Finding(kind="uncertain", message=text, path=str(source.path), line=at + 1, index=index))
    return pairs, tuple(findings)


def tidy(rows: Sequence[str]) -> str:
    """The rows as one text: without blank ones around, one blank between, and without the indentation all share."""
    kept: list[str] = []
    for row in rows:
        if row.strip() or (kept and kept[-1]):
            kept.append(row.rstrip())
    while kept and not kept[-1]:
        kept.pop()
    shared = min((len(_INDENT.match(row)[0]) for row in kept if row), default=0)  # type: ignore[index]
    return "\n".join(row[shared:] for row in kept)
