import sqlite3
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from corpus.card import Card
from tutor.errors import StoreError
from tutor.grade import Grade, PointGrade
from tutor.history import Row, load_grade
from tutor.learner import Learner, Store
from tutor.migrations import LATEST
from tutor.schedule import Review

ANSWER = "nectar, I think"
GRADE = Grade(
    score=0.5,
    verdict="partial",
    settled=True,
    key_points=(
        PointGrade(
            id="000001",
            text="nectar from flowers",
            verdict="made",
            evidence="nectar",
            weight=0.5,
            confidence=0.9,
            credit=1,
        ),
        PointGrade(id="000002", text="small insects", verdict="missed", evidence="", weight=0.5, confidence=0.8),
    ),
    flags=("hedged",),
    grader="words",
    extra=("I think",),
)


def tamper(path: Path, *statements: str) -> None:
    """Change the file behind the tutor's back."""
    raw = sqlite3.connect(path, isolation_level=None)
    for statement in statements:
        raw.execute(statement)
    raw.close()


def studied(learner: Learner, card: Card, at: datetime, fsrs: int = 3, ask: str = "") -> Review:
    """One card asked, answered, graded and rated at `at`."""
    ask = ask or f"{card.id}-{at.isoformat()}"
    review = Review(id=f"{ask}-r", card=card.id, at=at, value=fsrs + 1, fsrs=fsrs, verdict="partial", grade=f"{ask}-g")
    learner.record("ask", id=ask, at=at, card=card.id, body={"why": "new"})
    learner.commit_answer(id=f"{ask}-a", at=at, card=card.id, ask=ask, text=ANSWER)
    learner.record_grade(id=f"{ask}-g", at=at, card=card.id, ask=ask, answer=f"{ask}-a", grade=GRADE)
    learner.record_review(review, ask=ask)
    return review


def test_what_goes_in_comes_out_after_reopening(url: str, cards: tuple[Card, ...], clock: Any) -> None:
    with Store.open(url) as store:
        review = studied(store.learner(), cards[0], clock())
    with Store.open(url) as store:
        learner = store.learner()
        assert learner.reviews() == (review,)
        play = learner.play(f"{cards[0].id}-{clock().isoformat()}")
        assert play is not None
        assert (play.answer, play.grade, play.review) == (ANSWER, GRADE, review)
        assert learner.open_card() is None


def test_open_card_is_found_with_its_hints_and_answer(learner: Learner, cards: tuple[Card, ...], clock: Any) -> None:
    learner.record("ask", id="a1", at=clock(), card=cards[0].id, body={"why": "new to you"})
    learner.record("hint", id="h1", at=clock(), card=cards[0].id, ask="a1", body={"level": 1, "text": "a deck"})
    learner.record("hint", id="h2", at=clock(), card=cards[0].id, ask="a1", body={"level": 2, "text": "two points"})
    learner.commit_answer(id="c1", at=clock(), card=cards[0].id, ask="a1", text=ANSWER)
    play = learner.open_card()
    assert play is not None
    assert (play.card, play.why, play.hint_level, play.answer, play.grade) == (
        cards[0].id,
        "new to you",
        2,
        ANSWER,
        None,
    )


def test_same_write_twice_happens_once(learner: Learner, cards: tuple[Card, ...], clock: Any) -> None:
    assert learner.commit_answer(id="c1", at=clock(), card=cards[0].id, ask="a1", text="first")
    assert not learner.commit_answer(id="c1", at=clock(), card=cards[0].id, ask="a1", text="second")
    assert [row.body["text"] for row in learner.rows(kinds=("answer",))] == ["first"]


def test_learners_do_not_see_each_other(store: Store, cards: tuple[Card, ...], clock: Any) -> None:
    studied(store.learner("ann"), cards[0], clock(), ask="same")
    studied(store.learner("bob"), cards[1], clock(), ask="same")
    assert [review.card for review in store.learner("ann").reviews()] == [cards[0].id]
    assert store.learners() == ("ann", "bob")
    assert store.check() == ()


