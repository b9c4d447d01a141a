"""What can be measured between a card and an answer, as named numbers: words in common, vectors, key points, clashes.

Judges nothing: `match.py` turns the numbers into support and a probability with coefficients that `fit.py` makes.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import log1p

import numpy as np
from numpy.typing import NDArray

from .aligned import Score, reasons_against
from .attack import idle, sentences
from .clauses import FUNCTION, Clause, Prepared, Word
from .contradiction import Clash, together
from .formula import compare
from .likeness import letter_cosine, likeness, mean, peak, standing, weigh
from .recited import misquoted
from .states import Seen
from .subjects import Parts, crossings

Floats = NDArray[np.float32]

_WRONG = {"other": (Clash("formula", 0.95, "its formula", "another"),), "same": (), "": ()}
_KINDS = ("opposed", "negated", "number", "swapped", "subject")
POINT_WORDS = (
    "recall", "new_recall", "clause_recall", "clause_f", "bigrams", "clash", "opposed", "negated", "number", "swapped",
    "subject", "size",
)  # fmt: skip
POINT_VECTORS = (
    "clause_cosine", "token_recall", "new_token_recall", "clause_token_recall", "whole_cosine", "clause_residual",
    "hybrid", "clause_hybrid",
)  # fmt: skip
ANSWER_WORDS = (
    "recall", "new_recall", "precision", "f1", "new_f1", "trigrams", "question_share", "new_share",
    "function_share", "ratio", "length", "point_mean", "point_min", "point_max", "point_half",
    "clash_mean", "clash_max", "negated", "bigrams", "numbers",
)  # fmt: skip
ANSWER_VECTORS = (
    "cosine", "question_cosine", "gain_cosine", "token_recall", "token_precision", "token_f1", "new_token_recall",
    "clause_mean", "clause_min", "clause_max", "clause_half", "clause_most", "blend_mean", "blend_min", "blend_half",
    "residual_cosine", "residual_mean", "hybrid", "hybrid_precision", "hybrid_mean", "hybrid_min", "hybrid_most",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Target:
    """The card side, prepared once: question, reference, and its points, whose first `heads` words are their head."""

    question: Seen
    reference: Seen
    points: tuple[Seen, ...]
    weights: tuple[float, ...]
    heads: tuple[int, ...]
    parts: tuple[Parts, ...] = ()


@dataclass(frozen=True, slots=True)
class Measured:
    """The numbers for one answer: a row a point, a row for the whole, each point's clause and clashes.

    `said` is how well the best said of each point's own words is said, `stated` whether the point stands there word by
    word; `apart` and `idle` are places of the answer.
    """

    points: Floats
    whole: Floats
    spans: tuple[tuple[int, int], ...]
    clashes: tuple[tuple[Clash, ...], ...]
    said: tuple[float, ...] = ()
    stated: tuple[bool, ...] = ()
    apart: tuple[tuple[int, int], ...] = ()
    idle: tuple[tuple[int, int], ...] = ()


def _f(precision: float, recall: float) -> float:
    return 2 * precision * recall / (precision + recall) if precision + recall > 0 else 0.0


def _pairs(words: Sequence[Word]) -> set[tuple[str, str]]:
    return set(pairwise(word.stem for word in words if word.content))


def _share(ours: set[tuple[str, str]], theirs: set[tuple[str, str]]) -> float:
    return len(ours & theirs) / len(ours) if ours else 0.0


def _line(text: Prepared) -> str:
    return " ".join(word.text for word in text.words[:600])


def measure(target: Target, answer: Seen) -> Measured:
    """The numbers for one answer to one card; without vectors, their columns are 0."""
    swaps = crossings(target.parts, [answer.text.words[clause.first : clause.last] for clause in answer.text.clauses])
    fitted = [_fitted(point, answer, target.question) for point in target.points]
    spoken = (one.scores for one in fitted if one.scores)  # a point may have no words at all
    tops = [max(score[0] for score in row) for row in zip(*spoken, strict=True)]
    own = [point.text.words[head:] for point, head in zip(target.points, target.heads, strict=True)]
    stated = [standing(answer.text.words, words) for words in own]
    places = [place for place in stated if place]
    quoted = [misquoted(words, answer.text.words, target.question.text.stems) for words in own]
    worked = [compare(point.text.text, answer.text.text) for point in target.points]
    found = [
        _point(point, answer, target.question, fits, (tops, places), (*swaps.get(at, ()), *_WRONG[worked[at]], *wrong))
        for at, (point, fits, wrong) in enumerate(zip(target.points, fitted, quoted, strict=True))
    ]
    width = len(POINT_WORDS) + len(POINT_VECTORS)
    points = np.array([one.row for one in found], np.float32).reshape(len(found), width)
    return Measured(
        points,
        _whole(target, answer, points),
        tuple(one.span for one in found),
        tuple(one.clashes for one in found),
        tuple(float(one.cover.max(initial=0.0)) for one in found),
        tuple(place is not None or same == "same" for place, same in zip(stated, worked, strict=True)),
        _apart(answer, [one.fits for one in found if one.fits]),
        idle(answer.text, [one.cover for one in found], [one.shares for one in found]),
    )


@dataclass(frozen=True, slots=True)
class _Found:
    """What was found for one point: its numbers, its best clause, clashes, and how well each clause fits.

    `cover`: how well each of its own words (of weight `shares`) is said by each sentence.
    """

    row: list[float]
    span: tuple[int, int]
    clashes: tuple[Clash, ...] = ()
    fits: tuple[float, ...] = ()
    cover: Floats = field(default_factory=lambda: np.zeros((0, 0), np.float32))
    shares: Floats = field(default_factory=lambda: np.zeros(0, np.float32))


def _apart(answer: Seen, fits: Sequence[tuple[float, ...]]) -> tuple[tuple[int, int], ...]:
    """The places of clauses that say something and have to do with no point."""
    best = [max(row) for row in zip(*fits, strict=True)]
    found: list[tuple[int, int]] = []
    limit = 0.36 if answer.states is not None else 0.1
    for clause, fit in zip(answer.text.clauses, best, strict=False):
        strong = sum(word.content for word in answer.text.words[clause.first : clause.last])
        inside = any(start <= clause.start and clause.end <= end for start, end in found)
        if strong >= 3 and fit < limit and not inside:
            found.append((clause.start, clause.end))
    return tuple(found)


def _cover(point: Seen, answer: Seen, known: frozenset[str], both: Floats) -> tuple[Floats, Floats]:
    """How well each sentence says each word that only the point has, not the question, and what each word weighs."""
    words = point.text.words
    own = [at for at, word in enumerate(words) if word.weight >= 1 and word.stem not in known]
    if own:
        both = both * np.array([word.stem not in known for word in answer.text.words], np.float32)
    own = own or [at for at, word in enumerate(words) if word.content] or list(range(len(words)))
    shares = np.array([words[at].weight for at in own], np.float32)
    rows = both[own]
    cover = np.array([rows[:, first:last].max(axis=1) for first, last in sentences(answer.text)], np.float32).T
    return cover, shares / shares.sum()


def _clause_scores(point: Seen, answer: Seen, weights: Floats, table: Floats) -> list[Score]:
    """For each clause: blended score, word recall, precision, cosine."""
    scores = []
    cosines = _clause_cosines(point, answer)
    back = table.max(axis=0) if len(table) else np.zeros(table.shape[1])
    strong = np.array([word.content for word in answer.text.words], np.float32)
    for clause, cosine in zip(answer.text.clauses, cosines, strict=True):
        span = slice(clause.first, clause.last)
        recall = mean(peak(table[:, span]), weights)
        hit = mean((back[span] >= 0.7).astype(np.float32), strong[span])
        blend = 0.5 * recall + 0.15 * hit + 0.35 * cosine if answer.states is not None else 0.75 * recall + 0.25 * hit
        scores.append((blend, recall, hit, cosine, clause))
    return scores


def _clause_cosines(point: Seen, answer: Seen) -> list[float]:
    if answer.states is None or point.whole is None or not answer.text.clauses:
        return [0.0] * len(answer.text.clauses)
    return [float(x) for x in answer.clauses @ point.whole]


def _without(rows: Floats, direction: Floats) -> Floats:
    """`rows` without what they share with `direction`, of unit length: what is said beyond the question."""
    rest = rows - np.outer(rows @ direction, direction)
    unit: Floats = rest / np.maximum(np.linalg.norm(rest, axis=1, keepdims=True), 1e-9)
    return unit


def _soft(near: Floats) -> Floats:
    """Cosines of word states as a share of a match: 0 below .45, 1 from .85."""
    result: Floats = np.clip((near - 0.45) / 0.4, 0.0, 1.0)
    return result


def _both(point: Seen, answer: Seen, table: Floats) -> Floats:
    """How well each word of the answer says each of the point's, by form or by meaning."""
    if point.states is None or answer.states is None:
        return table
    result: Floats = np.maximum(table, _soft(point.states @ answer.states.T))
    return result


