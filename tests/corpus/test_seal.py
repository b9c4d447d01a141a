import json
import os
import shutil
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Barrier, Event, Thread

import pytest

from corpus.seal import names, point, read_json, seal, sealed, sweep, unseal, write_json


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "index-one"
    (home / "content" / "deep").mkdir(parents=True)
    (home / "content" / "a.bin").write_bytes(bytes(range(256)) * 10_000)
    (home / "content" / "deep" / "b.bin").write_bytes(b"b")
    with closing(sqlite3.connect(home / "content" / "c.sqlite3")) as base:
        base.executescript("CREATE TABLE kept (x); CREATE TABLE acquire_write (id INTEGER PRIMARY KEY, lock INTEGER)")
        base.executemany("INSERT INTO kept VALUES (?)", [(f"row {at}" * 50,) for at in range(500)])
        base.commit()
    seal(home, home / "content", {"name": "one"})
    return home


def test_an_untouched_folder_is_sealed(home: Path) -> None:
    assert sealed(home, home / "content", "one")
    assert not sealed(home, home / "content", "two")
    unseal(home)
    assert not sealed(home, home / "content", "one")


@pytest.mark.parametrize("file", ["a.bin", "deep/b.bin", "c.sqlite3"])
def test_one_changed_byte_breaks_the_seal(home: Path, file: str) -> None:
    path = home / "content" / file
    raw = bytearray(path.read_bytes())
    raw[-1] ^= 1
    path.write_bytes(bytes(raw))
    assert not sealed(home, home / "content", "one")


def test_missing_and_added_files_break_the_seal(home: Path) -> None:
    (home / "content" / "new").write_bytes(b"")
    assert not sealed(home, home / "content", "one")
    (home / "content" / "new").unlink()
    assert sealed(home, home / "content", "one")
    (home / "content" / "a.bin").unlink()
    assert not sealed(home, home / "content", "one")


def test_chromas_note_of_an_opening_does_not_break_the_seal(home: Path) -> None:
    with closing(sqlite3.connect(home / "content" / "c.sqlite3")) as base:
        base.execute("INSERT INTO acquire_write (lock) VALUES (1)")
        base.commit()
    assert sealed(home, home / "content", "one")
    with closing(sqlite3.connect(home / "content" / "c.sqlite3")) as base:
        base.execute("UPDATE kept SET x = 'other' WHERE rowid = 400")
        base.commit()
    assert not sealed(home, home / "content", "one")


def test_only_a_process_that_died_while_opening_breaks_the_seal(home: Path) -> None:
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    child.wait()
    (home / f"open-{child.pid}").write_text("open")
    (home / f"open-{os.getpid()}").write_text("opening")
    assert sealed(home, home / "content", "one")
    (home / f"open-{child.pid}").write_text("opening")
    assert not sealed(home, home / "content", "one")


def test_the_pointer_keeps_the_newest_names(tmp_path: Path) -> None:
    for name in ("a", "b", "c", "b"):
        point(tmp_path, name, 2)
    assert names(tmp_path) == ["b", "c"]
    (tmp_path / "current.json").write_text("[1]")
    assert names(tmp_path) == []
    (tmp_path / "current.json").write_text(json.dumps({"names": ["x", 3]}))
    assert names(tmp_path) == ["x"]


def test_sweeping_spares_what_is_named_or_open(tmp_path: Path) -> None:
    for name in ("good", "old", "used"):
        (tmp_path / f"index-{name}").mkdir()
    (tmp_path / "building-x-1").mkdir()
    (tmp_path / "index-used" / f"open-{os.getpid()}").write_text("open")
    point(tmp_path, "good", 1)
    sweep(tmp_path, 1)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["current.json", "index-good", "index-used"]


def test_json_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "x.json"
    write_json(path, {"a": 1})
    with pytest.raises(TypeError):
        write_json(path, {"a": object()})
    assert read_json(path) == {"a": 1}
    assert read_json(tmp_path / "none.json") == {}


def test_threads_may_write_one_json_file_at_the_same_moment(tmp_path: Path) -> None:
    start = Barrier(4)

    def write(at: int) -> None:
        start.wait()
        for _ in range(20):
            write_json(tmp_path / "x.json", {"a": at})

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(write, range(4)))
    assert read_json(tmp_path / "x.json")["a"] in range(4)
    assert [path.name for path in tmp_path.iterdir()] == ["x.json"]


def test_a_folder_that_is_replaced_while_it_is_looked_at_is_sealed_or_not_but_no_fault(home: Path) -> None:
    over = Event()
    copy = home.with_name("copy")
    shutil.copytree(home, copy)

    def replace() -> None:
        while not over.is_set():
            shutil.rmtree(home)
            shutil.copytree(copy, home)

    replaces = Thread(target=replace)
    replaces.start()
    try:
        seen = [sealed(home, home / "content", "one") for _ in range(200)]
    finally:
        over.set()
        replaces.join()
    assert False in seen
    assert sealed(home, home / "content", "one")
