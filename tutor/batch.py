"""An import as one batch: what it put in place of what, and which reviews came with it; taken back as a whole.

Keeps the files that an import replaced until the batch is old. Reads no deck.
"""

import json
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path

from corpus.card import Deck
from corpus.read.override import ENDING as POINTS
from corpus.read.pictures import ENDING as PICTURES
from tutor.errors import StoreError
from tutor.history import Row
from tutor.learner import Learner, Store
from tutor.past import new_past

__all__ = ["Batch", "Batches"]

_KEPT = 30
_HEAD = "batch.json"


@dataclass(frozen=True, kw_only=True, slots=True)
class Batch:
    """One import: the files it added and those it replaced; the rows of its reviews, their count, and for whom."""

    id: str
    at: datetime
    added: tuple[str, ...]
    replaced: tuple[str, ...]
    reviews: tuple[str, ...] = ()
    count: int = 0
    learner: str = ""

    @property
    def text(self) -> str:
        """What it was, in a few words."""
        names = ", ".join((*self.added, *(f"{name} (replaced)" for name in self.replaced)))
        came = f", with {self.count} earlier reviews" if self.count else ""
        return f"import of {names}{came}"


class Batches:
    """The imports into `decks` that can be taken back, kept in `folder`; the newest thirty."""

    def __init__(self, folder: Path, decks: Path) -> None:
        self._folder = folder
        self._decks = decks

    def begin(self, names: Iterable[str], at: datetime) -> Batch:
        """Keep what stands where files of these names will be put, before they are."""
        batch_id = f"import-{at.strftime('%Y%m%dT%H%M%S%f')}"
        home = self._folder / batch_id
        home.mkdir(parents=True)
        names = sorted(set(names))
        there = [name for name in names if (self._decks / name).exists()]
        for name in there:
            for kept in (name, f"{name}{POINTS}"):
                if (self._decks / kept).exists():
                    shutil.copyfile(self._decks / kept, home / kept)
        added = tuple(name for name in names if name not in there)
        batch = Batch(id=batch_id, at=at, added=added, replaced=tuple(there))
        self._write(batch)
        for old in self.all()[_KEPT:]:
            shutil.rmtree(self._folder / old.id, ignore_errors=True)
        return batch

    def take_reviews(self, batch: Batch, decks: Sequence[Deck], learner: Learner) -> Batch:
        """Put the reviews that came with `decks`, and that her log lacks, into it as one row."""
        past = new_past(learner.reviews, decks, batch.at)
        if not past:
            return batch
        # The name of the row is on disk before the row is in the log, so that a kill leaves none that stays for good.
        row, count = f"{batch.id}-reviews", sum(map(len, past.values()))
        batch = replace(batch, reviews=(row,), count=count, learner=learner.name)
        self._write(batch)
        learner.record("imported", id=row, at=batch.at, body={"reviews": past})
        return batch

    def all(self) -> list[Batch]:
        """The batches, the newest first; one whose description is damaged is left out."""
        found = []
        for head in sorted(self._folder.glob(f"*/{_HEAD}"), reverse=True):
            try:
                told = json.loads(head.read_text(encoding="utf-8"))
                batch = Batch(
                    id=told["id"],
                    at=datetime.fromisoformat(told["at"]),
                    added=tuple(told["added"]),
                    replaced=tuple(told["replaced"]),
                    reviews=tuple(told["reviews"]),
                    count=int(told["count"]),
                    learner=told["learner"],
                )
                found.append(batch)
            except (OSError, ValueError, TypeError, KeyError):
                continue
        return found

    def undo(self, batch: Batch, store: Store, at: datetime) -> None:
        """Take back an import: its files go, what they replaced comes back, and its reviews count no more.

        Raises:
            StoreError: a later import put something else in place; that one is to be taken back first.
        """
        names = {*batch.added, *batch.replaced}
        for later in self.all():
            if later.at > batch.at and names & {*later.added, *later.replaced}:
                raise StoreError(f"A later import stands on this one: take back the {later.text} first.")
        home = self._folder / batch.id
        if batch.reviews:
            taken = (Row(id=f"undo-{id}", at=at, kind="undo", body={"review": id}) for id in batch.reviews)
            store.learner(batch.learner).record_all(taken)
        for name in batch.added:
            (self._decks / name).unlink(missing_ok=True)
            (self._decks / f"{name}{POINTS}").unlink(missing_ok=True)
            shutil.rmtree(self._decks / f"{name}{PICTURES}", ignore_errors=True)
        for name in batch.replaced:
            (self._decks / f"{name}{POINTS}").unlink(missing_ok=True)
            for kept in (name, f"{name}{POINTS}"):
                if (home / kept).exists():
                    part = self._decks / f".{kept}.part"
                    shutil.copyfile(home / kept, part)
                    part.replace(self._decks / kept)
        shutil.rmtree(home, ignore_errors=True)

    def _write(self, batch: Batch) -> None:
        head = self._folder / batch.id / _HEAD
        part = head.with_suffix(".part")
        part.write_text(json.dumps({**asdict(batch), "at": batch.at.isoformat()}), encoding="utf-8")
        part.replace(head)