@dataclass(frozen=True, slots=True)
class _Fitted:
    """A point beside the answer: what its words weigh (plain; those the question gives less), which are said, where."""

    weights: Floats
    fresh: Floats
    table: Floats
    scores: Sequence[Score]


def _fitted(point: Seen, answer: Seen, question: Seen) -> _Fitted:
    words = point.text.words
    weights, table = weigh(words), likeness(words, answer.text.words)
    fresh = weigh(words, question.text.stems)
    return _Fitted(weights, fresh, table, _clause_scores(point, answer, weights, table) if words else ())


def _point(
    point: Seen,
    answer: Seen,
    question: Seen,
    fitted: _Fitted,
    others: tuple[Sequence[float], Collection[tuple[int, int]]],
    swaps: tuple[Clash, ...],
) -> _Found:
    words, known = point.text.words, question.text.stems
    weights, fresh, table, scores = fitted.weights, fitted.fresh, fitted.table, fitted.scores
    if not scores or not words:
        return _Found([0.0] * (len(POINT_WORDS) + len(POINT_VECTORS)), (0, 0))
    best = max(scores, key=lambda score: score[0])
    clause = best[4]
    hits = peak(table)
    reasons = (*reasons_against(point, answer, known, scores, table, *others), *swaps)
    kinds = {kind: together([r for r in reasons if r.kind == kind]) for kind in _KINDS}
    row = [
        mean(hits, weights), mean(hits, fresh), best[1], _f(best[2], best[1]),
        _share(_pairs(words), _pairs(answer.text.words)),
        together(reasons), kinds["opposed"], kinds["negated"], kinds["number"], kinds["swapped"],
        kinds["subject"], log1p(len(words)),
    ]  # fmt: skip
    top = max(score[3] for score in scores)
    vectors = _point_vectors(point, answer, question, clause, (weights, fresh), table, top)
    fits = tuple(max(recall, cosine) for _, recall, _, cosine, _ in scores)
    covered = _cover(point, answer, known, _both(point, answer, table))
    return _Found(row + vectors, (clause.start, clause.end), reasons, fits, *covered)


