"""Speed as ratios, measured in one run on one machine: embedding, ingest, search, grading, overhead, the harness.

Each figure stands beside what an engineer would write by hand over the same parts. Judges no quality; suites do.
"""

import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from corpus.card import Card
from evals.calls import Watched
from evals.case import AnswerCase, Case, GradingCase
from evals.echo import echo
from evals.judge import Judge
from evals.metrics import FITS, Tools
from evals.overhead import MODEL, Variants, first_words, many
from evals.run import run_cases
from evals.subject import Answer
from evals.suite import Suite, load_suite
from prompts import Prompt
from tutor.errors import ConfigError
from tutor.model import ChatModel, complete, open_model
from tutor.settings import Profile, Settings

if TYPE_CHECKING:
    from corpus.embed import Embedder, Floats
    from corpus.minilm import MiniLM


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """One measurement; `ratio` is against what `against` names, above 1 where we are faster, None without a rival."""

    name: str
    value: float
    unit: str
    against: str = ""
    ratio: float | None = None


def measure(
    settings: Settings, *, quick: bool = False, harness: bool = False, pythons: Sequence[str] = ()
) -> Iterator[Figure]:
    """All figures, one after another, as they are ready; with `harness` those of the harness alone.

    `pythons` are further interpreters in whose packages rivals are looked for.
    """
    if not harness:
        yield from _tutor(settings, quick)
    yield from _harness(100 if quick else 500, pythons)
    yield from _paced(40 if quick else 500, pythons)


def _tutor(settings: Settings, quick: bool) -> Iterator[Figure]:
    from corpus.minilm import MiniLM
    from corpus.read import bundled_decks, read_decks

    cards = tuple({card.id: card for deck in read_decks(bundled_decks()) for card in deck.cards}.values())
    minilm = MiniLM.load(settings.cache_dir)
    yield from _embedding(minilm, cards)
    with tempfile.TemporaryDirectory(prefix="tutor-bench-") as folder:
        yield from _search(minilm, cards, Path(folder) / "bundled")
        for count in (1_000,) if quick else (10_000, 100_000):
            yield from _search(Dice(), many(cards, count), Path(folder) / f"many-{count}")
        yield from _grading(settings, minilm, 20 if quick else 300, 200 if quick else 3_000)
        yield from _overhead(minilm, cards, Path(folder) / "words", 20 if quick else 60)
        large = many(cards, 1_000 if quick else 100_000)
        yield from _overhead(Variants(minilm), large, Path(folder) / "words-many", 20 if quick else 60)


class Dice:
    """An embedder that costs nothing, a random direction for each text: for measuring all that is not embedding."""

    identity = "dice"
    dimensions = 384

    def embed(self, texts: Sequence[str]) -> "Floats":
        """One row a text."""
        rows = [np.random.default_rng(abs(hash(text)) % 2**32).standard_normal(self.dimensions) for text in texts]
        made = np.array(rows, dtype=np.float32).reshape(-1, self.dimensions)
        made /= np.linalg.norm(made, axis=1, keepdims=True)
        return made


def _seconds(act: Callable[[], object]) -> float:
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


def _times(name: str, ours: Sequence[float], theirs: Sequence[float], rival: str) -> Iterator[Figure]:
    """The middle and the 95th percentile of two lists of seconds."""
    for place, share in (("p50", 0.5), ("p95", 0.95)):
        mine, other = (sorted(took)[int(share * (len(took) - 1))] * 1000 for took in (ours, theirs))
        against = f"{rival} {other:.2f} ms"
        yield Figure(name=f"{name}, {place}", value=mine, unit="ms", against=against, ratio=other / mine)


def _embedding(minilm: "Embedder", cards: Sequence[Card]) -> Iterator[Figure]:
    texts, short = [card.text for card in cards], [card.question for card in cards] * 2
    minilm.embed(texts[:4])
    yield Figure(name="embed cards", value=len(texts) / _seconds(lambda: minilm.embed(texts)), unit="texts/s")
    yield Figure(name="embed questions", value=len(short) / _seconds(lambda: minilm.embed(short)), unit="texts/s")
    one = statistics.median(_seconds(partial(minilm.embed, [text])) for text in short[:50])
    yield Figure(name="embed one question, p50", value=one * 1000, unit="ms")


