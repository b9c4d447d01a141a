import json
import random
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tutor.backup import backup
from tutor.errors import NewerStoreError, StoreError
from tutor.learner import Store
from tutor.migrations import LATEST
from tutor.migrations.m002_kept import UNGUARD
from tutor.repair import plan_repair, repair

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
ROWS = 200


def write(path: Path, names: tuple[str, ...], start: int, end: int) -> None:
    with Store.open(f"sqlite:///{path}") as store:
        for place in range(start, end):
            for name in names:
                body = {"role": "learner", "text": f"{name} said {place} " + "x" * (place % 90)}
                store.learner(name).record("said", id=f"{name}-{place}", at=NOW + timedelta(seconds=place), body=body)


def rows(path: Path, name: str = "ann") -> dict[str, Any]:
    with Store.open(f"sqlite:///{path}", read_only=True) as store:
        assert store.check() == ()
        return {row.id: row.body["text"] for row in store.learner(name).rows()}


def page_of(path: Path, text: str) -> int:
    """Where in the file the row that says `text` lies."""
    return path.read_bytes().index(text.encode())


def damage(path: Path, place: int, data: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(place)
        file.write(data)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Two learners' rows, half of them in a backup."""
    path = tmp_path / "tutor.db"
    write(path, ("ann", "bo"), 0, ROWS // 2)
    backup(path, tmp_path / "backups", NOW)
    write(path, ("ann", "bo"), ROWS // 2, ROWS)
    return path


def test_sound_database_needs_no_repair(path: Path) -> None:
    assert plan_repair(path) is None


def test_page_that_cannot_be_read_costs_only_rows_that_no_backup_has(path: Path) -> None:
    before = rows(path)
    place = page_of(path, "ann said 150 ") // 4096 * 4096
    damage(path, place, b"\xff" * 64)
    found = plan_repair(path)
    assert found is not None
    assert found.backup is not None
    kept = repair(path, found, NOW)
    after = rows(path)
    lost = set(before) - set(after)
    assert 0 < len(lost) < 40
    assert all(int(id.split("-")[1]) >= ROWS // 2 for id in lost), "what the backup holds is not lost"
    assert all(before[id] == text for id, text in after.items())
    assert kept.read_bytes()[place : place + 64] == b"\xff" * 64
    assert plan_repair(path) is None
    write(path, ("ann",), ROWS, ROWS + 5)
    assert len(rows(path)) == len(after) + 5


def test_row_that_was_changed_comes_from_the_backup_or_is_kept_apart(path: Path) -> None:
    before = rows(path)
    for text in ("ann said 20 ", "ann said 170 "):
        damage(path, page_of(path, text), b"Ann")
    found = plan_repair(path)
    assert found is not None
    assert [json.loads(row["body"])["text"][:12] for row in found.changed] == ["Ann said 170"]
    assert "1 rows were changed" in found.text
    kept = repair(path, found, NOW)
    assert "Ann said 170" in kept.with_suffix(".jsonl").read_text()
    after = rows(path)
    assert after == {id: text for id, text in before.items() if id != "ann-170"}
    assert len(rows(path, "bo")) == ROWS


def test_row_whose_hash_alone_was_damaged_is_kept(path: Path) -> None:
    before = rows(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as raw:
        for statement in UNGUARD["sqlite"]:
            raw.execute(statement)
        raw.execute("UPDATE log SET chain = 'x' || substr(chain, 2) WHERE id = 'ann-170'")
    found = plan_repair(path)
    assert found is not None
    assert not found.changed
    repair(path, found, NOW)
    assert rows(path) == before


@pytest.mark.parametrize("place", [0, 16, 100], ids=["name of the format", "size of a page", "first page"])
def test_broken_header_loses_no_row_that_can_be_reached(path: Path, place: int) -> None:
    before = rows(path)
    damage(path, place, b"\x00" * 8)
    found = plan_repair(path)
    assert found is not None
    repair(path, found, NOW)
    after = rows(path)
    assert len(after) >= ROWS // 2
    assert place == 100 or after == before


def test_rows_below_a_broken_tree_are_read_page_by_page(path: Path) -> None:
    for copy in (path.parent / "backups").iterdir():
        copy.unlink()
    with Store.open(f"sqlite:///{path}") as store:
        store.learner("ann").record("said", id="long", at=NOW, body={"role": "learner", "text": "ä long one " * 3000})
    before = rows(path), rows(path, "bo")
    with closing(sqlite3.connect(path, isolation_level=None)) as raw:
        (root,) = raw.execute("SELECT rootpage FROM sqlite_master WHERE name = 'log'").fetchone()
    damage(path, (root - 1) * 4096, b"\xff" * 4096)
    found = plan_repair(path)
    assert found is not None
    repair(path, found, NOW)
    assert (rows(path), rows(path, "bo")) == before


def test_rows_that_are_not_yet_in_the_file_itself_are_read_page_by_page(path: Path) -> None:
    before = rows(path)
    for copy in (path.parent / "backups").iterdir():
        copy.unlink()
    with closing(sqlite3.connect(path, isolation_level=None)) as raw:
        raw.execute("PRAGMA journal_mode = WAL")
        reader = sqlite3.connect(path)
        reader.execute("BEGIN").execute("SELECT count(*) FROM log").fetchone()
        write(path, ("ann",), ROWS, ROWS + 20)
        data = {ending: path.with_name(path.name + ending).read_bytes() for ending in ("", "-wal")}
        reader.close()
        (root,) = raw.execute("SELECT rootpage FROM sqlite_master WHERE name = 'log'").fetchone()
    whole = rows(path)
    for ending, content in data.items():
        path.with_name(path.name + ending).write_bytes(content)
    damage(path, (root - 1) * 4096, b"\xff" * 4096)
    damage(path.with_name(path.name + "-wal"), 0, b"\xff" * 32)
    found = plan_repair(path)
    assert found is not None
    repair(path, found, NOW)
    assert rows(path) == whole
    assert len(whole) == len(before) + 20


def test_damaged_index_costs_nothing(path: Path) -> None:
    before = rows(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as raw:
        root = raw.execute("SELECT rootpage FROM sqlite_master WHERE name = 'log_by_ask'").fetchone()[0]
    damage(path, (root - 1) * 4096, b"\xff" * 4096)
    found = plan_repair(path)
    assert found is not None
    repair(path, found, NOW)
    assert rows(path) == before


def test_learners_name_that_was_damaged_comes_back_from_the_backup(path: Path) -> None:
    before = rows(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as raw:
        raw.execute("UPDATE learners SET name = 'anm' WHERE name = 'ann'")
    found = plan_repair(path)
    assert found is not None
    repair(path, found, NOW)
    assert rows(path) == before


def test_without_a_backup_all_that_can_be_read_is_put_together(path: Path) -> None:
    before = rows(path)
    for copy in (path.parent / "backups").iterdir():
        copy.unlink()
    damage(path, page_of(path, "bo said 150 ") // 4096 * 4096, b"\xff" * 64)
    found = plan_repair(path)
    assert found is not None
    assert found.backup is None
    repair(path, found, NOW)
    assert 0 < len(before) - len(rows(path)) < 40


def test_file_of_nothing_but_rubbish_comes_back_as_the_backup(path: Path) -> None:
    path.write_bytes(random.Random(1).randbytes(50_000))
    found = plan_repair(path)
    assert found is not None
    assert found.readable == 0
    repair(path, found, NOW)
    assert len(rows(path)) == ROWS // 2


def test_nothing_to_save_is_said(tmp_path: Path) -> None:
    path = tmp_path / "tutor.db"
    path.write_bytes(b"rubbish" * 900)
    with pytest.raises(StoreError, match="nothing can be read"):
        plan_repair(path)


def test_file_of_a_newer_version_is_not_repaired(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as raw:
        raw.execute(f"INSERT INTO steps (number, at) VALUES ({LATEST + 1}, '2030')")
    with pytest.raises(NewerStoreError):
        plan_repair(path)


def test_open_database_is_not_repaired(path: Path) -> None:
    damage(path, page_of(path, "ann said 20 "), b"Ann")
    found = plan_repair(path)
    assert found is not None
    with Store.open(f"sqlite:///{path}"), pytest.raises(StoreError, match="in use"):
        repair(path, found, NOW)
