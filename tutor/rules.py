"""The rules of a session: where a play stands, which moves may follow, and the grades that need no grader.

Pure: reads no log, writes none, and calls no model.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from corpus.card import Card
from tutor.events import (
    Appeal,
    Ask,
    AskHint,
    Bury,
    Commit,
    Confidence,
    DontKnow,
    Edit,
    End,
    Explain,
    Mark,
    Move,
    Next,
    Phase,
    Rate,
    Reveal,
    Skip,
    Split,
    Suspend,
    Tick,
    Undo,
)
from tutor.grade import Grade, PointGrade, outcome
from tutor.history import Kind, Play
from tutor.points import PointRecord
from tutor.schedule import AGAIN, LEECH, Memory, Review, fsrs_rating
from tutor.speech import ENGLISH, Speech
from tutor.verdicts import Verdict

LONGEST = 10_000
_LONGEST_THOUGHT = 3600.0
_GRADED = ("tried", "graded")
# Where a move is refused for a reason of its own; elsewhere the phase is the reason.
_MEANT = {"AskHint": ("asked", "tried"), "Tick": _GRADED, "Appeal": _GRADED}
_MAY: dict[Phase, frozenset[type[Move]]] = {
    "idle": frozenset({Next, Ask, Undo, End}),
    "asked": frozenset({Commit, DontKnow, AskHint, Ask, Confidence, Skip, Bury, Suspend, Undo, End}),
    "tried": frozenset({Commit, Reveal, AskHint, Ask, Rate, Appeal, Bury, Suspend, Mark, End}),
    "graded": frozenset({Rate, Tick, Appeal, Commit, Ask, Explain, Bury, Suspend, Mark, Edit, Split, Undo, End}),
    "rated": frozenset({Next, Commit, Ask, Explain, Suspend, Mark, Edit, Split, Undo, End}),
    "ended": frozenset({Next, Ask, Undo}),
}


class Study(Protocol):
    """The settings a session obeys."""

    @property
    def new_per_day(self) -> int:
        """How many new cards a day."""

    @property
    def language(self) -> str:
        """`en` or `de`."""

    @property
    def hints(self) -> int:
        """How many hints a card may give."""

    @property
    def cards_a_sitting(self) -> int:
        """How many cards a sitting takes; 0 for no limit."""

    @property
    def minutes_a_sitting(self) -> int:
        """How many minutes a sitting takes; 0 for no limit."""


def phase_of(play: Play | None, *, ended: bool = False) -> Phase:
    """Where a play stands."""
    if ended:
        return "ended"
    if play is None or play.away:
        return "idle"
    if play.review is not None:
        return "rated"
    if play.grade is None:
        return "asked"
    return "tried" if hidden(play) else "graded"


def hidden(play: Play) -> bool:
    """Whether the answer stays out of sight: nothing was committed, or a second try at it is open.

    An answer that the grader is unsure of is shown at once, because the learner must see the points to tick them.
    """
    grade = play.grade
    if grade is None:
        return True
    done = play.shown or play.tries > 1 or play.appealed or play.ticks is not None or play.review is not None
    return not done and play.known and grade.settled and grade.verdict in ("partial", "wrong")


def allowed(phase: Phase, play: Play | None, *, rungs: int, can_undo: bool, elsewhere: bool) -> frozenset[type[Move]]:
    """The moves that may be made.

    `rungs` is how many hints a card may give; `elsewhere` says that the open card is in none of the chosen decks,
    or was put away while it was open.
    """
    may = set(_MAY[phase])
    if not can_undo:
        may.discard(Undo)
    if play is None:
        return frozenset(may - {Commit, Suspend})
    if len(play.grade.key_points if play.grade is not None else ()) < 2:
        may.discard(Split)
    if phase in _GRADED and play.grade is not None:
        if play.grade.settled and play.ticks is None and not play.appealed:
            may.discard(Tick)
        if play.appealed or not play.known:
            may.discard(Appeal)
    if phase in ("asked", "tried") and play.hint_level >= rungs:
        may.discard(AskHint)
    if phase == "asked" and elsewhere:
        may.add(Next)
    return frozenset(may)


def refusal(speech: Speech, move: Move, phase: Phase) -> str:
    """Why `move` may not be made in this phase, in one plain sentence."""
    name = type(move).__name__
    if phase not in _MEANT.get(name, (phase,)):
        return speech.refused[phase]
    return speech.refused_move.get(name, speech.refused[phase])


def unfit(speech: Speech, text: str) -> str:
    """Why `text` cannot be an answer, in one plain sentence; empty where it can."""
    if len(text) > LONGEST:
        return speech.too_long.format(length=len(text), most=LONGEST)
    return "" if text else speech.no_answer


def kept(
    move: Skip | Bury | Suspend | Split | Mark | Edit, speech: Speech = ENGLISH
) -> tuple[Kind, dict[str, str], str]:
    """What the log calls this move and keeps of it, and what the learner is told; that is empty where it is unfit."""
    kind: Kind
    body: dict[str, str] = {}
    match move:
        case Skip() | Bury() | Split():
            kind = "skip" if isinstance(move, Skip) else "bury" if isinstance(move, Bury) else "split"
        case Suspend(reason=reason):
            kind, body = "suspend", {"reason": reason.strip()[:LONGEST]}
        case Mark(note=note):
            kind, body = "mark", {"reason": note.strip()[:LONGEST]}
        case Edit(question=question, answer=answer, points=points, tags=tags):
            kind, body = "edit", {"question": question.strip(), "answer": answer.strip()}
            body |= {name: text.strip() for name, text in (("points", points), ("tags", tags)) if text.strip()}
            if not any(body.values()) or any(len(text) > LONGEST for text in body.values()):
                return kind, body, ""
    return kind, body, speech.kept[kind]


def review(play: Play, id: str, at: datetime, value: int) -> Review:
    """The review that a rating of a graded play makes.

    Raises:
        ValueError: the rating is not 1 to 5, or nothing was graded yet.
    """
    if play.grade is None:
        raise ValueError("a card is rated after its answer was graded")
    seconds = (play.answered_at - play.asked_at).total_seconds() if play.answered_at else 0.0
    return Review(
        id=id,
        card=play.card,
        at=at,
        value=value,
        fsrs=fsrs_rating(value, play.grade),
        hints=play.hints_counted,
        verdict=play.grade.verdict,
        score=play.grade.score,
        confidence=play.confidence,
        seconds=min(_LONGEST_THOUGHT, max(0.0, seconds)),
        grade=play.grade_id,
        cram=play.cram,
    )


def with_points(speech: Speech, why: str, points: Sequence[PointRecord]) -> str:
    """`why`, and how many points were missed the last time; which ones would be a hint, and is not told."""
    missed = sum(1 for point in points if point.missed_last)
    return speech.why_missed.format(why=why, missed=missed, all=len(points)) if missed and len(points) > 1 else why


def focus(speech: Speech, card: Card, points: Sequence[PointRecord], apart: Card | None = None) -> str:
    """What to mind in the answer: the places of points that she keeps missing, and the card it is confused with.

    A place in the answer tells nothing of what stands there.
    """
    missed = {one.point for one in points if one.missed_last}
    places = [str(place) for place, point in enumerate(card.key_points, 1) if point.id in missed]
    lines = []
    if places and len(card.key_points) > 1:
        line = speech.mind_one if len(places) == 1 else speech.mind_many
        lines.append(line.format(places=speech.listed(places), all=len(card.key_points)))
    if apart is not None:
        lines.append(speech.mind_apart.format(question=" ".join(apart.question.split())))
    return " ".join(lines)


def leech(speech: Speech, memory: Memory, card: Card) -> str:
    """Advice where a card was forgotten again and again; empty otherwise."""
    if memory.lapses < LEECH:
        return ""
    line = speech.leech_split if len(card.key_points) > 1 else speech.leech
    return line.format(lapses=memory.lapses, points=len(card.key_points))


def leech_now(speech: Speech, memory: Memory, review: Review, card: Card) -> str:
    """The same, at the reviews that make a card one."""
    if review.cram or review.fsrs > AGAIN or memory.lapses % LEECH:
        return ""
    return leech(speech, memory, card)


def veiled(grade: Grade) -> Grade:
    """`grade` without what the card says: points made in the learner's own words, all others as missed, in none."""
    points = tuple(
        replace(point, text=point.evidence, evidence="", why="")
        if point.verdict == "made"
        else replace(point, verdict="missed", text="", evidence="", why="")
        for point in grade.key_points
    )
    return replace(grade, key_points=points, extra=())


