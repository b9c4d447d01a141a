"""A subject on a Ray cluster: so many tutors on other cores or machines, each answering one case at a time.

Answers only: log, scores and judge stay with the run, so the numbers are the same. Ray is imported when it is used.
"""

import os
from collections.abc import Mapping
from importlib import import_module
from queue import Queue
from types import TracebackType
from typing import Any, Self

from evals.calls import Call, Tally, Watched, noted, tallied
from evals.case import Case, SubjectError
from evals.subject import Answer, Subject, TutorSubject
from tutor.errors import ConfigError
from tutor.settings import Settings


class _Worker:
    """A tutor in a process of its own."""

    def __init__(self, settings: Settings) -> None:
        from tutor.assemble import open_tutor

        tutor = open_tutor(settings, read_only=True, watch=lambda model, profile: Watched(model, "tutor", profile))
        self._subject = TutorSubject(tutor)

    def answer(self, case: Case, tally: Tally) -> tuple[Answer | Exception, list[Call]]:
        """The answer to one case, or why there is none, and the calls that were made for it."""
        with tallied(tally):
            try:
                return self._subject.answer(case), tally.calls
            except Exception as error:  # noqa: BLE001 (it is raised again where the case is run)
                return error, tally.calls


class Fleet:
    """A Subject whose cases are answered by `count` workers on Ray; `like` is the same subject here.

    Raises:
        ConfigError: Ray is not installed.
    """

    def __init__(self, settings: Settings, like: Subject, count: int) -> None:
        try:
            ray: Any = import_module("ray")
        except ImportError:
            raise ConfigError("--engine ray needs Ray: `pip install 'flashcard-tutor[ray]'`.") from None
        self._ray = ray
        self.name = like.name
        self.about: Mapping[str, str] = like.about
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # no telemetry, of others either
        self._started = not ray.is_initialized()
        if self._started:
            ray.init(address=None, include_dashboard=False, log_to_driver=False, configure_logging=False)
        remote: Any = ray.remote(num_cpus=0, max_restarts=2, max_task_retries=2)(_Worker)
        self._free: Queue[Any] = Queue()
        for _ in range(count):
            self._free.put(remote.remote(settings))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        while not self._free.empty():
            self._ray.kill(self._free.get())
        if self._started:
            self._ray.shutdown()

    def answer(self, case: Case) -> Answer:
        """The answer of whichever worker is free; waits for one."""
        worker = self._free.get()
        try:
            tally = noted()
            mine = Tally(repeat=tally.repeat, max_tokens=tally.max_tokens)
            answer, calls = self._ray.get(worker.answer.remote(case, mine), timeout=tally.left())
            tally.calls += calls
        except self._ray.exceptions.GetTimeoutError:
            raise SubjectError("the case took longer than it may take") from None
        finally:
            self._free.put(worker)
        if isinstance(answer, Exception):
            raise answer
        found: Answer = answer
        return found
