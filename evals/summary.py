"""The numbers of a run: every metric with its interval and its counts, repeats averaged within a case first."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from evals import stats
from evals.metrics import METRICS, Metric
from evals.result import Run


@dataclass(frozen=True, kw_only=True, slots=True)
class Summary:
    """One metric over a run. `scored`, `unscored` and `errors` count results whose business the metric is."""

    metric: str
    estimate: stats.Estimate | None
    scored: int
    unscored: int
    errors: int

    @property
    def coverage(self) -> float:
        """The share that was scored."""
        total = self.scored + self.unscored + self.errors
        return self.scored / total if total else 0.0


def per_case(run: Run, metric: str) -> dict[str, tuple[float, float, str]]:
    """Value, truth and cluster of each scored case, repeats averaged first; truth is nan where the metric has none."""
    seen: dict[str, list[tuple[float, float]]] = {}
    clusters: dict[str, str] = {}
    for result in run.results:
        score = result.scores.get(metric)
        if score is not None and score.value is not None:
            truth = math.nan if score.truth is None else score.truth
            seen.setdefault(result.case, []).append((score.value, truth))
            clusters[result.case] = result.cluster
    return {
        case: (sum(v for v, _ in pairs) / len(pairs), sum(t for _, t in pairs) / len(pairs), clusters[case])
        # In one order, however the cases came, so that resampling draws the same.
        for case, pairs in sorted(seen.items())
    }


def estimate(metric: Metric, cases: Mapping[str, tuple[float, float, str]]) -> stats.Estimate | None:
    """The number of a metric over these cases, with its interval; None where there is no case."""
    if not cases:
        return None
    values, truths, clusters = zip(*cases.values(), strict=True)
    if metric.statistic is not None:
        return stats.resample(metric.statistic, values, truths, clusters)
    return stats.mean(values, clusters, bounds=metric.bounds)


def summarise(run: Run, tag: str = "") -> tuple[Summary, ...]:
    """Every metric of the run, over all cases or over those with one tag."""
    results = [result for result in run.results if not tag or tag in result.tags]
    part = replace(run, results=tuple(results))
    failed = sum(result.status == "error" for result in results)
    summaries = []
    for name in run.head.metrics:
        scores = [result.scores[name] for result in results if name in result.scores]
        scored = sum(score.value is not None for score in scores)
        summaries.append(
            Summary(
                metric=name,
                estimate=estimate(METRICS[name], per_case(part, name)),
                scored=scored,
                unscored=len(scores) - scored,
                errors=failed,
            )
        )
    return tuple(summaries)
