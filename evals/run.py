"""Run a suite: many cases at once, an error in one of them is data, every result is handed to a journal as it comes.

Does not know where journals are kept (`evals.log`) and judges no difference (`evals.compare`, `evals.gate`).
"""

import random
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from evals.calls import CapError, Deferred, Tally, tallied
from evals.case import Case, SubjectError
from evals.metrics import FITS, METRICS, NEEDS_MATCHER, Metric, Score, Tools, score_all
from evals.result import Head, Journal, Result, Run, Status, Unkept
from evals.subject import Answer, Scripted, Subject, TutorSubject
from evals.suite import Suite, load_suite
from evals.throttle import Throttle

if TYPE_CHECKING:
    from tutor.config import Settings


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """What one case may take: tokens, seconds, and seconds of waiting for a busy server."""

    tokens: int | None = None
    seconds: float | None = None
    patience: float = 60.0


@dataclass(frozen=True, kw_only=True, slots=True)
class _Job:
    place: int
    subject: Subject
    case: Case
    repeat: int


def head_of(suite: Suite, subject: Subject, *, repeats: int = 1, judge: str = "") -> Head:
    """The head of a run of this suite on this subject; its id is the same whenever everything that matters is."""
    metrics = {name: METRICS[name].version for name in suite.metrics}
    prompts = {
        path.name.removesuffix(".md"): sha256(path.read_text(encoding="utf-8").encode()).hexdigest()[:12]
        for path in sorted(files("prompts").iterdir(), key=lambda path: path.name)
        if path.name.endswith(".md")
    }
    same = repr((suite.fingerprint, sorted(subject.about.items()), sorted(metrics.items()), repeats, judge, prompts))
    return Head(
        id=f"{suite.name}-{subject.name}-{sha256(same.encode()).hexdigest()[:8]}",
        suite=suite.name,
        version=suite.version,
        fingerprint=suite.fingerprint,
        subject=suite.subject,
        profile=subject.name,
        about=dict(subject.about),
        metrics=metrics,
        primary=suite.primary,
        margin=suite.margin,
        coverage=suite.coverage,
        hard=suite.hard,
        cases=len(suite.cases),
        repeats=repeats,
        started=datetime.now(UTC).isoformat(timespec="seconds"),
        path=str(suite.path),
        judge=judge,
        prompts=prompts,
        versions=_versions(),
    )


