"""Kill -9 in mid-use: what was acknowledged is stored, and the chain is whole."""

import os
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from pathlib import Path
from uuid import uuid4

from tests.torture.place import child, draws, home, kill, times
from tutor import session as s
from tutor.assemble import open_tutor
from tutor.database import look_at, sqlite_file
from tutor.learner import Store
from tutor.settings import Settings


def use(settings: Settings, decks: Sequence[Path] = (), query: str = "") -> Callable[[Callable[[str], None]], None]:
    """Study as fast as can be; an id is told once the page would say that it is saved."""

    def work(tell: Callable[[str], None]) -> None:
        with open_tutor(settings, decks=decks) as tutor:
            session = tutor.session()
            for turn in count():
                if query:
                    tutor.search(query)
                id = uuid4().hex
                answer: s.Move = s.Commit(f"it is answer {turn} of mine", id=id) if turn % 3 == 2 else s.DontKnow(id=id)
                for move in (s.Next(), answer, s.Rate(3, id=f"{id}-r")):
                    done = {type(event) for event in session.act(move)}
                    if move.id and s.Refused not in done:
                        tell(move.id)

    return work


def rows() -> Iterator[tuple[str, str, bool]]:
    draw, lost, told, broken, unusable = draws("kill"), 0, 0, 0, 0
    turns = times(200)
    with home() as (path, settings):
        deck = "".join(f"Who was king number {number}?\tThe one after {number - 1}\n" for number in range(150))
        (path / "numbers.tsv").write_text(deck, encoding="utf-8")
        pid, pipe = child(use(settings, [path / "numbers.tsv"]))
        while len(os.read(pipe, 40)) and pid:  # until the model of meaning is built, which is done once
            if any((settings.cache_dir / "minilm").glob("*.onnx")):
                break
        kill(pid, pipe, 1.0)
        file = sqlite_file(settings.store.url)
        assert file is not None
        for turn in range(turns):
            pid, pipe = child(use(settings, [path / "numbers.tsv"]))
            # One in five dies while it starts, the others once they have begun to write.
            first = os.read(pipe, 65_536) if turn % 5 else b""
            acknowledged = set(kill(pid, pipe, draw.uniform(0.0, 0.3), first))
            told += len(acknowledged)
            with Store.open(settings.store.url) as store:
                stored = {row.id for row in store.learner().rows()}
                lost += len(acknowledged - stored)
                broken += bool(store.check())
            unusable += look_at(file) == 0
    yield f"{turns} x kill -9: answers lost of those acknowledged", f"{lost} of {told}, bar 0", lost == 0 and told > 0
    yield f"{turns} x kill -9: databases or chains broken", f"{broken + unusable}, bar 0", broken + unusable == 0
