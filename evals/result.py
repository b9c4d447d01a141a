"""The values of a run: its head, its results, and the journal that keeps them. Runs nothing and writes nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from evals.calls import Call
from evals.metrics import Score
from evals.subject import Answer

Status = Literal["scored", "unscored", "error"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """What came of one case, once: scores, or the error. `cluster` and `tags` are the case's.

    `calls` are those of the tutor's model and of the judge; `case_print` changes when the case does.
    """

    case: str
    repeat: int
    status: Status
    cluster: str
    tags: tuple[str, ...] = ()
    asked: str = ""
    scores: Mapping[str, Score] = field(default_factory=dict)
    answer: Answer | None = None
    error: str = ""
    seconds: float = 0.0
    calls: tuple[Call, ...] = ()
    case_print: str = ""

    @property
    def said(self) -> str:
        """What the subject said, for people."""
        return self.error or (self.answer.said if self.answer else "")


@dataclass(frozen=True, kw_only=True, slots=True)
class Head:
    """What a run is of: enough to repeat it, to continue it and to refuse a comparison that makes no sense."""

    id: str
    suite: str
    version: int
    fingerprint: str
    subject: str
    profile: str
    about: Mapping[str, str]
    metrics: Mapping[str, int]
    primary: str
    margin: float
    coverage: float
    cases: int
    repeats: int
    started: str
    hard: tuple[str, ...] = ()
    path: str = ""
    judge: str = ""
    prompts: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """A head and its results, in the order they came. `log` is where they are kept, empty if nowhere."""

    head: Head
    results: tuple[Result, ...]
    log: str = ""

    @property
    def counts(self) -> dict[Status, int]:
        """How many results are scored, unscored and errors; they add up to all of them."""
        counts: dict[Status, int] = {"scored": 0, "unscored": 0, "error": 0}
        for result in self.results:
            counts[result.status] += 1
        return counts

    @property
    def complete(self) -> bool:
        """Whether every case has its result."""
        return len(self.results) >= self.head.cases * self.head.repeats


class Journal(Protocol):
    """Where results are kept while a run goes on; `evals.log.Log` is one. Called from many threads."""

    @property
    def where(self) -> str: ...  # noqa: D102 (see the class)

    def start(self, head: Head) -> Sequence[Result]:
        """Begin, or go on; gives the results that are already there."""

    def write(self, result: Result) -> None:
        """Keep one result; on disk when this returns."""


class Unkept:
    """The journal of a run that nobody keeps."""

    where = ""

    def start(self, head: Head) -> Sequence[Result]:
        """Nothing is there."""
        return ()

    def write(self, result: Result) -> None:
        """Keeps nothing."""