def _point_vectors(
    point: Seen, answer: Seen, question: Seen, clause: Clause, weights: tuple[Floats, Floats], table: Floats, top: float
) -> list[float]:
    if point.states is None or answer.states is None or answer.whole is None or point.whole is None:
        return [0.0] * len(POINT_VECTORS)
    plain, fresh = weights
    near = point.states @ answer.states.T
    span = slice(clause.first, clause.last)
    both = np.maximum(table, _soft(near))
    residual = 0.0
    if question.whole is not None:
        rest = _without(answer.clauses, question.whole)
        residual = float((rest @ _without(point.whole[None, :], question.whole)[0]).max())
    return [
        top, mean(peak(near), plain), mean(peak(near), fresh), mean(peak(near[:, span]), plain),
        float(point.whole @ answer.whole), residual, mean(peak(both), fresh), mean(peak(both[:, span]), fresh),
    ]  # fmt: skip


def _whole(target: Target, answer: Seen, points: Floats) -> Floats:
    ours, theirs = target.reference.text.words, answer.text.words
    known = target.question.text.stems
    table = likeness(ours, theirs)
    hits, back = peak(table), peak(table.T)
    recall, precision = mean(hits, weigh(ours)), mean(back, weigh(theirs))
    new_recall, new_precision = mean(hits, weigh(ours, known)), mean(back, weigh(theirs, known))
    asked = [word.stem in known for word in theirs if word.content]
    recalls = points[:, 0] if len(points) else np.zeros(1, np.float32)
    clash = points[:, 5] if len(points) else np.zeros(1, np.float32)
    negated = abs(_denied(ours) - _denied(theirs))
    numbers = {w.text for w in ours if w.text[0].isdigit()}
    row = [
        recall, new_recall, precision, _f(precision, recall), _f(new_precision, new_recall),
        letter_cosine(_line(target.reference.text), _line(answer.text)),
        sum(asked) / len(asked) if asked else 0.0, log1p(sum(not a for a in asked)),
        sum(word.text in FUNCTION for word in theirs) / len(theirs) if theirs else 0.0,
        float(np.clip(np.log((len(theirs) + 1) / (len(ours) + 1)), -3, 2)), log1p(len(theirs)),
        float(recalls.mean()), float(recalls.min()), float(recalls.max()), float((recalls > 0.5).mean()),
        float(clash.mean()), float(clash.max()), negated, _share(_pairs(ours), _pairs(theirs)),
        len(numbers & {w.text for w in theirs}) / len(numbers) if numbers else 0.5,
    ]  # fmt: skip
    return np.array(row + _whole_vectors(target, answer, points, table), np.float32)