def ticked(grade: Grade, made: Collection[str]) -> Grade:
    """`grade` as the learner's own ticks have it: she made the points with the ids in `made`, and no others."""
    points = tuple(
        _made(point) if point.id in made else replace(point, verdict="missed", evidence="", confidence=1.0, credit=0.0)
        for point in grade.key_points
    )
    return replace(_scored(grade, points), settled=True, grader="learner", note="")


def appealed(grade: Grade, again: Grade) -> Grade:
    """`grade` after an appeal, with `again` as the grader sees it now: open for ticks, and never more than unsure.

    Points that were made stay made, whatever the second look says; the verdict waits for the learner's ticks.
    """
    if grade.verdict == "ungraded":
        return replace(again, settled=False)
    now = {point.id: point for point in again.key_points}
    points = tuple(_reopened(point, now.get(point.id, point)) for point in grade.key_points)
    score = max(grade.score, _score(points)) if points != grade.key_points else grade.score
    return replace(grade, score=score, settled=False, key_points=points, grader=again.grader, note=again.note)


def credited(grade: Grade, made: Collection[str]) -> Grade:
    """`grade` of words that won an appeal before: the points with the ids in `made` count, all else stays as graded."""
    if all(point.verdict == "made" for point in grade.key_points if point.id in made):
        return grade
    points = tuple(_made(point) if point.id in made else point for point in grade.key_points)
    unsure = any(point.verdict == "unsure" for point in points)
    scored = _scored(grade, points)
    verdict = "ungraded" if grade.verdict == "ungraded" and unsure else scored.verdict
    return replace(scored, verdict=verdict, settled=not unsure, flags=(*grade.flags, "accepted"))


