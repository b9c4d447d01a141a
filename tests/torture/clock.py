"""A clock that jumps, forward and back, by up to ten years: no card due before its last review, no rating lost."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from tests.torture.place import draws, home, times
from tutor import session as s
from tutor.assemble import open_tutor
from tutor.learner import Store
from tutor.settings import StudySettings

JUMPS = (0.01, 1, 60, 3600, 86_400, 30 * 86_400, 3650 * 86_400)


def rows() -> Iterator[tuple[str, str, bool]]:
    draw, turns = draws("clock"), times(400)
    at, early, rated, jumps = [datetime(2026, 3, 2, 12, 0, tzinfo=UTC)], 0, 0, 0
    with home() as (_, settings):
        with open_tutor(settings) as tutor:
            log = tutor.learner()
            study = StudySettings(new_per_day=100_000)
            for _ in range(turns):
                session = s.Session(tutor, log, tutor.cards, study, clock=lambda: at[-1])
                for move in (s.Next(), s.DontKnow(), s.Rate(draw.randint(1, 5))):
                    jump = timedelta(seconds=draw.choice(JUMPS) * draw.choice((-1, 1)))
                    # The log keeps years of four digits; beyond them no clock of a computer goes either.
                    if 1980 < (at[-1] + jump).year < 2200:
                        at[-1], jumps = at[-1] + jump, jumps + 1
                    rated += any(isinstance(event, s.Rated) for event in session.act(move))
            memories = log.memories(tutor.cards)
            early = sum(one.last_review is not None and one.due < one.last_review for one in memories.values())
        with Store.open(settings.store.url) as store:
            same = len(store.learner().reviews()) == rated and not store.check()
            early += store.learner(retention=settings.study.retention).memories(tutor.cards) != memories
    yield f"{jumps} jumps of the clock: cards due before their last review", f"{early}, bar 0", early == 0
    yield (
        f"{jumps} jumps of the clock: ratings kept, and the same memories after a restart",
        f"{rated} of {rated if same else '?'}, bar all",
        same and rated > 0,
    )
