import os
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tutor.backup import Backups, backup, listed, restore, thin
from tutor.errors import StoreError
from tutor.learner import Learner, Store
from tutor.migrations import LATEST

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def note(learner: Learner, id: str) -> None:
    learner.record("said", id=id, at=NOW, body={"role": "learner", "text": id})


def notes(path: Path) -> list[str]:
    with Store.open(f"sqlite:///{path}", read_only=True) as store:
        return [row.id for row in store.learner().rows()]


def test_backup_of_a_database_in_use_holds_every_acknowledged_row(
    store: Store, learner: Learner, tmp_path: Path
) -> None:
    for place in range(50):
        note(learner, f"n{place}")
        made = backup(tmp_path / "tutor.db", tmp_path / "backups", NOW + timedelta(seconds=place))
        assert notes(made)[-1] == f"n{place}"
    assert [path.suffix for path in (tmp_path / "backups").iterdir()] == [".db"] * 50


def test_restore_brings_back_what_was_and_keeps_what_is(url: str, tmp_path: Path) -> None:
    path = tmp_path / "tutor.db"
    with Store.open(url) as store:
        note(store.learner(), "kept")
        made = backup(path, tmp_path / "backups", NOW)
        note(store.learner(), "later")
    before = restore(made, path, NOW)
    assert notes(path) == ["kept"]
    assert before is not None
    assert notes(before) == ["kept", "later"]


def test_restore_is_refused_while_a_tutor_is_open(store: Store, learner: Learner, tmp_path: Path) -> None:
    note(learner, "a")
    made = backup(tmp_path / "tutor.db", tmp_path / "backups", NOW)
    with pytest.raises(StoreError, match="in use by another tutor"):
        restore(made, tmp_path / "tutor.db", NOW)


@pytest.mark.parametrize("found", [b"", b"no database " * 99, None])
def test_unsound_backup_is_not_put_in_place(url: str, tmp_path: Path, found: bytes | None) -> None:
    with Store.open(url) as store:
        note(store.learner(), "kept")
    copy = tmp_path / "copy.db"
    if found is not None:
        copy.write_bytes(found)
    with pytest.raises(StoreError):
        restore(copy, tmp_path / "tutor.db", NOW)
    assert notes(tmp_path / "tutor.db") == ["kept"]


def test_backup_of_a_newer_version_is_not_put_in_place(url: str, tmp_path: Path) -> None:
    with Store.open(url) as store:
        note(store.learner(), "kept")
        copy = backup(tmp_path / "tutor.db", tmp_path / "backups", NOW)
    raw = sqlite3.connect(copy, isolation_level=None)
    raw.execute(f"INSERT INTO steps (number, at) VALUES ({LATEST + 1}, '2030')")
    raw.close()
    with pytest.raises(StoreError, match="newer version"):
        restore(copy, tmp_path / "tutor.db", NOW)


def test_damaged_database_is_set_aside_when_a_backup_is_restored(url: str, tmp_path: Path) -> None:
    path = tmp_path / "tutor.db"
    with Store.open(url) as store:
        note(store.learner(), "kept")
        made = backup(path, tmp_path / "backups", NOW)
    path.write_bytes(b"broken" * 4000)
    with pytest.raises(StoreError, match="tutor restore"):
        Store.open(url)
    aside = restore(made, path, NOW)
    assert aside is not None
    assert aside.read_bytes() == b"broken" * 4000
    assert notes(path) == ["kept"]


def test_thinning_keeps_twelve_days_ten_weeks_and_nine_months() -> None:
    made = [NOW - timedelta(hours=6 * place) for place in range(4 * 365)]
    kept = thin(made, NOW)
    assert {one for one in made if NOW - one < timedelta(days=1)} <= set(kept)
    assert len({one.date() for one in kept if NOW - one < timedelta(days=12)}) == 12
    assert len({one.isocalendar()[:2] for one in kept if NOW - one < timedelta(weeks=10)}) == 10
    assert len({(one.year, one.month) for one in kept}) == 9
    assert len(kept) < 35


def test_thinning_day_by_day_leaves_the_same_rings(tmp_path: Path, store: Store, learner: Learner) -> None:
    note(learner, "a")
    folder = tmp_path / "backups"
    for day in range(60):
        backup(tmp_path / "tutor.db", folder, NOW + timedelta(days=day))
    days = [(NOW + timedelta(days=59) - made).days for _, made in listed(folder)]
    assert days[:12] == list(range(12))
    assert len(days) <= 12 + 10 + 9


def test_backup_is_made_after_every_half_hour_of_use(store: Store, learner: Learner, tmp_path: Path) -> None:
    now = [0.0]
    backups = Backups(tmp_path / "tutor.db", tmp_path / "backups", clock=lambda: now[0])
    store.after_write = backups.keep_up
    for place in range(10):
        note(learner, f"n{place}")
        now[0] += 600
    assert len(listed(tmp_path / "backups")) == 4


def test_backup_that_fails_does_not_stop_studying(
    store: Store, learner: Learner, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "backups").write_text("a file where the folder should be")
    store.after_write = Backups(tmp_path / "tutor.db", tmp_path / "backups").keep_up
    note(learner, "a")
    assert [row.id for row in learner.rows()] == ["a"]
    assert "no backup could be written" in caplog.text


def test_nothing_to_back_up_is_said_in_plain_words(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="nothing to back up yet"):
        backup(tmp_path / "none.db", tmp_path, NOW)


def test_restore_into_an_empty_folder_needs_no_old_database(url: str, tmp_path: Path, clock: Any) -> None:
    with Store.open(url) as store:
        note(store.learner(), "kept")
        made = backup(tmp_path / "tutor.db", tmp_path / "backups", clock())
    target = tmp_path / "new" / "tutor.db"
    assert restore(made, target, clock()) is None
    assert notes(target) == ["kept"]
    assert not [name for name in os.listdir(target.parent) if name.startswith(".")]