def test_progress_is_counted_from_the_log(learner: Learner, cards: tuple[Card, ...], clock: Any) -> None:
    studied(learner, cards[0], clock(), fsrs=4)
    studied(learner, cards[1], clock(), fsrs=1)
    clock.pass_(minutes=30)
    progress = learner.progress(cards, clock(), new_per_day=3)
    assert (progress.due, progress.new, progress.learned, progress.reviewed_today) == (1, 3, 1, 2)
    assert (progress.new_left, progress.total) == (1, 5)
    clock.pass_(days=2)
    assert learner.progress(cards, clock(), new_per_day=3).reviewed_today == 0


def test_twin_cards_are_one_thing_to_learn(learner: Learner, cards: tuple[Card, ...], clock: Any) -> None:
    from dataclasses import replace

    twin = replace(cards[0], deck="Other", path="/decks/other.txt")
    studied(learner, cards[0], clock(), fsrs=4)
    both = (*cards, twin)
    assert learner.progress(both, clock()).total == 5
    assert learner.memories(both)[twin.id].reviews == 1


def test_undone_review_counts_no_more_but_stays_in_the_log(
    learner: Learner, cards: tuple[Card, ...], clock: Any
) -> None:
    studied(learner, cards[0], clock())
    last = studied(learner, cards[0], clock.pass_(days=3))
    before = learner.memories(cards)[cards[0].id]
    learner.record("undo", id="u1", at=clock(), card=cards[0].id, ask=last.id[:-2], body={"review": last.id})
    assert len(learner.reviews()) == 1
    assert learner.memories(cards)[cards[0].id] != before
    assert len(learner.rows(kinds=("review",))) == 2
    play = learner.open_card()
    assert play is not None
    assert play.review is None


def test_memory_folded_row_by_row_equals_memory_replayed(url: str, cards: tuple[Card, ...], clock: Any) -> None:
    with Store.open(url) as store:
        learner = store.learner()
        for fsrs in (3, 3, 1, 2, 4):
            studied(learner, cards[0], clock.pass_(days=4), fsrs=fsrs)
            folded = learner.memories(cards)
        assert Store.open(url, read_only=True).learner().memories(cards) == folded


def test_grade_survives_json_and_fields_of_a_later_version() -> None:
    from tutor.history import dump_grade

    plain = dump_grade(GRADE)
    assert load_grade(plain) == GRADE
    assert load_grade({**plain, "colour": "green"}) == GRADE


def test_changed_row_is_found(url: str, tmp_path: Path, cards: tuple[Card, ...], clock: Any) -> None:
    with Store.open(url) as store:
        for card in cards:
            studied(store.learner(), card, clock())
    tamper(tmp_path / "tutor.db", "UPDATE log SET body = replace(body, '\"value\": 4', '\"value\": 5') WHERE seq = 8")
    with Store.open(url) as store:
        assert store.check() == ("me: row 8 or one before it was changed after it was written.",)


def test_removed_row_is_found(url: str, tmp_path: Path, cards: tuple[Card, ...], clock: Any) -> None:
    with Store.open(url) as store:
        studied(store.learner(), cards[0], clock())
    tamper(tmp_path / "tutor.db", "DELETE FROM log WHERE seq = 2")
    with Store.open(url) as store:
        assert len(store.check()) == 1


def test_second_writer_is_refused_in_a_plain_line_and_readers_may_open(
    url: str, cards: tuple[Card, ...], clock: Any
) -> None:
    with Store.open(url) as store:
        studied(store.learner(), cards[0], clock())
        with pytest.raises(StoreError, match="in use by another tutor"):
            Store.open(url)
        with Store.open(url, read_only=True) as beside:
            assert len(beside.learner().reviews()) == 1
            studied(store.learner(), cards[1], clock())
            assert len(beside.learner().reviews()) == 2
            with pytest.raises(StoreError, match="reading only"):
                beside.learner().record("end", id="x", at=clock())
    Store.open(url).close()


def test_reading_where_nothing_was_studied_leaves_no_file(tmp_path: Path, cards: tuple[Card, ...], clock: Any) -> None:
    with Store.open(f"sqlite:///{tmp_path}/none/tutor.db", read_only=True) as store:
        assert store.learner().progress(cards, clock()).new == 5
    assert list(tmp_path.iterdir()) == []


