"""The store and the session as machines: whatever is done to them in whatever order, what was promised holds."""

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.tutor.conftest import CARDS as ALL
from tests.tutor.test_session import Parts
from tutor import session as s
from tutor.backup import backup, restore
from tutor.erase import erase
from tutor.errors import StoreError
from tutor.learner import Store
from tutor.repair import plan_repair
from tutor.settings import Settings, StoreSettings, StudySettings

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
CARDS = ALL[:3]
NAMES = st.sampled_from(("ann", "bo", "=cmd|' /C calc'!A0"))
FEW = settings(
    max_examples=8,
    stateful_step_count=20,
    deadline=None,
    phases=(Phase.generate,),
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)


class StoreMachine(RuleBasedStateMachine):
    """Rows go in, a copy is made and brought back, the process ends and begins, a learner is erased."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.home = Path(self.folder.name)
        self.path = self.home / "tutor.db"
        self.url = f"sqlite:///{self.path}"
        self.store = Store.open(self.url)
        self.rows: dict[str, dict[str, str]] = {}
        self.copies: list[tuple[Path, dict[str, dict[str, str]]]] = []
        self.now = NOW

    @rule(name=NAMES, id=st.integers(0, 12), text=st.text(max_size=40), back=st.booleans())
    def write(self, name: str, id: int, text: str, back: bool) -> None:
        self.now += timedelta(days=-3 if back else 1)
        mine = self.rows.setdefault(name, {})
        body = {"role": "learner", "text": text}
        try:
            written = self.store.learner(name).record("said", id=f"{id}", at=self.now, body=body)
        except StoreError:
            # Half of a surrogate pair is no text that any database keeps.
            assert any("\ud800" <= one <= "\udfff" for one in text)
            return
        assert written == (f"{id}" not in mine), "a row goes in once"
        mine.setdefault(f"{id}", text)

    @rule()
    def reopen(self) -> None:
        self.store.close()
        self.store = Store.open(self.url)

    @rule()
    def copy(self) -> None:
        made = backup(self.path, self.home / "backups", datetime.now(UTC))
        self.copies.append((made, {name: dict(rows) for name, rows in self.rows.items()}))

    @precondition(lambda self: self.copies)
    @rule(which=st.integers(0, 5))
    def bring_back(self, which: int) -> None:
        made, then = self.copies[which % len(self.copies)]
        self.store.close()
        restore(made, self.path, datetime.now(UTC))
        self.rows = {name: dict(rows) for name, rows in then.items()}
        self.store = Store.open(self.url)

    @rule(name=NAMES)
    def erase(self, name: str) -> None:
        if name not in self.store.learners():
            return
        self.store.close()
        told = Settings(data_dir=self.home, cache_dir=self.home / "cache", store=StoreSettings(url=self.url))
        list(erase(told, name))
        self.rows.pop(name, None)
        for _, then in self.copies:
            then.pop(name, None)
        self.copies = [pair for pair in self.copies if pair[0].exists()]
        self.store = Store.open(self.url)

    @invariant()
    def every_row_is_there_in_order_and_whole(self) -> None:
        assert self.store.check() == ()
        assert set(self.store.learners()) == set(self.rows)
        for name, rows in self.rows.items():
            assert {row.id: row.body["text"] for row in self.store.learner(name).rows()} == rows
            assert [row.id for row in self.store.learner(name).rows()] == list(rows)

    def teardown(self) -> None:
        self.store.close()
        assert plan_repair(self.path) is None
        self.folder.cleanup()


class SessionMachine(RuleBasedStateMachine):
    """A learner who presses everything in any order, in two windows; the clock jumps, and the process ends."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.url = f"sqlite:///{Path(self.folder.name) / 'tutor.db'}"
        self.now = NOW
        self.count = 0
        self.standing: list[str] = []

    @initialize()
    def begin(self) -> None:
        self.store = Store.open(self.url)
        self.windows = [self.opened(), self.opened()]

    def opened(self) -> s.Session:
        study = StudySettings(new_per_day=100)
        return s.Session(Parts(), self.store.learner(), CARDS, study, clock=lambda: self.now)

    @rule(
        window=st.integers(0, 1),
        make=st.sampled_from((
            lambda id: s.Next(id=id), lambda id: s.Commit("nectar from flowers", id=id), lambda id: s.DontKnow(id=id),
            lambda id: s.AskHint(id=id), lambda id: s.Confidence(4, id=id), lambda id: s.Tick((), id=id),
            lambda id: s.Rate(1, id=id), lambda id: s.Rate(4, id=id), lambda id: s.Skip(id=id),
            lambda id: s.Bury(id=id), lambda id: s.Undo(id=id), lambda id: s.End(id=id),
            lambda id: s.Commit("x" * 20_000, id=id),
        )),
        twice=st.booleans(),
    )  # fmt: skip
    def move(self, window: int, make: Any, twice: bool) -> None:
        self.count += 1
        session = self.windows[window]
        for turn in range(1 + twice):
            rows = len(self.store.learner().rows())
            allowed, move = session.allowed, make(f"m{self.count}")
            events = list(session.act(move))
            assert events, "every move is answered"
            if type(move) not in allowed and turn == 0:
                assert any(isinstance(event, s.Refused) for event in events)
            if isinstance(events[0], s.Refused) and len(events) == 1:
                assert len(self.store.learner().rows()) == rows, "what is refused changes nothing"
        before = session.view()
        assert before.phase == session.phase

    @rule(days=st.integers(-400, 400))
    def clock_jumps(self, days: int) -> None:
        self.now += timedelta(days=days)

    @rule()
    def process_ends(self) -> None:
        phase, progress = self.windows[0].phase, self.store.learner().reviews()
        self.store.close()
        self.store = Store.open(self.url)
        assert self.store.learner().reviews() == progress
        self.windows = [self.opened(), self.opened()]
        # The other window may have gone on with the card meanwhile.
        if phase in ("asked", "tried", "graded") and self.store.learner().open_card():
            assert self.windows[0].phase in ("asked", "tried", "graded"), "the open card is open again"

    @invariant()
    def log_is_whole_and_memories_follow_from_it(self) -> None:
        if not hasattr(self, "store"):
            return
        learner = self.store.learner()
        assert self.store.check() == ()
        anew = self.store.learner(retention=0.9)
        for one in learner.memories(CARDS).values():
            assert one.last_review is None or one.due >= one.last_review
        assert anew.memories(CARDS) == learner.memories(CARDS)
        waiting = self.windows[0].view() if self.windows[0].phase == "asked" else None
        assert waiting is None or "burrows" not in repr(waiting.face)

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.close()
        self.folder.cleanup()


TestStore = StoreMachine.TestCase
TestStore.settings = FEW
TestSession = SessionMachine.TestCase
TestSession.settings = FEW
