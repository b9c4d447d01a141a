"""Two runs of one suite, case by case: how much each metric changed, with an interval, and which cases flipped.

Says how sure the change is; whether it is allowed is for `evals.gate`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from evals import stats
from evals.case import SuiteError
from evals.metrics import METRICS, Metric
from evals.result import Run
from evals.summary import per_case

Cases = Mapping[str, tuple[float, float, str]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One metric on the cases that both runs scored. `change` is after less before; `p` is two-sided, exact or tossed.

    `adjusted` is p for having looked at all metrics of the suite (Holm); `better` and `worse` count the cases that
    moved, in the metric's own direction.
    """

    metric: str
    before: float
    after: float
    change: stats.Estimate
    p: float
    better: int
    worse: int
    adjusted: float = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Flip:
    """A case whose value moved, with what both subjects said."""

    case: str
    asked: str
    metric: str
    before: float
    after: float
    said_before: str
    said_after: str
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """What changed from run `a` to run `b`; `warnings` say what makes the two less alike than they should be."""

    a: str
    b: str
    changes: tuple[Change, ...]
    flips: tuple[Flip, ...]
    warnings: tuple[str, ...] = ()

    def of(self, metric: str) -> Change | None:
        """The change of one metric, None where no case has it in both runs."""
        return next((change for change in self.changes if change.metric == metric), None)


def compare(a: Run, b: Run) -> Comparison:
    """The comparison of two runs of one suite.

    Raises:
        SuiteError: they are not runs of the same suite.
    """
    if (a.head.suite, a.head.subject) != (b.head.suite, b.head.subject):
        told = f"{a.head.id} is a run of {a.head.suite}, {b.head.id} one of {b.head.suite}"
        raise SuiteError([f"{told}; compare two runs of one suite"])
    names = [name for name in b.head.metrics if name in a.head.metrics]
    changes = [change for name in names if (change := _change(METRICS[name], per_case(a, name), per_case(b, name)))]
    adjusted = stats.holm({change.metric: change.p for change in changes})
    return Comparison(
        a=a.head.id,
        b=b.head.id,
        changes=tuple(replace(change, adjusted=adjusted[change.metric]) for change in changes),
        flips=_flips(a, b),
        warnings=_warnings(a, b),
    )


def _warnings(a: Run, b: Run) -> tuple[str, ...]:
    found = []
    if a.head.fingerprint != b.head.fingerprint:
        found.append("the cases or rules of the suite changed in between; only cases that both runs hold are compared")
    for name, version in b.head.metrics.items():
        if a.head.metrics.get(name, version) != version:
            found.append(
                f"metric {name} changed from version {a.head.metrics[name]} to {version}; score the older run again"
            )
    if a.head.versions.get("matcher") != b.head.versions.get("matcher"):
        found.append("the matcher changed in between; score the older run again, or grades and coverage are not alike")
    if a.head.judge != b.head.judge:
        found.append(f"the judge changed from {a.head.judge or 'none'} to {b.head.judge or 'none'}")
    return tuple(found)


def _change(metric: Metric, before: Cases, after: Cases) -> Change | None:
    shared = [case for case in before if case in after]
    if not shared:
        return None
    x = np.array([before[case][0] for case in shared])
    y = np.array([after[case][0] for case in shared])
    clusters = [after[case][2] for case in shared]
    scale = metric.bounds[1] - metric.bounds[0]
    if metric.statistic is not None:
        truths = np.array([after[case][1] for case in shared])
        change = stats.resample_difference(metric.statistic, x, y, truths, clusters)
        first, last = metric.statistic(x, truths), metric.statistic(y, truths)
        moved = np.abs(x - truths) - np.abs(y - truths)
    else:
        change = stats.paired(x, y, clusters, scale=scale)
        first, last = float(x.mean()), float(y.mean())
        moved = x - y if metric.better == "low" else y - x
    better, worse = int((moved > 1e-9).sum()), int((moved < -1e-9).sum())
    yes_or_no = bool(np.isin(np.concatenate([x, y]), metric.bounds).all())
    p = stats.mcnemar(better, worse) if yes_or_no else stats.sign_flip(moved)
    return Change(metric=metric.name, before=first, after=last, change=change, p=p, better=better, worse=worse)


def _flips(a: Run, b: Run) -> tuple[Flip, ...]:
    """Cases of the primary metric that moved by more than .05, worst first."""
    name = b.head.primary
    before, after = per_case(a, name), per_case(b, name)
    said = [{result.case: result for result in run.results if result.repeat == 0} for run in (a, b)]
    flips = []
    for case in before:
        if case in after and abs(after[case][0] - before[case][0]) > 0.05:
            first, last = said[0].get(case), said[1].get(case)
            flips.append(
                Flip(
                    case=case,
                    asked=last.asked if last else "",
                    metric=name,
                    before=before[case][0],
                    after=after[case][0],
                    said_before=first.said if first else "",
                    said_after=last.said if last else "",
                    reason=last.scores[name].reason if last and name in last.scores else "",
                )
            )
    sign = -1 if METRICS[name].better == "low" else 1
    return tuple(sorted(flips, key=lambda flip: sign * (flip.after - flip.before)))
