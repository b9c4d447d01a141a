import gc
import json
import os
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import numpy as np
import pytest
from filelock import FileLock

from corpus.chunk import Chunk
from corpus.errors import IndexBusyError
from corpus.index import Index


def chunks(count: int, *, edited: int | None = None) -> tuple[Chunk, ...]:
    texts = [f"What is thing {n} of {n * 7919 % 1009}?\nIt is the {n * n % 997}th of its kind" for n in range(count)]
    if edited is not None:
        texts[edited] += ", as was found out later"
    return tuple(
        Chunk(id=f"c{n}", card=f"c{n}", deck="d", path=f"deck{n % 3}.txt", part=0, text=text)
        for n, text in enumerate(texts)
    )


Opens = Callable[..., Index]


@pytest.fixture
def opens(tmp_path: Path, letters: object) -> Iterator[Opens]:
    opened: list[Index] = []

    def open_(made: Sequence[Chunk], *, wait: bool = True, **more: object) -> Index:
        index = Index.open(made, letters, tmp_path / "index", **more)  # type: ignore[arg-type]
        opened.append(index)
        if wait:
            assert index.wait(90)
        return index

    yield open_
    for index in opened:
        index.wait(90)
        index.close()


def asked(index: Index, letters: object, made: Sequence[Chunk], place: int = 3) -> list[tuple[str, float]]:
    vector = letters.embed([made[place].text])[0]  # type: ignore[attr-defined]
    letters.embedded -= 1  # type: ignore[attr-defined]
    return index.nearest(vector, 5)


def test_chroma_answers_as_exact_search_does(opens: Opens, letters: object) -> None:
    made = chunks(60)
    index = opens(made, wait=False)
    exact = asked(index, letters, made)
    assert index.wait(90)
    assert index.serving == "chroma"
    from_chroma = asked(index, letters, made)
    assert {one for one, _ in from_chroma} == {one for one, _ in exact}
    assert np.allclose([near for _, near in from_chroma], [near for _, near in exact], atol=1e-4)
    assert from_chroma[0][0] == "c3"


def test_a_choice_of_chunks_narrows_the_search(opens: Opens, letters: object) -> None:
    made = chunks(60)
    index = opens(made)
    vector = letters.embed([made[3].text])[0]  # type: ignore[attr-defined]
    paths = {chunk.id: chunk.path for chunk in made}
    inside = np.array([chunk.path == "deck1.txt" for chunk in made])
    assert {paths[one] for one, _ in index.nearest(vector, 10, inside)} == {"deck1.txt"}
    assert len(index.nearest(vector, 100)) == 60


def test_a_second_opening_embeds_and_builds_nothing(opens: Opens, letters: object, tmp_path: Path) -> None:
    opens(chunks(60))
    before = sorted(path.name for path in (tmp_path / "index").glob("index-*"))
    again = opens(chunks(60), wait=False)
    assert again.serving == "chroma"
    assert letters.embedded == 60  # type: ignore[attr-defined]
    assert sorted(path.name for path in (tmp_path / "index").glob("index-*")) == before


def test_one_edited_card_costs_one_embedding_and_old_folders_go(opens: Opens, letters: object, tmp_path: Path) -> None:
    for edited in (None, 7, 8):
        made = chunks(60, edited=edited)
        index = opens(made)
        assert asked(index, letters, made, 7)[0][0] == "c7"
        assert asked(index, letters, made, 7)[0][1] == pytest.approx(1, abs=1e-3)
        index.close()
    assert letters.embedded == 62  # type: ignore[attr-defined]
    assert len(list((tmp_path / "index").glob("index-*"))) <= 2


def test_another_embedder_of_the_same_size_gets_vectors_of_its_own(
    opens: Opens, letters: object, tmp_path: Path
) -> None:
    opens(chunks(30), wait=False, build=False).close()
    letters.identity = "letters/64/other"  # type: ignore[attr-defined]
    opens(chunks(30), wait=False, build=False)
    assert letters.embedded == 60  # type: ignore[attr-defined]


def test_progress_is_told_and_a_second_run_tells_none(opens: Opens) -> None:
    told: list[tuple[int, int]] = []
    opens(chunks(700), wait=False, build=False, progress=lambda done, total: told.append((done, total)))
    assert told == [(512, 700), (700, 700)]
    opens(chunks(700), wait=False, build=False, progress=lambda done, total: told.append((done, total)))
    assert len(told) == 2


def collection_files(tmp_path: Path) -> list[Path]:
    return sorted(path for path in (tmp_path / "index").glob("index-*/chroma/**/*") if path.is_file())


