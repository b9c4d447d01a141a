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

LONGEST = 10_000
_LONGEST_THOUGHT = 3600.0
_MAY: dict[Phase, frozenset[type[Move]]] = {
    "idle": frozenset({Next, Ask, Undo, End}),
    "asked": frozenset({Commit, DontKnow, AskHint, Ask, Confidence, Skip, Bury, Suspend, Undo, End}),
    "tried": frozenset({Commit, Reveal, AskHint, Ask, Rate, Appeal, Bury, Suspend, Mark, End}),
    "graded": frozenset({Rate, Tick, Appeal, Commit, Ask, Explain, Bury, Suspend, Mark, Edit, Split, Undo, End}),
    "rated": frozenset({Next, Commit, Ask, Explain, Suspend, Mark, Edit, Split, Undo, End}),
    "ended": frozenset({Next, Ask, Undo}),
}
_REFUSED: dict[Phase, str] = {
    "idle": "No card is open. Ask for the next one first.",
    "asked": "Answer the card in front of you first, or skip it.",
    "tried": "Try once more, ask for a hint, or have the answer shown first.",
    "graded": "Say how well you knew this card first, 1 to 5.",
    "rated": "This card is done. Go on to the next one.",
    "ended": "The sitting is over. Go on with the next card.",
}
_REFUSED_MOVE: dict[type[Move], str] = {
    Undo: "There is nothing to take back here.",
    Explain: "Answer the card first; then ask for more about it.",
    Edit: "A card can be changed once its answer is shown.",
    Split: "There is no card here that could be split.",
    Reveal: "There is no answer to show here. Answer first, or say that you do not know.",
    Tick: "There is nothing to tick: this grade is settled. Appeal if you see it otherwise.",
    Appeal: "There is nothing to appeal against here.",
    Bury: "There is no open card to put away.",
}


class Study(Protocol):
    """The settings a session obeys."""

    @property
    def new_per_day(self) -> int:
        """How many new cards a day."""

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
    if phase in ("tried", "graded") and play.grade is not None:
        if play.grade.settled and play.ticks is None and not play.appealed:
            may.discard(Tick)
        if play.appealed or not play.known:
            may.discard(Appeal)
    if phase in ("asked", "tried") and play.hint_level >= rungs:
        may.discard(AskHint)
    if phase == "asked" and elsewhere:
        may.add(Next)
    return frozenset(may)


def refusal(move: Move, phase: Phase) -> str:
    """Why `move` may not be made in this phase, in one plain sentence."""
    if isinstance(move, AskHint) and phase in ("asked", "tried"):
        return "There are no more hints for this card. Answer in your own words, or say that you do not know."
    if isinstance(move, Tick | Appeal) and phase not in ("tried", "graded"):
        return _REFUSED[phase]
    return _REFUSED_MOVE.get(type(move), _REFUSED[phase])


def unfit(text: str) -> str:
    """Why `text` cannot be an answer, in one plain sentence; empty where it can."""
    if not text:
        return "There is no answer yet. Write it in your own words, or say that you do not know."
    if len(text) > LONGEST:
        return f"That is {len(text)} characters long. Say it in {LONGEST} or fewer."
    return ""


def kept(move: Skip | Bury | Suspend | Split | Mark | Edit) -> tuple[Kind, dict[str, str], str]:
    """What the log calls this move and keeps of it, and what the learner is told; that is empty where it is unfit."""
    match move:
        case Skip():
            return "skip", {}, "Skipped. It comes back later today."
        case Bury():
            return "bury", {}, "Put away until tomorrow."
        case Split():
            return "split", {}, "Put away. A smaller card for each of its points takes its place."
        case Suspend(reason=reason):
            told = "Suspended. It does not come back until you bring it back."
            return "suspend", {"reason": reason.strip()[:LONGEST]}, told
        case Mark(note=note):
            return "mark", {"reason": note.strip()[:LONGEST]}, "Marked. You find it under the marked cards."
        case Edit(question=question, answer=answer, points=points, tags=tags):
            body = {"question": question.strip(), "answer": answer.strip()}
            body |= {name: text.strip() for name, text in (("points", points), ("tags", tags)) if text.strip()}
            fits = any(body.values()) and all(len(text) <= LONGEST for text in body.values())
            return "edit", body, "Changed, for you alone; the deck's file stays as it is." if fits else ""


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


def with_points(why: str, points: Sequence[PointRecord]) -> str:
    """`why`, and how many points were missed the last time; which ones would be a hint, and is not told."""
    missed = sum(1 for point in points if point.missed_last)
    return f"{why} Last time you missed {missed} of {len(points)} points." if missed and len(points) > 1 else why


def focus(card: Card, points: Sequence[PointRecord], apart: Card | None = None) -> str:
    """What to mind in the answer: the places of points that she keeps missing, and the card it is confused with.

    A place in the answer tells nothing of what stands there.
    """
    missed = {one.point for one in points if one.missed_last}
    places = [str(place) for place, point in enumerate(card.key_points, 1) if point.id in missed]
    lines = []
    if places and len(card.key_points) > 1:
        named = places[0] if len(places) == 1 else f"{', '.join(places[:-1])} and {places[-1]}"
        lines.append(
            f"Mind point{'s' * (len(places) > 1)} {named} of {len(card.key_points)}, which you missed last time."
        )
    if apart is not None:
        lines.append(f"Say also what sets it apart from “{' '.join(apart.question.split())}”.")
    return " ".join(lines)


def leech(memory: Memory, card: Card) -> str:
    """Advice where a card was forgotten again and again; empty otherwise."""
    if memory.lapses < LEECH:
        return ""
    points = len(card.key_points)
    parts = f" It has {points} points: have it split into a card for each." if points > 1 else ""
    return f"You have forgotten this card {memory.lapses} times.{parts} Or suspend it, and come back to it later."


def leech_now(memory: Memory, review: Review, card: Card) -> str:
    """The same, at the reviews that make a card one."""
    if review.cram or review.fsrs > AGAIN or memory.lapses % LEECH:
        return ""
    return leech(memory, card)


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


def _points(card: Card, verdict: str) -> tuple[PointGrade, ...]:
    share = 1 / max(1, len(card.key_points))
    return tuple(
        PointGrade(id=point.id, text=point.text, verdict=verdict, evidence="", weight=share, confidence=1.0)  # type: ignore[arg-type]
        for point in card.key_points
    )
