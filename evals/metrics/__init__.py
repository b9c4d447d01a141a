"""The metrics by name, one family a file. Every metric is a short pure function of a case, an answer and tools."""

from evals.metrics import attack, dialogue, grading, latency, ranking, refusal, reply
from evals.metrics.score import Metric, Score, Tools, score_all

_FAMILIES = (ranking, refusal, reply, grading, dialogue, latency, attack)
METRICS: dict[str, Metric] = {metric.name: metric for family in _FAMILIES for metric in family.METRICS}
# A suite of attacks holds questions and answers to be graded.
FITS: dict[str, tuple[str, ...]] = {
    name: (*metric.subjects, *(("attack",) if {"answer", "grading"} & set(metric.subjects) else ()))
    for name, metric in METRICS.items()
}
# Subjects some of whose metrics ask the matcher.
NEEDS_MATCHER = ("answer", "dialogue", "attack")

__all__ = ["FITS", "METRICS", "NEEDS_MATCHER", "Metric", "Score", "Tools", "score_all"]
