"""Run a suite: many cases at once, an error in one of them is data, every result is handed to a journal as it comes.

Does not know where journals are kept (`evals.log`) and judges no difference (`evals.compare`, `evals.gate`).
"""

import random
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from evals.case import Case, SubjectError
from evals.metrics import FITS, METRICS, Metric, Tools, score_all
from evals.result import Head, Journal, Result, Run, Status, Unkept
from evals.subject import Answer, Subject, TutorSubject
from evals.suite import Suite, load_suite
from evals.throttle import Throttle

if TYPE_CHECKING:
    from tutor.config import Settings


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
    patience: float = 60.0,
) -> tuple[Run, ...]:
    """One Run for each subject. Subjects take turns case by case, so that the time of day is fair to all of them.

    `journals` keep the results, one for each subject; what they already hold is not run again. `on_result` is called
    from the calling thread. `patience` is how many seconds one case may spend waiting for a busy server.
    """
    tools = tools or Tools()
    journals = journals or [Unkept() for _ in subjects]
    judge = tools.judge.name if tools.judge else ""
    heads = [head_of(suite, subject, repeats=repeats, judge=judge) for subject in subjects]
    kept = [list(journal.start(head)) for journal, head in zip(journals, heads, strict=True)]
    done = [{(result.case, result.repeat) for result in results} for results in kept]
    jobs = [
        _Job(place=place, subject=subject, case=case, repeat=repeat)
        for repeat in range(repeats)
        for case in suite.cases
        for place, subject in enumerate(subjects)
        if (case.id, repeat) not in done[place]
    ]
    metrics = {name: METRICS[name] for name in suite.metrics}
    throttle = Throttle(workers)

    def work(job: _Job) -> Result:
        result = _one(job, metrics, tools, throttle, patience)
        journals[job.place].write(result)
        return result

    for job, result in _in_threads(work, jobs, workers):
        kept[job.place].append(result)
        if on_result:
            on_result(Run(head=heads[job.place], results=(), log=journals[job.place].where), result)
    return tuple(
        Run(head=head, results=tuple(results), log=journal.where)
        for head, results, journal in zip(heads, kept, journals, strict=True)
    )


def _in_threads(work: Callable[[_Job], Result], jobs: Sequence[_Job], workers: int) -> Iterator[tuple[_Job, Result]]:
    """The jobs with their results as they come; never more than twice `workers` handed out, so that Ctrl-C is quick."""
    waiting = iter(jobs)
    pool = ThreadPoolExecutor(max_workers=workers, thread_name_prefix="case")
    running: dict[Future[Result], _Job] = {}
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


def _one(job: _Job, metrics: Mapping[str, Metric], tools: Tools, throttle: Throttle, patience: float) -> Result:
    """One case, whatever happens in it."""
    started = time.perf_counter()
    case = job.case
    blank = Result(
        case=case.id, repeat=job.repeat, status="error", cluster=case.cluster, tags=case.tags, asked=case.asked
    )
    answer: Answer | None = None
    try:
        answer = _patiently(job, throttle, started + patience)
        scores = score_all(metrics, case, answer, tools)
    except Exception as error:  # noqa: BLE001 (the one edge of the harness: a fault in one case is data of the run)
        told = str(error) if isinstance(error, SubjectError) else f"{type(error).__name__}: {error}"
        return replace(blank, answer=answer, error=told, seconds=time.perf_counter() - started)
    status: Status = "scored" if any(score.value is not None for score in scores.values()) else "unscored"
    return replace(blank, status=status, scores=scores, answer=answer, seconds=time.perf_counter() - started)


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


def rescore(run: Run, suite: Suite, tools: Tools | None = None) -> Run:
    """The run's stored answers scored again with today's cases and metrics; nothing is asked of the subject."""
    cases = {case.id: case for case in suite.cases}
    metrics = {name: METRICS[name] for name in suite.metrics}
    subject = _Remembered(name=run.head.profile, about=run.head.about, answers={})
    results = []
    for result in run.results:
        if result.answer is None or result.case not in cases:
            results.append(result)
            continue
        subject.answers[result.case] = result.answer
        job = _Job(place=0, subject=subject, case=cases[result.case], repeat=result.repeat)
        results.append(_one(job, metrics, tools or Tools(), Throttle(1), 0.0))
    head = head_of(suite, subject, repeats=run.head.repeats, judge=tools.judge.name if tools and tools.judge else "")
    return Run(head=head, results=tuple(results), log=run.log)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Remembered:
    """A subject that gives the answers it gave before."""

    name: str
    about: Mapping[str, str]
    answers: dict[str, Answer]

    def answer(self, case: Case) -> Answer:
        return self.answers[case.id]


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
    if subject is not None:
        return run_cases(
            suite, [subject], journals=journals, tools=tools, workers=workers, repeats=repeats, on_result=on_result
        )[0]
    from tutor.assemble import open_tutor
    from tutor.config import load_settings

    with open_tutor(settings or load_settings(config, model=model), read_only=True) as tutor:
        subject = TutorSubject(tutor)
        tools = tools or Tools(matcher=tutor.matcher if suite.subject in ("answer", "dialogue") else None)
        return run_cases(
            suite, [subject], journals=journals, tools=tools, workers=workers, repeats=repeats, on_result=on_result
        )[0]
