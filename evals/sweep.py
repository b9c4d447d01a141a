"""Suites times profiles: opens a tutor for each profile, runs every suite on all of them, leaves logs and reports.

What the command line's `run` does, without a command line.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from evals.calls import Purse, Replies, Watched
from evals.case import SuiteError
from evals.judge import Judge
from evals.log import Log, find_run
from evals.mailbox import Mailbox
from evals.metrics import NEEDS_MATCHER, Tools
from evals.report import worst_cases, write_report
from evals.result import Result, Run
from evals.run import Limits, rescore, run_cases, unsettled
from evals.subject import Subject, TutorSubject
from evals.suite import Suite
from evals.summary import summarise
from tutor.errors import ConfigError
from tutor.model import ChatModel, open_model
from tutor.runs import ENDING
from tutor.settings import Profile, Settings

if TYPE_CHECKING:
    from tutor.assemble import Tutor

Step = Callable[[Run, Result], None]
Watch = Callable[[ChatModel, Profile], ChatModel]


@dataclass(frozen=True, kw_only=True, slots=True)
class Sweep:
    """How to run: where logs go, how often each case, how many at once, whether to begin anew, who judges, limits.

    `batch` sends calls by the Batch API, `cache` gives kept replies again, `ray` answers on a Ray cluster.
    """

    folder: Path
    repeats: int = 1
    workers: int = 4
    fresh: bool = False
    judge: str | None = None
    limits: Limits = field(default_factory=Limits)
    cap: float | None = None
    batch: bool = False
    cache: bool = False
    ray: bool = False
    every: float = 30.0

    def __post_init__(self) -> None:
        if self.ray and (self.batch or self.cache or self.cap is not None):
            raise ConfigError("--engine ray goes with neither --batch, --cache nor --cap.")
        if self.batch and self.cap is not None:
            raise ConfigError("--cap cannot stop a batch that is sent; `tutor-evals plan` says what it would cost.")


def judge_profile(settings: Settings, name: str | None) -> Profile | None:
    """The profile that judges, named here or in the configuration; None where none was. Never the tutor's by default.

    Raises:
        ConfigError: there is no profile of that name.
    """
    chosen = name or settings.model.judge
    if not chosen or chosen == "none":
        return None
    if chosen not in settings.models:
        there = ", ".join(settings.models) or "none"
        raise ConfigError(f"--judge: there is no model profile {chosen!r}. There are {there}.")
    return settings.models[chosen]


def open_judge(settings: Settings, name: str | None, watch: Watch | None = None) -> Judge | None:
    """The judge of `judge_profile`, ready to be asked."""
    profile = judge_profile(settings, name)
    if profile is None:
        return None
    model = open_model(profile)
    return Judge(watch(model, profile) if watch else Watched(model, "judge", profile))


def sweep(
    suites: Sequence[Suite],
    profiles: Sequence[Settings],
    how: Sweep,
    on_start: Callable[[Suite, int], Step] | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> Iterator[Run]:
    """One run for each suite and profile, as each suite is done; its report lies beside its log.

    `on_start` is told of each suite and how many results it will have, and gives what is called with each result.
    `tell` hears how far a batch is.

    Raises:
        CapError: the run may not cost more; what is done is in the logs.
        BatchError: a batch could not be sent or fetched.
    """
    kept = Replies(how.folder / "replies.jsonl") if how.cache or how.batch else None
    models = {name: profile for settings in profiles for name, profile in settings.models.items()}
    mailbox = Mailbox(kept, models, how.every, tell) if kept and how.batch else None
    purse = Purse(how.cap)

    def watch(who: str) -> Watch:
        return lambda model, profile: Watched(model, who, profile, purse=purse, kept=kept, mailbox=mailbox)

    judge = open_judge(profiles[0], how.judge, watch("judge"))
    with ExitStack() as stack:
        tutors = [_opened(stack, settings, watch("tutor")) for settings in profiles]
        subjects = _subjects(stack, suites, profiles, tutors, how)
        for suite in suites:
            made = run_cases(
                suite,
                subjects,
                journals=[Log(how.folder, fresh=how.fresh) for _ in subjects],
                tools=Tools(matcher=tutors[0].matcher if suite.subject in NEEDS_MATCHER else None, judge=judge),
                workers=how.workers,
                repeats=how.repeats,
                on_result=on_start(suite, len(suite.cases) * how.repeats * len(subjects)) if on_start else None,
                limits=how.limits,
                exchange=mailbox.exchange if mailbox else None,
            )
            for run in made:
                write_report(run)
                Path(run.log).with_suffix(ENDING).write_text(in_short(run), encoding="utf-8")
                yield run


def _opened(stack: ExitStack, settings: Settings, watch: Watch) -> "Tutor":
    from tutor.assemble import open_tutor

    # The tutor's own cache knows no repeats: a second run of a case would get the first one's reply.
    plain = settings.model_copy(update={"model": settings.model.model_copy(update={"cache": False})})
    return stack.enter_context(open_tutor(plain, read_only=True, watch=watch))


def _subjects(
    stack: ExitStack, suites: Sequence[Suite], profiles: Sequence[Settings], tutors: Sequence["Tutor"], how: Sweep
) -> Sequence[Subject]:
    subjects = [TutorSubject(tutor) for tutor in tutors]
    if any(suite.subject != "grading" for suite in suites):
        # Building the index is no part of what the first case takes.
        for tutor in tutors:
            tutor.search("warm up", 1)
    if how.ray:
        from evals.fleet import Fleet

        return [
            stack.enter_context(Fleet(settings, subject, how.workers))
            for settings, subject in zip(profiles, subjects, strict=True)
        ]
    return subjects


def in_short(run: Run) -> str:
    """The numbers of a run with their intervals as JSON, as the page shows them."""
    metrics = [
        {"metric": one.metric, "value": found.value, "low": found.low, "high": found.high, "n": found.n}
        for one in summarise(run)
        if (found := one.estimate) is not None
    ]
    head = run.head
    told = {"suite": head.suite, "profile": head.profile, "started": head.started, "cases": head.cases}
    return json.dumps({**told, "metrics": metrics}, ensure_ascii=False, indent=1) + "\n"


def only_failed(suite: Suite, run: str, folder: Path) -> Suite:
    """The suite cut down to what failed, was unscored or was not perfect in an earlier run.

    Raises:
        SuiteError: there is no such run, or nothing failed in it.
    """
    earlier = find_run(run, folder)
    failed = {result.case for result in earlier.results if result.status != "scored"}
    failed |= {result.case for result in worst_cases(earlier, len(earlier.results))}
    left = suite.select(ids=failed)
    if not failed or not left.cases:
        raise SuiteError([f"run {earlier.head.id} has no failed case of suite {suite.name}"])
    return left


def scored_again(run: Run, suite: Suite, settings: Settings, judge: str | None, *, fresh: bool = False) -> Run:
    """`rescore` with this judge; the matcher is opened only where a score has to be made."""
    matcher, asked = None, open_judge(settings, judge)
    if suite.subject in NEEDS_MATCHER and (fresh or unsettled(run, suite, judge=asked.name if asked else "")):
        from corpus.minilm import MiniLM
        from tutor.match import Matcher

        matcher = Matcher(MiniLM.load(settings.cache_dir))
    return rescore(run, suite, Tools(matcher=matcher, judge=asked), fresh=fresh)


def too_thin(run: Run) -> bool:
    """Whether too few of its cases were scored to judge by."""
    return any(
        each.coverage < run.head.coverage and each.scored + each.unscored + each.errors > 0
        for each in summarise(run)
        if each.metric == run.head.primary
    )
