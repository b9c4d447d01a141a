"""How sure a number is: intervals that count clusters, paired differences, tests, and how many cases are needed.

Works on plain arrays and knows no case and no metric. No interval it gives has zero width. scipy is imported where
it is used, so that the command line starts at once.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Statistic = Callable[[Array, Array], float]
CONFIDENCE = 0.95
_TAIL = (1 - CONFIDENCE) / 2
# Where all cases agree, their likeness within clusters cannot be seen; so much of it is assumed (an intraclass
# correlation; those of marks within questions and of answers within cards lie mostly below).
UNSEEN = 0.3
DISCORDANT = 0.12  # the share of cases that flip one way or the other from run to run
_SEED = 7


@dataclass(frozen=True, kw_only=True, slots=True)
class Estimate:
    """A number with its interval, over `n` cases in `clusters` groups."""

    value: float
    low: float
    high: float
    n: int
    clusters: int


def exact(successes: float, n: float) -> tuple[float, float]:
    """Clopper and Pearson's interval for a share; `n` may be an effective number of cases."""
    from scipy.special import betaincinv

    low = float(betaincinv(successes, n - successes + 1, _TAIL)) if successes > 0 else 0.0
    high = float(betaincinv(successes + 1, n - successes, 1 - _TAIL)) if successes < n else 1.0
    return low, high


def mean(
    values: Sequence[float] | Array,
    clusters: Sequence[str] | None = None,
    *,
    bounds: tuple[float, float] = (0.0, 1.0),
) -> Estimate:
    """The mean with a cluster-robust interval.

    The interval is Korn and Graubard's: the exact one for a share, with the number of cases that a plain random
    selection would need for the same standard error. It stays inside the bounds and holds near them, where a normal
    interval does not.
    """
    data = np.asarray(values, dtype=np.float64)
    names = _names(clusters, data)
    groups, value = len(set(names)), float(data.mean())
    floor, span = bounds[0], bounds[1] - bounds[0]
    share = min(max((value - floor) / span, 0.0), 1.0)
    binary = bool(np.isin(data, bounds).all())
    size = _effective(share, _cluster_error(data, names) / span, len(data), groups, binary)
    low, high = exact(share * size, size)
    return Estimate(value=value, low=floor + span * low, high=floor + span * high, n=len(data), clusters=groups)


def _names(clusters: Sequence[str] | None, data: Array) -> list[str]:
    """The cluster of each value; each its own where none are given."""
    return list(clusters) if clusters is not None else [str(place) for place in range(len(data))]


def _effective(share: float, error: float, n: int, groups: int, binary: bool) -> float:
    """Korn and Graubard's effective number of cases, shrunk for the few degrees of freedom that clusters leave."""
    if error <= 0 or share in (0.0, 1.0):
        return max(n / (1 + (n / max(groups, 1) - 1) * UNSEEN), 1.0)
    size = share * (1 - share) / (error * error)
    if groups < n or not binary:
        size *= (_normal(1 - _TAIL) / _student(groups)) ** 2
    if binary:
        size = min(size, float(n))
    return max(size, 1.0)


def _cluster_error(data: Array, names: Sequence[str]) -> float:
    """The standard error of a mean whose cases come in clusters (the sandwich with G / (G - 1))."""
    _, places = np.unique(np.asarray(names), return_inverse=True)
    sums = np.bincount(places, weights=data - data.mean())
    groups = len(sums)
    if groups < 2:
        return 0.0
    return math.sqrt(groups / (groups - 1) * float((sums**2).sum())) / len(data)


def _normal(probability: float) -> float:
    from scipy.special import ndtri

    return float(ndtri(probability))


def _student(groups: int) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(max(groups - 1, 1), 1 - _TAIL))


def resample(
    statistic: Statistic,
    values: Sequence[float] | Array,
    truths: Sequence[float] | Array,
    clusters: Sequence[str],
) -> Estimate:
    """A statistic of pairs (kappa, correlation, error) with a percentile interval from resampled clusters.

    The interval reaches at least as far as one more case that is as wrong as can be (1 where the truth is 0) would move
    the statistic, so it has width where all cases agree.
    """
    x, y = np.asarray(values, dtype=np.float64), np.asarray(truths, dtype=np.float64)
    value = statistic(x, y)
    low, high = _percentiles(_draws(statistic, [(x, y)], clusters)[:, 0])
    moved = statistic(np.append(x, 1.0), np.append(y, 0.0))
    ends = [end for end in (low, high, value, moved) if not math.isnan(end)]
    groups = len(set(clusters))
    return Estimate(
        value=value, low=min(ends, default=math.nan), high=max(ends, default=math.nan), n=len(x), clusters=groups
    )