def _search(embedder: "Embedder", cards: Sequence[Card], folder: Path) -> Iterator[Figure]:
    """Ingest and search through our Retriever, and through Chroma as the tutorials use it."""
    from corpus.retrieve import Retriever

    queries = [card.question for card in cards[:: max(1, len(cards) // 60)]]
    started = time.perf_counter()
    retriever = Retriever(cards, embedder, folder / "ours")
    retriever.search(queries[0])
    ours = time.perf_counter() - started
    if retriever.index is not None:
        retriever.index.wait()  # so that both answer from Chroma, and the whole of the index is weighed
    took = [_seconds(partial(retriever.search, query)) for query in queries]
    retriever.close()
    theirs, rival = _tutorial(embedder, cards, queries, folder / "theirs")
    size = f"{len(cards)} cards"
    ratio = theirs / ours
    yield Figure(name=f"ingest {size}", value=len(cards) / ours, unit="cards/s", against="plain Chroma", ratio=ratio)
    yield Figure(
        name=f"first answer over {size}", value=ours, unit="s", against=f"plain Chroma {theirs:.2f} s", ratio=ratio
    )
    held, other = (_bytes(folder / name) for name in ("ours", "theirs"))
    against = f"plain Chroma {other / 1e6:.1f} MB"
    yield Figure(name=f"index of {size}", value=held / 1e6, unit="MB", against=against, ratio=other / held)
    yield from _times(f"search {size}", took, rival, "plain Chroma")


def _tutorial(
    embedder: "Embedder", cards: Sequence[Card], queries: Sequence[str], folder: Path
) -> tuple[float, list[float]]:
    """Seconds until the first answer, and seconds a query, of a collection filled and asked by hand."""
    import chromadb

    client = chromadb.PersistentClient(str(folder))
    started = time.perf_counter()
    collection = client.create_collection("tutorial", embedding_function=None)
    for first in range(0, len(cards), 2_000):
        batch = cards[first : first + 2_000]
        collection.add(
            ids=[card.id for card in batch],
            embeddings=embedder.embed([card.text for card in batch]),
            documents=[card.text for card in batch],
        )

    def ask(query: str) -> None:
        collection.query(query_embeddings=embedder.embed([query]), n_results=5)

    ask(queries[0])
    filled = time.perf_counter() - started
    return filled, [_seconds(partial(ask, query)) for query in queries]


def _bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _grading(settings: Settings, minilm: "MiniLM", count: int, many: int) -> Iterator[Figure]:
    from tutor.bulk import grade_all
    from tutor.grade import Grader
    from tutor.match import Matcher

    cases = [case for case in load_suite("grading").select(limit=count).cases if isinstance(case, GradingCase)]
    jobs = [{"question": c.question, "reference": c.reference, "answer": c.answer} for c in cases]
    cards = {(case.question, case.reference) for case in cases}
    one, other = (Grader(Matcher(minilm)) for _ in range(2))

    def grade(grader: Grader, question: str, reference: str, answer: str) -> float:
        return _seconds(lambda: grader.grade(question=question, reference=reference, answer=answer))

    # The cards' side is prepared once, at the first grade.
    preparing = [grade(grader, *card, "No idea.") for grader in (one, other) for card in cards]
    took = sorted(grade(one, case.question, case.reference, case.answer) for case in cases)
    batch, alone = len(jobs) / _seconds(lambda: list(other.grade_many(jobs))), len(jobs) / sum(took)
    yield Figure(name="prepare a card for grading", value=1000 * statistics.median(preparing), unit="ms")
    yield Figure(name="grade one by one", value=alone, unit="grades/s")
    yield Figure(name="grade one by one, p95", value=1000 * took[int(0.95 * len(took))], unit="ms")
    yield Figure(name="grade in a batch", value=batch, unit="grades/s", against="one by one", ratio=batch / alone)
    file = [jobs[at % len(jobs)] for at in range(many)]
    whole = many / _seconds(lambda: list(grade_all(settings, other, file, enough=1)))
    yield Figure(name=f"grade a file of {many:,}", value=whole, unit="grades/s", against="a batch", ratio=whole / batch)


def _overhead(embedder: "Embedder", cards: Sequence[Card], folder: Path, rounds: int) -> Iterator[Figure]:
    """What stands between a question and the first words of the reply, beside the server's own time to them."""
    questions = [case.question for case in load_suite("answers").cases if isinstance(case, AnswerCase)][:rounds]
    with echo() as url:
        took = first_words(cards, embedder, questions, url, folder)
    size = f"{len(cards)} cards"
    own = statistics.median(took["server"]) * 1000
    yield Figure(name=f"server alone, to its first words, {size}", value=own, unit="ms")
    for rival, name in (("by hand", "by hand"), ("tutorial", "LangChain and Chroma")):
        yield from _times(f"overhead to the first words, {size}", took["tutor"], took[rival], name)


class Asks:
    """A subject that sends the question to a model and gives back what it says."""

    name = "asks"
    about: dict[str, str] = {"subject": "asks"}  # noqa: RUF012 (a constant of the protocol)

    def __init__(self, model: ChatModel) -> None:
        self._model = model

    def answer(self, case: Case) -> Answer:
        """One call."""
        said = complete(self._model, Prompt(name="bench", text=case.asked, fingerprint=""))
        return Answer(text=said.text, answerable=True, first_seconds=said.first_token_seconds)


def _suite(count: int) -> Suite:
    cases = tuple(AnswerCase(id=f"c{n}", question=f"What is {n}?", reference=f"It is number {n}") for n in range(count))
    known = load_suite("answers", metrics=FITS)
    return replace(known, name="bench", metrics=("coverage",), cases=cases)


def _run_harness(url: str, count: int, at_once: int) -> float:
    """Cases a second: one generation and one judge call each, through the harness with its log's worth of work."""
    profile = Profile(name=MODEL, model=MODEL, base_url=url)
    model = Watched(open_model(profile, environ={}), "tutor", profile)
    suite = _suite(count)
    run_cases(suite.select(limit=2), [Asks(model)], tools=Tools(judge=Judge(model)), workers=2)
    started = time.perf_counter()
    run = run_cases(suite, [Asks(model)], tools=Tools(judge=Judge(model)), workers=at_once)[0]
    rate = count / (time.perf_counter() - started)
    failed = [result.error for result in run.results if result.status != "scored"]
    if failed:
        raise RuntimeError(f"the harness failed on {len(failed)} of its own cases: {failed[0]}")
    return rate


def _run_bare(url: str, count: int, at_once: int) -> float:
    """The same calls from a bare asyncio loop over the openai client."""
    from openai import AsyncOpenAI

    async def call(client: AsyncOpenAI, text: str) -> str:
        stream = await client.chat.completions.create(
            model=MODEL, messages=[{"role": "user", "content": text}], stream=True
        )
        return "".join([chunk.choices[0].delta.content or "" async for chunk in stream if chunk.choices])

    async def main() -> float:
        async with AsyncOpenAI(base_url=url, api_key="none") as client:
            gate = asyncio.Semaphore(at_once)

            async def case(number: int) -> None:
                async with gate:
                    said = await call(client, f"What is {number}?")
                    await call(client, f"Judge this: {said}")

            await case(0)
            started = time.perf_counter()
            await asyncio.gather(*(case(number) for number in range(count)))
            return count / (time.perf_counter() - started)

    return asyncio.run(main())


def _harness(count: int, pythons: Sequence[str]) -> Iterator[Figure]:
    """With a server that answers at once: what the harness itself costs, one case at a time."""
    with echo(tokens=4) as url:
        ours = _throughput("harness, instant server", url, count, 1, rounds=2)
        yield ours
        yield from _rivals(ours, url, max(10, count // 10), 1, pythons)


def _paced(count: int, pythons: Sequence[str]) -> Iterator[Figure]:
    """With a server that thinks for 200 ms and says a token every 20 ms, 20 cases at once."""
    with echo(first=0.2, gap=0.02, tokens=30) as url:
        ours = _throughput("harness, paced server", url, count, 20, rounds=1)
        yield ours
        yield Figure(name="memory at most", value=_memory(), unit="MB")
        yield from _rivals(ours, url, count, 20, pythons)


def _throughput(name: str, url: str, count: int, at_once: int, rounds: int) -> Figure:
    """Cases a second of the harness and of the bare loop, taking turns; the best of each counts."""
    took = [(_run_bare(url, count, at_once), _run_harness(url, count, at_once)) for _ in range(rounds)]
    bare, ours = (max(rates) for rates in zip(*took, strict=True))
    return Figure(name=name, value=ours, unit="cases/s", against=f"bare loop {bare:.1f}", ratio=ours / bare)


def _rivals(ours: Figure, url: str, count: int, at_once: int, pythons: Sequence[str]) -> Iterator[Figure]:
    """The same calls by inspect and deepeval, where this Python or one of `pythons` has them."""
    for python in (sys.executable, *pythons):
        for name in json.loads(_call_rival(python, "installed")):
            told = json.loads(_call_rival(python, name, url, str(count), str(at_once)).splitlines()[-1])
            against = f"{name} {told['rate']:.1f} cases/s, {told['memory']:.0f} MB"
            yield replace(ours, name=f"{ours.name}, against {name}", against=against, ratio=ours.value / told["rate"])


def _call_rival(python: str, *words: str) -> str:
    script = Path(__file__).with_name("rival.py")
    try:
        with tempfile.TemporaryDirectory() as folder:
            return subprocess.run(
                [python, str(script), *words], cwd=folder, capture_output=True, text=True, check=True
            ).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        told = getattr(error, "stderr", "") or str(error)
        raise ConfigError(f"--rival-python {python}: {told.strip().splitlines()[-1]}") from error


def _memory() -> float:
    import resource

    scale = 1 if os.uname().sysname == "Darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale / 1e6
