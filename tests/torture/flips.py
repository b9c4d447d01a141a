"""A hundred bits turned over in the database, one at a time: each that harms is found, and repair brings all back."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.torture.place import draws, every_row, home, times
from tutor.backup import backup, listed, restore
from tutor.errors import NewerStoreError, StoreError
from tutor.learner import Store
from tutor.repair import plan_repair, repair

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def rows() -> Iterator[tuple[str, str, bool]]:
    draw, turns = draws("flips"), times(100)
    harmful = restored = silent = 0
    with home() as (path, settings):
        whole = settings.data_dir / "tutor.db"
        write(settings.store.url)
        before = seen(whole)
        for turn in range(turns):
            folder = path / f"turn-{turn}"
            (folder / "backups").mkdir(parents=True)
            file = folder / "tutor.db"
            shutil.copyfile(whole, file)
            backup(file, folder / "backups", NOW)
            flip(file, draw.randrange(whole.stat().st_size * 8))
            harm = seen(file) != before
            harmful += harm
            told = mended(file)
            silent += harm and not told
            restored += every_row(f"sqlite:///{file}") == before[0] if told or not harm else 0
            shutil.rmtree(folder)
    yield f"{turns} bit flips: harmful ones not found", f"{silent} of {harmful}, bar 0", silent == 0
    yield (
        f"{turns} bit flips: every row there after tutor doctor --repair",
        f"{restored} of {turns}, bar {turns}",
        restored == turns,
    )


def write(url: str) -> None:
    with Store.open(url) as store:
        for name in ("ann", "bo", "cy"):
            learner = store.learner(name)
            for place in range(150):
                card, ask = f"card{place % 9}", f"{name}-{place // 3}"
                body = {"role": "learner", "text": f"{name} {place}"}
                at = NOW + timedelta(seconds=place)
                learner.record(
                    "ask" if place % 3 == 0 else "said",
                    id=f"{name}{place}" if place % 3 else ask,
                    at=at,
                    card=card,
                    ask="" if place % 3 == 0 else ask,
                    body=body,
                )


def seen(file: Path) -> Any:
    """All that reading tells, by every way that rows are looked up."""
    try:
        everything = every_row(f"sqlite:///{file}")
        with Store.open(f"sqlite:///{file}", read_only=True) as store:
            plays = [
                len(store.learner(name).rows(ask=f"{name}-{place}"))
                for name in ("ann", "bo", "cy")
                for place in range(50)
            ]
            single = [store.learner(name).has(f"{name}{place}") for name in ("ann", "bo", "cy") for place in range(150)]
        return everything, plays, single
    except (StoreError, ValueError, TypeError, KeyError) as error:
        return type(error).__name__


def mended(file: Path) -> bool:
    """Whether anything was found; what was is mended, as `tutor doctor --repair` or `tutor restore` would."""
    try:
        plan = plan_repair(file)
    except NewerStoreError:
        # A number of the schema that became greater: the file is refused, and its owner has the backup.
        restore(listed(file.parent / "backups")[0][0], file, NOW)
        return True
    if plan is None:
        return False
    repair(file, plan, NOW)
    return True


def flip(file: Path, bit: int) -> None:
    data = bytearray(file.read_bytes())
    data[bit // 8] ^= 1 << bit % 8
    file.write_bytes(data)
