"""Two hours' worth of use in a few minutes: 360 turns, one every twenty seconds; memory must not grow."""

import gc
import os
from collections.abc import Iterator
from pathlib import Path

from tests.torture.place import home, times
from tutor import session as s
from tutor.assemble import open_tutor

BAR = 0.10


def rows() -> Iterator[tuple[str, str, bool]]:
    turns = times(360)
    with home(vectors=True) as (_, settings), open_tutor(settings) as tutor:
        tutor.warm()
        session, sizes = tutor.session(), list[int]()
        for turn in range(turns):
            said = f"it has to do with number {turn} and with networks"
            moves: list[s.Move] = [s.Next(), s.AskHint(), s.Commit(said, id=f"a{turn}"), s.Rate(1 + turn % 5)]
            if turn % 3 == 0:
                moves.insert(3, s.Ask(f"What is the use of dropout, asked for the {turn}th time?", id=f"q{turn}"))
            for move in moves:
                list(session.act(move))
            if turn % 20 == 19 or turn == turns - 1:
                gc.collect()
                sizes.append(resident())
        answered = len(tutor.learner().rows(kinds=("answer",)))
    warm = max(sizes[: max(1, len(sizes) // 3)])
    grown = max(sizes[len(sizes) // 3 :]) / warm - 1
    yield (
        f"{turns} turns of use: memory grew after the first third",
        f"{grown:+.1%} of {warm / 1e6:.0f} MB, bar +10%",
        grown <= BAR,
    )
    yield f"{turns} turns of use: answers kept", f"{answered} of {turns}, bar {turns}", answered == turns


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
