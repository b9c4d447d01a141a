"""May this change go in? Pass, fail, or inconclusive, by the interval of the primary metric and the suite's margin.

Compares nothing itself (`evals.compare` does) and never guesses: without enough scored cases it cannot judge.
"""

import math
from dataclasses import dataclass
from typing import Literal

from evals import stats
from evals.compare import compare
from evals.metrics import METRICS
from evals.result import Run
from evals.summary import estimate, per_case, summarise

Outcome = Literal["pass", "fail", "cannot judge", "inconclusive"]
EXIT_CODES: dict[Outcome, int] = {"pass": 0, "fail": 1, "cannot judge": 3, "inconclusive": 4}


@dataclass(frozen=True, kw_only=True, slots=True)
class Gate:
    """The outcome with its reasons in plain words; `more` is how many more cases an inconclusive one needs."""

    outcome: Outcome
    reasons: tuple[str, ...]
    more: int = 0

    @property
    def exit_code(self) -> int:
        """What the command line returns."""
        return EXIT_CODES[self.outcome]


def gate(candidate: Run, baseline: Run, *, margin: float | None = None) -> Gate:
    """Whether the candidate is no worse than the baseline, by more than the margin.

    Hard metrics come first: a case that they passed on the baseline and fail on the candidate is one too many.
    """
    if reasons := [*unfit(candidate, "the candidate"), *unfit(baseline, "the baseline")]:
        return Gate(outcome="cannot judge", reasons=tuple(reasons))
    comparison = compare(baseline, candidate)
    if broken := _hard(candidate, baseline):
        return Gate(outcome="fail", reasons=tuple(broken))
    name = candidate.head.primary
    change = comparison.of(name)
    if change is None:
        return Gate(outcome="cannot judge", reasons=(f"no case has {name} in both runs",))
    allowed = candidate.head.margin if margin is None else margin
    low, high = change.change.low, change.change.high
    if METRICS[name].better == "low":
        low, high = -high, -low
    told = f"{name} changed by {change.change.value:+.3f} [{change.change.low:+.3f}, {change.change.high:+.3f}]"
    return _decided(f"{told}, margin {allowed:g}", low + allowed, high + allowed, change.change.n)


def gate_at_least(candidate: Run, least: float) -> Gate:
    """Whether the primary metric of one run is at least (or, where low is better, at most) `least`."""
    if reasons := unfit(candidate, "the run"):
        return Gate(outcome="cannot judge", reasons=tuple(reasons))
    if broken := _hard(candidate, None):
        return Gate(outcome="fail", reasons=tuple(broken))
    metric = METRICS[candidate.head.primary]
    found = estimate(metric, per_case(candidate, metric.name))
    if found is None:
        return Gate(outcome="cannot judge", reasons=(f"no case has {metric.name}",))
    low, high = (
        (least - found.high, least - found.low) if metric.better == "low" else (found.low - least, found.high - least)
    )
    word = "at most" if metric.better == "low" else "at least"
    told = f"{metric.name} is {found.value:.3f} [{found.low:.3f}, {found.high:.3f}], wanted {word} {least:g}"
    return _decided(told, low, high, found.n)


def _decided(told: str, low: float, high: float, n: int) -> Gate:
    """The outcome for an interval of `n` cases, measured from the line that must not be crossed."""
    if low > 0:
        return Gate(outcome="pass", reasons=(told,))
    if high < 0:
        return Gate(outcome="fail", reasons=(told,))
    half, distance = (high - low) / 2, abs(high + low) / 2
    more = max(1, math.ceil(n * (half / max(distance, half / 10)) ** 2) - n)
    return Gate(outcome="inconclusive", reasons=(f"{told}; {more} more cases would decide it",), more=more)


def unfit(run: Run, who: str) -> list[str]:
    """Why a run is no ground for a judgement: it is not finished, or too little of it was scored."""
    reasons = []
    if not run.complete:
        whole = run.head.cases * run.head.repeats
        reasons.append(f"{who} has {len(run.results)} of {whole} results; run it again to finish it")
    primary = next(each for each in summarise(run) if each.metric == run.head.primary)
    if primary.coverage < run.head.coverage:
        reasons.append(
            f"{who} has {primary.metric} for {primary.coverage:.0%} of its cases, wanted {run.head.coverage:.0%}: "
            f"{primary.errors} errors, {primary.unscored} unscored"
        )
    return reasons


def _hard(candidate: Run, baseline: Run | None) -> list[str]:
    broken = []
    for name in candidate.head.hard:
        metric = METRICS[name]
        ideal = metric.bounds[0] if metric.better == "low" else metric.bounds[1]
        before, after = per_case(baseline, name) if baseline else {}, per_case(candidate, name)
        new = [
            case for case, (value, _, _) in after.items() if value != ideal and before.get(case, (ideal,))[0] == ideal
        ]
        if new:
            failed = sum(value != ideal for value, _, _ in after.values())
            most = stats.exact(failed, len(after))[1]
            told = f"{name} {'newly ' if baseline else ''}fails on {', '.join(new[:5])}"
            broken.append(f"{told}; at most {most:.1%} of all cases, with 95% confidence")
    return broken
