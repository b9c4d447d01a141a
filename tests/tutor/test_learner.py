import shutil
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from corpus.card import Card
from tests.postgres import new_database
from tutor.errors import NotFoundError, StoreError
from tutor.grade import Grade, PointGrade
from tutor.history import Row, load_grade
from tutor.learner import Learner, Store
from tutor.migrations import LATEST
from tutor.migrations.m002_kept import UNGUARD
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


PLACES = ["sqlite", "postgresql"]


@pytest.fixture(params=PLACES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Every test that takes `url`, or what stands on it, runs on both kinds of database."""
    if request.param == "postgresql":
        return new_database(request.getfixturevalue("cluster"))
    return f"sqlite:///{tmp_path / 'tutor.db'}"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The file of a SQLite database that is not there yet."""
    return tmp_path / "tutor.db"


def at(path: Path) -> str:
    return f"sqlite:///{path}"


def tamper(url: str, *statements: str) -> None:
    """Change the database behind the tutor's back, as the owner of its file or server can."""
    from sqlalchemy import create_engine, text

    engine = create_engine(url)
    with engine.begin() as connection:
        for statement in (*(UNGUARD[engine.dialect.name] if "log" in str(statements) else ()), *statements):
            connection.execute(text(statement))
    engine.dispose()


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
        with Store.open(url, read_only=True) as beside:
            assert beside.learner().memories(cards) == folded


def test_grade_survives_json_and_fields_of_a_later_version() -> None:
    from tutor.history import dump_grade

    plain = dump_grade(GRADE)
    assert load_grade(plain) == GRADE
    assert load_grade({**plain, "colour": "green"}) == GRADE


@pytest.mark.parametrize("column", ["id", "at", "kind", "card", "ask", "body", "chain"])
def test_changed_row_is_found(url: str, cards: tuple[Card, ...], clock: Any, column: str) -> None:
    with Store.open(url) as store:
        for card in cards:
            studied(store.learner(), card, clock())
    tamper(url, f"UPDATE log SET {column} = {column} || 'x' WHERE seq = 8")
    with Store.open(url) as store:
        (fault,) = store.check()
        assert fault.startswith("me: row 8 or one before it was changed")


def test_removed_row_is_found(url: str, cards: tuple[Card, ...], clock: Any) -> None:
    with Store.open(url) as store:
        studied(store.learner(), cards[0], clock())
    tamper(url, "DELETE FROM log WHERE seq = 2")
    with Store.open(url) as store:
        assert len(store.check()) == 1


def test_changed_name_of_a_learner_is_found(url: str, cards: tuple[Card, ...], clock: Any) -> None:
    with Store.open(url) as store:
        studied(store.learner(), cards[0], clock())
    tamper(url, "UPDATE learners SET name = 'mf'")
    with Store.open(url) as store:
        assert store.check() == ("mf: this name of a learner was changed; it was me.",)


@pytest.mark.parametrize("statement", ["UPDATE log SET body = '{}'", "DELETE FROM log"])
def test_database_itself_refuses_to_change_a_row(url: str, cards: tuple[Card, ...], clock: Any, statement: str) -> None:
    with Store.open(url) as store:
        studied(store.learner(), cards[0], clock())
        with pytest.raises(StoreError, match="never changed or deleted"), store.writing() as connection:
            connection.exec_driver_sql(statement)
        assert len(store.learner().rows()) == 4
        assert store.check() == ()


def test_second_writer_is_refused_in_a_plain_line_and_readers_may_open(
    path: Path, cards: tuple[Card, ...], clock: Any
) -> None:
    with Store.open(at(path)) as store:
        studied(store.learner(), cards[0], clock())
        begun = time.monotonic()
        with pytest.raises(StoreError, match="in use by another tutor"):
            Store.open(at(path))
        assert time.monotonic() - begun < 1
        with Store.open(at(path), read_only=True) as beside:
            assert len(beside.learner().reviews()) == 1
            studied(store.learner(), cards[1], clock())
            assert len(beside.learner().reviews()) == 2
    Store.open(at(path)).close()


def test_reader_writes_nothing(url: str, cards: tuple[Card, ...], clock: Any) -> None:
    with Store.open(url) as store:
        studied(store.learner(), cards[0], clock())
    with Store.open(url, read_only=True) as beside:
        assert len(beside.learner().reviews()) == 1
        with pytest.raises(StoreError, match="reading only"):
            beside.learner().record("end", id="x", at=clock())


def test_reading_where_nothing_was_studied_leaves_no_file(tmp_path: Path, cards: tuple[Card, ...], clock: Any) -> None:
    with Store.open(f"sqlite:///{tmp_path}/none/tutor.db", read_only=True) as store:
        assert store.learner().progress(cards, clock()).new == 5
    assert list(tmp_path.iterdir()) == []


def test_file_of_a_newer_version_is_refused_unchanged(path: Path) -> None:
    Store.open(at(path)).close()
    killed = subprocess.Popen([sys.executable, "-c", LEFT_OPEN, str(path), str(LATEST + 1)], stdout=subprocess.PIPE)
    assert killed.stdout is not None
    killed.stdout.readline()
    killed.kill()
    killed.wait()
    killed.stdout.close()
    files = [file for file in path.parent.iterdir() if file.name in ("tutor.db", "tutor.db-wal")]
    before = {file.name: file.read_bytes() for file in files}
    assert before["tutor.db-wal"], "what the newer version wrote last is still in its log of changes"
    for read_only in (False, True):
        with pytest.raises(StoreError, match="newer version"):
            Store.open(at(path), read_only=read_only)
    assert {file.name: file.read_bytes() for file in files} == before


# A newer version that was killed: its last transaction lies beside the file.
LEFT_OPEN = """
import sqlite3, sys, time
raw = sqlite3.connect(sys.argv[1], isolation_level=None)
raw.execute("PRAGMA journal_mode = WAL")
raw.execute(f"INSERT INTO steps (number, at) VALUES ({sys.argv[2]}, '2030')")
print("done", flush=True)
time.sleep(60)
"""


def test_server_of_a_newer_version_is_refused(url: str) -> None:
    Store.open(url).close()
    tamper(url, f"INSERT INTO steps (number, at) VALUES ({LATEST + 1}, '2030')")
    with pytest.raises(StoreError, match="newer version"):
        Store.open(url)


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
    tamper(at(path), "CREATE TABLE recipes (name TEXT)")
    with pytest.raises(StoreError, match="something else"):
        Store.open(f"sqlite:///{path}")


def test_address_of_no_known_database_is_refused_in_plain_words() -> None:
    with pytest.raises(StoreError, match="cannot be opened"):
        Store.open("nonsense")


def test_settings_of_the_database_are_the_safe_ones(path: Path) -> None:
    with Store.open(at(path)) as store, store.writing() as connection:
        found = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous")]
    assert found == ["wal", 2]


BROKEN = ("CREATE TABLE half (id INTEGER)", "CREATE TABLE half (x")


def test_step_that_fails_in_the_middle_leaves_the_old_schema(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from tutor import database
    from tutor.migrations import STEPS, Step

    Store.open(url).close()
    broken = Step(number=LATEST + 1, statements={"sqlite": BROKEN, "postgresql": BROKEN})
    monkeypatch.setattr(database, "STEPS", (*STEPS, broken))
    with pytest.raises(StoreError):
        Store.open(url)
    monkeypatch.setattr(database, "STEPS", STEPS)
    with Store.open(url) as store, store.reading() as connection:
        from sqlalchemy import inspect

        assert not inspect(connection).has_table("half")


RELEASED = Path(__file__).parent / "released"
HASHES = {"schema1.db": "0f1385fc"}


@pytest.mark.parametrize("name", sorted(HASHES))
def test_database_of_every_released_version_opens_with_every_row_as_it_was(path: Path, name: str) -> None:
    shutil.copyfile(RELEASED / name, path)
    with closing(sqlite3.connect(path)) as raw:
        chains = [row[0] for row in raw.execute("SELECT chain FROM log ORDER BY seq")]
    assert chains[-1].startswith(HASHES[name])
    with Store.open(at(path), read_only=True) as reader:
        assert len(reader.learner("ann").rows()) + len(reader.learner("bo").rows()) == len(chains)
        assert reader.check() == ()
    with Store.open(at(path)) as store:
        assert [row["chain"] for one in store.learners() for row, good in store.chained(one) if good] == chains
        assert store.check() == ()
        assert [review.value for review in store.learner("ann").reviews()] == [4]
    assert len(list((path.parent / "backups").iterdir())) == 1, "the file was copied before its schema changed"


def test_database_is_not_changed_where_no_backup_of_it_can_be_made(path: Path) -> None:
    shutil.copyfile(RELEASED / "schema1.db", path)
    before = path.read_bytes()
    (path.parent / "backups").write_text("a file where the folder should be")
    with pytest.raises(StoreError, match="no backup could be written"):
        Store.open(at(path))
    assert path.read_bytes() == before


def test_rows_go_in_together_or_not_at_all(learner: Learner, store: Store, clock: Any) -> None:
    good = Row(id="a", at=clock(), kind="end")
    number = store.number(learner.name)
    with pytest.raises(ValueError, match="time zone"):
        store.append(number, good, Row(id="b", at=datetime(2026, 1, 1), kind="end"))
    assert learner.rows() == ()
    assert store.append(number, good, Row(id="b", at=clock(), kind="end"))
    assert not store.append(number, good)
    assert [row.id for row in learner.rows()] == ["a", "b"]
    assert store.check() == ()


def test_erased_learner_is_gone_and_the_others_rows_are_as_they_were(
    store: Store, cards: tuple[Card, ...], clock: Any
) -> None:
    for name in ("ann", "bo"):
        studied(store.learner(name), cards[0], clock())
    assert store.erase("ann") == 4
    assert store.learners() == ("bo",)
    assert store.check() == ()
    with pytest.raises(NotFoundError, match="there are: bo"):
        store.erase("ann")
    with pytest.raises(StoreError, match="never changed"), store.writing() as connection:
        connection.exec_driver_sql("DELETE FROM log")


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


WRITES = """
import sys
from datetime import UTC, datetime
from tutor.learner import Store
learner = Store.open(sys.argv[1]).learner()
for place in range(int(sys.argv[3])):
    body = {"role": "learner", "text": "x" * 200}
    learner.record("said", id=f"{sys.argv[2]}-{place}", at=datetime.now(UTC), body=body)
    print(place, flush=True)
"""


def test_nothing_acknowledged_is_lost_by_kill_nine(path: Path) -> None:
    for turn in range(5):
        arguments = [sys.executable, "-c", WRITES, at(path), str(turn), "100000"]
        writer = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)
        assert writer.stdout is not None
        for _ in range(10 + 7 * turn):
            line = writer.stdout.readline()
        writer.kill()
        told = [int(one) for one in (line + writer.stdout.read()).split("\n") if one.isdigit()]
        writer.wait()
        writer.stdout.close()
        with Store.open(at(path)) as store:
            stored = {row.id for row in store.learner().rows(kinds=("said",))}
            assert {f"{turn}-{place}" for place in range(max(told) + 1)} <= stored
            assert store.check() == ()


def test_two_replicas_that_write_one_learner_keep_her_chain_whole(cluster: str) -> None:
    url = new_database(cluster)
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITES, url, str(turn), "60"], stdout=subprocess.DEVNULL)
        for turn in range(2)
    ]
    assert [writer.wait(60) for writer in writers] == [0, 0], "both may also make the tables at once"
    with Store.open(url, read_only=True) as store:
        assert len(store.learner().rows()) == 120
        assert store.check() == ()
        assert store.learners() == ("me",)


def test_log_that_was_looked_at_before_holds_what_was_written_since(url: str) -> None:
    with Store.open(url) as store:
        one, other = store.learner(), store.learner(retention=0.8)
        assert one.history.open_ask == ""
        other.record("ask", id="a", at=datetime.fromisoformat("2026-03-02T12:00:00+00:00"), card="c1")
        assert one.history.open_ask == "a"
        with Store.open(url, read_only=True) as reader:
            assert reader.learner().history.open_ask == "a"
            one.record("skip", id="s", at=datetime.fromisoformat("2026-03-02T12:01:00+00:00"), card="c1", ask="a")
            assert reader.learner().history.open_ask == ""
