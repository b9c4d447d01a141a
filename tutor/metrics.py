"""What is counted while the page is served, in Prometheus's text form; a registry of its own, and no names or texts.

Counts only what it is told of.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prometheus_client.core import Metric

__all__ = ["KIND", "Metrics"]

KIND = "text/plain; version=0.0.4; charset=utf-8"
WAITS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


class Metrics:
    """The counters. `gauges` are read when they are asked for: name -> (what it is, its value now)."""

    def __init__(
        self, gauges: Mapping[str, tuple[str, Callable[[], float]]], faults: Callable[[], Mapping[str, int]]
    ) -> None:
        from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

        self._registry = CollectorRegistry(auto_describe=True)
        self._requests = Counter(
            "tutor_requests", "Requests by kind of address and status.", ["route", "status"], registry=self._registry
        )
        self._waits = Histogram(
            "tutor_first_words_seconds", "From a move to the first words of what comes of it.", buckets=WAITS,
            registry=self._registry,
        )  # fmt: skip
        self._grades = Counter("tutor_grades", "Grades by verdict.", ["verdict"], registry=self._registry)
        for name, (what, value) in gauges.items():
            Gauge(name, what, registry=self._registry).set_function(value)
        self._registry.register(_Faults(faults))

    def request(self, route: str, status: int) -> None:
        """A request was answered."""
        self._requests.labels(route, status).inc()

    def first_words(self, seconds: float) -> None:
        """A learner saw the first of what came of her move."""
        self._waits.observe(seconds)

    def grade(self, verdict: str) -> None:
        """An answer was graded."""
        self._grades.labels(verdict).inc()

    def text(self) -> str:
        """All of it as Prometheus reads it."""
        from prometheus_client import generate_latest

        return generate_latest(self._registry).decode()


class _Faults:
    """Failed calls of models by kind; kept where the calls are counted."""

    def __init__(self, faults: Callable[[], Mapping[str, int]]) -> None:
        self._faults = faults

    def collect(self) -> Iterable[Metric]:
        from prometheus_client.core import CounterMetricFamily

        family = CounterMetricFamily("tutor_model_faults", "Calls of a model that failed, by kind.", labels=["kind"])
        for kind, count in self._faults().items():
            family.add_metric([kind], count)
        yield family
