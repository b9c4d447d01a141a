"""Fits the numbers that ship in `states.npy` and in `corpus.blend`: `python -m corpus.fit DATA QUERIES ... [--write]`.

DATA is a folder with the public sets `retrieval/` (StackFAQ, Karan and Snajder 2018) and `grading/`;
QUERIES are tests/corpus/queries.jsonl and asked.jsonl: fitted on the half marked `tune`, reported on the other.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpus.blend import Blend
from corpus.card import Card, identify
from corpus.embed import Embedder
from corpus.evidence import Evidence
from corpus.minilm import MiniLM
from corpus.read import bundled_decks, read_decks
from corpus.rerank import SIZE, merged
from corpus.retrieve import Retriever

__all__ = ["Asked", "fit_bar", "fit_basis", "fit_odds", "gather", "main"]

Floats = NDArray[np.float64]

# A query whose cards were taken away counts for less than one that people wrote to have no answer.
_TAKEN_AWAY = 0.3
# The decks' own questions are learners' queries too, but there are many and they are easy.
_AS_WRITTEN = 0.3
_FALSE_REFUSALS = 0.05
_FOLDS = 5
_EVERY = 5  # of StackFAQ, every so many queries
_STATES = (
    "asked", "terse_gap", "named", "margin", "question_worst", "joins", "question_gap", "exact", "number", "gap",
    "dense", "strength", "fact",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """Evidence of a query, whether the cards answer it, its weight and topic; `kind` of a real one."""

    evidence: Evidence
    answered: bool
    weight: float
    topic: str
    kind: str = ""

    @property
    def fold(self) -> int:
        """Which fold its topic falls into."""
        return sha256(self.topic.encode()).digest()[0] % _FOLDS


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def stackfaq(data: Path) -> tuple[tuple[Card, ...], list[dict[str, Any]]]:
    """The cards of StackFAQ with their first answers, and its queries with the questions that are right for them."""
    raw = _lines(data / "retrieval" / "stackfaq_cards.jsonl")
    cards = [
        Card(id="", deck="StackFAQ", index=at, question=one["question"], answer=one["answers"][0][:700], path="sf")
        for at, one in enumerate(raw, start=1)
    ]
    question = {one["card_id"]: one["question"] for one in raw}
    queries = _lines(data / "retrieval" / "stackfaq_queries.jsonl")
    return identify(cards), [{**one, "relevant": [question[name] for name in one["relevant"]]} for one in queries]


def fit_basis(data: Path, embedder: MiniLM) -> NDArray[np.float16]:
    """Principal directions of word states over reference texts, half whitened, with the mean last: shape (385, 64)."""
    texts = [card.text for card in stackfaq(data)[0]]
    for path in sorted((data / "grading").glob("*.jsonl")):
        texts += dict.fromkeys(f"{one['question']}\n{one['reference']}" for one in _lines(path))
    states = np.vstack([merged(pieces)[1] for pieces in embedder.tokens(texts)]).astype(np.float64)
    mean = states.mean(axis=0)
    values, vectors = np.linalg.eigh((states - mean).T @ (states - mean) / len(states))
    basis = vectors[:, ::-1][:, :SIZE] * values[::-1][:SIZE] ** -0.125
    basis *= np.sign(basis[:1]) / np.abs(basis).max()
    return np.vstack([basis, -(mean @ basis)[None]]).astype(np.float16)


def gather(
    cards: Sequence[Card], embedder: Embedder | None, queries: Sequence[dict[str, Any]], weight: float
) -> list[Asked]:
    """The evidence for each query and, where cards answer it, for the same query with these cards taken away."""
    seen: list[Asked] = []
    with TemporaryDirectory() as folder:
        retriever = Retriever(cards, embedder, Path(folder))
        for one in queries:
            answers = [card.id for card in retriever.cards.values() if card.question in one["relevant"]]
            topic = one.get("topic") or "".join(one["relevant"][:1]) or one["query"]
            found = retriever.evidence(one["query"])
            if found is not None:
                own = weight * one.get("weight", 1.0)
                kind = one.get("kind", "")
                seen.append(Asked(evidence=found, answered=bool(answers), weight=own, topic=topic, kind=kind))
            without = retriever.evidence(one["query"], exclude=answers) if answers and "weight" not in one else None
            if without is not None:
                seen.append(Asked(evidence=without, answered=False, weight=weight * _TAKEN_AWAY, topic=topic))
        if retriever.index is not None:
            retriever.index.wait()
        retriever.close()
    return seen


def fit_odds(seen: Sequence[Asked], names: Sequence[str]) -> dict[str, float]:
    """Logistic regression with a slight pull to zero on standardised evidence; `offset` is its constant."""
    from scipy.optimize import minimize

    values = np.array([[float(getattr(one.evidence, name)) for name in names] for one in seen])
    answered = np.array([float(one.answered) for one in seen])
    weights = np.array([one.weight for one in seen])
    mean, spread = values.mean(axis=0), values.std(axis=0) + 1e-9
    scaled = (values - mean) / spread

    def loss(given: Floats) -> tuple[float, Floats]:
        odds = scaled @ given[:-1] + given[-1]
        miss = (1 / (1 + np.exp(-odds)) - answered) * weights
        total = (weights * np.logaddexp(0, np.where(answered > 0, -odds, odds))).sum() + (given[:-1] ** 2).sum() / 2
        return float(total), np.append(scaled.T @ miss + given[:-1], miss.sum())

    found: Floats = minimize(loss, np.zeros(len(names) + 1), jac=True).x
    slopes = found[:-1] / spread
    return {**dict(zip(names, slopes.tolist(), strict=True)), "offset": float(found[-1] - slopes @ mean)}


def probability(fitted: Mapping[str, float], seen: Evidence) -> float:
    """What `corpus.blend` makes of the evidence with these numbers."""
    odds = {name: value for name, value in fitted.items() if name != "offset"}
    return Blend(odds=odds, offset=fitted["offset"]).probability(seen)


def fit_bar(seen: Sequence[Asked], names: Sequence[str]) -> float:
    """The bar that refuses one in twenty answered queries, each judged by numbers fitted on other topics."""
    chances = []
    for fold in range(_FOLDS):
        fitted = fit_odds([one for one in seen if one.fold != fold], names)
        mine = [one for one in seen if one.fold == fold and one.kind and one.answered]
        chances += [probability(fitted, one.evidence) for one in mine]
    return float(np.quantile(chances, _FALSE_REFUSALS))


class _VectorsOnly:
    """An embedder that hides its word states, as a server's does."""

    def __init__(self, embedder: MiniLM) -> None:
        self._embedder = embedder
        self.identity = f"{embedder.identity}/vectors"
        self.dimensions = embedder.dimensions

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """The vectors of the embedder behind it."""
        return self._embedder.embed(texts)


