"""Plays a scripted learner against a session: one card, her moves in order, and what she was shown before and after
the answer was. Judges nothing.
"""

import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, get_args

if TYPE_CHECKING:
    from corpus.card import Card
    from tutor.assemble import Tutor
    from tutor.events import Event, Move
    from tutor.grade import Grade

FREE_HINT = 5  # the last rung of the hint ladder tells a point on purpose


@dataclass(frozen=True, kw_only=True, slots=True)
class Played:
    """A dialogue as it went: `before` holds every text shown before the answer was, last hints apart."""

    before: tuple[str, ...]
    after: tuple[str, ...]
    refused: tuple[str, ...]
    grade: "Grade | None"
    rated: bool


def move_of(text: str) -> "Move":
    """The move that a line of a script stands for: `hint`, `don't know`, `ask: ...`, `answer: ...`, `rate: 3`.

    Raises:
        ValueError: it is none of these.
    """
    from tutor import events

    plain: Mapping[str, Callable[[], Move]] = {
        "hint": events.AskHint,
        "don't know": events.DontKnow,
        "skip": events.Skip,
        "end": events.End,
        "next": events.Next,
        "reveal": events.Reveal,
        "undo": events.Undo,
        "bury": events.Bury,
        "split": events.Split,
    }
    with_text: Mapping[str, Callable[[str], Move]] = {
        "ask": events.Ask,
        "answer": events.Commit,
        "appeal": events.Appeal,
        "mark": events.Mark,
        "edit": lambda value: events.Edit(answer=value),
        "explain": _explain,
        "rate": lambda value: events.Rate(int(value)),
        "confidence": lambda value: events.Confidence(int(value)),
    }
    word, colon, rest = text.partition(":")
    if not colon and word.strip() in plain:
        return plain[word.strip()]()
    if colon and word.strip() in with_text and rest.strip():
        return with_text[word.strip()](rest.strip())
    known = ", ".join([*plain, *(f"{name}: ..." for name in with_text)])
    raise ValueError(f"{text!r} is no move; known are {known}")


def _explain(kind: str) -> "Move":
    from tutor import events

    depth = next((one for one in get_args(events.Depth) if one == kind), None)
    if depth is None:
        raise ValueError(f"{kind!r} is no way to explain; known are {', '.join(get_args(events.Depth))}")
    return events.Explain(depth)


def play(tutor: "Tutor", card: "Card", moves: Sequence[str]) -> Played:
    """One learner who was never seen before, one card, these moves; her database goes when she does."""
    from tutor import events
    from tutor.learner import Store
    from tutor.session import Session

    shown: tuple[list[str], list[str]] = ([], [])
    refused: list[str] = []
    grade: Grade | None = None
    rated = committed = False
    with (
        tempfile.TemporaryDirectory(prefix="tutor-dialogue-") as folder,
        Store.open(f"sqlite:///{Path(folder) / 'learner.db'}") as store,
    ):
        session = Session(tutor, store.learner("scripted"), [card], tutor.settings.study)
        own = "\n".join(text.partition(":")[2] for text in moves if text.startswith("answer:"))
        for move in (events.Next(), *(move_of(text) for text in moves)):
            for event in session.act(move):
                # While a second try is open the answer is not shown, and all that is said still counts as before it.
                known = isinstance(event, events.Graded | events.Revealed) and session.phase != "tried"
                committed = committed or known
                if isinstance(event, events.Refused):
                    refused.append(event.text)
                elif isinstance(event, events.Graded):
                    grade = event.grade if event.first or grade is None else grade
                rated = rated or isinstance(event, events.Rated)
                if text := text_of(event) if committed else not_hers(text_of(event), own):
                    shown[committed].append(text)
    return Played(before=tuple(shown[0]), after=tuple(shown[1]), refused=tuple(refused), grade=grade, rated=rated)


def not_hers(text: str, own: str) -> str:
    """`text` without what the learner said herself in `own`, word by word, which may be said back to her.

    >>> not_hers("Right, in your words: “a gate”; “a cell”.", "a gate and more")
    'Right, in your words: “…”; “a cell”.'
    """
    pieces = [*re.split(r"[;\n]\s*", own), *re.findall(r"“([^”]*)”", text), *text.split("\n")]
    said = {piece.strip() for piece in pieces if piece.strip() and piece.strip().removesuffix(" …") in own}
    for piece in sorted(said, key=len, reverse=True):
        text = text.replace(piece, "…")
    return text


def text_of(event: "Event") -> str:
    """What an event shows to the learner; nothing for the question of the card itself."""
    from tutor import events
    from tutor.explain import Notice, Reply, Said

    if isinstance(event, events.HintGiven):
        return event.hint.text if event.hint.level < FREE_HINT else ""
    if isinstance(event, Reply):
        quoted = [f"{each.question} {each.quote}" for each in event.citations]
        return "\n".join([event.text, *quoted])
    if isinstance(event, events.Revealed):
        return f"{event.card.answer}\n{event.feedback}"
    if isinstance(event, events.Graded):
        return "\n".join(point.text for point in event.grade.key_points)
    if isinstance(event, Said | Notice | events.Refused | events.TryAgain):
        return event.text
    return ""
