"""Tries the matcher's coefficients on questions kept apart and writes the fitting report, `match.md`.

Used by `fit.py` only; the product never imports it.
"""

from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .coefficients import Model, arrays
from .contrast import CONTRADICTED
from .features import ANSWER_VECTORS, ANSWER_WORDS
from .fit import Rows, answer_columns, boost, case_weights, fit_against, logistic

Floats = NDArray[np.floating[Any]]
_FOLDS = 5
# Two numbers that need no fitting, so that folds can be compared with other people's: columns of the answer row.
_SIMPLE = tuple((*ANSWER_WORDS, *ANSWER_VECTORS).index(name) for name in ("f1", "cosine"))


def _probabilities(train: Rows, test: Rows, vectors: bool) -> Floats:
    columns = answer_columns(vectors)
    weights = case_weights(train)
    spec = {"answer": logistic(train.whole, train.score, weights, columns, 0.05)}
    trees = boost(train.whole, train.score, weights, columns)
    model = Model({**spec, "trees": arrays(trees)})
    return np.array([model.answer(row) for row in test.whole])


def _folds(groups: NDArray[np.str_]) -> NDArray[np.int64]:
    names = sorted(set(groups.tolist()))
    np.random.default_rng(0).shuffle(names)
    turn = {name: at % _FOLDS for at, name in enumerate(names)}
    return np.array([turn[name] for name in groups.tolist()])


def apart(rows: Rows, vectors: bool) -> Floats:
    """For each case, the probability from a model that never saw its question."""
    fold = _folds(rows.group)
    found = np.zeros(len(rows.score))
    for at in range(_FOLDS):
        found[fold == at] = _probabilities(rows.only(fold != at), rows.only(fold == at), vectors)
    return found


def sources_apart(rows: Rows, vectors: bool) -> Floats:
    """For each marked case, the probability from a model that never saw its data set."""
    home = np.array([group.split(":")[0] for group in rows.group.tolist()])
    found = np.zeros(len(rows.score))
    for name in sorted(set(home.tolist())):
        found[home == name] = _probabilities(rows.only(home != name), rows.only(home == name), vectors)
    return found


def _figures(marks: Floats, guess: Floats) -> str:
    metrics = import_module("sklearn.metrics")
    right = marks >= 0.5
    sure = np.abs(guess - 0.5) >= np.median(np.abs(guess - 0.5))
    called = guess >= 0.5
    return " | ".join(
        f"{value:.3f}"
        for value in (
            np.corrcoef(marks, guess)[0, 1],
            (called == right).mean(),
            metrics.cohen_kappa_score(right, called),
            metrics.roc_auc_score(right, guess),
            (called == right)[sure].mean(),
        )
    )


def _table(rows: Rows, guess: Floats) -> list[str]:
    lines = [
        "| data | answers | r, word F1 | r, MiniLM cosine | r | accuracy | kappa | AUC | accuracy, surest half |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name in sorted(set(rows.source.tolist()) - {"contrast"}):
        chosen = rows.source == name
        marks = rows.score[chosen]
        simple = " | ".join(f"{np.corrcoef(marks, rows.whole[chosen, at])[0, 1]:.3f}" for at in _SIMPLE)
        lines.append(f"| {name} | {int(chosen.sum())} | {simple} | {_figures(marks, guess[chosen])} |")
    return lines


def _contrasts(rows: Rows, guess: Floats) -> list[str]:
    lines = ["| made answers | number | worth | mean probability | above .8 |", "|---|---|---|---|---|"]
    for kind in sorted(set(rows.kind.tolist()) - {"human"}):
        chosen = rows.kind == kind
        lines.append(
            f"| {kind.removeprefix('h_')}{' (of a learner)' if kind.startswith('h_') else ''} | {int(chosen.sum())} | "
            f"{rows.score[chosen].mean():.2f} | {guess[chosen].mean():.2f} | {(guess[chosen] > 0.8).mean():.3f} |"
        )
    return lines


def _against(rows: Rows) -> list[str]:
    """How often points are called contradicted by a model that never saw the question."""
    fold = _folds(rows.group)
    chance = np.zeros(len(rows.points))
    for at in range(_FOLDS):
        model = Model({"against": fit_against(rows.only(fold != at), vectors=True)})
        chance[fold[rows.owner] == at] = model.against(rows.points[fold[rows.owner] == at])
    kind = rows.kind[rows.owner]
    turned = np.array([k.removeprefix("h_") in CONTRADICTED for k in kind.tolist()]) & (rows.touched == 1)
    told: tuple[tuple[str, NDArray[np.bool_]], ...] = (
        ("points turned round", turned),
        ("points of answers that people found right", np.isnan(rows.touched) & (rows.score[rows.owner] >= 0.9)),
        ("points of terse and verbatim answers", (kind == "terse") | (kind == "verbatim")),
    )
    return [
        f"- {name}: {int(chosen.sum())}, of them {100 * (chance[chosen] >= 0.6).mean():.1f}% called contradicted"
        for name, chosen in told
    ]


def report(rows: Rows) -> str:
    """The fitting report as Markdown."""
    names = len(ANSWER_WORDS) + len(ANSWER_VECTORS)
    lines = [
        "# How the matcher was fitted",
        "",
        f"{len(rows.score)} answers to {len(set(rows.group.tolist()))} questions, {names} numbers each: public answers",
        "marked by people (Beetle and SciEntsBank of SemEval-2013 task 7; Mohler et al. 2011; DigiKlausur neural",
        "networks; SAF communication networks, Filighera et al. 2022) and contrast answers made from their references.",
        "Made by `python -m tutor.fit DATA_FOLDER`. No question is in both the training and the test part of a figure.",
    ]
    ways: tuple[tuple[str, bool, Callable[[Rows, bool], Floats]], ...] = (
        ("With the embedder, other questions", True, apart),
        ("With the embedder, other data sets", True, sources_apart),
        ("From words alone, other questions", False, apart),
    )
    for title, vectors, way in ways:
        guess = way(rows, vectors)
        lines += ["", f"## {title}", "", *_table(rows, guess)]
        if way is apart:
            lines += ["", *_contrasts(rows, guess)]
    return "\n".join([*lines, "", "## Contradiction", "", *_against(rows), ""])


__all__ = ["apart", "report", "sources_apart"]