def resample_difference(
    statistic: Statistic,
    before: Sequence[float] | Array,
    after: Sequence[float] | Array,
    truths: Sequence[float] | Array,
    clusters: Sequence[str],
) -> Estimate:
    """The change of a statistic of pairs on the same cases, resampled by cluster."""
    a, b, y = (np.asarray(each, dtype=np.float64) for each in (before, after, truths))
    value = statistic(b, y) - statistic(a, y)
    draws = _draws(statistic, [(a, y), (b, y)], clusters)
    low, high = _percentiles(draws[:, 1] - draws[:, 0])
    groups = len(set(clusters))
    floor = 1.0 / (len(a) + 2)
    return Estimate(value=value, low=min(low, value - floor), high=max(high, value + floor), n=len(a), clusters=groups)


def _draws(statistic: Statistic, pairs: Sequence[tuple[Array, Array]], names: Sequence[str]) -> Array:
    rng = np.random.default_rng(_SEED)
    _, places = np.unique(np.asarray(names), return_inverse=True)
    members = [np.flatnonzero(places == group) for group in range(int(places.max()) + 1)]
    rows = []
    for _ in range(999):
        chosen = np.concatenate([members[group] for group in rng.integers(0, len(members), len(members))])
        rows.append([statistic(x[chosen], y[chosen]) for x, y in pairs])
    return np.asarray(rows, dtype=np.float64)


def _percentiles(draws: Array) -> tuple[float, float]:
    kept = draws[~np.isnan(draws)]
    if not len(kept):
        return math.nan, math.nan
    low, high = np.quantile(kept, [_TAIL, 1 - _TAIL])
    return float(low), float(high)


def paired(
    before: Sequence[float] | Array,
    after: Sequence[float] | Array,
    clusters: Sequence[str] | None = None,
    *,
    scale: float = 1.0,
) -> Estimate:
    """The mean change over the same cases, with a clustered standard error.

    Where all changes are -1, 0 or 1 (times `scale`), one change each way is added first (Bonett and Price 2012), so
    that few or no changed cases do not look like certainty. `value` is always the plain mean change.
    """
    change = np.asarray(after, dtype=np.float64) - np.asarray(before, dtype=np.float64)
    names = _names(clusters, change)
    groups, value = len(set(names)), float(change.mean())
    middle, error = value, _cluster_error(change, names)
    if np.isin(change, (-scale, 0.0, scale)).all():
        padded = np.concatenate([change, [scale, -scale]])
        middle, error = float(padded.mean()), _cluster_error(padded, [*names, "\x1fup", "\x1fdown"])
    elif error <= 0:
        error = scale / (len(change) + 2)
    half = _student(groups + 2) * error
    low, high = max(min(middle - half, value), -scale), min(max(middle + half, value), scale)
    return Estimate(value=value, low=low, high=high, n=len(change), clusters=groups)


def mcnemar(better: int, worse: int) -> float:
    """The exact two-sided p value for that many cases flipped each way, were both ways equally likely."""
    from scipy.stats import binomtest

    return float(binomtest(better, better + worse).pvalue) if better + worse else 1.0


def sign_flip(change: Sequence[float] | Array) -> float:
    """The two-sided p value of a mean change, were its signs tossed; for marks that are more than yes or no."""
    data = np.asarray(change, dtype=np.float64)
    data = data[data != 0]
    if not len(data):
        return 1.0
    rounds = 9999
    signs = np.random.default_rng(_SEED).choice((-1.0, 1.0), size=(rounds, len(data)))
    extreme = np.abs(signs @ data) >= abs(float(data.sum())) - 1e-12
    return float((extreme.sum() + 1) / (rounds + 1))


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """The p values adjusted for looking at several at once (Holm 1979), under their own names."""
    adjusted, floor = {}, 0.0
    for place, (name, p) in enumerate(sorted(p_values.items(), key=lambda pair: pair[1])):
        floor = max(floor, min(1.0, p * (len(p_values) - place)))
        adjusted[name] = floor
    return {name: adjusted[name] for name in p_values}


def detectable(n: int) -> float:
    """The smallest change of a share that a paired run of `n` cases finds four times in five.

    Never more than the share of cases that flip one way or the other.
    """
    z = _normal(1 - _TAIL) + _normal(0.8)
    return min(DISCORDANT, z * math.sqrt(DISCORDANT / (n + z * z)))


def power(change: float, n: int) -> float:
    """The chance that a paired run of `n` cases finds this change of a share."""
    from scipy.special import ndtr

    spread = math.sqrt(max(DISCORDANT - change * change, 1e-12) / n)
    return float(ndtr(abs(change) / spread - _normal(1 - _TAIL)))


def unscored_bounds(scored: Sequence[float], missing: int, bounds: tuple[float, float]) -> tuple[float, float]:
    """The mean if every unscored case were as bad, and as good, as can be."""
    total, n = sum(scored), len(scored) + missing
    return (total + missing * bounds[0]) / n, (total + missing * bounds[1]) / n
