"""Fits the matcher's coefficients: `python -m tutor.fit DATA_FOLDER` writes `match.json` and `match.md` beside it.

DATA_FOLDER holds JSON Lines files of {group, question, reference, answer, score}, marked by people; contrast answers
are made from their references. Needs scikit-learn and lightgbm, which the product itself does not.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpus.keypoints import split
from corpus.minilm import MiniLM

from .clauses import prepare
from .coefficients import Model
from .config import load_settings
from .contrast import CONTRADICTED, contrasts, turned
from .features import ANSWER_VECTORS, ANSWER_WORDS, POINT_VECTORS, POINT_WORDS
from .match import Job, Matcher, point_weights, shifted

Floats = NDArray[np.floating[Any]]

CONTRAST_WEIGHT = 0.5
SHORT = 45  # words of a reference that is like a card's
MOST = 1_600  # answers of one data set, so that school science, of which there is most, does not decide for all
# Numbers that only name the data set (how long its references are) or mean nothing on a new deck are left out.
_POINT_SKIP = {"size", "whole_cosine"}
_ANSWER_SKIP = {"length"}
_AGAINST = (
    "opposed", "negated", "number", "swapped", "subject", "clash", "recall", "clause_recall", "clause_f", "size",
    "bigrams", "clause_cosine", "clause_hybrid",
)  # fmt: skip
_RISING = frozenset(
    """recall new_recall f1 new_f1 trigrams point_mean point_min point_max point_half bigrams numbers cosine
    token_recall token_f1 new_token_recall clause_mean clause_min clause_max clause_half clause_most
    blend_mean blend_min blend_half residual_cosine residual_mean hybrid hybrid_mean hybrid_min hybrid_most""".split()
)
_FALLING = frozenset({"clash_mean", "clash_max", "negated"})
_TREES = {
    "num_leaves": 15, "learning_rate": 0.03, "min_data_in_leaf": 40, "lambda_l2": 5.0, "feature_fraction": 0.6,
    "bagging_fraction": 0.7, "bagging_freq": 1, "objective": "cross_entropy", "verbosity": -1, "seed": 7,
    "num_threads": 2,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Case:
    """One answer to learn from; `touched` says which points are known to be unmade (None: a person marked it)."""

    source: str
    group: str
    kind: str
    job: Job
    score: float
    some: float
    touched: tuple[bool, ...] | None = None


@dataclass(frozen=True, slots=True)
class Rows:
    """The measured cases: one row a case in `whole`; one row a point in `points`, whose case is `owner`."""

    source: NDArray[np.str_]
    group: NDArray[np.str_]
    kind: NDArray[np.str_]
    score: Floats
    some: Floats
    whole: Floats
    points: Floats
    owner: NDArray[np.int64]
    share: Floats
    touched: Floats

    def only(self, chosen: NDArray[np.bool_]) -> "Rows":
        """The chosen cases."""
        inner = chosen[self.owner]
        place = np.cumsum(chosen) - 1
        return Rows(
            self.source[chosen], self.group[chosen], self.kind[chosen], self.score[chosen], self.some[chosen],
            self.whole[chosen], self.points[inner], place[self.owner[inner]], self.share[inner], self.touched[inner],
        )  # fmt: skip


def cases(folder: Path) -> Iterator[Case]:
    """Every line of every .jsonl file in `folder`, then the contrast answers made from them."""
    marked = list(_marked(folder))
    yield from marked
    groups: dict[tuple[str, str], list[Case]] = {}
    for case in marked:
        groups.setdefault((case.group, case.job.reference), []).append(case)
    for at, key in enumerate(sorted(groups)):
        source = groups[key][0].source
        others = [ref for group, ref in sorted(groups) if group.split(":")[0] == source and group != key[0]]
        Random(at).shuffle(others)
        yield from _made(groups[key], others[:6], at)


def _marked(folder: Path) -> Iterator[Case]:
    lines: dict[str, list[str]] = {}
    for path in sorted(folder.glob("*.jsonl")):
        lines.setdefault(path.stem.split("_")[0], []).extend(path.read_text(encoding="utf-8").splitlines())
    for source, rows in lines.items():
        for line in map(json.loads, Random(source).sample(rows, min(MOST, len(rows)))):
            score = float(line["score"])
            part = 0.5 if line.get("label5") == "partially_correct_incomplete" else 0.0
            job = Job(
                question=line["question"],
                points=split(line["reference"], line["question"]),
                reference=line["reference"],
                answer=line["answer"],
            )
            some = float(max(score, part) >= 0.25)
            yield Case(source, f"{source}:{line['group']}", "human", job, score, some)


def _made(marked: Sequence[Case], others: Sequence[str], seed: int) -> Iterator[Case]:
    first = marked[0]
    job = first.job
    if len(prepare(job.reference).words) > SHORT:
        return  # made answers to essay questions say little about cards, and teach the model wrong habits on essays
    weights = point_weights([prepare(f"{p.head}: {p.text}" if p.head else p.text) for p in job.points])

    def case(kind: str, answer: str, touched: tuple[bool, ...]) -> Case:
        score = sum(share for share, unmade in zip(weights, touched, strict=True) if not unmade)
        made = Job(question=job.question, points=job.points, reference=job.reference, answer=answer)
        return Case("contrast", first.group, kind, made, score, float(score >= 0.25), touched)

    for made in contrasts(job.question, job.points, others, seed=seed):
        if made.kind not in ("attack", "copied_question"):
            yield case(made.kind, made.answer, made.touched)
    good = [one.job.answer for one in marked if one.score >= 0.9]
    Random(seed).shuffle(good)
    for answer in good[:3] if len(job.points) == 1 else []:
        for kind, text in turned(answer, seed):
            yield case(kind, text, (True,))


def gather(found: Sequence[Case], matcher: Matcher) -> Rows:
    """Measure every case."""
    whole, points = [], []
    owner: list[int] = []
    share: list[float] = []
    touched: list[float] = []
    for at, case in enumerate(found):
        numbers, weights = matcher.measured(case.job)
        whole.append(numbers.whole)
        points.append(numbers.points)
        owner.extend([at] * len(numbers.points))
        share.extend(weights)
        touched.extend([np.nan] * len(weights) if case.touched is None else map(float, case.touched))
    return Rows(
        np.array([c.source for c in found]), np.array([c.group for c in found]), np.array([c.kind for c in found]),
        np.array([c.score for c in found]), np.array([c.some for c in found]), np.array(whole, float),
        np.vstack(points).astype(float), np.array(owner), np.array(share), np.array(touched),
    )  # fmt: skip


def _columns(names: Sequence[str], skip: set[str], keep: int) -> list[int]:
    return [at for at, name in enumerate(names) if name not in skip and at < keep]


def answer_columns(vectors: bool) -> list[int]:
    """Which columns of the answer row a model uses."""
    names = (*ANSWER_WORDS, *ANSWER_VECTORS)
    return _columns(names, _ANSWER_SKIP, len(names) if vectors else len(ANSWER_WORDS))


def point_columns(vectors: bool) -> list[int]:
    """Which columns of a point row a model uses."""
    names = (*POINT_WORDS, *POINT_VECTORS)
    return _columns(names, _POINT_SKIP, len(names) if vectors else len(POINT_WORDS))


def _round(values: Any) -> list[float]:  # noqa: ANN401  any array
    return [float(f"{value:.5g}") for value in values]


def logistic(rows: Floats, soft: Floats, weights: Floats, columns: list[int], strength: float) -> dict[str, Any]:
    """A standardised logistic regression on soft labels."""
    chosen = rows[:, columns]
    mean, scale = chosen.mean(axis=0), np.maximum(chosen.std(axis=0), 1e-3)
    scaled = np.clip((chosen - mean) / scale, -4, 4)
    learner = import_module("sklearn.linear_model").LogisticRegression(C=strength, max_iter=2000)
    both = np.r_[np.ones(len(scaled)), np.zeros(len(scaled))]
    learner.fit(np.vstack([scaled, scaled]), both, sample_weight=np.r_[weights * soft, weights * (1 - soft)] + 1e-9)
    return {
        "columns": columns,
        "mean": _round(mean),
        "scale": _round(scale),
        "weights": _round(learner.coef_[0]),
        "bias": round(float(learner.intercept_[0]), 5),
    }


def case_weights(rows: Rows) -> Floats:
    """Each source counts with the root of its size, contrast answers less."""
    names = rows.source.tolist()
    counts = {name: names.count(name) for name in set(names)}
    weights = np.array([counts[name] ** -0.5 * (CONTRAST_WEIGHT if name == "contrast" else 1.0) for name in names])
    result: Floats = weights / weights.mean()
    return result


def boost(rows: Floats, soft: Floats, weights: Floats, columns: list[int], rounds: int = 300) -> dict[str, Any]:
    """Monotone boosted trees on soft labels, as flat lists that numpy can walk."""
    lightgbm = import_module("lightgbm")
    names = (*ANSWER_WORDS, *ANSWER_VECTORS)
    monotone = [(names[c] in _RISING) - (names[c] in _FALLING) for c in columns]
    data = lightgbm.Dataset(rows[:, columns], label=soft, weight=weights)
    booster = lightgbm.train({**_TREES, "monotone_constraints": monotone}, data, num_boost_round=rounds)
    return _flat([tree["tree_structure"] for tree in booster.dump_model()["tree_info"]], columns)


def _flat(trees: Sequence[dict[str, Any]], columns: list[int]) -> dict[str, Any]:
    flat: dict[str, list[Any]] = {key: [] for key in ("feature", "threshold", "left", "right", "value", "roots")}

    def grow(tree: dict[str, Any]) -> int:
        at = len(flat["feature"])
        leaf = "leaf_value" in tree
        flat["feature"].append(-1 if leaf else columns[tree["split_feature"]])
        flat["threshold"].append(0.0 if leaf else float(f"{tree['threshold']:.5g}"))
        flat["value"].append(float(f"{tree['leaf_value']:.4g}") if leaf else 0.0)
        flat["left"].append(at)
        flat["right"].append(at)
        if not leaf:
            flat["left"][at] = grow(tree["left_child"])
            flat["right"][at] = grow(tree["right_child"])
        return at

    for tree in trees:
        flat["roots"].append(grow(tree))
    return flat


def fit_points(rows: Rows, vectors: bool, rounds: int = 3) -> dict[str, Any]:
    """The model of one point. People marked whole answers, so the labels of points are made to agree with marks.

    Each round moves the estimates of an answer's points together until their mean is its mark. For contrast answers it
    is known which points are made.
    """
    columns = point_columns(vectors)
    weights = case_weights(rows)[rows.owner] * rows.share
    known = ~np.isnan(rows.touched)
    labels = np.where(known, 1 - np.nan_to_num(rows.touched), rows.score[rows.owner])
    edges = np.searchsorted(rows.owner, np.arange(len(rows.score) + 1))
    spec = logistic(rows.points, labels, weights, columns, 0.05)
    for _ in range(rounds):
        guess = Model({"point": spec}).points(rows.points)
        moved = [
            shifted(guess[a:b], rows.share[a:b], float(np.clip(mark, 0.02, 0.98)))
            for a, b, mark in zip(edges, edges[1:], rows.score, strict=False)
        ]
        labels = np.where(known, labels, np.concatenate(moved))
        spec = logistic(rows.points, labels, weights, columns, 0.05)
    return spec


def fit_against(rows: Rows, vectors: bool) -> dict[str, Any]:
    """The model of contradiction: contrast answers that turn a point round against all others and right answers."""
    names = (*POINT_WORDS, *POINT_VECTORS)
    kinds = np.array([kind.removeprefix("h_") in CONTRADICTED for kind in rows.kind.tolist()])[rows.owner]
    touched = np.nan_to_num(rows.touched) == 1
    human = np.isnan(rows.touched)
    positive = touched & kinds
    use = positive | (~human & ~kinds) | (~human & ~touched) | (human & (rows.score[rows.owner] >= 0.9))
    columns = [names.index(name) for name in _AGAINST if vectors or name in POINT_WORDS]
    # Calling a right answer contradicted costs a learner more than missing a contradiction, which unsettles it anyway.
    weights = np.where(human[use], 2.0, 1.0)
    return logistic(rows.points[use], positive[use].astype(float), weights, columns, 1.0)


def fit_model(rows: Rows, vectors: bool) -> dict[str, Any]:
    """All coefficients of one model."""
    columns = answer_columns(vectors)
    weights = case_weights(rows)
    graded = np.array([not source.startswith("sci") for source in rows.source.tolist()])
    return {
        "point": fit_points(rows, vectors),
        "against": fit_against(rows, vectors),
        "answer": logistic(rows.whole, rows.score, weights, columns, 0.05),
        "some": logistic(rows.whole[graded], rows.some[graded], weights[graded], columns, 0.05),
        "trees": boost(rows.whole, rows.score, weights, columns),
    }


def main() -> None:
    """Measure, fit, try on questions kept apart, write."""
    if len(sys.argv) != 2:
        raise SystemExit("usage: python -m tutor.fit DATA_FOLDER")
    if missing := [name for name in ("sklearn", "lightgbm") if find_spec(name) is None]:
        raise SystemExit(f"Fitting needs {' and '.join(missing)}, not in the lock: pip install scikit-learn lightgbm")
    here = Path(__file__)
    rows = gather(list(cases(Path(sys.argv[1]))), Matcher(MiniLM.load(load_settings().cache_dir)))
    models = {"vectors": fit_model(rows, True), "words": fit_model(rows, False)}
    here.with_name("match.json").write_text(json.dumps({"models": models}, separators=(",", ":")), encoding="utf-8")
    here.with_name("match.md").write_text(import_module("tutor.trial").report(rows), encoding="utf-8")


if __name__ == "__main__":
    main()
