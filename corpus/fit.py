"""Fits the numbers that ship in `states.npy` and in `corpus.blend`: `python -m corpus.fit DATA QUERIES [--write]`.

DATA is a folder with the public sets `retrieval/` (StackFAQ, Karan and Snajder 2018) and `grading/`;
QUERIES a file like tests/corpus/queries.jsonl, of which only the half marked `tune` is read. Not used at run time.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from hashlib import sha256
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpus.blend import Evidence
from corpus.card import Card, identify
from corpus.embed import Embedder
from corpus.minilm import MiniLM
from corpus.read import bundled_decks, read_decks
from corpus.rerank import SIZE, merged
from corpus.retrieve import Retriever

__all__ = ["fit_basis", "fit_odds", "main"]

Floats = NDArray[np.float64]

# A query whose cards were taken away counts for less than one that people wrote to have no answer.
_TAKEN_AWAY = 0.4
_FOLDS = 8
_FALSELY_REFUSED = 0.05
# Evidence of a query, whether the cards answer it, and how much it counts.
Seen = tuple[Evidence, bool, float]


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
) -> list[Seen]:
    """The evidence for each query and, where cards answer it, for the same query with these cards taken away."""
    seen: list[Seen] = []
    with TemporaryDirectory() as folder:
        retriever = Retriever(cards, embedder, Path(folder))
        for one in queries:
            answers = [card.id for card in retriever.cards.values() if card.question in one["relevant"]]
            found = retriever.evidence(one["query"])
            if found is not None:
                seen.append((found, bool(answers), weight))
            without = retriever.evidence(one["query"], exclude=answers) if answers else None
            if without is not None:
                seen.append((without, False, weight * _TAKEN_AWAY))
        if retriever.index is not None:
            retriever.index.wait()
        retriever.close()
    return seen


def fit_odds(seen: Sequence[Seen], names: Sequence[str]) -> dict[str, float]:
    """Logistic regression with a slight pull to zero on standardised evidence; `offset` is its constant."""
    from scipy.optimize import minimize

    values = np.array([[_value(one, name) for name in names] for one, _, _ in seen])
    answered = np.array([float(one) for _, one, _ in seen])
    weights = np.array([one for _, _, one in seen])
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


def _value(seen: Evidence, name: str) -> float:
    value = float(getattr(seen, name))
    return float(np.log1p(min(value, 12))) if name == "asked" else value


def _fold(query: dict[str, Any]) -> int:
    """One of the parts that are fitted without each other; queries on one topic fall into one part."""
    return int(sha256((query.get("topic") or query["query"]).encode()).hexdigest(), 16) % _FOLDS


def _bar(parts: Sequence[Sequence[Seen]], more: Sequence[Seen], names: Sequence[str]) -> float:
    """The probability that all but a twentieth of the answerable queries reach, each by a fit that has not seen it."""
    reached = []
    for part in parts:
        fitted = fit_odds([*chain(*(other for other in parts if other is not part)), *more], names)
        odds = [
            fitted["offset"] + sum(fitted[name] * _value(one, name) for name in names) for one, yes, _ in part if yes
        ]
        reached += [1 / (1 + float(np.exp(-value))) for value in odds]
    return float(np.quantile(reached, _FALSELY_REFUSED))


class _VectorsOnly:
    """An embedder that hides its word states, as a server's does."""

    def __init__(self, embedder: MiniLM) -> None:
        self._embedder = embedder
        self.identity = f"{embedder.identity}/vectors"
        self.dimensions = embedder.dimensions

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """The vectors of the embedder behind it."""
        return self._embedder.embed(texts)


def _report(data: Path, queries: Path, embedder: MiniLM) -> Iterator[str]:
    own = [one for one in _lines(queries) if one["half"] == "tune"]
    bundled = [card for deck in read_decks(bundled_decks()) for card in deck.cards]
    cards, asked = stackfaq(data)
    ways: dict[str, tuple[Embedder | None, Sequence[str]]] = {
        "BY_STATES": (embedder, ("late", "worst", "lead", "asked", "named")),
        "BY_MEANING": (_VectorsOnly(embedder), ("dense", "lexical", "lead", "asked", "named")),
        "BY_WORDS": (None, ("lexical", "lead", "asked", "named")),
    }
    for way, (made, names) in ways.items():
        parts = [gather(bundled, made, [one for one in own if _fold(one) == fold], 1.0) for fold in range(_FOLDS)]
        more = gather(cards, made, asked, 0.1)
        fitted = fit_odds([*chain(*parts), *more], names)
        numbers = " ".join(f"{name}={value:.2f}" for name, value in fitted.items())
        yield f"{way} {numbers} bar={_bar(parts, more, names):.3f}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the fitted numbers; with `--write` also writes states.npy."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("queries", type=Path)
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
