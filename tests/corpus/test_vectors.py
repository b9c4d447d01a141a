import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from corpus.vectors import VectorCache, text_hash

ROWS = np.eye(4, dtype=np.float32)
NAMES = [text_hash(text) for text in ("a", "b", "c", "d")]


@pytest.fixture
def cache(tmp_path: Path) -> VectorCache:
    cache = VectorCache(tmp_path / "v.sqlite3", "e1")
    cache.put(NAMES[:3], ROWS[:3], [b"x", b"", b"z"])
    return cache


def test_what_was_put_comes_back(cache: VectorCache) -> None:
    assert cache.missing(NAMES) == {NAMES[3]}
    found = cache.fetch(NAMES)
    assert set(found) == set(NAMES[:3])
    assert np.array_equal(found[NAMES[1]][0], ROWS[1])
    assert found[NAMES[2]][1] == b"z"
    rows, lost = cache.matrix([NAMES[2], NAMES[3], NAMES[2]], 4)
    assert np.array_equal(rows, [ROWS[2], np.zeros(4), ROWS[2]])
    assert lost == [NAMES[3]]
    cache.close()


def test_embedders_do_not_see_each_others_vectors(cache: VectorCache) -> None:
    other = VectorCache(cache.path, "e2")
    assert other.missing(NAMES[:3]) == set(NAMES[:3])
    other.put(NAMES[:1], ROWS[3:], [b""])
    assert np.array_equal(cache.fetch(NAMES[:1])[NAMES[0]][0], ROWS[0])
    other.close()
    cache.close()


def test_a_damaged_row_counts_as_missing(cache: VectorCache) -> None:
    with closing(sqlite3.connect(cache.path)) as base:
        base.execute("UPDATE vectors SET vector = zeroblob(16) WHERE hash = ?", (NAMES[0],))
        base.commit()
    assert set(cache.fetch(NAMES)) == set(NAMES[1:3])
    assert cache.matrix(NAMES[:1], 4)[1] == [NAMES[0]]
    cache.close()


def test_vectors_that_no_card_uses_go_once_they_are_many(cache: VectorCache) -> None:
    cache.forget_others(NAMES[:1])
    assert cache.missing(NAMES[:3]) == set()
    cache.forget_others(NAMES[:1], spare=0)
    assert cache.missing(NAMES[:3]) == set(NAMES[1:3])
    cache.close()


def test_many_names_are_asked_for_at_once(cache: VectorCache) -> None:
    names = [text_hash(str(number)) for number in range(3000)]
    cache.put(names, np.ones((3000, 4), dtype=np.float32), [b""] * 3000)
    assert cache.missing([*names, NAMES[3]]) == {NAMES[3]}
    assert len(cache.fetch(names)) == 3000
    cache.close()


def test_a_file_that_is_no_database_is_begun_anew(tmp_path: Path) -> None:
    (tmp_path / "v.sqlite3").write_bytes(b"nothing of the kind " * 400)
    cache = VectorCache(tmp_path / "v.sqlite3", "e1")
    assert cache.missing(NAMES) == set(NAMES)
    cache.close()


def damaged_within(cache: VectorCache) -> list[bytes]:
    """Closes a cache of many vectors and overwrites all but its first pages; the names of what it held."""
    names = [text_hash(str(number)) for number in range(3000)]
    cache.put(names, np.ones((3000, 4), dtype=np.float32), [b"x" * 200] * 3000)
    cache.close()
    raw = bytearray(cache.path.read_bytes())
    raw[8192:] = b"\xa5" * (len(raw) - 8192)
    cache.path.write_bytes(bytes(raw))
    return names


def test_a_file_damaged_within_is_begun_anew_when_that_is_noticed(cache: VectorCache) -> None:
    names = damaged_within(cache)
    again = VectorCache(cache.path, "e1")
    again.fetch(names)
    assert again.missing(names) == set(names)
    again.put(names[:1], ROWS[:1], [b""])
    assert set(again.fetch(names)) == {names[0]}
    again.close()


_MAKES = """
import sys, time
from pathlib import Path
import numpy as np
from corpus.vectors import VectorCache, text_hash
folder, own, count = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
for turn in range(100):
    (folder / f"{turn}-{own}").touch()
    while not all((folder / f"{turn}-{at}").exists() for at in range(count)):
        time.sleep(0)
    cache = VectorCache(folder / f"{turn}.sqlite3", "e1")
    cache.put([text_hash(str(own))], np.ones((1, 4), dtype=np.float32), [b""])
    cache.close()
"""


def test_processes_may_make_the_file_at_the_same_moment_and_nothing_is_lost(tmp_path: Path) -> None:
    makers = [
        subprocess.Popen([sys.executable, "-c", _MAKES, str(tmp_path), str(at), "3"], stderr=subprocess.PIPE, text=True)
        for at in range(3)
    ]
    assert [maker.communicate(timeout=60)[1] for maker in makers] == ["", "", ""]
    for path in tmp_path.glob("*.sqlite3"):
        cache = VectorCache(path, "e1")
        assert cache.missing([text_hash(str(at)) for at in range(3)]) == set()
        cache.close()


def test_a_damaged_file_is_begun_anew_once_however_many_notice(cache: VectorCache) -> None:
    names = damaged_within(cache)
    one, two = VectorCache(cache.path, "e1"), VectorCache(cache.path, "e1")
    one.fetch(names)
    one.put(names[:1], ROWS[:1], [b""])
    two.fetch(names)
    assert set(two.fetch(names)) == {names[0]}
    one.close()
    two.close()