def _versions() -> dict[str, str]:
    """Versions of what the numbers hang on; the matcher's is a fingerprint of its coefficients."""
    found = {"matcher": sha256(files("tutor").joinpath("match.json").read_bytes()).hexdigest()[:12]}
    for name in ("flashcard-tutor", "chromadb", "langchain-openai", "onnxruntime", "numpy", "scipy"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def run_cases(
    suite: Suite,
    subjects: Sequence[Subject],
    *,
    journals: Sequence[Journal] = (),
    tools: Tools | None = None,
    workers: int = 4,
    repeats: int = 1,
    on_result: Callable[[Run, Result], None] | None = None,
    limits: Limits = Limits(),
    exchange: Callable[[], None] | None = None,
) -> tuple[Run, ...]:
    """One Run for each subject. Subjects take turns case by case, so that the time of day is fair to all of them.

    `journals` keep the results, one for each subject; what they already hold is not run again. `on_result` is called
    from the calling thread. `exchange` is called when all that is left waits for a batch; then it is run again.

    Raises:
        CapError: the run may not cost more; what is done is in the journals.
    """
    tools = tools or Tools()
    journals = journals or [Unkept() for _ in subjects]
    judge = tools.judge.name if tools.judge else ""
    heads = [head_of(suite, subject, repeats=repeats, judge=judge) for subject in subjects]
    kept = [list(journal.start(head)) for journal, head in zip(journals, heads, strict=True)]
    done = [{(result.case, result.repeat) for result in results} for results in kept]
    jobs = _jobs(suite, subjects, repeats, done)
    metrics = {name: METRICS[name] for name in suite.metrics}
    throttle = Throttle(workers)

    def work(job: _Job) -> Result | None:
        try:
            result = _one(job, metrics, tools, throttle, limits)
        except Deferred:
            return None
        journals[job.place].write(result)
        return result

    while jobs:
        left = []
        for job, result in _in_threads(work, jobs, workers):
            if result is None:
                left.append(job)
                continue
            kept[job.place].append(result)
            if on_result:
                on_result(Run(head=heads[job.place], results=(), log=journals[job.place].where), result)
        if jobs := left:
            assert exchange is not None, "a case waits for a batch, and there is none"
            exchange()
    return tuple(
        Run(head=head, results=tuple(results), log=journal.where)
        for head, results, journal in zip(heads, kept, journals, strict=True)
    )


def _jobs(
    suite: Suite, subjects: Sequence[Subject], repeats: int, done: Sequence[Collection[tuple[str, int]]]
) -> list[_Job]:
    """What is left to do, the subjects in turn."""
    return [
        _Job(place=place, subject=subject, case=case, repeat=repeat)
        for repeat in range(repeats)
        for case in suite.cases
        for place, subject in enumerate(subjects)
        if (case.id, repeat) not in done[place]
    ]


def _in_threads(
    work: Callable[[_Job], Result | None], jobs: Sequence[_Job], workers: int
) -> Iterator[tuple[_Job, Result | None]]:
    """The jobs with their results as they come; never more than twice `workers` handed out, so that Ctrl-C is quick."""
    waiting = iter(jobs)
    pool = ThreadPoolExecutor(max_workers=workers, thread_name_prefix="case")
    running: dict[Future[Result | None], _Job] = {}
    try:
        while True:
            while len(running) < 2 * workers and (job := next(waiting, None)) is not None:
                running[pool.submit(work, job)] = job
            if not running:
                return
            finished, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in finished:
                yield running.pop(future), future.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _one(job: _Job, metrics: Mapping[str, Metric], tools: Tools, throttle: Throttle, limits: Limits) -> Result:
    """One case, whatever happens in it."""
    started = time.perf_counter()
    case = job.case
    blank = Result(
        case=case.id,
        repeat=job.repeat,
        status="error",
        cluster=case.cluster,
        tags=case.tags,
        asked=case.asked,
        case_print=case.fingerprint,
    )
    answer: Answer | None = None
    until = started + limits.seconds if limits.seconds else None
    tally = Tally(repeat=job.repeat, max_tokens=limits.tokens, until=until)
    try:
        with tallied(tally):
            answer = _patiently(job, throttle, started + limits.patience)
            if until is not None and time.perf_counter() > until:
                raise SubjectError(f"the case took {time.perf_counter() - started:.1f} s, limit {limits.seconds:g} s")
            scores = score_all(metrics, case, answer, tools)
    except (Deferred, CapError):
        raise
    except Exception as error:  # noqa: BLE001 (the one edge of the harness: a fault in one case is data of the run)
        told = str(error) if isinstance(error, SubjectError) else f"{type(error).__name__}: {error}"
        took = time.perf_counter() - started
        return replace(blank, answer=answer, error=told, seconds=took, calls=tuple(tally.calls))
    status: Status = "scored" if any(score.value is not None for score in scores.values()) else "unscored"
    took = time.perf_counter() - started
    return replace(blank, status=status, scores=scores, answer=answer, seconds=took, calls=tuple(tally.calls))


def _patiently(job: _Job, throttle: Throttle, deadline: float) -> Answer:
    """The subject's answer, asked for again while the server is busy and the deadline is not past."""
    pause = 0.25
    while True:
        with throttle.turn():
            try:
                answer = job.subject.answer(job.case)
            except SubjectError as error:
                throttle.tell(busy=error.busy)
                pause = error.retry_after if error.retry_after is not None else pause * 2
                if not error.busy or time.perf_counter() + pause > deadline:
                    raise
            else:
                throttle.tell(busy=False)
                return answer
        time.sleep(pause * random.uniform(0.8, 1.2))


def unsettled(run: Run, suite: Suite, *, judge: str = "") -> bool:
    """Whether any score has to be made anew: a metric, a case, the matcher or the judge is another one."""
    cases = {case.id: case.fingerprint for case in suite.cases}
    return (
        _moved_on(run, judge)
        or any(
            result.answer is not None and (result.error or result.case_print != cases.get(result.case))
            for result in run.results
        )
        or any(run.head.metrics.get(name) != METRICS[name].version for name in suite.metrics)
    )


def _moved_on(run: Run, judge: str) -> bool:
    return run.head.versions.get("matcher") != _versions()["matcher"] or judge not in ("", run.head.judge)


def rescore(run: Run, suite: Suite, tools: Tools | None = None, *, fresh: bool = False) -> Run:
    """The run's stored answers scored again with today's cases and metrics; nothing is asked of the subject.

    A score stands where its metric has the same version, its case the same content, and matcher and judge are the same;
    with `fresh` none does. Without a judge, what the run's own judge said stands too.
    """
    tools = tools or Tools()
    judge = tools.judge.name if tools.judge else "" if fresh else run.head.judge
    fresh = fresh or _moved_on(run, judge)
    suite = suite.select(ids={result.case for result in run.results})
    cases = {case.id: case for case in suite.cases}
    metrics = {name: METRICS[name] for name in suite.metrics}
    same = {name: metric for name, metric in metrics.items() if run.head.metrics.get(name) == metric.version}
    answers: dict[str, Answer] = {}
    subject = Scripted(answers, name=run.head.profile)
    subject.about = run.head.about
    results = []
    for result in run.results:
        case = cases.get(result.case)
        if result.answer is None or case is None:
            results.append(result)
            continue
        stands = not fresh and result.case_print == case.fingerprint and not result.error
        kept = {name: score for name, score in result.scores.items() if stands and name in same}
        todo = {name: metric for name, metric in metrics.items() if name not in kept}
        answers[result.case] = result.answer
        job = _Job(place=0, subject=subject, case=case, repeat=result.repeat)
        made = _one(job, todo, tools, Throttle(1), Limits(patience=0))
        results.append(_joined(result, made, kept, list(metrics)))
    head = head_of(suite, subject, repeats=run.head.repeats, judge=judge)
    return Run(head=replace(head, cases=run.head.cases), results=tuple(results), log=run.log)


def _joined(old: Result, made: Result, kept: Mapping[str, Score], names: Sequence[str]) -> Result:
    """The scores that stand and those that were made, in the suite's order; calls of the tutor's are the old ones."""
    if made.error:
        return made
    both = {**kept, **made.scores}
    scores = {name: both[name] for name in names if name in both}
    status: Status = "scored" if any(score.value is not None for score in scores.values()) else "unscored"
    calls = (*(call for call in old.calls if call.who == "tutor" or not made.calls), *made.calls)
    return replace(made, scores=scores, status=status, seconds=old.seconds, calls=calls)


def run_suite(
    where: str | Path | Suite,
    *,
    subject: Subject | None = None,
    settings: "Settings | None" = None,
    config: Path | None = None,
    model: str | None = None,
    journal: Journal | None = None,
    workers: int = 4,
    repeats: int = 1,
    limit: int | None = None,
    tags: Collection[str] = (),
    tools: Tools | None = None,
    on_result: Callable[[Run, Result], None] | None = None,
) -> Run:
    """Run one suite, by name, path or value, on the tutor that the settings describe, or on a subject of your own.

    Raises:
        SuiteError: the suite is not there or something in it is wrong.
        tutor.errors.TutorError: the tutor cannot be opened.
    """
    suite = where if isinstance(where, Suite) else load_suite(where, metrics=FITS)
    suite = suite.select(tags=tags, limit=limit)
    journals = [journal] if journal else []
    with ExitStack() as stack:
        if subject is None:
            from tutor.assemble import open_tutor
            from tutor.config import load_settings

            chosen = settings or load_settings(config, model=model)
            tutor = stack.enter_context(open_tutor(chosen, read_only=True))
            subject = TutorSubject(tutor)
            tools = tools or Tools(matcher=tutor.matcher if suite.subject in NEEDS_MATCHER else None)
        return run_cases(
            suite, [subject], journals=journals, tools=tools, workers=workers, repeats=repeats, on_result=on_result
        )[0]
