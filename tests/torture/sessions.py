"""Two hundred sessions of different learners at once: each log holds its own learner's words and no other's."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from tests.torture.place import home, times
from tutor import session as s
from tutor.assemble import Tutor, open_tutor

CARDS = 4


def rows() -> Iterator[tuple[str, str, bool]]:
    learners = times(200)
    names = [f"learner-{number:03}" for number in range(learners)]
    with home() as (_, settings), open_tutor(settings) as tutor:
        tutor.warm()
        sessions = {name: tutor.session(name) for name in names}
        shown: dict[str, list[str]] = {name: [] for name in names}
        with ThreadPoolExecutor(16) as pool:
            for turn in range(CARDS):
                for move in (s.Next, lambda: None, lambda: s.Rate(3)):
                    list(
                        pool.map(
                            lambda name, turn=turn, move=move: step(sessions[name], name, turn, move(), shown[name]),
                            names,
                        )
                    )  # type: ignore[misc]
        mixed = sum(not its_own(tutor, name, shown[name]) for name in names)
        faults = tutor.store.check()
    yield (
        f"{learners} sessions interleaved: logs or pages that hold another learner's words",
        f"{mixed}, bar 0",
        mixed == 0,
    )
    yield f"{learners} sessions interleaved: broken chains", f"{len(faults)}, bar 0", not faults


def step(session: s.Session, name: str, turn: int, move: s.Move | None, shown: list[str]) -> None:
    """One move; None commits an answer that only this learner would write."""
    for event in session.act(move or s.Commit(f"{name} says it is number {turn}", id=f"answer-{turn}")):
        shown.append(repr(event))


def its_own(tutor: Tutor, name: str, shown: list[str]) -> bool:
    log = tutor.learner(name)
    answers = [row.body["text"] for row in log.rows(kinds=("answer",))]
    mine = answers == [f"{name} says it is number {turn}" for turn in range(CARDS)] and len(log.reviews()) == CARDS
    return mine and not any("learner-" in text.replace(name, "") for text in shown)
