"""20, 50, 100 learners at once over HTTP: seconds to the first words, errors, and whether anybody saw another's text.

Limits are those of the issue.
"""

import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.browser.served import Server
from tests.visitor import Done, Visitor
from tutor.names import Names

CROWDS = ((20, 0.5), (50, 2.5), (100, 5.0))
PAUSE = 8.0  # seconds, on average, that a learner reads and types between two moves


@dataclass
class Crowd:
    """What a crowd of learners met with."""

    waits: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    mixed: int = 0

    def p95(self) -> float:
        """Seconds to the first words that 95 of 100 moves did not exceed."""
        return sorted(self.waits)[int(0.95 * (len(self.waits) - 1))] if self.waits else float("inf")


def rows() -> Iterator[tuple[str, str, bool]]:
    """Name, figure and whether it is good enough, for each crowd."""
    with tempfile.TemporaryDirectory() as home:
        server = served(Path(home), 100)
        try:
            for size, limit in CROWDS:
                before = used(server)
                met = crowd(server.address.removeprefix("http://").rstrip("/"), size)
                good = met.p95() <= limit and not met.errors and not met.mixed
                each = 1000 * (used(server) - before) / max(1, len(met.waits))
                found = f"p95 {met.p95():.2f} s, {len(met.errors)} errors, {met.mixed} mixed"
                cost = f"({len(met.waits)} moves, {each:.0f} ms CPU each)"
                yield f"{size} learners at once", f"{found} {cost}, bar {limit} s, 0, 0", good
                for error in sorted(set(met.errors))[:3]:
                    yield f"{size} learners: an error", error[:160], False
        finally:
            server.kill()


def used(server: Server) -> float:
    """Seconds that a server's process has had of the processors."""
    assert server.process is not None
    fields = Path(f"/proc/{server.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def served(home: Path, learners: int) -> Server:
    """A tutor that `learners` may sign in to: learner0 with the password password0, and so on."""
    names = Names(home / "names")
    names.add("learner0", "password 0")
    hashed = names.hashes()["learner0"]
    # One hash for all: what is measured is the page, not how long argon2 takes.
    (home / "names").write_text("".join(f"learner{at}:{hashed}\n" for at in range(learners)))
    (home / "tutor.toml").write_text('[server]\nauth = "names"\n')
    server = Server(home, ("--config", str(home / "tutor.toml"))).start()
    waiting = Visitor(server.address.removeprefix("http://").rstrip("/"))
    while waiting.ask("GET", "/readyz").status != 200:
        time.sleep(0.2)
    return server


def crowd(place: str, size: int) -> Crowd:
    """`size` learners who sign in, open the page, answer a card and ask a question, each at her own pace."""
    met, lock, ready = Crowd(), threading.Lock(), threading.Barrier(size)

    def study(number: int) -> None:
        visitor, pace = Visitor(place), Random(number)
        done: list[Done] = []
        try:
            told = visitor.sign_in(f"learner{number}", "password 0")
            assert told.status == 303, f"sign-in {told.status}"
            _ = visitor.config
            ready.wait(120)
            mark = f"zebra{number}x"
            mixed = 0
            for step in (visitor.open, *moves(visitor, mark)):
                time.sleep(pace.uniform(0, 2 * PAUSE))
                done.append(step())
                others = {f"zebra{at}x" for at in range(size)} - {mark}
                mixed += any(other in done[-1].text for other in others)
            with lock:
                met.mixed += mixed
        except Exception as error:  # noqa: BLE001 - whatever it is, it is an error of the run
            with lock:
                met.errors.append(f"{type(error).__name__}: {error}")
            ready.abort()
        with lock:
            met.waits += [one.first for one in done if one.status == 200]
            met.errors += [f"{one.status} {one.text[:100]}" for one in done if one.status != 200]

    threads = [threading.Thread(target=study, args=(number,)) for number in range(size)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return met


def moves(visitor: Visitor, mark: str) -> Iterator[Callable[[], Done]]:
    """What a learner does after opening the page; `mark` is in all she writes."""
    yield lambda: visitor.do("commit", "click", f"{mark} it has to do with neurons")
    yield lambda: visitor.do("rate-3", "click")
    yield lambda: visitor.do("next", "click")
    yield lambda: visitor.do("ask-send", "click", f"What is dropout good for? {mark}", "")