def _denied(words: Sequence[Word]) -> float:
    strong = [word.negated for word in words if word.content]
    return sum(strong) / len(strong) if strong else 0.0


def _whole_vectors(target: Target, answer: Seen, points: Floats, table: Floats) -> list[float]:
    ours, asked = target.reference, target.question
    if (
        answer.states is None
        or ours.states is None
        or answer.whole is None
        or ours.whole is None
        or asked.whole is None
    ):
        return [0.0] * len(ANSWER_VECTORS)
    if not len(answer.states) or not len(ours.states) or not len(points):
        return [0.0] * len(ANSWER_VECTORS)
    known = asked.text.stems
    near = ours.states @ answer.states.T
    fresh = weigh(ours.text.words, known)
    recall = mean(peak(near), weigh(ours.text.words))
    precision = mean(peak(near.T), weigh(answer.text.words))
    cosine, question = float(ours.whole @ answer.whole), float(asked.whole @ answer.whole)
    rest = _without(np.array([ours.whole, answer.whole]), asked.whole)
    both = np.maximum(table, _soft(near))
    first = len(POINT_WORDS)
    clause, tokens, residual, hybrid = (points[:, first + place] for place in (0, 1, 5, 6))
    blend = 0.3 * points[:, 0] + 0.35 * clause + 0.35 * tokens
    return [
        cosine, question, cosine - question, recall, precision, _f(precision, recall), mean(peak(near), fresh),
        float(clause.mean()), float(clause.min()), float(clause.max()), float((clause > 0.5).mean()),
        float((clause > 0.65).mean()), float(blend.mean()), float(blend.min()), float((blend > 0.55).mean()),
        float(rest[0] @ rest[1]), float(residual.mean()), mean(peak(both), fresh),
        mean(peak(both.T), weigh(answer.text.words, known)), float(hybrid.mean()), float(hybrid.min()),
        float((hybrid > 0.6).mean()),
    ]  # fmt: skip