def _shares(held: Sequence[Asked], fitted: Mapping[str, float], bar: float) -> Iterator[str]:
    """The share of queries that were rightly answered or refused, by kind, with 95% intervals (Wilson 1927)."""
    groups: dict[str, list[bool]] = {}
    for one in held:
        if one.kind:
            hit = (probability(fitted, one.evidence) >= bar) == one.answered
            groups.setdefault("all answerable" if one.answered else "all unanswerable", []).append(hit)
            groups.setdefault(one.kind, []).append(hit)
    for kind, right in sorted(groups.items()):
        count, share, z = len(right), sum(right) / len(right), 1.96
        middle = (share + z * z / (2 * count)) / (1 + z * z / count)
        half = z / (1 + z * z / count) * float(np.sqrt(share * (1 - share) / count + z * z / (4 * count * count)))
        yield f"  {kind}: {share:.3f} [{middle - half:.3f}, {middle + half:.3f}] of {count}"


def _report(data: Path, queries: Sequence[Path], embedder: MiniLM) -> Iterator[str]:
    own = [one for path in queries for one in _lines(path)]
    bundled = [card for deck in read_decks(bundled_decks()) for card in deck.cards]
    written = dict.fromkeys(card.question for card in bundled)
    tuned = [one for one in own if one["half"] == "tune"]
    tuned += [{"query": one, "relevant": [one], "weight": _AS_WRITTEN} for one in written]
    cards, asked = stackfaq(data)
    asked = [{**one, "kind": ""} for one in asked[::_EVERY]]
    ways: dict[str, tuple[Embedder | None, Sequence[str]]] = {
        "BY_STATES": (embedder, _STATES),
        "BY_MEANING": (_VectorsOnly(embedder), ("dense", "lexical", "lead", "asked")),
        "BY_WORDS": (None, ("lexical", "lead", "asked")),
    }
    for way, (made, names) in ways.items():
        seen = gather(bundled, made, tuned, 1.0) + gather(cards, made, asked, 0.1 * _EVERY)
        fitted, bar = fit_odds(seen, names), fit_bar(seen, names)
        yield f"{way} bar={bar:.3f} " + " ".join(f"{name}={value:.3f}" for name, value in fitted.items())
        yield from _shares(gather(bundled, made, [one for one in own if one["half"] != "tune"], 1.0), fitted, bar)


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the fitted numbers; with `--write` also writes states.npy."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("queries", type=Path, nargs="+")
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args(arguments)
    with TemporaryDirectory() as cache:
        embedder = MiniLM.load(Path(cache))
        if given.write:
            np.save(Path(__file__).with_name("states.npy"), fit_basis(given.data, embedder))
        for line in _report(given.data, given.queries, embedder):
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
