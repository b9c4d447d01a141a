"""A session's View -> a Screen: the HTML and the choices that the Study view shows. Pure; knows no widget.

Before an answer is committed nothing here reads anything of the card but its face.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from tutor import events
from tutor.german_speech import SPEECH
from tutor.ui.markup import inline, marked, reply, rich
from tutor.ui.pictured import pictured
from tutor.ui.words import Words, counted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from corpus.card import Card
    from tutor.events import CardFace, View
    from tutor.explain import Citation
    from tutor.grade import Grade, PointGrade
    from tutor.hint import Hint
    from tutor.learner import Progress

__all__ = [
    "Screen",
    "card_html",
    "face_html",
    "links",
    "near_html",
    "progress_html",
    "said_html",
    "screen",
    "talk_html",
    "turn_html",
]

_GLYPH = {"made": "✓", "partly": "◐", "missed": "○", "contradicted": "✕", "unsure": "?"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Screen:
    """What the Study view shows. `moves` names the moves that are allowed now, `points` the key points to tick."""

    phase: str
    bar: str
    face: str
    result: str = ""
    rated: str = ""
    preset: int = 0
    moves: frozenset[str] = frozenset()
    hinted: bool = False
    sure: int = 0
    points: tuple[tuple[str, str, bool], ...] = ()
    talk: str = ""


def screen(
    view: View,
    words: Words,
    *,
    said: str = "",
    pace: float = 45,
    ended: str = "",
    kept: Mapping[str, str] | None = None,
) -> Screen:
    """The screen for `view`.

    `said` is feedback that is still coming in, `pace` the seconds that a card takes, `ended` what to say at the end,
    and `kept` the HTML of replies.
    """
    committed = view.grade is not None
    return Screen(
        phase=view.phase,
        bar=progress_html(view.progress, words, pace),
        face=_ended(view, ended, words) if view.phase == "ended" else _face(view, words),
        result=_result(view, words, said) if committed else "",
        rated=_rated(view),
        preset=view.preset if view.phase == "graded" else 0,
        moves=frozenset(move.__name__ for move in view.allowed),
        hinted=bool(view.hints),
        sure=view.confidence or 0,
        points=_to_tick(view),
        talk=talk_html(view.talk, kept),
    )


def progress_html(progress: Progress, words: Words, pace: float = 45) -> str:
    """The line on top: due, new, learned, what is left today at so many seconds a card, and what was done."""
    left = progress.due + progress.new_left
    minutes = max(1, round(left * pace / 60))
    line = words.progress_line.format(due=progress.due, new=progress.new, learned=progress.learned)
    today = words.done_today.format(count=progress.reviewed_today) if progress.reviewed_today else ""
    coming = words.left_today.format(count=left, minutes=minutes) if left else ""
    told = "".join(f"<span>{escape(text)}</span>" for text in (coming, today) if text)
    total = max(1, progress.due + progress.new + progress.learned)
    share = round(100 * progress.learned / total)
    return (
        f'<div class="bar"><p class="counts">{escape(line)}{told}</p>'
        f'<div class="track"><div class="fill" style="width:{share}%"></div></div></div>'
    )


def _face(view: View, words: Words) -> str:
    if view.face is None:
        return f'<div class="face phase-{view.phase}"></div>'
    face = view.face
    count = words.points_one if face.points == 1 else words.points_many.format(count=face.points)
    tags = "".join(f'<span class="tag">{escape(tag)}</span>' for tag in face.tags)
    why = f'<p class="why" title="{escape(words.why)}">{escape(view.why)}</p>' if view.why else ""
    why += f'<p class="why focus">{escape(view.focus)}</p>' if view.focus else ""
    hints = _hints(view.hints, words) if view.phase in ("asked", "tried") else ""
    points = f'<span class="count">{escape(count)}</span>' if face.points else ""
    question = f'<div class="question" role="heading">{pictured(rich(face.question), face.path)}</div>'
    return (
        f'<div class="face phase-{view.phase} card-{escape(face.id)}">'
        f'<p class="deck"><bdi>{escape(face.deck)}</bdi>{tags}{points}</p>'
        f"{question}{why}{hints}</div>"
    )


def _hints(hints: Sequence[Hint], words: Words) -> str:
    if not hints:
        return ""
    rows = "".join(
        f"<li><span>{escape(words.hint_number.format(level=hint.level))}</span>{rich(hint.text)}</li>" for hint in hints
    )
    return f'<ul class="hints">{rows}</ul>'


def _ended(view: View, ended: str, words: Words) -> str:
    return (
        f'<div class="face phase-ended"><p class="deck">{escape(words.ended)}</p>'
        f'<div class="question" role="heading">{rich(view.summary)}</div>{ended}</div>'
    )


def _result(view: View, words: Words, said: str) -> str:
    assert view.grade is not None
    answer = _answer(view.answer, view.grade, words.answer, words)
    if view.again is not None:
        answer += _answer(view.again_text, view.again, words.second, words)
    reference = _panel(words.reference, _told(view.card)) if view.card else ""
    panels = f'<div class="panels">{answer}{reference}</div>'
    return f"{_verdict(view, words)}{panels}{_feedback(view, words, said)}"


def _feedback(view: View, words: Words, said: str) -> str:
    """The step to do next in full; the rest, which the points above show already, folded away."""
    undecided = view.grade is not None and not view.grade.settled and view.ticks is None
    if said or not view.feedback or undecided:
        return f'<div class="feedback">{reply(said, {}, _unnamed)}</div>' if said else ""
    *rest, last = view.feedback.strip().split("\n")
    cited, name = links(view.citations), _name(words)
    more = reply("\n".join(rest), cited, name) if rest else ""
    folded = f"<details><summary>{escape(words.feedback)}</summary>{more}</details>" if more else ""
    return f'<div class="feedback"><div class="step">{reply(last, cited, name)}</div>{folded}</div>'


def _verdict(view: View, words: Words) -> str:
    grade = view.grade
    assert grade is not None
    ticked = view.ticks is not None
    made = len(view.ticks or ()) if ticked else sum(point.verdict == "made" for point in grade.key_points)
    all_points = len(grade.key_points)
    count = words.made_count.format(made=made, points=counted(all_points, "point", words)) if all_points else ""
    verdict = grade.verdict if grade.settled or ticked else "ungraded"
    headline = words.headline.get(verdict, verdict) if view.answer.strip() else words.told
    if verdict == "ungraded" and not _to_tick(view):
        headline = words.left_open
    if not view.answer.strip() or (not made and verdict in {"partial", "correct"}):  # right in part, no point in whole
        count = ""
    unsettled = f'<p class="unsettled">{escape(words.unsettled)}</p>' if _to_tick(view) else ""
    own = f'<span class="own">{escape(words.ticked)}</span>' if ticked else ""
    score = f'<span class="made-count">{escape(count)}</span>' if count and (grade.settled or ticked) else ""
    seen = grade.key_points if view.card and not _to_tick(view) else ()
    rows = "".join(_point(point, view.ticks, words) for point in seen)
    points = f'<ul class="points" title="{escape(words.points)}">{rows}</ul>' if rows else ""
    marked_as = words.marked.format(note=view.marked or "…") if view.marked is not None else ""
    told = (SPEECH[words.language].of(grade.note), marked_as, view.leech)
    note = "".join(f'<p class="note">{escape(text)}</p>' for text in told if text)
    head = f'<p class="headline" role="heading">{escape(headline)}{score}{own}</p>'
    return f'<div class="verdict {escape(verdict)}">{head}{unsettled}{note}</div>{points}'


def _point(point: PointGrade, ticks: tuple[str, ...] | None, words: Words) -> str:
    verdict: str = point.verdict
    if ticks is not None:
        verdict = "made" if point.id in ticks else "missed"
    name = words.verdict.get(verdict, verdict)
    quote = (
        f'<p class="evidence"><span>{escape(words.you_said)}:</span> <q>{inline(point.evidence)}</q></p>'
        if point.evidence and verdict != "missed"
        else ""
    )
    return (
        f'<li class="{escape(verdict)}"><span class="glyph" title="{escape(name)}">{_GLYPH.get(verdict, "·")}</span>'
        f'<div><span class="vh">{escape(name)}: </span>{rich(point.text)}{quote}</div></li>'
    )


def _answer(answer: str, grade: Grade, title: str, words: Words) -> str:
    quotes = [(point.evidence, str(point.verdict)) for point in grade.key_points if point.verdict != "missed"]
    text = marked(answer, quotes) if answer.strip() else f'<p class="none">{escape(words.no_answer)}</p>'
    return _panel(title, text)


def _panel(title: str, html: str) -> str:
    return f'<section class="panel"><h3>{escape(title)}</h3><div class="text">{html}</div></section>'


def _rated(view: View) -> str:
    if view.rated is None:
        return ""
    return f'<p class="rated">{escape(view.rated.text)}</p>'


def _to_tick(view: View) -> tuple[tuple[str, str, bool], ...]:
    """(id, text, ticked already) of each point where the learner is to decide."""
    if view.grade is None or events.Tick not in view.allowed or view.grade.settled or view.ticks is not None:
        return ()
    return tuple((point.id, point.text, point.verdict == "made") for point in view.grade.key_points)


def links(citations: Sequence[Citation]) -> dict[int, tuple[str, str]]:
    """Mark number -> (card id, question)."""
    return {citation.number: (citation.card, citation.question) for citation in citations}


def _name(words: Words) -> Callable[[int, str], str]:
    return lambda number, question: words.cite.format(number=number, question=question)


def _sources(citations: Sequence[Citation], words: Words) -> str:
    rows = "".join(
        f'<li><a class="source" href="#card-{escape(citation.card)}">'
        f'<span class="number">{citation.number}</span><bdi>{escape(citation.question)}</bdi></a></li>'
        for citation in citations
    )
    return f'<ul class="sources" title="{escape(words.sources)}">{rows}</ul>' if rows else ""


def said_html(text: str, citations: Sequence[Citation], words: Words, *, whole: bool = False) -> str:
    """A reply with its marks as links and the cards it cites under it; a `whole` one can be copied."""
    if not text.strip():
        return f'<div class="reply"><p class="waiting">{escape(words.looking)}</p></div>'
    copy = f'<button class="copy" title="{escape(words.copied)}">{escape(words.copy)}</button>' if whole else ""
    body = reply(text, links(citations), _name(words))
    return f'<div class="reply">{body}{_sources(citations, words)}{copy}</div>'


def near_html(near: Sequence[Citation], words: Words) -> str:
    """Says that the cards do not answer, with the nearest ones to open."""
    return f'<div class="reply"><p>{escape(words.not_in_cards)}</p>{_sources(near, words)}</div>'


def talk_html(talk: Sequence[tuple[str, str]], kept: Mapping[str, str] | None = None) -> str:
    """What was said beside the card: (role, text), oldest first; the learner's role is "learner".

    `kept` holds the HTML of replies whose cited cards are known.
    """
    shown = kept or {}
    return "".join(
        f'<p class="asked" dir="auto">{inline(text)}</p>'
        if role == "learner"
        else shown.get(text) or f'<div class="reply">{reply(text, {}, _unnamed)}</div>'
        for role, text in talk
    )


def turn_html(question: str, answer: str) -> str:
    """A question asked beside the card, and the HTML of its reply so far."""
    return f'<p class="asked" dir="auto">{inline(question)}</p>{answer}'


def card_html(card: Card, words: Words) -> str:
    """A whole card, as a citation opens it."""
    file = card.path.rsplit("/", 1)[-1]
    place = words.card_place.format(file=file, line=card.line) if file and card.line else ""
    return (
        f'<div class="open-card"><p class="deck"><bdi>{escape(card.deck)}</bdi></p>'
        f'<div class="question" role="heading">{pictured(rich(card.question), card.path)}</div>'
        f'<div class="text">{_told(card)}</div><p class="place">{escape(place)}</p></div>'
    )


def _told(card: Card) -> str:
    """The answer with its pictures, and under it what may be disputed in the card."""
    doubts = "".join(
        f'<p class="note">“{inline(doubt.quote)}”: {inline(doubt.reason)} {inline(doubt.better)}</p>'
        for doubt in card.disputed
    )
    return f"{pictured(rich(card.answer), card.path)}{doubts}"


def face_html(face: CardFace, words: Words) -> str:
    """The deck and question of a card whose answer is not to be shown yet."""
    return (
        f'<div class="open-card"><p class="deck"><bdi>{escape(face.deck)}</bdi></p>'
        f'<div class="question" role="heading">{pictured(rich(face.question), face.path)}</div>'
        f'<p class="note">{escape(words.in_play)}</p></div>'
    )


def _unnamed(number: int, question: str) -> str:
    return f"{number}: {question}"
