"""A model's server that dies or hangs, before a word or in mid-reply: the learner gets grade and answer in time."""

import time
from collections.abc import Iterator

from tests.loopback import Loopback, fault
from tests.torture.place import SCALE, home
from tutor import session as s
from tutor.assemble import Tutor, open_tutor

KINDS = (
    "reset at once", "silence", "silence after headers", "silence midway", "keep-alive midway", "cut", "reset", "drip",
    "overloaded", "not json", "empty", "thinking only",
)  # fmt: skip
DEADLINE = 3.0
PROFILE = (
    '[model]\nuse = "local"\n[models.local]\nmodel = "m"\nbase_url = "{}"\n'
    "timeout = 3\nfirst_token = 1.5\nsilence = 1\nretries = 1\n"
)


def rows() -> Iterator[tuple[str, str, bool]]:
    kinds = KINDS if SCALE >= 0.5 else KINDS[:4]
    ungraded = silent = 0
    slowest = 0.0
    with Loopback() as server, home(more=PROFILE.format(server.url)) as (_, settings), open_tutor(settings) as tutor:
        tutor.warm()
        for kind in kinds:
            server.answer = lambda request, kind=kind: fault(kind)  # type: ignore[misc]
            graded, said, took = turn(tutor, kind)
            ungraded, silent, slowest = ungraded + (not graded), silent + (not said), max(slowest, took)
    many = len(kinds)
    yield f"model server: {many} ways to die or hang: answers left without a grade", f"{ungraded}, bar 0", not ungraded
    yield f"model server: {many} ways to die or hang: questions left without a word", f"{silent}, bar 0", not silent
    yield (
        f"model server: longest wait, deadline {DEADLINE:g} s",
        f"{slowest:.1f} s, bar {DEADLINE + 2:g} s",
        slowest < DEADLINE + 2,
    )


def turn(tutor: Tutor, kind: str) -> tuple[bool, bool, float]:
    session = tutor.session()
    list(session.act(s.Next()))
    begun = time.monotonic()
    graded = any(
        isinstance(event, s.Graded) for event in session.act(s.Commit("it is something about layers", id=f"a {kind}"))
    )
    graded = graded and tutor.learner().has(f"a {kind}")
    first = time.monotonic() - begun
    begun = time.monotonic()
    replies = [
        event for event in session.act(s.Ask("What is dropout good for?", id=f"q {kind}")) if isinstance(event, s.Reply)
    ]
    took = max(first, time.monotonic() - begun)
    list(session.act(s.Rate(3)))
    return graded, bool(replies and replies[-1].text.strip()), took
