"""The quiz in a terminal: lines in, session events out. The session decides what happens; nothing is decided here."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, get_args

from tutor.events import Depth
from tutor.terminal import clean, console
from tutor.turns import new_id as _new

if TYPE_CHECKING:
    from rich.console import Console

    from tutor.assemble import Tutor
    from tutor.events import Event, Move
    from tutor.grade import Grade
    from tutor.session import Session
    from tutor.speech import Speech

_MARKS = {"made": "✓", "partly": "◐", "missed": "·", "contradicted": "✗", "unsure": "?"}


def drill(
    tutor: "Tutor",
    *,
    decks: tuple[str, ...] = (),
    limit: int = 20,
    cram: bool = False,
    exam: datetime | None = None,
) -> None:
    """Ask up to `limit` cards on standard input and output; the end of input ends the sitting."""
    from tutor import session as s

    screen = console()
    session = tutor.session()
    session.decks = decks
    session.desk.cram, session.desk.exam = cram, exam
    screen.print(tutor.describe_model(), style="dim")
    screen.print(session.speech.keys, style="dim")
    for _ in range(limit):
        if session.phase in ("idle", "rated", "ended"):
            _play(screen, session, s.Next(id=_new()))
        else:
            _show_open_card(screen, session)
        if session.phase == "ended" or not _one_card(screen, session):
            break
    if session.phase != "ended":
        _play(screen, session, s.End(id=_new()))


def _one_card(screen: "Console", session: "Session") -> bool:
    """One card from question to rating; False when the learner wants to stop."""
    from tutor import session as s

    while session.phase in ("asked", "tried"):
        tried = session.phase == "tried"
        line = _read(screen, session.speech.try_again if tried else "> ")
        if line is None:
            return False
        if line.strip():
            _play(screen, session, _move(line))
        elif tried:
            _play(screen, session, s.Reveal(id=_new()))
    return _tick(screen, session) and _rated(screen, session)


def _rated(screen: "Console", session: "Session") -> bool:
    """Ask for the rating, or do what else may be done once the answer is shown; False when she wants to stop."""
    from tutor import session as s

    if session.phase == "graded":
        screen.print(session.speech.more, style="dim")
    while session.phase == "graded":
        preset = session.view().preset
        line = _read(screen, session.speech.rate.format(preset=preset))
        if line is None:
            return False
        value = line.strip() or str(preset)
        if value in ("1", "2", "3", "4", "5"):
            _play(screen, session, s.Rate(id=_new(), value=int(value)))
        elif value.startswith("/") and not isinstance(move := _move(value), s.Commit):
            _play(screen, session, move)
            if isinstance(move, s.Appeal) and not _tick(screen, session):
                return False
        else:
            screen.print(session.speech.rate_again, markup=False)
    return session.phase != "ended"


def _move(line: str) -> "Move":
    from tutor import session as s

    word, _, rest = line.strip().partition(" ")
    told: dict[str, Callable[[], Move]] = {
        "/ask": lambda: s.Ask(id=_new(), text=rest),
        "/c": lambda: s.Confidence(id=_new(), value=int(rest) if rest.isdigit() else 0),
        "/appeal": lambda: s.Appeal(id=_new(), reason=rest),
        "/mark": lambda: s.Mark(id=_new(), note=rest),
        "/edit": lambda: s.Edit(id=_new(), answer=rest.replace("\\n", "\n")),
    }
    plain: dict[str, Callable[..., Move]] = {
        "/h": s.AskHint, "/d": s.DontKnow, "/s": s.Skip, "/u": s.Undo, "/q": s.End, "/split": s.Split, "/bury": s.Bury,
        "/suspend": s.Suspend, **{f"/{kind}": partial(s.Explain, kind) for kind in get_args(Depth)},
    }  # fmt: skip
    if rest and word in told:
        return told[word]()
    return plain[word](id=_new()) if word in plain and not rest else s.Commit(id=_new(), text=line)


def _tick(screen: "Console", session: "Session") -> bool:
    """Where a grade is open the learner ticks the points she made; False when she wants to stop."""
    from tutor import session as s

    grade = session.view().grade
    if grade is None or grade.settled or s.Tick not in session.allowed:
        return True
    screen.print(session.speech.tick)
    for number, point in enumerate(grade.key_points, 1):
        screen.print(clean(f"  {number}. {point.text}"))
    line = _read(screen, session.speech.tick_numbers)
    if line is None:
        return False
    chosen = {int(word) for word in line.replace(",", " ").split() if word.isdigit()}
    if line.strip():
        made = tuple(point.id for number, point in enumerate(grade.key_points, 1) if number in chosen)
        _play(screen, session, s.Tick(id=_new(), made=made))
    return True


def _read(screen: "Console", prompt: str) -> str | None:
    try:
        return screen.input(prompt, markup=False)
    except EOFError:
        screen.print()
        return None


def _show_open_card(screen: "Console", session: "Session") -> None:
    view = session.view()
    if view.face is not None:
        screen.print()
        screen.print(clean(view.face.question), style="bold")
        for given in view.hints:
            screen.print(clean(session.speech.hint.format(text=given.text)))
    if view.grade is not None:
        _show_points(screen, session.speech, view.grade)


def _play(screen: "Console", session: "Session", move: "Move") -> None:
    for event in session.act(move):
        if not _show_reply(screen, event):
            _show(screen, session.speech, event)


def _show_reply(screen: "Console", event: "Event") -> bool:
    """Print what the tutor says of itself or to a side question; False for any other event."""
    from tutor import session as s

    match event:
        case s.Said():
            screen.print(clean(event.text), end="")
        case s.Reply():
            screen.print()
            for citation in event.citations:
                screen.print(clean(f"  [{citation.number}] {citation.question} ({citation.deck})"), style="dim")
        case s.Refused() | s.Notice():
            screen.print(clean(event.text), style="yellow")
        case s.TryAgain() | s.Undone() | s.Amended() | s.SetAside():
            screen.print(clean(event.text), style="dim")
        case _:
            return False
    return True


def _show(screen: "Console", speech: "Speech", event: "Event") -> None:
    from tutor import session as s

    match event:
        case s.Asked():
            screen.print()
            screen.print(clean(f"{event.card.deck} · {event.why}"), style="dim")
            screen.print(clean(event.card.question), style="bold")
            if event.focus:
                screen.print(clean(event.focus), style="dim")
        case s.HintGiven():
            screen.print(clean(speech.hint.format(text=event.hint.text)))
        case s.Graded():
            _show_points(screen, speech, event.grade)
        case s.ConfidenceKept():
            screen.print(speech.sure.format(value=event.value), style="dim")
        case s.Revealed():
            screen.print(clean(event.feedback))
            screen.print(speech.card_says, style="dim")
            screen.print(clean(event.card.answer))
        case s.Rated():
            screen.print(clean(speech.saved.format(text=event.text, **asdict(event.progress))), style="dim")
        case s.Ended():
            screen.print(clean(event.summary))


def _show_points(screen: "Console", speech: "Speech", grade: "Grade") -> None:
    for point in (one for one in grade.key_points if one.text):
        said = f'   "{point.evidence}"' if point.evidence else ""
        screen.print(clean(f"  {_MARKS[point.verdict]} {speech.points[point.verdict]:<13}{point.text}{said}"))