def test_file_of_a_newer_version_is_refused_unchanged(url: str, tmp_path: Path) -> None:
    Store.open(url).close()
    path = tmp_path / "tutor.db"
    tamper(path, f"INSERT INTO steps (number, at) VALUES ({LATEST + 1}, '2030')")
    before = path.read_bytes()
    with pytest.raises(StoreError, match="newer version"):
        Store.open(url)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "found", [b"this is no database at all, only a text that is long enough" * 9, b"SQLite format 3\0xx"]
)
def test_file_that_is_no_database_is_refused_in_plain_words(tmp_path: Path, found: bytes) -> None:
    path = tmp_path / "tutor.db"
    path.write_bytes(found)
    with pytest.raises(StoreError, match=r"not a sound database|damaged"):
        Store.open(f"sqlite:///{path}")
    assert path.read_bytes() == found


def test_database_of_something_else_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "tutor.db"
    tamper(path, "CREATE TABLE recipes (name TEXT)")
    with pytest.raises(StoreError, match="something else"):
        Store.open(f"sqlite:///{path}")


def test_address_of_no_known_database_is_refused_in_plain_words() -> None:
    with pytest.raises(StoreError, match="cannot be opened"):
        Store.open("nonsense")


def test_settings_of_the_database_are_the_safe_ones(store: Store) -> None:
    with store.writing() as connection:
        found = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous")]
    assert found == ["wal", 2]


def test_step_that_fails_in_the_middle_leaves_the_old_schema(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from tutor import log
    from tutor.migrations import STEPS, Step

    Store.open(url).close()
    broken = Step(number=LATEST + 1, statements={"sqlite": ("CREATE TABLE half (id INTEGER)", "CREATE TABLE half (x")})
    monkeypatch.setattr(log, "STEPS", (*STEPS, broken))
    with pytest.raises(StoreError):
        Store.open(url)
    monkeypatch.setattr(log, "STEPS", STEPS)
    with Store.open(url) as store, store.reading() as connection:
        assert connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE name = 'half'").first() is None


def test_threads_write_without_loss(learner: Learner, clock: Any) -> None:
    from concurrent.futures import ThreadPoolExecutor

    def write(place: int) -> bool:
        return learner.record("said", id=f"s{place}", at=clock(), body={"role": "learner", "text": "x"})

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(write, range(60)))
    assert len(learner.rows(kinds=("said",))) == 60
    assert learner._store.check() == ()


def test_time_goes_into_the_log_with_its_zone_only(learner: Learner) -> None:
    with pytest.raises(ValueError, match="time zone"):
        learner.record("end", id="e", at=datetime(2026, 1, 1))


def test_rows_come_back_as_they_went_in(learner: Learner, clock: Any) -> None:
    body = {"text": "naïve ‘quotes’ \u2028 \x00 \U0001f600 {{ answer }}", "known": True}
    learner.record("answer", id="x", at=clock() + timedelta(microseconds=7), card="c", ask="a", body=body)
    assert learner.rows() == (
        Row(id="x", at=clock() + timedelta(microseconds=7), kind="answer", card="c", ask="a", body=body, seq=1),
    )


KILLED = """
import sys
from datetime import UTC, datetime
from tutor.learner import Store
learner = Store.open(sys.argv[1]).learner()
for place in range(100_000):
    body = {"role": "learner", "text": "x" * 200}
    learner.record("said", id=f"{sys.argv[2]}-{place}", at=datetime.now(UTC), body=body)
    print(place, flush=True)
"""


def test_nothing_acknowledged_is_lost_by_kill_nine(url: str) -> None:
    for turn in range(5):
        writer = subprocess.Popen([sys.executable, "-c", KILLED, url, str(turn)], stdout=subprocess.PIPE, text=True)
        assert writer.stdout is not None
        for _ in range(10 + 7 * turn):
            line = writer.stdout.readline()
        writer.kill()
        told = [int(one) for one in (line + writer.stdout.read()).split("\n") if one.isdigit()]
        writer.wait()
        writer.stdout.close()
        with Store.open(url) as store:
            stored = {row.id for row in store.learner().rows(kinds=("said",))}
            assert {f"{turn}-{place}" for place in range(max(told) + 1)} <= stored
            assert store.check() == ()
