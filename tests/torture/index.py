"""Files of the index deleted, cut short or filled with rubbish: search goes on and finds the same card."""

import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

from tests.torture.kill import use
from tests.torture.place import child, draws, home, kill, times
from tutor.assemble import open_tutor
from tutor.errors import TutorError
from tutor.settings import Settings

QUERY = "Why is dropout used in neural networks?"


def rows() -> Iterator[tuple[str, str, bool]]:
    draw, turns, wrong, slowest = draws("index"), times(30), 0, 0.0
    with home(vectors=True) as (path, settings):
        best = search(settings)
        time.sleep(5)  # the collection is built by another process
        search(settings)
        kept = path / "kept"
        shutil.copytree(settings.data_dir / "index", kept)
        for turn in range(turns):
            # A folder of its own each time: the process that mends the last one's damage may still be writing there.
            here = settings.model_copy(update={"data_dir": path / f"turn-{turn}"})
            shutil.copytree(kept, here.data_dir / "index")
            spoil(draw, [file for file in sorted((here.data_dir / "index").rglob("*")) if file.is_file()])
            begun = time.monotonic()
            wrong += search(here) != best
            slowest = max(slowest, time.monotonic() - begun)
    yield (
        f"{turns} x index damaged: searches that failed or found another card",
        f"{wrong}, bar 0",
        wrong == 0 and bool(best),
    )
    yield f"{turns} x index damaged: slowest first search", f"{slowest:.1f} s, bar 5 s", slowest < 5
    yield after_kill(draw, best)


def after_kill(draw: Random, best: str) -> tuple[str, str, bool]:
    """Killed while cards are embedded, while the collection is built, or while it is searched."""
    turns, slowest, wrong = times(15), 0.0, 0
    with home(vectors=True) as (_, settings):
        for _turn in range(turns):
            pid, pipe = child(use(settings, query=QUERY))
            kill(pid, pipe, draw.uniform(0.1, 4.0))
            begun = time.monotonic()
            wrong += search(settings) != best
            slowest = max(slowest, time.monotonic() - begun)
    what = f"{turns} x kill -9 while searching: slowest first search afterwards"
    return what, f"{slowest:.1f} s, {wrong} wrong, bar 5 s", slowest < 5 and not wrong


def search(settings: Settings) -> str:
    try:
        with open_tutor(settings) as tutor:
            return tutor.search(QUERY, 1).results[0].card.id
    except (TutorError, OSError, IndexError) as error:
        return repr(error)


def spoil(draw: Random, files: list[Path]) -> None:
    for file in draw.sample(files, min(len(files), draw.choice((1, 1, 2, 100)))):
        match draw.choice(("delete", "cut", "rubbish", "byte")):
            case "delete":
                file.unlink()
            case "cut":
                file.write_bytes(file.read_bytes()[: draw.randrange(file.stat().st_size + 1)])
            case "rubbish":
                file.write_bytes(draw.randbytes(draw.choice((0, 10, 5000))))
            case _:
                data = bytearray(file.read_bytes() or b"x")
                data[draw.randrange(len(data))] ^= 0xFF
                file.write_bytes(data)