def test_any_damaged_file_is_noticed_and_the_index_built_anew(opens: Opens, letters: object, tmp_path: Path) -> None:
    made = chunks(60)
    opens(made).close()
    for name in ("data_level0.bin", "chroma.sqlite3"):
        [path] = [path for path in collection_files(tmp_path) if path.name == name]
        raw = bytearray(path.read_bytes())
        raw[len(raw) // 2] ^= 0xFF
        path.write_bytes(bytes(raw))
        index = opens(made, wait=False)
        assert asked(index, letters, made)[0][0] == "c3"
        assert index.wait(90)
        assert asked(index, letters, made)[0][0] == "c3"
        index.close()
    assert letters.embedded == 60  # type: ignore[attr-defined]


def test_missing_files_and_a_broken_pointer_are_noticed(opens: Opens, letters: object, tmp_path: Path) -> None:
    made = chunks(60)
    opens(made).close()
    [path] = [path for path in collection_files(tmp_path) if path.name == "data_level0.bin"]
    path.unlink()
    index = opens(made)
    assert asked(index, letters, made)[0][0] == "c3"
    index.close()
    (tmp_path / "index" / "current.json").write_text("{not json")
    assert asked(opens(made), letters, made)[0][0] == "c3"


def test_a_process_that_died_while_opening_puts_the_folder_in_doubt(
    opens: Opens, letters: object, tmp_path: Path
) -> None:
    made = chunks(40)
    opens(made).close()
    [home] = (tmp_path / "index").glob("index-*")
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    child.wait()
    (home / f"open-{child.pid}").write_text("opening")
    index = opens(made, wait=False)
    assert index.serving == "exact"
    assert index.wait(90)
    assert not (home / f"open-{child.pid}").exists()


def test_damaged_vectors_are_embedded_again(opens: Opens, letters: object, tmp_path: Path) -> None:
    import sqlite3
    from contextlib import closing

    made = chunks(40)
    opens(made, wait=False, build=False).close()
    with closing(sqlite3.connect(tmp_path / "index" / "vectors.sqlite3")) as base:
        base.execute("UPDATE vectors SET vector = zeroblob(256) WHERE rowid = 4")
        base.commit()
    index = opens(made, wait=False, build=False)
    assert np.allclose(np.linalg.norm(index.vectors, axis=1), 1, atol=1e-4)
    assert letters.embedded == 41  # type: ignore[attr-defined]


def test_a_vector_file_that_is_no_database_is_begun_anew(opens: Opens, letters: object, tmp_path: Path) -> None:
    made = chunks(20)
    opens(made, wait=False, build=False).close()
    (tmp_path / "index" / "vectors.sqlite3").write_bytes(b"no database at all" * 999)
    assert asked(opens(made, wait=False, build=False), letters, made)[0][0] == "c3"
    assert letters.embedded == 40  # type: ignore[attr-defined]


def test_while_another_process_writes_few_texts_are_served_and_many_refused(
    opens: Opens, letters: object, tmp_path: Path
) -> None:
    (tmp_path / "index").mkdir()
    with FileLock(tmp_path / "index" / "write.lock"):
        made = chunks(40)
        index = opens(made, wait=False, build=False)
        assert index.serving == "exact"
        assert asked(index, letters, made)[0][0] == "c3"
        with pytest.raises(IndexBusyError, match="Another process is indexing"):
            opens(chunks(600), wait=False, build=False)


_CHILD = """
import sys, time
from pathlib import Path
sys.path.insert(0, {tests!r})
from importlib.util import spec_from_file_location, module_from_spec
spec = spec_from_file_location("conftest_of_corpus", {tests!r} + "/conftest.py")
module = module_from_spec(spec); spec.loader.exec_module(module)
spec = spec_from_file_location("this", {tests!r} + "/test_index.py")
this = module_from_spec(spec); spec.loader.exec_module(this)
"""
_KILLED = (
    _CHILD
    + """
class Slow(module.LetterEmbedder):
    def embed(self, texts):
        time.sleep(0.2)
        return super().embed(texts)
def told(done, total):
    print(done, flush=True)
this.Index.open(this.chunks(5000), Slow(), Path({folder!r}), told, build=False)
"""
)


def test_a_killed_indexing_goes_on_where_it_stopped(opens: Opens, letters: object, tmp_path: Path) -> None:
    code = _KILLED.format(tests=str(Path(__file__).parent), folder=str(tmp_path / "index"))
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    done = [int(child.stdout.readline()) for _ in range(3)]
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    index = opens(chunks(5000), wait=False, build=False)
    assert letters.embedded <= 5000 - done[-1]  # type: ignore[attr-defined]
    assert np.allclose(np.linalg.norm(index.vectors, axis=1), 1, atol=1e-4)


def test_a_killed_build_leaves_nothing_that_is_read(opens: Opens, letters: object, tmp_path: Path) -> None:
    made = chunks(3000)
    index = opens(made, wait=False)
    builder = index._builder
    assert builder is not None
    end = time.monotonic() + 60
    while not list((tmp_path / "index").glob("building-*/chroma/chroma.sqlite3")) and time.monotonic() < end:
        time.sleep(0.02)
    os.killpg(builder.pid, signal.SIGKILL)
    builder.wait()
    assert not (tmp_path / "index" / "current.json").exists()
    assert asked(index, letters, made)[0][0] == "c3"
    again = opens(made)
    assert again.serving == "chroma"
    assert not list((tmp_path / "index").glob("building-*"))
    pointer = json.loads((tmp_path / "index" / "current.json").read_text())
    assert len(pointer["names"]) == 1
    assert letters.embedded == 3000  # type: ignore[attr-defined]


_TUTOR = (
    _CHILD
    + """
print("ready", flush=True)
sys.stdin.readline()
letters = module.LetterEmbedder()
made = this.chunks(60)
index = this.Index.open(made, letters, Path({folder!r}))
print(this.asked(index, letters, made)[0][0], flush=True)
if {waits}:
    print(index.wait(60), index.serving, this.asked(index, letters, made)[0][0], flush=True)
index.close()
"""
)


def tutors(folder: Path, count: int, *, waits: bool = True) -> list[tuple[str, str]]:
    """What processes say that open one folder at the same moment, on standard output and standard error."""
    code = _TUTOR.format(tests=str(Path(__file__).parent), folder=str(folder), waits=waits)
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    made = [
        subprocess.Popen([sys.executable, "-X", "dev", "-W", "error", "-c", code], text=True, **pipes)  # type: ignore[call-overload]
        for _ in range(count)
    ]
    for child in made:
        assert child.stdout.readline() == "ready\n"
    for child in made:
        child.stdin.write("\n")
        child.stdin.flush()
    return [child.communicate(timeout=90) for child in made]


def test_two_processes_may_open_one_folder_at_the_same_moment(tmp_path: Path) -> None:
    for _ in range(2):
        assert tutors(tmp_path / "index", 2) == [("c3\nTrue chroma c3\n", "")] * 2
        [manifest] = (tmp_path / "index").glob("index-*/manifest.json")
        manifest.unlink()


def test_threads_may_open_one_folder_at_the_same_moment(letters: object, tmp_path: Path) -> None:
    made, start = chunks(60), Barrier(4)

    def opened(_: int) -> Index:
        start.wait()
        return Index.open(made, letters, tmp_path / "index")  # type: ignore[arg-type]

    with ThreadPoolExecutor(4) as threads:
        first, *others = threads.map(opened, range(4))
    assert all(one.wait(90) and asked(one, letters, made)[0][0] == "c3" for one in (first, *others))
    home = next((tmp_path / "index").glob("index-*"))
    for one in others:
        one.close()
    assert first.serving == "chroma"
    assert asked(first, letters, made)[0][0] == "c3"
    assert first.serving == "chroma"
    assert len(list(home.glob("open-*"))) == 1
    first.close()
    assert not list(home.glob("open-*"))
    left = {path.name for path in (tmp_path / "index").iterdir()}
    assert not [name for name in left if name.startswith(("order-", "building-")) or name.endswith(".part")]


def test_a_process_may_end_while_its_build_goes_on_and_the_build_ends_by_itself(opens: Opens, tmp_path: Path) -> None:
    assert tutors(tmp_path / "index", 1, waits=False) == [("c3\n", "")]
    end = time.monotonic() + 60
    while not (tmp_path / "index" / "current.json").exists() and time.monotonic() < end:
        time.sleep(0.05)
    assert opens(chunks(60), wait=False).serving == "chroma"


def test_an_index_dropped_while_its_build_goes_on_warns_of_nothing_and_leaves_no_dead_child(
    letters: object, tmp_path: Path
) -> None:
    index = Index.open(chunks(60), letters, tmp_path / "index")  # type: ignore[arg-type]
    assert index._builder is not None
    child = index._builder.pid
    index.close()
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        del index
        gc.collect()
    assert said == []
    end = time.monotonic() + 60
    while running(child) and time.monotonic() < end:
        time.sleep(0.05)
    assert not running(child)


def running(child: int) -> bool:
    """Whether a process is there, be it only as one that ended and was not waited for."""
    try:
        os.kill(child, 0)
    except ProcessLookupError:
        return False
    return True


def test_what_was_embedded_beside_another_process_is_kept(opens: Opens, letters: object, tmp_path: Path) -> None:
    (tmp_path / "index").mkdir()
    with FileLock(tmp_path / "index" / "write.lock"):
        opens(chunks(40), wait=False, build=False).close()
    assert opens(chunks(40)).serving == "chroma"
    assert letters.embedded == 40  # type: ignore[attr-defined]


def test_no_chunks_make_an_empty_index(opens: Opens) -> None:
    index = opens((), wait=False)
    assert index.nearest(np.ones(64, dtype=np.float32), 5) == []
    assert index.serving == "exact"