def _made(point: PointGrade) -> PointGrade:
    return replace(point, verdict="made", confidence=1.0, credit=1.0)


def _reopened(point: PointGrade, now: PointGrade) -> PointGrade:
    if point.verdict == "made" or now.verdict != "unsure":
        return point
    credit = max(point.credit, now.credit)
    return replace(point, verdict="unsure", confidence=now.confidence, credit=credit, why=now.why)


def _score(points: Sequence[PointGrade]) -> float:
    total = sum(point.weight for point in points) or 1.0
    return round(min(1.0, max(0.0, sum(point.weight * point.credit for point in points) / total)), 4)


def _scored(grade: Grade, points: tuple[PointGrade, ...]) -> Grade:
    score = _score(points)
    verdict = outcome(score, {point.verdict for point in points})
    return replace(grade, score=score, verdict=verdict, key_points=points)


def not_known(card: Card) -> Grade:
    """The grade of "I do not know": every point missed, and nothing to settle."""
    return Grade(score=0.0, verdict="wrong", settled=True, key_points=_points(card, "missed"), grader="learner")


def ungraded(card: Card, note: str) -> Grade:
    """The grade of an answer that nobody could grade: neither right nor wrong, for the learner to tick herself."""
    return Grade(
        score=0.0, verdict="ungraded", settled=False, key_points=_points(card, "unsure"), grader="nobody", note=note
    )


def _points(card: Card, verdict: Verdict) -> tuple[PointGrade, ...]:
    share = 1 / max(1, len(card.key_points))
    return tuple(
        PointGrade(id=point.id, text=point.text, verdict=verdict, evidence="", weight=share, confidence=1.0)
        for point in card.key_points
    )
