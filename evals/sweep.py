"""Suites times profiles: opens a tutor for each profile, runs every suite on all of them, leaves logs and reports.

What the command line's `run` does, without a command line.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from evals.case import SuiteError
from evals.judge import Judge
from evals.log import Log, find_log, read_log
from evals.metrics import Tools
from evals.report import markdown, worst_cases
from evals.result import Result, Run
from evals.run import run_cases
from evals.subject import TutorSubject
from evals.suite import Suite
from evals.summary import summarise

if TYPE_CHECKING:
    from tutor.settings import Settings

Step = Callable[[Run, Result], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Sweep:
    """How to run: where logs go, how often each case, how many at once, whether to begin anew, who judges."""

    folder: Path
    repeats: int = 1
    workers: int = 4
    fresh: bool = False
    judge: Judge | None = None


def open_judge(settings: "Settings", name: str | None) -> Judge | None:
    """The judge named here or in the configuration; None where none was. Never the tutor's own model by default.

    Raises:
        ConfigError: there is no profile of that name.
    """
    chosen = name or settings.model.judge
    if not chosen or chosen == "none":
        return None
    from tutor.errors import ConfigError
    from tutor.model import open_model

    if chosen not in settings.models:
        there = ", ".join(settings.models) or "none"
        raise ConfigError(f"--judge: there is no model profile {chosen!r}. There are {there}.")
    return Judge(open_model(settings.models[chosen]))


def sweep(
    suites: Sequence[Suite],
    profiles: Sequence["Settings"],
    how: Sweep,
    on_start: Callable[[Suite, int], Step] | None = None,
) -> Iterator[Run]:
    """One run for each suite and profile, as each suite is done; its report lies beside its log.

    `on_start` is told of each suite and how many results it will have, and gives what is called with each result.
    """
    from tutor.assemble import open_tutor

    with ExitStack() as stack:
        tutors = [stack.enter_context(open_tutor(settings, read_only=True)) for settings in profiles]
        subjects = [TutorSubject(tutor) for tutor in tutors]
        if any(suite.subject != "grading" for suite in suites):
            # Building the index is no part of what the first case takes.
            for tutor in tutors:
                tutor.search("warm up", 1)
        for suite in suites:
            matcher = tutors[0].matcher if suite.subject in ("answer", "dialogue") else None
            made = run_cases(
                suite,
                subjects,
                journals=[Log(how.folder, fresh=how.fresh) for _ in subjects],
                tools=Tools(matcher=matcher, judge=how.judge),
                workers=how.workers,
                repeats=how.repeats,
                on_result=on_start(suite, len(suite.cases) * how.repeats * len(subjects)) if on_start else None,
            )
            for run in made:
                Path(run.log).with_suffix(".md").write_text(markdown(run), encoding="utf-8")
                yield run


def only_failed(suite: Suite, run: str, folder: Path) -> Suite:
    """The suite cut down to what failed, was unscored or was not perfect in an earlier run.

    Raises:
        SuiteError: there is no such run, or nothing failed in it.
    """
    earlier = read_log(find_log(run, folder))
    failed = {result.case for result in earlier.results if result.status != "scored"}
    failed |= {result.case for result in worst_cases(earlier, len(earlier.results))}
    left = suite.select(ids=failed)
    if not failed or not left.cases:
        raise SuiteError([f"run {earlier.head.id} has no failed case of suite {suite.name}"])
    return left


def too_thin(run: Run) -> bool:
    """Whether too few of its cases were scored to judge by."""
    return any(
        each.coverage < run.head.coverage and each.scored + each.unscored + each.errors > 0
        for each in summarise(run)
        if each.metric == run.head.primary
    )
