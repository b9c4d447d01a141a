"""The metrics by name, one family a file. Every metric is a short pure function of a case, an answer and tools."""

from evals.metrics import dialogue, grading, latency, ranking, refusal, reply
from evals.metrics.score import Metric, Score, Tools, score_all

METRICS: dict[str, Metric] = {
    metric.name: metric for family in (ranking, refusal, reply, grading, dialogue, latency) for metric in family.METRICS
}
FITS: dict[str, tuple[str, ...]] = {name: metric.subjects for name, metric in METRICS.items()}

__all__ = ["FITS", "METRICS", "Metric", "Score", "Tools", "score_all"]
